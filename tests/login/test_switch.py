# SPDX-License-Identifier: Apache-2.0
"""sudo, su and login inside a session: recorded in it, and no session of their own."""
import re

import client
import machine
import pytest
import world
from logs import own

TERMINAL = r"at (/dev/pts/\d+)=\r\n"


@pytest.fixture
def shell(agent, alice):
    """alice's interactive shell on a terminal; (ssh, the terminal's name)."""
    with client.Ssh(key=alice, flags=["-tt"], env={"TERM": "dumb"}) as ssh:
        ssh.type("stty -echo; PS1=; echo at $(tty)=\n")
        yield ssh, re.search(TERMINAL, ssh.match(TERMINAL))[1]


def switches(session):
    """What each switch tells, apart from the process."""
    return [
        {name: value for name, value in own(r).items() if name != "pid"} for r in session.of("session.switch")
    ]


def switch(service, program, source, target, tty, exe=None):
    told = {
        "service": service,
        "from": source,
        "to": target,
        "program": program,
        "exe": exe or machine.tool(program),
    }
    return told | ({"tty": tty} if tty else {})


def check(agent, expected, uid=world.ALICE):
    """One session, alice's from its first record to its last, with these switches in it."""
    (session,) = agent.ended().sessions
    assert switches(session) == expected
    assert {(r["login"], r["user"]) for r in session.records} == {("alice", "alice")}
    for record in session.of("session.switch"):
        command = session.of("session.command", pid=record["pid"], return_code=0)
        assert record["exe"] in [r["exe"] for r in command]
    assert agent.status()["sessions"] == {
        "open": 0,
        "opened": 1,
        "switched": len(expected),
        "refused": 0,
    }
    return session


def test_sudo(agent, alice):
    assert client.run("sudo cat /etc/shadow >/dev/null; sudo -u bob id -un", key=alice)[0] == b"bob\n"
    session = check(agent, [switch("sudo", "sudo", "alice", to, None) for to in ("root", "bob")])
    shadow = session.one("session.disk", path="/etc/shadow", program="cat")
    assert (shadow["euid"], shadow["auid"]) == (0, world.ALICE)
    assert session.one("session.command", path=machine.tool("id"))["euid"] == world.BOB


def test_sudo_on_a_terminal(agent, shell):
    ssh, terminal = shell
    ssh.type("sudo id -un; exit\n")
    ssh.read("root\r\n")
    ssh.end()
    check(agent, [switch("sudo", "sudo", "alice", "root", terminal)])


def test_su_with_its_password(agent, shell):
    ssh, terminal = shell
    ssh.type("su bob -c 'id -un; cat /etc/hostname >/dev/null'; exit\n")
    ssh.read("Password:")
    ssh.type(world.PASSWORD + "\n")
    ssh.read("bob\r\n")
    ssh.end()
    session = check(agent, [switch("su", "su", "alice", "bob", terminal)])
    opened = session.one("session.disk", path="/etc/hostname", program="cat")
    assert (opened["uid"], opened["auid"]) == (world.BOB, world.ALICE)


def test_su_with_a_wrong_password(agent, shell):
    """Nothing was opened: nobody has become anybody. The attempt is there, as a command."""
    ssh, _ = shell
    ssh.type("su bob -c id; exit\n")
    ssh.read("Password:")
    ssh.type("wrong\n")
    ssh.end(1)
    session = check(agent, [])
    assert session.one("session.command", path=machine.tool("su"))["argv"] == ["bob", "-c", "id"]


def test_login(agent, shell):
    """On a terminal of its own: login(1) hangs up the one that it is given."""
    ssh, terminal = shell
    ssh.type("exec sudo script -qc 'login -f bob' /dev/null\n")
    ssh.match(r"\$ $")  # what was typed before its prompt is thrown away
    ssh.type("stty -echo; PS1=; echo at $(tty)=\n")
    inner = re.search(TERMINAL, ssh.match(TERMINAL))[1]
    ssh.type("id -un; exit\n")
    ssh.read("bob\r\n")
    ssh.end()
    # login(1) does not say who it was: it is the one whose session it is.
    session = check(
        agent,
        [switch("sudo", "sudo", "alice", "root", terminal), switch("login", "login", "alice", "bob", inner)],
    )
    # It has begun an audit session of bob's in the kernel; whose session it is stays.
    assert {r["auid"] for r in session.of("session.command", argv=["-un"])} == {world.BOB}


def test_one_in_another(agent, alice):
    """sudo, in it su, in it sudo: three switches in order, one session."""
    world.write("/etc/sudoers.d/bob", "bob ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    assert client.run("sudo su bob -c 'sudo -u reader id -un'", key=alice)[0] == b"reader\n"
    world.pathlib.Path("/etc/sudoers.d/bob").unlink()
    check(
        agent,
        [
            switch("sudo", "sudo", "alice", "root", None),
            switch("su", "su", "root", "bob", None),
            switch("sudo", "sudo", "bob", "reader", None),
        ],
    )


def test_su_after_the_login_uid_was_rewritten(agent, alice):
    """root begins another audit session in the kernel; su says who asks all the same, and so whose session it is in."""
    client.run("sudo sh -c 'echo 2002 >/proc/self/loginuid; su bob -c \"cat /etc/group\"'", key=alice)
    session = check(
        agent, [switch("sudo", "sudo", "alice", "root", None), switch("su", "su", "root", "bob", None)]
    )
    opened = session.one("session.disk", path="/etc/group", program="cat")
    assert (opened["uid"], opened["auid"]) == (world.BOB, world.BOB)


def test_what_comes_after_a_switch_is_still_there(agent, alice):
    """The end of su is not the end of the session."""
    client.run("sudo true; cat /etc/hostname; sudo true; cat /etc/group >/dev/null", key=alice)
    session = check(agent, [switch("sudo", "sudo", "alice", "root", None)] * 2)
    assert len(session.of("session.disk", path="/etc/group", program="cat")) == 1
    assert (
        not session.of("session.logout")
        or session.of("session.logout")[0]["ei"] > session.opened("/etc/group")[-1]["ei"]
    )
