# SPDX-License-Identifier: Apache-2.0
"""What the agent may do: exactly what it keeps, each of which is needed."""
import re
import subprocess

import agent as agents
import client
import machine
import pytest
from session import LIMIT

KEPT = {
    "cap_bpf": 39,
    "cap_perfmon": 38,
    "cap_net_admin": 12,
    "cap_sys_ptrace": 19,
    "cap_dac_override": 1,
    "cap_dac_read_search": 2,
    "cap_sys_nice": 23,
}
OF_USE = {"cap_sys_nice"}  # on some kernels, for some logins: without it these go on being audited, where they are
MASK = sum(1 << bit for bit in KEPT.values())


def masks(agent):
    return {name: int(value, 16) for name, value in agent.facts().items() if name.startswith("Cap")}


def test_it_keeps_just_these(agent, alice):
    expected = {"CapInh": 0, "CapPrm": MASK, "CapEff": MASK, "CapBnd": MASK, "CapAmb": 0}
    assert masks(agent) == expected
    facts = agent.facts()
    assert facts["NoNewPrivs"] == "1"
    assert facts["Threads"] == "1"
    client.run("true", key=alice)
    agent.ended()
    assert masks(agent) == expected
    assert sorted(agent.status()["capabilities"]) == sorted(KEPT)
    assert sorted(agent.log().runs[0].records[0]["capabilities"]) == sorted(KEPT)


def without(*names):
    """A wrapper that takes these away before the agent begins."""
    return [machine.tool("capsh"), "--drop=" + ",".join(names), "--", "-c", 'exec "$0" "$@"']


@pytest.mark.parametrize("name", sorted(set(KEPT) - OF_USE))
def test_without_one_it_does_not_start(name):
    """And says which is missing, rather than recording less."""
    agents.prepare_folders()
    agents.write_config({})
    done = subprocess.run(
        [*without(name), agents.SESHATD, "--foreground"], capture_output=True, timeout=LIMIT, check=False
    )
    agents.scrub()
    assert done.returncode == 1, done
    assert f"the capability {name} is missing".encode() in done.stderr, done.stderr


def test_the_manual_has_the_table():
    page = (machine.ROOT / "packaging/man/seshatd.8").read_text().lower()
    for name in KEPT:
        assert name in page, name


def test_an_ordinary_user_cannot_start_it():
    agents.prepare_folders()
    agents.write_config({})
    done = subprocess.run(
        ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", agents.SESHATD, "--foreground"],
        capture_output=True,
        timeout=LIMIT,
        check=False,
    )
    agents.scrub()
    assert done.returncode == 1, done
    assert re.search(rb"^seshatd: auditing needs root", done.stderr, re.M), done.stderr
