# SPDX-License-Identifier: Apache-2.0
"""While `seshat run` is still starting: Ctrl-Z and Ctrl-C, and SIGKILL of any of its processes."""
import ctypes
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import time

import machine
import pytest
from records import Log
from session import LIBC, LIMIT, children_of, wait_gone

# How far a start has come, by what can be seen of it from outside.
MOMENTS = ["program", "file", "child", "recorder", "maps", "programs", "cgroup", "begun"]
PR_SET_CHILD_SUBREAPER = 36


def look_until(seen, *what):
    """The kernel says none of these to anybody: look until it is so. Returns what is seen then."""
    deadline = time.monotonic() + LIMIT
    while True:
        try:
            found = seen(*what)
        except (FileNotFoundError, ProcessLookupError):
            found = None
        if found:
            return found
        assert time.monotonic() < deadline, (seen.__name__, what)


def runs_seshat(pid):
    return os.readlink(f"/proc/{pid}/exe") == machine.SESHAT


def has_children(pid, count):
    found = children_of(pid)
    return found if len(found) >= count else None


def holds(pid, what):
    """Does the last child of PID, the recorder, hold a descriptor of this kind?"""
    recorder = has_children(pid, 2)
    if not recorder:
        return False
    folder = f"/proc/{recorder[-1]}/fd"
    return any(what in os.readlink(f"{folder}/{name}") for name in os.listdir(folder))


def left_cgroup(pid):
    children = has_children(pid, 2)
    return children and machine.cgroup_of(children[0]).startswith("/seshat/")


def wait_for(moment, front, log):
    """Until the front, whose pid is FRONT, has come this far in its start."""
    if moment == "program":
        look_until(runs_seshat, front)
    elif moment == "file":
        look_until(log.exists)
    elif moment == "child":
        look_until(has_children, front, 1)
    elif moment == "recorder":
        look_until(has_children, front, 2)
    elif moment == "maps":
        look_until(holds, front, "bpf-map")
    elif moment == "programs":
        look_until(holds, front, "bpf_link")
    elif moment == "cgroup":
        look_until(left_cgroup, front)
    else:
        look_until(lambda: log.exists() and b"\n" in log.read_bytes())


def state(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def pending(pid):
    """Signals that were sent to a process and not yet taken, as a mask."""
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return sum(int(mask, 16) for mask in re.findall(r"^(?:Shd|Sig)Pnd:\s*(\w+)$", text, re.M))


def check_log(log):
    """A whole session, which may be empty; or none, with nothing written. Returns it, or None."""
    data = log.read_bytes() if log.exists() else b""
    return Log(data).check() if data else None


class Shell:
    """A shell with job control on a terminal of its own."""

    def __init__(self, place):
        self.log = pathlib.Path(os.fsdecode(place), "log")
        self.shown = b""
        self.looked = 0
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(place)
            environment = dict(os.environ, PS1="PROMPT> ", TERM="dumb", LC_ALL="C")
            os.execvpe("bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"], environment)

    def type(self, keys):
        os.write(self.master, keys)

    def wait(self, wanted):
        """Until this is shown, after what was waited for last; returns what is shown up to its end."""
        begin = self.looked
        while wanted not in self.shown[begin:]:
            ready, _, _ = select.select([self.master], [], [], LIMIT)
            assert ready, f"no {wanted!r} in {self.shown[begin:]!r}, after {self.shown[:begin]!r}"
            self.shown += os.read(self.master, 65536)
        end = self.shown.index(wanted, begin) + len(wanted)
        self.looked = end
        return self.shown[begin:end]

    def begin(self, moment):
        """Type the command, and wait until its start has come to the moment."""
        self.wait(b"PROMPT> ")
        self.type(machine.SESHAT.encode() + b" run -o log sh -c 'read line; echo got $line'\n")
        self.wait(b"'\r\n")
        (self.front,) = look_until(has_children, self.pid, 1)
        wait_for("program", self.front, self.log)
        wait_for(moment, self.front, self.log)

    def stop(self):
        self.type(b"\x1a")
        assert b"Stopped" in self.wait(b"PROMPT> ")

    def runs_again(self):
        """A signal that is typed before all that was stopped has gone on is taken back by that."""
        group = [pid for pid in [self.front, *children_of(self.front)] if os.getpgid(pid) == self.front]
        return not pending(self.front) and all(state(pid) in "RS" for pid in group)

    def resume(self):
        self.type(b"fg\n")
        self.wait(b"$line'\r\n")
        look_until(self.runs_again)

    def ask_status(self, status):
        self.type(b"echo last $?\n")
        self.wait(b"echo last $?\r\n")
        assert self.wait(b"PROMPT> ") == b"last %d\r\nPROMPT> " % status

    def close(self):
        for child in children_of(self.pid):
            os.kill(child, signal.SIGKILL)
        os.kill(self.pid, signal.SIGKILL)
        os.close(self.master)
        os.waitpid(self.pid, 0)


@pytest.fixture
def shell(place):
    one = Shell(place)
    yield one
    one.close()


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("moment", MOMENTS)
def test_stopped_while_starting(shell, moment, times):
    """The shell has its prompt at once, and with fg all goes on."""
    shell.begin(moment)
    for _ in range(times):
        shell.stop()
        shell.resume()
    shell.type(b"word\n")
    shell.wait(b"got word\r\n")
    shell.wait(b"PROMPT> ")
    shell.ask_status(0)
    assert check_log(shell.log).of("session.exit")[-1]["exit_code"] == 0


@pytest.mark.parametrize("moment", MOMENTS)
def test_interrupted_while_starting(shell, moment):
    shell.begin(moment)
    shell.type(b"\x03")
    assert b"Stopped" not in shell.wait(b"PROMPT> ")
    shell.ask_status(130)
    whole = check_log(shell.log)
    if whole:
        assert whole.one("session.exit")["signal_name"] == "SIGINT"


@pytest.mark.parametrize("moment", MOMENTS)
def test_ended_while_stopped(shell, moment):
    """Ctrl-Z, and then the shell's kill, which lets a stopped job go on to its end."""
    shell.begin(moment)
    shell.stop()
    shell.type(b"kill %1\n")
    wait_gone(shell.front)
    whole = check_log(shell.log)
    if whole:
        assert whole.one("session.exit")["signal_name"] == "SIGTERM"


@pytest.fixture
def orphans():
    """What loses its parent becomes our child; at the end none of them may be left."""

    def adopt(flag):
        assert LIBC.prctl(PR_SET_CHILD_SUBREAPER, ctypes.c_ulong(flag), 0, 0, 0) == 0

    before = set(children_of(os.getpid()))

    def wait_all():
        while True:
            left = set(children_of(os.getpid())) - before
            if not left:
                return
            pid = left.pop()
            pidfd = os.pidfd_open(pid)
            ready, _, _ = select.select([pidfd], [], [], LIMIT)
            os.close(pidfd)
            if not ready:
                text = pathlib.Path(f"/proc/{pid}/status").read_text()
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                pytest.fail(f"left behind: {text}")
            os.waitpid(pid, 0)

    adopt(1)
    yield wait_all
    adopt(0)


class Starting:
    """A `seshat run cat` whose standard streams are its own, at some moment of its start."""

    def __init__(self, place, moment):
        self.log = pathlib.Path(os.fsdecode(place), "log")
        self.process = subprocess.Popen(
            [machine.SESHAT, "run", "-o", self.log, "cat"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        wait_for("program", self.process.pid, self.log)
        wait_for(moment, self.process.pid, self.log)

    def check_cgroup_gone(self):
        """As far as it was made known."""
        data = self.log.read_bytes() if self.log.exists() else b""
        if data:
            path = json.loads(data.split(b"\n")[0])["cgroup_path"]
            assert not os.path.exists(machine.cgroup_folder(path))

    def close(self):
        """After a test that failed: the front, the child and the recorder."""
        if self.process.poll() is None:
            for pid in [*children_of(self.process.pid), self.process.pid]:
                os.kill(pid, signal.SIGKILL)
        self.process.communicate()


@pytest.fixture
def start_until(place):
    """Begin a `seshat run cat` and come back at a moment of its start."""
    begun = []

    def begin(moment):
        begun.append(Starting(place, moment))
        return begun[-1]

    yield begin
    for one in begun:
        one.close()


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_front_is_killed(start_until, orphans, moment):
    """Nobody waits for a word from it that never comes."""
    starting = start_until(moment)
    starting.process.kill()
    starting.process.communicate(b"", timeout=LIMIT)
    orphans()
    starting.check_cgroup_gone()
    whole = check_log(starting.log)
    if whole and len(whole.records) > 2:
        assert whole.of("session.exit")[-1]["pid"] == whole.start["leader_pid"]


@pytest.mark.parametrize("moment", MOMENTS[MOMENTS.index("child") :])
def test_the_child_is_killed(start_until, orphans, moment):
    """Before it could become COMMAND, or as COMMAND: the session ends, or never begins and that is said."""
    starting = start_until(moment)
    child = children_of(starting.process.pid)[0]
    os.kill(child, signal.SIGKILL)
    _, err = starting.process.communicate(b"", timeout=LIMIT)
    orphans()
    starting.check_cgroup_gone()
    whole = check_log(starting.log)
    if whole and len(whole.records) > 2:
        assert (starting.process.returncode, err) == (128 + signal.SIGKILL, b"")
        end = whole.one("session.exit")
        assert (end["pid"], end["signal_name"]) == (child, "SIGKILL")
    else:
        assert starting.process.returncode == 125
        assert err.startswith(b"seshat: ") and err.count(b"\n") == 1, err


@pytest.mark.parametrize("moment", MOMENTS[MOMENTS.index("recorder") :])
def test_the_recorder_is_killed(start_until, orphans, moment):
    """Before the session began COMMAND does not run; after that it does, and it is said that nobody records it."""
    starting = start_until(moment)
    os.kill(children_of(starting.process.pid)[1], signal.SIGKILL)
    _, err = starting.process.communicate(b"", timeout=LIMIT)
    orphans()
    starting.check_cgroup_gone()
    assert starting.process.returncode in (0, 125)
    assert err.startswith(b"seshat: ") and err.count(b"\n") == 1, err
    data = starting.log.read_bytes()
    assert data[-1:] in (b"", b"\n")
