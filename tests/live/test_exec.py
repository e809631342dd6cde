# SPDX-License-Identifier: Apache-2.0
"""Programs executed, and attempts that failed: every way, field by field."""
import ctypes
import os
import shutil
import struct
from errno import EACCES, EBADF, EFAULT, EINVAL, ELOOP, ENAMETOOLONG, ENOENT, ENOEXEC, ENOTDIR, ETXTBSY

import machine
import pytest
from calls import (
    AT_EMPTY_PATH,
    AT_FDCWD,
    AT_SYMLINK_NOFOLLOW,
    BAD,
    Script,
    edge,
    read_facts,
    structure,
    vector,
)
from expect import command, disk
from flags import CLONE_NEWUSER, O_CLOEXEC, O_PATH, O_RDONLY, O_RDWR
from test_places import deep

NOTHING = os.fsencode(machine.workload("nothing"))
EXE = NOTHING.decode()


@pytest.fixture
def program(place):
    """A copy of the workload `nothing`, for the test to name, move and remove."""
    path = place + b"/program"
    shutil.copy(NOTHING, path)
    return path


def make_script(path, interpreter, argument=b""):
    with open(path, "wb") as file:
        file.write(b"#!" + interpreter + (b" " + argument if argument else b"") + b"\nexit 1\n")
    os.chmod(path, 0o755)
    return path


def test_success_in_every_way_to_name_a_program(script, place, program):
    os.symlink(b"program", place + b"/link")
    s = Script()
    s.do("chdir", place)
    directory = s.do("open", place, O_PATH, expect=disk(place, flags=O_PATH))
    opened = s.do("open", program, O_RDONLY, expect=disk(program, flags=O_RDONLY))
    closing = s.do("open", program, O_PATH | O_CLOEXEC, expect=disk(program, flags=O_PATH | O_CLOEXEC))

    def attempt(call, *args, request):
        s.add(
            call,
            *args,
            flags="c",
            exe=program.decode(),
            expect=command(program, request, [b"zero", b"one", b"two words"], cwd=place)
        )

    argv = vector(b"zero", b"one", b"two words")
    for name in (
        program,
        b"./program",
        b"program",
        b"link",
        place + b"/../" + os.path.basename(place) + b"/program",
        b".//program",
    ):
        attempt("execve", name, argv, 0, request=name)
        attempt("execveat", AT_FDCWD, name, argv, 0, 0, request=name)
    attempt("execveat", directory, b"program", argv, 0, 0, request=b"program")
    attempt("execveat", directory, b"./link", argv, 0, 0, request=b"./link")
    attempt("execveat", directory, program, argv, 0, AT_SYMLINK_NOFOLLOW, request=program)
    attempt("execveat", opened, b"", argv, 0, AT_EMPTY_PATH, request=b"")
    attempt("execveat", closing, b"", argv, 0, AT_EMPTY_PATH, request=b"")
    attempt("execve", b"/proc/self/fd/%d" % 4, argv, 0, request=b"/proc/self/fd/4")
    script(s)


def test_failures(script, place, program):
    os.symlink(b"loop", place + b"/loop")
    for name, mode, content in (
        (b"plain", 0o644, b"x"),
        (b"garbage", 0o755, b"\x01\x02\x03"),
        (b"empty", 0o755, b""),
    ):
        with open(place + b"/" + name, "wb") as file:
            file.write(content)
        os.chmod(place + b"/" + name, mode)
    make_script(place + b"/orphan", b"/none/interpreter")
    long_name = b"n" * 256
    s = Script()
    s.do("chdir", place)
    directory = s.do("open", place, O_PATH, expect=disk(place, flags=O_PATH))
    writer = s.do("open", program, O_RDWR, expect=disk(program, flags=O_RDWR))
    argv = vector(b"zero", b"one")

    def attempt(name, error, call="execve", before=(), after=(), path=None):
        whole = path or (name if name.startswith(b"/") else place + b"/" + name)
        s.add(
            call,
            *before,
            name,
            argv,
            0,
            *after,
            expect=command(whole, name, [b"zero", b"one"], cwd=place, result=-error)
        )

    for name, error in (
        (b"/none", ENOENT),
        (b"none", ENOENT),
        (b"./none", ENOENT),
        (b"plain", EACCES),
        (place, EACCES),
        (b".", EACCES),
        (b"garbage", ENOEXEC),
        (b"empty", ENOEXEC),
        (b"loop", ELOOP),
        (b"plain/x", ENOTDIR),
        (b"program/", ENOTDIR),
        (long_name, ENAMETOOLONG),
        (b"orphan", ENOENT),
        (b"program", ETXTBSY),
        (b"/dev/null", EACCES),
    ):
        attempt(name, error)
        attempt(name, error, "execveat", [AT_FDCWD], [0])
        if not name.startswith(b"/"):
            attempt(name, error, "execveat", [directory], [0])
    attempt(b"", ENOENT, path=place)
    attempt(b"x", EBADF, "execveat", [12345], [0], path=b"x")
    attempt(b"loop", ELOOP, "execveat", [directory], [AT_SYMLINK_NOFOLLOW])
    attempt(b"none", EINVAL, "execveat", [directory], [0x8000])
    attempt(b"", ETXTBSY, "execveat", [writer], [AT_EMPTY_PATH], path=program)
    attempt(b"", EACCES, "execveat", [directory], [AT_EMPTY_PATH], path=place)
    script(s)


def of_no_file_and_no_arguments():
    """Which of the two a kernel finds first; until 6.8 it counted the arguments before it looked for the file."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.execve(b"/none", ctypes.c_void_p(1), None) == -1
    return -ctypes.get_errno()


def test_bad_pointers(script, place):
    s = Script()
    s.do("chdir", place)
    argv = vector(b"zero", b"one")
    efault, noent = -EFAULT, -ENOENT
    for path in (BAD, 0, edge(b"/unterminated")):
        s.add(
            "execve", path, argv, 0, expect=command(None, None, [b"zero", b"one"], cwd=place, result=efault)
        )
    s.add(
        "execve",
        edge(b"/none\0"),
        argv,
        0,
        expect=command(b"/none", argv=[b"zero", b"one"], cwd=place, result=noent),
    )
    s.add(
        "execve", NOTHING, BAD, 0, expect=command(NOTHING, argv=[], cwd=place, result=efault, truncated=True)
    )
    s.add(
        "execve",
        NOTHING,
        structure(("p", b"zero"), ("p", b"one"), ("p", BAD), ("p", 0)),
        0,
        expect=command(NOTHING, argv=[b"zero", b"one"], cwd=place, result=efault, truncated=True),
    )
    s.add(
        "execve",
        b"/none",
        BAD,
        0,
        expect=command(b"/none", argv=[], cwd=place, result=of_no_file_and_no_arguments(), truncated=True),
    )
    s.add("execve", b"/none", 0, 0, expect=command(b"/none", argv=[], cwd=place, result=noent))
    s.add("execve", BAD, BAD, BAD, expect=command(None, None, [], cwd=place, result=efault, truncated=True))
    s.add(
        "execve",
        NOTHING,
        argv,
        BAD,
        expect=command(NOTHING, argv=[b"zero", b"one"], cwd=place, result=efault),
    )
    script(s)


def test_permission_denied_as_another_user(script, place, program):
    os.chmod(program, 0o744)
    s = Script()
    s.do("chdir", place)
    s.do("setresgid", machine.NOBODY, machine.NOBODY, machine.NOBODY)
    s.do("setresuid", machine.NOBODY, machine.NOBODY, machine.NOBODY)
    s.add(
        "execve",
        program,
        vector(b"zero"),
        0,
        expect=command(program, argv=[b"zero"], cwd=place, result=-EACCES),
    )
    script(s)


def test_the_longest_path(script, place):
    folder = deep(place, 4091)
    path = folder + b"/abc"
    shutil.copy(NOTHING, path)
    s = Script()
    s.do("chdir", folder)
    for request in (path, b"abc"):
        s.add(
            "execve",
            request,
            vector(b"p"),
            0,
            flags="c",
            exe=path.decode(),
            expect=command(path, request, [b"p"], cwd=folder),
        )
    s.add("execve", folder + b"/abd", 0, 0, expect=command(folder + b"/abd", cwd=folder, result=-ENOENT))
    script(s)


def broken_program(path):
    """An ELF file whose one segment no process can map: the kernel finds out after the old program is gone."""
    header = struct.pack(
        "=16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, 62, 1, 0x400000, 64, 0, 0, 64, 56, 1, 64, 0, 0
    )
    segment = struct.pack("=IIQQQQQQ", 1, 5, 0, 0xFFFFFFFF00000000, 0, 120, 120, 4096)
    with open(path, "wb") as file:
        file.write(header + segment)
    os.chmod(path, 0o755)
    return path


def test_beyond_the_point_of_no_return(audit, place):
    """The exec fails when there is no caller any more to return to: it is killed, and the attempt is recorded."""
    path = broken_program(place + b"/broken")
    s = Script()
    s.do("chdir", place)
    s.add("execve", path, vector(b"zero", b"one"), 0, flags="c")
    log = audit([machine.workload("calls")], stdin=s.text())
    (told,) = [facts["parent"] for name, facts in read_facts(log.out).items() if name.startswith("execve")]
    assert os.WIFSIGNALED(told["status"])
    exit_record = log.one("session.exit", pid=told["child"])
    assert exit_record["signal"] == os.WTERMSIG(told["status"]) == 11
    attempt = log.one("session.command", pid=told["child"])
    assert attempt["return_code"] < 0 and attempt["path_source"] != "kernel"


def test_set_user_id(script, place, program):
    """uid stays who called, euid is who it runs as."""
    os.chmod(program, 0o4755)
    s = Script()
    s.do("chdir", place)
    s.do("setresgid", machine.NOBODY, machine.NOBODY, machine.NOBODY)
    s.do("setresuid", machine.NOBODY, machine.NOBODY, machine.NOBODY)
    s.add(
        "execve",
        program,
        vector(b"zero"),
        0,
        flags="c",
        exe=program.decode(),
        euid=0,
        expect=command(program, argv=[b"zero"], cwd=place),
    )
    log = script(s)
    assert log.of("session.command")[-1]["uid"] == machine.NOBODY


def test_ids_are_those_of_the_initial_user_namespace(audit, place):
    """Within a user namespace of its own the process has no name for its uid; the log has the real one."""
    s = Script()
    s.do("unshare", CLONE_NEWUSER)
    s.add("open", b"/none", 0, result=-ENOENT)
    log = audit([machine.workload("calls")], stdin=s.text(), cwd=place)
    assert read_facts(log.out)["open.1"]["call"]["uid"] == machine.NOBODY
    record = log.one("session.disk")
    assert (record["uid"], record["euid"], record["gid"]) == (0, 0, 0)


def test_by_a_thread(script, place):
    """The thread takes the leader's place: its tid is the process's pid from then on. A failure has its own tid."""
    s = Script()
    s.do("chdir", place)
    s.add(
        "execve",
        NOTHING,
        vector(b"by-thread"),
        0,
        flags="ct",
        exe=EXE,
        expect=command(NOTHING, argv=[b"by-thread"], cwd=place),
    )
    s.add(
        "execve",
        b"/none",
        vector(b"by-thread"),
        0,
        flags="ct",
        expect=command(b"/none", argv=[b"by-thread"], cwd=place, result=-ENOENT),
    )
    log = script(s)
    child = [both["parent"]["child"] for both in log.facts.values() if "parent" in both][0]
    assert len(log.of("session.exit", pid=child)) == 1


def test_the_32_bit_calls(script, place, program):
    s = Script()
    s.do("chdir", place)
    directory = s.do("open", place, O_PATH, expect=disk(place, flags=O_PATH))
    argv = vector(b"zero", b"one\n")
    s.add(
        "execve",
        program,
        argv,
        0,
        flags="3c",
        exe=program.decode(),
        expect=command(program, argv=[b"zero", b"one\n"], cwd=place),
    )
    s.add(
        "execveat",
        directory,
        b"program",
        argv,
        0,
        0,
        flags="3c",
        exe=program.decode(),
        expect=command(program, b"program", [b"zero", b"one\n"], cwd=place),
    )
    s.add(
        "execve",
        b"none",
        argv,
        0,
        flags="3",
        expect=command(place + b"/none", b"none", [b"zero", b"one\n"], cwd=place, result=-ENOENT),
    )
    s.add(
        "execveat",
        directory,
        b"none",
        argv,
        0,
        0,
        flags="3",
        expect=command(place + b"/none", b"none", [b"zero", b"one\n"], cwd=place, result=-ENOENT),
    )
    s.add(
        "execve",
        BAD,
        argv,
        0,
        flags="3",
        expect=command(None, None, [b"zero", b"one\n"], cwd=place, result=-EFAULT),
    )
    script(s)
