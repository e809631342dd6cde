# SPDX-License-Identifier: Apache-2.0
"""Under a supervisor and without one: readiness, keep-alives, the end, and one agent at a time."""
import os
import pathlib
import signal
import subprocess

import agent as agents
import client
import control
import pytest
from session import LIMIT, wait_gone
from waiting import Tail, readable

BACKGROUND = [agents.SESHATD]


def test_it_tells_its_beginning_and_its_end(agent):
    assert "READY=1" in agent.notified.seen
    assert len(agent.log().runs) == 1  # its first record is there by then
    assert os.path.exists(control.SOCKET)
    agent.process.terminate()
    agent.told("STOPPING=1")
    agent.wait(0)
    assert not os.path.exists(control.SOCKET)
    agent.start()


@pytest.mark.parametrize("number, name", [(signal.SIGTERM, "SIGTERM"), (signal.SIGINT, "SIGINT")])
def test_how_it_is_stopped(agent, number, name):
    agent.signal(number)
    agent.wait(0)
    (run,) = agent.log().runs
    assert run.check().records[-1]["reason"] == name


def test_reloading_is_told(agent):
    agent.signal(signal.SIGHUP)
    agent.told("RELOADING=1")
    agent.notified.seen.remove("READY=1")
    agent.told("READY=1")


def test_the_watchdog_is_fed(start_agent):
    """At half its interval, and again and again."""
    agent = start_agent(environment={"WATCHDOG_USEC": "400000"})
    for _ in range(3):
        agent.told("WATCHDOG=1")
        agent.notified.seen.remove("WATCHDOG=1")


def test_a_watchdog_of_somebody_else_is_not(start_agent):
    agent = start_agent(environment={"WATCHDOG_USEC": "200000", "WATCHDOG_PID": "1"})
    assert not readable(agent.notified.socket, limit=0.5)


def test_only_one_at_a_time(agent, alice):
    """The second one says why it does not start, and the first one goes on."""
    done = subprocess.run([agents.SESHATD, "--foreground"], capture_output=True, timeout=LIMIT, check=False)
    assert done.returncode == 1, done
    assert done.stderr.startswith(b"seshatd: "), done.stderr
    client.run("true", key=alice)
    agent.ended()


def in_background():
    done = subprocess.run(
        BACKGROUND, capture_output=True, timeout=LIMIT, check=False, env={"PATH": os.environ["PATH"]}
    )
    return done


def test_in_the_background(audited, sshd, alice):
    """Without a supervisor: the command returns when the agent is ready, which belongs to no terminal."""
    agents.prepare_folders()
    agents.write_config({})
    done = in_background()
    assert (done.returncode, done.stdout) == (0, b""), done
    status = control.good("status")
    pid = status["pid"]
    try:
        facts = dict(
            line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
        )
        assert os.getsid(pid) == pid or os.getsid(pid) != os.getsid(0)
        assert facts["Name"] == "seshatd"
        for number in range(3):
            assert os.readlink(f"/proc/{pid}/fd/{number}") == "/dev/null"
        assert os.readlink(f"/proc/{pid}/cwd") == "/"
        client.run("true", key=alice)
        with Tail(agents.LOG) as lines:
            lines.wait(lambda line: "session.end" in line)
    finally:
        os.kill(pid, signal.SIGTERM)
        wait_gone(pid)
        agents.scrub()


def test_in_the_background_with_a_mistake():
    """The command fails as the agent does, and says why."""
    agents.write_config({"agent": {"ring_size": "5"}})
    done = in_background()
    assert done.returncode == 78 and b"ring_size" in done.stderr, done


@pytest.mark.parametrize(
    "words, status", [(["--help"], 0), (["--version"], 0), (["--bogus"], 64), (["extra"], 64)]
)
def test_its_options(words, status):
    done = subprocess.run([agents.SESHATD, *words], capture_output=True, timeout=LIMIT, check=False)
    assert done.returncode == status, done
    assert (b"seshatd" in done.stdout) is (status == 0)


def test_the_socket_goes_with_its_agent(agent):
    """What a killed agent leaves does not keep the next one from starting."""
    agent.kill()
    assert os.path.exists(control.SOCKET)
    agent.start()
    assert agent.status()["pid"] == agent.pid


def detach():
    return subprocess.run([agents.SESHATD, "--detach"], capture_output=True, timeout=LIMIT, check=False)


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_what_it_leaves_to_the_next_one_can_be_removed(start_agent, alice, how):
    """Probes, cgroups and what it knew of an open session, whose process goes on unrecorded; not while an agent runs."""
    agent = start_agent()
    with client.Ssh("echo ready; cat", key=alice) as ssh:
        ssh.read("ready\n")
        agent.event("session.start")
        assert detach().returncode == 1
        if how == "stopped":
            agent.stop()
        else:
            agent.kill()
        assert agents.pins() != []
        done = detach()
        assert (done.returncode, agents.pins()) == (0, []), done
        ssh.type("x\n")
        ssh.read("x\n")
        ssh.end()
    assert detach().returncode == 0
    agent.start()
    assert agent.status()["sessions"]["open"] == 0
