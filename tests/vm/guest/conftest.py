# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests in a virtual machine: it is a whole machine, and nobody else's."""
import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TESTS / "live"), str(TESTS / "login")]
pytest.register_assert_rewrite("client", "control", "host", "logs", "records", "session", "waiting")

import client  # noqa: E402
import host  # noqa: E402
import keys  # noqa: E402


@pytest.fixture(scope="session")
def alice():
    """An account, and the key that it takes."""
    host.prepare()
    key = keys.make("alice")
    keys.authorize(key, "alice")
    return key


@pytest.fixture
def log():
    """What comes into the agent's log from here on; the agent runs."""
    host.systemctl("start")
    with host.Recent() as recent:
        yield recent


@pytest.fixture
def shell(log, alice):
    """A session that does what it is told, and says when it has."""
    with client.Ssh("exec sh", key=alice) as ssh:
        ssh.do("cat /etc/hostname >/dev/null")
        yield ssh
