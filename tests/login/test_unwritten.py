# SPDX-License-Identifier: Apache-2.0
"""Records that a sink has taken and never written: its log says itself which they are, whatever became of the sink."""
import json
import resource

import agent as agents
import client
import control
import pytest
from logs import LOG, AgentLog, own
from test_file import sink, wait_status
from test_restart import written

OTHER = LOG.parent / "other.jsonl"


def reload(agent):
    agents.write_config({"file": {"path": OTHER}})
    control.good("reload")


def stop(agent):
    agent.stop()
    assert "records could not be written any more" in agent.errors()
    agent.start()


def kill(agent):
    agent.kill()
    agent.start()


ENDS = [reload, stop, kill]


@pytest.fixture
def shell(agent, alice):
    """A session that does what it is told; all that it has done until now is written."""
    with client.Ssh("exec sh", key=alice) as ssh:
        ssh.do("cat /etc/hostname >/dev/null")
        agent.event("session.exit", program="cat")
        wait_status(agent, written)
        yield ssh


def take_room(agent):
    """The file takes not a byte more; nothing else that the agent writes is as long. Returns what it has."""
    data = LOG.read_bytes()
    _, most = resource.prlimit(agent.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (len(data), most))
    return data


def give_room(agent):
    _, most = resource.prlimit(agent.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (most, most))


def waits(status):
    """What was done has been read, and waits for room."""
    return status["ring"]["used"] == 0 and sink(status, "file").get("error_errno") == "EFBIG"


def everything():
    return LOG.read_bytes() + (OTHER.read_bytes() if OTHER.exists() else b"")


def agents_log(agent):
    agent.stop()
    return AgentLog(everything())


@pytest.mark.parametrize("end", ENDS)
def test_of_a_session_that_is_open(agent, shell, end):
    """The session's log has a gap, and a record that says from where to where it goes."""
    before = take_room(agent)
    shell.do("cat /etc/group >/dev/null")
    wait_status(agent, waits)
    first = before.count(b'"event":"session.')
    while True:  # until all has been read of what it did
        (live,) = control.good("sessions")["sessions"]
        if live["records"] > first and written_down(agent, live["records"]):
            break
    end(agent)
    give_room(agent)
    lost = live["records"] - first
    shell.do("cat /etc/passwd >/dev/null")
    shell.end()
    wait_status(agent, lambda status: status["sessions"]["open"] == 0)
    (session,) = agents_log(agent).sessions
    indexes = [record["ei"] for record in session.records]
    assert indexes == [*range(first), *range(first + lost, session.end["ei"] + 1)]
    told = session.one("session.lost")
    assert own(told) == {
        "count": lost,
        "by_event": {"unknown": lost},
        "first_ei": first,
        "last_ei": first + lost - 1,
        "reason": "sink",
        "sink": "file",
    }
    # It is the first that there was room for.
    assert told["ei"] == first + lost
    assert [r["argv"] for r in session.of("session.command", argv0="cat")] == [
        ["/etc/hostname"],
        ["/etc/passwd"],
    ]
    assert session.end["records"]["session.exit"] == 1 + len(session.of("session.exit"))


def written_down(agent, count):
    """Has nothing come since?"""
    return agent.status()["ring"]["used"] == 0 and control.good("sessions")["sessions"][0]["records"] == count


@pytest.mark.parametrize("end", ENDS)
def test_of_a_session_that_is_over(agent, shell, end):
    """Its own log cannot say it any more: the agent's does, without indexes, which would be another log's."""
    before = take_room(agent)
    shell.do("cat /etc/group >/dev/null")
    wait_status(agent, waits)
    shell.end()
    wait_status(agent, lambda status: status["sessions"]["open"] == 0)
    lost = sink(agent.status(), "file")["backlog_lines"]
    end(agent)
    give_room(agent)
    assert agent.status()["sessions"]["open"] == 0
    log = agents_log(agent)
    told = [json.loads(line) for line in everything().splitlines() if b'"event":"session.lost"' in line]
    assert [own(record) for record in told] == [
        {"count": lost, "by_event": {"unknown": lost}, "reason": "sink", "sink": "file"}
    ]
    assert told[0] in log.runs[-1].records
    # Whoever has only this log finds its beginning, and that it has no end.
    (session,) = log.sessions
    assert b"".join(line + b"\n" for line in session.lines) in before
