# SPDX-License-Identifier: Apache-2.0
"""What goes through one connection is one session: commands, shells, files, forwards."""
import contextlib
import pathlib
import re
import socket

import client
import machine
import pytest
import sshd as servers
import world
from session import LIMIT

SH, CAT = machine.tool("sh"), machine.tool("cat")


def test_a_command(agent, alice):
    out, _ = client.run("cat - /etc/group", stdin=b"typed\n", key=alice)
    assert out.startswith(b"typed\n")
    (session,) = agent.ended().sessions
    assert session.programs(world.ALICE)[0] == ["sh", "-c", "cat - /etc/group"]
    cat = session.one("session.command", argv=["-", "/etc/group"])
    assert (cat["path"], cat["cwd"], cat["uid"], cat["euid"], cat["auid"]) == (
        CAT,
        "/home/alice",
        *[world.ALICE] * 3,
    )
    group = session.one("session.disk", path="/etc/group", program="cat")
    assert (group["exe"], group["pid"], group["return_code"]) == (CAT, cat["pid"], 3)
    ended = session.one("session.exit", pid=cat["pid"])
    assert ended["exit_code"] == 0
    assert "interactive" not in session.start and not session.of("session.tty")


def test_a_command_that_fails(agent, alice):
    client.run("kill -9 $$", key=alice, status=255)
    client.run("exit 7", key=alice, status=7)
    killed, failed = agent.ended(2).sessions
    assert killed.of_tree(killed.shell(world.ALICE)["pid"])[-1]["signal_name"] == "SIGKILL"
    assert failed.of_tree(failed.shell(world.ALICE)["pid"])[-1]["exit_code"] == 7


def test_a_shell_with_a_terminal(agent, alice):
    with client.Ssh(key=alice, flags=["-tt"]) as ssh:
        ssh.type("stty -echo; echo at $(tty).\n")
        terminal = re.search(r"at (/dev/pts/\d+)\.", ssh.match(r"at /dev/pts/\d+\."))[1]
        ssh.type("cat /etc/hostname >/dev/null\n")
        ssh.type("exit 5\n")
        ssh.end(5)
    (session,) = agent.ended().sessions
    shell = session.shell(world.ALICE)
    assert (shell["path"], shell["argv0"], shell["argv"]) == (SH, "-sh", [])
    assert session.programs(world.ALICE) == [
        ["-sh"],
        *[["id", "-u"]] * 2,  # /etc/profile
        ["stty", "-echo"],
        ["tty"],
        ["cat", "/etc/hostname"],
    ]
    tty = session.one("session.tty")
    assert tty["tty"] == terminal
    assert session.opened("/etc/hostname")[-1]["program"] == "cat"
    assert session.one("session.exit", pid=shell["pid"])["exit_code"] == 5


def copy(tool, alice, *words, port=22, flags=(), stdin=b""):
    return client.finish([tool, *flags, *client.options(port, alice), *map(str, words)], stdin)


def put(path, size=300000):
    path = world.HOME / path
    path.write_bytes(b"x" * size)
    return path


@pytest.mark.parametrize("flags", [[], ["-O"]], ids=["sftp", "rcp"])
def test_scp(agent, alice, flags):
    source = put("scp-source")
    copy("scp", alice, source, "alice@server:scp-target", flags=flags)
    target = pathlib.Path("/home/alice/scp-target")
    assert target.read_bytes() == source.read_bytes()
    (session,) = agent.ended().sessions
    program, exe = ("scp", machine.tool("scp")) if flags else ("sshd", servers.SSHD)
    opened = session.one("session.disk", path=str(target))
    assert (opened["program"], opened["exe"], opened["euid"], opened["created"]) == (
        program,
        exe,
        world.ALICE,
        True,
    )
    commands = [r["argv"] for r in session.of("session.command") if r["euid"] == world.ALICE]
    assert commands == ([["-c", "scp -t scp-target"], ["-t", "scp-target"]] if flags else [])
    target.unlink()


def test_sftp_in_sshd_itself(agent, alice):
    """Nothing is executed: the opens are sshd's own."""
    source, back = put("sftp-source"), world.HOME / "sftp-back"
    batch = f"put {source} sftp-target\nget sftp-target {back}\n-get absent {back}\nls\nrm sftp-target\n"
    copy("sftp", alice, "-b", "-", "alice@server", stdin=batch.encode())
    assert back.read_bytes() == source.read_bytes()
    (session,) = agent.ended().sessions
    assert not [r for r in session.of("session.command") if r["euid"] == world.ALICE]
    check_sftp(session, "sshd", servers.SSHD)


def check_sftp(session, program, exe):
    opened = session.of("session.disk", path="/home/alice/sftp-target")
    assert [r["flag_names"][0] for r in opened] == ["O_WRONLY", "O_RDONLY"]
    assert [r.get("created", False) for r in opened] == [True, False]
    opened += session.of("session.disk", path="/home/alice")[-1:]  # ls
    for record in opened:
        assert (record["program"], record["exe"], record["euid"]) == (program, exe, world.ALICE)


@pytest.fixture
def external(agent):
    server = servers.Sshd("external", ports={2222: []}, subsystem=servers.SFTP_SERVER)
    yield 2222
    server.stop()


@pytest.mark.parametrize("forced", [False, True], ids=["subsystem", "forced"])
def test_sftp_as_a_program(agent, external, alice, forced):
    source, back = put("sftp-source"), world.HOME / "sftp-back"
    port = servers.SFTP_FORCED if forced else external
    batch = f"put {source} sftp-target\nget sftp-target {back}\nls\nrm sftp-target\n"
    copy("sftp", alice, "-b", "-", "alice@server", port=port, stdin=batch.encode())
    (session,) = agent.ended().sessions
    assert session.programs(world.ALICE) == [["sh", "-c", servers.SFTP_SERVER], [servers.SFTP_SERVER]]
    check_sftp(session, "sftp-server", servers.SFTP_SERVER)


@contextlib.contextmanager
def listener(address="127.0.0.1", family=socket.AF_INET):
    with socket.socket(family) as one:
        one.bind((address, 0) if family == socket.AF_INET else address)
        one.listen()
        one.settimeout(LIMIT)
        yield one


@contextlib.contextmanager
def forwarding(alice, *flags):
    """A connection that only forwards; it says so itself when it does."""
    ready = ["PermitLocalCommand=yes", "LocalCommand=echo ready", "ExitOnForwardFailure=yes"]
    with client.Ssh(key=alice, flags=["-N", *flags], more=ready) as ssh:
        ssh.read("ready")
        yield ssh
        ssh.process.terminate()
        ssh.process.wait(LIMIT)


def echo(near, far):
    """A byte through and back."""
    peer, _ = far.accept()
    with peer:
        near.sendall(b"x")
        assert peer.recv(1) == b"x"
        peer.sendall(b"y")
        assert near.recv(1) == b"y"


def connects(session):
    """What the account's own sshd connected to, in order; it executed nothing."""
    assert not [r for r in session.of("session.command") if r["euid"] == world.ALICE]
    found = [
        r for r in session.of("session.network") if r["euid"] == world.ALICE and r["operation"] == "connect"
    ]
    assert {(r["program"], r["exe"]) for r in found} == {("sshd", servers.SSHD)}
    return [(r.get("path") or (r["dst_addr"], r["dst_port"]), r["return_code"]) for r in found]


def test_a_local_forward(agent, alice):
    with listener() as far:
        port = far.getsockname()[1]
        with forwarding(alice, "-L", f"5000:127.0.0.1:{port}"):
            for _ in range(2):
                with socket.create_connection(("127.0.0.1", 5000), LIMIT) as near:
                    echo(near, far)
    (session,) = agent.ended().sessions
    # sshd connects without waiting: EINPROGRESS.
    assert connects(session) == [(("127.0.0.1", port), -115)] * 2


def test_a_forward_to_a_unix_socket(agent, alice):
    path = "/home/alice/socket"
    with listener(path, socket.AF_UNIX) as far:
        pathlib.Path(path).chmod(0o777)
        with forwarding(alice, "-L", f"5000:{path}"):
            with socket.create_connection(("127.0.0.1", 5000), LIMIT) as near:
                echo(near, far)
    pathlib.Path(path).unlink()
    (session,) = agent.ended().sessions
    assert connects(session) == [(path, 0)]


def test_a_dynamic_forward(agent, alice):
    with listener() as far, listener("127.0.0.2") as other:
        targets = [one.getsockname() for one in (far, other)]
        with forwarding(alice, "-D", "5000"):
            for one, (address, port) in zip((far, other), targets):
                with socket.create_connection(("127.0.0.1", 5000), LIMIT) as near:
                    near.sendall(b"\x05\x01\x00")
                    assert near.recv(2) == b"\x05\x00"
                    near.sendall(b"\x05\x01\x00\x01" + socket.inet_aton(address) + port.to_bytes(2, "big"))
                    assert near.recv(10)[:2] == b"\x05\x00"
                    echo(near, one)
    (session,) = agent.ended().sessions
    assert connects(session) == [(target, -115) for target in targets]


def test_three_channels_of_one_connection(agent, alice):
    """One login: one session, whatever is begun through it."""
    path = world.HOME / "master"
    with client.Ssh(
        "echo first; cat", key=alice, more=["ControlMaster=yes", f"ControlPath={path}"]
    ) as master:
        master.read("first")
        shared = {"more": ["ControlMaster=no", f"ControlPath={path}"]}
        assert client.run("echo second", **shared)[0] == b"second\n"
        with client.Ssh(flags=["-tt"], **shared) as shell:
            shell.type("echo $((1+2))rd; exit\n")
            shell.match("3rd")
            shell.end(0)
        master.end(0)
    (session,) = agent.ended().sessions
    shells = [r for r in session.of("session.command", path=SH) if r["euid"] == world.ALICE]
    began = [r["argv"] for r in shells]
    assert began == [["-c", "echo first; cat"], ["-c", "echo second"], []]
    assert len({r["sid"] for r in session.records}) == 1
    session.one("session.tty")
