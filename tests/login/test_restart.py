# SPDX-License-Identifier: Apache-2.0
"""The agent is stopped, killed and started again under open sessions: they go on, and nothing is missing."""
import signal

import client
import control
import pytest
import world
from logs import own
from session import wait_gone

# What a session does meanwhile; and its start, as each agent reckons it from the kernel's clock.
GROWS = {"records", "start_time"}
DOWN = ["stopped", "killed"]


def take_down(agent, how):
    if how == "stopped":
        agent.stop()
        return
    # What it has read and not yet written dies with it, and is told as lost: that is not what is tested here.
    while not written(agent.status()):
        pass
    agent.kill()


def written(status):
    return status["ring"]["used"] == 0 and not any(sink["backlog_lines"] for sink in status["sinks"])


@pytest.fixture
def shell(agent, alice):
    """A session that does what it is told, and says when it has."""
    with client.Ssh("exec sh", key=alice) as ssh:
        ssh.do("cat /etc/hostname >/dev/null")
        agent.event("session.disk", path="/etc/hostname", program="cat")
        yield ssh


def cats(session):
    return [record["argv"] for record in session.of("session.command", argv0="cat")]


def check_runs(agent, how, count):
    """Each run of the agent has its own first and last record; that of a killed one has no last."""
    runs = agent.log().runs
    assert len(runs) == count
    for number, run in enumerate(runs):
        last = number == count - 1
        run.check(stopped=not last and how == "stopped")


@pytest.mark.parametrize("how", DOWN)
def test_an_open_session_goes_on(agent, shell, how):
    sid = control.good("sessions")["sessions"][0]["sid"]
    take_down(agent, how)
    shell.do("cat /etc/group >/dev/null")
    agent.start()
    (live,) = control.good("sessions")["sessions"]
    assert (live["sid"], live["state"]) == (sid, "open")
    shell.do("cat /etc/passwd >/dev/null")
    shell.end()
    (session,) = agent.ended().sessions
    assert session.sid == sid
    assert cats(session) == [["/etc/hostname"], ["/etc/group"], ["/etc/passwd"]]
    assert [
        r["path"]
        for r in session.of("session.disk", program="cat")
        if r["path"] in ("/etc/hostname", "/etc/group", "/etc/passwd")
    ] == [
        "/etc/hostname",
        "/etc/group",
        "/etc/passwd",
    ]
    check_runs(agent, how, 2)


@pytest.mark.parametrize("how", DOWN)
def test_again_and_again(agent, shell, how):
    expected = [["/etc/hostname"]]
    for number in range(5):
        take_down(agent, how)
        shell.do(f"cat /dev/null {number}")
        expected.append(["/dev/null", str(number)])
        agent.start()
    shell.end()
    (session,) = agent.ended().sessions
    assert cats(session) == expected
    check_runs(agent, how, 6)


@pytest.mark.parametrize("how", DOWN)
def test_a_session_that_ends_meanwhile(agent, shell, how):
    start = agent.event("session.start")
    take_down(agent, how)
    shell.do("cat /etc/group >/dev/null")
    shell.end()
    wait_gone(start["leader_pid"])
    agent.start()
    (session,) = agent.ended().sessions
    assert cats(session) == [["/etc/hostname"], ["/etc/group"]]
    assert session.of("session.exit", pid=start["leader_pid"])


@pytest.mark.parametrize("how", DOWN)
def test_a_login_meanwhile_is_not_audited_and_harms_nothing(agent, shell, alice, how):
    take_down(agent, how)
    client.run("cat /etc/shells", key=alice)
    agent.start()
    client.run("cat /etc/fstab", key=alice)
    shell.end()
    sessions = agent.ended(2).sessions
    assert [cats(one) for one in sessions] == [[["/etc/hostname"]], [["/etc/fstab"]]]


@pytest.mark.parametrize("how", DOWN)
def test_many_records_meanwhile(agent, shell, how):
    """As many as the ring holds without a reader."""
    take_down(agent, how)
    shell.do("i=0; while [ $i -lt 3000 ]; do : < /etc/hostname; i=$((i+1)); done")
    agent.start()
    shell.end()
    (session,) = agent.ended().sessions
    own = session.shell(world.ALICE)["pid"]
    assert len(session.of("session.disk", path="/etc/hostname", pid=own)) == 3000


def test_more_than_the_ring_holds(start_agent, alice):
    """What found no room is counted and named; the numbers say the same."""
    agent = start_agent({"agent": {"ring_size": "64K"}})
    with client.Ssh("exec sh", key=alice) as ssh:
        agent.event("session.start")
        agent.stop()
        ssh.do("i=0; while [ $i -lt 3000 ]; do : < /etc/hostname; i=$((i+1)); done")
        agent.start()
        ssh.end()
    (session,) = agent.ended(lost=True).sessions
    found = len(session.of("session.disk", path="/etc/hostname"))
    losses = session.of("session.lost")
    assert {r["reason"] for r in losses} == {"ring"}
    assert found + sum(r["by_event"].get("session.disk", 0) for r in losses) >= 3000
    assert 0 < found < 3000


@pytest.mark.parametrize("how", DOWN)
def test_several_sessions(agent, alice, fifo, how):
    """Some with a terminal, some logged out already: each keeps its state."""
    client.run(f"nohup sh -c 'read line <{fifo}; cat /etc/group' </dev/null >/dev/null 2>&1 &", key=alice)
    agent.event("session.logout")
    with client.Ssh("exec sh", key=alice) as one, client.Ssh(key=alice, flags=["-tt"]) as other:
        one.type("echo $((40+2))\n")
        one.read("42")
        other.type("echo $((40+2))\n")
        other.read("42")
        before = control.good("sessions")["sessions"]
        take_down(agent, how)
        agent.start()
        after = control.good("sessions")["sessions"]
        for was, now in zip(before, after, strict=True):
            assert {name for name in was.keys() | now.keys() if was.get(name) != now.get(name)} <= GROWS
        assert sorted(s["state"] for s in after) == ["logout", "open", "open"]
        other.type("exit\n")
        other.end()
        one.end()
    fifo.write_text("go\n")
    for session in agent.ended(3).sessions:
        assert session.start["login"] == "alice"


@pytest.mark.parametrize("how", DOWN)
def test_a_login_that_has_just_ended(agent, bystander, how):
    """PAM has said so, and somebody lives on, the leader itself: the next agent says it, and why, once."""
    opened = control.good("session.open", service="test", user="alice", pid=bystander.pid)
    assert control.good("session.close", sid=opened["sid"])["processes"] == 1
    take_down(agent, how)
    agent.start()
    logout = agent.event("session.logout")
    assert (logout["sid"], own(logout)) == (opened["sid"], {"reason": "closed", "processes": 1})
    bystander.kill()
    (session,) = agent.ended().sessions
    assert session.one("session.logout") and session.one("session.exit")["signal_name"] == "SIGKILL"


def test_stop_while_stopped(agent, shell):
    """SIGTERM while it stands still, SIGTERM twice: one orderly end."""
    agent.signal(signal.SIGSTOP)
    agent.process.terminate()
    agent.process.terminate()
    agent.signal(signal.SIGCONT)
    agent.wait(0)
    agent.start()
    shell.end()
    agent.ended()
    check_runs(agent, "stopped", 2)
