#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What the agent costs: logins with and without it, many sessions, and nothing to do. Prints one JSON object.

    logins.py LOGINS OPENS SESSIONS...

It is a program of its own because it goes into the login tests' world (tests/login/world.py) and never comes back.
"""

import contextlib
import json
import os
import pathlib
import select
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/login"), str(ROOT / "tests/live")]

import agent as agents  # noqa: E402
import client  # noqa: E402
import control  # noqa: E402
import keys  # noqa: E402
import sshd as servers  # noqa: E402
import world  # noqa: E402

LOOPS = ROOT / "build/tests/bench/loops"
FIRST = 21  # logins that find no session open: each attaches the probes
IDLE = 10  # seconds that the agent has nothing to do
ROUNDS = 5  # of the loop, at each number of sessions; the median counts


def login(key):
    """Milliseconds from the client's start to its end."""
    begin = time.monotonic()
    client.run("true", key=key)
    return (time.monotonic() - begin) * 1000


def with_and_without(key, count):
    """In turn, so that what else the machine does meets both sides alike: (with the module, without)."""
    audited, plain = [], []
    for _ in range(count):
        servers.without_module("sshd")
        plain.append(login(key))
        servers.put_module("sshd", "fail=closed")
        audited.append(login(key))
    return audited, plain


def settled(agent, open_sessions=0):
    """Until so many sessions are open: the agent itself is asked."""
    while agent.status()["sessions"]["open"] != open_sessions:
        select.select([], [], [], 0.01)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def measure_logins(agent, key, count):
    """Beside a session that is open, so that the probes are attached; then each as the first one."""
    with client.Ssh("echo ready; cat", key=key) as ssh:
        ssh.read("ready\n")
        audited, plain = with_and_without(key, count)
        ssh.end()
    settled(agent)
    first, alone = [], []
    for _ in range(FIRST):
        one, other = with_and_without(key, 1)
        first += one
        alone += other
        settled(agent)
    return {
        "audited_ms": {"median": statistics.median(audited), "p95": percentile(audited, 0.95)},
        "plain_ms": {"median": statistics.median(plain), "p95": percentile(plain, 0.95)},
        "first_ms": {"median": statistics.median(first), "p95": percentile(first, 0.95)},
        "first_plain_ms": {"median": statistics.median(alone), "p95": percentile(alone, 0.95)},
    }


class Residents:
    """Sessions that only wait."""

    def __init__(self):
        self.processes = []

    def grow(self, count):
        while len(self.processes) < count:
            one = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
            self.processes.append(one)
            control.good("session.open", service="bench", user="alice", pid=one.pid)

    def end(self):
        for one in self.processes:
            one.stdin.close()
        for one in self.processes:
            one.wait()


def loop(count):
    """Nanoseconds an open takes in a session of its own."""
    process = subprocess.Popen(
        [LOOPS, "-g", "open", str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"ready\n"
    control.good("session.open", service="bench", user="alice", pid=process.pid)
    process.stdin.write(b"\n")
    process.stdin.flush()
    told = json.loads(process.stdout.readline())
    process.stdin.close()
    process.stdout.close()
    process.wait()
    return told["ns"] / told["operations"]


def wake_ups(agent, seconds):
    """How often it woke in that time without being asked anything."""
    before = int(agent.facts()["voluntary_ctxt_switches"])
    select.select([], [], [], seconds)
    return int(agent.facts()["voluntary_ctxt_switches"]) - before


def measure_sessions(agent, opens, counts):
    """Opens in one session while others are open: {sessions: ns}; the agent's memory at their most."""
    residents, taken = Residents(), {}
    try:
        for count in counts:
            residents.grow(count - 1)
            taken[count] = statistics.median(loop(opens) for _ in range(ROUNDS))
            settled(agent, count - 1)
        memory = agent.resident_kib()
    finally:
        residents.end()
    settled(agent)
    return taken, memory


def bench(logins, opens, counts):
    key = keys.make("alice")
    keys.authorize(key, "alice")
    with contextlib.ExitStack() as stack:
        server = servers.Sshd()
        stack.callback(server.stop)
        agent = agents.Agent({"file": {"keep": 1}})
        stack.callback(agent.close)
        settled(agent)
        wake_ups(agent, 1)  # until it has come to rest
        idle, empty = wake_ups(agent, IDLE), agent.resident_kib()
        result = {"idle_wake_ups": idle, "idle_seconds": IDLE, "memory_kib": empty}
        result["logins"] = measure_logins(agent, key, logins)
        result["open_ns"], result["memory_most_kib"] = measure_sessions(agent, opens, counts)
        result["lost"] = sum(agent.status()["lost"].values())
        agent.stop()
    return result


def main(logins, opens, *counts):
    place = world.enter()
    log = world.Syslog()
    try:
        client.prepare()
        result = bench(int(logins), int(opens), [int(count) for count in counts])
    finally:
        log.socket.close()
        place.leave()
    print(json.dumps(result))


if __name__ == "__main__":
    if os.geteuid() != 0:
        sys.exit("logins.py: must run as root")
    main(*sys.argv[1:])
