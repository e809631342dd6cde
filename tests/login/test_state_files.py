# SPDX-License-Identifier: Apache-2.0
"""What one agent leaves to the next in /run/seshat: lost, damaged, or without room. Then a session is not gone on with, which
is said; everybody else's is, and who logs in next is recorded."""
import contextlib
import os
import pathlib
import subprocess

import agent as agents
import client
import control
import logs
import pytest
import world
from session import wait_gone

STATE = pathlib.Path("/run/seshat/sessions")
PROGRESS = STATE / "progress"
SMALL = world.HOME / "state"


def kept():
    """The files of sessions."""
    return sorted(STATE.glob("*.json"))


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def other_slot(path):
    path.write_text(path.read_text().replace('"slot":1', '"slot":77'))


DAMAGES = {
    "removed": pathlib.Path.unlink,
    "empty": lambda path: path.write_text(""),
    "cut": cut,
    "no-json": lambda path: path.write_text("\0" * 100),
    "no-object": lambda path: path.write_text("[]"),
    "other-slot": other_slot,
    "symlink": lambda path: (path.unlink(), path.symlink_to("/etc/hostname")),
    "directory": lambda path: (path.unlink(), path.mkdir()),
}
PROGRESSES = {
    "removed": lambda: PROGRESS.unlink(),
    "empty": lambda: PROGRESS.write_bytes(b""),
    "zeroes": lambda: PROGRESS.write_bytes(bytes(PROGRESS.stat().st_size)),
    "cut": lambda: os.truncate(PROGRESS, 100),
    "ones": lambda: PROGRESS.write_bytes(b"\xff" * PROGRESS.stat().st_size),
}


@contextlib.contextmanager
def shell(agent, alice):
    with client.Ssh("exec sh", key=alice) as ssh:
        ssh.do("cat /etc/hostname >/dev/null")
        ssh.sid = agent.event("session.disk", path="/etc/hostname", program="cat")["sid"]
        yield ssh


def cats(session):
    return [record["argv"] for record in session.of("session.command", argv0="cat")]


def check_forgotten(agent, sid):
    """It is not gone on with, which is said; its log ends where it stood."""
    log = agent.log()
    (lost,) = [one for one in log.sessions if one.sid == sid]
    assert "session.end" not in {record["event"] for record in lost.records}
    assert [record["ei"] for record in lost.records] == list(range(len(lost.records)))
    assert cats(lost) == [["/etc/hostname"]]
    wait_gone(lost.start["leader_pid"])
    agent.stop()
    assert agent.log().runs[-1].records[-1]["lost"] == 0
    agent.start()  # which removes the cgroup that nobody is in any more
    assert world.cgroups() == []


@pytest.mark.parametrize("name", DAMAGES)
def test_a_session_whose_file_is_damaged(agent, alice, name):
    """The other session goes on, and nothing of the one is kept for ever: no pin, no file, no record to nobody."""
    with shell(agent, alice) as ssh, client.Ssh("echo ready; cat", key=alice) as other:
        other.read("ready\n")
        agent.stop()
        DAMAGES[name](STATE / f"{ssh.sid}.json")
        agent.start()
        (live,) = control.good("sessions")["sessions"]
        assert live["sid"] != ssh.sid
        assert "1 sessions are known to the probes alone" in agent.errors()
        if name != "removed":
            assert f"cannot go on with the session in {ssh.sid}.json" in agent.errors()
        ssh.do("cat /etc/group >/dev/null")
        other.end()
        (session,) = [one for one in agent.ended(going_on=1).sessions if one.sid != ssh.sid]
        assert session.sid == live["sid"]
        # Its answer comes when the end of the session is done with; the record of it came before.
        assert agent.status()["attached"] is False
        assert agents.pins() == []
        client.run("cat /etc/shells", key=alice)
        third = agent.ended(2, going_on=1).sessions[-1]
        assert cats(third) == [["/etc/shells"]]
        ssh.end()
    check_forgotten(agent, ssh.sid)
    assert kept() == [] or name == "directory"


@pytest.mark.parametrize("name", PROGRESSES)
def test_progress_that_is_damaged(agent, alice, name):
    with shell(agent, alice) as ssh:
        agent.stop()
        PROGRESSES[name]()
        agent.start()
        assert control.good("sessions")["sessions"] == []
        assert "1 sessions are known to the probes alone" in agent.errors()
        assert agents.pins() == []
        ssh.do("cat /etc/group >/dev/null")
        client.run("cat /etc/shells", key=alice)
        agent.ended(1, going_on=1)
        ssh.end()
    check_forgotten(agent, ssh.sid)
    assert kept() == []


@contextlib.contextmanager
def small_state():
    """A file system for the state alone, without room but for names."""
    world.tmpfs(SMALL, "size=1M,mode=755")
    try:
        yield {"agent": {"state": SMALL}}
    finally:
        subprocess.run(["umount", "-l", SMALL], check=True)


def fill():
    with open(SMALL / "filler", "wb") as file, contextlib.suppress(OSError):
        while True:
            os.write(file.fileno(), bytes(4096))


def check_recorded(agent, alice, count=1):
    client.run("cat /etc/shells", key=alice)
    session = agent.ended(count).sessions[-1]
    assert cats(session) == [["/etc/shells"]]
    assert agent.running()


def test_no_room_for_the_state_at_the_start(start_agent, alice):
    """Logins are recorded all the same; a restart would lose them, which is said."""
    with small_state() as settings:
        fill()
        agent = start_agent(settings)
        assert f"cannot use {SMALL}/sessions: {os.strerror(28)}" in agent.errors()
        check_recorded(agent, alice)
        agent.stop()


def test_no_room_for_one_more_session(start_agent, alice):
    with small_state() as settings:
        agent = start_agent(settings)
        fill()
        check_recorded(agent, alice)
        sid = agent.log().sessions[0].sid
        assert f"session {sid}: a restart would lose it: {os.strerror(28)}" in agent.errors()
        assert [one.name for one in (SMALL / "sessions").glob("*.json")] == []
        (SMALL / "filler").unlink()
        with shell(agent, alice) as ssh:
            agent.stop()
            agent.start()
            ssh.do("cat /etc/group >/dev/null")
            ssh.end()
        assert cats(agent.ended(2).sessions[-1]) == [["/etc/hostname"], ["/etc/group"]]
        agent.stop()


def test_no_room_when_it_is_started_again(start_agent, alice):
    """What is there already needs no more room."""
    with small_state() as settings:
        agent = start_agent(settings)
        with shell(agent, alice) as ssh:
            agent.stop()
            fill()
            agent.start()
            ssh.do("cat /etc/group >/dev/null")
            ssh.end()
        assert cats(agent.ended().sessions[0]) == [["/etc/hostname"], ["/etc/group"]]
        assert logs.LOG.exists()
        agent.stop()
