# SPDX-License-Identifier: Apache-2.0
"""Built again elsewhere, at another time, in another time zone and language, by another number of jobs: the same bytes."""
import hashlib
import os
import subprocess


def digests(folder):
    """Of the packages, and of everything that may tell where and when."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("*.deb"))}


def test_the_same_bytes(debs, tmp_path):
    first = digests(debs["seshat"].parent)
    tree = tmp_path / "elsewhere" / "deeper"
    subprocess.run(["sh", "packaging/copy.sh", tree], check=True)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
        "TZ": "Asia/Kathmandu",
        "DEB_BUILD_OPTIONS": "nocheck parallel=1",
    }
    subprocess.run(
        ["sh", "packaging/debian/build.sh", "build/deb"],
        cwd=tree, env=environment, umask=0o077, check=True, capture_output=True,
    )
    assert digests(tree / "build/deb") == first


def test_nothing_tells_where_it_was_built():
    here = os.getcwd().encode()
    for program in ("build/seshat", "build/seshatd", "build/pam_seshat.so", "build/bpf/seshat.bpf.o"):
        with open(program, "rb") as file:
            assert here not in file.read(), program
