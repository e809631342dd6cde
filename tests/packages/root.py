# SPDX-License-Identifier: Apache-2.0
"""
A root to install packages into: what this machine has, with all changes in memory. Nothing of it is seen outside, and it vanishes
with the test run, also when that is killed.
"""
import pathlib
import shutil
import subprocess

LIMIT = 300  # seconds for one command

# Its /run is empty, so no package's script finds a service manager, and its pins and control groups are nobody's.
SETUP = """
set -eu
mount -t tmpfs -o mode=755 none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" none "$1/root"
cd "$1/root"
mount -t proc none proc
mount -t sysfs none sys
mount -t bpf none sys/fs/bpf
mount --rbind /dev dev
mount -t tmpfs -o mode=755 none run
mount -t tmpfs -o mode=1777 none tmp
mount --bind "$2" mnt
rm -f var/lib/man-db/auto-update
echo ready
cat >/dev/null
"""


class Root:
    def __init__(self, folder):
        """folder: of the test's own; its "in" is /mnt of this root."""
        self.shared = folder / "in"
        self.base = folder / "fs"
        self.shared.mkdir(parents=True)
        self.base.mkdir()
        self.holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", SETUP, "sh", self.base, self.shared],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.holder.stdout.readline() == "ready\n", "no root of our own: run the tests as root"

    def run(self, *words, ok=True, **more):
        """Runs a command in it; returns what it has done."""
        done = subprocess.run(
            ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt", "chroot", self.base / "root", *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
            **more,
        )
        if ok:
            assert done.returncode == 0, f"{words}: {done.stdout}"
        return done

    def bring(self, *paths):
        """Copies files to /mnt; returns their names there."""
        return [pathlib.Path("/mnt", pathlib.Path(shutil.copy(path, self.shared)).name) for path in paths]

    def read(self, path):
        return self.run("cat", path).stdout

    def stat(self, path):
        """(mode, owner, group), as in "2750", "root", "seshat"."""
        return tuple(self.run("stat", "-c", "%a %U %G", path).stdout.split())

    def close(self):
        self.holder.stdin.close()
        self.holder.wait(30)
        self.holder.stdout.close()
