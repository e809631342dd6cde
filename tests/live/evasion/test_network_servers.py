# SPDX-License-Identifier: Apache-2.0
"""A reverse door is as good as a connect: bind, listen and accept, field by field."""
import os
import socket
import struct
from errno import EACCES, EADDRINUSE, EADDRNOTAVAIL, EBADF, EFAULT, EINVAL, EMFILE, ENOTSOCK, EOPNOTSUPP

import machine
import pytest
from addresses import (
    AF_INET,
    AF_INET6,
    AF_NETLINK,
    AF_PACKET,
    AF_UNIX,
    DGRAM,
    NONBLOCK,
    RAW,
    SEQPACKET,
    STREAM,
    closed_port,
    listener,
    local,
    v4,
    v4_bytes,
    v6,
)
from calls import BAD, Script, structure
from expect import LOCAL, UDP, fact, inet, local_address, local_port, other, paths, strings, unix

AF_VSOCK, ANY_CID = 40, 2**32 - 1
NO_PEER = {"dst_addr": None, "dst_port": None}


def own_end(operation, address, port=local_port, *, version=4, **more):
    """A record that has this end alone."""
    target = "192.0.2.1" if version == 4 else "2001:db8::1"  # which NO_PEER takes out again
    event, fields = inet(operation, target, 1, src=address, src_port=port, **more)
    return event, fields | NO_PEER


def unreadable(operation, version=4, **more):
    return inet(operation, None, version, **more)


def client_of(call):
    """The end that a client had after its connect."""

    def told_by(read):
        return lambda told: read(told["all"][call[1:]]["call"])

    return {"dst_addr": told_by(local_address), "dst_port": told_by(local_port)}


@pytest.mark.parametrize("flags", ["n", "tn", "cn"])
@pytest.mark.parametrize(
    "family, address, name", [(AF_INET, v4, "127.0.0.1"), (AF_INET6, v6, "::1"), (AF_INET6, v6, "::")]
)
def test_a_tcp_server(script, family, address, name, flags):
    version = 4 if family == AF_INET else 6
    s = Script()
    server = s.do("socket", family, STREAM, 0)
    s.add("bind", server, *address(name, 0), flags="n", expect=own_end("bind", name, version=version))
    s.add("listen", server, 5, flags=flags, expect=own_end("listen", name, version=version))
    script(s)


@pytest.mark.parametrize("call, more", [("accept", ()), ("accept4", (NONBLOCK,))])
def test_accept(script, call, more):
    s = Script()
    server = s.do("socket", AF_INET, STREAM, 0)
    port = socket.create_server(("127.0.0.1", 0))
    number = port.getsockname()[1]
    port.close()
    ends = {"src": "127.0.0.1", "src_port": number}
    s.do("bind", server, *v4("127.0.0.1", number), expect=own_end("bind", "127.0.0.1", number))
    s.do("listen", server, 5, expect=own_end("listen", "127.0.0.1", number))
    client = s.do("socket", AF_INET, STREAM, 0)
    connect = s.add(
        "connect",
        client,
        *v4("127.0.0.1", number),
        flags="n",
        expect=inet("connect", "127.0.0.1", number, **LOCAL),
    )
    event, expected = inet("accept", "127.0.0.1", 1, **ends, result=fact("result"))
    s.do(call, server, 0, 0, *more, expect=(event, expected | client_of(connect)))
    log = script(s)
    told = log.one("session.network", operation="accept")
    assert told["dst_port"] == log.one("session.network", operation="connect")["src_port"]


def test_a_server_that_nobody_has_called(script):
    """accept(2) on a socket that does not block: nothing has happened, and nothing is told."""
    s = Script()
    server = s.do("socket", AF_INET, STREAM | NONBLOCK, 0)
    s.add("listen", server, 5, flags="n", expect=own_end("listen", "0.0.0.0"))
    for _ in range(3):
        s.add("accept", server, 0, 0, result=-11, expect=())
    script(s)


def test_datagram_and_raw_sockets(script):
    s = Script()
    udp = s.do("socket", AF_INET, DGRAM, 0)
    s.add("bind", udp, *v4("127.0.0.9", 0), flags="n", expect=own_end("bind", "127.0.0.9", **UDP))
    s.add("listen", udp, 1, flags="n", expect=own_end("listen", "127.0.0.9", **UDP, result=-EOPNOTSUPP))
    s.add(
        "accept",
        udp,
        0,
        0,
        result=-EOPNOTSUPP,
        expect=own_end("accept", "127.0.0.9", fact_of_bind(udp, s), **UDP, result=-EOPNOTSUPP),
    )
    raw = s.do("socket", AF_INET, RAW, 253)
    words = {"kind": "raw", "protocol": "253"}
    s.add("bind", raw, *v4("127.0.0.8", 7), expect=own_end("bind", "127.0.0.8", 0, **words))
    script(s)


def fact_of_bind(descriptor, script):
    """The port that the bind before has got."""
    name = next(call["name"] for call in script.calls if call["name"].startswith("bind"))
    return lambda told: local_port(told["all"][name]["call"])


def test_failures(script):
    """What was asked for is then the program's word."""
    claim = {"source": "request"}
    with listener() as taken:
        port = taken.getsockname()[1]
        s = Script()
        one = s.do("socket", AF_INET, STREAM, 0)
        for address, number, error in (("127.0.0.1", port, EADDRINUSE), ("192.0.2.1", 80, EADDRNOTAVAIL)):
            expect = own_end("bind", address, number, **claim, result=-error)
            s.add("bind", one, *v4(address, number), expect=expect)
        s.add("bind", one, BAD, 16, expect=unreadable("bind", result=-EFAULT))
        s.add("bind", one, v4("127.0.0.1", 0)[0], 8, expect=unreadable("bind", result=-EINVAL))
        six = s.do("socket", AF_INET6, STREAM, 0)
        s.add("bind", six, BAD, 28, expect=unreadable("bind", 6, result=-EFAULT))
        s.add("accept", one, 0, 0, expect=own_end("accept", None, None, result=-EINVAL))
        s.do("setresuid", machine.NOBODY, machine.NOBODY, machine.NOBODY)
        s.add(
            "bind",
            one,
            *v4("127.0.0.1", 81),
            expect=own_end("bind", "127.0.0.1", 81, **claim, result=-EACCES),
        )
        script(s)


def test_what_is_no_socket(script):
    s = Script()
    nothing = {"kind": None, "protocol": None, "source": "request"}
    for descriptor, error in ((12345, EBADF), (0, ENOTSOCK)):
        expect = own_end("bind", "192.0.2.9", 80, **nothing, result=-error)
        s.add("bind", descriptor, *v4("192.0.2.9", 80), expect=expect)
        for operation in ("listen", "accept"):
            fields = {"operation": operation, "return_code": -error}
            s.add(operation, descriptor, 0, 0, expect=("session.network", fields))
    script(s)


def test_an_accept_that_finds_no_descriptor_left(script):
    with closed_port():
        s = Script()
        server = s.do("socket", AF_INET, STREAM, 0)
        s.add("listen", server, 5, flags="n", expect=own_end("listen", "0.0.0.0"))
        s.do("setrlimit", 7, structure(("q", 3), ("q", 3)))
        s.add(
            "accept4", server, 0, 0, NONBLOCK, flags="n", expect=own_end("accept", "0.0.0.0", result=-EMFILE)
        )
        script(s)


def unix_name(operation, path, request=None, kind="stream", result=0, abstract=False, peer=None):
    failed = not callable(result) and result < 0
    return "session.network", strings(
        {
            "operation": operation,
            "family": AF_UNIX,
            "family_name": "AF_UNIX",
            "socket_type": kind,
            **paths(path, path if request is None else request, "request" if failed else "kernel"),
            "abstract": abstract or None,
            "peer_path": peer,
            "return_code": result,
        }
    )


@pytest.mark.parametrize("kind, name", [(STREAM, "stream"), (SEQPACKET, "seqpacket")])
def test_a_unix_server(script, place, kind, name):
    path = place + b"/socket"
    s = Script()
    s.do("chdir", place)
    server = s.do("socket", AF_UNIX, kind, 0)
    s.add("bind", server, *local(b"./socket"), expect=unix_name("bind", path, b"./socket", kind=name))
    s.add("listen", server, 5, expect=unix_name("listen", path, kind=name))
    hidden = b"client \xff" + os.path.basename(place)
    for own_name, peer in ((None, None), (b"client", place + b"/client"), (b"\0" + hidden, b"@" + hidden)):
        client = s.do("socket", AF_UNIX, kind, 0)
        if own_name:
            abstract = own_name[:1] == b"\0"
            expect = unix_name("bind", peer, None if abstract else own_name, kind=name, abstract=abstract)
            s.add("bind", client, *local(own_name, terminated=not abstract), expect=expect)
        s.add("connect", client, *local(b"socket"), expect=unix(path, b"socket", kind=name))
        expect = unix_name("accept", path, kind=name, peer=peer, result=fact("result"))
        s.do("accept", server, 0, 0, expect=expect)
    script(s)


def test_abstract_unix_servers(script, place):
    hidden = b"seshat \xff" + os.path.basename(place)
    s = Script()
    server = s.do("socket", AF_UNIX, STREAM, 0)
    s.add(
        "bind",
        server,
        *local(b"\0" + hidden, terminated=False),
        expect=unix_name("bind", b"@" + hidden, abstract=True),
    )
    s.add("listen", server, 5, expect=unix_name("listen", b"@" + hidden, abstract=True))
    again = s.do("socket", AF_UNIX, STREAM, 0)
    s.add(
        "bind",
        again,
        *local(b"\0" + hidden, terminated=False),
        expect=unix_name("bind", b"@" + hidden, abstract=True, result=-EADDRINUSE),
    )
    script(s)


def test_unix_failures(script, place):
    path = place + b"/socket"
    s = Script()
    s.do("chdir", place)
    one = s.do("socket", AF_UNIX, STREAM, 0)
    s.add("bind", one, *local(b"none/x"), expect=unix_name("bind", place + b"/none/x", b"none/x", result=-2))
    s.add("bind", one, *local(path), expect=unix_name("bind", path))
    two = s.do("socket", AF_UNIX, STREAM, 0)
    s.add("bind", two, *local(b"socket"), expect=unix_name("bind", path, b"socket", result=-EADDRINUSE))
    script(s)


def test_other_families(script):
    """A netlink socket that takes a number names no peer: no record. Of others there is the family."""
    s = Script()
    link = s.do("socket", AF_NETLINK, RAW, 0)
    s.add("bind", link, structure(("h", AF_NETLINK), ("h", 0), ("w", 0), ("w", 0)), 12, result=0, expect=())
    packet = s.do("socket", AF_PACKET, RAW, 0)
    address = struct.pack("=HHiHBB8s", AF_PACKET, 0, 1, 0, 0, 0, b"")
    s.add("bind", packet, address, 20, expect=other(AF_PACKET, operation="bind", kind="raw"))
    script(s)


def vsock(operation, *, src=(None, None), dst=(None, None), source="kernel", result=0):
    return "session.network", {
        "operation": operation,
        "family": AF_VSOCK,
        "family_name": "AF_VSOCK",
        "socket_type": "stream",
        "src_cid": src[0],
        "src_port": src[1],
        "dst_cid": dst[0],
        "dst_port": dst[1],
        "address_source": source,
        "return_code": result,
    }


def test_vsock(script):
    """Context ids and ports of 32 bits. There is no way to the host here, nor to itself: connect fails."""
    with socket.socket(socket.AF_VSOCK) as holder:
        holder.bind((ANY_CID, ANY_CID))
        taken = holder.getsockname()[1]

        def address(cid, port):
            return struct.pack("=HHIIII", AF_VSOCK, 0, port, cid, 0, 0)[:16], 16

        s = Script()
        one = s.do("socket", AF_VSOCK, STREAM, 0)
        s.add(
            "bind",
            one,
            *address(ANY_CID, taken),
            expect=vsock("bind", src=(ANY_CID, taken), source="request", result=-EADDRINUSE),
        )
        s.add("bind", one, *address(ANY_CID, 70123), expect=vsock("bind", src=(ANY_CID, 70123)))
        s.add("listen", one, 5, expect=vsock("listen", src=(ANY_CID, 70123)))
        two = s.do("socket", AF_VSOCK, STREAM, 0)
        # SO_VM_SOCKETS_CONNECT_TIMEOUT: a hundredth of a second.
        s.do("setsockopt", two, AF_VSOCK, 6, structure(("q", 0), ("q", 10000)), 16)
        s.add(
            "connect",
            two,
            *address(1, 70123),
            result="any",
            expect=vsock("connect", dst=(1, 70123), source="request", result=fact("result")),
        )
        log = script(s)
        assert log.one("session.network", operation="connect")["return_code"] < 0


def test_the_32_bit_calls(script):
    with closed_port() as held:
        port = held.getsockname()[1]
    s = Script()
    # socketcall: 2 bind, 4 listen, 5 accept, 18 accept4, of which the last two find nobody
    server = s.do("socket", AF_INET, STREAM | NONBLOCK, 0)
    address, size = v4("127.0.0.1", port)
    s.add(
        "socketcall",
        2,
        structure(("w", server), ("w", address), ("w", size)),
        flags="3",
        expect=own_end("bind", "127.0.0.1", port),
    )
    s.add(
        "socketcall",
        4,
        structure(("w", server), ("w", 5)),
        flags="3",
        expect=own_end("listen", "127.0.0.1", port),
    )
    for call, arguments in ((5, ("w", 0)), (18, ("w", 0))):
        fields = structure(("w", 12345), ("w", 0), arguments, ("w", 0))
        expect = ("session.network", {"operation": "accept", "return_code": -EBADF})
        s.add("socketcall", call, fields, flags="3", expect=expect)
    udp = s.do("socket", AF_INET, DGRAM, 0)
    s.add("bind", udp, *v4("127.0.0.1", 0), flags="3n", expect=own_end("bind", "127.0.0.1", **UDP))
    other_server = s.do("socket", AF_INET, STREAM | NONBLOCK, 0)
    s.add("listen", other_server, 5, flags="3n", expect=own_end("listen", "0.0.0.0"))
    s.add("accept4", other_server, 0, 0, 0, flags="3", result=-11, expect=())
    script(s)
