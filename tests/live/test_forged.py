# SPDX-License-Identifier: Apache-2.0
"""What did not happen as the return code says: the record claims no more than the kernel knows."""
import struct
from errno import EPERM

import machine
import pytest
from addresses import AF_INET, AF_INET6, DGRAM, STREAM, listener, v4, v6
from calls import NUMBERS, Script, raw, structure
from expect import LOCAL, inet
from session import json_lines

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
RET_ERRNO, RET_ALLOW = 0x00050000, 0x7FFF0000
UNAVAILABLE = 77


def answer(s, call, error):
    """A seccomp filter that answers CALL with ERROR, of which 0 is a success that never was."""
    load, equal, give = 0x20, 0x15, 0x06
    program = [
        (load, 0, 0, 0),
        (equal, 0, 1, NUMBERS[call]),
        (give, 0, 0, RET_ERRNO | error),
        (give, 0, 0, RET_ALLOW),
    ]
    code = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    s.do("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    fprog = structure(("h", len(program)), ("h", 0), ("w", 0), ("p", raw(code)))
    s.do("prctl", PR_SET_SECCOMP, SECCOMP_MODE_FILTER, fprog)


CASES = [
    (AF_INET, STREAM, "203.0.113.7", {}),
    (AF_INET, DGRAM, "203.0.113.7", {"kind": "dgram", "protocol": "udp"}),
    (AF_INET6, STREAM, "2001:db8::7", {}),
    (AF_INET6, DGRAM, "2001:db8::7", {"kind": "dgram", "protocol": "udp"}),
]


@pytest.mark.parametrize("error", [0, EPERM])
@pytest.mark.parametrize("family,kind,address,more", CASES)
def test_a_connect_that_a_filter_answers(script, family, kind, address, more, error):
    """The address is the request's, and nobody's word but the caller's."""
    s = Script()
    socket = s.do("socket", family, kind, 0)
    answer(s, "connect", error)
    to = v4(address, 443) if family == AF_INET else v6(address, 443)
    s.add(
        "connect",
        socket,
        *to,
        expect=inet("connect", address, 443, source="request", result=-error, **more),
    )
    script(s)


def test_on_a_socket_that_is_connected(script):
    """A filter's answer for the second connect: what the record says of the peer stays true of the socket."""
    with listener(kind=DGRAM) as server:
        port = server.getsockname()[1]
        s = Script()
        socket = s.do("socket", AF_INET, DGRAM, 0)
        udp = {"kind": "dgram", "protocol": "udp"}
        s.add(
            "connect",
            socket,
            *v4("127.0.0.1", port),
            flags="n",
            expect=inet("connect", "127.0.0.1", port, **LOCAL, **udp),
        )
        answer(s, "connect", EPERM)
        s.add(
            "connect",
            socket,
            *v4("203.0.113.7", 443),
            flags="n",
            expect=inet("connect", "203.0.113.7", 443, source="request", result=-EPERM, **LOCAL, **udp),
        )
        script(s)


def test_sends_after_a_connect_through_io_uring(audit):
    """What the connect hook saw belongs to the ring's call: no later call is taken for its end."""
    with listener() as server:
        port = server.getsockname()[1]
        log = audit([machine.workload("uring_connect"), str(port)], status=None)
    if log.status == UNAVAILABLE:
        pytest.skip("io_uring is switched off")
    (fact,) = json_lines(log.out)
    assert (fact["connect"], fact["sends"]) == (0, [5, 6, -1])
    assert not [record for record in log.of("session.network") if record.get("via") != "io_uring"]


def test_a_connect_after_one_through_io_uring(audit):
    """Nor is a later connect: each of another program is told with its own address."""
    program = machine.workload("uring_connect")
    with listener() as server:
        port = server.getsockname()[1]
        text = f'"$0" {port}; status=$?; "$1" 1 3; exit $status'
        log = audit(["sh", "-c", text, program, machine.workload("threads")], status=None)
    if log.status == UNAVAILABLE:
        pytest.skip("io_uring is switched off")
    told = [(record["operation"], record["dst_port"]) for record in log.of("session.network")]
    assert told == [("connect", port)] + [
        (name, base + i) for i in range(3) for name, base in (("connect", 10000), ("send", 20000))
    ]
