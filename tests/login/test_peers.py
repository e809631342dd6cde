# SPDX-License-Identifier: Apache-2.0
"""Who may ask the agent what; and that nobody keeps it from answering the others."""
import contextlib
import grp
import json
import os
import signal
import socket
import subprocess
import time

import client
import control
import machine
import pytest
import world
from session import LIMIT

READ = [{"op": "status"}, {"op": "sessions"}]
ALL = [
    {"op": "session.open", "service": "sshd", "user": "alice"},
    {"op": "session.close", "sid": "4d0e7a53-7a53-4d0e-9b61-2f7f0c5f1a9d"},
    {"op": "rotate"},
    {"op": "reload"},
]
DENIED = {"ok": False, "error": "permission denied", "errno": "EPERM"}


def packet(request):
    return json.dumps(request).encode()


def seshat_gid():
    return grp.getgrnam("seshat").gr_gid


def ask_as(uid, gid, groups, request):
    return control.as_user(uid, gid, groups, control.ask, packet(request))


@pytest.mark.parametrize("request_", READ + ALL, ids=lambda request: request["op"])
@pytest.mark.parametrize("who", ["nobody", "alice"])
def test_a_stranger_is_refused_and_told_of(agent, request_, who):
    uid = {"nobody": machine.NOBODY, "alice": world.ALICE}[who]
    reply, pid = ask_as(uid, uid, [], request_)
    assert reply == DENIED
    assert agent.status()["sessions"]["open"] == 0
    (line,) = [line for line in agent.errors().splitlines() if f"{pid}" in line]
    assert f"{uid}" in line, line


@pytest.mark.parametrize("how", ["primary", "supplementary"])
def test_the_group_may_look(agent, how):
    gid = seshat_gid()
    ids = (world.READER, gid, []) if how == "primary" else (world.READER, world.READER, [gid])
    for request in READ:
        assert ask_as(*ids, request)[0]["ok"] is True
    for request in ALL:
        assert ask_as(*ids, request)[0] == DENIED
    assert agent.status()["sessions"]["open"] == 0


def test_root_may_everything(agent, bystander):
    for request in READ:
        assert control.ask(packet(request))["ok"] is True
    opened = control.good("session.open", service="test", user="alice", pid=bystander.pid)
    assert opened["switched"] is False
    assert control.good("session.close", sid=opened["sid"])["processes"] == 1
    for name in ("rotate", "reload"):
        control.good(name)
    bystander.kill()
    assert agent.ended().sessions[0].start["service"] == "test"


def leaders_that_cannot_be(agent):
    """The first process, a thread of the kernel, the agent itself, nobody."""
    kernel = next(pid for pid in pids() if pid > 1 and not os.path.exists(f"/proc/{pid}/exe"))
    ended = subprocess.Popen(["true"])
    ended.wait()
    return [1, kernel, agent.pid, ended.pid, 0, -1, 2**22 + 1, 2**31, 2**63]


def pids():
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


def test_a_session_needs_a_process_that_it_can_begin_with(agent):
    """Else the machine itself would be in it, or the agent would record itself recording."""
    for pid in leaders_that_cannot_be(agent):
        reply = control.call("session.open", service="test", user="alice", pid=pid)
        assert reply["ok"] is False and reply["errno"] in ("EINVAL", "ESRCH"), (pid, reply)
        assert reply["error"].startswith("there is no such process"), reply
    for pid in (1, agent.pid):
        words = [machine.SESHAT, "session", "open", "--user", "alice", "--service", "x", "--pid", str(pid)]
        done = subprocess.run(words, capture_output=True, timeout=LIMIT, check=False)
        assert done.returncode == 1 and b"there is no such process" in done.stderr, done
    status = agent.status()
    assert (status["sessions"]["opened"], status["attached"]) == (0, False)


def test_several_requests_on_one_connection(agent):
    with contextlib.closing(control.connect()) as one:
        for _ in range(3):
            assert control.ask_on(one, packet({"op": "status"}))["ok"] is True


HOSTILE = {
    "empty": b"",
    "nul": b"\0",
    "no-json": b"status",
    "array": b"[]",
    "no-op": b"{}",
    "op-number": b'{"op":7}',
    "unknown-op": b'{"op":"format"}',
    "two": b'{"op":"status"}{"op":"status"}',
    "trailing": b'{"op":"status"} x',
    "no-text": b'{"op":"stat\xff"}',
    "deep": b'{"op":' + b"[" * 60000 + b"]" * 60000 + b"}",
    "deep-object": b'{"op":"status","x":' + b'{"x":' * 20000 + b"1" + b"}" * 20001,
    "oversized": b'{"op":"status","x":"' + b"x" * control.MESSAGE_MAX + b'"}',
    "open-no-user": b'{"op":"session.open","service":"sshd"}',
    "open-number": b'{"op":"session.open","service":1,"user":2}',
    "open-base64": b'{"op":"session.open","service":"sshd","user":{"base64":"%%%"}}',
    "open-pid-0": b'{"op":"session.open","service":"sshd","user":"alice","pid":0}',
    "open-pid-negative": b'{"op":"session.open","service":"sshd","user":"alice","pid":-1}',
    "open-pid-none": b'{"op":"session.open","service":"sshd","user":"alice","pid":4194304}',
    "open-pid-huge": b'{"op":"session.open","service":"sshd","user":"alice","pid":99999999999999999999}',
    "open-pid-text": b'{"op":"session.open","service":"sshd","user":"alice","pid":"1"}',
    "close-nothing": b'{"op":"session.close"}',
    "close-text": b'{"op":"session.close","sid":"x"}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_malformed_request(agent, name):
    """A refusal or a closed connection, and no session; the next one is served."""
    reply = control.ask(HOSTILE[name])
    assert reply is None or (reply["ok"] is False and reply["errno"].startswith("E")), reply
    status = agent.status()
    assert status["sessions"]["open"] == 0 and agent.running()


def test_the_largest_request(agent):
    start = b'{"op":"status","x":"'
    request = start + b"x" * (control.MESSAGE_MAX - len(start) - 2) + b'"}'
    assert len(request) == control.MESSAGE_MAX
    assert control.ask(request)["ok"] is True


def test_silent_and_slow_peers(agent, alice):
    """They take nobody's time: root's requests and a login are served at once, while they hold on."""
    with contextlib.ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(contextlib.closing(control.connect()))
        begin = time.monotonic()
        assert agent.status()["sessions"]["open"] == 0
        client.run("true", key=alice)
        agent.ended()
        assert time.monotonic() - begin < 5


def test_who_never_reads(agent):
    """The replies pile up: the connection is closed in the end, and nobody else waits."""
    with contextlib.closing(control.connect()) as one:
        one.setblocking(False)
        request = packet({"op": "status"})
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            for _ in range(100000):
                one.send(request)
        assert agent.status()["pid"] == agent.pid


def test_three_hundred_connections_of_the_group(agent, alice):
    """They are more than the agent takes: it lets old ones go; root is served, and so is a login."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(BaseException):
            control.become(world.READER, world.READER, [seshat_gid()])
            held = [control.connect() for _ in range(300)]
            os.write(writing, b"%d" % len(held))
            signal.pause()
        os._exit(1)
    os.close(writing)
    try:
        assert os.read(reading, 10) == b"300"
        assert agent.status()["pid"] == agent.pid
        client.run("true", key=alice)
        agent.ended()
        assert agent.descriptors() < 300
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reading)
    assert ask_as(world.READER, world.READER, [seshat_gid()], READ[0])[0]["ok"] is True


def test_strangers_in_a_flood(agent, alice):
    """A thousand refusals: each peer gets his, the log has some and a count of the others."""

    def knock():
        return [control.ask(packet(READ[0])) for _ in range(1000)]

    replies, pid = control.as_user(machine.NOBODY, machine.NOBODY, [], knock)
    assert replies == [DENIED] * 1000
    lines = [line for line in agent.errors().splitlines() if f"{machine.NOBODY}" in line]
    assert 1 <= len(lines) < 100
    client.run("true", key=alice)
    agent.ended()


def test_descriptors_that_a_peer_sends(agent):
    """They are not kept, where the kernel does not refuse them for the agent (SO_PASSRIGHTS, since 6.16)."""
    before = agent.descriptors()
    for _ in range(20):
        with contextlib.closing(control.connect()) as one, open("/etc/hostname", "rb") as file:
            with contextlib.suppress(ConnectionResetError, BrokenPipeError, PermissionError):
                socket.send_fds(one, [packet({"op": "status"})], [file.fileno()] * 50)
                one.recv(control.MESSAGE_MAX)
    assert agent.status()["pid"] == agent.pid
    assert agent.descriptors() <= before
