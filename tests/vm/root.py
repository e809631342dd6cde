# SPDX-License-Identifier: Apache-2.0
"""A Debian root with systemd as process 1, as an image that every virtual machine writes to its own copy of."""
import pathlib
import shutil
import subprocess
import uuid

import apt
import cache
from kernels import make_filesystem

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = HERE / "packages"
SERVICE = HERE / "boot/check.service"
LIMIT = 600  # seconds
SPARE = 2048  # MiB that the tests may fill: holes until they do
# What runs by itself at some time of the day disturbs.
TIMERS = ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "fstrim.timer", "logrotate.timer")


def names():
    lines = PACKAGES.read_text().splitlines()
    return [line.split()[0] for line in lines if line and not line.startswith("#")]


def unpack(tree):
    """
    Bounded in time: a mirror that does not answer is a failure, not a hang. In namespaces of its own: what it mounts, and
    what it has started, goes with it however it ends.
    """
    suite = apt.STABLE[0][1]
    subprocess.run(
        [*cache.ALONE, "mmdebstrap", "--quiet", "--mode=root", "--variant=essential", f"--include={','.join(names())}",
         "--architectures=amd64", "--aptopt=Acquire::http::Timeout \"30\"", "--aptopt=Acquire::Retries \"2\"",
         suite, tree, *apt.source_lines(apt.STABLE)],
        check=True, timeout=LIMIT, stdin=subprocess.DEVNULL,
    )


def set_up(tree):
    """Without an id it would be the machine's first boot each time, which takes long."""
    (tree / "etc/machine-id").write_text(uuid.uuid4().hex + "\n")
    (tree / "etc/hostname").write_text("vm\n")
    (tree / "etc/hosts").write_text("127.0.0.1 localhost vm\n::1 localhost\n")
    (tree / "etc/fstab").write_text("")
    shutil.copy(SERVICE, tree / "etc/systemd/system")
    systemctl = ["systemctl", "--quiet", f"--root={tree}"]
    subprocess.run([*systemctl, "enable", SERVICE.name], check=True)
    subprocess.run([*systemctl, "mask", *TIMERS], check=True)


def build(folder):
    tree = folder / "tree"
    unpack(tree)
    set_up(tree)
    make_filesystem(tree, folder / "root.img", SPARE)
    subprocess.run(["rm", "-rf", tree], check=True)


def get():
    """The image's path."""
    inputs = cache.key(*(HERE / name for name in ("root.py", "packages", "boot/check.service")))
    return cache.get("root", inputs, build) / "root.img"
