# SPDX-License-Identifier: Apache-2.0
"""The open family: every call, success and failure, field by field."""
import ctypes
import os
import struct
from errno import EBADF, EEXIST, EFAULT, ELOOP, ENOENT, ESTALE, EXDEV

from calls import AT_FDCWD, BAD, Script, how, raw
from expect import disk
from flags import (
    O_APPEND,
    O_CLOEXEC,
    O_CREAT,
    O_DIRECTORY,
    O_EXCL,
    O_LARGEFILE,
    O_NOATIME,
    O_NOFOLLOW,
    O_NONBLOCK,
    O_PATH,
    O_RDONLY,
    O_RDWR,
    O_SYNC,
    O_TMPFILE,
    O_TRUNC,
    O_WRONLY,
    RESOLVE_BENEATH,
    RESOLVE_IN_ROOT,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
    RESOLVE_NO_XDEV,
)
from machine import write_file

CREAT = O_CREAT | O_WRONLY | O_TRUNC  # what creat(2) stands for


def test_success_of_each_call_and_each_way_to_name_a_file(script, place):
    file = write_file(place + b"/file")
    s = Script()
    s.do("open", place, O_RDONLY | O_DIRECTORY, expect=disk(place, flags=O_RDONLY | O_DIRECTORY))
    directory = s.do("openat", AT_FDCWD, place, O_PATH, expect=disk(place, flags=O_PATH))
    s.do("chdir", place)
    for name, number in (
        (file, AT_FDCWD),
        (b"file", AT_FDCWD),
        (b"./file", AT_FDCWD),
        (b"../" + os.path.basename(place) + b"/file", AT_FDCWD),
        (b"file", directory),
        (b".//file", directory),
        (file, directory),
        (file, 12345),
    ):
        s.add("openat", number, name, O_RDONLY | O_CLOEXEC, expect=disk(file, name, O_RDONLY | O_CLOEXEC))
        s.add("openat2", number, name, how(O_RDWR), 24, expect=disk(file, name, O_RDWR))
    for name in (file, b"file", b"./file"):
        s.add("open", name, O_RDWR | O_APPEND, expect=disk(file, name, O_RDWR | O_APPEND))
    s.add("open", b".", O_RDONLY, expect=disk(place, b".", O_RDONLY))
    s.add("open", b"/", O_RDONLY, expect=disk(b"/", flags=O_RDONLY))
    s.add("open", b"//", O_RDONLY, expect=disk(b"/", b"//", O_RDONLY))
    script(s)


def test_flags_are_those_of_the_request(script, place):
    file = write_file(place + b"/file", b"x")
    s = Script()
    for flags in (
        O_SYNC | O_WRONLY,
        O_NOATIME,
        O_NONBLOCK | O_RDWR,
        O_LARGEFILE,
        O_NOFOLLOW,
        O_PATH | O_CLOEXEC,
        O_APPEND | O_WRONLY,
        O_TRUNC | O_RDWR,
        3,
        0o4010000,
        0o10000 | O_WRONLY,
        0o20000,
        0o400,
    ):
        s.add("open", file, flags, expect=disk(file, flags=flags))
    # open() ignores bits that it does not know; they are shown all the same.
    s.add("open", file, 1 << 30, expect=disk(file, flags=1 << 30))
    script(s)


def test_creating(script, place):
    s = Script()
    old = write_file(place + b"/old")
    s.add(
        "open",
        place + b"/a",
        O_CREAT | O_WRONLY,
        0o644,
        expect=disk(place + b"/a", flags=O_CREAT | O_WRONLY, mode=0o644, created=True),
    )
    s.add(
        "open",
        place + b"/a",
        O_CREAT | O_WRONLY,
        0o600,
        expect=disk(place + b"/a", flags=O_CREAT | O_WRONLY, mode=0o600),
    )
    s.add(
        "open",
        old,
        O_CREAT | O_EXCL,
        0o600,
        expect=disk(old, flags=O_CREAT | O_EXCL, mode=0o600, result=-EEXIST),
    )
    s.add("creat", place + b"/b", 0o4755, expect=disk(place + b"/b", flags=CREAT, mode=0o4755, created=True))
    s.add("creat", place + b"/b", 0, expect=disk(place + b"/b", flags=CREAT, mode=0))
    s.add(
        "openat",
        AT_FDCWD,
        place + b"/c",
        O_CREAT | O_EXCL | O_RDWR,
        0o7,
        expect=disk(place + b"/c", flags=O_CREAT | O_EXCL | O_RDWR, mode=7, created=True),
    )
    s.add(
        "openat2",
        AT_FDCWD,
        place + b"/d",
        how(O_CREAT | O_WRONLY, 0o640),
        24,
        expect=disk(place + b"/d", flags=O_CREAT | O_WRONLY, mode=0o640, created=True),
    )
    # A mode without O_CREAT means nothing.
    s.add("open", old, O_RDONLY, 0o777, expect=disk(old, flags=O_RDONLY))
    s.add(
        "open",
        place + b"/none/x",
        O_CREAT | O_WRONLY,
        0o666,
        expect=disk(place + b"/none/x", flags=O_CREAT | O_WRONLY, mode=0o666, result=-ENOENT),
    )
    script(s)
    assert os.stat(place + b"/a").st_mode & 0o7777 == 0o644


def test_temporary_file_without_a_name(script, place):
    s = Script()
    s.add(
        "open",
        place,
        O_TMPFILE | O_RDWR,
        0o600,
        expect=(
            "session.disk",
            disk(place + b"/?", place, O_TMPFILE | O_RDWR, mode=0o600, created=True, deleted=True)[1]
            | {"path": lambda fact: f"{place.decode()}/#{fact['inode']}"},
        ),
    )
    script(s)


def test_resolve_flags(script, place):
    os.mkdir(place + b"/in")
    file = write_file(place + b"/in/file")
    write_file(place + b"/out")
    os.symlink(b"../out", place + b"/in/link")
    s = Script()
    inside = s.do("open", place + b"/in", O_PATH, expect=disk(place + b"/in", flags=O_PATH))
    s.add(
        "openat2",
        inside,
        b"file",
        how(0, 0, RESOLVE_BENEATH),
        24,
        expect=disk(file, b"file", 0, resolve=["RESOLVE_BENEATH"]),
    )
    s.add(
        "openat2",
        inside,
        b"../out",
        how(0, 0, RESOLVE_BENEATH),
        24,
        expect=disk(place + b"/in/../out", b"../out", 0, resolve=["RESOLVE_BENEATH"], result=-EXDEV),
    )
    s.add(
        "openat2",
        inside,
        b"link",
        how(0, 0, RESOLVE_NO_SYMLINKS),
        24,
        expect=disk(place + b"/in/link", b"link", 0, resolve=["RESOLVE_NO_SYMLINKS"], result=-ELOOP),
    )
    s.add(
        "openat2",
        inside,
        b"/file",
        how(0, 0, RESOLVE_IN_ROOT),
        24,
        expect=disk(file, b"/file", 0, resolve=["RESOLVE_IN_ROOT"]),
    )
    s.add(
        "openat2",
        inside,
        b"/none",
        how(0, 0, RESOLVE_IN_ROOT),
        24,
        expect=disk(place + b"/in/none", b"/none", 0, resolve=["RESOLVE_IN_ROOT"], result=-ENOENT),
    )
    s.add(
        "openat2",
        AT_FDCWD,
        b"/proc/self/exe",
        how(0, 0, RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS),
        24,
        expect=disk(
            b"/proc/self/exe", flags=0, resolve=["RESOLVE_NO_XDEV", "RESOLVE_NO_MAGICLINKS"], result=-EXDEV
        ),
    )
    script(s)


def test_by_handle(script, place):
    file = write_file(place + b"/file")
    libc = ctypes.CDLL(None, use_errno=True)
    handle = ctypes.create_string_buffer(struct.pack("=Ii", 128, 0), 136)
    assert libc.name_to_handle_at(AT_FDCWD, file, handle, ctypes.byref(ctypes.c_int()), 0) == 0
    size = struct.unpack_from("=I", handle.raw)[0]
    good = raw(handle.raw[: 8 + size])
    s = Script()
    mount = s.do("open", place, O_RDONLY | O_DIRECTORY, expect=disk(place, flags=O_RDONLY | O_DIRECTORY))
    s.add("open_by_handle_at", mount, good, O_RDWR, expect=disk(file, flags=O_RDWR, via="handle"))
    s.add(
        "open_by_handle_at",
        mount,
        raw(struct.pack("=IiQ", 8, 1, 2**63 - 1)),
        O_RDONLY,
        expect=disk(None, flags=O_RDONLY, result=-ESTALE, via="handle"),
    )
    s.add(
        "open_by_handle_at",
        12345,
        good,
        O_RDONLY,
        expect=disk(None, flags=O_RDONLY, result=-EBADF, via="handle"),
    )
    s.add(
        "open_by_handle_at",
        mount,
        BAD,
        O_RDONLY,
        expect=disk(None, flags=O_RDONLY, result=-EFAULT, via="handle"),
    )
    script(s)


def test_by_threads_and_children(script, place):
    file = write_file(place + b"/file")
    s = Script()
    for flags in ("t", "c", "ct"):
        s.add("open", file, O_RDONLY, flags=flags, expect=disk(file, flags=O_RDONLY))
        s.add(
            "open",
            place + b"/none",
            O_RDONLY,
            flags=flags,
            expect=disk(place + b"/none", flags=O_RDONLY, result=-ENOENT),
        )
    script(s)


def test_the_32_bit_calls(script, place):
    file = write_file(place + b"/file")
    s = Script()
    directory = s.do("openat", AT_FDCWD, place, O_PATH, flags="3", expect=disk(place, flags=O_PATH))
    s.add("open", file, O_RDONLY, flags="3", expect=disk(file, flags=O_RDONLY))
    s.add(
        "open",
        place + b"/none",
        O_RDWR,
        flags="3",
        expect=disk(place + b"/none", flags=O_RDWR, result=-ENOENT),
    )
    s.add("open", BAD, O_RDONLY, flags="3", expect=disk(None, flags=O_RDONLY, result=-EFAULT))
    s.add(
        "creat",
        place + b"/new",
        0o640,
        flags="3",
        expect=disk(place + b"/new", flags=CREAT, mode=0o640, created=True),
    )
    s.add(
        "openat",
        directory,
        b"file",
        O_RDWR | O_CLOEXEC,
        flags="3",
        expect=disk(file, b"file", O_RDWR | O_CLOEXEC),
    )
    s.add(
        "openat2",
        directory,
        b"file",
        how(0, 0, RESOLVE_BENEATH),
        24,
        flags="3",
        expect=disk(file, b"file", 0, resolve=["RESOLVE_BENEATH"]),
    )
    s.add(
        "openat2",
        directory,
        b"file",
        BAD,
        24,
        flags="3",
        expect=disk(place + b"/file", b"file", None, result=-EFAULT),
    )
    s.add("open", file, O_RDONLY, flags="3ct", expect=disk(file, flags=O_RDONLY))
    script(s)


def test_numbers_that_the_kernel_cuts_to_32_bits(script, place):
    """Descriptors and flags are ints: what a register holds above them means nothing."""
    file = write_file(place + b"/file")
    high = 0xDEADBEEF << 32
    s = Script()
    s.do("open", place, O_PATH, expect=disk(place, flags=O_PATH))
    s.do("chdir", place)
    s.add("openat", AT_FDCWD & 0xFFFFFFFF, b"file", O_RDONLY, expect=disk(file, b"file", O_RDONLY))
    s.add("openat", high | 3, b"file", high | O_RDWR, expect=disk(file, b"file", O_RDWR))
    s.add("open", file, high | O_CREAT, high | 0o600, expect=disk(file, flags=O_CREAT, mode=0o600))
    s.add(
        "openat",
        high | 3,
        b"none",
        O_RDONLY,
        expect=disk(place + b"/none", b"none", O_RDONLY, result=-ENOENT),
    )
    longer = raw(struct.pack("=QQQQ", O_RDWR, 0, 0, 0))
    s.add("openat2", high | 3, b"file", longer, 32, expect=disk(file, b"file", O_RDWR))
    script(s)


def test_descriptors_of_every_size(script, place):
    """The table of descriptors grows as they do: 64, 128, 256, ..."""
    file = write_file(place + b"/file")
    s = Script()
    for _ in range(1100):
        s.do("open", file, O_RDONLY, expect=disk(file, flags=O_RDONLY))
    log = script(s)
    assert [record["return_code"] for record in log.of("session.disk")] == list(range(3, 1103))
