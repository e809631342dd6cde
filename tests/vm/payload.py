# SPDX-License-Identifier: Apache-2.0
"""The disk with what is tested: the packages, the tests, and the programs that the tests run."""
import pathlib
import shutil
import subprocess

import cache
from kernels import make_filesystem

TREE = ("schemas", "tests/live", "tests/login", "tests/vm", "build/tests/live", "build/tests/replay")
UNWANTED = shutil.ignore_patterns("__pycache__", "*.d", "*.pyc")
SPARE = 256  # MiB


# What the packages are made of.
SOURCES = ("Makefile", "CHANGELOG.md", "README.md", "agent", "bpf", "contrib", "packaging", "schemas")
BUILD_LIMIT = 900  # seconds


def sources():
    for name in SOURCES:
        path = pathlib.Path(name)
        yield from sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]


def build_packages(folder):
    subprocess.run(
        [*cache.ALONE, "sh", "packaging/debian/build.sh", folder / "deb"],
        check=True, timeout=BUILD_LIMIT, stdout=subprocess.DEVNULL,
    )


def packages():
    """The folder of the project's own packages, made anew when a source has changed."""
    names = list(sources())
    return cache.get("packages", cache.key(*map(str, names), *names), build_packages) / "deb"


def make(folder):
    """Returns the image."""
    content = folder / "payload"
    shutil.rmtree(content, ignore_errors=True)
    for name in TREE:
        shutil.copytree(pathlib.Path(name), content / "tree" / name, ignore=UNWANTED)
    shutil.copytree(packages(), content / "packages", ignore=shutil.ignore_patterns("*dbgsym*", "*.log"))
    image = folder / "payload.img"
    image.unlink(missing_ok=True)
    make_filesystem(content, image, SPARE)
    shutil.rmtree(content)
    return image
