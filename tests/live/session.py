# SPDX-License-Identifier: Apache-2.0
"""Start `seshat run`, with an agent or without, and end it whatever happens."""
import ctypes
import json
import os
import pathlib
import select
import signal
import subprocess
import tempfile
import time

import machine
from records import Log

LIBC = ctypes.CDLL(None, use_errno=True)
SLOWER = int(os.environ.get("SESHAT_SLOWER", "1"))  # so many times slower than usual is this machine
LIMIT = 30 * SLOWER  # seconds that one session may take


def cgroup_kill(cgroup_path):
    """End whatever still runs in a session's cgroup."""
    folder = pathlib.Path(machine.cgroup_folder(cgroup_path))
    if (folder / "cgroup.kill").exists():
        (folder / "cgroup.kill").write_text("1")


class Session:
    """A running `seshat run`: its log is a file of its own, or what the agent's has of it."""

    def __init__(self, command, *, options=(), agent=None, wrapper=(), **popen):
        self.folder = tempfile.TemporaryDirectory(prefix="seshat-live-")
        self.agent = agent
        self.known_sid = None
        self.kept = None  # what is to have its records, when they have been checked
        if agent:
            self.log_path = agent.log_path
            self.offset = agent.log_path.stat().st_size
            options = [f"--agent={agent.socket}", "--sid-file", f"{self.folder.name}/sid"]
        else:
            self.log_path = pathlib.Path(self.folder.name, "log")
            self.offset = 0
            options = [*([] if "-o" in options else ["-o", str(self.log_path)]), *options]
        self.args = [*wrapper, machine.SESHAT, "run", *options, "--", *command]
        popen = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | popen
        self.process = subprocess.Popen(self.args, **popen)

    def finish(self, stdin=None, status=0):
        """Wait for its end; returns (standard output, standard error)."""
        out, err = self.process.communicate(stdin, timeout=LIMIT)
        if status is not None:
            assert self.process.returncode == status, (self.process.returncode, out, err)
        return out, err

    def sid(self):
        """What its lines in the agent's log are known by; None where all lines are its own. Waits for it."""
        if self.agent and not self.known_sid:
            with Watched(self.folder.name) as folder:
                while not (text := self.written_sid()):
                    assert self.process.poll() is None, f"no session: {self.process.returncode}"
                    folder.wait()
            self.known_sid = text
        return self.known_sid

    def written_sid(self):
        path = pathlib.Path(self.folder.name, "sid")
        return path.read_text().strip() if path.exists() else ""

    def lines(self):
        """The bytes of its log."""
        with open(self.log_path, "rb") as file:
            file.seek(self.offset)
            data = file.read()
        if not self.agent:
            return data
        mark = mark_of(self.sid())
        return b"".join(line for line in data.splitlines(keepends=True) if mark in line)

    def log(self, lost=False):
        log = Log(self.lines()).check(lost)
        if self.kept:
            self.kept.add(log.records)
        return log

    def following(self):
        """Its records as they come."""
        return Following(self.log_path, self.offset, self.sid())

    def start_record(self):
        """The first record, while the session goes on."""
        with self.following() as lines:
            return lines.until(lambda record: record["event"] == "session.start")

    def close(self):
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.end_processes()
        self.folder.cleanup()

    def end_processes(self):
        """Whatever still runs in its cgroup."""
        if self.agent:
            if text := self.written_sid():
                cgroup_kill(f"/seshat/{text}")
        elif self.log_path.exists():
            for line in self.log_path.read_bytes().split(b"\n")[:1]:
                if b'"cgroup_path":"' in line:
                    cgroup_kill(line.split(b'"cgroup_path":"')[1].split(b'"')[0].decode())


def mark_of(sid):
    """No other line of a log has it: a quote within a text is escaped."""
    return b'"sid":"%s"' % sid.encode()


class Watched:
    """A folder: inotify tells when something in it changes."""

    IN_MODIFY, IN_CREATE = 2, 0x100

    def __init__(self, folder):
        self.folder = folder
        self.deadline = time.monotonic() + LIMIT
        self.inotify = LIBC.inotify_init1(os.O_CLOEXEC)
        assert LIBC.inotify_add_watch(self.inotify, os.fsencode(folder), self.IN_MODIFY | self.IN_CREATE) >= 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.inotify)

    def wait(self):
        ready, _, _ = select.select([self.inotify], [], [], max(0, self.deadline - time.monotonic()))
        assert ready, f"nothing comes in {self.folder}"
        os.read(self.inotify, 65536)


class Following(Watched):
    """Read a log while it grows, from an offset on; all of it, or the lines of one session."""

    def __init__(self, path, offset=0, sid=None):
        super().__init__(path.parent)
        self.path = path
        self.offset = offset
        self.mark = mark_of(sid) if sid else b""
        self.rest = b""

    def read(self):
        if self.path.exists():
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                data = file.read()
            self.offset += len(data)
            self.rest += data

    def next(self):
        """The next record that is there already, or None."""
        while b"\n" in self.rest:
            line, self.rest = self.rest.split(b"\n", 1)
            if self.mark in line:
                return json.loads(line)
        return None

    def until(self, wanted):
        """The first record that WANTED accepts, of those not yet seen."""
        self.deadline = time.monotonic() + LIMIT
        while True:
            self.read()
            while record := self.next():
                if wanted(record):
                    return record
            self.wait()


def read_until(stream, wanted, limit=LIMIT):
    """Read a descriptor's bytes until WANTED is among them; returns all."""
    data = b""
    descriptor = stream if isinstance(stream, int) else stream.fileno()
    deadline = time.monotonic() + limit
    while wanted not in data:
        ready, _, _ = select.select([descriptor], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"no {wanted!r} in {data!r}"
        try:
            got = os.read(descriptor, 65536)
        except OSError:  # a terminal whose other side is closed
            got = b""
        assert got, f"end before {wanted!r}: {data!r}"
        data += got
    return data


def wait_gone(pid):
    """Wait until a process that is no child of ours has ended."""
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ready, _, _ = select.select([pidfd], [], [], LIMIT)
    os.close(pidfd)
    assert ready, f"{pid} still runs"


def kill_quietly(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def children_of(pid):
    return [
        int(word)
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
        for word in (task / "children").read_text().split()
    ]


def recorders_of(session, first):
    """The processes that `seshat run` has besides COMMAND."""
    return [pid for pid in children_of(session.process.pid) if pid != first["leader_pid"]]


def idle(pid):
    """Does it sleep, while there is nothing to do? Its end, which does not come, is what is waited for."""

    def ticks():
        return sum(map(int, pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]))

    before = ticks()
    pidfd = os.pidfd_open(pid)
    ready, _, _ = select.select([pidfd], [], [], 0.5)
    os.close(pidfd)
    return not ready and ticks() - before <= 10


def folder_of(log_or_record):
    return pathlib.Path(machine.cgroup_folder(log_or_record["cgroup_path"]))


def json_lines(data):
    return [json.loads(line) for line in data.decode().splitlines()]
