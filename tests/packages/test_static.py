# SPDX-License-Identifier: Apache-2.0
"""The command as a static-pie: nothing of the machine is needed to run it, and it records the same."""
import json
import subprocess

PLAIN, STATIC = "build/seshat", "build/static/seshat"
OWN = {"time", "sid", "leader_pid", "cgroup_path", "cgroup_id", "audit_session_id"}  # each session's


def start_of(program, folder):
    log = folder / "log.jsonl"
    subprocess.run([program, "run", "-o", log, "--", "true"], check=True)
    with open(log, encoding="utf-8") as file:
        records = [json.loads(line) for line in file]
    log.unlink()
    return {key: value for key, value in records[0].items() if key not in OWN}


def test_it_is_loaded_by_nothing():
    said = subprocess.run(["readelf", "-W", "-h", "-l", "-d", STATIC], capture_output=True, text=True, check=True).stdout
    assert "DYN (Position-Independent Executable file)" in said
    assert "INTERP" not in said and "(NEEDED)" not in said
    assert "(FLAGS_1)" in said and "PIE" in said


def test_it_says_the_same_of_the_machine(tmp_path):
    """server_id, which libsystemd derives, among it."""
    assert start_of(STATIC, tmp_path) == start_of(PLAIN, tmp_path)


def test_it_says_that_it_cannot_read_the_journal():
    done = subprocess.run([STATIC, "tail", "--journal"], capture_output=True, text=True, check=False)
    assert done.returncode == 125
    assert done.stderr == "seshat: cannot read the journal: Operation not supported\n"
