# SPDX-License-Identifier: Apache-2.0
"""A kernel that is locked down so that root cannot read its memory: no audit is possible, and everybody says why."""
import pathlib
import subprocess

import client
import host
import machine
from waiting import Tail

AUTH = pathlib.Path("/var/log/auth.log")
REASON = "lockdown"
LOCKED_DOWN = 124  # the exit status, see seshat(1)


def test_the_kernel_is_locked_down():
    assert "[confidentiality]" in pathlib.Path("/sys/kernel/security/lockdown").read_text()


def test_a_command_is_not_run_and_the_reason_is_told():
    done = subprocess.run([machine.SESHAT, "run", "echo", "ran"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (LOCKED_DOWN, "")
    assert REASON in done.stderr and "confidentiality" in done.stderr, done.stderr


def test_the_agent_tells_it_too():
    told = host.run("journalctl", "--no-pager", "--unit", host.UNIT)
    assert REASON in told and "confidentiality" in told, told


def test_logins_go_on_where_the_module_fails_open(alice):
    with Tail(AUTH, AUTH.stat().st_size if AUTH.exists() else 0) as lines:
        assert client.run("echo in", key=alice)[0] == b"in\n"
        lines.wait(lambda line: "pam_seshat" in line)


def test_and_are_refused_where_it_is_to_fail_closed(alice):
    with host.profile("seshat-required"):
        client.run("echo in", key=alice, status=254)
    assert client.run("echo in", key=alice)[0] == b"in\n"
