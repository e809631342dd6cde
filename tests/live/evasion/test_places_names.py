# SPDX-License-Identifier: Apache-2.0
"""Names of every byte, and paths of every length."""
import os
from errno import ENOENT

import machine
from calls import Script
from expect import disk
from records import exact

LONGEST = 4095


def test_every_byte_that_a_name_can_have(script, place):
    """All but NUL and the slash, alone and within, in a file that is there and in one that is not."""
    s = Script()
    s.do("chdir", place)
    for number in set(range(1, 256)) - {ord("/")}:
        byte = bytes([number])
        for name in (b"a%bz" % byte, byte):
            if name != b".":
                file = machine.write_file(place + b"/" + name)
                s.add("open", name, 0, expect=disk(file, name))
            none = place + b"/none/" + name
            s.add("open", none, 0, expect=disk(none, result=-ENOENT))
    log = script(s)
    assert len(log.of("session.disk")) == 2 * 254 * 2 - 1


def test_paths_of_every_length(audit, place):
    log = audit([machine.workload("lengths"), place])
    records = log.of("session.disk")
    missing = [record for record in records if record["return_code"] == -ENOENT]
    assert [exact(record, "/path") for record in missing] == [
        (b"/" + b"n" * 255) * (length // 256) + (b"/" + b"n" * (length % 256 - 1) if length % 256 else b"")
        for length in range(2, LONGEST + 1)
    ]
    assert {record["path_source"] for record in missing} == {"request"}
    rest = [record for record in records if record["return_code"] >= 0]
    here, made = rest[:LONGEST], rest[LONGEST:]
    assert {record["path"] for record in here} == {os.fsdecode(place)}
    assert [record["requested_path"] for record in here] == [
        ("./" * LONGEST)[:length] for length in range(1, LONGEST + 1)
    ]
    assert [len(record["path"]) for record in made] == list(range(len(place) + 2, LONGEST + 1))
    assert all(record["path"].startswith(os.fsdecode(place) + "/") for record in made)
    assert all(record["path"].endswith("/" + record["requested_path"]) for record in made)
    assert len(records) == 2 * LONGEST - 1 + len(made)
