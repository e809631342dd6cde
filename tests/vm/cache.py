# SPDX-License-Identifier: Apache-2.0
"""Things that take long to make, below build/vm: each kept under a name that its inputs are part of."""
import fcntl
import hashlib
import os
import pathlib
import shutil

FOLDER = pathlib.Path("build/vm").resolve()
UNFINISHED = ".unfinished"
# A command whose mounts nobody else sees, and that takes all it has started with it when it is ended.
ALONE = ("unshare", "--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc")


def key(*inputs):
    """A short name for these inputs: texts, and files for what is in them."""
    digest = hashlib.sha256()
    for one in inputs:
        data = one.read_bytes() if isinstance(one, pathlib.Path) else one.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:16]


def lock():
    """One run at a time in this tree; returns what holds the lock for as long as it is open."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    file = open(FOLDER / "lock", "w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("check-vm: another run uses build/vm; waiting for its end", flush=True)
        fcntl.flock(file, fcntl.LOCK_EX)
    for left in FOLDER.glob(f"*{UNFINISHED}"):
        shutil.rmtree(left)
    return file


def get(name, inputs, make):
    """
    The folder of what make(folder) made from INPUTS, perhaps long ago. It has its name only when it is whole. What was
    made from other inputs under this name is removed.
    """
    folder = FOLDER / f"{name}_{inputs}"
    if not folder.exists():
        for old in FOLDER.glob(f"{name}_*"):
            shutil.rmtree(old)
        print(f"check-vm: making {name}", flush=True)
        unfinished = folder.with_name(folder.name + UNFINISHED)
        unfinished.mkdir()
        make(unfinished)
        os.rename(unfinished, folder)
    return folder
