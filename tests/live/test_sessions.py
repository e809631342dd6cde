# SPDX-License-Identifier: Apache-2.0
"""Several sessions at once, and everybody else: nobody sees another's events."""
import os
import subprocess

import machine
import pytest
from addresses import AF_INET, DGRAM, v4
from calls import Script
from records import PROBES, Log


def marked(name, rounds):
    """A script whose every record bears the name: as a path, or as the port."""
    s = Script()
    for i in range(rounds):
        s.add("open", b"/seshat-session-%d/%d" % (name, i), 0, result=-2)
        s.add("execve", b"/seshat-session-%d/%d" % (name, i), 0, 0, result=-2)
        one = s.add("socket", AF_INET, DGRAM, 0, flags="k")
        s.add("sendto", one, b"x", 1, 0, *v4("127.0.0.1", 20000 + name))
        s.add("close", one)
    return s.text()


@pytest.mark.parametrize("count", [2, 8])
def test_sessions_at_once_do_not_see_each_other(start, count):
    rounds = 50
    sessions = [start([machine.workload("calls")], stdin=subprocess.PIPE) for _ in range(count)]
    firsts = [session.start_record() for session in sessions]
    for name, session in enumerate(sessions):
        session.process.stdin.write(marked(name, rounds))
        session.process.stdin.flush()
    # All of them run now, and so does this process, which belongs to none.
    for _ in range(rounds):
        assert not os.path.exists("/seshat-session-outside")
        try:
            open("/seshat-session-outside")
        except FileNotFoundError:
            pass
        subprocess.run(["true"], check=True)
    logs = []
    for session in sessions:
        session.finish(b"")
        logs.append(session.log())
    for name, (log, first) in enumerate(zip(logs, firsts)):
        assert {record["pid"] for record in log.probed()} == {first["leader_pid"]}
        assert [r["path"] for r in log.of("session.disk")] == [
            f"/seshat-session-{name}/{i}" for i in range(rounds)
        ]
        assert [r["path"] for r in log.of("session.command", return_code=-2)] == [
            f"/seshat-session-{name}/{i}" for i in range(rounds)
        ]
        assert [r["dst_port"] for r in log.of("session.network")] == [20000 + name] * rounds
        assert len(log.probed()) == 3 * rounds + 2
    assert len({log.start["sid"] for log in logs}) == count


@pytest.mark.incomparable("the inner recorder waits for its cgroup as often as it takes")
def test_a_session_in_a_session(audit, place):
    """The inner one's records are its own; the outer one sees `seshat run` itself and all that comes of it, as of any program."""
    inner = place.decode() + "/inner"
    log = audit([machine.SESHAT, "run", "-o", inner, "cat", "/etc/group"])

    with open(inner, "rb") as file:
        within = Log(file.read()).check()
    assert within.one("session.disk", path="/etc/group")["program"] == "cat"
    assert log.of("session.command")[0]["path"] == machine.SESHAT
    pid = within.start["leader_pid"]
    assert {record["pid"] for record in within.probed()} == {pid}
    seen = [(r["event"], r.get("path"), r.get("return_code")) for r in log.probed() if r["pid"] == pid]
    # To the outer one it left its cgroup for the inner one's.
    assert seen[0][0] == "session.cgroup"
    assert [(r["event"], r.get("path"), r.get("return_code")) for r in within.probed()] == seen[1:]
    assert set(log.end["records"]) - {"session.start", "session.end"} <= PROBES


def test_the_recorders_own_doings_are_not_recorded(audit):
    """Between start and end there is nothing but COMMAND: no library, no log file, no recorder."""
    log = audit([machine.workload("nothing")])
    assert [record["event"] for record in log.records] == [
        "session.start",
        "session.command",
        "session.exit",
        "session.end",
    ]
