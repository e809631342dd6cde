# SPDX-License-Identifier: Apache-2.0
"""The world itself: what the other tests stand on, and that nothing of it outlives the run."""
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys

import client
import keys
import machine
import pytest
import sshd as servers
import world
from session import LIMIT, wait_gone
from waiting import readable

WHO = "id -un; cat /proc/self/loginuid"
ALICE = b"alice\n2001"


@pytest.mark.parametrize("method", ["password", "keyboard-interactive"])
def test_a_password(sshd, method):
    assert client.run(WHO, methods=[method])[0] == ALICE


@pytest.mark.parametrize("kind", keys.KINDS)
def test_a_key_of_each_kind(sshd, kind):
    key = keys.make(f"bob-{kind}", kind)
    keys.authorize(key, "bob")
    assert client.run(WHO, user="bob", key=key, methods=["publickey"])[0] == b"bob\n2002"


def test_a_certificate(sshd):
    key = keys.make("certified")
    keys.certify(key, keys.make("authority"), identity="who", principals=["alice", "root"], serial=7)
    assert client.run(WHO, key=key, methods=["publickey"])[0] == ALICE


def test_two_methods(sshd, alice):
    client.run(WHO, port=2201, key=alice, methods=["publickey"], status=255)
    assert client.run(WHO, port=2201, key=alice)[0] == ALICE
    assert client.run(WHO, port=2203, key=alice)[0] == ALICE


def test_sftp_and_scp(sshd, alice):
    for port in (22, servers.SFTP_FORCED):
        out, _ = client.finish(["sftp", *client.options(port, alice), "-b", "-", "alice@server"], b"pwd\n")
        assert b"/home/alice" in out
    source = world.write(world.HOME / "source", "text")
    client.finish(["scp", *client.options(key=alice), str(source), "alice@server:copied"])
    assert pathlib.Path("/home/alice/copied").read_text() == "text"


def test_a_terminal(sshd, alice):
    with client.Ssh(key=alice, flags=["-tt"]) as ssh:
        ssh.type("echo got $(tty)\n")
        assert "/dev/pts/" in ssh.read("got /dev/pts/")
        ssh.type("exit 3\n")
        ssh.end(3)


def test_sudo_and_su(sshd, alice):
    assert client.run("sudo id -un", key=alice)[0] == b"root\n"
    assert client.run("sudo su bob -c 'id -un'", key=alice)[0] == b"bob\n"


def test_the_system_log(authpriv):
    authpriv.lines()
    subprocess.run(["logger", "-p", "authpriv.err", "-t", "test", "told"], check=True)
    ((facility, level, text),) = authpriv.lines()
    assert (facility, level) == (10, 3) and text.endswith("test: told")


def test_the_journal_keeps_a_burst(journald):
    count = 60000
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.connect("/run/systemd/journal/socket")
        for number in range(count):
            one.send(b"MESSAGE=burst %d\nTEST=burst\n" % number)
    found = [entry["MESSAGE"] for entry in journald.entries("TEST=burst")]
    assert found == [f"burst {number}" for number in range(count)]


def test_the_journal_comes_back(journald):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.connect("/run/systemd/journal/socket")
        one.send(b"MESSAGE=before\nTEST=back\n")
        journald.sync()
        journald.kill()
        journald.start()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as one:
        one.connect("/run/systemd/journal/socket")
        one.send(b"MESSAGE=after\nTEST=back\n")
    assert [entry["MESSAGE"] for entry in journald.entries("TEST=back")] == ["before", "after"]


INNER = """
import json, os, sys
sys.path[:0] = sys.argv[1:]
import client, journald, keys, sshd, subprocess, world
cgroup = world.enter()
client.prepare()
log = world.Syslog()
server, journal = sshd.Sshd(), journald.Journald()
key = keys.make("alice")
keys.authorize(key, "alice")
ssh = client.Ssh("setsid sh -c 'read none </dev/zero' >/dev/null 2>&1 </dev/null & echo $!; cat", key=key)
ssh.read("\\n")
os.makedirs("/sys/fs/cgroup/unified/seshat/one/below")
own = sorted(world.processes())
print(json.dumps({"processes": own, "guardian": cgroup.guardian.pid, "cgroup": str(cgroup.folder)}), flush=True)
sys.stdin.read()
cgroup.leave()
"""


@pytest.mark.parametrize("end", ["killed", "left"])
def test_nothing_outlives_the_run(end):
    """A world within this one, killed by SIGKILL with a login in it, or left in an orderly way with that."""
    folders = [str(pathlib.Path(__file__).parent), str(machine.ROOT / "tests/live")]
    with subprocess.Popen(
        [sys.executable, "-B", "-c", INNER, *folders], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as run:
        facts = json.loads(run.stdout.readline())
        assert len(facts["processes"]) >= 7, facts
        guardian = os.pidfd_open(facts["guardian"])
        if end == "killed":
            run.send_signal(signal.SIGKILL)
        else:
            run.stdin.close()
        assert run.wait(LIMIT) == (-signal.SIGKILL if end == "killed" else 0)
    assert readable(guardian)
    os.close(guardian)
    assert not os.path.exists(facts["cgroup"])
    for pid in facts["processes"]:
        wait_gone(pid)
