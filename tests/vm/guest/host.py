# SPDX-License-Identifier: Apache-2.0
"""The machine as its administrator sees it: services, configuration, the agent's log, accounts."""
import contextlib
import pathlib
import shutil
import subprocess

import agent
import client
import logs
import world
from session import LIMIT
from waiting import Tail

UNIT = "seshatd.service"
PACKAGES = pathlib.Path("/check/packages")
COMMON_SESSION = pathlib.Path("/etc/pam.d/common-session")
HOST_KEY = pathlib.Path("/etc/ssh/ssh_host_ed25519_key.pub")
COMMAND_LIMIT = LIMIT  # seconds; a service that restarts loads its probes
PROFILES = {"seshat", "seshat-all", "seshat-required"}


def run(*command, status=0, **more):
    """A command to its end; returns its standard output."""
    done = subprocess.run(
        [str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=COMMAND_LIMIT, check=False, **more,
    )
    assert done.returncode == status, (command, done.returncode, done.stdout, done.stderr)
    return done.stdout


def systemctl(verb, unit=UNIT):
    run("systemctl", verb, unit)


def show(*names, unit=UNIT):
    """A unit's properties."""
    text = run("systemctl", "show", unit, *(f"--property={name}" for name in names))
    return dict(line.split("=", 1) for line in text.splitlines())


def main_pid():
    return int(show("MainPID")["MainPID"])


def prepare():
    """Accounts, and a client that knows the machine's own sshd. Each suite begins anew."""
    shutil.rmtree(world.HOME, ignore_errors=True)
    world.HOME.mkdir()
    world.make_accounts()
    client.prepare()
    host_key = " ".join(HOST_KEY.read_text().split()[:2])
    world.write(world.HOME / "known_hosts", f"server {host_key}\n")


@contextlib.contextmanager
def configured(settings, unit=None):
    """The agent runs with these settings, and with these in its unit: {section: {key: value}} both."""
    before = agent.CONFIG.read_text()
    drop_in = pathlib.Path(f"/run/systemd/system/{UNIT}.d/test.conf")
    # Before its unit changes: an agent that runs feeds the watchdog that it was started with.
    systemctl("stop")
    try:
        agent.write_config(settings)
        if unit:
            world.write(drop_in, "".join(f"[Service]\n{name}={value}\n" for name, value in unit.items()))
            run("systemctl", "daemon-reload")
        systemctl("start")
        yield
    finally:
        systemctl("stop")
        world.write(agent.CONFIG, before)
        if unit:
            drop_in.unlink()
            drop_in.parent.rmdir()
            run("systemctl", "daemon-reload")
        systemctl("start")


@contextlib.contextmanager
def profile(name):
    """One of the package's PAM profiles in place of the usual one, as pam-auth-update(8) changes it."""
    run("pam-auth-update", "--disable", *(PROFILES - {name}), "--enable", name)
    try:
        yield
    finally:
        run("pam-auth-update", "--disable", *(PROFILES - {"seshat"}), "--enable", "seshat")


class Recent(Tail):
    """The agent's log from some moment on."""

    def __init__(self):
        super().__init__(logs.LOG, logs.LOG.stat().st_size if logs.LOG.exists() else 0)
        self.begin = self.offset

    def event(self, name):
        """Until there is a record of this event."""
        return self.wait(lambda line: line.startswith(f'{{"event":"{name}"'), COMMAND_LIMIT)

    def all(self):
        with open(self.path, "rb") as file:
            file.seek(self.begin)
            return logs.AgentLog(file.read())

    def ended(self, count=1):
        """The sessions that have begun since, once so many have ended; each is checked."""
        for _ in range(count):
            self.event("session.end")
        sessions = self.all().sessions
        assert len(sessions) == count, [one.start for one in sessions]
        for one in sessions:
            one.check()
        return sessions
