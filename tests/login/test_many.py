# SPDX-License-Identifier: Apache-2.0
"""Many logins: at once, and one after another."""
import concurrent.futures
import os

import agent as agents
import client
import control
import world

FIFO = world.pathlib.Path("/home/alice/gate")


def test_fifty_at_once(agent, alice):
    """All of them open at the same time, each with a command of its own, which opens what no other does."""
    count = 50
    os.mkfifo(FIFO)
    os.chown(FIFO, world.ALICE, world.ALICE)
    clients = []
    try:
        for number in range(count):
            clients.append(client.Ssh(f"echo ready; read line; cat /none/{number}", key=alice))
        for one in clients:
            one.read("ready\n")
        live = listed()
        assert len(live) == len({one["sid"] for one in live}) == count
        assert agent.status()["sessions"]["open"] == count
        for one in clients:
            one.type("go\n")
        for one in clients:
            one.end(1)
    finally:
        for one in clients:
            one.__exit__()
        FIFO.unlink()
    sessions = agent.ended(count).sessions
    found = sorted(
        int(r["path"].rsplit("/", 1)[1])
        for s in sessions
        for r in s.of("session.disk")
        if r["path"].startswith("/none/")
    )
    assert found == list(range(count))
    for session in sessions:
        assert len([r for r in session.of("session.disk") if r["path"].startswith("/none/")]) == 1
    pids = [r["pid"] for s in sessions for r in s.of("session.exit")]
    assert len(pids) == len(set(pids))


def listed():
    """Every session, page by page."""
    found, after = [], {}
    while True:
        reply = control.good("sessions", **after)
        found += reply["sessions"]
        if "next" not in reply:
            return found
        after = {"after": reply["next"]}


def test_two_hundred_one_after_another(agent, alice):
    """What one login takes, its end gives back."""
    count, warm = 200, 20
    for number in range(count):
        client.run(f"echo {number}", key=alice)
        if number == warm:
            agent.ended(warm + 1)
            before = agent.descriptors(), agent.resident_kib()
    sessions = agent.ended(count).sessions
    assert len({one.sid for one in sessions}) == count
    assert [one.programs(world.ALICE) for one in sessions] == [
        [["sh", "-c", f"echo {number}"]] for number in range(count)
    ]
    assert agent.descriptors() <= before[0]
    assert agents.SANITIZED or agent.resident_kib() <= before[1] + 512  # a sanitizer keeps what was freed
    assert agent.status()["sessions"] == {"open": 0, "opened": count, "switched": 0, "refused": 0}


def test_logins_and_logouts_by_several_at_once(agent, alice):
    count = 40
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        done = list(
            pool.map(lambda number: client.run(f"cat /none/{number}", key=alice, status=1), range(count))
        )
    assert len(done) == count
    for session in agent.ended(count).sessions:
        assert len([r for r in session.of("session.disk") if r["path"].startswith("/none/")]) == 1
