# SPDX-License-Identifier: Apache-2.0
"""The packages go, and nothing of theirs stays. Nothing can be tested after this."""
import pathlib

import agent
import client
import host
import pytest
import world

NAMES = ("libpam-seshat", "seshat", "seshat-doc")
# What may still have the name: the package manager's own memory, and logs of other programs.
ELSEWHERE = ("/check", "/tmp/pytest-of-root", "/run/check", "/run/records")
KEPT = ("/var/lib/dpkg", "/var/log/apt", "/var/cache/debconf")


@pytest.fixture(scope="module")
def removed(alice):
    """With a session open: it goes on, without an audit."""
    host.systemctl("start")
    with client.Ssh("exec sh", key=alice) as ssh:
        ssh.do("true")
        host.run("apt-get", "--yes", "remove", *NAMES)
        ssh.do("true")
        left = agent.pins()
        host.run("apt-get", "--yes", "purge", *NAMES)
        ssh.do("true")
        ssh.end()
    return left


def test_nothing_is_attached_any_more(removed):
    assert removed == []
    assert not list(world.PINS.glob("*seshat*"))


def test_nobody_is_kept_out(removed, alice):
    assert client.run("echo in", key=alice)[0] == b"in\n"


def test_no_file_is_left(removed):
    found = []
    for name in host.run("find", "/", "/run", "-xdev", "-name", "*seshat*").splitlines():
        path = pathlib.Path(name)
        if not name.startswith(ELSEWHERE + KEPT):
            found.append(str(path))
    assert found == []
    assert not pathlib.Path("/var/log/seshat").exists()
    assert not pathlib.Path("/run/seshat").exists()
    assert not pathlib.Path("/etc/seshat").exists()


def test_no_line_of_pam_s_is_left(removed):
    for path in pathlib.Path("/etc/pam.d").iterdir():
        assert "seshat" not in path.read_text(), path


def test_no_unit_group_or_control_group_is_left(removed):
    assert host.show("LoadState")["LoadState"] == "not-found"
    host.run("getent", "group", "seshat", status=2)
    assert [path for path in world.cgroups() if "seshat" in path] == []


def test_the_package_manager_has_forgotten_them(removed):
    for name in NAMES:
        host.run("dpkg-query", "--show", name, status=1)
