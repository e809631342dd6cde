# SPDX-License-Identifier: Apache-2.0
"""Lineage holds where the kernel cannot make a task's storage at the moment of the fork."""
import collections
import json
import os
import subprocess

import machine
import pytest
from session import LIMIT

ROUNDS = 40
THREAD_ROUNDS = 60

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


@pytest.fixture
def capture(place):
    """Run a command with storage that fails every other time; returns the records."""

    def run(*command):
        programs = machine.ROOT / "build/tests/replay"
        ring = os.fsdecode(place) + "/orphans.ring"
        orphans = machine.workload("orphans.bpf.o")
        subprocess.run([programs / "capture", "-b", orphans, ring, *command], check=True, timeout=LIMIT)
        out = subprocess.run([programs / "replay", ring], check=True, capture_output=True)
        records = [json.loads(line) for line in out.stdout.splitlines()]
        assert records[-1]["event"] == "session.end" and records[-1]["lost"] == 0
        return records

    return run


def count_events(records):
    return collections.Counter(record["event"] for record in records)


def test_no_child_is_lost(capture):
    records = capture(machine.tool("sh"), "-c", SCRIPT)
    count = count_events(records)
    # The shell itself; each round's empty child, child with a grandchild, and cat.
    assert count["session.exit"] == 1 + 4 * ROUNDS
    assert count["session.command"] == 1 + ROUNDS
    assert sum(record.get("path") == "/etc/group" for record in records) == ROUNDS


def test_no_thread_that_executes_is_lost(capture):
    """It gets its leader's number by that: what was remembered of either must be found again, and of nobody else."""
    nothing, folder = machine.workload("nothing"), "/seshat-orphans"
    records = capture(machine.workload("thread_execs"), str(THREAD_ROUNDS), folder, nothing)
    commands = [record for record in records if record["event"] == "session.command"]
    assert [record["path"] for record in commands[1:]] == [nothing] * THREAD_ROUNDS
    assert all(record["pid"] == record["tid"] for record in commands)
    ends = [record["pid"] for record in records if record["event"] == "session.exit"]
    assert ends == [record["pid"] for record in commands[1:] + commands[:1]]
    opens = [record for record in records if record["event"] == "session.disk"]
    assert [record["path"] for record in opens] == [f"{folder}/{i}" for i in range(1, THREAD_ROUNDS, 2)]
    assert [record["pid"] for record in opens] == ends[1:-1:2]
    assert all(record["pid"] != record["tid"] for record in opens)
