# SPDX-License-Identifier: Apache-2.0
"""A real systemd-journald that stands alone, and what journalctl shows of it."""
import json
import os
import pathlib
import signal
import socket
import subprocess

import world
from session import LIMIT
from waiting import readable

PROGRAM = "/lib/systemd/systemd-journald"
SOCKET = pathlib.Path("/run/systemd/journal/socket")
# Everything is kept: 10,000 messages in 30 s is the default, and 0 alone does not switch that off.
CONFIG = """\
[Journal]
Storage=volatile
RuntimeMaxUse=4G
RuntimeKeepFree=1M
RuntimeMaxFileSize=1G
RateLimitIntervalSec=30s
RateLimitBurst=100000000
ReadKMsg=no
Audit=no
"""


class Notified:
    """The socket that a service tells its state to, as it tells systemd: sd_notify(3)."""

    def __init__(self, name):
        self.path = world.HOME / f"{name}.notify"
        self.path.unlink(missing_ok=True)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.seen = []

    def wait(self, wanted, pidfd=None, limit=LIMIT):
        """Until the service says this line; its end before that is a failure."""
        while wanted not in self.seen:
            ready = readable(self.socket, *([pidfd] if pidfd is not None else []), limit=limit)
            assert ready, f"no {wanted}: {self.seen}"
            assert self.socket in ready, f"it ended before {wanted}: {self.seen}"
            self.seen += self.socket.recv(65536).decode().splitlines()

    def close(self):
        self.socket.close()
        self.path.unlink()


class Journald:
    def __init__(self):
        world.write("/etc/systemd/journald.conf.d/test.conf", CONFIG)
        for folder in (SOCKET.parent, pathlib.Path("/run/log/journal")):
            folder.mkdir(parents=True, exist_ok=True)
        self.process = None
        self.start()

    def start(self):
        notified = Notified("journald")
        self.process = subprocess.Popen(
            [PROGRAM],
            env={"NOTIFY_SOCKET": str(notified.path), "PATH": os.environ["PATH"]},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        pidfd = os.pidfd_open(self.process.pid)
        notified.wait("READY=1", pidfd)
        os.close(pidfd)
        notified.close()

    def signal(self, number):
        self.process.send_signal(number)
        if number == signal.SIGSTOP:
            os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        self.process.wait(LIMIT)

    def sync(self):
        """Until all that came before is in the journal's files."""
        subprocess.run(["journalctl", "--sync"], check=True, timeout=LIMIT)

    def entries(self, *matches):
        """What it has kept, oldest first. A field with bytes that are no text is a list of numbers."""
        self.sync()
        done = subprocess.run(
            ["journalctl", "--all", "-o", "json", "--no-pager", *matches],
            check=True,
            capture_output=True,
            timeout=120,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]
