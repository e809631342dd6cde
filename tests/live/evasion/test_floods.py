# SPDX-License-Identifier: Apache-2.0
"""Forging records and drowning them: every byte of a name is the name's, and what a flood pushes out is counted by name."""
import json
import os
import pathlib
import shutil

import machine
import pytest
from addresses import AF_UNIX, STREAM, local
from calls import Script, vector
from expect import command, disk, unix
from names import NAMES
from records import exact
from session import json_lines
from test_cgroup import remove
from test_hostile import SMALLEST, lost_by_event

NOTHING = machine.workload("nothing")
FORGED = b'x"}\n{"event":"session.end","ei":0,"lost":0}\n{"x":"'


def test_working_directories_of_every_name(script, place):
    s = Script()
    for name in [*NAMES, FORGED]:
        folder = place + b"/" + name
        os.mkdir(folder)
        s.do("chdir", folder)
        s.add(
            "execve",
            b"none",
            vector(name),
            0,
            expect=command(folder + b"/none", b"none", [name], cwd=folder, result=-2),
        )
    script(s)


@pytest.mark.parametrize("name", [*NAMES, FORGED], ids=range(len(NAMES) + 1))
def test_programs_of_every_name(audit, place, name):
    """path, exe, argv[0] and comm: comm may end within a character."""
    path = place + b"/" + name
    shutil.copy(NOTHING, path)
    log = audit([path, name])
    record = log.one("session.command")
    for pointer, wanted in (("/path", path), ("/argv0", path), ("/argv/0", name), ("/exe", path)):
        assert exact(record, pointer) == wanted
    assert exact(record, "/program") == name[:15]
    ended = log.one("session.exit")
    assert (exact(ended, "/exe"), exact(ended, "/program")) == (path, name[:15])


def test_sockets_of_every_name(script, place):
    names = [name for name in [*NAMES, FORGED] if len(place) + 1 + len(name) < 108]
    assert len(names) > 20
    s = Script()
    for name in names:
        path = place + b"/" + name
        one = s.do("socket", AF_UNIX, STREAM, 0)
        s.add("connect", one, *local(path), expect=unix(path, result=-2))
        one = s.do("socket", AF_UNIX, STREAM, 0)
        hidden = b"seshat-none " + name
        s.add(
            "connect",
            one,
            *local(b"\0" + hidden, terminated=False),
            expect=unix(b"@" + hidden, abstract=True, result=-111),
        )
    script(s)


def test_cgroups_of_every_name(audit):
    """All but a line end, which the kernel refuses there."""
    folders = []
    base = pathlib.Path(machine.cgroup_root(), f"seshat-test-{os.getpid()}")
    base.mkdir()
    try:
        for name in [*NAMES, FORGED]:
            if b"\n" not in name:
                folders.append(base / os.fsdecode(name))
                folders[-1].mkdir()
        text = 'for folder; do echo 0 >"$folder/cgroup.procs"; done'
        log = audit(["sh", "-c", text, "sh", *folders])
    finally:
        for folder in folders:
            remove(folder)
        base.rmdir()
    wanted = [b"/" + base.name.encode() + b"/" + os.fsencode(folder.name) for folder in folders]
    assert [exact(record, "/to") for record in log.of("session.cgroup")] == wanted


def test_requests_that_end_within_a_character(script, place):
    """PATH_MAX cuts what is too long; no byte of what follows is in the record."""
    s = Script()
    s.do("chdir", place)
    for text in ("\u20ac", "\U0001f600", "\u00e9"):
        name = (text.encode() * 2000)[:4095]
        s.add("open", name, 0, expect=disk(place + b"/" + name, name, 0, result=-36))
    script(s)


def test_a_pid_that_is_used_again_and_again(audit):
    """Hundreds of processes with one pid, a fraction of a millisecond apart: each has its own parent and executable."""
    rounds, program = 300, machine.workload("reuse")
    log = audit([program, NOTHING, str(rounds)])
    facts = json_lines(log.out)
    (pid,) = {fact["child"] for fact in facts}
    assert [fact["round"] for fact in facts] == list(range(rounds))
    opens = log.of("session.disk", pid=pid)
    assert [(r["path"], r["ppid"], r["exe"]) for r in opens] == [
        (f"/none/{fact['round']}", fact["pid"], program) for fact in facts
    ]
    commands = log.of("session.command", pid=pid)
    assert [(r["argv"], r["ppid"], r["exe"]) for r in commands] == [
        ([str(fact["round"])], fact["pid"], NOTHING) for fact in facts[::2]
    ]
    # The first is that of the process whose pid the others have.
    ends = log.of("session.exit", pid=pid)[1:]
    assert [(r["exit_code"], r["ppid"], r["exe"]) for r in ends] == [
        (0, fact["pid"], NOTHING) if fact["round"] % 2 == 0 else (7, fact["pid"], program) for fact in facts
    ]
    order = [record["event"] for record in log.records if record.get("pid") == pid][1:]
    assert order == (["session.disk", "session.command", "session.exit", "session.disk", "session.exit"]) * (
        rounds // 2
    )


def needle(session):
    """(needles in the log, opens in it, session.lost records, session.end) of a log too long to check each record."""
    lines = session.lines().split(b"\n")[:-1]
    lost = [json.loads(line) for line in lines if line.startswith(b'{"event":"session.lost"')]
    found = sum(b'"argv":["needle"]' in line for line in lines)
    opens = sum(line.startswith(b'{"event":"session.disk"') for line in lines)
    return found, opens, lost, json.loads(lines[-1])


def test_a_needle_in_a_flood(start, place):
    """Four processes at full speed and one exec among them: with the default buffer it is there, and nothing is lost."""
    count, processes = 20_000, 4
    path = machine.write_file(place + b"/hay")
    session = start([machine.workload("needle"), path, str(count), str(processes), NOTHING])
    session.finish()
    found, opens, lost, end = needle(session)
    assert (found, opens, lost, end["lost"]) == (1, count * processes, [], 0)


@pytest.mark.incomparable("which records are lost depends on the recorder's turns")
def test_a_needle_in_a_flood_through_the_smallest_buffer(audit, place):
    """Then it is in the log, or the log says that an exec is among what was lost; never neither."""
    count, processes = 4_000, 3
    path = machine.write_file(place + b"/hay")
    log = audit(
        [machine.workload("needle"), path, str(count), str(processes), NOTHING], options=[SMALLEST], lost=True
    )
    lost = lost_by_event(log)
    assert len(log.of("session.command")) + lost["session.command"] == 2
    assert len(log.of("session.disk")) + lost["session.disk"] == count * processes
    assert len(log.of("session.exit")) + lost["session.exit"] == processes + 2
    if not lost["session.command"]:
        assert log.one("session.command", path=NOTHING)["argv"] == ["needle"]
