# SPDX-License-Identifier: Apache-2.0
"""A real 32-bit program, and system calls that signals interrupt."""
import json
import os

import machine
from expect import UDP, command, disk, inet
from flags import O_CLOEXEC, O_CREAT, O_LARGEFILE, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY
from records import own

PROGRAM = machine.workload("compat_32")
NOTHING = machine.workload("nothing")


def expected(pair, **known):
    return {name: known.get(name, value) for name, value in pair[1].items() if value is not None}


def test_a_32_bit_program(audit, place):
    new = place + b"/new"
    log = audit([PROGRAM, "/etc/passwd", "/none/x", new, NOTHING], cwd=place)
    told = [line.rsplit(" ", 1) for line in log.out.decode().splitlines()]
    assert [name for name, _ in told] == [
        "open",
        "open",
        "openat",
        "openat2",
        "creat",
        "connect",
        "socketcall",
        "sendto",
        "execve",
    ]
    results = [int(result) for _, result in told]
    hosts, made = (os.stat(path) for path in ("/etc/passwd", new))
    file = {"inode": hosts.st_ino, "dev": machine.device(hosts.st_dev)}
    created = {"inode": made.st_ino, "dev": machine.device(made.st_dev)}
    assert [own(record) for record in log.of("session.disk")] == [
        expected(disk(b"/etc/passwd", flags=O_RDONLY), return_code=results[0], **file),
        expected(disk(b"/none/x", flags=O_RDWR, result=-2)),
        expected(disk(b"/etc/passwd", flags=O_CLOEXEC), return_code=results[2], **file),
        expected(disk(b"/none/x", flags=O_LARGEFILE, resolve=["RESOLVE_BENEATH"], result=-18)),
        expected(
            disk(new, flags=O_CREAT | O_WRONLY | O_TRUNC, mode=0o640, created=True),
            return_code=results[4],
            **created
        ),
    ]
    network = [own(record) for record in log.of("session.network")]
    ports = [record.pop("src_port") for record in network]
    inodes = [record.pop("socket_inode") for record in network]
    assert all(ports) and all(inodes)
    assert network == [
        expected(inet("connect", "127.0.0.1", 9, src="127.0.0.1", **UDP)),
        expected(inet("connect", "127.0.0.1", 10, src="127.0.0.1", **UDP)),
        expected(inet("send", "127.0.0.1", 11, src="0.0.0.0", **UDP, result=1)),
    ]
    argv = [b"from-32", b"a\nb"]
    assert [own(record) for record in log.of("session.command")][1:] == [
        expected(command(b"/none/x", argv=argv, cwd=place, result=-2)),
        expected(command(os.fsencode(NOTHING), argv=argv, cwd=place)),
    ]
    assert {record["exe"] for record in log.of("session.disk", "session.network")} == {PROGRAM}
    assert log.one("session.exit")["exe"] == NOTHING


def test_calls_that_a_signal_interrupts(audit, place):
    """Each attempt is a record; an interrupted one has EINTR, not the kernel's inner ERESTARTSYS that no program sees."""
    fifo = place.decode() + "/fifo"
    os.mkfifo(fifo)
    log = audit([machine.workload("interrupted"), fifo])
    told = {fact["name"]: fact["result"] for fact in map(json.loads, log.out.decode().splitlines())}
    assert told["interrupted"] == -4 and told["restarted"] >= 0
    results = [record["return_code"] for record in log.of("session.disk", pid=log.start["leader_pid"])]
    assert results == [-4, -4, told["restarted"]]
