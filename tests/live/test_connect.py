# SPDX-License-Identifier: Apache-2.0
"""connect(2): every family and outcome, field by field."""
import socket
import struct
from errno import EACCES, EALREADY, EBADF, ECONNREFUSED, EFAULT, EINPROGRESS, EINVAL, EISCONN, ENETUNREACH

from addresses import (
    AF_INET,
    AF_INET6,
    AF_UNSPEC,
    DGRAM,
    NONBLOCK,
    STREAM,
    closed_port,
    free_port,
    listener,
    v4,
    v6,
)
from calls import BAD, Script, raw, structure
from expect import LOCAL, UDP, fact, given_back, inet, other
from flags import CLONE_NEWNET


def test_tcp(script):
    with listener() as four, listener(socket.AF_INET6) as six, closed_port() as none, closed_port(
        socket.AF_INET6
    ) as none6:
        port, port6 = four.getsockname()[1], six.getsockname()[1]
        s = Script()
        one = s.do("socket", AF_INET, STREAM, 0)
        s.add(
            "connect",
            one,
            *v4("127.0.0.1", port),
            flags="n",
            expect=inet("connect", "127.0.0.1", port, **LOCAL),
        )
        s.add(
            "connect",
            one,
            *v4("127.0.0.1", port),
            flags="n",
            expect=inet("connect", "127.0.0.1", port, **LOCAL, result=-EISCONN, source="request"),
        )
        two = s.do("socket", AF_INET6, STREAM, 0)
        s.add("connect", two, *v6("::1", port6), flags="n", expect=inet("connect", "::1", port6, **LOCAL))
        three = s.do("socket", AF_INET6, STREAM, 0)
        s.add(
            "connect",
            three,
            *v6("::ffff:127.0.0.1", port),
            flags="n",
            expect=inet("connect", "::ffff:127.0.0.1", port, **LOCAL),
        )
        refused = s.do("socket", AF_INET, STREAM, 0)
        s.add(
            "connect",
            refused,
            *v4("127.0.0.1", none.getsockname()[1]),
            expect=inet(
                "connect",
                "127.0.0.1",
                none.getsockname()[1],
                **given_back("127.0.0.1"),
                result=-ECONNREFUSED,
            ),
        )
        refused6 = s.do("socket", AF_INET6, STREAM, 0)
        s.add(
            "connect",
            refused6,
            *v6("::1", none6.getsockname()[1]),
            expect=inet(
                "connect", "::1", none6.getsockname()[1], **given_back("::1"), result=-ECONNREFUSED
            ),
        )
        script(s)


def test_tcp_from_a_bound_port(script):
    with listener() as server:
        port = server.getsockname()[1]
        s = Script()
        one = s.do("socket", AF_INET, STREAM, 0)
        s.do("bind", one, *v4("127.0.0.77", 0))
        s.add(
            "connect",
            one,
            *v4("127.0.0.1", port),
            flags="n",
            expect=inet("connect", "127.0.0.1", port, **LOCAL),
        )
        log = script(s)
        assert log.one("session.network", operation="connect")["src_addr"] == "127.0.0.77"


def test_udp(script):
    with listener(kind=socket.SOCK_DGRAM) as four, listener(socket.AF_INET6, socket.SOCK_DGRAM) as six:
        port, port6 = four.getsockname()[1], six.getsockname()[1]
        s = Script()
        one = s.do("socket", AF_INET, DGRAM, 0)
        s.add(
            "connect",
            one,
            *v4("127.0.0.1", port),
            flags="n",
            expect=inet("connect", "127.0.0.1", port, **LOCAL, **UDP),
        )
        # A datagram socket may be connected again, and to where nobody listens.
        s.add(
            "connect",
            one,
            *v4("127.0.0.2", 9),
            flags="n",
            expect=inet("connect", "127.0.0.2", 9, **LOCAL, **UDP),
        )
        two = s.do("socket", AF_INET6, DGRAM, 0)
        s.add(
            "connect", two, *v6("::1", port6), flags="n", expect=inet("connect", "::1", port6, **LOCAL, **UDP)
        )
        s.add(
            "connect",
            two,
            *v6("::ffff:127.0.0.1", port),
            result="any",
            flags="n",
            expect=inet("connect", "::ffff:127.0.0.1", port, **LOCAL, **UDP, result=fact("result")),
        )
        three = s.do("socket", AF_INET, DGRAM, 0)
        s.add(
            "connect",
            three,
            *v4("255.255.255.255", 9),
            flags="n",
            expect=inet("connect", "255.255.255.255", 9, **LOCAL, **UDP, result=-EACCES),
        )
        script(s)


def test_ipv4_from_an_ipv6_socket(script):
    """A datagram socket takes it, and is connected to the mapped address; a stream socket does not."""
    s = Script()
    one = s.do("socket", AF_INET6, DGRAM, 0)
    s.add(
        "connect",
        one,
        *v4("127.0.0.1", 9),
        flags="n",
        expect=inet("connect", "::ffff:127.0.0.1", 9, **LOCAL, **UDP),
    )
    two = s.do("socket", AF_INET6, STREAM, 0)
    s.add(
        "connect",
        two,
        *v4("127.0.0.1", 9),
        expect=inet("connect", "127.0.0.1", 9, source="request", result=-EINVAL),
    )
    script(s)


def test_not_at_once(script):
    """A server with a full backlog: the connection stays on its way."""
    with listener(backlog=0) as server, socket.socket() as filler:
        address = server.getsockname()
        filler.connect(address)
        s = Script()
        one = s.do("socket", AF_INET, STREAM | NONBLOCK, 0)
        s.add(
            "connect",
            one,
            *v4(*address),
            flags="n",
            expect=inet("connect", *address, **LOCAL, result=-EINPROGRESS),
        )
        s.add(
            "connect",
            one,
            *v4(*address),
            flags="n",
            expect=inet("connect", *address, **LOCAL, result=-EALREADY, source="request"),
        )
        script(s)


def test_unreachable(script):
    """A network namespace without any route; lo is down in it."""
    s = Script()
    s.do("unshare", CLONE_NEWNET)
    # A datagram socket has got its port by then, a stream socket has not.
    for kind, words in ((STREAM, {}), (DGRAM, UDP | LOCAL)):
        four = s.do("socket", AF_INET, kind, 0)
        s.add(
            "connect",
            four,
            *v4("192.0.2.1", 443),
            flags="n",
            expect=inet("connect", "192.0.2.1", 443, **words, result=-ENETUNREACH),
        )
        six = s.do("socket", AF_INET6, kind, 0)
        s.add(
            "connect",
            six,
            *v6("2001:db8::1", 443),
            flags="n",
            result="any",
            expect=inet("connect", "2001:db8::1", 443, **words, result=fact("result")),
        )
        s.add(
            "connect",
            six,
            *v6("fe80::1", 443, scope=1),
            flags="n",
            result="any",
            expect=inet("connect", "fe80::1", 443, **words, scope=1, result=fact("result")),
        )
    log = script(s)
    assert all(record["return_code"] < 0 for record in log.of("session.network"))


def test_disconnect(script):
    with listener() as server:
        port = server.getsockname()[1]
        s = Script()
        for kind, words in ((STREAM, {}), (DGRAM, UDP)):
            one = s.do("socket", AF_INET, kind, 0)
            s.add(
                "connect",
                one,
                *v4("127.0.0.1", port),
                flags="n",
                expect=inet("connect", "127.0.0.1", port, **LOCAL, **words),
            )
            s.add(
                "connect",
                one,
                raw(struct.pack("=H", AF_UNSPEC) + bytes(14)),
                16,
                expect=other(
                    AF_UNSPEC, kind=words.get("kind", "stream"), protocol=words.get("protocol", "tcp")
                ),
            )
        script(s)


def test_by_threads_and_children(script):
    with listener() as server:
        port = server.getsockname()[1]
        s = Script()
        for flags in ("t", "c", "ct"):
            one = s.do("socket", AF_INET, STREAM, 0)
            s.add(
                "connect",
                one,
                *v4("127.0.0.1", port),
                flags=flags + "n",
                expect=inet("connect", "127.0.0.1", port, **LOCAL),
            )
        script(s)


def test_the_32_bit_calls(script):
    with listener() as server:
        port = server.getsockname()[1]
        s = Script()
        one = s.do("socket", AF_INET, STREAM, 0)
        s.add(
            "connect",
            one,
            *v4("127.0.0.1", port),
            flags="3n",
            expect=inet("connect", "127.0.0.1", port, **LOCAL),
        )
        two = s.do("socket", AF_INET, STREAM, 0)
        # Bound beforehand: what socketcall() is given first is no socket that the workload could ask afterwards.
        s.do("bind", two, *v4("127.0.0.1", held_port := free_port()))
        address, size = v4("127.0.0.1", port)
        s.add(
            "socketcall",
            3,
            structure(("w", two), ("w", address), ("w", size)),
            flags="3",
            expect=inet("connect", "127.0.0.1", port, src="127.0.0.1", src_port=held_port),
        )
        s.add(
            "connect",
            12345,
            *v4("192.0.2.1", 80),
            flags="3",
            expect=inet(
                "connect", "192.0.2.1", 80, kind=None, protocol=None, source="request", result=-EBADF
            ),
        )
        s.add("connect", one, BAD, 16, flags="3n", expect=inet("connect", None, 4, **LOCAL, result=-EFAULT))
        script(s)


def test_fast_open_is_a_connection_too(script):
    """sendto() with MSG_FASTOPEN connects: a way around connect(2), but not around the record."""
    with listener() as server:
        port = server.getsockname()[1]
        s = Script()
        one = s.do("socket", AF_INET, STREAM, 0)
        s.add(
            "sendto",
            one,
            b"x",
            1,
            0x20000000,
            *v4("127.0.0.1", port),
            flags="n",
            expect=inet("connect", "127.0.0.1", port, **LOCAL, result=1),
        )
        script(s)
