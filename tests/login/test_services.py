# SPDX-License-Identifier: Apache-2.0
"""Other services than sshd, from outside of any session; and what users set to pass for somebody else."""
import os
import pathlib
import pty
import subprocess

import client
import machine
import pytest
import sshd
import world
from logs import own
from session import LIMIT, read_until
from test_login import SAY, check, key_of

FORGED = """\
SSH_CONNECTION OVERRIDE="6.6.6.6 6 6.6.6.6 6"
SSH_AUTH_INFO_0 OVERRIDE="password"
XDG_SESSION_ID OVERRIDE="1"
PAM_USER OVERRIDE="root"
"""


def outside(*words, **more):
    return subprocess.run(
        words, stdin=subprocess.DEVNULL, capture_output=True, timeout=LIMIT, check=False, **more
    )


def test_su_from_outside_is_a_session_of_its_own(agent):
    assert outside("su", "alice", "-c", "cat /etc/hostname").returncode == 0
    (session,) = agent.ended().sessions
    start = session.start
    assert (start["service"], start["login"], start["user"]) == ("su", "alice", "alice")
    assert not {"src_addr", "src_port", "auth_method", "key_fingerprint", "rhost"} & start.keys()
    su = session.one("session.exit", pid=start["leader_pid"])
    assert su["exe"] == machine.tool("su")
    assert session.one("session.disk", path="/etc/hostname", program="cat")["uid"] == world.ALICE


def test_su_as_a_login_shell(agent):
    assert outside("su", "-", "alice", "-c", "pwd").stdout == b"/home/alice\n"
    (session,) = agent.ended().sessions
    assert (session.start["service"], session.start["login"]) == ("su-l", "alice")


def test_sudo_from_outside(agent):
    assert outside("sudo", "-u", "alice", "id", "-un").stdout == b"alice\n"
    (session,) = agent.ended().sessions
    assert (session.start["service"], session.start["login"]) == ("sudo", "alice")


def test_login_on_a_terminal(agent):
    pid, master = pty.fork()
    if pid == 0:
        os.execvp("login", ["login", "-f", "alice"])
    os.write(master, b"echo $((40+2)) $(tty)=\n")
    said = read_until(master, b"=\r\n").decode()
    while "42 /dev/" not in said:
        said += read_until(master, b"=\r\n").decode()
    os.write(master, b"exit\n")
    assert os.waitpid(pid, 0)[1] == 0
    os.close(master)
    (session,) = agent.ended().sessions
    terminal = said.rsplit("42 ", 1)[1].split("=")[0]
    start = session.start
    assert (start["service"], start["login"], start["interactive"], start["leader_pid"]) == (
        "login",
        "alice",
        True,
        pid,
    )
    assert start["tty"] == terminal
    assert session.one("session.tty")["tty"] == terminal


@pytest.fixture
def cron(pam):
    """A job, as cron runs it: a service without any terminal. runuser(1) opens the session, as cron(8) would."""
    path = pathlib.Path("/etc/pam.d/runuser")
    before = path.read_text()
    path.write_text(before + f"session required {sshd.MODULE}\n")
    yield
    path.write_text(before)


def test_a_job_without_a_terminal(agent, cron):
    done = outside("runuser", "alice", "-c", "cat /etc/hostname; exit 4", start_new_session=True)
    assert done.returncode == 4, done
    (session,) = agent.ended().sessions
    assert (session.start["service"], session.start["login"]) == ("runuser", "alice")
    assert session.one("session.disk", path="/etc/hostname", program="cat")["auid"] == 4294967295


def test_a_services_own_filter(agent, pam):
    pam("su", "service=sshd")
    assert outside("su", "alice", "-c", "true").returncode == 0
    pam("su", "service=su")
    assert outside("su", "alice", "-c", "true").returncode == 0
    assert [one.start["service"] for one in agent.ended().sessions] == ["su"]


@pytest.fixture
def forged():
    """What pam_env reads of a user's, in sshd's own stack: user_readenv=1."""
    path = world.write("/home/alice/.pam_environment", FORGED)
    os.chown(path, world.ALICE, world.ALICE)
    yield
    path.unlink()


def test_a_users_environment_file_changes_nothing(agent, alice, forged):
    assert client.run("echo $PAM_USER", key=alice)[0] == b"root\n", "pam_env has not read the file"
    out, _ = client.run("exec sh", stdin=SAY.replace("$SSH_CONNECTION", "").encode() + b"\n", key=alice)
    told = agent.ended(2).sessions
    for session in told:
        start = session.start
        assert (start["login"], start["src_addr"], start["dst_port"]) == ("alice", "127.0.0.1", 22)
        assert start["auth_method"] == ["publickey"]
        assert {name: start[name] for name in ("key_type", "key_fingerprint")} == key_of(alice)


def test_the_clients_environment_changes_nothing(agent, alice):
    """ssh -o SendEnv, as far as the server takes it, and names that it does not."""
    env = {"SSH_FORGED": "x", "LC_X": "6.6.6.6 6 6.6.6.6 6", "SSH_AUTH_INFO_0": "password"}
    out, _ = client.run(SAY, key=alice, env=env, more=["SendEnv=SSH_* LC_*"])
    check(agent, out, auth_method=["publickey"], **key_of(alice))


def test_a_callers_environment_changes_nothing(agent):
    """su is set-uid root: what its caller says is not what happened."""
    env = dict(
        os.environ, SSH_CONNECTION="6.6.6.6 6 6.6.6.6 6", SSH_AUTH_INFO_0="password", XDG_SESSION_ID="1"
    )
    outside("su", "alice", "-c", "true", env=env)
    (session,) = agent.ended().sessions
    assert not {"src_addr", "auth_method", "logind_session"} & own(session.start).keys()
