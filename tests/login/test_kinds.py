# SPDX-License-Identifier: Apache-2.0
"""The kinds of records that can be left out: changed under open sessions, kept over restarts, and said to be off."""
import signal

import agent as agents
import client
import control
import machine
import pytest
import world
from logs import own


def choose(**kinds):
    agents.write_config({"events": {name: "yes" if on else "no" for name, on in kinds.items()}})


@pytest.fixture
def shell(agent, alice):
    """alice's shell, which does what it is told and says when it has."""
    with client.Ssh("exec sh", key=alice) as ssh:
        ssh.do = lambda text: (ssh.type(f"{text}; echo did\n"), ssh.read("did\n"))
        ssh.do("true")
        yield ssh


def removed(session):
    return [record["path"] for record in session.of("session.file", operation="unlink")]


def remove(shell, name):
    shell.do(f"rm -f /tmp/none-{name}")


def test_a_kind_is_turned_on_and_off_under_an_open_session(agent, shell):
    remove(shell, "before")
    choose(file=True, privilege=False)
    assert control.good("reload")["changed"] == ["events.privilege", "events.file"]
    assert agent.status()["events_off"] == ["privilege"]
    remove(shell, "between")
    shell.do("sudo -n true")
    choose()
    agent.signal(signal.SIGHUP)
    agent.record(lambda r: r["event"] == "agent.config" and r["ei"] == 2)
    assert agent.status()["events_off"] == ["file"]
    remove(shell, "after")
    shell.end()
    log = agent.ended()
    (session,) = log.sessions
    assert [path for path in removed(session) if "/none-" in path] == ["/tmp/none-between"]
    assert session.start["events_off"] == ["file"]
    sudo = session.one("session.command", argv0="sudo", return_code=0)["pid"]
    assert not session.of("session.privilege", pid=sudo)


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_what_is_off_stays_off_over_a_restart(agent, shell, how):
    choose(file=True, ptrace=False)
    control.good("reload")
    remove(shell, "one")
    agent.event("session.file", path="/tmp/none-one")
    agent.stop() if how == "stopped" else agent.kill()
    remove(shell, "two")  # with no agent: as the last one had chosen
    choose()
    agent.start()
    assert agent.status()["events_off"] == ["file"]
    remove(shell, "three")
    shell.end()
    (session,) = agent.ended().sessions
    assert [path for path in removed(session) if "/none-" in path] == ["/tmp/none-one", "/tmp/none-two"]


def test_sudo_gets_the_rights_of_root(agent, alice):
    client.run("sudo -n true", key=alice)
    (session,) = agent.ended().sessions
    sudo = session.one("session.command", argv0="sudo", return_code=0)
    first = session.of("session.privilege", pid=sudo["pid"])[0]
    assert (first["operation"], first["exe"]) == ("exec", machine.tool("sudo"))
    plain = {name: world.ALICE for name in ("uid", "euid", "suid", "fsuid")}
    ids = own(first)
    assert {name: ids["before"][name] for name in plain} == plain
    assert {name: ids["after"][name] for name in plain} == {**plain, "euid": 0, "suid": 0, "fsuid": 0}
    assert "cap_sys_admin" in first["capabilities_gained"]
    assert first["ei"] == sudo["ei"] + 1


def test_a_process_of_another_session(agent, alice, shell):
    """Named by that session's id; the kernel may allow it or not."""
    (open_one,) = control.good("sessions")["sessions"]
    shell.type("echo pid $$\n")
    pid = int(shell.match(r"pid \d+\n").split()[-1])
    with client.Ssh(f"exec sudo -n strace -o /dev/null -p {pid}", key=alice) as other:
        record = agent.event("session.ptrace", target_pid=pid)
        shell.end()  # and so ends who traces it
        other.end(status=None)
    assert record["operation"] == "seize" and record["target_in_session"] is False
    assert (record["target_sid"], record["target_uid"]) == (open_one["sid"], world.ALICE)
    assert record["sid"] != open_one["sid"]
    agent.ended(2)
