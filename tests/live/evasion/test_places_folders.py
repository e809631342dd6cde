# SPDX-License-Identifier: Apache-2.0
"""Folders that are left, moved, hidden or escaped from: the path is where the file is now."""
import os
from errno import ENOENT

import machine
import pytest
from calls import Script
from expect import disk, inside
from flags import CLONE_NEWNS, O_CREAT, O_DIRECTORY, O_PATH, O_RDONLY, O_TMPFILE, O_WRONLY

MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18


def test_out_of_a_chroot(script, place):
    """The way out that root has: a folder open outside, or a second root below the working directory."""
    os.makedirs(place + b"/jail/second")
    machine.write_file(place + b"/jail/file")
    s = Script()
    outside = s.do("open", b"/", O_RDONLY, expect=disk(b"/"))
    s.do("chroot", place + b"/jail")
    s.add("open", b"/file", O_RDONLY, expect=disk(place + b"/jail/file", b"/file"))
    s.add("openat", outside, b"etc/passwd", O_RDONLY, expect=disk(b"/etc/passwd", b"etc/passwd"))
    s.do("chdir", b"/")
    s.do("chroot", b"second")
    s.add("open", b"/../file", O_RDONLY, expect=disk(place + b"/jail/second/../file", b"/../file", result=-ENOENT))
    up = b"../" * 40
    s.add("open", up + b"etc/passwd", O_RDONLY, expect=disk(b"/etc/passwd", up + b"etc/passwd"))
    s.do("chdir", up)
    s.do("chroot", b".")
    s.add("open", b"/etc/passwd", O_RDONLY, expect=disk(b"/etc/passwd"))
    s.add("open", b"/none", O_RDONLY, expect=disk(b"/none", result=-ENOENT))
    script(s)


def test_a_folder_that_is_moved_while_it_is_open(script, place):
    os.mkdir(place + b"/before")
    machine.write_file(place + b"/before/file")
    s = Script()
    flags = O_PATH | O_DIRECTORY
    folder = s.do("open", place + b"/before", flags, expect=disk(place + b"/before", flags=flags))
    s.do("chdir", place + b"/before")
    s.add("open", b"file", O_RDONLY, expect=disk(place + b"/before/file", b"file"))
    s.do("rename", place + b"/before", place + b"/after")
    s.add("open", b"file", O_RDONLY, expect=disk(place + b"/after/file", b"file"))
    s.add("openat", folder, b"file", O_RDONLY, expect=disk(place + b"/after/file", b"file"))
    s.add("openat", folder, b"none", O_RDONLY, expect=disk(place + b"/after/none", b"none", result=-ENOENT))
    s.add("openat", folder, b"../after", O_RDONLY, expect=disk(place + b"/after", b"../after"))
    script(s)


def test_out_of_a_bind_mount(script, place):
    """A folder moved out of what is mounted: no path leads there by this mount, and so none is shown."""
    for name in (b"/whole/part/folder", b"/seen"):
        os.makedirs(place + name)
    machine.write_file(place + b"/whole/part/folder/file")
    s = Script()
    s.do("unshare", CLONE_NEWNS)
    s.do("mount", b"none", b"/", 0, MS_REC | MS_PRIVATE, 0)
    s.do("mount", place + b"/whole/part", place + b"/seen", 0, MS_BIND, 0)
    s.do("chdir", place + b"/seen/folder")
    s.add("open", b"file", O_RDONLY, expect=inside(disk(place + b"/seen/folder/file", b"file"), "path"))
    s.do("rename", place + b"/whole/part/folder", place + b"/whole/folder")
    gone = machine.unreachable(place) + b"/whole/folder"
    s.add("open", b"file", O_RDONLY, expect=disk(gone + b"/file", b"file"))
    s.add("open", b"none", O_RDONLY, expect=disk(gone + b"/none", b"none", result=-ENOENT))
    script(s)


def test_unlinked_folders_in_one_another(script, place):
    os.makedirs(place + b"/gone/inner")
    s = Script()
    s.do("chdir", place + b"/gone/inner")
    s.do("rmdir", place + b"/gone/inner")
    s.do("rmdir", place + b"/gone")
    s.add("open", b".", O_RDONLY, expect=disk(place + b"/gone/inner", b".", deleted=True))
    s.add("open", b"..", O_RDONLY, expect=disk(place + b"/gone", b"..", deleted=True))
    s.add("open", b"x", O_RDONLY, expect=disk(place + b"/gone/inner/x", b"x", result=-ENOENT))
    script(s)


def test_a_file_without_a_name(script, place):
    """O_TMPFILE: the kernel calls it by its inode, below the folder."""
    flags = O_TMPFILE | O_WRONLY
    s = Script()
    unnamed = disk(b"/?", place, flags, mode=0o600, created=True, deleted=True)
    unnamed[1]["path"] = lambda told: f"{os.fsdecode(place)}/#{told['inode']}"
    s.add("open", place, flags, 0o600, expect=unnamed)
    script(s)


def deeper(place, levels):
    """A tree that no single path can name."""
    here = os.open("/", os.O_RDONLY)
    os.chdir(place)
    for _ in range(levels):
        os.mkdir(b"d" * 200)
        os.chdir(b"d" * 200)
    machine.write_file(b"file")
    os.fchdir(here)
    os.close(here)


def end_of(path):
    """The components that fit, whole, behind the dots."""
    names = path.split(b"/")
    while len(b"/".join(names)) > 4093:
        names = [b"", *names[2:]]
    return b"..." + b"/".join(names)


@pytest.mark.parametrize("levels", [21, 60])
def test_deeper_than_any_path(script, place, levels):
    """The end of the path, and that its beginning is missing: of files, of claims and of the working directory."""
    deeper(place, levels)
    s = Script()
    s.do("chdir", place)
    for _ in range(levels):
        s.do("chdir", b"d" * 200)
    whole = place + (b"/" + b"d" * 200) * levels
    folder = end_of(whole)

    def short(pair):
        return pair[0], pair[1] | {"paths_truncated": ["/path"]}

    assert len(whole) > 4096
    s.add("open", b"file", O_RDONLY, expect=short(disk(end_of(whole + b"/file"), b"file")))
    s.add("open", b".", O_RDONLY, expect=short(disk(folder, b".")))
    s.add("open", b"none", O_RDONLY, expect=short(disk(folder + b"/none", b"none", result=-ENOENT)))
    # Not cut, but called so.
    s.do("chdir", place)
    os.mkdir(place + b"/...")
    s.add("open", b"...", O_RDONLY, expect=disk(place + b"/...", b"..."))
    script(s)
