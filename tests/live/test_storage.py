# SPDX-License-Identifier: Apache-2.0
"""Lineage holds where the kernel cannot make a task's storage at the moment of the fork."""
import collections
import json
import os
import subprocess

import machine

ROUNDS = 40

# Children and grandchildren, some of which do nothing at all, some of which open and execute.
SCRIPT = f"""
i=0
while [ $i -lt {ROUNDS} ]; do
	( : )
	( ( : ); : ) &
	cat /etc/group >/dev/null
	i=$((i + 1))
done
wait
"""


def test_no_child_is_lost(place):
    programs = machine.ROOT / "build/tests/replay"
    ring = os.fsdecode(place) + "/orphans.ring"
    subprocess.run(
        [
            programs / "capture",
            "-b",
            machine.workload("orphans.bpf.o"),
            ring,
            machine.tool("sh"),
            "-c",
            SCRIPT,
        ],
        check=True,
    )
    out = subprocess.run([programs / "replay", ring], check=True, capture_output=True)
    records = [json.loads(line) for line in out.stdout.splitlines()]
    end = records[-1]
    count = collections.Counter(record["event"] for record in records)
    # The shell itself; each round's empty child, child with a grandchild, and cat.
    assert count["session.exit"] == 1 + 4 * ROUNDS
    assert count["session.command"] == 1 + ROUNDS
    assert sum(record.get("path") == "/etc/group" for record in records) == ROUNDS
    assert end["event"] == "session.end" and end["lost"] == 0
