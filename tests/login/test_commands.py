# SPDX-License-Identifier: Apache-2.0
"""The operator's commands, against the agent itself."""
import contextlib
import json
import os
import pathlib
import re
import subprocess

import client
import control
import logs
import machine
import pytest
from session import LIMIT, read_until

DOWN, DENIED = 3, 4


def seshat(*words, status=0, env=None, wrapper=()):
    done = subprocess.run(
        [*wrapper, machine.SESHAT, *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=LIMIT,
        env={"PATH": os.environ["PATH"]} | (env or {}),
        check=False,
    )
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done.stdout.decode()


def objects(text):
    return [json.loads(line) for line in text.splitlines()]


@contextlib.contextmanager
def following(*words):
    process = subprocess.Popen(
        [machine.SESHAT, *map(str, words)], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(LIMIT)
        process.stdout.close()


def test_status(agent, alice):
    client.run("true", key=alice)
    agent.ended()
    told = json.loads(seshat("status", "--json"))
    own = agent.status()
    for name in (
        "version",
        "kernel",
        "strategy",
        "pid",
        "started",
        "probes",
        "config",
        "log",
        "capabilities",
        "sessions",
    ):
        assert told[name] == own[name], name
    text = seshat("status")
    for word in (own["version"], str(agent.pid), own["strategy"], str(logs.LOG)):
        assert word in text, text


def test_metrics(agent, alice):
    client.run("true", key=alice)
    agent.ended()
    lines = seshat("status", "--metrics").splitlines()
    assert lines[-1] == "# EOF"
    values = dict(
        re.fullmatch(r"(seshat_\w+(?:\{.*\})?) (\S+)", line).groups() for line in lines if line[0] != "#"
    )
    types = dict(line.split()[2:4] for line in lines if line.startswith("# TYPE "))
    assert values["seshat_sessions_opened_total"] == "1"
    for name in values:
        family = name.split("{")[0]
        assert (
            family in types or family.removesuffix("_total") in types or family.removesuffix("_info") in types
        ), name


@pytest.mark.parametrize(
    "words", [["status"], ["rotate"], ["reload"], ["session", "open", "--user", "alice", "--service", "x"]]
)
def test_without_an_agent(words):
    with contextlib.suppress(FileNotFoundError):
        os.unlink(control.SOCKET)
    seshat(*words, status=DOWN)


@pytest.mark.parametrize("words", [["status"], ["rotate"], ["reload"]])
def test_for_a_stranger(agent, words):
    seshat(*words, status=DENIED, wrapper=["setpriv", "--reuid=alice", "--regid=alice", "--init-groups"])


def test_for_the_group(agent):
    reader = ["setpriv", "--reuid=reader", "--regid=reader", "--init-groups"]
    assert json.loads(seshat("status", "--json", wrapper=reader))["pid"] == agent.pid
    seshat("rotate", status=DENIED, wrapper=reader)


def test_sessions_live_and_past(agent, alice):
    client.run("true", key=alice)
    past = agent.ended().sessions[0].sid
    with client.Ssh("echo ready; cat", key=alice) as ssh:
        ssh.read("ready\n")
        told = objects_of(seshat("sessions", "--json"))
        assert {one["sid"]: one["state"] for one in told}.keys() >= {past}
        (live,) = [one for one in told if one["sid"] != past]
        assert (live["state"], live["login"], live["service"]) == ("open", "alice", "sshd")
        assert [one["sid"] for one in objects_of(seshat("sessions", "--live", "--json"))] == [live["sid"]]
        assert [one["sid"] for one in objects_of(seshat("sessions", "--past", "--json"))] == [past]
        table = seshat("sessions")
        assert "alice" in table and "127.0.0.1" in table
        ssh.end()
    agent.ended(2)
    agent.stop()
    assert {one["sid"] for one in objects_of(seshat("sessions", "--past", "--json"))} == {past, live["sid"]}
    agent.start()


def objects_of(text):
    """One array, or one object a line."""
    value = text.strip()
    return json.loads(value) if value.startswith("[") else objects(text)


def test_tail(agent, alice):
    client.run("cat /none/one; true", key=alice)
    client.run("cat /none/two; true", key=alice)
    first, second = agent.ended(2).sessions
    assert objects(seshat("tail", "--json", "-n", "100000")) == [
        json.loads(line) for line in logs.read().splitlines()
    ]
    assert objects(seshat("tail", "--json", "-n", "100000", "--sid", first.sid)) == first.records
    assert objects(seshat("tail", "--json", "-n", "100000", "--sid", second.sid[:8])) == second.records
    found = objects(seshat("tail", "--json", "--path", "/none/*", "--event", "session.disk"))
    assert [one["path"] for one in found] == ["/none/one", "/none/two"]
    assert seshat("tail", "--json", "--login", "bob") == ""
    assert second.sid[:8] in seshat("tail", "-n", "1", "--sid", second.sid)


def test_tail_follows(agent, alice):
    """Over a rotation too."""
    with following("tail", "-f", "-n", "0", "--json", "--path", "/none/*") as tail:
        for number in range(3):
            client.run(f"cat /none/{number}; true", key=alice)
            seen = b""
            while f'"/none/{number}"'.encode() not in seen:
                seen += read_until(tail.stdout, b"\n")
            control.good("rotate")


def test_show(agent, alice):
    client.run("sh -c 'cat /none/deep; true'; true", key=alice)
    (session,) = agent.ended().sessions
    assert objects(seshat("show", "--json", session.sid)) == session.records
    text = seshat("show", session.sid[:8])
    for word in ("alice", "127.0.0.1", session.start["key_fingerprint"], "/none/deep"):
        assert word in text, text
    seshat("show", "00000000", status=1)


def test_session_by_hand(agent, bystander):
    """What PAM does, for scripts: the leader is whoever --pid says."""
    sid = seshat("session", "open", "--user", "alice", "--service", "batch", "--pid", bystander.pid).strip()
    start = agent.event("session.start")
    assert (start["sid"], start["service"], start["login"], start["leader_pid"]) == (
        sid,
        "batch",
        "alice",
        bystander.pid,
    )
    seshat("session", "close", "--sid", sid)
    bystander.stdin.close()
    bystander.wait()
    bystander.stdin = open(os.devnull, "w")
    agent.ended()


def test_session_from_pam_exec(agent, pam):
    """The module in words: pam_exec runs the command at both ends of su."""
    path = pathlib.Path("/etc/pam.d/su")
    pam("su", None)
    path.write_text(path.read_text() + f"session required pam_exec.so {machine.SESHAT} session auto\n")
    line = path.read_text()
    path.write_text(line.replace("session auto", "session open"))
    subprocess.run(["su", "alice", "-c", "cat /none/exec"], capture_output=True, check=False, timeout=LIMIT)
    (session,) = agent.ended().sessions
    assert (session.start["login"], session.start["service"]) == ("alice", "su")
    assert session.of("session.disk", path="/none/exec")


def test_check(start_agent, journald):
    start_agent({"journal": {"enabled": "yes"}})
    text = seshat("check")
    assert "FAILED" not in text and text.count("ok") > 10, text
    for line in objects_of(seshat("check", "--json")):
        assert line


def test_check_finds_what_is_wrong(start_agent, journald):
    """A journal that stands still is named."""
    import signal

    start_agent({"journal": {"enabled": "yes"}})
    journald.signal(signal.SIGSTOP)
    try:
        text = seshat("check", status=1)
    finally:
        journald.signal(signal.SIGCONT)
    assert re.search(r"FAILED.*journal", text), text


def test_check_without_an_agent():
    assert "FAILED" in seshat("check", status=1)
