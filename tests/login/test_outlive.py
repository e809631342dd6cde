# SPDX-License-Identifier: Apache-2.0
"""What lives on after the logout is the session's still; and a session whose end nobody tells ends all the same."""
import os
import pathlib
import signal

import client
import control
import machine
import pytest
import world
from logs import own

LEADER = 'cut -d" " -f4 /proc/$PPID/stat'


def release(path):
    path.write_text("go\n")


def leave(how, alice):
    """Log in, leave something behind, log out."""
    behind = f"read line < {world.FIFO}; cat /etc/group > /dev/null; exit 3"
    client.run(f"{how} sh -c '{behind}' </dev/null >/dev/null 2>&1 & echo $!", key=alice)


@pytest.mark.parametrize("how", ["nohup", "setsid", "setsid -f", "nohup setsid -f"])
def test_what_outlives_the_login(agent, alice, fifo, how):
    leave(how, alice)
    logout = agent.event("session.logout")
    assert own(logout) == {"reason": "closed", "processes": 1}
    (live,) = control.good("sessions")["sessions"]
    assert (live["state"], live["processes"], live["sid"]) == ("logout", 1, logout["sid"])
    release(fifo)
    (session,) = agent.ended().sessions
    opened = session.one("session.disk", path="/etc/group", program="cat")
    assert opened["ei"] > session.one("session.logout")["ei"]
    assert opened["auid"] == world.ALICE
    assert session.of("session.exit")[-1]["exit_code"] == 3
    assert "processes" not in session.end


def test_a_logout_with_nothing_left(agent, alice):
    client.run("true", key=alice)
    (session,) = agent.ended().sessions
    assert not session.of("session.logout")


def test_the_server_is_killed(agent, alice):
    """No PAM module is called: the leader's end is seen all the same, and what it leaves ends with the client."""
    with client.Ssh(f"{LEADER}; echo ready; cat", key=alice) as ssh:
        leader = int(ssh.read("ready\n").split()[0])
        assert agent.event("session.start")["leader_pid"] == leader
        os.kill(leader, signal.SIGKILL)
        assert agent.event("session.logout")["reason"] == "leader_exited"
        ssh.process.kill()
    (session,) = agent.ended().sessions
    assert session.one("session.exit", pid=leader)["signal_name"] == "SIGKILL"
    assert session.one("session.logout")["processes"] >= 1


def test_everything_is_killed_at_once(agent, alice):
    """As by a machine's shutdown."""
    with client.Ssh("echo ready; cat", key=alice) as ssh:
        ssh.read("ready\n")
        start = agent.event("session.start")
        pathlib.Path(machine.cgroup_folder(start["cgroup_path"]), "cgroup.kill").write_text("1")
        ssh.end(None)
    (session,) = agent.ended().sessions
    killed = session.of("session.exit", signal_name="SIGKILL")
    assert {r["pid"] for r in killed} >= {start["leader_pid"], session.shell(world.ALICE)["pid"]}
    assert {r["cgroup_id"] for r in killed} == {killed[0]["cgroup_id"]}


def test_the_client_is_killed(agent, alice):
    with client.Ssh("echo ready; cat", key=alice) as ssh:
        ssh.read("ready\n")
        ssh.process.kill()
    (session,) = agent.ended().sessions
    assert session.start["login"] == "alice"


def test_two_logins_of_one_account(agent, alice, fifo):
    """One outlives its login, one comes and goes meanwhile: neither has anything of the other."""
    leave("nohup", alice)
    first = agent.event("session.logout")["sid"]
    client.run("cat /etc/hostname", key=alice)
    agent.ended(going_on=1)
    release(fifo)
    sessions = {one.sid: one for one in agent.ended(2).sessions}
    one, other = sessions.pop(first), *sessions.values()
    assert one.of("session.disk", path="/etc/group", program="cat")
    assert not one.of("session.disk", path="/etc/hostname", program="cat")
    assert other.of("session.disk", path="/etc/hostname", program="cat")
    assert not {r["pid"] for r in one.probed()} & {r["pid"] for r in other.probed()}
