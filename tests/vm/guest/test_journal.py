# SPDX-License-Identifier: Apache-2.0
"""The journal, real and with its limits: records are never too many for it; and what the system's log gets."""
import contextlib
import pathlib

import client
import host
import pytest
import world
from waiting import Tail

OPENED = "/etc/hostname"
COUNT = 2000
LIMITED = "[Journal]\nRateLimitIntervalSec=30s\nRateLimitBurst=500\n"
SYSLOG, AUTH = pathlib.Path("/var/log/syslog"), pathlib.Path("/var/log/auth.log")


@contextlib.contextmanager
def limited():
    """The system's journal takes few messages of a service."""
    path = world.write("/etc/systemd/journald.conf.d/test.conf", LIMITED)
    host.systemctl("restart", "systemd-journald.service")
    try:
        yield
    finally:
        path.unlink()
        host.systemctl("restart", "systemd-journald.service")


def journal(*matches, namespace=None):
    """The messages, one a line."""
    words = ["journalctl", "--all", "--output=cat", "--no-pager"]
    words += [f"--namespace={namespace}"] if namespace else []
    host.run("journalctl", "--sync", *words[4:])
    return host.run(*words, *matches).splitlines()


@pytest.mark.parametrize("namespace", ["", "seshat"])
def test_as_many_records_are_found_as_were_written(alice, namespace):
    settings = {"journal": {"enabled": "yes", "namespace": namespace}}
    with limited(), host.configured(settings), host.Recent() as log:
        client.run(f"{world.workload('opens')} {OPENED} {COUNT}", key=alice)
        (session,) = log.ended()
        host.systemctl("stop")  # what waits for the journal is with it then
    assert len(session.opened(OPENED)) >= COUNT
    found = journal(f"SESHAT_SID={session.sid}", namespace=namespace)
    assert sum(line.startswith('{"event":') for line in found) == len(session.records)


def test_the_limit_would_have_dropped_as_many():
    with limited():
        host.run("systemd-run", "--wait", "--quiet", "--unit=talker", "seq", COUNT)
    assert len(journal("_SYSTEMD_UNIT=talker.service")) < COUNT


def test_rsyslog_is_told_of_a_login_without_an_agent(alice):
    host.systemctl("stop")
    with Tail(AUTH, AUTH.stat().st_size) as lines:
        client.run("true", key=alice)
        lines.wait(lambda line: "pam_seshat" in line)
    host.systemctl("start")


def test_rsyslog_has_what_the_agent_says(log):
    with Tail(SYSLOG, SYSLOG.stat().st_size) as lines:
        host.systemctl("restart")
        lines.wait(lambda line: "seshatd" in line)
