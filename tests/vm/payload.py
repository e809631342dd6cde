# SPDX-License-Identifier: Apache-2.0
"""The disk with what is tested: the packages, the tests, and the programs that the tests run."""
import pathlib
import shutil
import subprocess

from kernels import make_filesystem

TREE = ("schemas", "tests/live", "tests/login", "tests/vm", "build/tests/live", "build/tests/replay")
UNWANTED = shutil.ignore_patterns("__pycache__", "*.d", "*.pyc")
SPARE = 256  # MiB


def packages(folder):
    """As `make install` puts things. Everything is there, and nothing has been set up."""
    subprocess.run(["make", "-s", "install", f"DESTDIR={folder}", "PREFIX=/usr"], check=True, stdout=subprocess.DEVNULL)


def make(folder):
    """Returns the image."""
    content = folder / "payload"
    shutil.rmtree(content, ignore_errors=True)
    for name in TREE:
        shutil.copytree(pathlib.Path(name), content / "tree" / name, ignore=UNWANTED)
    packages(content / "installed")
    image = folder / "payload.img"
    image.unlink(missing_ok=True)
    make_filesystem(content, image, SPARE)
    shutil.rmtree(content)
    return image
