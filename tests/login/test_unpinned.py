# SPDX-License-Identifier: Apache-2.0
"""Without pins, the probes end with the agent: the next one finds its sessions again, and says that there was a gap."""
import contextlib
import json
import pathlib
import signal

import agent as agents
import client
import control
import machine
import pytest
from session import wait_gone
from test_restart import DOWN, cats, take_down

SETTINGS = {"agent": {"pin": ""}}


@pytest.fixture
def agent(start_agent):
    return start_agent(SETTINGS)


@contextlib.contextmanager
def shell(agent, alice):
    """A session that does what it is told, and says when it has; it has opened a file already."""
    with client.Ssh("exec sh", key=alice) as ssh:
        ssh.do("cat /etc/hostname >/dev/null")
        agent.event("session.disk", path="/etc/hostname", program="cat")
        yield ssh


def starts(agent):
    return [run.records[0] for run in agent.log().runs]


def move(pid, path):
    """To another cgroup, while nobody looks."""
    folder = pathlib.Path(machine.cgroup_folder(path))
    folder.mkdir(exist_ok=True)
    (folder / "cgroup.procs").write_text(str(pid))
    return folder


@pytest.mark.parametrize("how", DOWN)
def test_an_open_session_goes_on_with_a_gap(agent, alice, how):
    """Its records go on where they stood; only what it did meanwhile is not there."""
    with shell(agent, alice) as ssh:
        (before,) = control.good("sessions")["sessions"]
        take_down(agent, how)
        ssh.do("cat /etc/group >/dev/null")
        agent.start()
        (after,) = control.good("sessions")["sessions"]
        assert (after["sid"], after["state"]) == (before["sid"], "open")
        assert after["processes"] == before["processes"]
        ssh.do("cat /etc/passwd >/dev/null")
        ssh.end()
    (session,) = agent.ended().sessions
    assert cats(session) == [["/etc/hostname"], ["/etc/passwd"]]
    leader = session.start["leader_pid"]
    assert session.one("session.exit", pid=leader)["program"] == "sshd"
    assert [start.get("gap") for start in starts(agent)] == [None, True]
    assert [start["sessions"] for start in starts(agent)] == [0, 1]


def test_without_an_open_session_there_is_no_gap(agent, alice):
    client.run("true", key=alice)
    agent.ended()
    agent.stop()
    agent.start()
    assert [start.get("gap") for start in starts(agent)] == [None, None]


@pytest.mark.parametrize("how", DOWN)
def test_what_left_the_cgroup_meanwhile_is_found_by_its_audit_id(agent, alice, how):
    with shell(agent, alice) as ssh:
        ssh.type("echo $$ did\n")
        pid = int(ssh.read("did\n").split()[0])
        take_down(agent, how)
        elsewhere = move(pid, "/elsewhere")
        agent.start()
        ssh.do("cat /etc/passwd >/dev/null")
        ssh.end()
    (session,) = agent.ended().sessions
    assert cats(session) == [["/etc/hostname"], ["/etc/passwd"]]
    assert session.one("session.command", argv=["/etc/passwd"])["ppid"] == pid
    assert session.one("session.exit", pid=pid)["exit_code"] == 0
    elsewhere.rmdir()


def test_a_login_that_ended_meanwhile_is_logged_out(agent, alice, fifo):
    """The leader is gone and somebody lives on; whoever has its pid now is not taken for it."""
    with shell(agent, alice) as ssh:
        start = agent.event("session.start")
        ssh.do(f"setsid -f sh -c 'read line <{fifo}; cat /etc/group' >/dev/null 2>&1 </dev/null")
        agent.event("session.command", argv0="sh", argv=["-c", f"read line <{fifo}; cat /etc/group"])
        agent.stop()
        ssh.end()
        wait_gone(start["leader_pid"])
    agent.start()
    logout = agent.event("session.logout")
    assert (logout["sid"], logout["reason"], logout["processes"]) == (start["sid"], "leader_exited", 1)
    fifo.write_text("go\n")
    (session,) = agent.ended().sessions
    assert cats(session) == [["/etc/hostname"], ["/etc/group"]]


def test_a_session_of_which_nobody_is_left_ends(agent, alice):
    with shell(agent, alice) as ssh:
        leader = agent.event("session.start")["leader_pid"]
        agent.stop()
        ssh.end()
        wait_gone(leader)
    agent.start()
    (session,) = agent.ended().sessions
    assert cats(session) == [["/etc/hostname"]]
    assert not session.of("session.logout")


def test_what_is_in_the_cgroup_is_found_without_audit_id(agent, bystander):
    """As where the kernel has no audit: who is in the session's cgroup is of the session."""
    assert pathlib.Path(f"/proc/{bystander.pid}/sessionid").read_text() == "4294967295"
    control.good("session.open", service="test", user="alice", pid=bystander.pid)
    agent.stop()
    agent.start()
    (live,) = control.good("sessions")["sessions"]
    assert (live["state"], live["processes"]) == ("open", 1)
    bystander.kill()
    (session,) = agent.ended().sessions
    assert session.one("session.exit")["pid"] == bystander.pid


def test_stopped_right_after_the_answer(agent, bystander):
    """The leader enters the session's cgroup after the answer, and before the agent ends: there the next one finds it."""
    request = {"op": "session.open", "service": "test", "user": "alice", "pid": bystander.pid}
    with contextlib.closing(control.connect()) as one:
        assert control.ask_on(one, b'{"op":"status"}')["ok"] is True
        agent.signal(signal.SIGSTOP)
        one.send(json.dumps(request).encode())
        agent.process.terminate()
        agent.signal(signal.SIGCONT)
        opened = json.loads(one.recv(control.MESSAGE_MAX))
    agent.wait(0)
    agent.start()
    (live,) = control.good("sessions")["sessions"]
    assert (live["sid"], live["processes"]) == (opened["sid"], 1)
    bystander.kill()
    assert agent.ended().sessions[0].one("session.exit")["pid"] == bystander.pid


def test_nothing_is_pinned(agent, alice):
    with shell(agent, alice) as ssh:
        assert agents.pins() == []
        agent.stop()
        assert "nobody records them until the next start" in agent.errors()
        agent.start()
        ssh.end()
    agent.ended()
    assert agents.pins() == []
