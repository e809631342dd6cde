# SPDX-License-Identifier: Apache-2.0
"""session.file: names and mounts that a session makes, removes and moves."""
import os
from errno import EFAULT, EINVAL, ENOENT, ENOTDIR, EPERM

import pytest
from calls import AT_EMPTY_PATH, AT_FDCWD, BAD, Script
from expect import inside
from flags import CLONE_NEWNS, O_RDONLY

ON = {"options": ["--events=file"]}
AT_REMOVEDIR, RENAME_NOREPLACE, RENAME_EXCHANGE = 0x200, 1, 2
MS_BIND, MS_REC, MS_PRIVATE, MS_NOSUID = 4096, 16384, 1 << 18, 2
MNT_DETACH, UMOUNT_NOFOLLOW, MOVE_MOUNT_F_EMPTY_PATH, FSCONFIG_CMD_CREATE = 2, 8, 4, 6
O_DIRECTORY = 0o200000
HOWS = pytest.mark.parametrize("how", ["", "3"])


def named(operation, path, request=None, *, new=None, new_request=None, result=0, flags=None, **other):
    """PATH None was unreadable; NEW is the second path. FLAGS is (number, names)."""
    fields = {
        "operation": operation,
        "path": None if path is None else path.decode(),
        "requested_path": None if request is None else request.decode(),
        "path_source": "unreadable" if path is None else "request",
        "new_path": new and new.decode(),
        "requested_new_path": new_request and new_request.decode(),
        "new_path_source": "request" if new else None,
        "flags": flags and flags[0],
        "flag_names": flags and flags[1],
        "return_code": result,
    }
    return "session.file", fields | other


@pytest.fixture
def names(script):
    """Run a script with these records turned on."""
    return lambda calls, **more: script(calls, **ON, **more)


@HOWS
def test_names_that_are_absolute(names, place, how):
    a, b, c, d = (place + name for name in (b"/a", b"/b", b"/c", b"/d"))
    s = Script("session.file")
    s.add("creat", a, 0o600, flags=how)
    s.add("link", a, b, flags=how, expect=named("link", a, new=b))
    s.add("rename", b, c, flags=how, expect=named("rename", b, new=c))
    s.add("symlink", b"../x", d, flags=how, expect=named("symlink", d, target="../x"))
    s.add("truncate", a, 0, flags=how, expect=named("truncate", a))
    s.add("unlink", a, flags=how, expect=named("unlink", a))
    s.add("unlink", a, flags=how, expect=named("unlink", a, result=-ENOENT))
    s.add("mkdir", a, 0o700)
    s.add("unlink", a, flags=how, result="any", expect=named("unlink", a, result=lambda f: f["result"]))
    s.add("rmdir", a, flags=how, expect=named("rmdir", a))
    names(s)


@HOWS
def test_names_below_a_directory(names, place, how):
    one, two = place + b"/one", place + b"/two"
    os.mkdir(one)
    os.mkdir(two)
    s = Script("session.file")
    first = s.do("openat", AT_FDCWD, one, O_RDONLY | O_DIRECTORY)
    second = s.do("openat", AT_FDCWD, two, O_RDONLY | O_DIRECTORY)
    s.add("openat", first, b"a", 0o101, 0o600)
    s.add(
        "linkat",
        first,
        b"a",
        second,
        b"b",
        0,
        flags=how,
        expect=named("link", one + b"/a", b"a", new=two + b"/b", new_request=b"b"),
    )
    s.add(
        "renameat",
        second,
        b"b",
        first,
        b"c",
        flags=how,
        expect=named("rename", two + b"/b", b"b", new=one + b"/c", new_request=b"c"),
    )
    s.add(
        "renameat2",
        first,
        b"c",
        first,
        b"a",
        RENAME_NOREPLACE,
        flags=how,
        expect=named(
            "rename",
            one + b"/c",
            b"c",
            new=one + b"/a",
            new_request=b"a",
            flags=(1, ["RENAME_NOREPLACE"]),
            result=-17,
        ),
    )
    s.add(
        "symlinkat",
        b"/etc/shadow",
        second,
        b"s",
        flags=how,
        expect=named("symlink", two + b"/s", b"s", target="/etc/shadow"),
    )
    s.add("unlinkat", second, b"s", 0, flags=how, expect=named("unlink", two + b"/s", b"s"))
    s.add(
        "unlinkat",
        AT_FDCWD,
        two,
        AT_REMOVEDIR,
        flags=how,
        expect=named("rmdir", two, flags=(AT_REMOVEDIR, ["AT_REMOVEDIR"])),
    )
    names(s)


def test_a_name_below_the_working_directory(names, place):
    s = Script("session.file")
    s.add("chdir", place)
    s.add("mkdir", b"a", 0o700)
    s.add(
        "rename",
        b"a",
        b"./b",
        expect=named("rename", place + b"/a", b"a", new=place + b"/./b", new_request=b"./b"),
    )
    s.add("rmdir", b"b", expect=named("rmdir", place + b"/b", b"b"))
    names(s)


def test_pointers_that_are_bad(names, place):
    s = Script("session.file")
    s.add("unlink", BAD, expect=named("unlink", None, result=-EFAULT))
    s.add(
        "rename",
        place,
        BAD,
        expect=named("rename", place, new_path_source="unreadable", result=-EFAULT),
    )
    s.add("symlink", BAD, place, expect=named("symlink", place, result=-EFAULT))
    names(s)


def test_names_of_any_bytes(names, place):
    s = Script("session.file")
    path = place + b"/a\n\x1b[2J"
    s.add("unlink", path, expect=named("unlink", path, result=-ENOENT))
    names(s)


@HOWS
def test_mounts(names, place, how):
    at, etc = place + b"/at", place + b"/etc"
    os.mkdir(at)
    os.mkdir(etc)
    s = Script("session.file")
    s.add("unshare", CLONE_NEWNS)
    s.add(
        "mount",
        b"none",
        b"/",
        0,
        MS_REC | MS_PRIVATE,
        0,
        flags=how,
        expect=inside(named("mount", b"/", source="none", flags=(0x44000, ["MS_REC", "MS_PRIVATE"])), "path"),
    )
    s.add(
        "mount",
        b"some",
        at,
        b"tmpfs",
        MS_NOSUID,
        0,
        flags=how,
        expect=inside(named("mount", at, source="some", fs_type="tmpfs", flags=(2, ["MS_NOSUID"])), "path"),
    )
    s.add("chdir", place)
    s.add(
        "mount",
        b"etc",
        b"at",
        0,
        MS_BIND,
        0,
        flags=how,
        expect=inside(
            named("mount", at, b"at", source=etc.decode(), flags=(4096, ["MS_BIND"])), "path", "source"
        ),
    )
    s.add(
        "umount2",
        at,
        MNT_DETACH | UMOUNT_NOFOLLOW,
        flags=how,
        expect=inside(named("umount", at, flags=(10, ["MNT_DETACH", "UMOUNT_NOFOLLOW"])), "path"),
    )
    s.add("umount2", b"at", 0, flags=how, expect=inside(named("umount", at, b"at"), "path"))
    s.add("umount2", at, 0, flags=how, expect=inside(named("umount", at, result=-EINVAL), "path"))
    names(s)


@HOWS
def test_a_mount_that_is_moved(names, place, how):
    """What hung in no tree is named by where it is at the end of the call."""
    there = place + b"/there"
    os.mkdir(there)
    s = Script("session.file")
    s.add("unshare", CLONE_NEWNS)
    made = s.do("fsopen", b"tmpfs", 0)
    s.add("fsconfig", made, FSCONFIG_CMD_CREATE, 0, 0, 0)
    tree = s.do("fsmount", made, 0, 0)
    s.add(
        "move_mount",
        tree,
        b"",
        AT_FDCWD,
        there,
        MOVE_MOUNT_F_EMPTY_PATH,
        flags=how,
        expect=inside(
            named(
                "move_mount",
                there,
                b"",
                new=there,
                flags=(4, ["MOVE_MOUNT_F_EMPTY_PATH"]),
            ),
            "path",
            "new_path",
        ),
    )
    names(s)


@HOWS
def test_another_root(names, place, how):
    jail = place + b"/jail"
    os.mkdir(jail)
    os.mkdir(jail + b"/old")
    s = Script("session.file")
    s.add("chroot", b"/none", flags=how, expect=named("chroot", b"/none", result=-ENOENT))
    s.add(
        "pivot_root",
        b"/etc/hostname",
        b"/",
        flags=how,
        expect=named("pivot_root", b"/etc/hostname", new=b"/", result=-ENOTDIR),
    )
    s.add("chdir", place)
    s.add("chroot", b"jail", flags=how, expect=named("chroot", jail, b"jail", path_source="kernel"))
    # From in there.
    s.add("rmdir", b"/old", flags=how, expect=named("rmdir", jail + b"/old", b"/old"))
    s.add(
        "rmdir",
        b"jail",
        flags=how,
        result="any",
        expect=named("rmdir", jail, b"jail", result=lambda f: f["result"]),
    )
    names(s)


def test_a_linked_descriptor(names, place):
    path, new = place + b"/a", place + b"/b"
    s = Script("session.file")
    fd = s.do("openat", AT_FDCWD, path, 0o102, 0o600)
    s.add(
        "linkat",
        fd,
        b"",
        AT_FDCWD,
        new,
        AT_EMPTY_PATH,
        expect=named("link", path, b"", new=new, flags=(0x1000, ["AT_EMPTY_PATH"])),
    )
    names(s)


def test_nothing_is_told_unless_it_is_turned_on(script, place):
    s = Script("session.file")
    s.add("unlink", place + b"/none", result=-ENOENT)
    s.add("setresuid", 65534, 65534, 65534)
    s.add("chroot", place, result=-EPERM)
    log = script(s)
    assert log.start["events_off"] == ["file"]


def test_what_is_on_is_not_said_to_be_off(names):
    s = Script("session.file")
    s.add("unlink", b"/none/x", expect=named("unlink", b"/none/x", result=-ENOENT))
    assert "events_off" not in names(s).start
