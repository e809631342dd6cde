# SPDX-License-Identifier: Apache-2.0
"""Whose session is a process of, and how did it end: births, deaths, threads, thousands of both."""
import base64
import collections
import json
import os
import signal

import machine
import pytest
from records import own

NAMES = {34: "SIGRTMIN", 64: "SIGRTMIN+30"}  # as signal(7) has it: counted from SIGRTMIN, of the C library


def facts_of(log):
    return [json.loads(line) for line in log.out.decode().splitlines()]


def signal_name(number):
    return NAMES.get(number) or signal.Signals(number).name


def test_children_of_every_kind(audit):
    log = audit([machine.workload("family")])
    exe = os.path.realpath(machine.workload("family"))
    leader = log.start["leader_pid"]
    facts = {fact["name"]: fact for fact in facts_of(log)}
    assert set(facts) == {"fork", "vfork", "clone", "clone3", "setsid", "double", "namespaces"}
    for way, fact in facts.items():
        pid = fact.get("child", fact["pid"])
        record = log.one("session.disk", pid=pid)
        fields = own(record)
        namespaces = fields.pop("mount_namespaces", {})
        assert set(namespaces) == ({"/path"} if way == "namespaces" else set())
        assert os.stat("/proc/self/ns/mnt").st_ino not in namespaces.values()
        assert fields == {
            "path": f"/seshat-family/{way}",
            "path_source": "request",
            "flags": 0,
            "flag_names": ["O_RDONLY"],
            "return_code": -2,
        }
        assert (record["tid"], record["program"], record["exe"], record["uid"]) == (pid, "family", exe, 0)
        assert record["ppid"] == (leader if way != "double" else fact["ppid"])
        assert log.one("session.exit", pid=pid)["exit_code"] == fact["code"]
    # The seven, the one between a double fork, and the leader.
    assert len(log.of("session.exit")) == 9
    assert len(log.of("session.disk")) == 7
    assert len(log.of("session.command")) == 1


def test_ends_of_every_kind(audit, place):
    log = audit([machine.workload("endings")], cwd=place)
    cores = collections.Counter()
    for fact in facts_of(log):
        record = own(log.one("session.exit", pid=fact["child"]))
        status = fact["status"]
        if os.WIFEXITED(status):
            assert record["exit_code"] == os.WEXITSTATUS(status), fact
            assert "signal" not in record
        else:
            number = os.WTERMSIG(status)
            assert (record["signal"], record["signal_name"]) == (number, signal_name(number)), fact
            assert record["core_dumped"] == os.WCOREDUMP(status), fact
            cores[record["core_dumped"]] += 1
        if fact["name"] == "busy":
            assert 50_000_000 <= record["utime_ns"] + record["stime_ns"] <= record["runtime_ns"], record
            for ours, theirs in (("utime_ns", "utime_us"), ("stime_ns", "stime_us")):
                # What wait told later may hold the last bit of the exit as well, in the same ratio.
                assert abs(record[ours] - fact[theirs] * 1000) < 5_000_000, (record, fact)
    assert cores == {False: 12, True: 1}
    assert len(log.of("session.exit")) == 1 + len(facts_of(log))


def test_thousands_of_tiny_processes(audit):
    count = 3000
    log = audit([machine.workload("tiny"), str(count), "50"])
    codes = collections.Counter(record["exit_code"] for record in log.of("session.exit"))
    codes[0] -= 1  # the parent's own
    assert codes == {code: count // 100 for code in range(100)}
    assert len({record["pid"] for record in log.of("session.exit")}) == count + 1
    assert log.end["records"] == {
        "session.start": 1,
        "session.command": 1,
        "session.exit": count + 1,
        "session.end": 1,
    }


def test_thousands_of_tiny_programs(audit):
    """Each one executes as well, from a shell."""
    count = 1000
    nothing = machine.workload("nothing")
    log = audit(["sh", "-c", f"i=0; while [ $i -lt {count} ]; do {nothing} $i; i=$((i+1)); done"])
    commands = log.of("session.command", path=nothing)
    assert [record["argv"] for record in commands] == [[str(i)] for i in range(count)]
    assert [record["pid"] for record in commands] == [
        record["pid"] for record in log.of("session.exit", program="nothing")
    ]


@pytest.mark.parametrize("threads, rounds", [(16, 50), (250, 2)])
def test_threads_at_once(audit, threads, rounds):
    """Each thread's records are all there, in its own order, under its own tid."""
    log = audit([machine.workload("threads"), str(threads), str(rounds)])
    facts = facts_of(log)
    assert len(facts) == threads
    for fact in facts:
        records = log.of("session.disk", "session.network", tid=fact["tid"])
        got = [
            (r["event"], r.get("path"), r.get("operation"), r.get("dst_port"), r["return_code"])
            for r in records
        ]
        wanted = []
        for i in range(rounds):
            wanted += [
                ("session.disk", f"/seshat-threads/{fact['index']}/{i}", None, None, -2),
                ("session.network", None, "connect", 10000 + i, 0),
                ("session.network", None, "send", 20000 + i, 1),
            ]
        assert got == wanted
        assert {record["pid"] for record in records} == {fact["pid"]}
    assert log.end["records"]["session.disk"] == threads * rounds
    assert log.end["records"]["session.network"] == threads * rounds * 2
    assert log.end["records"]["session.exit"] == 1


def test_run_time_is_from_fork_to_exit(audit):
    log = audit(["sh", "-c", "read line"], stdin=b"x\n")
    record = log.one("session.exit")
    assert 0 < record["runtime_ns"] < log.end["duration_ns"] + 1_000_000_000
    assert record["utime_ns"] + record["stime_ns"] <= record["runtime_ns"]


def test_a_pipeline_as_the_project_is_for(audit, place):
    """echo BASE64 | base64 --decode | sh: what the shell in the end ran is all there."""
    text = base64.b64encode(b"cat /etc/group >/dev/null\n").decode()
    log = audit(["sh", "-c", f"echo {text} | base64 --decode | sh"], cwd=place)
    commands = [(os.path.basename(r["path"]), r["argv"]) for r in log.of("session.command", return_code=0)]
    assert commands[0] == (
        os.path.basename(os.path.realpath("/bin/sh")),
        ["-c", f"echo {text} | base64 --decode | sh"],
    )
    assert sorted(commands[1:3]) == sorted(
        [("base64", ["--decode"]), (os.path.basename(os.path.realpath("/bin/sh")), [])]
    )
    assert commands[3:] == [("cat", ["/etc/group"])]
    opened = log.one("session.disk", path="/etc/group")
    assert opened["program"] == "cat" and opened["return_code"] >= 0
    log.one("session.disk", path="/dev/null", mode="0666", flags=0o1101)
