# SPDX-License-Identifier: Apache-2.0
"""connect(2) to unix sockets."""
import os
import socket
import struct
from errno import EACCES, ECONNREFUSED, EINVAL, ENOENT, ENOTDIR, EPROTOTYPE

import machine
import pytest
from addresses import AF_UNIX, DGRAM, SEQPACKET, STREAM, listener, local
from calls import Script, raw
from expect import other, unix


@pytest.mark.parametrize("kind, name", [(STREAM, "stream"), (DGRAM, "dgram"), (SEQPACKET, "seqpacket")])
def test_unix_sockets(script, place, kind, name):
    path = place + b"/socket"
    os.symlink(b"socket", place + b"/link")
    with listener(socket.AF_UNIX, kind, path.decode()), listener(
        socket.AF_UNIX, kind, b"\0seshat \xff" + os.path.basename(place)
    ):
        s = Script()
        s.do("chdir", place)
        for request in (path, b"socket", b"./socket", b"../" + os.path.basename(place) + b"/socket", b"link"):
            one = s.do("socket", AF_UNIX, kind, 0)
            s.add("connect", one, *local(request), expect=unix(path, request, kind=name))
        one = s.do("socket", AF_UNIX, kind, 0)
        s.add("connect", one, *local(path, terminated=False), expect=unix(path, kind=name))
        one = s.do("socket", AF_UNIX, kind, 0)
        s.add(
            "connect",
            one,
            *local(b"socket\0rest is ignored", terminated=False),
            expect=unix(path, b"socket", kind=name),
        )
        hidden = b"seshat \xff" + os.path.basename(place)
        one = s.do("socket", AF_UNIX, kind, 0)
        s.add(
            "connect",
            one,
            *local(b"\0" + hidden, terminated=False),
            expect=unix(b"@" + hidden, kind=name, abstract=True, source="request"),
        )
        script(s)


def test_unix_failures(script, place):
    closed = socket.socket(socket.AF_UNIX)
    closed.bind(place + b"/closed")
    closed.close()
    open(place + b"/file", "wb").close()
    s = Script()
    s.do("chdir", place)
    with listener(socket.AF_UNIX, socket.SOCK_STREAM, (place + b"/stream").decode()):
        for request, error in (
            (place + b"/none", ENOENT),
            (b"none", ENOENT),
            (b"closed", ECONNREFUSED),
            (b"file", ECONNREFUSED),
            (b"file/x", ENOTDIR),
            (b"stream", EPROTOTYPE),
            (b"n" * 108, ENOENT),
            (b"/" + b"n" * 107, ENOENT),
            (b"bad \xff\n\x1b", ENOENT),
        ):
            one = s.do("socket", AF_UNIX, DGRAM, 0)
            whole = request if request.startswith(b"/") else place + b"/" + request
            s.add(
                "connect",
                one,
                *local(request, terminated=len(request) < 108),
                expect=unix(whole, request, kind="dgram", result=-error),
            )
        one = s.do("socket", AF_UNIX, DGRAM, 0)
        expect = unix(b"@", kind="dgram", abstract=True, source="request", result=-ECONNREFUSED)
        s.add("connect", one, *local(b"\0", terminated=False), expect=expect)
        s.add(
            "connect",
            one,
            *local(b"\0no such name", terminated=False),
            expect=unix(
                b"@no such name", kind="dgram", abstract=True, source="request", result=-ECONNREFUSED
            ),
        )
        s.add(
            "connect",
            one,
            raw(struct.pack("=H", AF_UNIX)),
            2,
            expect=other(AF_UNIX, kind="dgram", result=-EINVAL),
        )
        s.do("setresuid", machine.NOBODY, machine.NOBODY, machine.NOBODY)
        denied = s.do("socket", AF_UNIX, STREAM, 0)
        s.add(
            "connect", denied, *local(b"stream"), expect=unix(place + b"/stream", b"stream", result=-EACCES)
        )
        script(s)


def test_unix_in_a_chroot(script, place):
    os.mkdir(place + b"/root")
    with listener(socket.AF_UNIX, socket.SOCK_STREAM, (place + b"/root/socket").decode()):
        s = Script()
        s.do("chroot", place + b"/root")
        s.do("chdir", b"/")
        one = s.do("socket", AF_UNIX, STREAM, 0)
        s.add("connect", one, *local(b"/none"), expect=unix(place + b"/root/none", b"/none", result=-ENOENT))
        s.add("connect", one, *local(b"/socket"), expect=unix(place + b"/root/socket", b"/socket"))
        script(s)
