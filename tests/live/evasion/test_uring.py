# SPDX-License-Identifier: Apache-2.0
"""io_uring: each file that is opened, however it is asked for, is one record, with what the kernel did and who asked for it."""
import os
import subprocess
from errno import EACCES, EBADF, ECANCELED, EFAULT, EINVAL, ENAMETOOLONG, ENOENT

import flags as names
import machine
import pytest
from expect import disk
from rings import (  # noqa: F401 (fixtures)
    ASYNC,
    LINK,
    NEW_SLOT,
    NO_RESULT,
    SKIP,
    SQPOLL,
    check,
    how,
    open_,
    opened,
    records,
    uring,
    who,
)
from session import json_lines


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


def test_where_opens_begin(uring, how, place):
    """Below the working directory, below it as a root, and with flags that openat2 refuses."""
    os.mkdir(place + b"/inner")
    there = machine.write_file(place + b"/inner/there")
    in_root = names.RESOLVE_IN_ROOT
    log = uring(
        *how,
        b"open2=0,-100,inner/there,0,0,0,%d" % in_root,
        b"open2=0,-100,/inner/there,%d,0,0,%d" % (names.O_RDWR, in_root),
        b"open2=0,-100,/inner/gone,0,0,0,%d" % in_root,
        b"open2=0,-100,there,0,0,0,0x100",
        b"open=0,77,there,0,0",
        cwd=place,
    )
    a, b, c, d, e = log.results
    assert (c, d, e) == (-ENOENT, -EINVAL, -EBADF)
    resolve = {"resolve": ["RESOLVE_IN_ROOT"]}
    check(
        log,
        opened(there, b"inner/there", result=a, **resolve),
        opened(there, b"/inner/there", names.O_RDWR, result=b, **resolve),
        opened(place + b"/inner/gone", b"/inner/gone", result=c, **resolve),
        opened(place + b"/there", b"there", result=d, resolve=["0x100"]),
        opened(b"there", result=e),
    )


def test_direct_descriptors(uring, how, place):
    """They are in the ring alone: 0 is their return code, or the number that the kernel has chosen."""
    a, b = (machine.write_file(place + b"/" + name) for name in (b"a", b"b"))
    log = uring(*how, "files=4", open_(a, slot=3, sqe=LINK), b"open2=0,-100,%b,0,0,%d,0" % (b, NEW_SLOT))
    assert log.results == [0, 3]
    check(log, opened(a, result=0), opened(b, result=3))


def test_a_descriptor_that_is_used_again(uring, how, place):
    """All in one submission, before the first of them completes: each record has its own file."""
    a, b, c = (machine.write_file(place + b"/" + name) for name in (b"a", b"b", b"c"))
    (number,) = uring(*how, open_(a)).results
    close = b"close=0,%d,0" % number
    log = uring(*how, open_(a), close, open_(b), close, open_(c))
    assert log.results == [number, 0, number, 0, number]
    check(log, *(opened(path, result=number) for path in (a, b, c)))


def test_a_direct_descriptor_that_is_used_again(uring, how, place):
    """Put in the place of another one, or closed before."""
    a, b, c = (machine.write_file(place + b"/" + name) for name in (b"a", b"b", b"c"))
    log = uring(*how, "files=4", open_(a, slot=2), open_(b, slot=2), b"close=0,0,2", open_(c, slot=2))
    assert log.results == [0, 0, 0, 0]
    check(log, *(opened(path, result=0) for path in (a, b, c)))


def test_a_long_name(uring, how, place):
    """Of the request all is kept, up to the longest."""
    long = b"/" + b"n" * 200 + b"/." * 2000
    log = uring(*how, open_(place + long[:4000]), open_(place + long))
    assert log.results == [-ENOENT, -ENAMETOOLONG]
    check(
        log,
        opened(place + long[:4000], result=-ENOENT),
        disk((place + long)[:4095], result=-ENAMETOOLONG, flags=0, via="io_uring"),
    )


def test_links(uring, how, place):
    """One that fails takes the rest of its chain along; each was asked for, and is told."""
    there = machine.write_file(place + b"/there")
    log = uring(
        *how,
        open_(there, sqe=LINK),
        open_(place + b"/gone", sqe=LINK),
        open_(there, names.O_RDWR, sqe=LINK | ASYNC),
        open_(there, names.O_WRONLY),
        cwd=place,
    )
    a = log.results[0]
    assert log.results[1:] == [-ENOENT, -ECANCELED, -ECANCELED]
    check(
        log,
        opened(there, result=a),
        opened(place + b"/gone", result=-ENOENT),
        opened(there, None, names.O_RDWR, result=-ECANCELED),
        opened(there, None, names.O_WRONLY, result=-ECANCELED),
    )


def test_success_that_nobody_hears_of(uring, how, place):
    """With IOSQE_CQE_SKIP_SUCCESS a success makes no completion: one record each, of the request, without a result."""
    there = machine.write_file(place + b"/there")
    log = uring(
        *how,
        "wait=2",
        open_(there, sqe=SKIP | LINK),
        open_(there, names.O_WRONLY, sqe=SKIP | ASYNC | LINK),
        open_(place + b"/gone", sqe=SKIP),
        open_(place + b"/gone", names.O_RDWR),
    )
    assert log.results == [NO_RESULT, NO_RESULT, -ENOENT, -ENOENT]

    def asked(path, flags=0):
        event, fields = opened(path, None, flags, result=-ENOENT)
        return event, fields | {"return_code": None}

    check(
        log,
        asked(there),
        asked(there, names.O_WRONLY),
        asked(place + b"/gone"),
        opened(place + b"/gone", None, names.O_RDWR, result=-ENOENT),
    )


def test_a_chain_that_is_dropped_without_a_word(uring, how, place):
    """The first of it fails and skips its successes: then the kernel completes none of the others."""
    there = machine.write_file(place + b"/there")
    log = uring(
        *how,
        "wait=1",
        open_(place + b"/gone", sqe=SKIP | LINK),
        open_(there, sqe=LINK),
        open_(there, names.O_RDWR),
        cwd=place,
    )
    assert log.results == [-ENOENT, NO_RESULT, NO_RESULT]
    event, fields = opened(place + b"/gone", result=-ENOENT)
    check(
        log,
        (event, fields | {"return_code": None}),
        opened(there, result=-ECANCELED),
        opened(there, None, names.O_RDWR, result=-ECANCELED),
    )


@pytest.mark.parametrize("sqe", [0, ASYNC])
def test_a_thousand_at_once(uring, how, place, sqe):
    there = machine.write_file(place + b"/there")
    opens = [open_(there, sqe=sqe)] * 500 + [open_(place + b"/gone", sqe=sqe)] * 500
    log = uring(*how, "entries=1024", *opens)
    got = [(record["path"], record["return_code"]) for record in records(log)]
    paths = [there.decode()] * 500 + [(place + b"/gone").decode()] * 500
    assert sorted(got) == sorted(zip(paths, log.results))
    assert {record["path_source"] for record in log.of("session.disk", path=there.decode())} == {"kernel"}


def test_no_room_for_completions(uring, how, place):
    """Completions that find no room are told by their values alone; each is still its request's, once."""
    there = machine.write_file(place + b"/there")
    opens = [open_(there), open_(place + b"/gone")] * 100
    log = uring(*how, "entries=256", "completions=256", "times=1", *opens)
    check_results(log, there, place)
    log = uring(*how, "entries=256", "completions=256", "wait=0", "times=3", *opens)
    assert len(records(log)) == 600
    assert len(log.of("session.disk", path=there.decode(), path_source="kernel")) == 300
    assert len(log.of("session.disk", path=(place + b"/gone").decode(), return_code=-ENOENT)) == 300


def check_results(log, there, place):
    got = sorted((record["path"], record["return_code"]) for record in records(log))
    paths = [there.decode(), (place + b"/gone").decode()] * 100
    assert got == sorted(zip(paths, log.results))


@pytest.mark.parametrize("by", [[], ["by=thread"], ["by=child"], ["by=orphan"]])
@pytest.mark.parametrize("sqe", [0, ASYNC])
def test_who_submits(uring, place, by, sqe):
    """The thread that submits, whichever thread does the work, and whoever made the ring."""
    log = uring(*by, open_(place, names.O_DIRECTORY, sqe=sqe))
    record, (told,) = who(log), log.told
    assert {name: record[name] for name in ("pid", "tid", "ppid")} == {
        name: told[name] for name in ("pid", "tid", "ppid")
    }
    assert (record["program"], record["exe"]) == ("uring", machine.workload("uring"))
    assert (record["tid"] == record["pid"]) == (by in ([], ["by=child"]))


@pytest.mark.parametrize("by", [[], ["by=thread"], ["by=child"], ["by=orphan"]])
def test_who_submits_to_a_ring_that_is_polled(uring, place, by):
    """The kernel's thread does: in the process that made the ring, whoever writes to it."""
    log = uring(f"setup={SQPOLL}", *by, open_(place, names.O_DIRECTORY))
    record, (told,) = who(log), log.told
    assert record["pid"] == (told["ppid"] if by == ["by=child"] else told["pid"])
    assert record["tid"] not in (record["pid"], told["tid"])
    assert (record["program"], record["exe"]) == ("uring", machine.workload("uring"))
    log.one("session.exit", pid=record["pid"])


def test_a_ring_that_is_polled_and_never_used(uring):
    """The kernel's thread is the last one of the process: its end is the process's."""
    log = uring(f"setup={SQPOLL}", "nop=0")
    log.one("session.exit", pid=log.told[0]["pid"], program="uring")


@pytest.mark.parametrize("setup", [0, SQPOLL])
@pytest.mark.parametrize("sqe", [0, ASYNC])
def test_a_personality(uring, place, setup, sqe):
    """The ids that the kernel checked: those of the registered credentials."""
    secret = machine.write_file(place + b"/secret")
    os.chmod(secret, 0o600)
    log = uring(f"setup={setup}", f"uid={machine.NOBODY}", open_(secret, sqe=sqe))
    assert log.results == [-EACCES]
    check(log, opened(secret, result=-EACCES))
    record = who(log)
    assert {record[name] for name in ("uid", "euid", "gid")} == {machine.NOBODY}


MAKER = machine.workload("uring_pass")


def user_of(line, place):
    """The command that takes the ring that LINE tells of, and opens a folder through it."""
    if not line:
        pytest.skip("io_uring is switched off")
    (made,) = json_lines(line)
    return [MAKER, str(made["pid"]), str(made["ring"]), made["params"], os.fsdecode(place)]


def test_a_ring_made_in_a_session_and_used_outside(start, bystander, place):
    one = start([MAKER], stdin=subprocess.PIPE)
    user = bystander(*user_of(one.process.stdout.readline(), place))
    (told,) = json_lines(user.stdout.read())
    one.finish()
    assert told["result"] >= 0 and not records(one.log())


def test_a_ring_made_outside_and_used_in_a_session(audit, bystander, place):
    log = audit(user_of(bystander(MAKER).stdout.readline(), place))
    (told,) = json_lines(log.out)
    check(log, opened(place, result=told["result"]))
    assert who(log)["pid"] == told["pid"]
