# SPDX-License-Identifier: Apache-2.0
"""A connection that a request of io_uring begins and does not wait for: how it ended is a record of its own, once."""
import socket
from errno import ECANCELED, ECONNABORTED, ECONNREFUSED

import machine
import pytest
from records import own
from session import json_lines

UNAVAILABLE = 77
ASYNC = 16  # IOSQE_ASYNC
SQPOLL, SINGLE_ISSUER, DEFER_TASKRUN = 2, 1 << 12, 1 << 13  # IORING_SETUP_*
WAYS = {
    "inline": (0, 0),
    "worker": (0, ASYNC),
    "deferred": (SINGLE_ISSUER | DEFER_TASKRUN, 0),
    "polled": (SQPOLL, 0),
}
# The request's result (None: nobody hears of it), and the connection's, where that is another.
OUTCOMES = {
    "established": (0,),
    "refused": (-ECONNREFUSED,),
    "cancelled": (-ECANCELED, 0),
    "timed-out": (-ECANCELED, 0),
    "given-up": (-ECANCELED, -ECONNABORTED),
    "silent-established": (None, 0),
    "silent-refused": (None, -ECONNREFUSED),
    "deferred-established": (0, 0),
    "deferred-refused": (0, -ECONNREFUSED),
    "sent-established": (4, 0),
    "sent-refused": (4, -ECONNREFUSED),
}


PROTOCOLS = {"tcp": 0, "mptcp": socket.IPPROTO_MPTCP}


def wanted(told, protocol, operation, result):
    fields = {
        "operation": operation,
        "family": socket.AF_INET,
        "family_name": "AF_INET",
        "socket_type": "stream",
        "protocol": protocol,
        "version": 4,
        "src_addr": "127.0.0.1",
        "src_port": told["src_port"],
        "dst_addr": "127.0.0.1",
        "dst_port": told["dst_port"],
        "address_source": "kernel",
        "socket_inode": told["inode"],
        "return_code": result,
        "via": "io_uring" if operation == "connect" else None,
    }
    if result is None:
        del fields["src_addr"], fields["src_port"]
    return {name: value for name, value in fields.items() if value is not None}


def run(audit, scenario, way, protocol):
    words = [scenario, *map(str, WAYS[way]), str(PROTOCOLS[protocol])]
    log = audit([machine.workload("uring_outcome"), *words], status=None)
    if log.status == UNAVAILABLE:
        pytest.skip("io_uring is switched off")
    assert log.status == 0, log.err
    (told,) = json_lines(log.out)
    records = log.of("session.network", socket_inode=told["inode"])
    return told, [r for r in records if r["operation"] in ("connect", "connected")]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("scenario", OUTCOMES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_outcome_is_told_once(audit, scenario, protocol, way):
    told, records = run(audit, scenario, way, protocol)
    results = OUTCOMES[scenario]
    assert told["result"] == (-1000 if results[0] is None else results[0])
    if told["src_port"] == 0:
        # The port was given back.
        told["src_port"] = records[-1]["src_port"]
        assert told["src_port"] > 0
    operations = ("connect", "connected")
    assert [own(record) for record in records] == [
        wanted(told, protocol, operation, result) for operation, result in zip(operations, results)
    ]
    assert {record["pid"] for record in records} == {told["pid"]}
    assert {record["program"] for record in records} == {"uring_outcome"}
