# SPDX-License-Identifier: Apache-2.0
"""`seshat run --agent`: a command as a session of the agent that runs here."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess

import client
import control
import machine
import pytest
import world
from session import LIMIT, read_until, wait_gone

REFUSED = 118
SID = pathlib.Path("/run/test/sid")


def arguments(*words):
    return [machine.SESHAT, "run", "--agent", *words]


def run(*words, status=0, wrapper=(), **more):
    """Returns (standard output, standard error)."""
    done = subprocess.run(
        [*wrapper, *arguments(*words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT,
        check=False,
        **more,
    )
    assert done.returncode == status, done
    return done.stdout.decode(), done.stderr.decode()


@contextlib.contextmanager
def running(*words):
    process = subprocess.Popen(
        arguments(*words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def watcher_of(process, leader):
    """Who waits for the session's end: the other child of the front."""
    children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    (found,) = [int(pid) for pid in children if int(pid) != leader]
    return found


def test_every_record_is_written_when_it_returns(agent):
    out, err = run("--sid-file", SID, "--", "sh", "-c", "echo out; cat /etc/hostname >/dev/null; exit 7", status=7)
    assert (out, err) == ("out\n", "")
    (session,) = agent.log().sessions
    session.check()
    start = session.start
    assert SID.read_text() == start["sid"] + "\n"
    assert (start["service"], start["login"]) == ("seshat-run", machine.account())
    assert start["interactive"] is False and "tty" not in start
    assert session.one("session.disk", path="/etc/hostname")["program"] == "cat"
    assert session.one("session.exit", pid=start["leader_pid"])["exit_code"] == 7
    assert session.records[1]["event"] == "session.command" and session.records[1]["argv0"] == "sh"
    # It was there before it began.
    assert len({record["cgroup_id"] for record in session.probed()}) == 1
    assert not session.of("session.cgroup")


def test_a_configuration_may_tell_where_the_agent_is_and_so_may_an_option(start_agent):
    start_agent({"agent": {"socket": "/run/seshat/other.sock"}})
    run("true")
    done = subprocess.run(
        [machine.SESHAT, "run", "--agent=other.sock", "true"], cwd="/run/seshat", check=False, timeout=LIMIT
    )
    assert done.returncode == 0
    assert control.good("status", "/run/seshat/other.sock")["sessions"]["opened"] == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_signal_ends_it_as_any_command(agent, number):
    run("sh", "-c", f"kill -{int(number)} $$", status=128 + number)
    (session,) = agent.ended().sessions
    assert session.one("session.exit")["signal"] == number


def test_what_outlives_the_command_is_waited_for(agent, fifo):
    with running("sh", "-c", f"cat {fifo} >/dev/null 2>&1 </dev/null & exit 3") as process:
        exited = agent.event("session.exit", exit_code=3)
        assert process.poll() is None
        fifo.write_text("go\n")
        assert process.wait(LIMIT) == 3
    (session,) = agent.log().sessions
    assert len(session.check().of("session.exit")) == 2 and exited in session.records


def test_it_need_not_be_waited_for(agent, fifo):
    run("--no-wait", "sh", "-c", f"cat {fifo} >/dev/null 2>&1 </dev/null & exit 3", status=3)
    (live,) = control.good("sessions")["sessions"]
    assert live["processes"] == 1
    fifo.write_text("go\n")
    (session,) = agent.ended().sessions
    assert len(session.of("session.exit")) == 2


def test_an_interrupt_ends_the_waiting_alone(agent, fifo):
    with running("sh", "-c", f"cat {fifo} >/dev/null 2>&1 </dev/null & exit 3") as process:
        agent.event("session.exit", exit_code=3)
        while pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().count(" ") > 1:
            pass  # until the front has taken note of that, which it tells nobody
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT) == 3
    assert control.good("sessions")["sessions"][0]["processes"] == 1
    fifo.write_text("go\n")
    agent.ended()


def test_without_an_agent_nothing_is_run(in_world):
    marker = pathlib.Path("/run/test/ran")
    out, err = run("touch", marker, status=REFUSED)
    assert (out, err) == ("", "seshat: the agent does not run: nobody listens on /run/seshat/control.sock\n")
    assert not marker.exists()


@pytest.mark.parametrize("user", ["alice", "reader"])
def test_who_may_not_open_sessions_runs_nothing(agent, user):
    uid = world.ACCOUNTS[user]
    wrapper = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--init-groups"]
    _, err = run("true", status=REFUSED, wrapper=wrapper)
    assert err == "seshat: the agent refuses: permission denied\n"
    assert control.good("status")["sessions"]["opened"] == 0


def test_the_command_goes_on_without_the_agent(agent):
    with running("sh", "-c", "echo ready; read line; exit 5") as process:
        read_until(process.stdout, b"ready")
        agent.stop()
        _, err = process.communicate(b"go\n", LIMIT)
        assert process.returncode == 5
    assert err.startswith(b"seshat: cannot wait for the session's end: the agent does not answer on ")
    assert err.count(b"\n") == 1
    agent.start()
    agent.ended()


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_an_agent_that_comes_back_is_asked_again(agent, fifo, how):
    with running("sh", "-c", f"cat {fifo} >/dev/null 2>&1 </dev/null & exit 3") as process:
        agent.event("session.exit", exit_code=3)
        agent.stop() if how == "stopped" else agent.kill()
        agent.start()
        fifo.write_text("go\n")
        _, err = process.communicate(timeout=LIMIT)
        assert (process.returncode, err) == (3, b"")
    agent.ended()


def test_a_watcher_that_is_killed_is_told(agent):
    with running("sh", "-c", "echo ready; read line; exit 5") as process:
        read_until(process.stdout, b"ready")
        leader = agent.event("session.start")["leader_pid"]
        watcher = watcher_of(process, leader)
        os.kill(watcher, signal.SIGKILL)
        wait_gone(watcher)
        _, err = process.communicate(b"go\n", LIMIT)
        assert (process.returncode, err) == (5, b"seshat: nobody waits for the end of the session any more\n")
    agent.ended()


def test_in_a_session_it_is_part_of_that(agent, alice):
    """root's, by sudo: no session of its own, and the login's end is not waited for."""
    words = f"sudo {machine.SESHAT} run --agent --sid-file {SID} sh -c 'cat /etc/hostname >/dev/null; exit 6'"
    client.run(words, key=alice, status=6)
    (session,) = agent.ended().sessions
    assert SID.read_text() == session.sid + "\n"
    switches = session.of("session.switch")
    assert switches[-1]["service"] == "seshat-run"
    assert session.one("session.disk", path="/etc/hostname", program="cat")


def test_what_is_asked_must_make_sense(agent):
    for members in ({}, {"sid": 5}, {"sid": "x" * 100}):
        reply = control.call("session.wait", **members)
        assert reply["ok"] is False and reply["errno"] in ("EINVAL", "E2BIG"), reply
    # One that was long ago, or never.
    assert control.good("session.wait", sid="8c2f4b1e-0000-4000-8000-000000000000") == {"ok": True}
    assert json.dumps(control.good("sessions")["sessions"]) == "[]"
