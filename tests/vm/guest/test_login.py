# SPDX-License-Identifier: Apache-2.0
"""A login at a real machine: systemd, logind and sshd are Debian's, and so is the kernel."""
import client
import machine
import world


def test_a_login_is_audited_in_the_scope_that_logind_made(alice, log):
    out, _ = client.run("cat /proc/self/cgroup", key=alice)
    (session,) = log.ended()
    session.check()
    scope = f"/user.slice/user-{world.ALICE}.slice/session-{session.start['logind_session']}.scope"
    assert out.decode() == f"0::{scope}\n"
    assert session.start["cgroup_path"] == scope
    assert session.start["login"] == "alice"
    assert ["cat", "/proc/self/cgroup"] in session.programs(world.ALICE)
    assert machine.cgroup_root() == "/sys/fs/cgroup"
