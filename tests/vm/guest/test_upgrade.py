# SPDX-License-Identifier: Apache-2.0
"""A newer package in the place of an older one, while somebody is logged in."""
import pathlib

import host
import pytest

NEXT = "+next"


@pytest.fixture
def newer(tmp_path):
    """The same packages, with a version that comes after theirs."""
    for package in host.PACKAGES.glob("*.deb"):
        tree = tmp_path / package.stem
        host.run("dpkg-deb", "--raw-extract", package, tree)
        control = tree / "DEBIAN/control"
        version = host.run("dpkg-deb", "--field", package, "Version").strip()
        control.write_text(control.read_text().replace(version, version + NEXT))
        host.run("dpkg-deb", "-Znone", "--build", tree, tmp_path / package.name)
    return list(tmp_path.glob("*.deb"))


def test_open_sessions_go_on(log, shell, newer):
    before = host.main_pid()
    host.run("dpkg", "--install", *newer)
    assert host.run("dpkg-query", "--show", "--showformat=${Version}", "seshat").endswith(NEXT)
    assert host.main_pid() != before
    assert not list(pathlib.Path("/etc/seshat").glob("*.dpkg-*"))
    shell.do("cat /etc/group >/dev/null")
    shell.end()
    (session,) = log.ended()
    assert session.opened("/etc/group")
    assert len(log.all().runs) == 2
