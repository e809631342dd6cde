# SPDX-License-Identifier: Apache-2.0
"""A newer package in the place of an older one, while somebody is logged in."""
import host


def test_open_sessions_go_on(log, shell):
    before = host.main_pid()
    host.run("dpkg", "--install", *host.PACKAGES.glob("*.deb"))
    assert host.main_pid() != before
    shell.do("cat /etc/group >/dev/null")
    shell.end()
    (session,) = log.ended()
    assert session.opened("/etc/group")
    assert len(log.all().runs) == 2
