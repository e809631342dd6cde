# SPDX-License-Identifier: Apache-2.0
"""Where a file is: the kernel's path through links, mounts, roots, deleted folders, and of hostile names."""
import os
from errno import ENOENT, ENXIO

import machine
import pytest
from calls import Script
from expect import disk, inside
from flags import (
    CLONE_NEWNS,
    O_CREAT,
    O_DIRECTORY,
    O_NOFOLLOW,
    O_NONBLOCK,
    O_PATH,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
)
from machine import write_file
from names import NAMES

MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18


def private_mounts(s):
    s.do("unshare", CLONE_NEWNS)
    s.do("mount", b"none", b"/", 0, MS_REC | MS_PRIVATE, 0)


def test_links_lead_to_the_file(script, place):
    os.makedirs(place + b"/a/b")
    file = write_file(place + b"/a/b/file")
    os.symlink(place + b"/a/b/file", place + b"/absolute")
    os.symlink(b"a/b", place + b"/folder")
    os.link(file, place + b"/hard")
    s = Script()
    s.do("chdir", place)
    for name in (
        place + b"/absolute",
        b"absolute",
        b"folder/file",
        b"folder/../b/file",
        b"a/./b//file",
        place + b"/a/b/../../a/b/file",
    ):
        s.add("open", name, O_RDONLY, expect=disk(file, name, O_RDONLY))
    s.add(
        "open",
        b"folder",
        O_RDONLY | O_DIRECTORY,
        expect=disk(place + b"/a/b", b"folder", O_RDONLY | O_DIRECTORY),
    )
    s.add(
        "open",
        b"absolute",
        O_PATH | O_NOFOLLOW,
        expect=disk(place + b"/absolute", b"absolute", O_PATH | O_NOFOLLOW),
    )
    s.add("open", b"hard", O_RDONLY, expect=disk(place + b"/hard", b"hard", O_RDONLY))
    script(s)


def test_through_proc(script, place):
    file = write_file(place + b"/file")
    s = Script()
    s.do("open", file, O_RDONLY, expect=disk(file, flags=O_RDONLY))
    s.add("open", b"/proc/self/fd/3", O_RDONLY, expect=disk(file, b"/proc/self/fd/3", O_RDONLY))
    s.add("open", b"/dev/fd/3", O_RDONLY, expect=disk(file, b"/dev/fd/3", O_RDONLY))
    s.add(
        "open",
        b"/proc/self/exe",
        O_RDONLY,
        expect=disk(os.fsencode(machine.workload("calls")), b"/proc/self/exe", O_RDONLY),
    )
    s.add(
        "open",
        b"/proc/self/root/etc/passwd",
        O_RDONLY,
        expect=disk(b"/etc/passwd", b"/proc/self/root/etc/passwd", O_RDONLY),
    )
    s.do("chdir", place)
    s.add("open", b"/proc/self/cwd/file", O_RDONLY, expect=disk(file, b"/proc/self/cwd/file", O_RDONLY))
    s.do("unlink", file)
    s.add("open", b"/proc/self/fd/3", O_RDONLY, expect=disk(file, b"/proc/self/fd/3", O_RDONLY, deleted=True))
    s.add("open", file, O_RDONLY, expect=disk(file, flags=O_RDONLY, result=-ENOENT))
    script(s)


def test_files_without_a_place_in_any_tree(script):
    s = Script()
    s.do("memfd_create", b"secret", 0)
    s.add("open", b"/proc/self/fd/3", O_RDWR, expect=disk(b"/memfd:secret", b"/proc/self/fd/3", O_RDWR, nameless=True))
    # Standard input and output are pipes: not "/", as a walk of their empty names would have it.
    pipe = (
        "session.disk",
        disk(b"/?", b"/dev/stdin", O_RDONLY, nameless=True)[1] | {"path": lambda fact: f"/pipe:[{fact['inode']}]"},
    )
    s.add("open", b"/dev/stdin", O_RDONLY, expect=pipe)
    script(s)


def test_fifo_and_devices(script, place):
    os.mkfifo(place + b"/fifo")
    s = Script()
    s.do(
        "open",
        place + b"/fifo",
        O_RDONLY | O_NONBLOCK,
        expect=disk(place + b"/fifo", flags=O_RDONLY | O_NONBLOCK),
    )
    s.add("open", place + b"/fifo", O_WRONLY, expect=disk(place + b"/fifo", flags=O_WRONLY))
    s.add("open", b"/dev/null", O_RDWR, expect=disk(b"/dev/null", flags=O_RDWR))
    s.add("open", b"/dev/tty", O_RDWR, expect=disk(b"/dev/tty", flags=O_RDWR, result=-ENXIO))
    s.add("open", b"/dev/ptmx", O_RDWR, expect=disk(os.path.realpath(b"/dev/ptmx"), b"/dev/ptmx", O_RDWR))
    script(s, start_new_session=True)


def seen(*args, **more):
    """A file in the caller's own tree of mounts."""
    return inside(disk(*args, **more), "path")


@pytest.mark.parametrize("depth", [1, 6])
def test_bind_mounts(script, place, depth):
    """Each level is a bind mount of the one before: the kernel's path is the place where it is seen."""
    os.mkdir(place + b"/0")
    write_file(place + b"/0/file")
    s = Script()
    private_mounts(s)
    for level in range(1, depth + 1):
        inner = place + b"/%d" % level
        os.mkdir(inner)
        s.do("mount", place + b"/%d" % (level - 1), inner, 0, MS_BIND, 0)
    last = place + b"/%d" % depth
    s.add("open", last + b"/file", O_RDONLY, expect=seen(last + b"/file", flags=O_RDONLY))
    s.add("open", place + b"/0/file", O_RDONLY, expect=seen(place + b"/0/file", flags=O_RDONLY))
    s.add("open", last + b"/none", O_RDONLY, expect=seen(last + b"/none", flags=O_RDONLY, result=-ENOENT))
    script(s)


@pytest.mark.parametrize("upper", [b"", b"tmpfs"])
def test_overlay(script, place, upper):
    """As containers have it. Over several file systems stat(2) shows device numbers made up for each layer."""
    for name in (b"lower", b"top", b"merged"):
        os.mkdir(place + b"/" + name)
    write_file(place + b"/lower/low", b"content")
    s = Script()
    private_mounts(s)
    if upper:
        s.do("mount", b"none", place + b"/top", upper, 0, 0)
    s.do("mkdir", place + b"/top/upper", 0o755)
    s.do("mkdir", place + b"/top/work", 0o755)
    layers = b"lowerdir=%b/lower,upperdir=%b/top/upper,workdir=%b/top/work" % (place, place, place)
    s.do("mount", b"overlay", place + b"/merged", b"overlay", 0, layers)
    dev = overlay_device if upper else None
    low, new = place + b"/merged/low", place + b"/merged/new"
    s.add("open", place + b"/merged", O_RDONLY, expect=seen(place + b"/merged", flags=O_RDONLY))
    s.add("open", low, O_RDONLY, expect=seen(low, flags=O_RDONLY, dev=dev))
    s.add("open", low, O_RDWR, expect=seen(low, flags=O_RDWR, dev=dev))
    s.add(
        "open",
        new,
        O_CREAT | O_RDWR,
        0o600,
        expect=seen(new, flags=O_CREAT | O_RDWR, mode=0o600, created=True, dev=dev),
    )
    none = place + b"/merged/none"
    s.add("open", none, O_RDONLY, expect=seen(none, flags=O_RDONLY, result=-ENOENT))
    script(s)


def overlay_device(told):
    """The overlay's own device number: that of its folders."""
    return next(both["call"]["dev"] for name, both in told["all"].items() if name.startswith("open."))


def test_mounts_in_mounts_in_a_private_namespace(script, place):
    s = Script()
    private_mounts(s)
    path = place
    for level in range(40):
        s.do("mount", b"tmpfs", path, b"tmpfs", 0, 0)
        path += b"/m%d" % level
        s.do("mkdir", path, 0o755)
    file = path + b"/file"
    s.add(
        "open",
        file,
        O_CREAT | O_WRONLY,
        0o600,
        expect=seen(file, flags=O_CREAT | O_WRONLY, mode=0o600, created=True),
    )
    s.do("chdir", path)
    s.add("open", b"file", O_RDONLY, expect=seen(file, b"file", O_RDONLY))
    s.add("open", b"none", O_RDONLY, expect=seen(path + b"/none", b"none", O_RDONLY, result=-ENOENT))
    # A file may be a mount point as well.
    s.do("mount", b"/etc/passwd", file, 0, MS_BIND, 0)
    s.add("open", file, O_RDONLY, expect=seen(file, flags=O_RDONLY))
    script(s)


def test_chroot(script, place):
    os.makedirs(place + b"/root/etc")
    inside = write_file(place + b"/root/etc/inside")
    s = Script()
    s.do("chroot", place + b"/root")
    s.do("chdir", b"/")
    s.add("open", b"/etc/inside", O_RDONLY, expect=disk(inside, b"/etc/inside", O_RDONLY))
    s.add("open", b"etc/inside", O_RDONLY, expect=disk(inside, b"etc/inside", O_RDONLY))
    s.add("open", b"/../../etc/inside", O_RDONLY, expect=disk(inside, b"/../../etc/inside", O_RDONLY))
    s.add(
        "open",
        b"/etc/none",
        O_RDONLY,
        expect=disk(place + b"/root/etc/none", b"/etc/none", O_RDONLY, result=-ENOENT),
    )
    s.add("open", b"none", O_RDONLY, expect=disk(place + b"/root/none", b"none", O_RDONLY, result=-ENOENT))
    script(s)


def test_deleted_working_directory(script, place):
    os.mkdir(place + b"/gone")
    s = Script()
    s.do("chdir", place + b"/gone")
    s.do("rmdir", place + b"/gone")
    s.add("open", b".", O_RDONLY, expect=disk(place + b"/gone", b".", O_RDONLY, deleted=True))
    s.add("open", b"x", O_RDONLY, expect=disk(place + b"/gone/x", b"x", O_RDONLY, result=-ENOENT))
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
    file = write_file(folder + b"/abc")
    assert len(file) == 4095
    s = Script()
    s.add("open", file, O_RDONLY, expect=disk(file, flags=O_RDONLY))
    s.do("chdir", folder)
    s.add("open", b"abc", O_RDONLY, expect=disk(file, b"abc", O_RDONLY))
    s.add("open", folder + b"/abd", O_RDONLY, expect=disk(folder + b"/abd", flags=O_RDONLY, result=-ENOENT))
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


def test_hostile_names(script, place):
    s = Script()
    for name in NAMES:
        file = write_file(place + b"/" + name)
        s.add("open", file, O_RDONLY, expect=disk(file, flags=O_RDONLY))
        none = place + b"/none/" + name
        s.add("open", none, O_RDONLY, expect=disk(none, flags=O_RDONLY, result=-ENOENT))
    s.do("chdir", place)
    for name in NAMES:
        s.add("open", name, O_RDONLY, expect=disk(place + b"/" + name, name, O_RDONLY))
    script(s)
