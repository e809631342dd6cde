# SPDX-License-Identifier: Apache-2.0
"""A login when the agent is not there, or not itself: fail=open and fail=closed."""
import contextlib
import os
import pathlib
import signal
import socket
import time

import client
import control
import machine
import pytest
import sshd as servers
import world
from test_file import wait_status

MARK = pathlib.Path("/home/alice/mark")
CLOSED = 254  # what ssh(1) gives when sshd ends the session before anything ran
SILENT = "/run/seshat/silent.sock"


@pytest.fixture(autouse=True)
def clean(sshd, authpriv):
    MARK.unlink(missing_ok=True)
    authpriv.lines()
    yield
    MARK.unlink(missing_ok=True)


OPEN, REFUSED = "goes on without an audit", "is refused"


def said(authpriv):
    """What the module has told authpriv, all of it errors, as one text."""
    told = [line for line in authpriv.lines() if "pam_seshat(" in line[2]]
    assert {line[:2] for line in told} <= {(10, 3)}, told
    return "\n".join(text.split(": ", 1)[1] for _, _, text in told)


def check_open(authpriv, alice, words=()):
    assert client.run("touch mark; echo in", key=alice)[0] == b"in\n"
    assert MARK.exists()
    text = said(authpriv)
    for word in ("sshd:session", OPEN, *words):
        assert word in text, text


def check_closed(authpriv, alice, words=()):
    out, _ = client.run("touch mark; echo in", key=alice, status=CLOSED)
    assert (out, MARK.exists()) == (b"", False)
    text = said(authpriv)
    for word in ("sshd:session", REFUSED, *words):
        assert word in text, text


CHECKS = {"open": check_open, "closed": check_closed}


@pytest.mark.parametrize("fail", CHECKS)
def test_no_agent(pam, authpriv, alice, fail):
    pam("sshd", f"fail={fail}")
    CHECKS[fail](authpriv, alice, [control.SOCKET, os.strerror(2)])


def test_open_is_the_default(pam, authpriv, alice):
    pam("sshd")
    check_open(authpriv, alice)


@pytest.mark.parametrize("control_word", ["required", "requisite", "optional"])
def test_open_under_every_control(pam, authpriv, alice, control_word):
    pam("sshd", "fail=open", control_word)
    check_open(authpriv, alice)


def test_closed_refuses_every_way_in(pam, alice):
    """A shell, sftp in sshd itself, a forward that executes nothing."""
    pam("sshd", "fail=closed")
    with client.Ssh(key=alice, flags=["-tt"]) as ssh:
        ssh.end(CLOSED)
    sftp = ["sftp", *client.options(key=alice), "-b", "-", "alice@server"]
    client.finish(sftp, b"pwd\n", status=255)
    client.finish(["scp", *client.options(key=alice), "/etc/hostname", "alice@server:mark"], status=255)
    assert not MARK.exists()


def test_what_a_dead_agent_has_left(start_agent, authpriv, alice, pam):
    """Its socket is there, and nobody listens."""
    one = start_agent()
    one.kill()
    assert pathlib.Path(control.SOCKET).exists()
    pam("sshd", "fail=closed")
    check_closed(authpriv, alice, [os.strerror(111)])


@pytest.mark.parametrize("fail", CHECKS)
@pytest.mark.parametrize("timeout, seconds", [("0.3", 0.3), ("500ms", 0.5)])
def test_an_agent_that_is_stopped(start_agent, pam, authpriv, alice, fail, timeout, seconds):
    one = start_agent()
    pam("sshd", f"fail={fail} timeout={timeout}")
    one.signal(signal.SIGSTOP)
    begin = time.monotonic()
    CHECKS[fail](authpriv, alice, [os.strerror(110)])
    assert seconds <= time.monotonic() - begin < seconds + 2
    one.signal(signal.SIGCONT)
    # The request is still there when it goes on, and whoever asked may be too; nothing of it stays.
    wait_status(one, lambda status: status["sessions"]["open"] == 0)


def test_an_agent_that_refuses(agent, pam, authpriv, alice):
    """It is there and cannot open a session: that is a reason like any other, and what it says is told."""
    most = pathlib.Path(machine.cgroup_root(), "cgroup.max.descendants")
    most.write_text("0")
    try:
        for fail in CHECKS:
            pam("sshd", f"fail={fail}")
            CHECKS[fail](authpriv, alice, ["the agent says", "cannot make a cgroup for the session"])
            MARK.unlink(missing_ok=True)
        status = agent.status()
        assert (status["sessions"]["refused"], status["sessions"]["open"], status["attached"]) == (2, 0, False)
    finally:
        most.write_text("max")
    pam("sshd", "fail=closed")
    client.run("touch mark", key=alice)
    assert len(agent.ended().sessions) == 1


@contextlib.contextmanager
def server(path, reply, uid=0):
    """Somebody else at a socket, who answers so, or never."""
    pathlib.Path(path).parent.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
        one.bind(path)
        os.chmod(path, 0o666)
        # Whose server it is the kernel notes at listen(2).
        os.seteuid(uid)
        one.listen()
        os.seteuid(0)
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                while True:
                    peer, _ = one.accept()
                    peer.recv(control.MESSAGE_MAX)
                    if reply is not None:
                        peer.send(reply)
                        peer.close()
            os._exit(0)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.unlink(path)


REPLIES = {
    "silent": None,
    "no-json": b"ok",
    "no-object": b"[]",
    "no-answer": b"{}",
    "no-sid": b'{"ok":true}',
    "bad-sid": b'{"ok":true,"sid":7,"switched":false}',
    "empty": b"",
    "long": b'{"ok":true,"sid":"' + b"x" * 131000 + b'"}',
    "deep": b"[" * 60000,
    "no-text": b'{"ok":true,"sid":"\xff"}',
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_server_that_answers_wrong(sshd, pam, authpriv, alice, name):
    pam("sshd", f"fail=closed timeout=0.3 socket={SILENT}")
    with server(SILENT, REPLIES[name]):
        check_closed(authpriv, alice, ["the agent says" if name == "no-answer" else SILENT])


def test_somebody_elses_server(sshd, pam, authpriv, alice):
    """Who is not root cannot play the agent."""
    reply = b'{"ok":true,"sid":"4d0e7a53-7a53-4d0e-9b61-2f7f0c5f1a9d","switched":false}'
    pam("sshd", f"fail=closed socket={SILENT}")
    with server(SILENT, reply, uid=world.BOB):
        check_closed(authpriv, alice, [SILENT, os.strerror(1)])


BAD = [
    "bogus",
    "fail=perhaps",
    "timeout=0",
    "timeout=31",
    "timeout=x",
    "timeout=",
    "socket=relative",
    "service=",
]


@pytest.mark.parametrize("option", BAD)
def test_a_bad_option(agent, pam, authpriv, alice, option):
    """It is told; with fail=closed nobody gets in by a mistake in the file, else the login is audited all the same."""
    pam("sshd", f"fail=closed {option}")
    client.run("touch mark", key=alice, status=CLOSED)
    assert not MARK.exists()
    assert said(authpriv) == f"pam_seshat(sshd:session): bad option: {option}"
    pam("sshd", option)
    client.run("touch mark", key=alice)
    assert said(authpriv).splitlines()[0] == f"pam_seshat(sshd:session): bad option: {option}, ignoring"
    assert MARK.exists()
    assert len(agent.ended().sessions) == 1


def test_a_filter(agent, pam, authpriv, alice):
    """A service that is not among those named is none of the module's business."""
    pam("sshd", "fail=closed service=login,su")
    assert client.run("echo in", key=alice)[0] == b"in\n"
    assert agent.status()["sessions"]["opened"] == 0
    for options in ("service=su,sshd", "service=su service=sshd"):
        pam("sshd", f"fail=closed {options}")
        assert client.run("echo in", key=alice)[0] == b"in\n"
    assert [one.start["service"] for one in agent.ended(2).sessions] == ["sshd"] * 2
    assert said(authpriv) == ""


def test_a_good_login_says_nothing(agent, authpriv, alice):
    client.run("true", key=alice)
    agent.ended()
    assert said(authpriv) == ""
    assert servers.MODULE in pathlib.Path("/etc/pam.d/sshd").read_text()
