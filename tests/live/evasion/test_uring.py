# SPDX-License-Identifier: Apache-2.0
"""io_uring: each operation, however it is submitted, is one record, with what the kernel did and who asked for it."""
import os
from errno import EACCES, EBADF, ECANCELED, ECONNREFUSED, EFAULT, EINVAL, ENOENT

import flags as names
import machine
import pytest
from addresses import DGRAM, STREAM, closed_port, free_port, listener, v4_bytes, v6_bytes
from expect import LOCAL, disk, inet, unix
from records import own
from session import json_lines

UNAVAILABLE, NO_RESULT = 77, -1000
DRAIN, LINK, HARDLINK, ASYNC, SKIP = 2, 4, 8, 16, 64  # IOSQE_*
FIXED = 1
SQPOLL, R_DISABLED, SINGLE_ISSUER, DEFER_TASKRUN = 2, 64, 1 << 12, 1 << 13  # IORING_SETUP_*
NEW_SLOT = 0xFFFFFFFF
CWD, FIRST_SOCKET = -100, 20
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
    """EXPECTED as (event, own fields), in any order: completions have none."""
    got = sorted(([r["event"], own(r)] for r in records(log)), key=repr)
    want = [[event, {k: v for k, v in fields.items() if v is not None}] for event, fields in expected]
    assert len(got) == len(want), log.summary()
    for event, fields in got:
        assert [event, fields] in [[e, {k: f[k] for k in sorted(f, key=list(fields).index)}] if f.keys() == fields.keys() else 0 for e, f in want], (
            fields,
            want,
        )


def opened(path, request=None, flags=0, *, result, **more):
    status = os.stat(path) if result is None or result >= 0 else None
    event, fields = disk(
        path, request, flags | ADDED, result=result if status is None else None, via="io_uring", **more
    )
    if status:
        fields |= {"return_code": result, "inode": status.st_ino, "dev": machine.device(status.st_dev)}
    return event, fields


def test_opens(uring, how, place):
    """The kernel's path of what was opened, the request of what was not; whichever way the request ran."""
    there, link = machine.write_file(place + b"/there"), place + b"/link"
    os.symlink(there, link)
    for sqe in (0, ASYNC):
        new = place + b"/new%d" % sqe
        log = uring(
            *how,
            open_(place + b"/./there", sqe=sqe),
            open_(link, names.O_WRONLY, sqe=sqe),
            open_(b"gone", sqe=sqe),
            open_(new, names.O_CREAT | names.O_RDWR, 0o640, sqe=sqe),
            open_(b"0", sqe=sqe),
            cwd=place,
        )
        a, b, c, d, e = log.results
        assert (c, e) == (-ENOENT, -EFAULT)
        check(
            log,
            opened(there, place + b"/./there", result=a),
            opened(there, link, names.O_WRONLY, result=b),
            opened(place + b"/gone", b"gone", result=c),
            opened(new, None, names.O_CREAT | names.O_RDWR, result=d, mode=0o640, created=True),
            disk(None, flags=0, result=-EFAULT, via="io_uring"),
        )
