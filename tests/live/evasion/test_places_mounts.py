# SPDX-License-Identifier: Apache-2.0
"""Mounts over mounts, in namespaces of their own."""
import json
import os

import machine
from records import own


def test_more_mounts_than_a_path_has_bytes(audit, place):
    """Each costs the walk a step, and adds nothing to the path."""
    folder = place + b"/stack"
    os.mkdir(folder)
    file = machine.write_file(folder + b"/file")
    status = os.stat(file)
    log = audit([machine.workload("stacked"), folder, "8300", file])
    fact = json.loads(log.out)
    record = log.one("session.disk", path=os.fsdecode(file))
    assert own(record) == {
        "path": os.fsdecode(file),
        "path_source": "kernel",
        "flags": 0,
        "flag_names": ["O_RDONLY"],
        "return_code": 3,
        "inode": status.st_ino,
        "dev": machine.device(status.st_dev),
        "mount_namespaces": {"/path": fact["mount_ns"]},
    }
