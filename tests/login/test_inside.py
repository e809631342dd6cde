# SPDX-License-Identifier: Apache-2.0
"""An sshd that somebody has started by hand, inside a session: who logs in through it has a session of his own."""
import contextlib
import os
import signal

import client
import control
import machine
import pytest
import sshd as servers
import world
from session import wait_gone
from waiting import Tail

PORT = 2210
CONFIG = world.HOME / "inside.conf"
LOG = world.LOG / "inside.log"
PIDFILE = world.HOME / "inside.pid"
SERVER = f"sudo {servers.SSHD} -f {CONFIG} -E {LOG} -o PidFile={PIDFILE}"


@pytest.fixture
def first(agent, alice):
    """alice's shell; in her session an sshd has made itself a daemon, and listens."""
    LOG.write_text("")
    world.write(CONFIG, servers.configuration({PORT: []}))
    with client.Ssh("exec sh", key=alice) as ssh, Tail(LOG) as lines:
        ssh.do(SERVER)
        for _ in range(2):  # IPv4, IPv6
            lines.wait(lambda line: line.startswith("Server listening"))
        with Tail(PIDFILE) as lines:
            ssh.server = int(lines.wait(str.isdigit))
        yield ssh
    PIDFILE.unlink(missing_ok=True)


def end(server):
    pidfd = os.pidfd_open(server)
    signal.pidfd_send_signal(pidfd, signal.SIGTERM)
    os.close(pidfd)
    wait_gone(server)


def cats(session):
    return [record["argv"] for record in session.of("session.command", argv0="cat")]


def services(session):
    return [record["service"] for record in session.of("session.switch")]


def test_each_login_through_it_is_a_session(agent, first):
    """With its own login, and all that it does; the session around has none of that, and goes on."""
    client.run("cat /etc/group; true", user="bob", methods=["password"], port=PORT)
    client.run("cat /etc/shells; true", user="alice", methods=["password"], port=PORT)
    first.do("cat /etc/hostname >/dev/null")
    agent.ended(2, going_on=1)
    assert agent.status()["sessions"] == {"open": 1, "opened": 3, "switched": 1, "refused": 0}
    end(first.server)
    first.end()
    around, bob, alice = agent.ended(3).sessions
    assert [one.start["login"] for one in (around, bob, alice)] == ["alice", "bob", "alice"]
    assert [one.start["dst_port"] for one in (around, bob, alice)] == [22, PORT, PORT]
    assert around.start["audit_session_id"] == alice.start["audit_session_id"] != bob.start["audit_session_id"]
    assert [cats(one) for one in (around, bob, alice)] == [
        [["/etc/hostname"]],
        [["/etc/group"]],
        [["/etc/shells"]],
    ]
    assert [services(one) for one in (around, bob, alice)] == [["sudo"], [], []]
    # The server itself is of the session that it was started in; who it served is not.
    assert around.one("session.exit", pid=first.server)
    leaders = {one.start["leader_pid"] for one in (bob, alice)}
    assert not leaders & {record["pid"] for record in around.of("session.exit")}
    for one in (bob, alice):
        assert one.one("session.exit", pid=one.start["leader_pid"])["program"] == "sshd"


def test_sudo_and_su_below_such_a_login_are_switches_of_it(agent, first):
    client.run("sudo su bob -c 'cat /etc/group'", user="alice", methods=["password"], port=PORT)
    agent.ended(1, going_on=1)
    end(first.server)
    first.end()
    around, inner = agent.ended(2).sessions
    assert (services(around), services(inner)) == (["sudo"], ["sudo", "su"])
    assert cats(inner) == [["/etc/group"]]


def test_the_server_outlives_the_login_that_it_was_started_in(agent, first):
    """That session is logged out; who comes later has his own all the same, and it ends with the server."""
    first.end()
    logout = agent.event("session.logout")
    client.run("cat /etc/group; true", user="bob", methods=["password"], port=PORT)
    agent.ended(1, going_on=1)
    end(first.server)
    around, bob = agent.ended(2).sessions
    assert (around.sid, cats(around), services(around)) == (logout["sid"], [], ["sudo"])
    assert (bob.start["login"], cats(bob)) == ("bob", [["/etc/group"]])


def open_session(user, service):
    return f"{machine.SESHAT} session open --user {user} --service {service} --pid $$"


def test_a_daemons_login_with_an_audit_session_of_its_own(agent, alice):
    """As cron's, which has no connection: pam_loginuid has begun one for the account."""
    login = f"echo {world.BOB} >/proc/self/loginuid; {open_session('bob', 'cron')}; cat /etc/group"
    client.run(f"sudo sh -c '{login}' >/dev/null; cat /etc/hostname", key=alice)
    around, bob = agent.ended(2).sessions
    assert [(one.start["login"], one.start["service"]) for one in (around, bob)] == [
        ("alice", "sshd"),
        ("bob", "cron"),
    ]
    assert (services(around), services(bob)) == (["sudo"], [])
    assert (cats(around), cats(bob)) == ([["/etc/hostname"]], [["/etc/group"]])


def test_without_one_it_is_a_switch(agent, alice):
    login = f"{open_session('bob', 'cron')}; cat /etc/group"
    client.run(f"sudo sh -c '{login}' >/dev/null", key=alice)
    (session,) = agent.ended().sessions
    assert (services(session), cats(session)) == (["sudo", "cron"], [["/etc/group"]])


def test_a_process_that_serves_one_login_after_the_other(agent):
    """Each is a session, with what the process did in it, and nothing of the others."""
    users = ("alice", "bob", "alice")
    pid = os.fork()
    if pid == 0:
        for number, user in enumerate(users):
            sid = control.good("session.open", service="test", user=user)["sid"]
            with contextlib.suppress(FileNotFoundError):
                open(f"/none/{number}")
            control.good("session.close", sid=sid)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    sessions = agent.ended(len(users)).sessions
    assert [one.start["login"] for one in sessions] == list(users)
    assert [
        [record["path"] for record in one.of("session.disk") if record["path"].startswith("/none/")]
        for one in sessions
    ] == [[f"/none/{number}"] for number in range(len(users))]
    assert [len(one.of("session.exit", pid=pid)) for one in sessions] == [0, 0, 1]
    assert agent.status()["sessions"]["switched"] == 0
