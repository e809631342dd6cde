# SPDX-License-Identifier: Apache-2.0
"""
A machine of the tests' own: mounts, network, cgroups and accounts that nobody else sees.

The test run itself goes into it and never leaves it. Mounts and network are those of its namespaces and vanish with
its last process; its processes and cgroups are ended by the guardian, also when the run is killed. Pids are the machine's:
the probes know no others.
"""
import fcntl
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys

import machine
from session import LIBC

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWNET = 0x00020000, 0x02000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1

HOME = pathlib.Path("/run/test")  # whatever the tests write: it vanishes too
LOG = HOME / "log"
PINS = pathlib.Path("/sys/fs/bpf")
DEVICES = {"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9}
PASSWORD = "correct horse"
# openssl passwd -5 with rounds=1000: that a password is slow to check is no part of any test.
PASSWORD_HASH = "$5$rounds=1000$seshat$wRW9a4zfgWVDLi8OdWZjsYWPWGfUe/ebpNxp7hiIa99"
ALICE, BOB = 2001, 2002
FIFO = pathlib.Path("/home/alice/fifo")
READER = 2003  # of the group that may look and not touch
ACCOUNTS = {"alice": ALICE, "bob": BOB, "reader": READER}
QUEUE = 1 << 20  # datagrams: who writes to /dev/log never waits for the test


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def tmpfs(path, options="mode=755"):
    path.mkdir(exist_ok=True)
    mount("-t", "tmpfs", "-o", options, "none", path)


def unshare(flags):
    assert LIBC.unshare(flags) == 0, "unshare: the tests need namespaces of their own"


class Cgroup:
    """The cgroup that everything happens in; its guardian; the way back."""

    def __init__(self):
        self.folder = pathlib.Path(machine.cgroup_root(), f"seshat-test-{os.getpid()}")
        self.back = open(machine.cgroup_folder(machine.cgroup_of("self")) + "/cgroup.procs", "w")
        self.folder.mkdir()
        pidfd = os.pidfd_open(os.getpid())
        self.guardian = subprocess.Popen(
            [sys.executable, "-B", pathlib.Path(__file__).parent / "guardian.py", self.folder, str(pidfd)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[pidfd],
            start_new_session=True,
        )
        os.close(pidfd)
        (self.folder / "cgroup.procs").write_text("0")

    def leave(self):
        """Back to where the run came from; whatever is still in the cgroup ends."""
        self.back.write("0")
        self.back.close()
        self.guardian.stdin.close()
        assert self.guardian.wait(60) == 0, "the guardian failed"


def make_devices():
    """A /dev of our own, for a /dev/log of our own."""
    new = HOME / "dev"
    tmpfs(new)
    for name, minor in DEVICES.items():
        os.mknod(new / name, 0o20666, os.makedev(1, minor))
    for name, minor in {"tty": 0, "ptmx": 2}.items():
        os.mknod(new / name, 0o20666, os.makedev(5, minor))
    for name in (*DEVICES, "tty", "ptmx"):
        os.chmod(new / name, 0o666)
    for name, target in {"fd": "fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2"}.items():
        os.symlink(f"/proc/self/{target}", new / name)
    for name in ("pts", "shm"):
        (new / name).mkdir()
    mount("-t", "devpts", "-o", "gid=5,mode=620,ptmxmode=666", "none", new / "pts")
    tmpfs(new / "shm", "mode=1777")
    mount("--move", new, "/dev")


def make_mounts():
    mount("--make-rprivate", "/")
    root = machine.cgroup_root()
    subprocess.run(["umount", root], check=True)
    mount("-t", "cgroup2", "none", root)
    mount("-t", "bpf", "none", PINS)
    tmpfs(pathlib.Path("/run"))
    HOME.mkdir()
    (HOME / "etc/upper").mkdir(parents=True)
    (HOME / "etc/work").mkdir()
    layers = f"lowerdir=/etc,upperdir={HOME}/etc/upper,workdir={HOME}/etc/work"
    mount("-t", "overlay", "-o", layers, "none", "/etc")
    for path in ("/home", "/var/log", "/var/lib/systemd/catalog"):
        tmpfs(pathlib.Path(path))
    make_devices()
    LOG.mkdir()


def make_network():
    with socket.socket() as one:
        fcntl.ioctl(one, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def make_accounts():
    """Those of the machine that have their names are left out of this world."""
    add = ["useradd", "-o", "-m", "-s", "/bin/sh", "-p", PASSWORD_HASH]
    subprocess.run(["groupadd", "--system", "--force", "seshat"], check=True)
    for name, uid in ACCOUNTS.items():
        subprocess.run(["userdel", "--force", name], stderr=subprocess.DEVNULL, check=False)
        subprocess.run([*add, "-u", str(uid), name], check=True)
    subprocess.run(["usermod", "-a", "-G", "seshat", "reader"], check=True)
    write("/etc/sudoers.d/test", "alice ALL=(ALL) NOPASSWD: ALL\n", 0o440)
    # No message of the day: what a client reads is what its command has written.
    for path in [pathlib.Path("/etc/motd"), *pathlib.Path("/etc/update-motd.d").glob("*")]:
        path.unlink(missing_ok=True)
    for name in ("wtmp", "lastlog", "btmp"):
        write(f"/var/log/{name}", "")
    write("/run/utmp", "")


def write(path, text, mode=0o644):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


class Syslog:
    """/dev/log, read by the test: who has written to it has done so before the test looks."""

    def __init__(self):
        limit = pathlib.Path("/proc/sys/net/unix/max_dgram_qlen")
        before = limit.read_text()
        limit.write_text(str(QUEUE))
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.bind("/dev/log")
        os.chmod("/dev/log", 0o666)
        limit.write_text(before)

    def lines(self):
        """What came since the last look: (facility, level, text)."""
        found = []
        while True:
            try:
                data = self.socket.recv(65536)
            except BlockingIOError:
                return found
            number, text = data.decode("utf-8", "replace").lstrip("<").split(">", 1)
            found.append((int(number) >> 3, int(number) & 7, text.rstrip("\n\0")))


def enter():
    """Go there. Returns what is to be left at the end."""
    cgroup = Cgroup()
    unshare(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWNET)
    make_mounts()
    make_network()
    make_accounts()
    return cgroup


def processes():
    """Every process in this world but the run itself."""
    found = set()
    for path in pathlib.Path(machine.cgroup_root()).rglob("cgroup.procs"):
        found |= {int(word) for word in path.read_text().split()}
    return found - {os.getpid()}


def cgroups():
    """The paths of all cgroups in this world, but the root."""
    root = machine.cgroup_root()
    return sorted(path.removeprefix(root) for path, _, _ in os.walk(root) if path != root)


def workload(name):
    """One of the workloads, where every account may execute it: the tree may lie in a home that is root's alone."""
    place = pathlib.Path("/run/workloads", name)
    if not place.exists():
        place.parent.mkdir(mode=0o755, exist_ok=True)
        shutil.copy(machine.workload(name), place)
        place.chmod(0o755)
    return str(place)
