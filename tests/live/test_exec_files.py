# SPDX-License-Identifier: Apache-2.0
"""What is executed: scripts, files without a name, files that are gone, names of every kind."""
import os
from errno import ENOENT

from calls import AT_EMPTY_PATH, Script, raw, vector
from expect import command, disk, fact
from flags import O_PATH, O_RDONLY
from names import NAMES
from test_exec import EXE, NOTHING, make_script, program  # noqa: F401 (a fixture)


def test_scripts(script, place):
    one = make_script(place + b"/one", NOTHING, b"option with spaces")
    two = make_script(place + b"/two", one)
    three = make_script(place + b"/three", two, b"-x")
    s = Script()
    s.do("chdir", place)
    directory = s.do("open", place, O_PATH, expect=disk(place, flags=O_PATH))
    opened = s.do("open", one, O_RDONLY, expect=disk(one, flags=O_RDONLY))
    argv = vector(b"lost", b"a", b"b c")

    def attempt(path, request, argv_then, call, *args, interpreter=NOTHING):
        s.add(
            call,
            *args,
            flags="c",
            exe=interpreter.decode(),
            expect=command(path, request, argv_then, cwd=place, interpreter=interpreter)
        )

    option, rest = b"option with spaces", [b"a", b"b c"]
    attempt(one, one, [NOTHING, option, one, *rest], "execve", one, argv, 0)
    attempt(place + b"/./one", b"./one", [NOTHING, option, b"./one", *rest], "execve", b"./one", argv, 0)
    attempt(two, b"two", [NOTHING, option, one, b"two", *rest], "execve", b"two", argv, 0)
    attempt(three, three, [NOTHING, option, one, two, b"-x", three, *rest], "execve", three, argv, 0)
    attempt(
        one, b"one", [NOTHING, option, b"/dev/fd/3/one", *rest], "execveat", directory, b"one", argv, 0, 0
    )
    attempt(one, b"", [NOTHING, option, b"/dev/fd/4", *rest], "execveat", opened, b"", argv, 0, AT_EMPTY_PATH)
    # argc 0: the interpreter takes argv[0]'s place all the same.
    attempt(one, one, [NOTHING, option, one], "execve", one, vector(), 0)
    script(s)


def test_a_script_of_the_shell(audit, place):
    """The usual case: /bin/sh is a link; exe and interpreter are what runs, argv0 what the script says."""
    path = place.decode() + "/script"
    with open(path, "w") as file:
        file.write("#!/bin/sh\nexit 7\n")
    os.chmod(path, 0o755)
    log = audit([path, "x"], status=7, cwd=place)
    record = log.one("session.command")
    shell = os.path.realpath("/bin/sh")
    assert (record["path"], record["path_source"], record["interpreter"], record["exe"]) == (
        path,
        "request",
        shell,
        shell,
    )
    assert (record["argv0"], record["argv"], record["program"]) == ("/bin/sh", [path, "x"], "script")


def test_memory_file(script, place):
    with open(NOTHING, "rb") as file:
        image = file.read()
    s = Script()
    s.do("chdir", place)
    memory = s.do("memfd_create", b"se cret", 0)
    for part in range(0, len(image), 1 << 20):
        piece = image[part : part + (1 << 20)]
        s.do("write", memory, raw(piece), len(piece))
    s.add(
        "execveat",
        memory,
        b"",
        vector(b"innocent"),
        0,
        AT_EMPTY_PATH,
        flags="c",
        exe="/memfd:se cret",
        expect=command(
            b"/memfd:se cret",
            b"",
            [b"innocent"],
            cwd=place,
            memfd=True,
            inode=fact("inode", memory),
            dev=fact("dev", memory),
        ),
    )
    s.add(
        "execve",
        b"/proc/self/fd/3",
        vector(b"innocent"),
        0,
        flags="c",
        exe="/memfd:se cret",
        expect=command(
            b"/memfd:se cret",
            b"/proc/self/fd/3",
            [b"innocent"],
            cwd=place,
            memfd=True,
            inode=fact("inode", memory),
            dev=fact("dev", memory),
        ),
    )
    script(s)


def test_deleted_program(script, place, program):
    s = Script()
    s.do("chdir", place)
    opened = s.do("open", program, O_PATH, expect=disk(program, flags=O_PATH))
    s.do("unlink", program)
    s.add(
        "execveat",
        opened,
        b"",
        vector(b"gone"),
        0,
        AT_EMPTY_PATH,
        flags="c",
        exe=program.decode(),
        expect=command(
            program,
            b"",
            [b"gone"],
            cwd=place,
            deleted=True,
            inode=fact("inode", opened),
            dev=fact("dev", opened),
        ),
    )
    s.add(
        "execve",
        program,
        vector(b"gone"),
        0,
        expect=command(program, argv=[b"gone"], cwd=place, result=-ENOENT),
    )
    script(s)


def test_chroot(script, place, program):
    s = Script()
    s.do("chroot", place)
    s.do("chdir", b"/")
    s.add(
        "execve",
        b"/program",
        vector(b"p"),
        0,
        flags="c",
        exe=program.decode(),
        expect=command(program, b"/program", [b"p"], cwd=place),
    )
    s.add(
        "execve",
        b"/none",
        vector(b"p"),
        0,
        expect=command(place + b"/none", b"/none", [b"p"], cwd=place, result=-ENOENT),
    )
    script(s)


def test_deleted_working_directory(script, place):
    os.mkdir(place + b"/gone")
    s = Script()
    s.do("chdir", place + b"/gone")
    s.do("rmdir", place + b"/gone")
    s.add(
        "execve",
        b"x",
        vector(b"p"),
        0,
        expect=command(place + b"/gone/x", b"x", [b"p"], cwd=place + b"/gone", result=-ENOENT),
    )
    s.add(
        "execve",
        NOTHING,
        vector(b"p"),
        0,
        flags="c",
        exe=EXE,
        expect=command(NOTHING, argv=[b"p"], cwd=place + b"/gone"),
    )
    script(s)


def test_hostile_names(script, place):
    s = Script()
    s.do("chdir", place)
    for name in NAMES:
        if name != b"n" * 255:
            path = place + b"/none/" + name
            s.add(
                "execve", path, vector(name), 0, expect=command(path, argv=[name], cwd=place, result=-ENOENT)
            )
    script(s)
