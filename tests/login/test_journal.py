# SPDX-License-Identifier: Apache-2.0
"""The journal beside the file: the same records in both, whatever becomes of the journal meanwhile."""
import json
import signal
import subprocess

import client
import logs
import machine
import pytest
import world
from session import LIMIT
from test_file import OPENED, burst, gapless, sink, wait_status
from waiting import Watch

BOTH = {"journal": {"enabled": "yes"}}
IDENTIFIER = "SYSLOG_IDENTIFIER=seshatd"


@pytest.fixture
def journal(journald):
    """Whatever was done to it, it runs after the test."""
    yield journald
    if journald.process.poll() is None:
        journald.signal(signal.SIGCONT)
    else:
        journald.start()


def kept(journal, sid, event=None):
    """The records of a session that the journal has, in its order."""
    matches = [IDENTIFIER, f"SESHAT_SID={sid}"] + ([f"SESHAT_EVENT={event}"] if event else [])
    return [entry["MESSAGE"] for entry in journal.entries(*matches)]


def in_file(sid):
    return [line for line in logs.read().decode().splitlines() if f'"sid":"{sid}"' in line]


def drained(agent, open_sessions=0, limit=LIMIT):
    return wait_status(
        agent,
        lambda s: all(one["backlog_lines"] == 0 for one in s["sinks"])
        and s["sessions"]["open"] == open_sessions,
        limit,
    )


def test_both_have_the_same(start_agent, journal, alice):
    agent = start_agent(BOTH)
    client.run("cat /etc/group /none/here; true", key=alice)
    (session,) = agent.ended().sessions
    drained(agent)
    assert kept(journal, session.sid) == in_file(session.sid)
    run = agent.log().runs[0].records[0]
    assert kept(journal, run["sid"], "agent.start") == in_file(run["sid"])


def test_an_entry(start_agent, journal, alice):
    """What a person searches for is a field of its own."""
    agent = start_agent(BOTH)
    client.run("cat /none/here; true", key=alice)
    (session,) = agent.ended().sessions
    drained(agent)
    (entry,) = journal.entries(IDENTIFIER, "SESHAT_PATH=/none/here", f"SESHAT_SID={session.sid}")
    record = session.one("session.disk", path="/none/here")
    assert json.loads(entry["MESSAGE"]) == record
    for name in ("event", "sid", "login", "user", "path", "program", "exe"):
        assert entry[f"SESHAT_{name.upper()}"] == str(record[name])
    assert (entry["SYSLOG_FACILITY"], entry["_COMM"], entry["_PID"]) == ("10", "seshatd", str(agent.pid))
    assert 0 <= int(entry["PRIORITY"]) <= 7
    assert len(entry["MESSAGE_ID"]) == 32
    (start,) = journal.entries(f"SESHAT_SID={session.sid}", "SESHAT_EVENT=session.start")
    assert start["MESSAGE_ID"] != entry["MESSAGE_ID"]
    assert (start["SESHAT_SRC_ADDR"], start["SESHAT_KEY_FINGERPRINT"]) == (
        "127.0.0.1",
        session.start["key_fingerprint"],
    )


def test_the_catalog_knows_every_id(start_agent, journal, alice):
    catalog = machine.ROOT / "packaging/systemd/seshat.catalog"
    known = {line[3:] for line in catalog.read_text().splitlines() if line.startswith("-- ")}
    agent = start_agent(BOTH)
    client.run("sudo cat /none/here; true", key=alice)
    agent.ended()
    drained(agent)
    for entry in journal.entries(IDENTIFIER):
        assert entry["MESSAGE_ID"] in known, entry["SESHAT_EVENT"]
    database = world.HOME / "catalog"
    subprocess.run(
        ["journalctl", "--update-catalog"],
        check=True,
        env={"SYSTEMD_CATALOG": str(database), "SYSTEMD_CATALOG_SOURCES": str(catalog.parent)},
    )


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_the_journal_is_away_for_a_while(start_agent, journal, alice, how):
    """What it could not take is delivered in order; the file has it at once."""
    agent = start_agent(BOTH)
    with client.Ssh("exec sh", key=alice) as ssh:
        ssh.do("cat /none/before")
        sid = agent.event("session.disk", path="/none/before")["sid"]
        drained(agent, open_sessions=1)
        if how == "stopped":
            journal.signal(signal.SIGSTOP)
        else:
            journal.sync()
            journal.kill()
        world.write(OPENED, "")
        ssh.do(f"{world.workload('opens')} {OPENED} 3000")
        ssh.end()
        agent.ended()
        status = agent.status()
        assert sink(status, "journal")["backlog_lines"] > 0
        assert sink(status, "file")["backlog_lines"] == 0
        if how == "stopped":
            journal.signal(signal.SIGCONT)
        else:
            journal.start()
    drained(agent)
    expected = in_file(sid)
    assert len(expected) > 3000
    assert kept(journal, sid) == expected


def test_what_overflows_is_counted(start_agent, journal, alice):
    """The journal's part is named as its loss; the file lacks nothing, and says of the other what it lacks."""
    agent = start_agent({"journal": {"enabled": "yes", "queue": "64K"}})
    journal.signal(signal.SIGSTOP)
    burst(alice, 3000)
    (session,) = agent.ended(lost=True).sessions
    assert sink(agent.status(), "journal")["refused"] > 0
    assert len(session.of("session.disk", path=str(OPENED))) == 3000
    gapless(logs.read())
    journal.signal(signal.SIGCONT)
    drained(agent)
    client.run("true", key=alice)
    drained(agent)
    data = logs.read()
    losses = [r for r in map(json.loads, data.splitlines()) if r["event"] == "session.lost"]
    assert losses and {r["sink"] for r in losses} == {"journal"} and {r["reason"] for r in losses} == {"sink"}
    lacking = len(data.splitlines()) - len(journal.entries(IDENTIFIER, f"_PID={agent.pid}"))
    assert sum(r["count"] for r in losses) == lacking > 0
    # What a session loses while it is open, its own log tells (the second's 64K may overflow as well);
    # what is found after its end, the agent's.
    own = agent.log().runs[0].records[0]["sid"]
    assert session.sid in {r["sid"] for r in losses} or own in {r["sid"] for r in losses}
    opened = {r["sid"] for r in map(json.loads, data.splitlines()) if r["event"] == "session.start"}
    assert {r["sid"] for r in losses} <= opened | {own}
    # The log of the session itself is whole.
    assert session.end["lost"] == 0


def test_sixty_thousand_in_a_burst(start_agent, journal, alice):
    """Every one of them is in the journal: no rate limit, no loss."""
    agent = start_agent({"journal": {"enabled": "yes", "queue": "256M"}, "file": {"max_size": 0}})
    burst(alice, 60000)
    with Watch(logs.LOG.parent) as watch:
        watch.until(lambda: logs.LOG.read_bytes()[-2000:].count(b'"session.end"'), 60)
    drained(agent, limit=120)  # journald takes a millisecond for each where the machine is busy
    sid = json.loads(logs.read().splitlines()[-1])["sid"]
    found = subprocess.run(
        ["journalctl", "-q", "--no-pager", "-o", "cat", f"SESHAT_SID={sid}", f"SESHAT_PATH={OPENED}"],
        check=True,
        capture_output=True,
    ).stdout
    assert found.count(b"\n") == 60000
    assert found.splitlines() == [
        line for line in logs.read().splitlines() if f'"path":"{OPENED}"'.encode() in line
    ]


def test_only_the_journal(start_agent, journal, alice):
    agent = start_agent({"journal": {"enabled": "yes"}, "file": {"enabled": "no"}})
    client.run("cat /none/journal; true", key=alice)
    drained(agent)
    assert not logs.LOG.exists()
    (entry,) = journal.entries(IDENTIFIER, "SESHAT_PATH=/none/journal")
    data = "".join(line + "\n" for line in kept(journal, entry["SESHAT_SID"]))
    logs.AgentLog(data.encode()).check()
    assert "log" not in agent.status()
