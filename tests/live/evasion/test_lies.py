# SPDX-License-Identifier: Apache-2.0
"""Lying about what is run and what is opened: the record has what the kernel did, or says that it has only a claim."""
import os
import shutil
import signal
import subprocess
from errno import EACCES, ENOENT

import machine
import pytest
from calls import AT_FDCWD, Script
from expect import disk
from flags import O_APPEND, O_RDONLY, O_RDWR
from session import json_lines, read_until, recorders_of, wait_gone
from test_forged import answer
from test_places import deep

NOBODY = machine.NOBODY


def facts_of(log):
    return {fact["name"]: fact for fact in json_lines(log.out)}


@pytest.mark.parametrize("who", [[], ["ordinary"]], ids=["root", "ordinary"])
def test_a_program_that_claims_to_be_another(audit, who):
    """prctl(PR_SET_MM) in a user namespace of one's own: /proc/PID/exe is anything then, the record what was executed."""
    program, other = machine.workload("masquerade"), machine.tool("true")
    log = audit([program, other, "/none/claimed", *who])
    facts = facts_of(log)
    assert {name: fact["exe"] for name, fact in facts.items()} == {"self": other, "child": other}
    told = log.of("session.disk", path="/none/claimed") + log.of("session.exit")
    assert [record["exe"] for record in told] == [program] * 4
    assert {record["pid"] for record in told} == {fact["pid"] for fact in facts.values()}
    assert {record["uid"] for record in told} == {NOBODY if who else 0}


def test_arguments_that_a_program_rewrites(audit):
    log = audit([machine.workload("rewrite_arguments"), "own"])
    shown = [bytes.fromhex(fact["shown"]) for fact in facts_of(log).values()]
    assert b"own" not in shown[0].split(b"\0")
    record = log.one("session.command")
    assert (record["argv0"], record["argv"]) == (machine.workload("rewrite_arguments"), ["own"])
    assert {record["program"] for record in log.of("session.disk")} == {"rewrite_arguments"[:15]}


@pytest.mark.incomparable("how far the process comes that is ended depends on when it is")
def test_arguments_that_another_process_rewrites(audit):
    """process_vm_writev(2) and /proc/PID/mem: ps(1) shows what was written; the record stays what the program got."""
    shell = os.path.realpath("/bin/sh")
    log = audit([machine.workload("rewrite_arguments"), shell])
    shown = {name: bytes.fromhex(fact["shown"]) for name, fact in facts_of(log).items()}
    assert shown["vm"].startswith(b"innocent\0") and shown["mem"].startswith(b"harmless\0")
    record = log.one("session.command", path=shell)
    assert (record["argv0"], record["argv"]) == ("sinister", ["-c", "read line"])
    memory = log.one("session.disk", path=f"/proc/{record['pid']}/mem")
    assert memory["flag_names"][0] == "O_RDWR" and memory["return_code"] >= 0


@pytest.mark.incomparable("what each call finds depends on who is faster")
def test_a_program_that_is_swapped_before_it_runs(audit):
    """Another thread writes into the path: the record has the one that ran, which its exit code proves."""
    # Of the same length, as the one is written over the other.
    right, wrong = (f"/usr/bin/{name}" for name in ("/true", "false"))
    log = audit([machine.workload("flip_exec"), right, wrong, "x", "x", "300"])
    facts = json_lines(log.out)
    assert len(facts) == 300
    for fact in facts:
        record = log.one("session.command", pid=fact["child"])
        if record["return_code"] == 0:
            wanted = {0: machine.tool("true"), 1: machine.tool("false")}[fact["code"]]
            assert (record["path"], record["exe"], record["path_source"]) == (wanted, wanted, "kernel")
        else:
            assert fact["code"] == 99 and record["path_source"] == "request"


@pytest.mark.incomparable("what each call finds depends on who is faster")
def test_arguments_that_are_swapped_before_it_runs(audit):
    """The shell's exit code proves which argument it got."""
    shell = os.path.realpath("/bin/sh")
    log = audit([machine.workload("flip_exec"), shell, shell, "exit 3", "exit 4", "300"])
    facts = json_lines(log.out)
    assert len(facts) == 300
    for fact in facts:
        record = log.one("session.command", pid=fact["child"])
        if fact["code"] in (3, 4):
            assert (record["argv0"], record["argv"]) == ("zero", ["-c", f"exit {fact['code']}"])


def counted(session, wanted):
    """Records as (path, path_source), counted among lines too many to check each."""
    session.finish()
    text = session.lines()
    lines = [line for line in text.split(b"\n") if b'"event":"session.disk"' in line and wanted in line]
    return {line.split(b'"path":"')[1].split(b'"')[0] for line in lines}, len(lines), session


def test_a_folder_that_is_renamed_during_the_walk(start, place):
    """Two folders change their names all the time: the path is by one name or the other, never a mixture of both."""
    names = [place + b"/a", place + b"/" + b"b" * 40]
    for name in names:
        os.mkdir(name)
        machine.write_file(name + b"/file")
    paths, count, _ = counted(
        start([machine.workload("flip_names"), *names, "file", "30000"]), b"/file"
    )
    assert count == 30000
    assert paths and paths <= {name + b"/file" for name in names}


@pytest.mark.incomparable("what each call finds depends on who is faster")
def test_a_link_that_is_swapped_during_the_walk(audit, place):
    """The record has the file that was opened, whichever the link named by then."""
    inodes = {}
    for name, link in ((b"/one", b"/left"), (b"/two", b"/right")):
        os.mkdir(place + name)
        path = machine.write_file(place + name + b"/file")
        inodes[os.stat(path).st_ino] = path.decode()
        os.symlink(place + name, place + link)
    log = audit([machine.workload("flip_names"), place + b"/left", place + b"/right", "file", "2000"])
    opened = [int(line) for line in log.out.split()]
    assert len(opened) == 2000 and set(opened) <= set(inodes)
    got = [(r["path"], r["inode"], r["path_source"]) for r in log.of("session.disk", program="flip_names")]
    assert got == [(inodes[inode], inode, "kernel") for inode in opened]


@pytest.mark.parametrize("closes", [[], ["close"]], ids=["replaces", "closes"])
def test_a_descriptor_that_another_task_takes_away(start, place, closes):
    """dup2(2) or close(2) by somebody who shares the descriptors, before the call has returned: no record says that the kernel opened
    what was put there."""
    secret, decoy = (os.fsdecode(machine.write_file(place + name)) for name in (b"/secret", b"/decoy"))
    session = start([machine.workload("swap_descriptor"), secret, decoy, "60000", *closes])
    paths, count, _ = counted(session, b'/secret"')
    assert (paths, count) == ({secret.encode()}, 60000)


@pytest.mark.parametrize("error", [0, EACCES])
def test_an_open_that_a_filter_answers(script, place, error):
    """A success that never was has the number of an old descriptor: what that one stands for was not opened now."""
    path = place + b"/file"
    s = Script()
    answer(s, "openat", error)
    s.add(
        "openat",
        AT_FDCWD,
        path,
        0,
        expect=disk(path, result=-error),
        result=-error,
        flags="k",
    )
    script(s)


def test_a_program_that_has_just_been_replaced(audit, place):
    """What ran is the file that the path named at that moment; what came in its place has another inode."""
    program = os.fsdecode(place + b"/program")
    shutil.copy(machine.workload("nothing"), program)
    first = os.stat(program).st_ino
    text = 'cp "$0" "$1.new"; "$1"; mv "$1.new" "$1"; "$1"; rm "$1"; exit 0'
    log = audit(["sh", "-c", text, machine.workload("nothing"), program])
    records = log.of("session.command", path=program)
    assert [record["inode"] == first for record in records] == [True, False]
    assert not any("deleted" in record for record in records)


@pytest.mark.alone
def test_a_program_that_waits_until_it_is_forgotten(start, place):
    """Hundreds of others are executed, by the longest names, until the recorder has no room for the first one's; what that
    does then is told with its own name all the same, though it has ended before anybody could look."""
    fifo, other = place + b"/fifo", place + b"/other"
    os.mkfifo(fifo)
    shutil.copy(os.path.realpath("/bin/sh"), other)
    folder = deep(place, 4080)
    shutil.copy(machine.workload("nothing"), folder + b"/0")
    for number in range(1, 400):
        os.link(folder + b"/0", folder + b"/%d" % number)
    text = (
        '"$1" -c "read line; : </none/late" <"$2" & echo $!; exec 9>"$2"; cd "$3";'
        " for one in *; do ./$one; done; echo done; read line; echo >&9; wait; exit 0"
    )
    session = start(["sh", "-c", text, "sh", other, fifo, folder], stdin=subprocess.PIPE)
    pid = int(read_until(session.process.stdout, b"done\n").split()[0])
    recorders = recorders_of(session, session.start_record())
    for recorder in recorders:
        os.kill(recorder, signal.SIGSTOP)
    try:
        session.process.stdin.write(b"\n")
        session.process.stdin.flush()
        wait_gone(pid)
    finally:
        for recorder in recorders:
            os.kill(recorder, signal.SIGCONT)
    session.finish(b"")
    log = session.log()
    assert len(log.of("session.command", argv=[])) == 400
    late = log.one("session.disk", path="/none/late")
    assert (late["pid"], late["exe"]) == (pid, other.decode())
    assert log.one("session.exit", pid=pid)["exe"] == other.decode()


def test_calls_that_a_tracer_answers(audit):
    """PTRACE_SYSEMU: nothing is made of the call. The open is a claim, the exec none at all."""
    log = audit([machine.workload("emulate"), "/none/emulated", machine.tool("true")])
    fact = facts_of(log)["emulated"]
    assert (fact["open"], fact["execve"]) == (2, 59)
    record = log.one("session.disk")
    assert (record["pid"], record["path"], record["path_source"], record["return_code"]) == (
        fact["child"],
        "/none/emulated",
        "request",
        1,
    )
    assert not {"inode", "dev"} & record.keys()
    assert len(log.of("session.command")) == 1


def test_names_in_memory_that_nobody_has_touched(audit, place):
    """They are read when the kernel has read them. What it has not, as it found no program to give it to, is said to be
    missing: arguments of an exec that failed before."""
    nothing = machine.workload("nothing")
    strings = ["/etc/hostname", "/none/file", nothing, "argument", "/none/program", "hidden"]
    pages = machine.write_file(place + b"/pages", b"".join(s.encode().ljust(4096, b"\0") for s in strings))
    log = audit([machine.workload("untouched"), pages])
    assert [(r["path"], r["path_source"]) for r in log.of("session.disk")][1:] == [
        ("/etc/hostname", "kernel"),
        ("/none/file", "request"),
    ]
    ran, failed = log.of("session.command")[1:]
    assert (ran["path"], ran["argv0"], ran["argv"]) == (nothing, "argument", ["argument"])
    assert (failed["path"], failed["return_code"]) == ("/none/program", -ENOENT)
    # Until 6.8 the kernel read the arguments before it looked for the program.
    assert (failed["argv"], failed.get("argv_truncated")) in (([], True), (["hidden"], None))


@pytest.mark.incomparable("what each call finds depends on who is faster")
def test_flags_that_change_meanwhile(audit, place):
    """openat2(2) has its flags in memory, where another thread can change them: the record has those of the open file."""
    path = machine.write_file(place + b"/file")
    log = audit([machine.workload("flip_flags"), path, "2000"])
    flags = [int(line) for line in log.out.split()]
    assert len(flags) == 2000 and set(flags) <= {O_RDONLY, O_RDWR | O_APPEND}
    assert [record["flags"] for record in log.of("session.disk", path=path.decode())] == flags
