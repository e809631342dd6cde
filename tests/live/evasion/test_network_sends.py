# SPDX-License-Identifier: Apache-2.0
"""Datagrams that no connect announces, from sockets that no hook sees, by the call that sends many; and other namespaces."""
import os
import socket
import struct
from errno import EAGAIN, ECONNREFUSED, ENOENT

import machine
from addresses import (
    AF_INET,
    AF_NETLINK,
    AF_PACKET,
    AF_UNIX,
    DGRAM,
    RAW,
    STREAM,
    listener,
    local,
    v4,
    v4_bytes,
)
from calls import BAD, Script, raw, structure
from expect import LOCAL, UDP, given_back, inet, other, unix
from flags import CLONE_NEWNET
from session import json_lines
from test_send import message, several

RAW_253 = {"kind": "raw", "protocol": "253", "source": "request"}
KERNEL = struct.pack("=HHII", AF_NETLINK, 0, 0, 0)
LOOP = struct.pack("=HHiHBB8s", AF_PACKET, 0x0008, 1, 0, 0, 0, b"")
SIOCSIFFLAGS, IFF_UP = 0x8914, 1


def unix_bytes(path):
    return struct.pack("=H", AF_UNIX) + path


def send_many(script, descriptor, messages, records, flags="", **more):
    """sendmmsg(2), of which a record comes for each message; they are put down as if each were a call of its own."""
    count = len(messages)
    name = script.add("sendmmsg", descriptor, several(*messages), count, 0, flags=flags, **more)
    first = script.calls[-1]
    first["expect"] = records[0]
    for record in records[1:]:
        script.calls.append(first | {"expect": record})
    return name


def test_raw_sockets(script):
    """They have no hook: the address is the caller's word."""
    s = Script()
    one = s.do("socket", AF_INET, RAW, 253)
    target = v4_bytes("127.0.0.1", 0)
    expect = inet("send", "127.0.0.1", 0, **RAW_253, result=1)
    s.add("sendto", one, b"x", 1, 0, raw(target), 16, expect=expect)
    expect = inet("send", "127.0.0.1", 0, **RAW_253, result=8)
    s.add("sendmsg", one, message(target), 0, expect=expect)
    targets = ["127.0.0.%d" % i for i in range(1, 6)]
    records = [inet("send", target, 0, **RAW_253) for target in targets]
    send_many(s, one, [(v4_bytes(target, 0), b"abc") for target in targets], records, result=5)
    script(s)


def test_a_send_of_many_that_fails_midway(script):
    s = Script()
    one = s.do("socket", AF_INET, RAW, 253)
    good, bad = (v4_bytes("127.0.0.1", 0), b"x"), (v4_bytes("127.0.0.2", 0, 77), b"x")
    records = [
        inet("send", "127.0.0.1", 0, **RAW_253),
        other(77, operation="send", kind="raw", protocol="253", result=None),
    ]
    send_many(s, one, [good, bad, good], records, result=1)
    failed = other(77, operation="send", kind="raw", protocol="253", result=-97)
    send_many(s, one, [bad, good], [failed], result=-97)
    script(s)


def test_the_most_that_one_call_sends(audit):
    """UIO_MAXIOV: what is beyond it the kernel does not look at."""
    log = audit(["/usr/bin/python3", "-IS", "-c", MANY])
    assert log.out == b"1024\n"
    records = log.of("session.network", operation="send")
    targets = ["127.%d.%d.1" % (i // 200, i % 200 + 1) for i in range(1024)]
    assert [record["dst_addr"] for record in records] == targets
    assert {record["return_code"] for record in records} == {0}
    assert {record["address_source"] for record in records} == {"request"}


MANY = """
import ctypes, socket, struct
names = [struct.pack("=HH4s8s", 2, 0, bytes((127, i // 200, i % 200 + 1, 1)), b"") for i in range(1030)]
kept = [ctypes.create_string_buffer(name, 16) for name in names]
data = ctypes.create_string_buffer(b"x", 1)
vector = ctypes.create_string_buffer(struct.pack("=QQ", ctypes.addressof(data), 1), 16)
headers = b"".join(
    struct.pack("=QQQQQQQQ", ctypes.addressof(name), 16, ctypes.addressof(vector), 1, 0, 0, 0, 0) for name in kept
)
one = socket.socket(socket.AF_INET, socket.SOCK_RAW, 253)
one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
print(ctypes.CDLL(None).sendmmsg(one.fileno(), headers, 1030, 0))
"""


def test_packet_and_netlink_sockets(script):
    s = Script()
    packet = s.do("socket", AF_PACKET, DGRAM, 0)
    s.add(
        "sendto",
        packet,
        b"x",
        1,
        0,
        raw(LOOP),
        20,
        expect=other(17, operation="send", kind="dgram", result=1),
    )
    records = [other(AF_PACKET, operation="send", kind="dgram")] * 2
    send_many(s, packet, [(LOOP, b"abc"), (LOOP, b"abc")], records, result=2)
    link = s.do("socket", AF_NETLINK, RAW, 0)
    done = struct.pack("=IHHII", 16, 2, 0, 0, 0)
    s.add(
        "sendto",
        link,
        raw(done),
        16,
        0,
        raw(KERNEL),
        12,
        expect=other(AF_NETLINK, operation="send", kind="raw", result=16),
    )
    records = [other(AF_NETLINK, operation="send", kind="raw")] * 2
    send_many(s, link, [(KERNEL, done), (KERNEL, done)], records, result=2)
    script(s)


def test_unix_datagrams(script, place):
    hidden = b"seshat " + os.path.basename(place)
    with listener(socket.AF_UNIX, DGRAM, (place + b"/socket").decode()), listener(
        socket.AF_UNIX, DGRAM, b"\0" + hidden
    ):
        s = Script()
        s.do("chdir", place)
        one = s.do("socket", AF_UNIX, DGRAM, 0)
        words = {"operation": "send", "kind": "dgram", "source": "request"}
        address, size = local(b"socket")
        expect = unix(place + b"/socket", b"socket", **words, result=1)
        s.add("sendto", one, b"x", 1, 0, address, size, expect=expect)
        expect = unix(b"@" + hidden, **words, abstract=True, result=8)
        s.add("sendmsg", one, message(unix_bytes(b"\0" + hidden)), 0, expect=expect)
        names = [b"socket", place + b"/socket", b"\0" + hidden, b"./socket"]
        records = [
            unix(place + b"/socket", b"socket", **words),
            unix(place + b"/socket", **words),
            unix(b"@" + hidden, **words, abstract=True),
            unix(place + b"/./socket", b"./socket", **words),
        ]
        send_many(s, one, [(unix_bytes(name), b"abc") for name in names], records, result=4)
        names = [b"socket", b"none"]
        records = [records[0], unix(place + b"/none", b"none", **words, result=None)]
        send_many(s, one, [(unix_bytes(name), b"abc") for name in names], records, result=1)
        records = [unix(place + b"/none", b"none", **words, result=-ENOENT)]
        send_many(s, one, [(unix_bytes(b"none"), b"abc")], records, result=-ENOENT)
        script(s)


def test_an_address_that_is_overwritten_while_the_call_waits(audit, place):
    """The record has the name that the kernel had copied by then."""
    target, decoy = place.decode() + "/socket", place.decode() + "/decoy"
    log = audit([machine.workload("overwritten"), target, decoy])
    (told,) = json_lines(log.out)
    records = log.of("session.network", operation="send")
    results = [record["return_code"] for record in records]
    assert results == [1] * (told["count"] - 1) + [-EAGAIN, 1]
    assert {record["path"] for record in records} == {target}


def test_connected_sockets_and_streams(script):
    """Without an address, or with one that is ignored, a send goes where the connection goes, which is known."""
    with listener() as server, listener(kind=socket.SOCK_DGRAM) as datagrams:
        port, udp_port = server.getsockname()[1], datagrams.getsockname()[1]
        s = Script()
        one = s.do("socket", AF_INET, STREAM, 0)
        expect = inet("connect", "127.0.0.1", port, **LOCAL)
        s.add("connect", one, *v4("127.0.0.1", port), flags="n", expect=expect)
        other_address = v4_bytes("127.0.0.9", 9)
        s.add("sendto", one, b"x", 1, 0, raw(other_address), 16, result=1)
        s.add("sendmmsg", one, several((other_address, b"x"), (None, b"y")), 2, 0, result=2)
        two = s.do("socket", AF_INET, DGRAM, 0)
        expect = inet("connect", "127.0.0.1", udp_port, **LOCAL, **UDP)
        s.add("connect", two, *v4("127.0.0.1", udp_port), flags="n", expect=expect)
        s.add("sendmmsg", two, several((None, b"x"), (None, b"y")), 2, 0, result=2)
        script(s)


def test_a_vector_that_cannot_be_read(script):
    """No message was found, and so no address."""
    s = Script()
    for family, kind in ((AF_UNIX, DGRAM), (AF_INET, RAW), (AF_INET, DGRAM)):
        one = s.do("socket", family, kind, 253 if kind == RAW else 0)
        s.add("sendmmsg", one, BAD, 3, 0, result=-14)
    script(s)


def test_loopback_of_another_network_namespace(script):
    """The same address on another network: the record names the network, and not where it is the host's."""
    with listener(kind=socket.SOCK_DGRAM) as server:
        port = server.getsockname()[1]
        s = Script()
        here = s.do("socket", AF_INET, DGRAM, 0)
        s.do("unshare", CLONE_NEWNET)
        there = s.do("socket", AF_INET, DGRAM, 0)
        up = structure(("q", int.from_bytes(b"lo", "little")), ("q", 0), ("q", IFF_UP), ("q", 0), ("q", 0))
        s.do("ioctl", there, SIOCSIFFLAGS, up)
        for one in (here, there):
            expect = inet("connect", "127.0.0.1", port, **LOCAL, **UDP)
            s.add("connect", one, *v4("127.0.0.1", port), flags="n", expect=expect)
            expect = inet("send", "127.0.0.2", 9, **LOCAL, **UDP, result=1)
            s.add("sendto", one, b"x", 1, 0, *v4("127.0.0.2", 9), flags="n", expect=expect)
        stream = s.do("socket", AF_INET, STREAM, 0)
        expect = inet("connect", "127.0.0.1", port, **given_back("127.0.0.1"), result=-ECONNREFUSED)
        s.add("connect", stream, *v4("127.0.0.1", port), expect=expect)
        log = script(s)
    told = [record.get("network_namespace") for record in log.of("session.network")]
    there_ns = log.facts[there[1:]]["call"]["net_ns"]
    assert told == [None, None, there_ns, there_ns, there_ns]
    assert there_ns != log.facts[here[1:]]["call"]["net_ns"]
