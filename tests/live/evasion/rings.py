# SPDX-License-Identifier: Apache-2.0
"""Operations through io_uring in a session, and the records of them."""
import os

import flags as names
import machine
import pytest
from expect import disk
from records import own
from session import json_lines

UNAVAILABLE, NO_RESULT = 77, -1000
LINK, HARDLINK, ASYNC, SKIP = 4, 8, 16, 64  # IOSQE_*
SQPOLL, SUBMIT_ALL, SINGLE_ISSUER, DEFER_TASKRUN = 2, 128, 1 << 12, 1 << 13  # IORING_SETUP_*
NEW_SLOT = 0xFFFFFFFF
CWD = -100
ADDED = names.O_LARGEFILE  # by the kernel, to every open through io_uring

HOW = {"inline": [], "deferred": [f"setup={SINGLE_ISSUER | DEFER_TASKRUN}"], "polled": [f"setup={SQPOLL}"]}


@pytest.fixture
def uring(audit):
    """Run operations in a session; returns the log, with .told (the facts) and .results."""

    def run(*words, status=0, **more):
        log = audit([machine.workload("uring"), *map(os.fsdecode, words)], status=None, **more)
        if log.status == UNAVAILABLE:
            pytest.skip("io_uring is switched off")
        assert log.status == status, log.err
        log.told = json_lines(log.out)
        log.inodes = [told[name] for told in log.told for name in told if name.startswith("inode")]
        log.results = [result for told in log.told for result in told["results"]]
        return log

    return run


@pytest.fixture(params=HOW)
def how(request):
    return HOW[request.param]


def open_(path, flags=0, mode=0, *, sqe=0, directory=CWD, slot=0):
    return b"open=%d,%d,%b,%d,%d,%d" % (sqe, directory, path, flags, mode, slot)


def records(log):
    """What came through io_uring, and nothing else that the program did."""
    return [record for record in log.probed() if record.get("via") == "io_uring"]


def check(log, *expected):
    """The records of io_uring are these, as (event, own fields), in any order, as completions have none."""
    left = [(record["event"], own(record)) for record in records(log)]
    for _, fields in left:
        inode = fields.pop("socket_inode", None)
        assert fields.get("operation") == "accept" or inode in [None, *getattr(log, "inodes", ())]
    for event, fields in expected:
        wanted = (event, {name: value for name, value in fields.items() if value is not None})
        assert wanted in left, f"{wanted} is not in\n{log.summary()}"
        left.remove(wanted)
    assert not left, left


def opened(path, request=None, flags=0, *, result, **more):
    status = os.stat(path) if result is None or result >= 0 else None
    event, fields = disk(
        path, request, flags | ADDED, result=result if status is None else None, via="io_uring", **more
    )
    if status:
        fields |= {"return_code": result, "inode": status.st_ino, "dev": machine.device(status.st_dev)}
    return event, fields


def who(log):
    (record,) = records(log)
    return record
