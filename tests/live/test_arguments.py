# SPDX-License-Identifier: Apache-2.0
"""Arguments of executed programs, byte for byte, up to what the kernel takes."""
import os
import resource
from errno import E2BIG, ENOENT

import machine
import pytest
from calls import Script, structure, vector
from expect import command, disk
from names import NAMES

NOTHING = os.fsencode(machine.workload("nothing"))
EXE = NOTHING.decode()


def test_no_arguments(script, place):
    """argc 0: the kernel itself makes one empty argument of it (since 5.18)."""
    s = Script()
    s.do("chdir", place)
    for argv in (0, vector()):
        s.add("execve", NOTHING, argv, 0, flags="c", exe=EXE, expect=command(NOTHING, argv=[b""], cwd=place))
    s.add(
        "execve", NOTHING, vector(b""), 0, flags="c", exe=EXE, expect=command(NOTHING, argv=[b""], cwd=place)
    )
    s.add(
        "execve",
        NOTHING,
        vector(b"", b"", b""),
        0,
        flags="c",
        exe=EXE,
        expect=command(NOTHING, argv=[b"", b"", b""], cwd=place),
    )
    script(s)


def test_arguments_byte_for_byte(script, place):
    s = Script()
    s.do("chdir", place)
    for name in NAMES:
        s.add(
            "execve",
            NOTHING,
            vector(name, b"", name + b"\xff", b"plain"),
            0,
            flags="c",
            exe=EXE,
            expect=command(NOTHING, argv=[name, b"", name + b"\xff", b"plain"], cwd=place),
        )
        s.add(
            "execve",
            b"/none",
            vector(name, name),
            0,
            expect=command(b"/none", argv=[name, name], cwd=place, result=-ENOENT),
        )
    script(s)


def big_arguments(size):
    """Arguments of all kinds, the longest that may be (128 KiB with its NUL) among them, SIZE bytes in all."""
    longest = 131071
    argv = [bytes(33 + (i * 7 + k) % 90 for k in range(251)) * (longest // 251 + 1) for i in range(8)]
    argv = [argument[:longest] for argument in argv]
    found, left = [b"zero"], size - 5
    while left > 1:
        take = min(left - 1, longest)
        found.append(argv[len(found) % len(argv)][:take])
        left -= take + 1
    return found


@pytest.mark.parametrize(
    "size", [4095, 4096, 4097, 4100, 8191, 12288, 12289, 131072, 1000003, 2097152 - 4096]
)
def test_long_arguments(script, place, size):
    argv = big_arguments(size)
    s = Script()
    s.do("chdir", place)
    s.add(
        "execve", NOTHING, vector(*argv), 0, flags="c", exe=EXE, expect=command(NOTHING, argv=argv, cwd=place)
    )
    s.add(
        "execve", b"/none", vector(*argv), 0, expect=command(b"/none", argv=argv, cwd=place, result=-ENOENT)
    )
    script(s)


@pytest.mark.parametrize("byte", [b"\x01", b"\xff", b'"'])
def test_arguments_that_grow_most(script, place, byte):
    """Nearly 2 MiB of what JSON needs six characters for, or base64 besides."""
    argv = [b"zero"] + [byte * 131071] * 15
    s = Script()
    s.do("chdir", place)
    s.add(
        "execve", NOTHING, vector(*argv), 0, flags="c", exe=EXE, expect=command(NOTHING, argv=argv, cwd=place)
    )
    s.add("open", b"/none", 0, expect=disk(b"/none", flags=0, result=-ENOENT))
    script(s)


def test_many_arguments(script, place):
    """Pointers count as well: some 200,000 empty or tiny strings are what fits."""
    argv = [b"zero"] + [b"", b"a", b"bc"] * 60000
    s = Script()
    s.do("chdir", place)
    s.add(
        "execve", NOTHING, vector(*argv), 0, flags="c", exe=EXE, expect=command(NOTHING, argv=argv, cwd=place)
    )
    s.add(
        "execve", b"/none", vector(*argv), 0, expect=command(b"/none", argv=argv, cwd=place, result=-ENOENT)
    )
    script(s)


def test_arguments_beyond_2_mib(script, place):
    """With a larger stack limit the kernel takes up to 6 MiB of arguments: no place to hide them."""
    argv = big_arguments(5 << 20)
    s = Script()
    s.do("chdir", place)
    s.do("setrlimit", resource.RLIMIT_STACK, structure(("q", 64 << 20), ("q", 64 << 20)))
    s.add(
        "execve", NOTHING, vector(*argv), 0, flags="c", exe=EXE, expect=command(NOTHING, argv=argv, cwd=place)
    )
    script(s)


def test_too_big(script, place):
    """One argument of 128 KiB without its NUL, and more than 2 MiB in all."""
    one, all_of_it = [b"zero", b"a" * 131072], [b"zero"] + [bytes([97 + i]) * 131071 for i in range(17)]
    s = Script()
    s.do("chdir", place)
    for argv in (one, all_of_it[:17]):
        s.add(
            "execve", NOTHING, vector(*argv), 0, expect=command(NOTHING, argv=argv, cwd=place, result=-E2BIG)
        )
    script(s)
