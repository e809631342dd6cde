# SPDX-License-Identifier: Apache-2.0
"""The few modules that a kernel needs to find its disks, and the busybox that loads them."""
import gzip
import lzma
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
BUSYBOX = "/bin/busybox"
# Those that a kernel has built in are no files, and left out.
MODULES = ("virtio_pci", "virtio_blk", "ext4", "virtio_console", "crc32c_intel", "crc32c_generic")
UNPACK = {".xz": lzma.decompress, ".gz": gzip.decompress}


def files_of(tree, release, module):
    """The files of a module and of what it needs, in the order that they have to be loaded in."""
    done = subprocess.run(
        ["modprobe", "-d", tree, "-S", release, "--show-depends", module],
        capture_output=True, text=True, check=False,
    )
    return [pathlib.Path(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("insmod ")]


def put_modules(tree, release, folder):
    order = []
    for module in MODULES:
        for path in files_of(tree, release, module):
            plain = path.with_suffix("") if path.suffix in UNPACK else path
            data = path.read_bytes()
            (folder / plain.name).write_bytes(UNPACK[path.suffix](data) if path != plain else data)
            if plain.name not in order:
                order.append(plain.name)
    (folder / "order").write_text("".join(f"{name}\n" for name in order))


def make(tree, release, image):
    root = image.with_name("initramfs.d")
    for name in ("bin", "dev", "modules", "new", "proc", "sys"):
        (root / name).mkdir(parents=True)
    shutil.copy(BUSYBOX, root / "bin/busybox")
    shutil.copy(HERE / "boot/init", root / "init")
    put_modules(tree, release, root / "modules")
    names = sorted(str(path.relative_to(root)) for path in root.rglob("*"))
    done = subprocess.run(
        ["cpio", "--create", "--format=newc", "--owner=0:0", "--quiet"],
        cwd=root, input="\n".join(names).encode(), stdout=subprocess.PIPE, check=True,
    )
    image.write_bytes(gzip.compress(done.stdout, 1))
    shutil.rmtree(root)
