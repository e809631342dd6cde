# SPDX-License-Identifier: Apache-2.0
"""A connection that connect(2) does not wait for: how it ended is a record of its own, once, whoever else is about by then."""
import socket
from errno import ECONNABORTED, ECONNREFUSED, ECONNRESET, EINPROGRESS, EINTR, ETIMEDOUT

import machine
import pytest
from expect import other
from records import own
from session import json_lines

LOOPBACK = {"4": "127.0.0.1", "6": "::1", "mptcp": "127.0.0.1"}
# What connect(2), or the send in its place, returned, and how the connection ended.
OUTCOMES = {
    "established": (-EINPROGRESS, 0),
    "refused": (-EINPROGRESS, -ECONNREFUSED),
    "timed-out": (-EINPROGRESS, -ETIMEDOUT),
    "closed": (-EINPROGRESS, -ECONNABORTED),
    "interrupted": (-EINTR, 0),
    "orphaned": (-EINPROGRESS, 0),
    "exited": (-EINPROGRESS, -ECONNABORTED),
    "deferred-established": (0, 0),
    "deferred-refused": (0, -ECONNREFUSED),
    "sent-established": (4, 0),
    "sent-refused": (4, -ECONNREFUSED),
}
# MPTCP has no socket options that would make it give up soon.
CASES = [(name, over) for name in OUTCOMES for over in LOOPBACK if (name, over) != ("timed-out", "mptcp")]


def run(audit, scenario, over):
    """The records of the socket that connects, and what the workload told of it."""
    log = audit([machine.workload("outcome"), scenario, over])
    (told,) = json_lines(log.out)
    records = log.of("session.network", socket_inode=told["inode"])
    return log, told, [r for r in records if r["operation"] in ("connect", "connected")]


def wanted(told, over, operation, result):
    six = over == "6"
    return {
        "operation": operation,
        "family": socket.AF_INET6 if six else socket.AF_INET,
        "family_name": "AF_INET6" if six else "AF_INET",
        "socket_type": "stream",
        "protocol": "mptcp" if over == "mptcp" else "tcp",
        "version": 6 if six else 4,
        "src_addr": LOOPBACK[over],
        "src_port": told["src_port"],
        "dst_addr": LOOPBACK[over],
        "dst_port": told["dst_port"],
        "address_source": "kernel",
        "socket_inode": told["inode"],
        "return_code": result,
    }


@pytest.mark.parametrize("scenario, over", CASES)
def test_the_outcome_is_told_once(audit, scenario, over):
    log, told, records = run(audit, scenario, over)
    call, outcome = OUTCOMES[scenario]
    assert told["result"] == call
    if scenario in ("refused", "sent-refused"):
        # The answer was there before the call returned: the port was given back, and nobody can ask for it any more.
        told["src_port"] = records[0]["src_port"]
        assert told["src_port"] > 0
    assert [own(record) for record in records] == [
        wanted(told, over, "connect", call),
        wanted(told, over, "connected", outcome),
    ]
    for record in records:
        assert (record["pid"], record["tid"]) == (told["pid"], told["tid"])
        assert record["exe"] == machine.workload("outcome")


@pytest.mark.parametrize("over", LOOPBACK)
def test_a_connection_that_is_given_up_by_connecting_to_nothing(audit, over):
    log, told, records = run(audit, "disconnected", over)
    protocol = "mptcp" if over == "mptcp" else "tcp"
    assert [own(record) for record in records] == [
        wanted(told, over, "connect", -EINPROGRESS),
        wanted(told, over, "connected", -ECONNABORTED),
        {k: v for k, v in other(0, kind="stream", protocol=protocol)[1].items() if v is not None}
        | {"socket_inode": told["inode"]},
    ]


@pytest.mark.parametrize("over", LOOPBACK)
def test_a_descriptor_that_is_taken_away_while_its_thread_connects(audit, over):
    """Another file is in its place when the call returns: the record tells of the socket that was connected."""
    log, told, records = run(audit, "taken-away", over)
    result = -ECONNABORTED if over == "mptcp" else -ECONNRESET
    assert [own(record) for record in records] == [wanted(told, over, "connect", result)]
    assert records[0]["pid"] == told["pid"] and records[0]["tid"] != told["tid"]


def test_a_connection_that_the_end_of_the_session_ends(audit):
    """Nobody is left who could be told of it; nothing is lost either."""
    code = (
        "import os, socket; s = socket.create_server(('127.0.0.1', 0), backlog=0); a = s.getsockname();"
        "f = socket.create_connection(a); c = socket.socket(); c.setblocking(False);"
        "os.write(1, b'%d\\n' % c.connect_ex(a)); os._exit(0)"
    )
    for _ in range(10):
        log = audit(["/usr/bin/python3", "-IS", "-c", code])
        assert log.out == b"115\n" and log.end["lost"] == 0
        assert not log.of("session.network", operation="connected")


def test_who_waits_gets_one_record(audit):
    code = (
        "import socket; s = socket.create_server(('127.0.0.1', 0), backlog=300);"
        "[socket.create_connection(s.getsockname()).close() for _ in range(200)]"
    )
    log = audit(["/usr/bin/python3", "-IS", "-c", code])
    assert len(log.of("session.network", operation="connect", return_code=0)) == 200
    assert not log.of("session.network", operation="connected")


def test_many_at_once(audit):
    """Connections of several threads, established and refused in turn, each with its one outcome."""
    log = audit(["/usr/bin/python3", "-IS", "-c", MANY])
    connects = log.of("session.network", operation="connect")
    outcomes = log.of("session.network", operation="connected")
    assert len(connects) == len(outcomes) == 4 * 200
    ends = ("socket_inode", "src_addr", "src_port", "dst_addr", "dst_port", "tid")
    assert sorted([r[name] for name in ends] for r in connects) == sorted(
        [r[name] for name in ends] for r in outcomes
    )
    assert {record["return_code"] for record in connects} == {-EINPROGRESS}
    results = [record["return_code"] for record in outcomes]
    assert results.count(0) == results.count(-ECONNREFUSED) == 400
    where = {r["socket_inode"]: r["ei"] for r in connects}
    assert all(where[record["socket_inode"]] < record["ei"] for record in outcomes)


MANY = """
import select, socket, threading
server = socket.create_server(("127.0.0.1", 0), backlog=1000)
nobody = socket.socket(); nobody.bind(("127.0.0.1", 0))
kept = []
def connect():
    for i in range(200):
        s = socket.socket(); s.setblocking(False); kept.append(s)
        s.connect_ex((server if i % 2 else nobody).getsockname())
        select.select([], [s], [])
threads = [threading.Thread(target=connect) for _ in range(4)]
[t.start() for t in threads]; [t.join() for t in threads]
"""
