# SPDX-License-Identifier: Apache-2.0
"""io_uring: each operation, however it is submitted, is one record, with what the kernel did and who asked for it."""
import contextlib
import os
import socket
import struct
import subprocess
from errno import EACCES, EBADF, ECANCELED, ECONNREFUSED, EFAULT, EINVAL, ENAMETOOLONG, ENOENT, ENOTSOCK

import flags as names
import machine
import pytest
from addresses import AF_INET, AF_INET6, AF_UNIX, DGRAM, STREAM, closed_port, listener, v4_bytes, v6_bytes
from expect import disk, inet, local_address, local_port, unix
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


def who(log):
    (record,) = records(log)
    return record


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


def local(log, socket=0):
    """The fields of the socket's own end, as getsockname(2) told it in the end."""
    told = {"local": log.told[-1][f"local{socket}"]}
    return {"src": local_address(told), "src_port": local_port(told)}


def address(host, port):
    data = v4_bytes(host, port) if ":" not in host else v6_bytes(host, port)
    return data.hex().encode()


def network(operation, host, port, **more):
    return inet(operation, host, port, via="io_uring", **more)


UDP = {"kind": "dgram", "protocol": "udp"}
HOSTS = [(AF_INET, "127.0.0.1"), (AF_INET6, "::1")]
WAYS = [
    pytest.param(sqe, options, id=f"{name}-{sqe}")
    for name, options in HOW.items()
    for sqe in ((0, ASYNC) if name == "inline" else (0,))
]


@pytest.mark.parametrize("family,host", HOSTS)
@pytest.mark.parametrize("sqe,options", WAYS)
def test_connect(uring, family, host, sqe, options):
    """The request waits until it is known how the connection ends: that is its result."""
    with listener(family) as server, closed_port(family) as closed:
        port, nobody = server.getsockname()[1], closed.getsockname()[1]
        sockets = [f"socket={family},{STREAM}", f"socket={family},{STREAM}"]
        log = uring(
            *options,
            *sockets,
            b"connect=%d,20,%b" % (sqe, address(host, port)),
            b"connect=%d,21,%b" % (sqe, address(host, nobody)),
        )
    assert log.results == [0, -ECONNREFUSED]
    check(
        log,
        network("connect", host, port, **local(log)),
        network("connect", host, nobody, result=-ECONNREFUSED, **local(log, 1) | {"src": host}),
    )
    assert len(log.of("session.network")) == 2


@pytest.mark.parametrize("sqe", [0, ASYNC])
def test_connects_that_cannot_be(uring, place, sqe):
    """A bad address, one of another family, a descriptor that is no socket, and none at all."""
    log = uring(
        f"setup={SUBMIT_ALL}",
        f"socket={AF_INET},{STREAM}",
        b"connect=%d,20,-" % sqe,
        b"connect=%d,20,%b" % (sqe, address("127.0.0.1", 9)[:8]),
        b"connect=%d,1,%b" % (sqe, address("127.0.0.1", 9)),
        b"connect=%d,77,%b" % (sqe, address("127.0.0.1", 9)),
    )
    assert log.results == [-EFAULT, -EINVAL, -ENOTSOCK, -EBADF]
    got = [own(record) for record in sorted(records(log), key=lambda record: record["return_code"])]
    assert [record["return_code"] for record in got] == [-ENOTSOCK, -EINVAL, -EFAULT, -EBADF]
    assert [record["address_source"] for record in got[2:3]] == ["unreadable"]
    for record in (got[0], got[3]):
        assert (record["dst_addr"], record["dst_port"], record["address_source"]) == (
            "127.0.0.1",
            9,
            "kernel",
        )
        assert not record.keys() & {"socket_type", "protocol"}


SENDS = ["send", "sendmsg", "send_zc", "sendmsg_zc"]


@pytest.mark.parametrize("family,host", HOSTS)
@pytest.mark.parametrize("operation", SENDS)
@pytest.mark.parametrize("sqe,options", WAYS)
def test_sends(uring, family, host, operation, sqe, options):
    """Each with its own address, however many on a socket; one on a connected stream is none."""
    op = operation.encode()
    with listener(family) as server, listener(family, DGRAM) as peer, closed_port(family, DGRAM) as other:
        stream, a, b = (one.getsockname()[1] for one in (server, peer, other))
        log = uring(
            *options,
            f"bound={family},{DGRAM},{address('0.0.0.0' if family == AF_INET else '::', 0).decode()}",
            f"socket={family},{STREAM}",
            "completions=64",
            "wait=" + str(5 + 4 * ("zc" in operation)),
            b"%b=%d,20,%b,0" % (op, sqe | HARDLINK, address(host, a)),
            b"%b=%d,20,%b,0" % (op, sqe | HARDLINK, address(host, b)),
            b"%b=%d,20,%b,0" % (op, sqe | HARDLINK, address(host, a)),
            b"connect=%d,21,%b" % (sqe | HARDLINK, address(host, stream)),
            b"%b=%d,21,%b,0" % (op, sqe, address(host, b)),
        )
    assert log.results == [5, 5, 5, 0, 5]
    own_end = {"src": Anything(), "src_port": local(log)["src_port"]} | UDP
    check(
        log,
        network("send", host, a, result=5, **own_end),
        network("send", host, b, result=5, **own_end),
        network("send", host, a, result=5, **own_end),
        network("connect", host, stream, **local(log, 1)),
    )
    assert len(log.of("session.network")) == 4 + len(log.of("session.network", operation="bind"))


class Anything:
    def __eq__(self, other):
        return other is not None


def test_sends_whose_success_nobody_hears_of(uring):
    """What the hooks see of them is not taken for the next message of one call."""
    with closed_port(AF_INET, DGRAM) as peer:
        port = peer.getsockname()[1]
        send = b"sendmsg=%d,20,%b,0"
        log = uring(
            f"socket={AF_INET},{DGRAM}",
            "wait=1",
            *[send % (SKIP | LINK, address("127.0.0.1", port + i)) for i in range(3)],
            send % (0, address("127.0.0.1", port)),
        )
    assert log.results == [NO_RESULT, NO_RESULT, NO_RESULT, 5]
    told = [(r["dst_port"], r.get("return_code"), r["address_source"]) for r in records(log)]
    assert sorted(told, key=repr) == sorted(
        [(port + i, None, "kernel") for i in range(3)] + [(port, 5, "kernel")], key=repr
    )
    assert len(log.of("session.network")) == 4


def test_unix(uring, how, place):
    """The path that the peer is bound to, and abstract names."""
    path, abstract = place + b"/peer", b"\0seshat-%d" % os.getpid()
    with listener(socket.AF_UNIX, address=path), listener(socket.AF_UNIX, address=abstract):
        log = uring(
            *how,
            f"socket={AF_UNIX},{STREAM}",
            f"socket={AF_UNIX},{STREAM}",
            f"socket={AF_UNIX},{STREAM}",
            b"connect=0,20,%b" % unix_address(b"peer"),
            b"connect=0,21,%b" % unix_address(abstract),
            b"connect=0,22,%b" % unix_address(b"gone"),
            cwd=place,
        )
    assert log.results == [0, 0, -ENOENT]
    via = {"via": "io_uring"}
    for wanted in (
        unix(path, b"peer"),
        unix(b"@" + abstract[1:], abstract=True, source="request"),
        unix(place + b"/gone", b"gone", result=-ENOENT),
    ):
        fields = {name: value for name, value in (wanted[1] | via).items() if value is not None}
        assert [r for r in records(log) if fields.items() <= own(r).items()], (fields, log.summary())
    assert len(log.of("session.network")) == 3


def unix_address(name):
    return (struct.pack("=H", AF_UNIX) + name + (b"" if name.startswith(b"\0") else b"\0")).hex().encode()


@pytest.mark.parametrize("sqe,options", WAYS)
def test_the_other_direction(uring, sqe, options):
    """Bound, listened on and accepted from: all by the ring."""
    any_port = address("127.0.0.1", 0).decode()
    log = uring(
        *options,
        f"socket={AF_INET},{STREAM}",
        f"listening={AF_INET},{any_port}",
        f"bind={sqe | LINK},20,{any_port}",
        f"listen={sqe | LINK},20",
        f"connect={sqe | LINK},20,{any_port}",
        f"bind={sqe},20,{any_port}",
    )
    assert log.results[:2] == [0, 0]
    got = {r["operation"]: own(r) for r in records(log) if r["return_code"] == 0}
    for operation in ("bind", "listen"):
        record = got[operation]
        assert (record["src_addr"], record["src_port"]) == tuple(local(log).values())
        assert (record["socket_type"], record["protocol"], record["via"]) == ("stream", "tcp", "io_uring")
        assert "dst_addr" not in record
    refused = [own(r) for r in records(log) if r["return_code"] < 0]
    assert [r["operation"] for r in refused] == ["connect", "bind"]


@pytest.mark.parametrize("sqe,options", WAYS)
@pytest.mark.parametrize("slot", [0, 2, NEW_SLOT])
@pytest.mark.parametrize("multishot", [0, 1])
def test_accept(uring, sqe, options, slot, multishot):
    """Both ends of what was accepted, as often as it is, be it a descriptor or a direct one."""
    if multishot and slot == 2:
        return  # the kernel refuses it: each would take the other's place
    server = socket.create_server(("127.0.0.1", 0))
    inherited = server.fileno()
    with server, contextlib.ExitStack() as clients:
        ports = []
        for _ in range(1 + 2 * multishot):
            client = clients.enter_context(socket.create_connection(server.getsockname()))
            ports.append(client.getsockname()[1])
        log = uring(
            *options,
            "files=4",
            f"wait={1 + 2 * multishot}",
            f"accept={sqe},{inherited},-,{slot},0,{multishot}",
            pass_fds=[inherited],
        )
        port = server.getsockname()[1]
    accepted = [r for r in records(log) if r["operation"] == "accept" and r.get("return_code", -1) >= 0]
    assert sorted((r["dst_addr"], r["dst_port"]) for r in accepted) == sorted(("127.0.0.1", p) for p in ports)
    assert {(r["src_addr"], r["src_port"]) for r in accepted} == {("127.0.0.1", port)}
    assert [r["return_code"] for r in accepted] == log.told[0]["told"]
    assert len(log.of("session.network")) - len(accepted) == multishot


def test_what_has_not_ended_when_the_process_does(uring):
    """An accept that waits for ever is recorded at the end, without a result."""
    with listener() as server:
        descriptor = server.fileno()
        log = uring("wait=0", f"accept=0,{descriptor},-,0,0,0", pass_fds=[descriptor])
        port = server.getsockname()[1]
    record = who(log)
    assert (record["operation"], record["src_port"]) == ("accept", port)
    assert "return_code" not in record and "dst_addr" not in record
    log.one("session.exit", pid=record["pid"])
