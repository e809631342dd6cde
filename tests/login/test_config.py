# SPDX-License-Identifier: Apache-2.0
"""The configuration: what is wrong is named, what can be changed is changed at once, and the log says what was."""
import os
import pathlib
import signal
import subprocess

import agent as agents
import client
import control
import logs
import machine
import pytest
import world
from logs import LOG, own
from session import LIMIT
from waiting import Tail

CONFIG = str(agents.CONFIG)


def check(*words, text=None, status=0):
    if text is not None:
        world.write(CONFIG, text)
    done = subprocess.run(
        [agents.SESHATD, "--check-config", *words], capture_output=True, timeout=LIMIT, check=False
    )
    assert done.returncode == status, (done.returncode, done.stderr)
    return done.stdout.decode() + done.stderr.decode()


WRONG = {
    "[agent]\nsokcet = /x\n": (2, "agent.sokcet"),
    "[agnet]\nsocket = /x\n": (1, "agnet"),
    "[agent]\nring_size = 5M\n": (2, "agent.ring_size"),
    "[agent]\nring_size = 16M\nring_size = 16M\n": (3, "agent.ring_size"),
    "[agent]\nsocket = relative\n": (2, "agent.socket"),
    "[agent]\nstrategy = kprobe\n": (2, "agent.strategy"),
    "# a comment\n\n[file]\nsync = often\n": (4, "file.sync"),
    "[file]\nmax_size = -1\n": (2, "file.max_size"),
    "[file]\nmax_age = 3 fortnights\n": (2, "file.max_age"),
    "[file]\nkeep = x\n": (2, "file.keep"),
    "[file]\nenabled = perhaps\n": (2, "file.enabled"),
    "[journal]\nnamespace = a/b\n": (2, "journal.namespace"),
    "[file]\nenabled = no\n": (0, "enabled"),
    "socket = /x\n": (1, "socket"),
    "[agent\n": (1, ""),
    "[agent]\nsocket\n": (2, ""),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_named(text):
    line, key = WRONG[text]
    said = check(text=text, status=78)
    assert CONFIG in said and key in said, said
    if line:
        assert f"{CONFIG}:{line}" in said, said
    done = subprocess.run([agents.SESHATD, "--foreground"], capture_output=True, timeout=LIMIT, check=False)
    assert done.returncode == 78 and done.stderr.decode().startswith("seshatd: "), done


def test_all_that_is_wrong_is_named():
    said = check(text="[agent]\nbad = 1\n[file]\nkeep = x\nworse = 2\n", status=78)
    for line in (2, 4, 5):
        assert f"{CONFIG}:{line}" in said, said


def test_what_is_right():
    check(text="[agent]\nring_size = 1M\n[file]\nsync = each\n")
    check("-c", str(machine.ROOT / "packaging/seshat.conf"))
    pathlib.Path(CONFIG).unlink()
    check()
    check("-c", CONFIG, status=1)


def change(**sections):
    agents.write_config(sections)


def by_signal(agent):
    agent.signal(signal.SIGHUP)


def by_command(agent):
    subprocess.run([machine.SESHAT, "reload"], check=True, capture_output=True, timeout=LIMIT)


@pytest.mark.parametrize("reload", [by_signal, by_command])
def test_what_changed_is_in_the_log(agent, alice, reload):
    change(file={"max_size": "200M", "keep": 5}, agent={"ring_size": "8M"})
    reload(agent)
    record = agent.event("agent.config")
    changes = {one.pop("key"): one for one in own(record)["changes"]}
    assert set(changes) == {"agent.ring_size", "file.max_size", "file.keep"}
    assert {key: one["in_force"] for key, one in changes.items()} == {
        "agent.ring_size": False,
        "file.max_size": True,
        "file.keep": True,
    }
    assert (changes["file.keep"]["from"], changes["file.keep"]["to"]) == ("10", "5")
    client.run("true", key=alice)
    agent.ended()
    assert agent.status()["ring"]["size"] == 16 << 20
    agent.stop()
    agent.start()
    assert agent.status()["ring"]["size"] == 8 << 20


def test_the_reply_says_it_too(agent):
    change(file={"keep": 5}, agent={"ring_size": "8M"})
    reply = control.good("reload")
    assert (reply["changed"], reply["restart"]) == (["file.keep"], ["agent.ring_size"])
    assert control.good("reload")["changed"] == []


def test_a_bad_one_is_refused_and_the_old_one_goes_on(agent, alice):
    change(file={"keep": "x", "path": "/nowhere/else"})
    reply = control.call("reload")
    assert (reply["ok"], reply["errno"]) == (False, "EINVAL")
    agent.signal(signal.SIGHUP)
    client.run("true", key=alice)
    agent.ended()
    assert f"{CONFIG}:2" in agent.errors()
    assert not agent.log().runs[0].of("agent.config")


def test_another_file_under_an_open_session(agent, alice):
    """Every record is in one of the two, none in both."""
    other = LOG.parent / "other.jsonl"
    with client.Ssh("exec sh", key=alice) as ssh:
        ssh.do("cat /none/1")
        agent.record(lambda r: r.get("path") == "/none/1")
        change(file={"path": other})
        control.good("reload")
        ssh.do("cat /none/2")
        ssh.end()
    with Tail(other) as lines:
        lines.wait(lambda line: "session.end" in line)
    agent.stop()
    first, second = LOG.read_bytes(), other.read_bytes()
    assert b"/none/1" in first and b"/none/2" in second
    (session,) = logs.AgentLog(first + second).check().sessions
    assert session.start["login"] == "alice"


def test_a_file_that_cannot_be(agent, alice):
    """The sink's change fails, and says so: the log goes on where it was."""
    change(file={"path": "/proc/none/audit.jsonl"})
    reply = control.call("reload")
    assert reply["ok"] is False
    client.run("true", key=alice)
    agent.ended()
    assert os.path.exists(LOG)
