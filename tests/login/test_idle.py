# SPDX-License-Identifier: Apache-2.0
"""What the agent costs while there is nothing to do: nothing."""
import json
import os
import select
import subprocess

import agent as agents
import client
import control


def programs():
    """Tracing programs that are attached by somebody, by link: {link id: program id}."""
    done = subprocess.run(["bpftool", "-j", "link", "show"], capture_output=True, check=True)
    return {link["id"]: link.get("prog_id") for link in json.loads(done.stdout)}


def held(agent):
    """The agent's own links, by what its descriptors are."""
    folder = f"/proc/{agent.pid}/fd"
    found = 0
    for name in os.listdir(folder):
        try:
            found += "bpf_link" in os.readlink(f"{folder}/{name}") or "bpf-link" in os.readlink(
                f"{folder}/{name}"
            )
        except FileNotFoundError:
            pass
    return found


def wake_ups(agent):
    return int(agent.facts()["voluntary_ctxt_switches"])


def asleep(agent, seconds):
    """Wait for its end, which does not come; how often it woke meanwhile."""
    before = wake_ups(agent)
    pidfd = os.pidfd_open(agent.pid)
    ready, _, _ = select.select([pidfd], [], [], seconds)
    os.close(pidfd)
    assert not ready, "it has ended"
    return wake_ups(agent) - before


def test_attached_with_the_first_detached_with_the_last(agent, alice):
    before = programs()
    assert held(agent) == 0 and agent.status()["attached"] is False
    with client.Ssh("echo ready; cat", key=alice) as one, client.Ssh("echo ready; cat", key=alice) as other:
        one.read("ready\n")
        other.read("ready\n")
        during = programs()
        assert agent.status()["attached"] is True
        assert len(during) > len(before)
        one.end()
        agent.ended(going_on=1)
        assert set(programs()) == set(during)
        other.end()
        agent.ended(2)
    assert agent.status()["attached"] is False and held(agent) == 0
    assert set(programs()) == set(before)
    client.run("cat /none/again; true", key=alice)
    assert agent.ended(3).sessions[2].of("session.disk", path="/none/again")


def test_no_wake_up_without_a_session(agent, alice):
    """Before the first one, and after the last one."""
    asleep(agent, 0.3)  # until it has come to rest
    assert asleep(agent, 1) == 0
    client.run("true", key=alice)
    agent.ended()
    control.good("status")
    asleep(agent, 0.3)
    assert asleep(agent, 1) == 0


def test_no_wake_up_in_a_session_that_does_nothing(agent, alice):
    with client.Ssh("echo ready; exec cat", key=alice) as ssh:
        ssh.read("ready\n")
        agent.record(lambda r: r["event"] == "session.command" and r.get("argv0") == "cat")
        asleep(agent, 1)
        assert asleep(agent, 1) <= 1
        ssh.end()
    agent.ended()


def test_memory(agent, alice):
    """At most 12 MiB beside the ring; what it has mapped of that is shared."""
    client.run("true", key=alice)
    agent.ended()
    assert agents.SANITIZED or agent.resident_kib() < 12 << 10
