# SPDX-License-Identifier: Apache-2.0
"""COMMAND's terminal is COMMAND's: size, Ctrl-C, Ctrl-Z and fg, end of file, modes."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios

import machine
import pytest
from records import Log
from session import read_until


@pytest.fixture
def terminal():
    """(master, slave) of a pseudo-terminal."""
    master, slave = pty.openpty()
    yield master, slave
    os.close(master)
    os.close(slave)


def on(terminal):
    """Options of a process whose controlling terminal it is."""
    slave = terminal[1]

    def take():
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)

    return {"stdin": slave, "stdout": slave, "stderr": slave, "start_new_session": True, "preexec_fn": take}


def resize(master, rows, columns):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def test_window_size_and_interrupt(start, terminal):
    master, slave = terminal
    session = start([machine.workload("window")], **on(terminal))
    read_until(master, b"ready")
    resize(master, 33, 77)
    read_until(master, b"size 33 77")
    resize(master, 44, 99)
    read_until(master, b"size 44 99")
    os.write(master, b"\x03")
    read_until(master, b"interrupted")
    assert session.process.wait(60) == 3
    log = session.log()
    assert log.start["interactive"] is True
    tty = log.one("session.tty")
    assert tty["tty"] == os.ttyname(slave) and tty["pid"] == log.start["leader_pid"]
    assert log.one("session.exit")["exit_code"] == 3


@pytest.mark.incomparable("how far the shell comes depends on when the signal does")
def test_a_command_that_dies_of_the_interrupt(start, terminal):
    master, _ = terminal
    session = start(["sh", "-c", "echo ready; exec cat"], **on(terminal))
    read_until(master, b"ready")
    os.write(master, b"\x03")
    assert session.process.wait(60) == 130
    assert session.log().one("session.exit")["signal_name"] == "SIGINT"


def test_end_of_file_and_modes(start, terminal):
    """A full-screen program's way: raw mode and back, then Ctrl-D. The terminal is as it was."""
    master, slave = terminal
    before = termios.tcgetattr(slave)
    session = start(["sh", "-c", "stty raw -echo; stty sane; echo ready; exec cat"], **on(terminal))
    read_until(master, b"ready")
    os.write(master, b"typed\n")
    read_until(master, b"typed\r\ntyped\r\n")
    os.write(master, b"\x04")
    assert session.process.wait(60) == 0
    assert termios.tcgetattr(slave)[3] == before[3]
    session.log()


def test_stop_and_continue_in_a_shell(place, terminal):
    """Ctrl-Z gives the shell its prompt back, fg goes on where it was, and the status is COMMAND's."""
    master, _ = terminal
    environment = dict(os.environ, PS1="PROMPT> ", TERM="dumb", LC_ALL="C")
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "--noediting", "-i"], env=environment, cwd=place, **on(terminal)
    )
    try:
        log = stop_and_continue(master, place)
    finally:
        shell.kill()
        shell.wait()
    assert {record["event"] for record in log.records} >= {"session.tty", "session.command", "session.exit"}
    assert log.of("session.command")[0]["argv0"] == "cat"


def stop_and_continue(master, place):
    read_until(master, b"PROMPT> ")
    os.write(master, f"{machine.SESHAT} run -o log cat; echo status $?\n".encode())
    read_until(master, b"status $?\r\n")
    os.write(master, b"one\n")
    read_until(master, b"one\r\none\r\n")
    for word in (b"two", b"three"):
        os.write(master, b"\x1a")
        assert b"Stopped" in read_until(master, b"PROMPT> ")
        os.write(master, b"fg\n")
        read_until(master, b"run -o log cat")
        os.write(master, word + b"\n")
        read_until(master, word + b"\r\n" + word + b"\r\n")
    os.write(master, b"\x04")
    seen = read_until(master, b"PROMPT> ")
    # `;` ended with the first stop in bash: the status is that of fg.
    os.write(master, b"echo last $?\n")
    seen += read_until(master, b"PROMPT> ")
    assert re.search(rb"last 0\r\n", seen), seen
    with open(place + b"/log", "rb") as file:
        return Log(file.read()).check()


def test_in_the_background_of_a_shell(place, terminal):
    """COMMAND that reads the terminal from the background is stopped by it, as without seshat; fg helps."""
    master, _ = terminal
    environment = dict(os.environ, PS1="PROMPT> ", TERM="dumb", LC_ALL="C")
    shell = subprocess.Popen(
        ["bash", "--norc", "--noprofile", "--noediting", "-i"], env=environment, cwd=place, **on(terminal)
    )
    try:
        read_until(master, b"PROMPT> ")
        os.write(master, f"set -b; {machine.SESHAT} run -o log cat &\n".encode())
        read_until(master, b"Stopped")
        os.write(master, b"fg\n")
        read_until(master, b"run -o log cat")
        os.write(master, b"word\n")
        read_until(master, b"word\r\nword\r\n")
        os.write(master, b"\x03")
        read_until(master, b"PROMPT> ")
        os.write(master, b"echo last $?\n")
        read_until(master, b"last 130\r\n")
    finally:
        shell.kill()
        shell.wait()


@pytest.mark.incomparable("how far the shell comes depends on when the signal does")
def test_hang_up(start, terminal):
    """The terminal goes away: COMMAND gets its SIGHUP, and the records are complete."""
    session = start(["sh", "-c", "echo ready; exec cat"], **on(terminal))
    read_until(terminal[0], b"ready")
    os.killpg(session.process.pid, 1)
    assert session.process.wait(60) == 129
    assert session.log().one("session.exit")["signal_name"] == "SIGHUP"
