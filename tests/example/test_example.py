# SPDX-License-Identifier: Apache-2.0
"""The example that `make run` shows has in it what it promises, and leaves nothing behind."""

import json
import os
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
LOG = ROOT / "build" / "example.jsonl"


def run_example(**environment):
    done = subprocess.run(
        ["sh", "tests/example/session.sh"], cwd=ROOT, env=dict(os.environ, **environment),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def servers():
    """Command lines of this machine's processes that are the example's server."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if b"tests/example/server.py" in words:
            found.append(words)
    return found


def test_readable_lines_show_what_the_base64_hid():
    done = run_example()
    lines = done.stderr.splitlines()
    executed = [line.split(" exec ", 1)[1].strip() for line in lines if " exec " in line]
    assert any(line.startswith("/usr/bin/base64 --decode") for line in executed)
    assert any(re.match(r"/usr/bin/curl --silent --show-error http://127\.0\.0\.1:\d+/page$", line)
               for line in executed)
    assert sum(line.split()[0] == "/usr/bin/dash" for line in executed) == 2
    assert any(re.search(r" connect +tcp 127\.0\.0\.1:\d+ -> 127\.0\.0\.1:\d+", line) for line in lines)
    assert "\033" not in done.stderr  # no terminal, no colours
    assert servers() == []


def test_records_are_in_the_log_and_in_the_output():
    done = run_example()
    records = [json.loads(line) for line in LOG.read_text(encoding="utf-8").splitlines()]
    shown = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [record["event"] for record in shown] == ["session.command", "session.network"]
    assert all(record in records for record in shown)
    assert records[-1]["event"] == "session.end"
    assert records[-1]["lost"] == 0


def test_json_lines_as_they_come():
    done = run_example(JSON="1")
    records = [json.loads(line) for line in done.stderr.splitlines()]
    programs = [record["path"] for record in records if record["event"] == "session.command"]
    assert "/usr/bin/curl" in programs
    assert "Seshat saw who fetched this page.\n" in done.stdout
