# SPDX-License-Identifier: Apache-2.0
"""session.kernel: BPF programs, modules and kernels that a session loads, or tries to."""
import json
import os
import struct
import subprocess

import machine
import pytest
from calls import BAD, Script, raw, structure
from expect import fact
from flags import O_RDONLY, O_WRONLY
from records import own

MAP_CREATE, PROG_LOAD = 0, 5
SOCKET_FILTER, UNKNOWN_TYPE = 1, 4711
RETURN_0 = struct.pack("=BBhi", 0xB7, 0, 0, 0) + struct.pack("=BBhi", 0x95, 0, 0, 0)
ONLY_EXIT = struct.pack("=BBhi", 0x95, 0, 0, 0)  # r0 is not set: refused


def attributes(program, name=b"seshat_test", kind=SOCKET_FILTER):
    first, second = struct.unpack("=QQ", name.ljust(16, b"\0"))
    return structure(
        ("w", kind),
        ("w", len(program) // 8),
        ("q", raw(program)),
        ("q", raw(b"GPL\0")),
        ("q", 0),
        ("q", 0),
        ("q", 0),
        ("q", first),
        ("q", second),
    )


def loaded(operation, **fields):
    return "session.kernel", {"operation": operation, "return_code": fact("result"), **fields}


def bpf(**fields):
    socket_filter = {"program_type": SOCKET_FILTER, "program_type_name": "socket_filter"}
    return loaded("bpf_load", **{"name": "seshat_test", **socket_filter, **fields})


def test_a_bpf_program_by_the_kernels_account(start, place):
    fifo = place + b"/fifo"
    os.mkfifo(fifo)
    s = Script("session.kernel")
    s.do("bpf", PROG_LOAD, attributes(RETURN_0), 64)
    s.add("open", fifo, O_WRONLY)  # where it waits, with the program loaded
    session = start([machine.workload("calls")], stdin=subprocess.PIPE)
    session.process.stdin.write(s.text())
    session.process.stdin.close()
    session.process.stdin = None
    with session.following() as lines:
        record = lines.until(lambda record: record["event"] == "session.kernel")
    shown = subprocess.run(
        ["bpftool", "--json", "prog", "show", "id", str(record["program_id"])],
        check=True,
        capture_output=True,
    )
    os.close(os.open(fifo, os.O_RDONLY))
    session.finish()
    program = json.loads(shown.stdout)
    assert (program["type"], program["name"]) == ("socket_filter", "seshat_test")
    told = session.log().one("session.kernel")
    assert told == record and own(told) == {
        "operation": "bpf_load",
        "name": "seshat_test",
        "program_type": 1,
        "program_type_name": "socket_filter",
        "program_id": program["id"],
        "return_code": told["return_code"],
    }
    assert told["return_code"] >= 0


@pytest.mark.parametrize("how", ["", "3"])
def test_a_bpf_program_that_is_refused_is_what_it_said_to_be(script, how):
    s = Script("session.kernel")
    s.add("bpf", PROG_LOAD, attributes(ONLY_EXIT), 64, flags=how, result="any", expect=bpf())
    s.add(
        "bpf",
        PROG_LOAD,
        attributes(RETURN_0, kind=UNKNOWN_TYPE, name=b""),
        64,
        flags=how,
        result=-22,
        expect=bpf(name=None, program_type=UNKNOWN_TYPE, program_type_name=None),
    )
    s.add(
        "bpf",
        PROG_LOAD,
        BAD,
        64,
        flags=how,
        result=-14,
        expect=bpf(name=None, program_type=0, program_type_name="unspec"),
    )
    log = script(s)
    assert all(record["return_code"] < 0 for record in log.of("session.kernel"))


def test_other_commands_of_bpf_make_no_record(script):
    s = Script("session.kernel")
    s.add("bpf", MAP_CREATE, structure(("w", 2), ("w", 4), ("w", 8), ("w", 1)), 16)
    script(s)


@pytest.mark.parametrize("how", ["", "3"])
def test_a_module_from_a_file(script, place, how):
    path = place + b"/hide.ko"
    with open(path, "wb") as file:
        file.write(b"no module")
    status = os.stat(path)
    s = Script("session.kernel")
    fd = s.do("open", path, O_RDONLY)
    here = {"path": path.decode(), "inode": status.st_ino, "dev": machine.device(status.st_dev)}
    s.add(
        "finit_module",
        fd,
        b"",
        2,
        flags=how,
        result="any",
        expect=loaded("module_load", flags=2, **here),
    )
    s.add("finit_module", 4711, b"", 0, flags=how, result="any", expect=loaded("module_load"))
    log = script(s)
    assert all(record["return_code"] < 0 for record in log.of("session.kernel"))


@pytest.mark.parametrize("how", ["", "3"])
def test_a_module_from_memory_and_one_to_remove(script, how):
    s = Script("session.kernel")
    s.add("init_module", raw(b"no module"), 9, b"", flags=how, result="any", expect=loaded("module_load"))
    s.add(
        "delete_module",
        b"seshat_none",
        0x800,
        flags=how,
        result="any",
        expect=loaded("module_unload", name="seshat_none", flags=0x800),
    )
    s.add("delete_module", BAD, 0, flags=how, result="any", expect=loaded("module_unload"))
    script(s)


def test_another_kernel(script, place):
    """Attempts that no kernel takes: too many segments, flags that do not exist, a file that is no kernel."""
    path = place + b"/vmlinuz"
    with open(path, "wb") as file:
        file.write(b"no kernel")
    status = os.stat(path)
    s = Script("session.kernel")
    kernel = s.do("open", path, O_RDONLY)
    s.add("kexec_load", 0, 1000, 0, 0x40000000, result="any", expect=loaded("kexec", flags=0x40000000))
    s.add(
        "kexec_load",
        0,
        1000,
        0,
        0x40000000,
        flags="3",
        result="any",
        expect=loaded("kexec", flags=0x40000000),
    )
    s.add(
        "kexec_file_load",
        kernel,
        kernel,
        0,
        0,
        0x40000000,
        result="any",
        expect=loaded(
            "kexec",
            flags=0x40000000,
            path=path.decode(),
            inode=status.st_ino,
            dev=machine.device(status.st_dev),
        ),
    )
    script(s)


def test_nothing_is_told_when_that_is_off(script):
    s = Script("session.kernel")
    s.add("bpf", PROG_LOAD, attributes(RETURN_0), 64)
    s.add("init_module", raw(b"no module"), 9, b"", result="any")
    log = script(s, options=["--events=-kernel"])
    assert log.start["events_off"] == ["kernel", "file"]
