# SPDX-License-Identifier: Apache-2.0
"""Opens by other calls than open(2): mounts and copies of them, and message queues."""
import os
import uuid
from errno import EACCES, EEXIST, EFAULT, EINVAL, ENOENT

import machine
import pytest
from calls import AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, BAD, Script
from expect import disk
from flags import O_CLOEXEC, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_WRONLY

OPEN_TREE_CLONE = 1
GONE = b"(unreachable)"


def tree(path, request=None, flags=0, **more):
    return disk(path, request, flags, via="open_tree", **more)


def queue(path, request, flags, **more):
    return disk(path, request, flags, via="mq_open", **more)


@pytest.fixture(params=["64-bit", "32-bit"])
def wide(request):
    return "" if request.param == "64-bit" else "3"


def test_open_tree(script, place, wide):
    os.makedirs(place + b"/a/b")
    os.symlink(b"a", place + b"/link")
    s = Script()
    s.do("chdir", place)
    folder = s.do("open", b"a", O_RDONLY, expect=disk(place + b"/a", b"a"))
    for directory, request, flags, path in [
        (AT_FDCWD, place + b"/a", 0, place + b"/a"),
        (AT_FDCWD, b"a/../a/b", O_CLOEXEC, place + b"/a/b"),
        (AT_FDCWD, b"link", 0, place + b"/a"),
        (AT_FDCWD, b"link", AT_SYMLINK_NOFOLLOW, place + b"/link"),
        (folder, b"b", 0, place + b"/a/b"),
        (folder, b"", AT_EMPTY_PATH, place + b"/a"),
    ]:
        s.add("open_tree", directory, request, flags, flags=wide, expect=tree(path, request, flags))
    script(s)


def test_open_tree_that_fails(script, place, wide):
    os.mkdir(place + b"/a")
    s = Script()
    s.do("chdir", place)
    folder = s.do("open", b"a", O_RDONLY, expect=disk(place + b"/a", b"a"))
    for directory, request, flags, path, error in [
        (AT_FDCWD, b"/none", 0, b"/none", ENOENT),
        (folder, b"none", OPEN_TREE_CLONE, place + b"/a/none", ENOENT),
        (folder, b"", 0, place + b"/a", ENOENT),
        # What is O_CREAT in open(2) is no flag here.
        (folder, b"b", 0x40 | O_CLOEXEC, place + b"/a/b", EINVAL),
        (folder, BAD, 0, None, EFAULT),
    ]:
        request_known = request if isinstance(request, bytes) and path else None
        s.add(
            "open_tree",
            directory,
            request,
            flags,
            flags=wide,
            expect=tree(path, request_known, flags, result=-error),
        )
    script(s)


def test_a_copy_of_a_mount_is_an_open_and_so_is_what_is_opened_in_it(script):
    """The copy hangs in no tree: the path is that in the file system."""
    gone = machine.unreachable(b"/etc")
    s = Script()
    flags = OPEN_TREE_CLONE | O_CLOEXEC
    copy = s.do("open_tree", AT_FDCWD, b"/etc", flags, expect=tree(gone, b"/etc", flags))
    s.add("openat", copy, b"passwd", O_RDONLY, expect=disk(gone + b"/passwd", b"passwd"))
    script(s)


def has_open_tree_attr():
    return tuple(map(int, os.uname().release.split("-")[0].split(".")[:2])) >= (6, 15)


@pytest.mark.skipif(not has_open_tree_attr(), reason="the kernel has no open_tree_attr(2)")
def test_open_tree_attr(script):
    s = Script()
    s.add("open_tree_attr", AT_FDCWD, b"/etc", O_CLOEXEC, 0, 0, expect=tree(b"/etc", flags=O_CLOEXEC))
    flags = OPEN_TREE_CLONE
    s.add(
        "open_tree_attr", AT_FDCWD, b"/none", flags, 0, 0, expect=tree(b"/none", flags=flags, result=-ENOENT)
    )
    script(s)


def test_message_queues(script, wide):
    """Their file system need not be mounted anywhere: "(unreachable)". The C library takes the slash from the name."""
    name = b"seshat-%s" % uuid.uuid4().hex.encode()
    path = GONE + b"/" + name
    made, flags = O_CREAT | O_EXCL | O_RDWR, O_CREAT | O_WRONLY
    s = Script()
    s.add("mq_open", name, O_RDONLY, flags=wide, expect=queue(path, name, O_RDONLY, result=-ENOENT))
    s.do("mq_open", name, made, 0o640, 0, flags=wide, expect=queue(path, name, made, mode=0o640, created=True))
    s.add("mq_open", name, flags, 0o600, 0, flags=wide, expect=queue(path, name, flags, mode=0o600))
    s.add("mq_open", name, O_RDWR, flags=wide, expect=queue(path, name, O_RDWR))
    s.add("mq_open", name, made, 0o640, flags=wide, expect=queue(path, name, made, mode=0o640, result=-EEXIST))
    s.add(
        "mq_open",
        b"/" + name,
        O_RDONLY,
        flags=wide,
        expect=queue(path, b"/" + name, O_RDONLY, result=-EACCES),
    )
    s.add("mq_open", BAD, O_RDONLY, flags=wide, expect=queue(None, None, O_RDONLY, result=-EFAULT))
    s.do("mq_unlink", name)
    s.add("mq_open", name, O_RDONLY, flags=wide, expect=queue(path, name, O_RDONLY, result=-ENOENT))
    script(s)
