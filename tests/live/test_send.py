# SPDX-License-Identifier: Apache-2.0
"""Datagrams sent to an address without connect(2)."""
import socket
from errno import EACCES, EFAULT, EINVAL, EMSGSIZE, ENETUNREACH

import machine
from addresses import AF_INET, AF_INET6, AF_UNSPEC, DGRAM, free_port, listener, v4, v4_bytes, v6, v6_bytes
from calls import BAD, Script, raw, read_facts, resolve, structure
from expect import LOCAL, UDP, fact, inet, local_port
from flags import CLONE_NEWNET
from records import own


def message(address, data=b"datagram"):
    """struct msghdr for one datagram."""
    vector = structure(("p", raw(data)), ("q", len(data)))
    return structure(
        ("p", raw(address)), ("q", len(address)), ("p", vector), ("q", 1), ("q", 0), ("q", 0), ("q", 0)
    )


def several(*pairs):
    """struct mmsghdr, one for each (address, data): the fields of a msghdr, and the length that the kernel writes."""
    fields = []
    for address, data in pairs:
        vector = structure(("p", raw(data)), ("q", len(data)))
        fields += [
            ("p", raw(address) if address else 0),
            ("q", len(address or b"")),
            ("p", vector),
            ("q", 1),
            ("q", 0),
            ("q", 0),
            ("q", 0),
            ("q", 0),
        ]
    return structure(*fields)


def test_sendto(script):
    with listener(kind=socket.SOCK_DGRAM) as four, listener(socket.AF_INET6, socket.SOCK_DGRAM) as six:
        port, port6 = four.getsockname()[1], six.getsockname()[1]
        s = Script()
        one = s.do("socket", AF_INET, DGRAM, 0)
        s.add(
            "sendto",
            one,
            b"hello",
            5,
            0,
            *v4("127.0.0.1", port),
            flags="n",
            expect=inet("send", "127.0.0.1", port, **LOCAL, **UDP, result=5)
        )
        s.add(
            "sendto",
            one,
            b"",
            0,
            0,
            *v4("127.0.0.3", 9),
            flags="n",
            expect=inet("send", "127.0.0.3", 9, **LOCAL, **UDP, result=0)
        )
        two = s.do("socket", AF_INET6, DGRAM, 0)
        s.add(
            "sendto",
            two,
            b"hello",
            5,
            0,
            *v6("::1", port6),
            flags="n",
            expect=inet("send", "::1", port6, **LOCAL, **UDP, result=5)
        )
        script(s)


def test_sendmsg(script):
    with listener(kind=socket.SOCK_DGRAM) as four, listener(socket.AF_INET6, socket.SOCK_DGRAM) as six:
        port, port6 = four.getsockname()[1], six.getsockname()[1]
        s = Script()
        one = s.do("socket", AF_INET, DGRAM, 0)
        s.add(
            "sendmsg",
            one,
            message(v4_bytes("127.0.0.1", port)),
            0,
            flags="n",
            expect=inet("send", "127.0.0.1", port, **LOCAL, **UDP, result=8),
        )
        two = s.do("socket", AF_INET6, DGRAM, 0)
        s.add(
            "sendmsg",
            two,
            message(v6_bytes("::1", port6)),
            0,
            flags="n",
            expect=inet("send", "::1", port6, **LOCAL, **UDP, result=8),
        )
        script(s)


def test_sendmmsg(audit):
    """A record for each message, in order."""
    targets = [("127.0.0.%d" % (10 + i), 4000 + i) for i in range(5)]
    s = Script()
    one = s.do("socket", AF_INET, DGRAM, 0)
    s.do("bind", one, *v4("127.0.0.1", 0))
    s.add(
        "sendmmsg",
        one,
        several(*((v4_bytes(*target), b"xyz") for target in targets)),
        len(targets),
        0,
        flags="n",
    )
    log = audit([machine.workload("calls")], stdin=s.text())
    told = [facts["call"] for name, facts in read_facts(log.out).items() if name.startswith("sendmmsg")][0]
    assert told["result"] == len(targets)
    identity = {"socket_inode": read_facts(log.out)[one[1:]]["call"]["inode"]}
    wanted = [resolve(inet("send", *target, **LOCAL, **UDP, **identity)[1], told, {}) for target in targets]
    assert [own(record) for record in log.of("session.network", operation="send")] == wanted


def test_failures(script):
    s = Script()
    one = s.do("socket", AF_INET, DGRAM, 0)
    s.add(
        "sendto",
        one,
        b"x",
        1,
        0,
        *v4("255.255.255.255", 9),
        flags="n",
        expect=inet("send", "255.255.255.255", 9, **LOCAL, **UDP, result=-EACCES)
    )
    s.add(
        "sendto",
        one,
        raw(bytes(65520)),
        65520,
        0,
        *v4("127.0.0.1", 9),
        flags="n",
        expect=inet("send", "127.0.0.1", 9, **LOCAL, **UDP, result=-EMSGSIZE)
    )
    s.do("unshare", CLONE_NEWNET)
    two = s.do("socket", AF_INET, DGRAM, 0)
    s.add(
        "sendto",
        two,
        b"x",
        1,
        0,
        *v4("192.0.2.1", 53),
        flags="n",
        expect=inet("send", "192.0.2.1", 53, **LOCAL, **UDP, result=-ENETUNREACH)
    )
    s.add(
        "sendmsg",
        two,
        message(v4_bytes("192.0.2.2", 53)),
        0,
        flags="n",
        expect=inet("send", "192.0.2.2", 53, **LOCAL, **UDP, result=-ENETUNREACH),
    )
    six = s.do("socket", AF_INET6, DGRAM, 0)
    s.add(
        "sendto",
        six,
        b"x",
        1,
        0,
        *v6("2001:db8::1", 53),
        result="any",
        flags="n",
        expect=inet("send", "2001:db8::1", 53, **LOCAL, **UDP, result=fact("result"))
    )
    log = script(s)
    assert all(record["return_code"] < 0 for record in log.of("session.network"))


def test_failures_before_the_kernel_looks_at_the_address(script):
    """No port, a family that is not the socket's, an address too short, a bad pointer: attempts all the same."""
    s = Script()
    one = s.do("socket", AF_INET, DGRAM, 0)
    s.add(
        "sendto",
        one,
        b"x",
        1,
        0,
        *v4("127.0.0.1", 0),
        flags="n",
        expect=inet("send", "127.0.0.1", 0, **LOCAL, **UDP, source="request", result=-EINVAL)
    )
    s.add(
        "sendto",
        one,
        b"x",
        1,
        0,
        BAD,
        16,
        flags="n",
        expect=inet("send", None, 4, **LOCAL, **UDP, result=-EFAULT),
    )
    s.add(
        "sendto",
        one,
        b"x",
        1,
        0,
        raw(v4_bytes("127.0.0.1", 9)),
        8,
        flags="n",
        expect=inet("send", None, 4, **LOCAL, **UDP, result=-EINVAL),
    )
    script(s)


def test_connected_socket(script):
    """An explicit address goes elsewhere than the connection: recorded. Without one it is the connection's, known already."""
    with listener(kind=socket.SOCK_DGRAM) as server, listener(kind=socket.SOCK_DGRAM) as elsewhere:
        port, other_port = server.getsockname()[1], elsewhere.getsockname()[1]
        s = Script()
        one = s.do("socket", AF_INET, DGRAM, 0)
        s.add(
            "connect",
            one,
            *v4("127.0.0.1", port),
            flags="n",
            expect=inet("connect", "127.0.0.1", port, **LOCAL, **UDP)
        )
        s.add("sendto", one, b"x", 1, 0, 0, 0)
        s.add(
            "sendto",
            one,
            b"x",
            1,
            0,
            *v4("127.0.0.1", other_port),
            flags="n",
            expect=inet("send", "127.0.0.1", other_port, **LOCAL, **UDP, result=1)
        )
        s.add("write", one, b"x", 1)
        script(s)


def test_addresses_of_another_family_that_the_kernel_takes(script):
    """IPv4 from an IPv6 socket, mapped or not, and AF_UNSPEC, which stands for AF_INET here: where it went is told."""
    s = Script()
    target = inet("send", "127.0.0.1", 9, src="0.0.0.0", src_port=local_port, **UDP, result=1)
    for family, address in (
        (AF_INET6, v6("::ffff:127.0.0.1", 9)),
        (AF_INET6, v4("127.0.0.1", 9)),
        (AF_INET, (raw(v4_bytes("127.0.0.1", 9, AF_UNSPEC)), 16)),
    ):
        one = s.do("socket", family, DGRAM, 0)
        s.add("sendto", one, b"x", 1, 0, *address, flags="n", expect=target)
    script(s)


def test_sendmmsg_that_fails_midway(audit):
    """Why the second message was not sent, the kernel tells nobody: it has no return code."""
    s = Script()
    one = s.do("socket", AF_INET, DGRAM, 0)
    pairs = [("127.0.0.1", 9), ("255.255.255.255", 9)]
    s.add("sendmmsg", one, several(*((v4_bytes(*pair), b"x") for pair in pairs)), 2, 0)
    log = audit([machine.workload("calls")], stdin=s.text())
    got = [(r["dst_addr"], r.get("return_code")) for r in log.of("session.network")]
    assert got == [("127.0.0.1", 0), ("255.255.255.255", None)]


def test_by_threads_and_children(script):
    s = Script()
    for flags in ("t", "c", "ct"):
        one = s.do("socket", AF_INET, DGRAM, 0)
        s.add(
            "sendto",
            one,
            b"x",
            1,
            0,
            *v4("127.0.0.1", 9),
            flags=flags + "n",
            expect=inet("send", "127.0.0.1", 9, **LOCAL, **UDP, result=1)
        )
    script(s)


def test_the_32_bit_calls(script):
    s = Script()
    one = s.do("socket", AF_INET, DGRAM, 0)
    s.add(
        "sendto",
        one,
        b"x",
        1,
        0,
        *v4("127.0.0.1", 9),
        flags="3n",
        expect=inet("send", "127.0.0.1", 9, **LOCAL, **UDP, result=1)
    )
    two = s.do("socket", AF_INET, DGRAM, 0)
    port = free_port(socket.SOCK_DGRAM)
    s.do("bind", two, *v4("127.0.0.1", port))
    address, size = v4("127.0.0.2", 9)
    # socketcall(SYS_SENDTO, {descriptor, data, size, flags, address, its size})
    s.add(
        "socketcall",
        11,
        structure(("w", two), ("w", b"x"), ("w", 1), ("w", 0), ("w", address), ("w", size)),
        flags="3",
        result=1,
        expect=inet("send", "127.0.0.2", 9, src="127.0.0.1", src_port=port, **UDP, result=1),
    )
    script(s)
