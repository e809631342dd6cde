# SPDX-License-Identifier: Apache-2.0
"""session.ptrace: processes that reach into others, inside the session and out of it."""
import os
import pathlib

import machine
import pytest
from calls import Script, structure
from records import own

REACH = machine.workload("reach")
NOTHING_THERE = 4194000  # a pid that nobody has: checked
TRACEME, CONT, ATTACH, SEIZE = 0, 7, 16, 0x4206
BUFFER = bytes(8)


def reached(operation, *, target=None, result=0, same=False, **other):
    """TARGET is (pid, uid, program), None where there is none of that number."""
    pid, uid, program = target or (None, None, None)
    return (
        "session.ptrace",
        {
            "operation": operation,
            "target_pid": pid,
            "target_uid": uid,
            "target_program": program,
            "target_in_session": same if target else None,
            "return_code": result,
        }
        | other,
    )


@pytest.fixture
def victim(bystander):
    """A process outside the session: (what a record tells of it, the address of a word that may be written)."""
    process = bystander("cat")
    process.stdin.write(b"x\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"x\n"  # it is cat by now
    maps = pathlib.Path(f"/proc/{process.pid}/maps").read_text().splitlines()
    stack = next(line for line in maps if line.endswith("[stack]"))
    return (process.pid, 0, "cat"), int(stack.split("-")[0], 16)


def nobody_there():
    assert not os.path.exists(f"/proc/{NOTHING_THERE}")
    return NOTHING_THERE


@pytest.mark.parametrize("how", ["", "3"])
@pytest.mark.parametrize("request_number, operation", [(ATTACH, "attach"), (SEIZE, "seize")])
def test_a_process_outside_is_traced(script, victim, request_number, operation, how):
    target, _ = victim
    s = Script("session.ptrace")
    s.add("ptrace", request_number, target[0], 0, 0, flags=how, expect=reached(operation, target=target))
    s.add("ptrace", CONT, target[0], 0, 0, flags=how, result="any")
    # Nobody can be traced twice.
    s.add(
        "ptrace",
        request_number,
        target[0],
        0,
        0,
        flags=how,
        expect=reached(operation, target=target, result=-1),
    )
    script(s)


def vectors(width, address):
    size = "q" if width == 8 else "w"
    return structure(("p", BUFFER), (size, 8)), structure((size, address), (size, 8))


@pytest.mark.parametrize(
    "call, operation", [("process_vm_readv", "read_memory"), ("process_vm_writev", "write_memory")]
)
def test_the_memory_of_a_process_outside(script, victim, call, operation):
    target, address = victim
    here, there = vectors(8, address)
    s = Script("session.ptrace")
    s.add(call, target[0], here, 1, there, 1, 0, expect=reached(operation, target=target, result=8))
    # A 32-bit program cannot name the address, and has a record of the attempt.
    here, there = vectors(4, 4096)
    s.add(
        call,
        target[0],
        here,
        1,
        there,
        1,
        flags="3",
        expect=reached(operation, target=target, result=-14),
    )
    # Traced by now, what is read and written there is no news.
    s.add("ptrace", SEIZE, target[0], 0, 0, expect=reached("seize", target=target))
    here, there = vectors(8, address)
    s.add(call, target[0], here, 1, there, 1, 0)
    script(s)


def test_attempts_that_fail(script, victim):
    target, _ = victim
    missing = nobody_there()
    none = {"requested_pid": missing}
    here, there = vectors(8, 4096)
    s = Script("session.ptrace")
    s.add("ptrace", ATTACH, missing, 0, 0, expect=reached("attach", result=-3, **none))
    s.add("process_vm_readv", missing, here, 1, there, 1, 0, expect=reached("read_memory", result=-3, **none))
    s.add("ptrace", SEIZE, -1, 0, 0, expect=reached("seize", result=-3, requested_pid=-1))
    s.add("setresuid", machine.NOBODY, machine.NOBODY, machine.NOBODY)
    s.add("ptrace", SEIZE, target[0], 0, 0, expect=reached("seize", target=target, result=-1))
    s.add(
        "process_vm_writev",
        target[0],
        here,
        1,
        there,
        1,
        0,
        expect=reached("write_memory", target=target, result=-1),
    )
    script(s)


def test_requests_of_who_traces_already_make_no_record(script):
    s = Script("session.ptrace")
    s.add("ptrace", CONT, nobody_there(), 0, 0, result=-3)
    s.add("ptrace", 3, nobody_there(), 0, 0, result="any")
    script(s)


def test_a_child_of_the_session(audit):
    log = audit([REACH])
    child = int(log.out)
    target = {"target_pid": child, "target_uid": 0, "target_program": "reach", "target_in_session": True}
    assert [own(record) for record in log.of("session.ptrace")] == [
        {"operation": "read_memory", **target, "return_code": 8},
        {"operation": "write_memory", **target, "return_code": 8},
        {"operation": "seize", **target, "return_code": 0},
    ]


def test_a_child_in_another_pid_namespace(audit):
    log = audit(["unshare", "-p", "-f", REACH])
    number = int(log.out)
    parent = log.one("session.command", path=REACH)["pid"]
    child = log.one("session.exit", ppid=parent)["pid"]
    assert number != child
    records = log.of("session.ptrace")
    assert [record["operation"] for record in records] == ["read_memory", "write_memory", "seize"]
    for record in records:
        assert (record["requested_pid"], record["target_pid"]) == (number, child)
        assert record["target_in_session"] is True and record["target_program"] == "reach"


def test_a_debugger(audit, place):
    """A real one: every process that it begins to trace, and none of its thousands of requests."""
    log = audit(["strace", "-f", "-o", place + b"/trace", "sh", "-c", "true; /bin/true"])
    first = log.one("session.command", argv0="sh")["pid"]
    records = log.of("session.ptrace")
    assert {record["return_code"] for record in records} == {0}
    assert all(record["target_in_session"] for record in records)
    assert records[-1]["operation"] == "seize" and records[-1]["target_pid"] == first
    assert not log.of("session.ptrace", operation="read_memory")


def test_a_child_that_asks_to_be_traced(script):
    s = Script("session.ptrace")
    s.add(
        "ptrace",
        TRACEME,
        0,
        0,
        0,
        expect=reached(
            "traceme",
            target=(lambda told: told["pid"], 0, "calls"),
            same=True,
        ),
    )
    script(s)


def test_nothing_is_told_when_that_is_off(audit):
    log = audit([REACH], options=["--events=-ptrace"])
    assert not log.of("session.ptrace") and log.out
    assert log.start["events_off"] == ["ptrace", "file"]
