# SPDX-License-Identifier: Apache-2.0
"""How much of the file a crash of the machine may cost: what the agent forces to the disk, as strace(1) sees it."""
import contextlib
import itertools
import os
import signal
import subprocess

import client
import pytest
import world
from logs import LOG
from session import LIMIT, read_until
from waiting import Tail

CALLS = world.HOME / "calls"
BOTH = "trace=write,writev,fdatasync"


@pytest.fixture(autouse=True)
def no_search_for_leaks(monkeypatch):
    """The sanitizer that looks for them cannot where strace looks already; all other tests have it."""
    monkeypatch.setenv("ASAN_OPTIONS", os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")


def of_log(line):
    """What a call does to the log, "" if it has nothing to do with it."""
    return line.split("(")[0].split()[-1] if f"<{LOG}>" in line else ""


@contextlib.contextmanager
def traced(agent):
    """The agent's calls go to a file; whoever reads it gets them as they come."""
    CALLS.write_text("")
    words = ["strace", "-f", "-y", "-s", "0", "-o", CALLS, "-e", BOTH, "-p", str(agent.pid)]
    with Tail(CALLS) as lines, subprocess.Popen(words, stderr=subprocess.PIPE) as strace:
        read_until(strace.stderr, b" attached\n")
        yield lines
        strace.send_signal(signal.SIGINT)
        strace.communicate(timeout=LIMIT)


def calls():
    return [call for call in map(of_log, CALLS.read_text().splitlines()) if call]


def log_in(agent, alice):
    client.run("cat /none/here; true", key=alice)
    agent.ended()


def test_nothing_is_forced_unless_asked_for(agent, alice):
    with traced(agent):
        log_in(agent, alice)
        agent.stop()
    assert "write" in calls()[0] and "fdatasync" not in calls()


def test_every_batch_is_forced(start_agent, alice):
    """What is written at once is forced at once, before anything else is written."""
    agent = start_agent({"file": {"sync": "each"}})
    with traced(agent):
        log_in(agent, alice)
        agent.stop()
    groups = [(name, len(list(group))) for name, group in itertools.groupby(calls())]
    assert len(groups) > 2 and groups[::2] == [("write", count) for _, count in groups[::2]]
    assert groups[1::2] == [("fdatasync", 1)] * (len(groups) // 2) and len(groups) % 2 == 0


def test_so_often_it_is_forced(start_agent, alice):
    """Once for all that came within the interval, and it needs no record more to remember."""
    agent = start_agent({"file": {"sync": "interval", "sync_interval": "2s"}})
    with traced(agent) as lines:
        log_in(agent, alice)
        lines.wait(lambda line: of_log(line) == "fdatasync")
    made = calls()
    assert made[-1] == "fdatasync" and made.count("fdatasync") == 1, made
    assert len(made) > 2
