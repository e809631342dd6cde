# SPDX-License-Identifier: Apache-2.0
"""Where the records go: standard streams, files that are full, pipes that nobody reads."""
import collections
import json
import os
import pathlib
import stat
import subprocess

import machine
import pytest
from records import Log
from session import recorders_of, idle, read_until


def run(*words, **more):
    return subprocess.run(
        [machine.SESHAT, "run", *words], check=False, capture_output=True, timeout=60, **more
    )


def test_standard_error_is_the_default():
    out = run("--", "sh", "-c", "echo out")
    assert (out.returncode, out.stdout) == (0, b"out\n")
    assert Log(out.stderr).check().of("session.command")[0]["argv0"] == "sh"


def test_standard_output_by_a_dash():
    out = run("-o", "-", "--", "true")
    assert (out.returncode, out.stderr) == (0, b"")
    Log(out.stdout).check()


def test_a_new_file_is_for_its_owner_alone(place):
    path = place + b"/log"
    assert run("-o", path, "true", umask=0).returncode == 0
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    Log(pathlib.Path(os.fsdecode(path)).read_bytes()).check()


def test_a_file_is_appended_to(place):
    path = pathlib.Path(os.fsdecode(place), "log")
    path.write_bytes(b"kept\n")
    path.chmod(0o640)
    for _ in range(2):
        assert run("-o", path, "true").returncode == 0
    data = path.read_bytes()
    assert data.startswith(b"kept\n") and stat.S_IMODE(path.stat().st_mode) == 0o640
    lines = data.splitlines(keepends=True)[1:]
    half = next(i for i, line in enumerate(lines) if b'"event":"session.end"' in line) + 1
    first, second = Log(b"".join(lines[:half])).check(), Log(b"".join(lines[half:])).check()
    assert first.start["sid"] != second.start["sid"]


@pytest.mark.parametrize("target", ["/none/log", "/", "/proc/version/x", ""])
def test_a_file_that_cannot_be_written(place, target):
    """Said before COMMAND begins: an audit that would record nothing must not run."""
    out = run("-o", target, "--", "touch", place + b"/ran")
    assert out.returncode == 119
    assert (
        out.stdout == b"" and out.stderr.startswith(b"seshat: ") and out.stderr.count(b"\n") == 1
    ), out.stderr
    assert not os.path.exists(place + b"/ran")


def test_a_full_device():
    """/dev/full takes nothing: COMMAND is undisturbed, and it is said how much was lost."""
    out = run("-o", "/dev/full", "--", "sh", "-c", "cat /etc/group >/dev/null; exit 7")
    assert (out.returncode, out.stdout) == (7, b"")
    assert out.stderr.startswith(b"seshat: ") and b"No space left on device" in out.stderr, out.stderr


@pytest.fixture
def small(place):
    """A file system of 4 MiB, of which all but 96 KiB is taken by a file."""
    folder = pathlib.Path(os.fsdecode(place), "small")
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "none", folder], check=True)
    (folder / "filler").write_bytes(bytes((4096 - 96) * 1024))
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk(small):
    """Whole lines to the last byte, COMMAND undisturbed, and a word on what is missing."""
    log = small / "log"
    out = run("-o", log, "--", machine.workload("opens"), "/etc/passwd", "3000")
    assert out.returncode == 0
    assert out.stderr.startswith(b"seshat: ") and b"No space left on device" in out.stderr, out.stderr
    data = log.read_bytes()
    assert data.endswith(b"\n") and len(data) > 90 * 1024
    records = [json.loads(line) for line in data.splitlines()]
    assert [record["ei"] for record in records] == list(range(len(records)))


def test_a_disk_that_is_full_for_a_while(small, start):
    """What was lost meanwhile is counted in the log itself, exactly, as soon as there is room again."""
    log = small / "log"
    opens = machine.workload("opens")
    command = f"{opens} /etc/passwd 2000; echo full; read line; {opens} /etc/group 20"
    session = start(["sh", "-c", command], stdin=subprocess.PIPE, options=["-o", str(log)])
    session.log_path = log
    first = session.start_record()
    read_until(session.process.stdout, b"full")
    # The recorder may be behind: only when it sleeps has it met the full disk with all of them.
    (recorder,) = recorders_of(session, first)
    while not idle(recorder):
        pass
    (small / "filler").unlink()
    _, err = session.finish(b"go\n")
    assert b"No space left on device" in err, err
    whole = Log(log.read_bytes()).check(lost=True)
    lost = whole.of("session.lost")
    assert lost and {record["reason"] for record in lost} == {"sink"}
    missing = collections.Counter()
    for record in lost:
        missing.update(record["by_event"])
    assert missing["session.disk"] + len(whole.of("session.disk", path="/etc/passwd")) == 2000
    assert len(whole.of("session.disk", path="/etc/group")) == 20


def test_a_pipe_that_nobody_reads_any_more(start, place):
    fifo = place.decode() + "/fifo"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    session = start(
        ["sh", "-c", "read line; cat /etc/group >/dev/null; exit 9"],
        stdin=subprocess.PIPE,
        options=["-o", fifo],
    )
    os.set_blocking(reader, True)
    first = read_until(reader, b"\n")
    assert json.loads(first.split(b"\n")[0])["event"] == "session.start"
    os.close(reader)
    out, err = session.finish(b"go\n", status=9)
    assert out == b"" and err.startswith(b"seshat: ") and b"Broken pipe" in err, err


def test_readable_lines(place):
    path = place + b"/log"
    out = run("--pretty", "-o", path, "--", "sh", "-c", "cat /etc/group >/dev/null; exit 3")
    assert (out.returncode, out.stdout) == (3, b"")
    text = out.stderr.decode()
    assert "/etc/group" in text and "\x1b" not in text
    records = Log(pathlib.Path(os.fsdecode(path)).read_bytes()).check().records
    assert len(text.splitlines()) == len(records)
    only = run("--pretty", "--", "true")
    assert not only.stderr.startswith(b"{") and only.stderr.count(b"\n") >= 4


def test_readable_lines_play_no_tricks(place):
    """Names with escape sequences, line ends and bidirectional controls, on a terminal that would obey them."""
    hostile = "/none/\x1b]0;title\x07\x1b[2J\r\n\u202egpj.exe\x9b31m"
    # What the command itself says of the name is no record.
    out = run("--pretty", "--", "sh", "-c", 'exec cat "$1" 2>/dev/null', "sh", hostile)
    lines = out.stderr.decode()
    assert out.returncode == 1
    assert "gpj.exe" in lines
    for character in "\x1b\x07\r\u202e\x9b":
        assert character not in lines
