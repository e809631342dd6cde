# SPDX-License-Identifier: Apache-2.0
"""Descriptors that arrive without an open: each is a record of what it stands for, and how it came."""
import array
import os
import socket

import machine
import pytest
from calls import Script, structure
from expect import FlagNames
from flags import O_APPEND, O_LARGEFILE, O_RDONLY, O_WRONLY
from records import own
from session import json_lines

WORKLOAD = machine.workload("receive")
SCM_MAX_FD = 253


def send(channel, files, data=b"x"):
    """Over a unix socket, to the session."""
    rights = array.array("i", [file.fileno() for file in files])
    channel.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if files else [])


def received(log, count):
    """What the workload told of the descriptors that it got, and the records of them, in order."""
    told = [(fact["fd"], fact["inode"]) for fact in json_lines(log.out)]
    assert len(told) == count
    return told, [record for record in log.of("session.disk", "session.network") if came(record)]


def came(record):
    return record.get("via") in ("scm_rights", "pidfd_getfd")


def file_record(path, flags, told, via="scm_rights"):
    status = os.stat(path)
    return {
        "path": path,
        "path_source": "kernel",
        "flags": flags,
        "flag_names": FlagNames(flags),
        "return_code": told[0],
        "inode": status.st_ino,
        "dev": machine.device(status.st_dev),
        "via": via,
    }


def socket_record(one, told, via="scm_rights", peer=True):
    here, there = one.getsockname(), one.getpeername() if peer else (None, None)
    fields = {
        "operation": "receive",
        "family": 2,
        "family_name": "AF_INET",
        "socket_type": "stream",
        "protocol": "tcp",
        "version": 4,
        "src_addr": here[0],
        "src_port": here[1],
        "dst_addr": there[0],
        "dst_port": there[1],
        "address_source": "kernel",
        "socket_inode": os.fstat(one.fileno()).st_ino,
        "return_code": told[0],
        "via": via,
    }
    return {name: value for name, value in fields.items() if value is not None}


@pytest.fixture
def channel():
    """A pair of sockets: this end, and the one that the session gets."""
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with here, there:
        yield here, there


def run(audit, channel, how, messages, workload=WORKLOAD):
    there = channel[1].fileno()
    return audit([workload, how, str(there), str(messages)], pass_fds=[there])


@pytest.mark.parametrize("how", ["recvmsg", "recvmmsg"])
def test_files_and_sockets_over_a_unix_socket(audit, channel, place, how):
    path = place.decode() + "/secret"
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    with open(path, "ab") as secret, open("/etc/passwd", "rb") as passwd, server, client:
        send(channel[0], [secret, client])
        send(channel[0], [])
        send(channel[0], [passwd, server])
        log = run(audit, channel, how, 3)
        told, records = received(log, 4)
        assert [own(record) for record in records] == [
            file_record(path, O_WRONLY | O_APPEND | O_LARGEFILE, told[0]),
            socket_record(client, told[1]),
            file_record("/etc/passwd", O_RDONLY | O_LARGEFILE, told[2]),
            socket_record(server, told[3], peer=False),
        ]
    assert {record["pid"] for record in records} == {log.start["leader_pid"]}


@pytest.mark.parametrize("how", ["recvmsg", "recvmmsg"])
def test_as_many_as_a_message_holds(audit, channel, how):
    with open("/etc/passwd", "rb") as passwd:
        for _ in range(2):
            send(channel[0], [passwd] * SCM_MAX_FD)
        told, records = received(run(audit, channel, how, 2), 2 * SCM_MAX_FD)
    assert [own(record) for record in records] == [
        file_record("/etc/passwd", O_RDONLY | O_LARGEFILE, each) for each in told
    ]


def test_a_call_that_fails_when_they_have_come(audit, channel):
    """The header of the message is read-only: EFAULT, after the kernel has put the descriptors into the table."""
    with open("/etc/passwd", "rb") as passwd:
        send(channel[0], [passwd, passwd])
        told, records = received(run(audit, channel, "unwritable", 1), 2)
    assert [own(record) for record in records] == [
        file_record("/etc/passwd", O_RDONLY | O_LARGEFILE, each) for each in told
    ]


def test_beside_other_control_messages(audit, channel):
    """Who sent it (SO_PASSCRED) comes before what was sent."""
    channel[1].setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    with open("/etc/passwd", "rb") as passwd:
        send(channel[0], [passwd])
        told, records = received(run(audit, channel, "recvmsg", 1), 1)
    assert [own(record) for record in records] == [
        file_record("/etc/passwd", O_RDONLY | O_LARGEFILE, told[0])
    ]


def test_unix_sockets_have_names_of_both_ends(audit, channel, place):
    path = place.decode() + "/socket"
    server, client = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    with server, client:
        server.bind(path)
        server.listen()
        client.bind(b"\0seshat" + os.path.basename(place))
        client.connect(path)
        accepted, _ = server.accept()
        with accepted:
            send(channel[0], [accepted, client])
            told, records = received(run(audit, channel, "recvmsg", 1), 2)
            inodes = [os.fstat(one.fileno()).st_ino for one in (accepted, client)]
    name = "@seshat" + os.path.basename(place).decode()
    common = {
        "operation": "receive",
        "family": 1,
        "family_name": "AF_UNIX",
        "socket_type": "stream",
        "path_source": "kernel",
        "via": "scm_rights",
    }
    assert [own(record) for record in records] == [
        common | {"path": path, "peer_path": name, "socket_inode": inodes[0], "return_code": told[0][0]},
        common
        | {
            "path": name,
            "abstract": True,
            "peer_path": path,
            "socket_inode": inodes[1],
            "return_code": told[1][0],
        },
    ]


def test_what_has_no_name(audit, channel):
    """A pipe, and a file in memory alone."""
    memfd = os.fdopen(os.memfd_create("hidden"), "wb")
    reader, writer = map(os.fdopen, os.pipe(), "rw")
    with memfd, reader, writer:
        send(channel[0], [memfd, reader])
        told, records = received(run(audit, channel, "recvmsg", 1), 2)
        inode = os.fstat(reader.fileno()).st_ino
    assert [record["path"] for record in records] == ["/memfd:hidden", f"/pipe:[{inode}]"]


def test_pidfd_getfd(audit, place):
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    path = place.decode() + "/secret"
    with open(path, "ab") as secret, server, client:
        log = audit([WORKLOAD, "pidfd", str(os.getpid()), str(secret.fileno())])
        told, records = received(log, 1)
        flags = O_WRONLY | O_APPEND | O_LARGEFILE
        assert [own(record) for record in records] == [file_record(path, flags, told[0], "pidfd_getfd")]
        log = audit([WORKLOAD, "pidfd", str(os.getpid()), str(client.fileno())])
        told, records = received(log, 1)
        assert [own(record) for record in records] == [socket_record(client, told[0], "pidfd_getfd")]


def test_messages_without_descriptors(audit, channel):
    for _ in range(3):
        send(channel[0], [])
    told, records = received(run(audit, channel, "recvmmsg", 3), 0)
    assert not records


def test_the_32_bit_calls(script):
    """Control messages are laid out in another way there; who sent it comes before what was sent."""
    s = Script()
    here, there = socket.socketpair()
    there.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    with here, there, open("/etc/passwd", "rb") as passwd:
        for _ in range(3):
            send(here, [passwd, passwd])
        fd = there.fileno()

        def message():
            vector = structure(("w", bytes(1)), ("w", 1))
            fields = (("w", 0), ("w", 0), ("w", vector), ("w", 1), ("w", bytes(64)), ("w", 64), ("w", 0))
            return structure(*fields, ("w", 0))

        def record(number):
            told = file_record("/etc/passwd", O_RDONLY | O_LARGEFILE, (number, 0))
            return "session.disk", told

        for call, arguments, numbers in (
            ("recvmsg", (fd, message(), 0), (3, 4)),
            ("socketcall", (17, structure(("w", fd), ("w", message()), ("w", 0))), (5, 6)),
            ("recvmmsg", (fd, message(), 1, 0, 0), (7, 8)),
        ):
            s.add(call, *arguments, flags="3", expect=record(numbers[0]))
            s.calls.append(s.calls[-1] | {"expect": record(numbers[1])})
        log = script(s, pass_fds=[fd])
    assert len(log.of("session.disk", via="scm_rights")) == 6
