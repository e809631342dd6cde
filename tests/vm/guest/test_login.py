# SPDX-License-Identifier: Apache-2.0
"""Logins at a real machine: systemd, logind, sshd, cron and the kernel are Debian's."""
import pathlib
import shutil

import client
import host
import machine
import world

JOB = "cat /etc/hostname >/dev/null; exit 4"


def test_a_login_is_audited_in_the_scope_that_logind_made(alice, log):
    out, _ = client.run("cat /proc/self/cgroup", key=alice)
    (session,) = log.ended()
    scope = f"/user.slice/user-{world.ALICE}.slice/session-{session.start['logind_session']}.scope"
    assert out.decode() == f"0::{scope}\n"
    assert session.start["cgroup_path"] == scope
    assert (session.start["login"], session.start["service"]) == ("alice", "sshd")
    assert ["cat", "/proc/self/cgroup"] in session.programs(world.ALICE)
    assert machine.cgroup_root() == "/sys/fs/cgroup", "cgroup v2 is not the only hierarchy"


def test_su_and_sudo_go_on_in_the_session(alice, log):
    out, _ = client.run("sudo su bob -c 'id -un'", key=alice)
    assert out == b"bob\n"
    (session,) = log.ended()
    switch = session.one("session.switch", service="su")
    assert (switch["from"], switch["to"]) == ("root", "bob")
    assert session.one("session.command", argv0="id", return_code=0)["euid"] == world.BOB


def test_what_stays_in_the_scope_after_the_login_is_the_session_s(alice, log):
    left = f"mkfifo {world.FIFO}; setsid sh -c 'cat {world.FIFO}; cat /etc/hostname' </dev/null >/dev/null 2>&1 &"
    client.run(left, key=alice)
    log.event("session.logout")
    world.FIFO.write_text("go on\n")
    (session,) = log.ended()
    assert session.one("session.disk", path="/etc/hostname", program="cat")["uid"] == world.ALICE


def test_a_job_of_cron_is_a_session_with_the_profile_for_all(alice, log):
    table = world.write("/var/spool/cron/crontabs/alice", f"@reboot {JOB}\n", 0o600)
    shutil.chown(table, "alice", "crontab")
    try:
        with host.profile("seshat-all"):
            host.systemctl("stop", "cron.service")
            pathlib.Path("/run/crond.reboot").unlink(missing_ok=True)
            host.systemctl("start", "cron.service")
            (session,) = log.ended()
    finally:
        table.unlink()
    assert (session.start["service"], session.start["login"]) == ("cron", "alice")
    assert session.one("session.command", argv=["-c", JOB])["return_code"] == 0
    assert session.one("session.exit", exit_code=4)["uid"] == world.ALICE
