# SPDX-License-Identifier: Apache-2.0
"""
Debian's stock kernels, unpacked and never installed.

Of the flavours it is the cloud one: the same source and the same settings of everything that Seshat touches (BPF, tracing,
security modules, audit, cgroups), and drivers for virtual machines only. It is a third of the size and boots quicker.
"""
import pathlib
import re
import subprocess

import apt
import cache
import initramfs

NEWEST = "newest"
HERE = pathlib.Path(__file__).resolve().parent
SCRIPTS = [HERE / name for name in ("kernels.py", "initramfs.py", "boot/init")]


class Kernel:
    """What a virtual machine boots."""

    def __init__(self, name, folder):
        self.name = name
        self.image = folder / "vmlinuz"
        self.initramfs = folder / "initramfs"
        self.modules = folder / "modules.img"
        self.release = (folder / "release").read_text()


def numbers(name):
    """What the versions in names are sorted by."""
    return [int(word) for word in re.findall(r"\d+", name.removesuffix("-amd64"))]


def choose(archive, version):
    """The newest linux-image of this version, and those of its dependencies that are parts of it."""
    prefix = "linux-image-" if version == NEWEST else f"linux-image-{version}."
    found = [name for name in archive.names(prefix) if re.fullmatch(r"linux-image-\d.*-cloud-amd64", name)]
    if not found:
        raise SystemExit(f"check-vm: the archive has no kernel {version}")
    image = max(found, key=numbers)
    release = image.removeprefix("linux-image-")
    fields = archive.fields(image)
    parts = [name for name in re.findall(r"linux-[\w.+-]+", fields["Depends"]) if name.endswith(release)]
    return release, [f"{name}={archive.fields(name)['Version']}" for name in (image, *parts)]


def unpack(archive, packages, folder):
    folder.mkdir()
    for package in archive.download(packages, folder):
        subprocess.run(["dpkg", "-x", package, folder], check=True)
        package.unlink()
    (folder / "lib").mkdir(exist_ok=True)
    merged = folder / "usr/lib/modules"
    if merged.exists():
        (folder / "lib/modules").symlink_to(merged)


def image_of(tree, release):
    """Newer packages have the kernel beside its modules."""
    for path in (tree / f"boot/vmlinuz-{release}", tree / f"usr/lib/modules/{release}/vmlinuz"):
        if path.exists():
            return path
    raise SystemExit(f"check-vm: no vmlinuz in the packages of {release}")


def make_filesystem(source, image, spare):
    """An ext4 image of a folder, with so many MiB to spare."""
    used = int(subprocess.run(["du", "-sm", source], check=True, capture_output=True, text=True).stdout.split()[0])
    subprocess.run(
        ["mke2fs", "-q", "-F", "-t", "ext4", "-O", "^has_journal", "-d", source, image, f"{used * 6 // 5 + spare}M"],
        check=True, stdout=subprocess.DEVNULL,
    )


def build(archive, release, packages, folder):
    tree = folder / "tree"
    unpack(archive, packages, tree)
    image_of(tree, release).rename(folder / "vmlinuz")
    subprocess.run(["depmod", "-b", tree, release], check=True)
    initramfs.make(tree, release, folder / "initramfs")
    make_filesystem((tree / "lib/modules" / release).resolve(), folder / "modules.img", 20)
    subprocess.run(["rm", "-rf", tree], check=True)
    (folder / "release").write_text(release)


def get(version):
    """The newest kernel that the archive has of this version."""
    archive = apt.Archive("backports", apt.BACKPORTS) if version == NEWEST else apt.Archive("stable", apt.STABLE)
    release, packages = choose(archive, version)
    folder = cache.get(
        f"kernel-{version}",
        cache.key(*packages, *SCRIPTS),
        lambda unfinished: build(archive, release, packages, unfinished),
    )
    return Kernel(version, folder)
