# SPDX-License-Identifier: Apache-2.0
"""What FILE and the standard streams may be when a session begins: closed, limited in size, cut in a line."""
import itertools
import json
import os
import pathlib
import resource
import signal
import subprocess

import machine
import pytest

from records import Log
from session import LIMIT

STREAMS = range(3)
CLOSED = [which for count in STREAMS for which in itertools.combinations(STREAMS, count + 1)]
KIB = 1024


def close(descriptors):
    """What a child does before its exec."""

    def now():
        for descriptor in descriptors:
            os.close(descriptor)

    return now


def names(which):
    return "+".join(("in", "out", "err")[descriptor] for descriptor in which)


def run(*words, **more):
    return subprocess.run(
        [machine.SESHAT, "run", *words], check=False, capture_output=True, timeout=LIMIT, **more
    )


@pytest.mark.alone
@pytest.mark.parametrize("which", CLOSED, ids=names)
def test_closed_streams(audit, place, which):
    """The log is as without; COMMAND finds closed what was closed, and nothing else in its place."""
    told = os.fsdecode(place) + "/told"
    program = machine.workload("descriptors")
    log = audit([program, told], preexec_fn=close(which))
    opened = [int(line) for line in pathlib.Path(told).read_text().splitlines()]
    assert opened == [descriptor for descriptor in STREAMS if descriptor not in which]
    assert log.one("session.command")["path"] == program
    # The lowest number that is free.
    assert log.one("session.disk", path=told)["return_code"] == which[0]
    assert log.one("session.exit")["exit_code"] == 0
    assert (log.out, log.err, log.start["interactive"]) == (b"", b"", False)


@pytest.mark.parametrize("which", CLOSED, ids=names)
def test_readable_lines_beside_closed_streams(audit, place, which):
    """--pretty needs standard error: without it nothing runs."""
    told = os.fsdecode(place) + "/told"
    command = [machine.workload("descriptors"), told]
    if 2 in which:
        log = os.fsdecode(place) + "/log"
        out = run("--pretty", "-o", log, "--", *command, preexec_fn=close(which))
        assert (out.returncode, out.stdout, out.stderr) == (119, b"", b"")
        assert not os.path.exists(told)
        return
    log = audit(command, options=["--pretty"], preexec_fn=close(which))
    assert len(log.err.splitlines()) == len(log.records)
    log.one("session.disk", path=told)


@pytest.mark.parametrize("which", [which for which in CLOSED if 1 in which], ids=names)
def test_a_dash_where_standard_output_is_closed(place, which):
    told = os.fsdecode(place) + "/told"
    out = run("-o", "-", "--", machine.workload("descriptors"), told, preexec_fn=close(which))
    assert out.returncode == 119
    assert not os.path.exists(told)
    if 2 not in which:
        assert out.stderr.startswith(b"seshat: ") and out.stderr.count(b"\n") == 1, out.stderr


@pytest.mark.parametrize("which", [which for which in CLOSED if 2 in which], ids=names)
def test_no_file_where_standard_error_is_closed(place, which):
    """The default: an audit that nobody would see does not begin."""
    told = os.fsdecode(place) + "/told"
    out = run("--", machine.workload("descriptors"), told, preexec_fn=close(which))
    assert (out.returncode, out.stdout, out.stderr) == (119, b"", b"")
    assert not os.path.exists(told)


def limit_files(size):
    def now():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return now


@pytest.mark.parametrize("size", [0, 1, 1 * KIB, 2 * KIB, 20 * KIB, 100 * KIB + 1])
def test_a_limit_on_the_size_of_files(place, size):
    """Of the log there are whole lines up to the limit, it is said that the rest is lost, and COMMAND is undisturbed."""
    path = pathlib.Path(os.fsdecode(place), "log")
    text = '"$0" /etc/passwd 1000; ulimit -f; echo done; exit 6'
    command = ["sh", "-c", text, machine.workload("opens")]
    out = run("-o", path, "--", *command, preexec_fn=limit_files(size))
    assert (out.returncode, out.stdout) == (6, b"%d\ndone\n" % (size // 512))
    messages = out.stderr.decode().splitlines()
    assert len(messages) == 2 and all(message.startswith("seshat: ") for message in messages), messages
    assert "File too large" in messages[0] and messages[1].endswith(" records are lost"), messages
    data = path.read_bytes()
    assert len(data) <= size and data[-1:] in (b"", b"\n")
    records = [json.loads(line) for line in data.splitlines()]
    assert [record["ei"] for record in records] == list(range(len(records)))
    assert "session.end" not in [record["event"] for record in records]
    # At least as much as there is room for. No record of these is longer than 2 KiB.
    assert len(data) > size - 2 * KIB
    lost = int(messages[1].split()[1])
    # The shell and the program: two commands, two ends, the opens; the shell's own libraries beside.
    assert lost + sum(record["event"] != "session.start" for record in records) >= 1004


def test_the_limit_is_commands_too(place):
    """Whoever writes beyond it dies of SIGXFSZ, as without seshat."""
    path = pathlib.Path(os.fsdecode(place), "log")
    words = ["sh", "-c", 'exec head -c 100000 /dev/zero >"$0"', os.fsdecode(place) + "/out"]
    out = run("-o", path, "--", *words, preexec_fn=limit_files(64 * KIB))
    assert (out.returncode, out.stderr) == (128 + signal.SIGXFSZ, b"")
    assert os.path.getsize(words[-1]) == 64 * KIB
    end = Log(path.read_bytes()).check().one("session.exit")
    assert (end["signal"], end["signal_name"]) == (signal.SIGXFSZ, "SIGXFSZ")


HALF = b'{"event":"session.disk","time":"2026-1'


@pytest.mark.parametrize(
    "before,after",
    [
        (HALF, HALF + b"\n"),
        (b"{}\n" + HALF, b"{}\n" + HALF + b"\n"),
        (b"{}\n", b"{}\n"),
        (b"\n", b"\n"),
        (b"", b""),
        (b"x", b"x\n"),
        (b"\0", b"\0\n"),
        (b"x" * 70000, b"x" * 70000 + b"\n"),
    ],
    ids=["half", "line+half", "line", "empty line", "empty", "byte", "zero", "long"],
)
def test_a_file_that_ends_within_a_line(place, before, after):
    """The first record begins on a line of its own; nothing that was there is changed."""
    path = pathlib.Path(os.fsdecode(place), "log")
    path.write_bytes(before)
    for _ in range(2):
        out = run("-o", path, "--", "true")
        assert (out.returncode, out.stderr) == (0, b"")
        data = path.read_bytes()
        assert data.startswith(after)
        Log(data[len(after) :]).check().one("session.exit")
        after = data
