# SPDX-License-Identifier: Apache-2.0
"""The machine as its administrator sees it: services, the agent's log, accounts."""
import pathlib
import subprocess

import client
import logs
import world
from session import LIMIT
from waiting import Tail

UNIT = "seshatd.service"
PACKAGES = pathlib.Path("/check/packages")
COMMON_SESSION = pathlib.Path("/etc/pam.d/common-session")
HOST_KEY = pathlib.Path("/etc/ssh/ssh_host_ed25519_key.pub")


def run(*command, status=0, **more):
    """A command to its end; returns its standard output."""
    done = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
        check=False, **more,
    )
    assert done.returncode == status, (command, done.returncode, done.stdout, done.stderr)
    return done.stdout


def show(unit, *names):
    """A unit's properties."""
    text = run("systemctl", "show", unit, *(f"--property={name}" for name in names))
    return dict(line.split("=", 1) for line in text.splitlines())


def start():
    run("systemctl", "start", UNIT)


def prepare():
    """Accounts, and a client that knows the machine's own sshd."""
    world.HOME.mkdir(exist_ok=True)
    world.make_accounts()
    client.prepare()
    host_key = " ".join(HOST_KEY.read_text().split()[:2])
    world.write(world.HOME / "known_hosts", f"server {host_key}\n")


class Recent(Tail):
    """The agent's log from some moment on."""

    def __init__(self):
        super().__init__(logs.LOG, logs.LOG.stat().st_size if logs.LOG.exists() else 0)
        self.begin = self.offset

    def ended(self, count=1):
        """The sessions that have begun since, once so many have ended."""
        for _ in range(count):
            self.wait(lambda line: line.startswith('{"event":"session.end"'), 2 * LIMIT)
        with open(self.path, "rb") as file:
            file.seek(self.begin)
            return logs.AgentLog(file.read()).sessions
