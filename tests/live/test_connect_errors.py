# SPDX-License-Identifier: Apache-2.0
"""Connects that cannot be: to what is no address, from what is no socket."""
import struct
from errno import EAFNOSUPPORT, EBADF, ECONNREFUSED, EFAULT, EINVAL, ENOTSOCK, EOPNOTSUPP

import pytest
from addresses import (
    AF_INET,
    AF_INET6,
    AF_NETLINK,
    AF_PACKET,
    AF_UNIX,
    DGRAM,
    ICMP,
    RAW,
    STREAM,
    listener,
    local,
    v4,
    v4_bytes,
    v6,
    v6_bytes,
)
from calls import BAD, Script, edge, raw
from expect import LOCAL, UDP, disk, fact, given_back, inet, other, unix
from flags import O_RDONLY


def test_what_is_no_socket(script):
    s = Script()
    file = s.do("open", b"/etc/passwd", O_RDONLY, expect=disk(b"/etc/passwd", flags=O_RDONLY))
    nothing = {"kind": None, "protocol": None, "source": "request"}
    for descriptor, error in ((12345, EBADF), (-1, EBADF), (file, ENOTSOCK), (0, ENOTSOCK)):
        s.add(
            "connect",
            descriptor,
            *v4("192.0.2.9", 80),
            expect=inet("connect", "192.0.2.9", 80, **nothing, result=-error),
        )
    s.add(
        "connect",
        12345,
        *v6("2001:db8::9", 80),
        expect=inet("connect", "2001:db8::9", 80, **nothing, result=-EBADF),
    )
    s.add("connect", file, *local(b"/run/x"), expect=unix(b"/run/x", kind=None, result=-ENOTSOCK))
    script(s)


def test_bad_pointers(script):
    s = Script()
    efault = -EFAULT
    for kind, words in ((STREAM, {}), (DGRAM, UDP)):
        one = s.do("socket", AF_INET, kind, 0)
        s.add("connect", one, BAD, 16, expect=inet("connect", None, 4, **words, result=efault))
        s.add("connect", one, 0, 16, expect=inet("connect", None, 4, **words, result=efault))
        s.add(
            "connect",
            one,
            edge(v4_bytes("192.0.2.1", 80)[:8]),
            16,
            expect=inet("connect", None, 4, **words, result=efault),
        )
        six = s.do("socket", AF_INET6, kind, 0)
        s.add("connect", six, BAD, 28, expect=inet("connect", None, 6, **words, result=efault))
    here = s.do("socket", AF_UNIX, STREAM, 0)
    s.add(
        "connect",
        here,
        BAD,
        110,
        expect=(
            "session.network",
            unix(None, source="unreadable", result=efault)[1] | {"address_source": "unreadable"},
        ),
    )
    link = s.do("socket", AF_NETLINK, RAW, 0)
    s.add(
        "connect",
        link,
        BAD,
        12,
        expect=(
            "session.network",
            other(AF_NETLINK, kind="raw", result=efault)[1] | {"address_source": "unreadable"},
        ),
    )
    script(s)


@pytest.mark.parametrize("kind, words", [(STREAM, {}), (DGRAM, UDP)])
def test_addresses_of_every_length(script, kind, words):
    """What is too short for a family, or for an IPv4 address, is no address; what is longer is."""
    s = Script()
    data = v4_bytes("127.0.0.1", 9) + bytes(240)
    for size in [*range(0, 20), 27, 28, 64, 110, 127, 128, 129, 200, 256, 65536, 2**31 - 1, -1]:
        one = s.do("socket", AF_INET, kind, 0)
        result = -EINVAL if size < 16 or size > 128 else None
        if result and 0 <= size < 16:
            expect = inet("connect", None, 4, **words, result=result)
        elif result:
            expect = inet("connect", "127.0.0.1", 9, **words, source="request", result=result)
        elif kind == STREAM:
            result = -ECONNREFUSED
            expect = inet("connect", "127.0.0.1", 9, **given_back("127.0.0.1"), result=result)
        else:
            expect = inet("connect", "127.0.0.1", 9, **LOCAL, **words)
        s.add("connect", one, raw(data), size, flags="n", result=result, expect=expect)
    for size in (2, 16, 23, 24, 27, 28, 128):
        six = s.do("socket", AF_INET6, kind, 0)
        result = -EINVAL if size < 24 else -ECONNREFUSED if kind == STREAM else None
        if size < 24:
            expect = inet("connect", None, 6, **words, result=result)
        else:
            source = given_back("::1") if result else LOCAL
            expect = inet("connect", "::1", 9, **words, result=result or 0, **source)
        s.add(
            "connect",
            six,
            raw(v6_bytes("::1", 9) + bytes(100)),
            size,
            flags="n",
            result=result,
            expect=expect,
        )
    script(s)


def test_families_of_every_number(script):
    """An address of a family that the socket is not of: the number is what the caller said, and no address is made of it."""
    s = Script()
    four = s.do("socket", AF_INET, STREAM, 0)
    for family in [*range(3, 10), *range(11, 40), *range(41, 47), 99, 255, 1000, 65535]:
        s.add(
            "connect",
            four,
            raw(v4_bytes("192.0.2.1", 80, family)),
            16,
            expect=other(family, kind="stream", protocol="tcp", result=-EAFNOSUPPORT),
        )
    s.add(
        "connect",
        four,
        *v6("2001:db8::1", 80),
        expect=inet("connect", "2001:db8::1", 80, source="request", result=-EAFNOSUPPORT),
    )
    s.add(
        "connect",
        four,
        *local(b"/run/claim"),
        expect=("session.network", unix(b"/run/claim", result=-EINVAL)[1] | {"protocol": "tcp"}),
    )
    script(s)


def test_other_sockets(script):
    s = Script()
    link = s.do("socket", AF_NETLINK, RAW, 0)
    s.add(
        "connect",
        link,
        raw(struct.pack("=HHII", AF_NETLINK, 0, 0, 0)),
        12,
        expect=other(AF_NETLINK, kind="raw"),
    )
    packet = s.do("socket", AF_PACKET, RAW, 0)
    s.add(
        "connect",
        packet,
        raw(struct.pack("=HHiHBB8s", AF_PACKET, 0, 1, 0, 0, 0, b"")),
        20,
        expect=other(AF_PACKET, kind="raw", result=-EOPNOTSUPP),
    )
    ping = s.do("socket", AF_INET, RAW, ICMP)
    s.add(
        "connect",
        ping,
        *v4("127.0.0.1", 0),
        expect=inet("connect", "127.0.0.1", 0, kind="raw", protocol="icmp"),
    )
    odd = s.do("socket", AF_INET, RAW, 253)
    s.add(
        "connect",
        odd,
        *v4("127.0.0.1", 0),
        expect=inet("connect", "127.0.0.1", 0, kind="raw", protocol="253"),
    )
    script(s)


def test_descriptors_of_every_size(script):
    with listener() as server:
        port = server.getsockname()[1]
        s = Script()
        for number in (63, 64, 255, 256, 1023, 1024, 15000):
            one = s.do("socket", AF_INET, STREAM, 0)
            s.do("dup2", one, number)
            expect = inet("connect", "127.0.0.1", port, **LOCAL, socket_inode=fact("inode", one))
            s.add("connect", number | 0xDEADBEEF << 32, *v4("127.0.0.1", port), flags="n", expect=expect)
        script(s)
