# SPDX-License-Identifier: Apache-2.0
"""The agent as systemd has it: started, stopped, restarted, reloaded, watched; open sessions go on."""
import os
import signal

import agent
import client
import control
import host
import pytest
import world

WATCHDOG = 10  # seconds


def cats(session):
    return [record["argv"] for record in session.of("session.command", argv0="cat", return_code=0)]


def check_went_on(log, *paths):
    """One session, whole, that has these in their order; more than one agent has seen to it."""
    (session,) = log.ended()
    assert cats(session) == [["/etc/hostname"], *([path] for path in paths)]
    assert len(log.all().runs) > 1


def test_it_runs_since_it_was_installed():
    told = host.show("Type", "ActiveState", "SubState", "NRestarts")
    assert told == {"Type": "notify", "ActiveState": "active", "SubState": "running", "NRestarts": "0"}


def test_a_restart_keeps_open_sessions(log, shell):
    before = host.main_pid()
    host.systemctl("restart")
    assert host.main_pid() != before
    shell.do("cat /etc/group >/dev/null")
    shell.end()
    check_went_on(log, "/etc/group")


def test_what_happens_between_stop_and_start_is_recorded(log, shell):
    host.systemctl("stop")
    shell.do("cat /etc/group >/dev/null")
    host.systemctl("start")
    shell.do("cat /etc/passwd >/dev/null")
    shell.end()
    check_went_on(log, "/etc/group", "/etc/passwd")


def test_a_killed_agent_is_started_again(log, shell):
    log.event("session.command")
    os.kill(host.main_pid(), signal.SIGKILL)
    log.event("agent.start")
    shell.do("cat /etc/group >/dev/null")
    shell.end()
    log.event("session.end")
    (session,) = log.all().sessions
    assert ["/etc/group"] in cats(session)


def test_reloading_is_recorded(log):
    before, pid = agent.CONFIG.read_text(), host.main_pid()
    try:
        agent.write_config({"file": {"max_size": "50M"}})
        host.systemctl("reload")
        log.event("agent.config")
    finally:
        world.write(agent.CONFIG, before)
    host.systemctl("reload")
    log.event("agent.config")
    assert host.main_pid() == pid


def test_one_that_hangs_is_replaced_by_the_watchdog(alice):
    with host.configured({}, {"WatchdogSec": WATCHDOG}), host.Recent() as log:
        with client.Ssh("exec sh", key=alice) as ssh:
            ssh.do("cat /etc/hostname >/dev/null")
            before = host.main_pid()
            os.kill(before, signal.SIGSTOP)
            ssh.do("cat /etc/group >/dev/null")
            log.event("agent.start")
            assert host.main_pid() != before
            ssh.do("cat /etc/passwd >/dev/null")
            ssh.end()
        log.event("session.end")
        (session,) = log.all().sessions
        assert cats(session)[-2:] == [["/etc/group"], ["/etc/passwd"]]


@pytest.mark.parametrize("word", ["status", "sessions"])
def test_it_answers(log, word):
    assert control.good(word)["ok"] is True
