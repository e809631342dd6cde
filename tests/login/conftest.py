# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the login tests: the world, its services, and nothing left behind."""
import os
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "live"))

# Their assertions explain themselves too.
pytest.register_assert_rewrite(
    "agent", "client", "control", "journald", "logs", "records", "session", "waiting"
)

import agent as agent_module  # noqa: E402
import client  # noqa: E402
import journald as journald_module  # noqa: E402
import keys  # noqa: E402
import sshd as sshd_module  # noqa: E402
import world  # noqa: E402
from session import kill_quietly, wait_gone  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def in_world():
    """Everything happens in a world of its own, from the first test on."""
    assert os.geteuid() == 0, "the login tests make accounts and mounts: run them as root"
    before = os.umask(0o022)
    cgroup = world.enter()
    client.prepare()
    yield
    cgroup.leave()
    os.umask(before)


@pytest.fixture(scope="session")
def authpriv(in_world):
    return world.Syslog()


@pytest.fixture(scope="session")
def sshd(authpriv):
    """A server that lasts for all tests."""
    server = sshd_module.Sshd()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def journald(in_world):
    """A journal that lasts for all tests."""
    journal = journald_module.Journald()
    yield journal
    journal.stop()


@pytest.fixture(scope="session")
def alice(in_world):
    """The key that alice's account takes."""
    key = keys.make("alice")
    keys.authorize(key, "alice")
    return key


@pytest.fixture
def pam(in_world):
    """Change a service's stack: pam(service, options) puts the module there, or pam(service, None) takes it out."""

    def change(service, options="", control="required"):
        if options is None:
            sshd_module.without_module(service)
        else:
            sshd_module.put_module(service, options, control)

    yield change
    for service in sshd_module.SERVICES:
        sshd_module.without_module(service)


@pytest.fixture
def audited(pam):
    """The module is where the manual wants it, in every service that can open a session."""
    for service in sshd_module.SERVICES:
        pam(service)


@pytest.fixture
def start_agent(audited, sshd):
    """Start an agent with these settings. It is stopped with the test, and has left nothing then."""
    agents = []

    def start(settings=None, **more):
        agents.append(agent_module.Agent(settings, **more))
        return agents[-1]

    yield start
    try:
        for one in agents:
            if one.running():
                one.stop()
        assert world.cgroups() == []
        assert agent_module.pins() == []
    finally:
        for one in agents:
            one.close()
        agent_module.scrub()


@pytest.fixture
def fifo(in_world):
    """What stays behind reads from it, and so goes on when the test says so."""
    os.mkfifo(world.FIFO)
    os.chown(world.FIFO, world.ALICE, world.ALICE)
    yield world.FIFO
    world.FIFO.unlink()


@pytest.fixture
def bystander():
    """A process outside every session, that does nothing and is ended with the test."""
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    yield process
    process.stdin.close()
    process.kill()
    process.wait()


@pytest.fixture
def agent(start_agent):
    return start_agent()


SERVICES = ("sshd", "journald")


@pytest.fixture(autouse=True)
def nothing_left(in_world, request):
    """Every process that a test started has ended with it, but for the services that last."""
    services = [request.getfixturevalue(name) for name in SERVICES if name in request.fixturenames]
    before = world.processes()
    yield
    before |= {service.process.pid for service in services}
    left = world.processes() - before
    try:
        for pid in left:
            wait_gone(pid)
    finally:
        for pid in left:
            kill_quietly(pid)
    assert world.processes() <= before
