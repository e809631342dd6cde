# SPDX-License-Identifier: Apache-2.0
"""Ways to a file that do not name it: the record has the file that the kernel came to."""
import json
import os
from errno import ELOOP, ENOENT, EXDEV

import machine
import pytest
from calls import Script, how
from expect import disk
from flags import (
    O_CREAT,
    O_DIRECTORY,
    O_NOFOLLOW,
    O_PATH,
    O_RDONLY,
    O_WRONLY,
    RESOLVE_BENEATH,
    RESOLVE_IN_ROOT,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
)


def test_links_of_proc(script, place, bystander):
    """Of the caller's threads, and of another process: its folder, its root, a file that it alone has by name no more."""
    gone = machine.write_file(place + b"/gone")
    process = bystander("sh", "-c", f"cd {os.fsdecode(place)}; exec 3<gone; rm gone; echo ready; exec cat")
    assert process.stdout.readline() == b"ready\n"
    file = machine.write_file(place + b"/file")
    pid = b"/proc/%d" % process.pid
    s = Script()
    s.do("chdir", place)
    for link in (b"/proc/self", b"/proc/thread-self", pid, b"%b/task/%d" % (pid, process.pid)):
        s.add("open", link + b"/cwd/file", O_RDONLY, expect=disk(file, link + b"/cwd/file"))
        root = link + b"/root" + file
        s.add("open", root, O_RDONLY, expect=disk(file, root))
    s.add("open", pid + b"/fd/3", O_RDONLY, expect=disk(gone, pid + b"/fd/3", deleted=True))
    s.add("open", pid + b"/cwd/none", O_RDONLY, expect=disk(pid + b"/cwd/none", result=-ENOENT))
    link = pid + b"/cwd"
    flags = O_PATH | O_DIRECTORY
    folder = s.do("open", link, flags, expect=disk(place, link, flags))
    s.add("openat", folder, b"file", O_RDONLY, expect=disk(file, b"file"))
    s.add("openat", folder, b"none", O_RDONLY, expect=disk(place + b"/none", b"none", result=-ENOENT))
    refused = disk(link + b"/file", result=-ELOOP, resolve=["RESOLVE_NO_MAGICLINKS"])
    s.add("openat2", folder, link + b"/file", how(resolve=RESOLVE_NO_MAGICLINKS), 24, expect=refused)
    script(s)


def test_symbolic_links(script, place):
    """A chain of them, one that leads nowhere yet, one that leads to itself, one that is opened itself."""
    file = machine.write_file(place + b"/file")
    os.symlink(b"file", place + b"/0")
    for number in range(1, 40):
        os.symlink(b"%d" % (number - 1), place + b"/%d" % number)
    os.symlink(place + b"/new", place + b"/dangling")
    os.symlink(b"loop", place + b"/loop")
    s = Script()
    s.do("chdir", place)
    s.add("open", b"39", O_RDONLY, expect=disk(file, b"39"))
    flags = O_CREAT | O_WRONLY
    made = disk(place + b"/new", b"dangling", flags, mode=0o600, created=True)
    s.add("open", b"dangling", flags, 0o600, expect=made)
    s.add("open", b"loop", O_RDONLY, expect=disk(place + b"/loop", b"loop", result=-ELOOP))
    s.add("open", b"0", O_NOFOLLOW, expect=disk(place + b"/0", b"0", O_NOFOLLOW, result=-ELOOP))
    flags = O_PATH | O_NOFOLLOW
    s.add("open", b"0", flags, expect=disk(place + b"/0", b"0", flags))
    script(s)


def test_requests_that_may_not_leave_a_folder(script, place):
    """openat2(2): where the root is the folder, an absolute link leads into it."""
    os.makedirs(place + b"/root/etc")
    inside = machine.write_file(place + b"/root/etc/passwd")
    os.symlink(b"/etc/passwd", place + b"/root/link")
    s = Script()
    root = s.do("open", place + b"/root", O_RDONLY, expect=disk(place + b"/root"))
    for request in (b"link", b"/link", b"/etc/passwd", b"/../../etc/passwd"):
        found = disk(inside, request, resolve=["RESOLVE_IN_ROOT"])
        s.add("openat2", root, request, how(resolve=RESOLVE_IN_ROOT), 24, expect=found)
    for request, bits, name, error in [
        (b"link", RESOLVE_BENEATH, "RESOLVE_BENEATH", EXDEV),
        (b"../file", RESOLVE_BENEATH, "RESOLVE_BENEATH", EXDEV),
        (b"link", RESOLVE_NO_SYMLINKS, "RESOLVE_NO_SYMLINKS", ELOOP),
    ]:
        refused = disk(place + b"/root/" + request, request, result=-error, resolve=[name])
        s.add("openat2", root, request, how(resolve=bits), 24, expect=refused)
    script(s)


@pytest.mark.incomparable("what each call finds depends on who is faster")
def test_a_link_that_is_swapped_during_the_walk(audit, place):
    """The path is that of the file that was opened, not of the one that the link leads to by then."""
    files = {}
    for name in ("first", "second"):
        os.mkdir(os.fsdecode(place) + "/" + name)
        file = machine.write_file(f"{os.fsdecode(place)}/{name}/file")
        files[os.stat(file).st_ino] = file
    link = os.fsdecode(place) + "/link"
    os.symlink("first", link)
    log = audit([machine.workload("swapped"), link, "first", "second", "3000"])
    told = [json.loads(line)["inode"] for line in log.out.splitlines()]
    records = log.of("session.disk", requested_path=link + "/file")
    assert [record["inode"] for record in records] == told
    assert [record["path"] for record in records] == [files[inode] for inode in told]
    assert set(told) == set(files) and len(told) == 3000
