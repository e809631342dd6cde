# SPDX-License-Identifier: Apache-2.0
"""Signals to the front, to the recorder, and to a session that nobody reads; other namespaces; many threads."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import machine
import pytest
from session import LIMIT, read_until, recorders_of, wait_gone

NOT_NUMBERED = ("session.start", "session.lost", "session.end")
REAL_TIME = [signal.SIGRTMIN + i for i in (0, 1, 5, 29, 30)]
PASSED_ON = [
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
    signal.SIGWINCH,
    signal.SIGPWR,
    signal.SIGVTALRM,
    signal.SIGPROF,
]


@pytest.mark.parametrize("number", [int(number) for number in [*PASSED_ON, *REAL_TIME]])
def test_a_signal_to_the_front_reaches_command(start, number):
    session = start([machine.workload("signalled")], stdin=subprocess.PIPE)
    read_until(session.process.stdout, b"ready\n")
    session.process.send_signal(number)
    assert read_until(session.process.stdout, b"\n") == b"signal %d\n" % number
    out, err = session.finish(b"")
    assert (out, err) == (b"", b"")
    assert session.log().one("session.exit")["exit_code"] == 0


@pytest.mark.alone
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGHUP,
        signal.SIGQUIT,
        signal.SIGPIPE,
        signal.SIGXFSZ,
        signal.SIGXCPU,
        signal.SIGTSTP,
    ],
)
def test_a_signal_to_the_recorder_does_not_end_the_log(start, number):
    """As a shutdown sends it to everybody: the recorder ends with the last process of the session."""
    session = start(["sh", "-c", "read line; cat /etc/group >/dev/null; exit 4"], stdin=subprocess.PIPE)
    first = session.start_record()
    for recorder in recorders_of(session, first):
        os.kill(recorder, number)
    _, err = session.finish(b"go\n", status=4)
    assert err == b""
    log = session.log()
    log.one("session.disk", path="/etc/group")
    assert log.one("session.exit", pid=first["leader_pid"])["exit_code"] == 4


def wait_taken(pid, number):
    """Until a process has taken the signal that was sent to it, which nobody is told: look until it has."""
    deadline = time.monotonic() + LIMIT
    while True:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
        if not int(re.search(r"ShdPnd:\s*(\w+)", text)[1], 16) >> number - 1 & 1:
            return
        assert time.monotonic() < deadline, text


def test_two_interrupts_end_what_nobody_reads(start, place):
    """COMMAND has ended, its records do not fit into the pipe: the second Ctrl-C is the last word."""
    fifo = os.fsdecode(place) + "/fifo"
    os.mkfifo(fifo)
    # Both ends, so that nobody waits for the other one to be opened; nothing is ever read.
    holder = os.open(fifo, os.O_RDWR)
    session = start(
        ["sh", "-c", 'echo $$; read line; exec "$0" /etc/passwd 2000', machine.workload("opens")],
        stdin=subprocess.PIPE,
        options=["-o", fifo],
    )
    leader = int(read_until(session.process.stdout, b"\n"))
    (recorder,) = recorders_of(session, {"leader_pid": leader})
    cgroup = machine.cgroup_folder(machine.cgroup_of(leader))
    session.process.stdin.write(b"go\n")
    session.process.stdin.flush()
    wait_gone(leader)
    while os.path.exists(f"/proc/{leader}"):  # until the front has taken note of that
        assert session.process.poll() is None
    session.process.send_signal(signal.SIGINT)
    wait_taken(session.process.pid, signal.SIGINT)
    assert session.process.poll() is None and os.path.exists(f"/proc/{recorder}")
    session.process.send_signal(signal.SIGINT)
    _, err = session.finish(status=None)
    os.close(holder)
    assert session.process.returncode in (0, 125)
    assert err.startswith(b"seshat: ") and err.count(b"\n") == 1, err
    wait_gone(recorder)
    assert not os.path.exists(cgroup)


def test_in_a_pid_namespace(audit):
    """The kernel's records have the machine's pids, /proc there others: it is said, and no stranger's path is shown."""
    shell, cat = machine.tool("sh"), machine.tool("cat")
    text = "cat /etc/group >/dev/null; (cat /etc/passwd >/dev/null); exit 3"
    log = audit(["sh", "-c", text], status=3, wrapper=["unshare", "-pf", "--mount-proc"])
    assert log.err.startswith(b"seshat: ") and log.err.count(b"\n") == 1, log.err
    assert b"pid namespace" in log.err
    programs = {"sh": shell, "cat": cat}
    for record in log.probed():
        if "exe" in record and record["program"] in programs:
            assert record["exe"] == programs[record["program"]], record
    for command in log.of("session.command"):
        assert command["exe"] == command["path"], command
    ends = [(record["program"], record["exit_code"]) for record in log.of("session.exit")]
    assert [code for _, code in ends][-1] == 3 and [name for name, _ in ends].count("cat") == 2
    assert len(log.of("session.disk", path="/etc/group")) == 1


@pytest.mark.alone
def test_a_mass_of_busy_threads(start):
    """Many more threads than processors: the recorder gets its share, and nothing is lost."""
    threads, rounds = 64, 500
    session = start([machine.workload("threads"), str(threads), str(rounds)])
    session.finish()
    counts = dict.fromkeys(("session.disk", "session.network", "session.lost"), 0)
    with open(session.log_path, "rb") as file:
        for line in file:
            event = line[10 : line.index(b'"', 10)].decode()
            if event in counts:
                counts[event] += 1
    end = json.loads(line)
    assert end["event"] == "session.end"
    written = sum(count for event, count in end["records"].items() if event not in NOT_NUMBERED)
    assert end["numbered"] == written + end["lost"]
    assert counts == {name: end["records"].get(name, 0) for name in counts}
    assert end["lost"] == 0
    assert counts["session.network"] == 2 * threads * rounds
