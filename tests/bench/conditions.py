# SPDX-License-Identifier: Apache-2.0
"""What a loop can run under: nothing, a session of seshat, beside one, strace, bpftrace."""

import contextlib
import json
import os
import pathlib
import re
import select
import signal
import subprocess

LOOPS = pathlib.Path("build/tests/bench/loops").resolve()
PROGRAMS = {  # of the exec loops: without a loader, and with one, which makes three opens each
    "exec": pathlib.Path("build/tests/bench/nothing-static").resolve(),
    "exec-opens": pathlib.Path("build/tests/bench/nothing").resolve(),
}
SESHAT = pathlib.Path(os.environ.get("SESHAT", "build/seshat")).resolve()
FLOOR = pathlib.Path("build/tests/bench/floor").resolve()
BPFTRACE_SCRIPT = pathlib.Path("tests/bench/peer.bt").resolve()
STRACE_CALLS = "execve,execveat,open,openat,openat2,creat,connect"
START_LIMIT = 30  # seconds a peer may take to be attached


class Failure(Exception):
    """A measurement could not be made."""


def loop_command(name, count):
    if name in PROGRAMS:
        return [LOOPS, "exec", str(count), PROGRAMS[name]]
    return [LOOPS, name, str(count)]


def parse(output):
    """Nanoseconds an operation, from what loops printed."""
    found = re.search(rb'\{"operations": (\d+), "ns": (\d+)\}', output)
    if not found:
        raise Failure(f"the loop did not finish: {output[-300:]!r}")
    return int(found[2]) / max(1, int(found[1]))


def run(command):
    done = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, check=False,
    )
    if done.returncode != 0:
        raise Failure(f"{command[0]}: exit status {done.returncode}: {done.stderr[-500:]!r}")
    return done.stdout


def alone(name, count):
    return parse(run(loop_command(name, count)))


def beside_nothing(name, count):
    """With an empty BPF program at the exit of system calls: what no program there can go below."""
    return parse(run([FLOOR, *loop_command(name, count)]))


def under_strace(name, count):
    """strace as one would audit with it: only these calls stop the process. Returns (ns, lines)."""
    log = pathlib.Path("build/bench.strace")
    command = ["strace", "-f", "--seccomp-bpf", "-e", f"trace={STRACE_CALLS}", "-o", log]
    ns = parse(run(command + loop_command(name, count)))
    lines = log.read_bytes().count(b"/etc/passwd")
    log.unlink()
    return ns, lines


class Bpftrace:
    """bpftrace with peer.bt, attached for as long as the context lasts."""

    log = pathlib.Path("build/bench.bpftrace")

    def __enter__(self):
        self.log.unlink(missing_ok=True)
        # Tracepoints are named in tracefs, which is not mounted everywhere.
        script = ("mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing; "
                  f"exec bpftrace -o {self.log} {BPFTRACE_SCRIPT}")
        # Not a session of its own, so that an interrupt from the terminal ends it too.
        self.process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", script], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=dict(os.environ, BPFTRACE_PERF_RB_PAGES="1024"),
        )
        for _ in range(START_LIMIT * 10):
            if self.process.poll() is not None:
                raise Failure("bpftrace ended at once")
            if self.seen(b"exec"):
                return self
            # Each of these is an exec, which is printed once bpftrace has attached.
            subprocess.run(["true"], check=False)
            select.select([], [], [], 0.1)
        self.__exit__()
        raise Failure("bpftrace did not attach")

    def seen(self, word):
        return self.log.exists() and word in self.log.read_bytes()

    def measure(self, name, count):
        return parse(run(loop_command(name, count)))

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def opens(self):
        """Records of the loop's opens in the finished log, which is removed."""
        count = self.log.read_bytes().count(b" /etc/passwd ")
        self.log.unlink()
        return count


def processes_of(pid):
    """The processes of one `seshat run`: PID and its descendants that run the same program."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                stat = pathlib.Path("/proc", entry, "stat").read_text(encoding="utf-8", errors="replace")
                parents[int(entry)] = int(stat.rsplit(")", 1)[1].split()[1])
    family = {pid}
    for _ in range(4):
        family |= {child for child, parent in parents.items() if parent in family}
    return [member for member in sorted(family) if same_program(member)]


def same_program(pid):
    with contextlib.suppress(OSError):
        return os.path.realpath(f"/proc/{pid}/exe") == str(SESHAT)
    return False


class Session:
    """`seshat run` around a gated loop: it waits before and after, so that one can look at it."""

    def __init__(self, name, count, log):
        self.log = pathlib.Path(log)
        self.log.unlink(missing_ok=True)
        loops, *words = loop_command(name, count)
        self.process = subprocess.Popen(
            [str(word) for word in [SESHAT, "run", "-o", self.log, "--", loops, "-g", *words]],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        if self.process.stdout.readline() != b"ready\n":
            _, errors = self.process.communicate()
            raise Failure(f"seshat run: {errors[-500:]!r}")
        self.family = processes_of(self.process.pid)

    def __enter__(self):
        return self

    def go(self):
        """Runs the loop; nanoseconds an operation."""
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        return parse(self.process.stdout.readline())

    def drained(self):
        """Waits until the log has not grown for a while: the recorder is idle again."""
        size = -1
        while size != self.size():
            size = self.size()
            select.select([], [], [], 0.2)

    def size(self):
        return self.log.stat().st_size if self.log.exists() else 0

    def cpu_ns(self):
        """CPU time that the recorder has used so far, exact to the scheduler's clock."""
        total = 0
        for pid in self.family:
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                total += int((task / "schedstat").read_text(encoding="utf-8").split()[0])
        return total

    def memory_kib(self):
        """Peak resident memory of its processes, without the pages of the BPF maps they have mapped."""
        return [peak_kib(pid) - mapped_kib(pid) for pid in self.family]

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.read()
        errors = self.process.stderr.read()
        if self.process.wait() != 0:
            raise Failure(f"seshat run: exit status {self.process.returncode}: {errors[-500:]!r}")

    def end_record(self):
        """The session.end record of the finished log."""
        with self.log.open("rb") as log:
            log.seek(max(0, self.size() - 65536))
            last = json.loads(log.read().splitlines()[-1])
        if last["event"] != "session.end":
            raise Failure(f"{self.log} does not end with session.end")
        return last


def peak_kib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])


def mapped_kib(pid):
    """Resident pages of mapped BPF maps, of which the ring is the large one."""
    total, inside = 0, False
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text(encoding="utf-8", errors="replace").splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            inside = "bpf-map" in line or "bpf_map" in line
        elif inside and line.startswith("Rss:"):
            total += int(line.split()[1])
    return total
