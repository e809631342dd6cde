# SPDX-License-Identifier: Apache-2.0
"""The file: whole lines, rotated without a loss by the agent or by others, kept back while the disk is full."""
import contextlib
import grp
import json
import os
import pathlib
import signal
import stat
import subprocess
import time

import agent as agents
import client
import control
import logs
import machine
import pytest
import world
from logs import LOG
from session import LIMIT
from waiting import Watch

OPENED = world.HOME / "opened"
SMALL = pathlib.Path("/run/test/small")


def burst(alice, count):
    """That many records of one session, as fast as a program can make them."""
    world.write(OPENED, "")
    client.run(f"{world.workload('opens')} {OPENED} {count}", key=alice)


def opens(data):
    """How many records of these opens there are; each line is whole."""
    assert data.endswith(b"\n")
    records = [json.loads(line) for line in data.splitlines()]
    return len([r for r in records if r["event"] == "session.disk" and r.get("path") == str(OPENED)])


def gapless(data):
    """Every session's indices, in the order of the lines: nothing lost, doubled or out of place."""
    last = {}
    for line in data.split(b"\n")[:-1]:
        record = json.loads(line)
        assert record["ei"] == last.get(record["sid"], -1) + 1, record
        last[record["sid"]] = record["ei"]


def test_whose_it_is(agent, alice):
    client.run("true", key=alice)
    agent.ended()
    status = LOG.stat()
    assert stat.S_IMODE(status.st_mode) == 0o640
    assert (status.st_uid, grp.getgrgid(status.st_gid).gr_name) == (0, "seshat")


def test_rotation_by_size_under_load(start_agent, alice):
    agent = start_agent({"file": {"max_size": "64K", "keep": 0}})
    burst(alice, 5000)
    with Watch(LOG.parent) as watch:
        watch.until(lambda: b'"session.end"' in logs.read())
    data = logs.read()
    assert opens(data) == 5000
    gapless(data)
    files = logs.parts()
    assert len(files) > 20
    for file in files[:-1]:
        assert file.stat().st_size <= 65536 + 4096, file
        assert file.read_bytes().endswith(b"\n")
        assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert agent.running()


def test_only_so_many_are_kept(start_agent, alice):
    agent = start_agent({"file": {"max_size": "64K", "keep": 3}})
    burst(alice, 5000)
    with Watch(LOG.parent) as watch:
        watch.until(lambda: b'"session.end"' in logs.read())
    assert [one.name for one in logs.parts()] == [f"{LOG.name}.{n}" for n in (3, 2, 1)] + [LOG.name]
    assert agent.running()


def seshat(*words, status=0):
    done = subprocess.run([machine.SESHAT, *words], capture_output=True, timeout=LIMIT, check=False)
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


def ask_rotate(agent):
    control.good("rotate")


def command_rotate(agent):
    seshat("rotate")


def signal_rotate(agent):
    """What SIGHUP does too; when it has, a new file is there."""
    with Watch(LOG.parent) as watch:
        agent.signal(signal.SIGHUP)
        watch.until(LOG.exists)


@pytest.mark.parametrize("tell", [ask_rotate, command_rotate, signal_rotate])
def test_somebody_moves_it_away(agent, alice, tell):
    """As logrotate does, while a session goes on."""
    with client.Ssh("exec sh", key=alice) as ssh:
        for number in range(3):
            ssh.do(f"cat /none/{number}")
            agent.record(lambda r, n=number: r.get("path") == f"/none/{n}")
            LOG.rename(LOG.with_name(f"{LOG.name}.{3 - number}"))
            tell(agent)
            assert LOG.exists()
        ssh.end()
    with Watch(LOG.parent) as watch:
        watch.until(lambda: b'"session.end"' in logs.read())
    data = logs.read()
    gapless(data)
    found = [json.loads(line) for line in data.splitlines()]
    assert [r["path"] for r in found if r.get("path", "").startswith("/none/")] == [
        f"/none/{n}" for n in range(3)
    ]


def test_a_reload_alone_begins_no_new_file(agent, alice):
    """Only so many old ones are kept: a signal more or less must not push one out."""
    client.run("cat /none/first; true", key=alice)
    agent.ended()
    before = LOG.stat().st_ino
    for number in range(3):
        agent.notified.seen.clear()
        agent.signal(signal.SIGHUP)
        agent.told("READY=1")
        client.run(f"cat /none/{number}; true", key=alice)
        agent.ended(number + 2)
    assert (logs.parts(), LOG.stat().st_ino) == ([LOG], before)
    # The other signal is for those who want one.
    agent.notified.seen.clear()
    agent.signal(signal.SIGUSR1)
    agent.told("READY=1")
    assert logs.parts() == [LOG.with_name(LOG.name + ".1"), LOG]
    assert LOG.stat().st_ino != before and LOG.read_bytes() == b""


def test_rotation_by_age(start_agent, alice):
    """By itself, without a record that would call for it; what comes later is in the new file."""
    agent = start_agent({"file": {"max_age": "1s"}})
    client.run("cat /none/first; true", key=alice)
    with Watch(LOG.parent) as watch:
        watch.until(lambda: LOG.with_name(LOG.name + ".1").exists() and LOG.exists())
    agent.ended()
    client.run("cat /none/second; true", key=alice)
    agent.ended(2)
    data = logs.read()
    gapless(data)
    assert b"/none/first" in data and b"/none/first" not in LOG.read_bytes()


@pytest.mark.parametrize("tell", [ask_rotate, command_rotate])
def test_it_rotates_when_it_is_told_to(agent, alice, tell):
    client.run("cat /none/first; true", key=alice)
    agent.ended()
    tell(agent)
    assert LOG.read_bytes() == b""
    assert b"/none/first" in LOG.with_name(LOG.name + ".1").read_bytes()
    client.run("cat /none/second; true", key=alice)
    assert len(agent.ended(2).sessions) == 2
    assert b"/none/second" in LOG.read_bytes()


def test_somebody_removes_it(agent, alice):
    client.run("true", key=alice)
    agent.ended()
    LOG.unlink()
    client.run("cat /none/after; true", key=alice)
    with Watch(LOG.parent) as watch:
        watch.until(lambda: LOG.exists() and b"session.end" in LOG.read_bytes())
    assert b"/none/after" in LOG.read_bytes()


@contextlib.contextmanager
def small_disk(size):
    world.tmpfs(SMALL, f"size={size},mode=755")
    try:
        yield SMALL / "audit.jsonl"
    finally:
        subprocess.run(["umount", "-l", SMALL], check=True)


def test_a_full_disk(start_agent, alice):
    """What does not fit waits and is there once there is room; no line is cut."""
    with small_disk("256K") as path:
        filler = SMALL / "filler"
        agent = start_agent({"file": {"path": path}})
        filler.write_bytes(b"x" * (200 << 10))
        burst(alice, 500)
        status = wait_status(agent, lambda s: sink(s, "file").get("error_errno") == "ENOSPC")
        assert sink(status, "file")["backlog_lines"] > 0
        subprocess.run(["mount", "-o", "remount,size=16M", SMALL], check=True)
        wait_status(agent, lambda s: sink(s, "file")["backlog_lines"] == 0 and s["sessions"]["open"] == 0)
        agent.stop()
        data = path.read_bytes()
        assert opens(data) == 500
        gapless(data)


def test_a_full_disk_that_stays_full(start_agent, alice):
    """What overflows is counted and named by the log itself, once it can; by the agent's own, if the session is over."""
    with small_disk("128K") as path:
        agent = start_agent({"file": {"path": path, "queue": "64K"}})
        burst(alice, 2000)
        wait_status(agent, lambda s: sink(s, "file")["refused"] > 0 and s["sessions"]["open"] == 0)
        subprocess.run(["mount", "-o", "remount,size=16M", SMALL], check=True)
        wait_status(agent, lambda s: sink(s, "file")["backlog_lines"] == 0)
        burst(alice, 1)
        wait_status(agent, lambda s: s["sessions"]["opened"] == 2 and s["sessions"]["open"] == 0)
        agent.stop()
        data = path.read_bytes()
        told = [r for r in map(json.loads, data.splitlines()) if r["event"] == "session.lost"]
        assert {r["reason"] for r in told} == {"sink"}
        found = opens(data)
        assert found + sum(r["by_event"].get("session.disk", 0) for r in told) >= 2000 > found > 0
        (run,) = logs.AgentLog(data).runs
        assert sum(r["count"] for r in told) == run.records[-1]["lost"]


def sink(status, name):
    (found,) = [one for one in status["sinks"] if one["name"] == name]
    return found


def wait_status(agent, wanted, limit=LIMIT):
    """Ask until it is so; each answer is the agent's turn of its loop."""
    deadline = time.monotonic() + limit
    while True:
        status = agent.status()
        if wanted(status):
            return status
        assert time.monotonic() < deadline, status


def test_a_torn_record_is_cut_off(start_agent, alice):
    """What a crash has left of one: the lines before it stay, and what follows is whole."""
    start_agent().stop()
    before = LOG.read_bytes()
    LOG.write_bytes(before + b'{"event":"session.di')
    agent = start_agent()
    client.run("true", key=alice)
    (session,) = agent.ended().sessions
    assert session.start["login"] == "alice"
    data = LOG.read_bytes()
    assert data.startswith(before + b'{"event":"agent.start"')
    assert len(logs.AgentLog(data).runs) == 2


@pytest.mark.parametrize("kind", ["symlink", "fifo", "directory"])
def test_what_is_no_file(kind):
    """The agent does not start on it, and says so."""
    agents.prepare_folders()
    target = LOG.parent / "target"
    {"symlink": lambda: LOG.symlink_to(target), "fifo": lambda: os.mkfifo(LOG), "directory": LOG.mkdir}[
        kind
    ]()
    agents.write_config({})
    done = subprocess.run([agents.SESHATD, "--foreground"], capture_output=True, timeout=LIMIT, check=False)
    assert done.returncode == 1 and str(LOG).encode() in done.stderr, done
    assert not target.exists()


@pytest.fixture(autouse=True)
def tidy_folder():
    yield
    subprocess.run(["rm", "-rf", LOG.parent], check=True)
