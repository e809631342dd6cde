# SPDX-License-Identifier: Apache-2.0
"""The agent: started as a supervisor starts it, asked, and ended whatever happens."""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess

import control
import guardian
import logs
import machine
import world
from journald import Notified
from logs import LOG
from session import LIMIT
from waiting import Tail, readable

SANITIZED = "/san/" in os.environ.get("SESHATD", "")  # its memory is several times what it uses
SESHATD = str((machine.ROOT / os.environ.get("SESHATD", "build/seshatd")).resolve())
CONFIG = pathlib.Path("/etc/seshat/seshat.conf")
ERRORS = world.LOG / "agent.err"
PASSED = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS")


def write_config(settings):
    """{section: {key: value}}, in the place where everybody looks for it."""
    lines = []
    for section, keys in settings.items():
        lines += [f"[{section}]", *(f"{key} = {value}" for key, value in keys.items()), ""]
    return world.write(CONFIG, "\n".join(lines))


def prepare_folders():
    """As the package's tmpfiles.d does."""
    folder = LOG.parent
    folder.mkdir(exist_ok=True)
    subprocess.run(["chgrp", "seshat", folder], check=True)
    folder.chmod(0o2750)


def pins():
    """What is pinned."""
    return sorted(str(path) for path in world.PINS.rglob("seshat/*"))


def scrub():
    """Whatever an agent has left, so that the next test begins with nothing."""
    for path in reversed(world.cgroups()):
        guardian.end(pathlib.Path(machine.cgroup_folder(path)))
    for folder in ("/run/seshat", LOG.parent, world.PINS / "seshat"):
        subprocess.run(["rm", "-rf", folder], check=True)


class LogTail(Tail):
    """The lines of the log from its first file on, over every rotation: a file that moves keeps its number."""

    def __init__(self):
        super().__init__(LOG)
        self.seen = {}

    def read(self):
        for path in logs.parts():
            with contextlib.suppress(FileNotFoundError):  # moved just now: its new name is a change, too
                self.read_part(path)

    def read_part(self, path):
        with open(path, "rb") as file:
            number = os.fstat(file.fileno()).st_ino
            file.seek(self.seen.get(number, 0))
            whole = file.read().rpartition(b"\n")[0]
        if whole:
            self.seen[number] = self.seen.get(number, 0) + len(whole) + 1
            self.lines += whole.decode().split("\n")


class Agent:
    """A running agent, its configuration in the usual place."""

    def __init__(self, settings=None, *, wrapper=(), environment=None):
        prepare_folders()
        ERRORS.write_text("")
        write_config(settings or {})
        self.wrapper = wrapper
        self.environment = {name: os.environ[name] for name in PASSED if name in os.environ} | (
            environment or {}
        )
        self.process = None
        self.notified = None
        self.start()

    def start(self):
        self.notified = Notified("agent")
        with open(ERRORS, "ab") as errors:
            self.process = subprocess.Popen(
                [*self.wrapper, SESHATD, "--foreground"],
                env=self.environment | {"NOTIFY_SOCKET": str(self.notified.path)},
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
            )
        self.told("READY=1")

    @property
    def pid(self):
        return self.process.pid

    def told(self, line):
        """Until it has told its supervisor this."""
        pidfd = os.pidfd_open(self.pid)
        try:
            self.notified.wait(line, pidfd)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.errors()}") from error
        finally:
            os.close(pidfd)

    def errors(self):
        return ERRORS.read_text()

    def stop(self, status=0):
        """In the orderly way."""
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.wait(status)

    def wait(self, status):
        assert self.process.wait(LIMIT) == status, (self.process.returncode, self.errors())
        self.notified.close()
        self.notified = None

    def kill(self):
        self.process.kill()
        self.wait(-signal.SIGKILL)

    def running(self):
        return self.process.poll() is None

    def close(self):
        """Whatever state it is in."""
        if self.running():
            self.process.kill()
            self.process.wait()
        if self.notified:
            self.notified.close()

    def signal(self, number):
        self.process.send_signal(number)
        if number == signal.SIGSTOP:
            os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOWAIT)

    def status(self):
        return control.good("status")

    def record(self, wanted, limit=LIMIT):
        """The first record in the log that WANTED accepts; waits for it."""
        with LogTail() as lines:
            return json.loads(lines.wait(lambda line: wanted(json.loads(line)), limit))

    def event(self, name, **fields):
        return self.record(
            lambda record: record["event"] == name
            and all(record.get(key) == value for key, value in fields.items())
        )

    def ended(self, count=1, lost=False, going_on=0):
        """The log, once that many sessions have ended; each of those is checked, and so many go on."""
        with LogTail() as lines:
            for _ in range(count):
                try:
                    lines.wait(lambda line: line.startswith('{"event":"session.end"'))
                except AssertionError as error:
                    raise AssertionError(self.explain()) from error
        log = self.log()
        ended = [one for one in log.sessions if one.end["event"] == "session.end"]
        assert (len(ended), len(log.sessions)) == (count, count + going_on)
        for one in ended:
            one.check(lost)
        return log

    def explain(self):
        """Why has a session not ended? What the agent says, what is in the cgroups, what the log has."""
        told = [f"sessions: {control.good('sessions')['sessions']}", f"errors: {self.errors()}"]
        for path in world.cgroups():
            inside = pathlib.Path(machine.cgroup_folder(path), "cgroup.procs").read_text().split()
            told.append(f"{path}: {inside}")
        for one in self.log().sessions:
            pids = {record["pid"] for record in one.probed()}
            alive = pids - {record["pid"] for record in one.of("session.exit")}
            told.append(f"{one.sid}: {len(one.records)} records, last {one.records[-1]}, not ended: {alive}")
        return "\n".join(told)

    def log(self):
        return logs.AgentLog(logs.read())

    def facts(self):
        """/proc/PID/status."""
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return dict(re.findall(r"^(\w+):\s*(.*)$", text, re.M))

    def resident_kib(self):
        """Its memory, but for the pages of BPF maps, of which the ring's are the most."""
        total, inside = 0, False
        for line in pathlib.Path(f"/proc/{self.pid}/smaps").read_text().splitlines():
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                inside = "bpf" in line
            elif line.startswith("Rss:") and not inside:
                total += int(line.split()[1])
        return total

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def ends(self):
        """It ends by itself: returns its status."""
        pidfd = os.pidfd_open(self.pid)
        assert readable(pidfd)
        os.close(pidfd)
        return self.process.wait()
