# SPDX-License-Identifier: Apache-2.0
"""Mount namespaces: each path that is not in the host's tree says so, and says in which it is."""
import os
import shutil
from errno import ENOENT

import machine
import pytest
from addresses import AF_UNIX, STREAM, local
from calls import AT_FDCWD, Script, how, vector
from expect import command, disk, inside, unix
from flags import CLONE_NEWNS, O_CREAT, O_DIRECTORY, O_RDONLY, O_WRONLY, RESOLVE_IN_ROOT

MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 4096, 16384, 1 << 18, 2
LISTEN = """
import socket, sys
one = socket.socket(socket.AF_UNIX)
one.bind("socket")
one.listen()
print("ready", flush=True)
sys.stdin.read()
"""
NOTHING = os.fsencode(machine.workload("nothing"))


def private_mounts(s):
    """A namespace of the caller's own. Returns a call that is made in it."""
    s.do("unshare", CLONE_NEWNS)
    return s.do("mount", b"none", b"/", 0, MS_REC | MS_PRIVATE, 0)


def seen(*args, **more):
    return inside(disk(*args, **more), "path")


def test_the_same_files_in_a_copy_of_the_hosts_tree(script, place):
    """A rule on a path still matches; the namespace stands beside it. What was opened before stays the host's."""
    folder = place + b"/folder"
    os.mkdir(folder)
    s = Script()
    s.do("chdir", place)
    before = s.do("open", place, O_RDONLY, expect=disk(place))
    private_mounts(s)
    s.add("open", b"/etc/passwd", O_RDONLY, expect=seen(b"/etc/passwd"))
    s.add("open", b"folder", O_RDONLY, expect=seen(folder, b"folder"))
    s.add("open", b"/none", O_RDONLY, expect=seen(b"/none", result=-ENOENT))
    s.add("open", b"none", O_RDONLY, expect=seen(place + b"/none", b"none", result=-ENOENT))
    s.add("openat", before, b"folder", O_RDONLY, expect=disk(folder, b"folder"))
    s.add("openat", before, b"none", O_RDONLY, expect=disk(place + b"/none", b"none", result=-ENOENT))
    s.add("openat", before, b"/none", O_RDONLY, expect=seen(b"/none", result=-ENOENT))
    in_root = disk(place + b"/none", b"/none", result=-ENOENT, resolve=["RESOLVE_IN_ROOT"])
    s.add("openat2", before, b"/none", how(resolve=RESOLVE_IN_ROOT), 24, expect=in_root)
    script(s)


def test_in_a_user_namespace(audit, place):
    """As any user can have it: root in there, the user's own number in the record."""
    text = "readlink /proc/self/ns/mnt; mount -t tmpfs none /etc; echo >/etc/x; cat /etc/x /etc/none"
    nobody = ["setpriv", f"--reuid={machine.NOBODY}", f"--regid={machine.NOBODY}", "--clear-groups"]
    log = audit([*nobody, "unshare", "-Urm", "sh", "-c", text], status=1)
    number = int(log.out.split(b"[")[1].split(b"]")[0])
    records = log.of("session.disk", path="/etc/x") + log.of("session.disk", path="/etc/none")
    assert [record["program"] for record in records] == ["sh", "cat", "cat"]
    for record in records:
        assert record["mount_namespaces"] == {"/exe": number, "/path": number}
        assert record["uid"] == machine.NOBODY


def run(path, request, argv, *keys, cwd, exe=None, **more):
    """A program that runs in the caller's namespace."""
    keys = keys or ("exe", "path", "cwd")
    return {"flags": "c", "exe": exe, "expect": inside(command(path, request, argv, cwd=cwd, **more), *keys)}


def test_programs(script, place):
    """Its executable, what it was asked for, its working directory and a script's interpreter."""
    text = os.fsdecode(NOTHING)
    machine.write_file(place + b"/script", b"#!" + NOTHING + b"\n")
    os.chmod(place + b"/script", 0o755)
    s = Script()
    private_mounts(s)
    s.do("chdir", place)
    s.add("execve", NOTHING, vector(b"a"), 0, **run(NOTHING, None, [b"a"], cwd=place, exe=text))
    for request in (place + b"/script", b"./script"):
        argv = [NOTHING, request]
        path = request if request[:1] == b"/" else place + b"/./script"
        keys = ("exe", "path", "cwd", "interpreter")
        more = run(path, request, argv, *keys, cwd=place, exe=text, interpreter=text)
        s.add("execve", request, vector(b"a"), 0, **more)
    failed = inside(command(b"/none", None, [b"a"], cwd=place, result=-ENOENT), "path", "cwd")
    s.add("execve", b"/none", vector(b"a"), 0, expect=failed)
    script(s)


def test_there_and_back(script):
    """setns(2): each path is of the tree that it was found in."""
    s = Script()
    number = os.stat("/proc/self/ns/mnt").st_ino
    hosts = disk(b"/mnt:[%d]" % number, b"/proc/self/ns/mnt", nameless=True)
    host = s.do("open", b"/proc/self/ns/mnt", O_RDONLY, expect=hosts)
    first = private_mounts(s)
    own = disk(b"/?", b"/proc/self/ns/mnt", nameless=True)
    own[1]["path"] = lambda told: f"/mnt:[{told['mount_ns']}]"
    there = s.do("open", b"/proc/self/ns/mnt", O_RDONLY, expect=own)
    s.add("open", b"/etc/passwd", O_RDONLY, expect=seen(b"/etc/passwd"))
    s.do("setns", host, 0)
    s.add("open", b"/etc/passwd", O_RDONLY, expect=disk(b"/etc/passwd"))
    s.add("open", b"/none", O_RDONLY, expect=disk(b"/none", result=-ENOENT))
    s.do("setns", there, 0)
    s.add("open", b"/etc/passwd", O_RDONLY, expect=inside(disk(b"/etc/passwd"), "path", of=first))
    s.add("open", b"/none", O_RDONLY, expect=inside(disk(b"/none", result=-ENOENT), "path", of=first))
    script(s)


@pytest.fixture
def elsewhere(bystander, place):
    """
    A process outside the session in a namespace of its own, with a file that only is there, and a socket beside it that
    it listens on: (pid, number, file).
    """
    folder = os.fsdecode(place) + "/elsewhere"
    os.mkdir(folder)
    make = f"mount -t tmpfs none {folder} && cd {folder} && : >file && exec /usr/bin/python3 -Sc '{LISTEN}'"
    process = bystander("unshare", "-m", "sh", "-c", make)
    assert process.stdout.readline() == b"ready\n"
    return process.pid, os.stat(f"/proc/{process.pid}/ns/mnt").st_ino, os.fsencode(folder) + b"/file"


def test_another_processs_root_and_working_directory(script, elsewhere):
    """/proc/PID/root and /proc/PID/cwd lead into the tree of that process."""
    pid, number, file = elsewhere
    root, cwd = b"/proc/%d/root" % pid, b"/proc/%d/cwd" % pid

    def there(*args, **more):
        event, fields = disk(*args, **more)
        return event, fields | {"mount_namespaces": {"/path": number}}

    s = Script()
    s.add("open", root + file, O_RDONLY, expect=there(file, root + file))
    s.add("open", cwd + b"/file", O_RDONLY, expect=there(file, cwd + b"/file"))
    s.add("open", file, O_RDONLY, expect=disk(file, result=-ENOENT))
    # Where a claim leads is not known: the link is in the host's tree, and nobody followed it to an end.
    s.add("open", root + b"/none", O_RDONLY, expect=disk(root + b"/none", result=-ENOENT))
    top = s.do("open", root, O_RDONLY, expect=there(b"/", root))
    s.add("openat", top, b"none", O_RDONLY, expect=there(b"/none", b"none", result=-ENOENT))
    # A process of the host's tree.
    hosts = b"/proc/%d/root/etc/passwd" % os.getpid()
    s.add("open", hosts, O_RDONLY, expect=disk(b"/etc/passwd", hosts))
    s.do("chroot", root)
    s.add("open", b"/none", O_RDONLY, expect=there(b"/none", result=-ENOENT))
    s.add("open", file, O_RDONLY, expect=there(file))
    script(s)


def test_unix_sockets(script, elsewhere):
    """A socket's path has its namespace as a file's has."""
    pid, number, file = elsewhere
    folder = os.path.dirname(file)

    def there(pair):
        return pair[0], pair[1] | {"mount_namespaces": {"/path": number}}

    s = Script()
    link = b"/proc/%d/ns/mnt" % pid
    its = s.do("open", link, O_RDONLY, expect=disk(b"/mnt:[%d]" % number, link, nameless=True))
    s.do("setns", its, CLONE_NEWNS)
    s.do("chdir", folder)
    for request, path, error in [
        (folder + b"/socket", folder + b"/socket", 0),
        (b"socket", folder + b"/socket", 0),
        (b"none", folder + b"/none", -ENOENT),
        (b"/none", b"/none", -ENOENT),
    ]:
        one = s.do("socket", AF_UNIX, STREAM, 0)
        s.add("connect", one, *local(request), expect=there(unix(path, request, result=error)))
    script(s)


@pytest.fixture
def image(place):
    """A folder as a container's root has it, with a program and a script in it."""
    for name in (b"lower", b"upper", b"work", b"root"):
        os.mkdir(place + b"/" + name)
    os.mkdir(place + b"/lower/old")
    shutil.copy(NOTHING, place + b"/lower/program")
    machine.write_file(place + b"/lower/script", b"#!/program\n")
    os.chmod(place + b"/lower/script", 0o755)
    return place + b"/root", b"lowerdir=%b/lower,upperdir=%b/upper,workdir=%b/work" % (place, place, place)


def numbers_of(call):
    """inode and dev of an earlier open."""
    return {
        "inode": lambda told: told["all"][call[1:]]["call"]["inode"],
        "dev": lambda told: told["all"][call[1:]]["call"]["dev"],
    }


@pytest.mark.parametrize("how_in", ["pivot_root", "chroot"])
def test_a_containers_root(script, image, how_in):
    """An overlay that becomes the root: with pivot_root(2) paths begin there, with chroot(2) they do not."""
    root, layers = image
    s = Script()
    host = s.do("open", b"/", O_RDONLY, expect=disk(b"/"))
    first = private_mounts(s)

    def there(pair, *keys):
        return inside(pair, *keys or ("path",), of=first)

    s.do("mount", b"overlay", root, b"overlay", 0, layers)
    s.do("chdir", root)
    if how_in == "pivot_root":
        s.do("pivot_root", b".", b"old")
        old = s.do("open", b"/old", O_RDONLY, expect=there(disk(b"/old")))
        s.do("umount2", b"/old", MNT_DETACH)
        top = b""
    else:
        s.do("chroot", b".")
        top = root
    s.do("chdir", b"/")
    program = s.do("open", b"/program", O_RDONLY, expect=there(disk(top + b"/program", b"/program")))
    new = disk(top + b"/new", b"/new", O_CREAT | O_WRONLY, mode=0o600, created=True)
    s.add("open", b"/new", O_CREAT | O_WRONLY, 0o600, expect=there(new))
    s.add("open", b"none", O_RDONLY, expect=there(disk(top + b"/none", b"none", result=-ENOENT)))
    s.add("open", b"/none", O_RDONLY, expect=there(disk(top + b"/none", b"/none", result=-ENOENT)))
    cwd, exe = top or b"/", os.fsdecode(top + b"/program")
    started = command(top + b"/program", b"/program", [b"p"], cwd=cwd, **numbers_of(program))
    s.add("execve", b"/program", vector(b"p"), 0, flags="c", exe=exe, expect=there(started, "exe", "path", "cwd"))
    argv = [b"/program", b"/script"]
    by = command(top + b"/script", b"/script", argv, cwd=cwd, interpreter=exe)
    keys = ("exe", "path", "cwd", "interpreter")
    s.add("execve", b"/script", vector(b"s"), 0, flags="c", exe=exe, expect=there(by, *keys))
    # Descriptors from before: the host's tree; and the copy of it that hangs nowhere any more.
    s.add("openat", host, b"etc/passwd", O_RDONLY, expect=disk(b"/etc/passwd", b"etc/passwd"))
    if how_in == "pivot_root":
        gone = disk(b"(unreachable)/etc/passwd", b"etc/passwd")
        s.add("openat", old, b"etc/passwd", O_RDONLY, expect=gone)
    script(s)


def test_a_mount_that_hides_another(script, place):
    """By name the upper file is found, by a descriptor the lower one: the same path, another inode."""
    folder = place + b"/folder"
    os.mkdir(folder)
    file = machine.write_file(folder + b"/file")
    status = os.stat(file)
    s = Script()
    first = private_mounts(s)
    below = s.do("open", folder, O_RDONLY | O_DIRECTORY, expect=seen(folder, flags=O_RDONLY | O_DIRECTORY))
    s.do("mount", b"none", folder, b"tmpfs", 0, 0)
    flags = O_CREAT | O_WRONLY
    s.do("open", file, flags, 0o600, expect=seen(file, flags=flags, mode=0o600, created=True))
    lower = {"inode": status.st_ino, "dev": machine.device(status.st_dev)}
    found = inside(disk(file, b"file", **lower), "path", of=first)
    s.add("openat", below, b"file", O_RDONLY, expect=found)
    log = script(s)
    upper, hidden = (record for record in log.of("session.disk") if record["path"] == os.fsdecode(file))
    assert (upper["inode"], upper["dev"]) != (hidden["inode"], hidden["dev"])


def test_a_root_that_hangs_in_no_tree(script, place):
    """chroot(2) into a copy of a mount: an absolute request is no path of the host's."""
    os.mkdir(place + b"/etc")
    machine.write_file(place + b"/etc/passwd")
    s = Script()
    cloned = disk(machine.unreachable(place), place, 1, via="open_tree")
    tree = s.do("open_tree", AT_FDCWD, place, 1, expect=cloned)
    s.do("fchdir", tree)
    s.do("chroot", b".")
    gone = machine.unreachable(place)
    s.add("open", b"/etc/passwd", O_RDONLY, expect=disk(gone + b"/etc/passwd", b"/etc/passwd"))
    none = disk(gone + b"/etc/none", b"/etc/none", result=-ENOENT)
    s.add("open", b"/etc/none", O_RDONLY, expect=none)
    script(s)
