# SPDX-License-Identifier: Apache-2.0
"""The open family: every call, success and failure, field by field."""
import ctypes
import errno
import os
import struct

import machine
import pytest
from calls import AT_FDCWD, BAD, Script, edge, how, raw, structure
from expect import disk
from flags import (O_APPEND, O_CLOEXEC, O_CREAT, O_DIRECTORY, O_EXCL, O_LARGEFILE, O_NOATIME, O_NOFOLLOW, O_NONBLOCK,
                   O_PATH, O_RDONLY, O_RDWR, O_SYNC, O_TMPFILE, O_TRUNC, O_WRONLY, RESOLVE_BENEATH, RESOLVE_IN_ROOT,
                   RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_NO_XDEV)

CREAT = O_CREAT | O_WRONLY | O_TRUNC  # what creat(2) stands for
MS_BIND, MS_REC, MS_PRIVATE, CLONE_NEWNS, MNT_DETACH = 4096, 16384, 1 << 18, 0x20000, 2


def write(path, data=b""):
    with open(path, "wb") as file:
        file.write(data)
    return path


def private_mounts(s):
    s.do("unshare", CLONE_NEWNS)
    s.do("mount", b"none", b"/", 0, MS_REC | MS_PRIVATE, 0)


def test_success_of_each_call_and_each_way_to_name_a_file(script, place):
    file = write(place + b"/file")
    s = Script()
    s.do("open", place, O_RDONLY | O_DIRECTORY, expect=disk(place, flags=O_RDONLY | O_DIRECTORY))
    directory = s.do("openat", AT_FDCWD, place, O_PATH, expect=disk(place, flags=O_PATH))
    s.do("chdir", place)
    for name, number in ((file, AT_FDCWD), (b"file", AT_FDCWD), (b"./file", AT_FDCWD), (b"../" + os.path.basename(place) + b"/file", AT_FDCWD),
                         (b"file", directory), (b".//file", directory), (file, directory), (file, 12345)):
        s.add("openat", number, name, O_RDONLY | O_CLOEXEC, expect=disk(file, name, O_RDONLY | O_CLOEXEC))
        s.add("openat2", number, name, how(O_RDWR), 24, expect=disk(file, name, O_RDWR))
    for name in (file, b"file", b"./file"):
        s.add("open", name, O_RDWR | O_APPEND, expect=disk(file, name, O_RDWR | O_APPEND))
    s.add("open", b".", O_RDONLY, expect=disk(place, b".", O_RDONLY))
    s.add("open", b"/", O_RDONLY, expect=disk(b"/", flags=O_RDONLY))
    s.add("open", b"//", O_RDONLY, expect=disk(b"/", b"//", O_RDONLY))
    script(s)


def test_flags_are_those_of_the_request(script, place):
    file = write(place + b"/file", b"x")
    s = Script()
    for flags in (O_SYNC | O_WRONLY, O_NOATIME, O_NONBLOCK | O_RDWR, O_LARGEFILE, O_NOFOLLOW, O_PATH | O_CLOEXEC, O_APPEND | O_WRONLY,
                  O_TRUNC | O_RDWR, 3, 0o4010000, 0o10000 | O_WRONLY, 0o20000, 0o400):
        s.add("open", file, flags, expect=disk(file, flags=flags))
    # open() ignores bits that it does not know; they are shown all the same.
    s.add("open", file, 1 << 30, expect=disk(file, flags=1 << 30))
    script(s)


def test_creating(script, place):
    s = Script()
    old = write(place + b"/old")
    s.add("open", place + b"/a", O_CREAT | O_WRONLY, 0o644, expect=disk(place + b"/a", flags=O_CREAT | O_WRONLY, mode=0o644, created=True))
    s.add("open", place + b"/a", O_CREAT | O_WRONLY, 0o600, expect=disk(place + b"/a", flags=O_CREAT | O_WRONLY, mode=0o600))
    s.add("open", old, O_CREAT | O_EXCL, 0o600, result=-errno.EEXIST,
          expect=disk(old, flags=O_CREAT | O_EXCL, mode=0o600, result=-errno.EEXIST))
    s.add("creat", place + b"/b", 0o4755, expect=disk(place + b"/b", flags=CREAT, mode=0o4755, created=True))
    s.add("creat", place + b"/b", 0, expect=disk(place + b"/b", flags=CREAT, mode=0))
    s.add("openat", AT_FDCWD, place + b"/c", O_CREAT | O_EXCL | O_RDWR, 0o7,
          expect=disk(place + b"/c", flags=O_CREAT | O_EXCL | O_RDWR, mode=7, created=True))
    s.add("openat2", AT_FDCWD, place + b"/d", how(O_CREAT | O_WRONLY, 0o640), 24,
          expect=disk(place + b"/d", flags=O_CREAT | O_WRONLY, mode=0o640, created=True))
    # A mode without O_CREAT means nothing.
    s.add("open", old, O_RDONLY, 0o777, expect=disk(old, flags=O_RDONLY))
    s.add("open", place + b"/none/x", O_CREAT | O_WRONLY, 0o666, result=-errno.ENOENT,
          expect=disk(place + b"/none/x", flags=O_CREAT | O_WRONLY, mode=0o666, result=-errno.ENOENT))
    script(s)
    assert os.stat(place + b"/a").st_mode & 0o7777 == 0o644


def test_temporary_file_without_a_name(script, place):
    s = Script()
    s.add("open", place, O_TMPFILE | O_RDWR, 0o600,
          expect=("session.disk", disk(place + b"/?", place, O_TMPFILE | O_RDWR, mode=0o600, created=True, deleted=True)[1]
                  | {"path": lambda fact: f"{place.decode()}/#{fact['inode']}"}))
    script(s)


def test_failures(script, place):
    file = write(place + b"/file")
    os.symlink(b"loop", place + b"/loop")
    os.symlink(b"file", place + b"/link")
    long_name, long_path = place + b"/" + b"n" * 256, place + b"/x" * 2100
    s = Script()
    s.do("chdir", place)
    for call in ("open", "openat", "openat2"):
        def attempt(path, flags, error, call=call, mode=None):
            arguments = {"open": (path, flags, mode or 0), "openat": (AT_FDCWD, path, flags, mode or 0),
                         "openat2": (AT_FDCWD, path, how(flags, mode or 0), 24)}[call]
            whole = path if path.startswith(b"/") else place + b"/" + path if path else place
            # What does not fit PATH_MAX is told as far as it goes: to its 4095th byte.
            s.add(call, *arguments, result=-error, expect=disk(whole, path, flags, mode=mode, result=-error))

        attempt(place + b"/none", O_RDONLY, errno.ENOENT)
        attempt(b"none", O_RDWR | O_CLOEXEC, errno.ENOENT)
        attempt(b"../none/x", O_RDONLY, errno.ENOENT)
        attempt(b"", O_RDONLY, errno.ENOENT)
        attempt(file, O_CREAT | O_EXCL, errno.EEXIST, mode=0o600)
        attempt(place, O_WRONLY, errno.EISDIR)
        attempt(b"file/", O_RDONLY, errno.ENOTDIR)
        attempt(b"file/x", O_RDONLY, errno.ENOTDIR)
        attempt(file, O_DIRECTORY, errno.ENOTDIR)
        attempt(b"loop", O_RDONLY, errno.ELOOP)
        attempt(place + b"/link", O_NOFOLLOW, errno.ELOOP)
        attempt(long_name, O_RDONLY, errno.ENAMETOOLONG)
        attempt(b"/proc/self/fd/99999", O_RDONLY, errno.ENOENT)
    assert len(long_path) > 4096
    s.add("open", long_path, O_RDONLY, result=-errno.ENAMETOOLONG, expect=disk(long_path[:4095], flags=O_RDONLY, result=-errno.ENAMETOOLONG))
    s.add("creat", place + b"/none/x", 0o644, result=-errno.ENOENT, expect=disk(place + b"/none/x", flags=CREAT, mode=0o644, result=-errno.ENOENT))
    script(s)


def test_bad_descriptors(script, place):
    file = write(place + b"/file")
    s = Script()
    plain = s.do("open", file, O_RDONLY, expect=disk(file, flags=O_RDONLY))
    s.add("openat", 12345, b"x", O_RDONLY, result=-errno.EBADF, expect=disk(b"x", flags=O_RDONLY, result=-errno.EBADF))
    s.add("openat", -1, b"x", O_RDONLY, result=-errno.EBADF, expect=disk(b"x", flags=O_RDONLY, result=-errno.EBADF))
    s.add("openat", plain, b"x", O_RDONLY, result=-errno.ENOTDIR, expect=disk(file + b"/x", b"x", O_RDONLY, result=-errno.ENOTDIR))
    script(s)


def test_bad_pointers(script):
    s = Script()
    path = b"/nonexistent-at-the-edge"
    s.add("open", BAD, O_RDONLY, result=-errno.EFAULT, expect=disk(None, flags=O_RDONLY, result=-errno.EFAULT))
    s.add("open", 0, O_RDWR, result=-errno.EFAULT, expect=disk(None, flags=O_RDWR, result=-errno.EFAULT))
    s.add("openat", AT_FDCWD, 0xffffffff80000000, O_RDONLY, result=-errno.EFAULT, expect=disk(None, flags=O_RDONLY, result=-errno.EFAULT))
    s.add("creat", BAD, 0o600, result=-errno.EFAULT, expect=disk(None, flags=CREAT, mode=0o600, result=-errno.EFAULT))
    s.add("openat2", AT_FDCWD, BAD, how(O_RDONLY), 24, result=-errno.EFAULT, expect=disk(None, flags=O_RDONLY, result=-errno.EFAULT))
    s.add("openat2", AT_FDCWD, path, BAD, 24, result=-errno.EFAULT, expect=disk(path, flags=None, result=-errno.EFAULT))
    # Unterminated at the end of memory; and terminated by its very last byte.
    s.add("open", edge(path), O_RDONLY, result=-errno.EFAULT, expect=disk(None, flags=O_RDONLY, result=-errno.EFAULT))
    s.add("open", edge(path + b"\0"), O_RDONLY, result=-errno.ENOENT, expect=disk(path, flags=O_RDONLY, result=-errno.ENOENT))
    script(s)


def test_invalid_arguments(script, place):
    file = write(place + b"/file")
    s = Script()
    s.add("openat2", AT_FDCWD, file, how(1 << 40), 24, result=-errno.EINVAL, expect=disk(file, flags=1 << 40, result=-errno.EINVAL))
    s.add("openat2", AT_FDCWD, file, how(O_RDONLY, 0o644), 24, result=-errno.EINVAL, expect=disk(file, flags=O_RDONLY, result=-errno.EINVAL))
    s.add("openat2", AT_FDCWD, file, how(O_RDONLY, 0, 1 << 30), 24, result=-errno.EINVAL,
          expect=disk(file, flags=O_RDONLY, resolve=["0x40000000"], result=-errno.EINVAL))
    s.add("openat2", AT_FDCWD, file, how(O_RDONLY), 8, result=-errno.EINVAL, expect=disk(file, flags=O_RDONLY, result=-errno.EINVAL))
    s.add("openat2", AT_FDCWD, file, raw(struct.pack("=QQQQ", 0, 0, 0, 1)), 32, result=-errno.E2BIG,
          expect=disk(file, flags=O_RDONLY, result=-errno.E2BIG))
    s.add("open", place, O_TMPFILE & ~O_DIRECTORY | O_RDWR, 0o600, result=-errno.EINVAL,
          expect=disk(place, flags=O_TMPFILE & ~O_DIRECTORY | O_RDWR, result=-errno.EINVAL))
    script(s)


def test_resolve_flags(script, place):
    os.mkdir(place + b"/in")
    file = write(place + b"/in/file")
    write(place + b"/out")
    os.symlink(b"../out", place + b"/in/link")
    s = Script()
    inside = s.do("open", place + b"/in", O_PATH, expect=disk(place + b"/in", flags=O_PATH))
    s.add("openat2", inside, b"file", how(0, 0, RESOLVE_BENEATH), 24, expect=disk(file, b"file", 0, resolve=["RESOLVE_BENEATH"]))
    s.add("openat2", inside, b"../out", how(0, 0, RESOLVE_BENEATH), 24, result=-errno.EXDEV,
          expect=disk(place + b"/in/../out", b"../out", 0, resolve=["RESOLVE_BENEATH"], result=-errno.EXDEV))
    s.add("openat2", inside, b"link", how(0, 0, RESOLVE_NO_SYMLINKS), 24, result=-errno.ELOOP,
          expect=disk(place + b"/in/link", b"link", 0, resolve=["RESOLVE_NO_SYMLINKS"], result=-errno.ELOOP))
    s.add("openat2", inside, b"/file", how(0, 0, RESOLVE_IN_ROOT), 24, expect=disk(file, b"/file", 0, resolve=["RESOLVE_IN_ROOT"]))
    s.add("openat2", inside, b"/none", how(0, 0, RESOLVE_IN_ROOT), 24, result=-errno.ENOENT,
          expect=disk(place + b"/in/none", b"/none", 0, resolve=["RESOLVE_IN_ROOT"], result=-errno.ENOENT))
    s.add("openat2", AT_FDCWD, b"/proc/self/exe", how(0, 0, RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS), 24, result=-errno.EXDEV,
          expect=disk(b"/proc/self/exe", flags=0, resolve=["RESOLVE_NO_XDEV", "RESOLVE_NO_MAGICLINKS"], result=-errno.EXDEV))
    script(s)


def test_permission_denied_as_another_user(script, place):
    secret = write(place + b"/secret")
    os.chmod(secret, 0o600)
    os.mkdir(place + b"/closed", 0o700)
    os.chmod(place, 0o755)
    s = Script()
    s.do("setgroups", 0, 0)
    s.do("setresgid", machine.NOBODY, machine.NOBODY, machine.NOBODY)
    s.do("setresuid", machine.NOBODY, machine.NOBODY, machine.NOBODY)
    for path, flags in ((secret, O_RDONLY), (place + b"/closed/x", O_RDONLY), (place + b"/new", O_CREAT | O_WRONLY)):
        mode = 0o600 if flags & O_CREAT else None
        s.add("open", path, flags, mode or 0, result=-errno.EACCES, expect=disk(path, flags=flags, mode=mode, result=-errno.EACCES))
    s.add("open", b"/etc/hosts", O_NOATIME, result=-errno.EPERM, expect=disk(b"/etc/hosts", flags=O_NOATIME, result=-errno.EPERM))
    log = script(s)
    records = [record for name, record in log.calls.items() if name.startswith("open")]
    assert {(r["uid"], r["euid"], r["gid"]) for r in records} == {(machine.NOBODY,) * 3}


def test_no_descriptor_left(script):
    s = Script()
    s.do("setrlimit", 7, structure(("q", 3), ("q", 3)))
    s.add("open", b"/etc/hosts", O_RDONLY, result=-errno.EMFILE, expect=disk(b"/etc/hosts", flags=O_RDONLY, result=-errno.EMFILE))
    script(s)


def test_by_handle(script, place):
    file = write(place + b"/file")
    libc = ctypes.CDLL(None, use_errno=True)
    handle = ctypes.create_string_buffer(struct.pack("=Ii", 128, 0), 136)
    assert libc.name_to_handle_at(AT_FDCWD, file, handle, ctypes.byref(ctypes.c_int()), 0) == 0
    size = struct.unpack_from("=I", handle.raw)[0]
    good = raw(handle.raw[:8 + size])
    s = Script()
    mount = s.do("open", place, O_RDONLY | O_DIRECTORY, expect=disk(place, flags=O_RDONLY | O_DIRECTORY))
    s.add("open_by_handle_at", mount, good, O_RDWR, expect=disk(file, flags=O_RDWR, via="handle"))
    s.add("open_by_handle_at", mount, raw(struct.pack("=IiQ", 8, 1, 2**63 - 1)), O_RDONLY, result=-errno.ESTALE,
          expect=disk(None, flags=O_RDONLY, result=-errno.ESTALE, via="handle"))
    s.add("open_by_handle_at", 12345, good, O_RDONLY, result=-errno.EBADF, expect=disk(None, flags=O_RDONLY, result=-errno.EBADF, via="handle"))
    s.add("open_by_handle_at", mount, BAD, O_RDONLY, result=-errno.EFAULT, expect=disk(None, flags=O_RDONLY, result=-errno.EFAULT, via="handle"))
    script(s)


def test_links_lead_to_the_file(script, place):
    os.makedirs(place + b"/a/b")
    file = write(place + b"/a/b/file")
    os.symlink(place + b"/a/b/file", place + b"/absolute")
    os.symlink(b"a/b", place + b"/folder")
    os.link(file, place + b"/hard")
    s = Script()
    s.do("chdir", place)
    for name in (place + b"/absolute", b"absolute", b"folder/file", b"folder/../b/file", b"a/./b//file", place + b"/a/b/../../a/b/file"):
        s.add("open", name, O_RDONLY, expect=disk(file, name, O_RDONLY))
    s.add("open", b"folder", O_RDONLY | O_DIRECTORY, expect=disk(place + b"/a/b", b"folder", O_RDONLY | O_DIRECTORY))
    s.add("open", b"absolute", O_PATH | O_NOFOLLOW, expect=disk(place + b"/absolute", b"absolute", O_PATH | O_NOFOLLOW))
    s.add("open", b"hard", O_RDONLY, expect=disk(place + b"/hard", b"hard", O_RDONLY))
    script(s)


def test_through_proc(script, place):
    file = write(place + b"/file")
    s = Script()
    s.do("open", file, O_RDONLY, expect=disk(file, flags=O_RDONLY))
    s.add("open", b"/proc/self/fd/3", O_RDONLY, expect=disk(file, b"/proc/self/fd/3", O_RDONLY))
    s.add("open", b"/dev/fd/3", O_RDONLY, expect=disk(file, b"/dev/fd/3", O_RDONLY))
    s.add("open", b"/proc/self/exe", O_RDONLY, expect=disk(os.fsencode(machine.workload("calls")), b"/proc/self/exe", O_RDONLY))
    s.add("open", b"/proc/self/root/etc/hosts", O_RDONLY, expect=disk(b"/etc/hosts", b"/proc/self/root/etc/hosts", O_RDONLY))
    s.do("chdir", place)
    s.add("open", b"/proc/self/cwd/file", O_RDONLY, expect=disk(file, b"/proc/self/cwd/file", O_RDONLY))
    s.do("unlink", file)
    s.add("open", b"/proc/self/fd/3", O_RDONLY, expect=disk(file, b"/proc/self/fd/3", O_RDONLY, deleted=True))
    s.add("open", file, O_RDONLY, result=-errno.ENOENT, expect=disk(file, flags=O_RDONLY, result=-errno.ENOENT))
    script(s)


def test_files_without_a_place_in_any_tree(script):
    s = Script()
    s.do("memfd_create", b"secret", 0)
    s.add("open", b"/proc/self/fd/3", O_RDWR, expect=disk(b"/memfd:secret", b"/proc/self/fd/3", O_RDWR))
    # Standard input and output are pipes: not "/", as a walk of their empty names would have it.
    pipe = ("session.disk", disk(b"/?", b"/dev/stdin", O_RDONLY)[1] | {"path": lambda fact: f"/pipe:[{fact['inode']}]"})
    s.add("open", b"/dev/stdin", O_RDONLY, expect=pipe)
    script(s)


def test_fifo_and_devices(script, place):
    os.mkfifo(place + b"/fifo")
    s = Script()
    s.do("open", place + b"/fifo", O_RDONLY | O_NONBLOCK, expect=disk(place + b"/fifo", flags=O_RDONLY | O_NONBLOCK))
    s.add("open", place + b"/fifo", O_WRONLY, expect=disk(place + b"/fifo", flags=O_WRONLY))
    s.add("open", b"/dev/null", O_RDWR, expect=disk(b"/dev/null", flags=O_RDWR))
    s.add("open", b"/dev/tty", O_RDWR, result=-errno.ENXIO, expect=disk(b"/dev/tty", flags=O_RDWR, result=-errno.ENXIO))
    s.add("open", b"/dev/ptmx", O_RDWR, expect=disk(os.path.realpath(b"/dev/ptmx"), b"/dev/ptmx", O_RDWR))
    script(s, start_new_session=True)


@pytest.mark.parametrize("depth", [1, 6])
def test_bind_mounts(script, place, depth):
    """Each level is a bind mount of the one before: the kernel's path is the place where it is seen."""
    os.mkdir(place + b"/0")
    write(place + b"/0/file")
    s = Script()
    private_mounts(s)
    for level in range(1, depth + 1):
        inner = place + b"/%d" % level
        os.mkdir(inner)
        s.do("mount", place + b"/%d" % (level - 1), inner, 0, MS_BIND, 0)
    last = place + b"/%d" % depth
    s.add("open", last + b"/file", O_RDONLY, expect=disk(last + b"/file", flags=O_RDONLY))
    s.add("open", place + b"/0/file", O_RDONLY, expect=disk(place + b"/0/file", flags=O_RDONLY))
    s.add("open", last + b"/none", O_RDONLY, result=-errno.ENOENT, expect=disk(last + b"/none", flags=O_RDONLY, result=-errno.ENOENT))
    script(s)


def test_mounts_in_mounts_in_a_private_namespace(script, place):
    s = Script()
    private_mounts(s)
    path = place
    for level in range(40):
        s.do("mount", b"tmpfs", path, b"tmpfs", 0, 0)
        path += b"/m%d" % level
        s.do("mkdir", path, 0o755)
    file = path + b"/file"
    s.add("open", file, O_CREAT | O_WRONLY, 0o600, expect=disk(file, flags=O_CREAT | O_WRONLY, mode=0o600, created=True))
    s.do("chdir", path)
    s.add("open", b"file", O_RDONLY, expect=disk(file, b"file", O_RDONLY))
    s.add("open", b"none", O_RDONLY, result=-errno.ENOENT, expect=disk(path + b"/none", b"none", O_RDONLY, result=-errno.ENOENT))
    # A file may be a mount point as well.
    s.do("mount", b"/etc/hosts", file, 0, MS_BIND, 0)
    s.add("open", file, O_RDONLY, expect=disk(file, flags=O_RDONLY))
    script(s)


def test_chroot(script, place):
    os.makedirs(place + b"/root/etc")
    inside = write(place + b"/root/etc/inside")
    s = Script()
    s.do("chroot", place + b"/root")
    s.do("chdir", b"/")
    s.add("open", b"/etc/inside", O_RDONLY, expect=disk(inside, b"/etc/inside", O_RDONLY))
    s.add("open", b"etc/inside", O_RDONLY, expect=disk(inside, b"etc/inside", O_RDONLY))
    s.add("open", b"/../../etc/inside", O_RDONLY, expect=disk(inside, b"/../../etc/inside", O_RDONLY))
    s.add("open", b"/etc/none", O_RDONLY, result=-errno.ENOENT, expect=disk(place + b"/root/etc/none", b"/etc/none", O_RDONLY, result=-errno.ENOENT))
    s.add("open", b"none", O_RDONLY, result=-errno.ENOENT, expect=disk(place + b"/root/none", b"none", O_RDONLY, result=-errno.ENOENT))
    script(s)


def test_deleted_working_directory(script, place):
    os.mkdir(place + b"/gone")
    s = Script()
    s.do("chdir", place + b"/gone")
    s.do("rmdir", place + b"/gone")
    s.add("open", b".", O_RDONLY, expect=disk(place + b"/gone", b".", O_RDONLY, deleted=True))
    s.add("open", b"x", O_RDONLY, result=-errno.ENOENT, expect=disk(place + b"/gone/x", b"x", O_RDONLY, result=-errno.ENOENT))
    s.add("open", b"..", O_RDONLY, expect=disk(place, b"..", O_RDONLY))
    script(s)


def deep(place, length):
    """Folders below PLACE such that the last one's path has LENGTH bytes; returns it."""
    path = place
    here = os.open("/", os.O_RDONLY)
    os.chdir(place)
    try:
        while len(path) < length:
            rest = length - len(path) - 1
            name = b"d" * (rest if rest <= 255 else min(255, rest - 2))
            os.mkdir(name)
            os.chdir(name)
            path += b"/" + name
    finally:
        os.fchdir(here)
        os.close(here)
    assert len(path) == length
    return path


def test_the_longest_path(script, place):
    folder = deep(place, 4091)
    file = write(folder + b"/abc")
    assert len(file) == 4095
    s = Script()
    s.add("open", file, O_RDONLY, expect=disk(file, flags=O_RDONLY))
    s.do("chdir", folder)
    s.add("open", b"abc", O_RDONLY, expect=disk(file, b"abc", O_RDONLY))
    s.add("open", folder + b"/abd", O_RDONLY, result=-errno.ENOENT, expect=disk(folder + b"/abd", flags=O_RDONLY, result=-errno.ENOENT))
    script(s)


def test_many_short_components(script, place):
    folder, size = place, (4094 - len(place)) // 2
    here = os.open("/", os.O_RDONLY)
    os.chdir(place)
    for _ in range(size):
        os.mkdir(b"d")
        os.chdir(b"d")
        folder += b"/d"
    os.fchdir(here)
    os.close(here)
    s = Script()
    s.add("open", folder, O_RDONLY, expect=disk(folder, flags=O_RDONLY))
    script(s)


NAMES = [b"new\nline", b"tab\there", b'quote"quote', b"back\\slash", b"esc\x1b[31mred\x1b[0m", b"\x01\x02\x1f\x7f", b"sp ace ",
         b"bell\x07", b"cr\rlf", b"{\"event\":\"session.end\"}", b"latin1 \xe9t\xe9", b"\xff\xfe\x80", b"cut \xe2\x82", b"long \xf0\x9f\x98",
         b"overlong \xc0\xaf", b"surrogate \xed\xa0\x80", b"too big \xf4\x90\x80\x80", b"five \xf8\x88\x80\x80\x80", "good \u00e9 \u20ac \U0001f600".encode(),
         "rtl \u202e gpj.exe".encode(), "isolate \u2066x\u2069".encode(), "mark \u200e\u200f\u061c".encode(), "separator \u2028\u2029".encode(),
         "c1 \u0085\u009b".encode(), "replacement \ufffd".encode(), b"mixed \xe2\x82\xac \xe2\x82 \xef\xbf\xbd",
         b"nul-like \xc0\x80", b"n" * 255, b"\xff" * 255, b"\x1b" * 255]


def test_hostile_names(script, place):
    s = Script()
    for name in NAMES:
        file = write(place + b"/" + name)
        s.add("open", file, O_RDONLY, expect=disk(file, flags=O_RDONLY))
        none = place + b"/none/" + name
        s.add("open", none, O_RDONLY, result=-errno.ENOENT, expect=disk(none, flags=O_RDONLY, result=-errno.ENOENT))
    s.do("chdir", place)
    for name in NAMES:
        s.add("open", name, O_RDONLY, expect=disk(place + b"/" + name, name, O_RDONLY))
    script(s)


def test_by_threads_and_children(script, place):
    file = write(place + b"/file")
    s = Script()
    for flags in ("t", "c", "ct"):
        s.add("open", file, O_RDONLY, flags=flags, expect=disk(file, flags=O_RDONLY))
        s.add("open", place + b"/none", O_RDONLY, flags=flags, result=-errno.ENOENT,
              expect=disk(place + b"/none", flags=O_RDONLY, result=-errno.ENOENT))
    script(s)


def test_the_32_bit_calls(script, place):
    file = write(place + b"/file")
    s = Script()
    directory = s.do("openat", AT_FDCWD, place, O_PATH, flags="3", expect=disk(place, flags=O_PATH))
    s.add("open", file, O_RDONLY, flags="3", expect=disk(file, flags=O_RDONLY))
    s.add("open", place + b"/none", O_RDWR, flags="3", result=-errno.ENOENT, expect=disk(place + b"/none", flags=O_RDWR, result=-errno.ENOENT))
    s.add("open", BAD, O_RDONLY, flags="3", result=-errno.EFAULT, expect=disk(None, flags=O_RDONLY, result=-errno.EFAULT))
    s.add("creat", place + b"/new", 0o640, flags="3", expect=disk(place + b"/new", flags=CREAT, mode=0o640, created=True))
    s.add("openat", directory, b"file", O_RDWR | O_CLOEXEC, flags="3", expect=disk(file, b"file", O_RDWR | O_CLOEXEC))
    s.add("openat2", directory, b"file", how(0, 0, RESOLVE_BENEATH), 24, flags="3", expect=disk(file, b"file", 0, resolve=["RESOLVE_BENEATH"]))
    s.add("openat2", directory, b"file", BAD, 24, flags="3", result=-errno.EFAULT, expect=disk(place + b"/file", b"file", None, result=-errno.EFAULT))
    s.add("open", file, O_RDONLY, flags="3ct", expect=disk(file, flags=O_RDONLY))
    script(s)
