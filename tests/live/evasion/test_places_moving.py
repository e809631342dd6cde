# SPDX-License-Identifier: Apache-2.0
"""Files that are moved while their path is read, or while they are open."""
import collections
import os

import machine
import pytest

OPENS = 10000


@pytest.mark.incomparable("what each call finds depends on who is faster")
@pytest.mark.parametrize("name", [b"y", b"y" * 200])
def test_a_file_that_is_moved_during_the_walk(audit, place, name):
    """A path that it had: of the folder before and the name after there is none."""
    os.mkdir(place + b"/a")
    os.mkdir(place + b"/b")
    here, there = machine.write_file(place + b"/a/x"), place + b"/b/" + name
    log = audit([machine.workload("moving"), here, there, str(OPENS)])
    opened = collections.Counter(
        record["path"] for record in log.of("session.disk") if "requested_path" in record
    )
    assert set(opened) == {os.fsdecode(here), os.fsdecode(there)}
    assert sum(opened.values()) == OPENS
