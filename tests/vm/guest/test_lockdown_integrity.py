# SPDX-License-Identifier: Apache-2.0
"""A kernel that is locked down for its integrity: everything works."""
import json
import pathlib

import client
import host
import machine
import world

LOG = "/run/lockdown.jsonl"


def test_the_kernel_is_locked_down():
    assert "[integrity]" in pathlib.Path("/sys/kernel/security/lockdown").read_text()


def test_a_command_is_audited():
    out = host.run(machine.SESHAT, "run", "-o", LOG, "cat", "/etc/hostname")
    assert out == "vm\n"
    records = [json.loads(line) for line in pathlib.Path(LOG).read_text().splitlines()]
    assert "probes_missing" not in records[0]
    assert [r["argv"] for r in records if r["event"] == "session.command"] == [["/etc/hostname"]]


def test_a_login_is_audited(alice, log):
    client.run("cat /etc/hostname", key=alice)
    (session,) = log.ended()
    assert ["cat", "/etc/hostname"] in session.programs(world.ALICE)
