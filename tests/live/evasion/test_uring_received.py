# SPDX-License-Identifier: Apache-2.0
"""Descriptors that come by a message that io_uring receives: each is a record, as those of recvmsg(2) are."""
import os
import socket

import machine
import pytest
from flags import O_APPEND, O_LARGEFILE, O_WRONLY
from records import own
from session import json_lines
from test_network_received import came, channel, file_record, send, socket_record

__all__ = ["channel"]

UNAVAILABLE = 77
ASYNC = 16  # IOSQE_ASYNC
SQPOLL, SINGLE_ISSUER, DEFER_TASKRUN = 2, 1 << 12, 1 << 13  # IORING_SETUP_*
WAYS = [
    pytest.param(setup, sqe, id=f"{name}-{sqe}")
    for name, setup in {"inline": 0, "deferred": SINGLE_ISSUER | DEFER_TASKRUN, "polled": SQPOLL}.items()
    for sqe in ((0, ASYNC) if name == "inline" else (0,))
]


def run(audit, channel, how, messages, setup=0, sqe=0):
    there = channel[1].fileno()
    words = [how, str(there), str(messages), str(setup), str(sqe)]
    log = audit([machine.workload("uring_receive"), *words], status=None, pass_fds=[there])
    if log.status == UNAVAILABLE:
        pytest.skip("io_uring is switched off")
    assert log.status == 0, log.err
    told = [(fact["fd"], fact["inode"]) for fact in json_lines(log.out)]
    return log, told, [record for record in log.of("session.disk", "session.network") if came(record)]


@pytest.mark.parametrize("setup,sqe", WAYS)
@pytest.mark.parametrize("how", ["each", "multishot", "read-only"])
def test_files_and_sockets(audit, channel, place, how, setup, sqe):
    """However the request is submitted, and even if the kernel cannot write its answer."""
    if how == "multishot" and sqe:
        return  # the kernel refuses it
    path = place.decode() + "/secret"
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    with open(path, "ab") as secret, open("/etc/passwd", "rb") as passwd, server, client:
        send(channel[0], [secret, client])
        send(channel[0], [])
        send(channel[0], [passwd])
        log, told, records = run(audit, channel, how, 3, setup, sqe)
        assert len(told) == 3
        assert [own(record) for record in records] == [
            file_record(path, O_WRONLY | O_APPEND | O_LARGEFILE, told[0]),
            socket_record(client, told[1]),
            file_record("/etc/passwd", O_LARGEFILE, told[2]),
        ]
    assert {record["program"] for record in records} == {"uring_receive"}
    assert len({record["pid"] for record in records}) == 1


@pytest.mark.parametrize("setup,sqe", [way for way in WAYS if way.values[1] == 0])
def test_many_into_the_same_memory(audit, channel, setup, sqe):
    """All submitted before the first of them completes: each is read before the next one is begun."""
    paths = ["/etc/passwd", "/etc/group", "/etc/hostname", "/etc/shells", "/etc/profile", "/etc/issue"]
    for path in paths:
        with open(path, "rb") as file:
            send(channel[0], [file])
    log, told, records = run(audit, channel, "batch", len(paths), setup, sqe)
    wanted = [file_record(path, O_LARGEFILE, one) for path, one in zip(paths, told)]
    assert [own(record) for record in records] == wanted


def test_success_that_nobody_hears_of(audit, channel):
    """What came is not known: a record for each such request, which says that descriptors may have come."""
    with open("/etc/passwd", "rb") as passwd:
        for _ in range(3):
            send(channel[0], [passwd])
        inode = os.fstat(channel[1].fileno()).st_ino
    log, told, records = run(audit, channel, "silent", 3)
    assert len(told) == 3
    asked = {
        "operation": "receive",
        "family": 1,
        "family_name": "AF_UNIX",
        "socket_type": "seqpacket",
        "socket_inode": inode,
        "via": "scm_rights",
    }
    assert [own(record) for record in records] == [
        asked,
        asked,
        file_record("/etc/passwd", O_LARGEFILE, told[2]),
    ]
