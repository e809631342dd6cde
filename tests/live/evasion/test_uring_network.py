# SPDX-License-Identifier: Apache-2.0
"""io_uring: each connection, datagram and accepted connection is one record, however it is asked for."""
import contextlib
import os
import socket
import struct
from errno import EBADF, ECONNREFUSED, EFAULT, EINVAL, ENOENT, ENOTSOCK

import pytest
from addresses import AF_INET, AF_INET6, AF_UNIX, DGRAM, STREAM, closed_port, listener, v4_bytes, v6_bytes
from expect import inet, local_address, local_port, unix
from records import own
from rings import (  # noqa: F401 (fixtures)
    ASYNC,
    HARDLINK,
    HOW,
    LINK,
    NEW_SLOT,
    NO_RESULT,
    SKIP,
    SUBMIT_ALL,
    check,
    how,
    records,
    uring,
    who,
)


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
