# SPDX-License-Identifier: Apache-2.0
"""Start `seshat run`, and end it whatever happens."""
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
LIMIT = 30  # seconds that one session may take


def cgroup_kill(cgroup_path):
    """End whatever still runs in a session's cgroup."""
    folder = pathlib.Path(machine.cgroup_folder(cgroup_path))
    if (folder / "cgroup.kill").exists():
        (folder / "cgroup.kill").write_text("1")


class Session:
    """A running `seshat run`, its log in a file of its own."""

    def __init__(self, command, *, options=(), strategy=(), binary=None, wrapper=(), **popen):
        self.folder = tempfile.TemporaryDirectory(prefix="seshat-live-")
        self.log_path = pathlib.Path(self.folder.name, "log")
        output = [] if "-o" in options else ["-o", str(self.log_path)]
        self.args = [*wrapper, binary or machine.SESHAT, "run", *strategy, *output, *options, "--", *command]
        popen = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | popen
        self.process = subprocess.Popen(self.args, **popen)

    def finish(self, stdin=None, status=0):
        """Wait for its end; returns (standard output, standard error)."""
        out, err = self.process.communicate(stdin, timeout=LIMIT)
        if status is not None:
            assert self.process.returncode == status, (self.process.returncode, out, err)
        return out, err

    def log(self, lost=False):
        return Log(self.log_path.read_bytes()).check(lost)

    def start_record(self):
        """The first record, while the session goes on."""
        with Following(self.log_path) as lines:
            return lines.wait(lambda record: record["event"] == "session.start")

    def close(self):
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.log_path.exists():
            for line in self.log_path.read_bytes().split(b"\n")[:1]:
                if b'"cgroup_path":"' in line:
                    cgroup_kill(line.split(b'"cgroup_path":"')[1].split(b'"')[0].decode())
        self.folder.cleanup()


class Following:
    """Read a log while it grows: inotify tells when."""

    IN_MODIFY, IN_CREATE = 2, 0x100

    def __init__(self, path):
        self.path = path
        self.rest = b""
        self.file = None
        self.inotify = LIBC.inotify_init1(0)
        assert LIBC.inotify_add_watch(self.inotify, bytes(path.parent), self.IN_MODIFY | self.IN_CREATE) >= 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.inotify)
        if self.file:
            self.file.close()

    def wait(self, wanted):
        """The first record that WANTED accepts, of those not yet seen."""
        deadline = time.monotonic() + LIMIT
        while True:
            if self.file is None and self.path.exists():
                self.file = open(self.path, "rb")
            self.rest += self.file.read() if self.file else b""
            while b"\n" in self.rest:
                line, self.rest = self.rest.split(b"\n", 1)
                record = json.loads(line)
                if wanted(record):
                    return record
            ready, _, _ = select.select([self.inotify], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"no such record in {self.path}"
            os.read(self.inotify, 65536)


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
