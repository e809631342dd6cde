# SPDX-License-Identifier: Apache-2.0
"""A program that wants to fool, fill or crash the recorder."""
import collections
import json
import os

import machine
import pytest
from calls import Script, vector
from records import PROBES, Log
from test_arguments import NOTHING, big_arguments


def facts_of(log):
    return [json.loads(line) for line in log.out.decode().splitlines()]


@pytest.mark.incomparable("what each call finds depends on who is faster")
def test_a_path_and_an_address_that_change_meanwhile(audit, place):
    """The kernel's file and the kernel's address, whatever the caller's memory says by the time of the record."""
    names = [os.fsdecode(place + name) for name in (b"/innocent", b"/sinister")]
    inodes = {}
    for name in names:
        with open(name, "w") as file:
            inodes[os.fstat(file.fileno()).st_ino] = name
    log = audit([machine.workload("flip"), *names, "2000"])
    facts = facts_of(log)
    opens = [fact for fact in facts if fact["name"] == "open"]
    records = log.of("session.disk")
    assert len(records) == len(opens) == 2000
    for fact, record in zip(opens, records):
        assert record["return_code"] == fact["result"]
        if fact["result"] >= 0:
            assert (record["path"], record["inode"], record["path_source"]) == (
                inodes[fact["inode"]],
                fact["inode"],
                "kernel",
            )
        else:
            assert record["path_source"] == "request"
    connects = [fact for fact in facts if fact["name"] == "connect"]
    got = [(record["dst_port"], record["address_source"]) for record in log.of("session.network")]
    assert got == [(fact["port"], "kernel") for fact in connects]


def test_a_program_that_renames_itself(audit):
    """comm is what the program says; exe is what the kernel says."""
    s = Script()
    for name in (b"innocent", b"\n\x1b[2J", b"\xff\xfe", b""):
        s.add("prctl", 15, name)
        s.add("open", b"/none", 0, result=-2)
    log = audit([machine.workload("calls")], stdin=s.text())
    records = log.of("session.disk")
    assert [record["program"] for record in records] == ["innocent", "\n\x1b[2J", "\ufffd\ufffd", ""]
    assert {record["exe"] for record in records} == {machine.workload("calls")}


def test_forged_lines(audit, place):
    """A name with a whole record in it, line end and all, makes no second record."""
    forged = '"}\n{"event":"session.end","ei":0}\n{"x":"'
    log = audit(["cat", forged], status=1)
    assert log.one("session.command")["argv"] == [forged]
    assert log.one("session.disk", return_code=-2, requested_path=forged)["program"] == "cat"


SMALLEST = "--buffer-size=64K"


def lost_by_event(log):
    lost = collections.Counter()
    for record in log.of("session.lost"):
        lost.update(record["by_event"])
        assert record["count"] == sum(record["by_event"].values())
        assert record["first"] <= record["last"] and record["last"] - record["first"] + 1 >= record["count"]
    return lost


@pytest.mark.incomparable("which records are lost depends on the recorder's turns")
def test_a_full_ring_loses_nothing_unseen(audit):
    """The smallest buffer and a program at full speed: each open is in the log, or in its account of the lost."""
    count = 20_000
    log = audit([machine.workload("opens"), "/etc/passwd", str(count)], options=[SMALLEST], lost=True)
    lost = lost_by_event(log)
    assert len(log.of("session.disk")) + lost["session.disk"] == count
    assert set(lost) <= PROBES
    assert log.end["lost"] == sum(lost.values())
    assert {record["reason"] for record in log.of("session.lost")} <= {"ring"}


@pytest.mark.alone
def test_the_default_buffer_loses_nothing(start):
    """100,000 opens at full speed; counted, not parsed, for there are many."""
    count = 100_000
    session = start([machine.workload("opens"), "/etc/passwd", str(count)])
    session.finish()
    data = session.lines()
    end = json.loads(data.splitlines()[-1])
    assert data.count(b'{"event":"session.disk",') == count == end["records"]["session.disk"]
    assert (end["lost"], end["numbered"]) == (0, count + 2)


@pytest.mark.incomparable("which records are lost depends on the recorder's turns")
def test_giant_arguments_through_a_small_ring(audit):
    """An argv comes in hundreds of pieces: one is whole, or it is lost and counted, never cut or mixed up."""
    rounds, argv = 20, big_arguments(1_500_000)
    s = Script()
    for _ in range(rounds):
        s.add("execve", b"/none/giant", vector(*argv), 0, result=-2)
        s.add("execve", NOTHING, vector(b"small"), 0, flags="c")
    log = audit([machine.workload("calls")], stdin=s.text(), options=[SMALLEST], lost=True)
    wanted = [argument.decode() for argument in argv[1:]]
    giants = log.of("session.command", path="/none/giant")
    assert all(record["argv"] == wanted and "argv_truncated" not in record for record in giants)
    lost = lost_by_event(log)
    commands = len(log.of("session.command")) + lost["session.command"]
    assert commands == 2 * rounds + 1


@pytest.mark.parametrize("threads", [8])
def test_giant_arguments_of_several_processes_at_once(audit, threads):
    """Their pieces come interleaved."""
    # 120,000 bytes: the shell's own limit for one argument.
    text = (
        " ".join(
            f'(i=0; while [ $i -lt 5 ]; do "$0" "{chr(97 + n)}$1"; i=$((i+1)); done) &'
            for n in range(threads)
        )
        + " wait"
    )
    log = audit(["sh", "-c", text, os.fsdecode(NOTHING), "x" * 120_000])
    commands = log.of("session.command", path=os.fsdecode(NOTHING))
    got = collections.Counter(record["argv"][0] for record in commands)
    assert got == {chr(97 + n) + "x" * 120_000: 5 for n in range(threads)}


def test_deep_trees_and_many_mounts_do_not_stall(audit, place):
    """A path of 12,000 bytes, longer than any call can name: the record comes, and claims no wrong place."""
    s = Script()
    s.do("chdir", place)
    for _ in range(60):
        s.do("mkdir", b"d" * 200, 0o755)
        s.do("chdir", b"d" * 200)
    s.add("open", b".", 0)
    log = audit([machine.workload("calls")], stdin=s.text())
    record = log.one("session.disk")
    assert record["return_code"] >= 0 and record["requested_path"] == "."
    whole = place.decode() + ("/" + "d" * 200) * 60
    assert (
        record["path"].startswith("...") and whole.endswith(record["path"][3:]) and len(record["path"]) > 4000
    )


def test_a_log_is_no_way_in(audit, place):
    """The descriptors of the recorder are not COMMAND's: it can neither write nor close the log."""
    log = audit(["sh", "-c", "ls -l /proc/self/fd"])
    names = [line.split(" -> ")[1] for line in log.out.decode().splitlines() if " -> " in line]
    assert len(names) == 4 and sum("/proc/" in name for name in names) == 1, names
    assert isinstance(log, Log)
