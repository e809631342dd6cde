# SPDX-License-Identifier: Apache-2.0
"""Socket addresses as the kernel takes them, and servers to connect to."""
import contextlib
import socket
import struct

from calls import raw

AF_UNSPEC, AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET = 0, 1, 2, 10, 16, 17
STREAM, DGRAM, RAW, SEQPACKET, NONBLOCK = 1, 2, 3, 5, 0o4000
TCP, UDP, ICMP = 6, 17, 1


def v4_bytes(address, port, family=AF_INET):
    return struct.pack("=H", family) + struct.pack("!H", port) + socket.inet_aton(address) + bytes(8)


def v6_bytes(address, port, scope=0, family=AF_INET6):
    return (
        struct.pack("=H", family)
        + struct.pack("!HI", port, 0)
        + socket.inet_pton(socket.AF_INET6, address)
        + struct.pack("=I", scope)
    )


def v4(address, port):
    """The two arguments that connect(2) takes."""
    return raw(v4_bytes(address, port)), 16


def v6(address, port, scope=0):
    return raw(v6_bytes(address, port, scope)), 28


def local(path, terminated=True):
    data = struct.pack("=H", AF_UNIX) + path + (b"\0" if terminated else b"")
    return raw(data), len(data)


@contextlib.contextmanager
def listener(family=socket.AF_INET, kind=socket.SOCK_STREAM, address=None, backlog=16):
    """A server that takes connections into its backlog and answers nothing."""
    server = socket.socket(family, kind)
    with server:
        server.bind(
            address if address is not None else (("::1" if family == socket.AF_INET6 else "127.0.0.1"), 0)
        )
        if kind != socket.SOCK_DGRAM:
            server.listen(backlog)
        yield server


def free_port(kind=socket.SOCK_STREAM):
    """A port that was free just now."""
    with socket.socket(socket.AF_INET, kind) as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def closed_port(family=socket.AF_INET, kind=socket.SOCK_STREAM):
    """A port that nobody listens at: held by a socket that does not listen, so that nobody takes it."""
    holder = socket.socket(family, kind)
    holder.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
    return holder
