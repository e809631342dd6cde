# SPDX-License-Identifier: Apache-2.0
"""The open family: everything that can go wrong with it, field by field."""
import os
import struct
from errno import (
    E2BIG,
    EACCES,
    EBADF,
    EEXIST,
    EFAULT,
    EINVAL,
    EISDIR,
    ELOOP,
    EMFILE,
    ENAMETOOLONG,
    ENOENT,
    ENOTDIR,
    EPERM,
)

import machine
from calls import AT_FDCWD, BAD, Script, edge, how, raw, structure
from expect import disk
from flags import (
    O_CLOEXEC,
    O_CREAT,
    O_DIRECTORY,
    O_EXCL,
    O_NOATIME,
    O_NOFOLLOW,
    O_RDONLY,
    O_RDWR,
    O_TMPFILE,
    O_TRUNC,
    O_WRONLY,
)
from machine import write_file

CREAT = O_CREAT | O_WRONLY | O_TRUNC  # what creat(2) stands for


def test_failures(script, place):
    file = write_file(place + b"/file")
    os.symlink(b"loop", place + b"/loop")
    os.symlink(b"file", place + b"/link")
    long_name, long_path = place + b"/" + b"n" * 256, place + b"/x" * 2100
    s = Script()
    s.do("chdir", place)
    for call in ("open", "openat", "openat2"):

        def attempt(path, flags, error, call=call, mode=None):
            arguments = {
                "open": (path, flags, mode or 0),
                "openat": (AT_FDCWD, path, flags, mode or 0),
                "openat2": (AT_FDCWD, path, how(flags, mode or 0), 24),
            }[call]
            whole = path if path.startswith(b"/") else place + b"/" + path if path else place
            # What does not fit PATH_MAX is told as far as it goes: to its 4095th byte.
            s.add(call, *arguments, expect=disk(whole, path, flags, mode=mode, result=-error))

        attempt(place + b"/none", O_RDONLY, ENOENT)
        attempt(b"none", O_RDWR | O_CLOEXEC, ENOENT)
        attempt(b"../none/x", O_RDONLY, ENOENT)
        attempt(b"", O_RDONLY, ENOENT)
        attempt(file, O_CREAT | O_EXCL, EEXIST, mode=0o600)
        attempt(place, O_WRONLY, EISDIR)
        attempt(b"file/", O_RDONLY, ENOTDIR)
        attempt(b"file/x", O_RDONLY, ENOTDIR)
        attempt(file, O_DIRECTORY, ENOTDIR)
        attempt(b"loop", O_RDONLY, ELOOP)
        attempt(place + b"/link", O_NOFOLLOW, ELOOP)
        attempt(long_name, O_RDONLY, ENAMETOOLONG)
        attempt(b"/proc/self/fd/99999", O_RDONLY, ENOENT)
    assert len(long_path) > 4096
    s.add("open", long_path, O_RDONLY, expect=disk(long_path[:4095], flags=O_RDONLY, result=-ENAMETOOLONG))
    s.add(
        "creat",
        place + b"/none/x",
        0o644,
        expect=disk(place + b"/none/x", flags=CREAT, mode=0o644, result=-ENOENT),
    )
    script(s)


def test_bad_descriptors(script, place):
    file = write_file(place + b"/file")
    s = Script()
    plain = s.do("open", file, O_RDONLY, expect=disk(file, flags=O_RDONLY))
    s.add("openat", 12345, b"x", O_RDONLY, expect=disk(b"x", flags=O_RDONLY, result=-EBADF))
    s.add("openat", -1, b"x", O_RDONLY, expect=disk(b"x", flags=O_RDONLY, result=-EBADF))
    s.add("openat", plain, b"x", O_RDONLY, expect=disk(file + b"/x", b"x", O_RDONLY, result=-ENOTDIR))
    script(s)


def test_bad_pointers(script):
    s = Script()
    path = b"/nonexistent-at-the-edge"
    s.add("open", BAD, O_RDONLY, expect=disk(None, flags=O_RDONLY, result=-EFAULT))
    s.add("open", 0, O_RDWR, expect=disk(None, flags=O_RDWR, result=-EFAULT))
    s.add("openat", AT_FDCWD, 0xFFFFFFFF80000000, O_RDONLY, expect=disk(None, flags=O_RDONLY, result=-EFAULT))
    s.add("creat", BAD, 0o600, expect=disk(None, flags=CREAT, mode=0o600, result=-EFAULT))
    s.add("openat2", AT_FDCWD, BAD, how(O_RDONLY), 24, expect=disk(None, flags=O_RDONLY, result=-EFAULT))
    s.add("openat2", AT_FDCWD, path, BAD, 24, expect=disk(path, flags=None, result=-EFAULT))
    # Unterminated at the end of memory; and terminated by its very last byte.
    s.add("open", edge(path), O_RDONLY, expect=disk(None, flags=O_RDONLY, result=-EFAULT))
    s.add("open", edge(path + b"\0"), O_RDONLY, expect=disk(path, flags=O_RDONLY, result=-ENOENT))
    script(s)


def test_invalid_arguments(script, place):
    file = write_file(place + b"/file")
    s = Script()
    s.add("openat2", AT_FDCWD, file, how(1 << 40), 24, expect=disk(file, flags=1 << 40, result=-EINVAL))
    s.add(
        "openat2", AT_FDCWD, file, how(O_RDONLY, 0o644), 24, expect=disk(file, flags=O_RDONLY, result=-EINVAL)
    )
    s.add(
        "openat2",
        AT_FDCWD,
        file,
        how(O_RDONLY, 0, 1 << 30),
        24,
        expect=disk(file, flags=O_RDONLY, resolve=["0x40000000"], result=-EINVAL),
    )
    # Too short: the kernel reads nothing of it, and so it was asked for nothing.
    for size in (0, 8, 23):
        s.add("openat2", AT_FDCWD, file, how(O_RDWR), size, expect=disk(file, flags=None, result=-EINVAL))
    s.add(
        "openat2",
        AT_FDCWD,
        file,
        raw(struct.pack("=QQQQ", 0, 0, 0, 1)),
        32,
        expect=disk(file, flags=O_RDONLY, result=-E2BIG),
    )
    s.add(
        "open",
        place,
        O_TMPFILE & ~O_DIRECTORY | O_RDWR,
        0o600,
        expect=disk(place, flags=O_TMPFILE & ~O_DIRECTORY | O_RDWR, result=-EINVAL),
    )
    script(s)


def test_permission_denied_as_another_user(script, place):
    secret = write_file(place + b"/secret")
    os.chmod(secret, 0o600)
    os.mkdir(place + b"/closed", 0o700)
    os.chmod(place, 0o755)
    s = Script()
    s.do("setgroups", 0, 0)
    s.do("setresgid", machine.NOBODY, machine.NOBODY, machine.NOBODY)
    s.do("setresuid", machine.NOBODY, machine.NOBODY, machine.NOBODY)
    for path, flags in (
        (secret, O_RDONLY),
        (place + b"/closed/x", O_RDONLY),
        (place + b"/new", O_CREAT | O_WRONLY),
    ):
        mode = 0o600 if flags & O_CREAT else None
        s.add("open", path, flags, mode or 0, expect=disk(path, flags=flags, mode=mode, result=-EACCES))
    s.add("open", b"/etc/passwd", O_NOATIME, expect=disk(b"/etc/passwd", flags=O_NOATIME, result=-EPERM))
    log = script(s)
    records = [record for name, record in log.calls.items() if name.startswith("open")]
    assert {(r["uid"], r["euid"], r["gid"]) for r in records} == {(machine.NOBODY,) * 3}


def test_no_descriptor_left(script):
    s = Script()
    s.do("setrlimit", 7, structure(("q", 3), ("q", 3)))
    s.add("open", b"/etc/passwd", O_RDONLY, expect=disk(b"/etc/passwd", flags=O_RDONLY, result=-EMFILE))
    script(s)
