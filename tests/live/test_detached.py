# SPDX-License-Identifier: Apache-2.0
"""Mounts that hang in no tree: no path in them looks like one from the root; it is that in the file system."""
import os
import shutil
import subprocess
from errno import ENOENT

import machine
import pytest
from calls import AT_FDCWD, Script, vector
from expect import command, disk, inside
from flags import O_CREAT, O_RDONLY, O_RDWR

OPEN_TREE_CLONE, AT_RECURSIVE, O_CLOEXEC = 1, 0x8000, 0o2000000
MNT_DETACH = 2
FSCONFIG_CMD_CREATE = 6
GONE = b"(unreachable)"


@pytest.fixture
def folder(place):
    """A folder with a file and a program in it, and one below that."""
    os.mkdir(place + b"/tree")
    os.mkdir(place + b"/tree/below")
    machine.write_file(place + b"/tree/file", b"data")
    for name in (b"/tree/program", b"/tree/below/program"):
        shutil.copy(machine.workload("nothing"), place + name)
    return place + b"/tree"


def file_of(path):
    """The file's numbers, which stay when the path is none any more."""
    status = os.stat(path)
    return {"inode": status.st_ino, "dev": machine.device(status.st_dev)}


def cloned(s, folder, recursive=0):
    """A copy of FOLDER's mount. It is an open of its own, of a file whose tree's top it is."""
    flags = OPEN_TREE_CLONE | O_CLOEXEC | recursive
    opened = disk(machine.unreachable(folder), folder, flags, via="open_tree")
    return s.do("open_tree", AT_FDCWD, folder, flags, expect=opened)


def add_opens(s, tree, folder):
    gone = machine.unreachable(folder)
    s.add("openat", tree, b"file", O_RDONLY, expect=disk(gone + b"/file", b"file", O_RDONLY))
    s.add("openat", tree, b"below/", O_RDONLY, expect=disk(gone + b"/below", b"below/", O_RDONLY))
    s.add("openat", tree, b".", O_RDONLY, expect=disk(gone, b".", O_RDONLY))
    s.add(
        "openat",
        tree,
        b"below/none",
        O_RDONLY,
        expect=disk(gone + b"/below/none", b"below/none", O_RDONLY, result=-ENOENT),
    )


def add_execs(s, tree, folder):
    gone = machine.unreachable(folder)
    s.add(
        "execveat",
        tree,
        b"program",
        vector(b"program"),
        0,
        0,
        flags="c",
        exe=os.fsdecode(gone + b"/program"),
        expect=command(
            gone + b"/program", b"program", [b"program"], cwd=b"/tmp", **file_of(folder + b"/program")
        ),
    )


@pytest.mark.parametrize("recursive", [0, AT_RECURSIVE])
def test_a_cloned_tree(script, folder, recursive):
    s = Script()
    tree = cloned(s, folder, recursive)
    add_opens(s, tree, folder)
    add_execs(s, tree, folder)
    script(s, cwd=b"/tmp")


def test_from_within(script, folder):
    """As working directory, and relative to that."""
    s = Script()
    tree = cloned(s, folder)
    gone = machine.unreachable(folder)
    s.do("fchdir", tree)
    s.add("open", b"file", O_RDONLY, expect=disk(gone + b"/file", b"file", O_RDONLY))
    s.add("open", b"none", O_RDONLY, expect=disk(gone + b"/none", b"none", O_RDONLY, result=-ENOENT))
    s.add(
        "execve",
        b"./program",
        vector(b"x"),
        0,
        flags="c",
        exe=os.fsdecode(gone + b"/program"),
        expect=command(
            gone + b"/program", b"./program", [b"x"], cwd=gone, **file_of(folder + b"/program")
        ),
    )
    s.add(
        "execve",
        b"none",
        vector(b"x"),
        0,
        expect=command(gone + b"/none", b"none", [b"x"], cwd=gone, result=-ENOENT),
    )
    s.do("chdir", b"below")
    s.add(
        "execve",
        b"program",
        vector(b"x"),
        0,
        flags="c",
        exe=os.fsdecode(gone + b"/below/program"),
        expect=command(
            gone + b"/below/program",
            b"program",
            [b"x"],
            cwd=gone + b"/below",
            **file_of(folder + b"/below/program"),
        ),
    )
    script(s)


def test_a_new_file_system_that_is_not_mounted(script):
    """fsopen(2), fsmount(2): a tree that never was anywhere."""
    s = Script()
    context = s.do("fsopen", b"tmpfs", 0)
    s.do("fsconfig", context, FSCONFIG_CMD_CREATE, 0, 0, 0)
    tree = s.do("fsmount", context, 0, 0)
    flags = O_CREAT | O_RDWR
    s.add(
        "openat",
        tree,
        b"new",
        flags,
        0o600,
        expect=disk(GONE + b"/new", b"new", flags, mode=0o600, created=True),
    )
    script(s)


@pytest.fixture
def mounted(place):
    """A tmpfs with /usr/bin/true in it, which is another program than the system's."""
    top = place + b"/top"
    os.mkdir(top)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", top], check=True)
    os.makedirs(top + b"/usr/bin")
    shutil.copy(machine.workload("nothing"), top + b"/usr/bin/true")
    yield top
    if os.path.ismount(top):
        subprocess.run(["umount", "-l", top], check=True)


def test_a_lazily_unmounted_program_is_not_the_systems(script, mounted):
    s = Script()
    numbers = file_of(mounted + b"/usr/bin/true")
    s.do("chdir", mounted + b"/usr/bin")
    s.do("umount2", mounted, MNT_DETACH)
    s.add(
        "execve",
        b"./true",
        vector(b"true"),
        0,
        flags="c",
        exe="(unreachable)/usr/bin/true",
        expect=command(GONE + b"/usr/bin/true", b"./true", [b"true"], cwd=GONE + b"/usr/bin", **numbers),
    )
    s.add("open", b"true", O_RDONLY, expect=disk(GONE + b"/usr/bin/true", b"true", O_RDONLY))
    script(s)


def test_a_running_program_whose_mount_goes(audit, mounted):
    """Its executable is nowhere from then on; what ran before keeps the path that it had."""
    top = os.fsdecode(mounted)
    shutil.copy(machine.workload("calls"), top + "/usr/bin/calls")
    s = Script()
    s.do("chdir", b"/")
    s.add("open", b"/none/before", O_RDONLY, result=-ENOENT)
    s.do("umount2", mounted, MNT_DETACH)
    s.add("open", b"/none/after", O_RDONLY, result=-ENOENT)
    log = audit([top + "/usr/bin/calls"], stdin=s.text())
    assert log.of("session.command")[0]["exe"] == top + "/usr/bin/calls"
    assert log.one(path="/none/before")["exe"] == top + "/usr/bin/calls"
    # The mount lives on in the process's own name for it: learned once, at its exec.
    assert log.one(path="/none/after")["exe"] in (top + "/usr/bin/calls", "(unreachable)/usr/bin/calls")


def test_it_is_found_again_once_it_is_mounted(script, place, folder):
    """move_mount(2): the same files have a path from the root then."""
    os.mkdir(place + b"/here")
    s = Script()
    s.do("unshare", 0x20000)
    s.do("mount", b"none", b"/", 0, 0x4000 | 0x40000, 0)
    tree = cloned(s, folder)
    gone = machine.unreachable(folder) + b"/file"
    s.add("openat", tree, b"file", O_RDONLY, expect=disk(gone, b"file", O_RDONLY))
    s.do("move_mount", tree, b"", AT_FDCWD, place + b"/here", 4)
    there = disk(place + b"/here/file", b"file", O_RDONLY)
    s.add("openat", tree, b"file", O_RDONLY, expect=inside(there, "path"))
    script(s)
