# SPDX-License-Identifier: Apache-2.0
"""What can be wrong before COMMAND begins: one clear line and a status of its own each; COMMAND does not run."""
import os
import re
import shutil
import subprocess

import machine
import pytest


def refused(status, words, arguments, marker, **more):
    out = subprocess.run(arguments, check=False, capture_output=True, timeout=60, **more)
    assert out.returncode == status, out
    assert out.stdout == b""
    text = out.stderr.decode()
    assert text.startswith("seshat: ") and text.endswith("\n") and text.count("\n") == 1, text
    for word in words:
        assert word in text, text
    assert marker is None or not os.path.exists(marker)


@pytest.fixture
def marker(place):
    return place + b"/ran"


def command(marker):
    return [machine.SESHAT, "run", "-o", "/dev/null", "--", "touch", marker]


def in_mounts(script, marker):
    """In a mount namespace of its own, after SCRIPT."""
    return [
        "unshare",
        "-m",
        "--propagation",
        "private",
        "sh",
        "-ec",
        script + '\nexec "$@"',
        "sh",
        *command(marker),
    ]


def test_not_root(place):
    os.chmod(place, 0o777)
    program = shutil.copy(machine.SESHAT, place + b"/seshat")
    marker = place + b"/ran"
    refused(
        120,
        ["root"],
        [
            "setpriv",
            "--reuid",
            str(machine.NOBODY),
            "--regid",
            str(machine.NOBODY),
            "--clear-groups",
            program,
            "run",
            "-o",
            "/dev/null",
            "--",
            "touch",
            marker,
        ],
        marker,
    )


@pytest.mark.parametrize("missing", ["-all", "-bpf,-sys_admin,-perfmon"])
def test_a_capability_is_missing(marker, missing):
    refused(121, ["capability", "cap_"], ["setpriv", "--bounding-set", missing, *command(marker)], marker)


def test_no_type_information(marker):
    refused(122, ["BTF"], in_mounts("mount -t tmpfs none /sys/kernel/btf", marker), marker)


def test_no_cgroup_v2(marker):
    script = "for mount in $(awk '/ - cgroup2 /{print $5}' /proc/self/mountinfo); do umount -l $mount; done"
    refused(123, ["cgroup"], in_mounts(script, marker), marker)


def test_lockdown(marker):
    script = (
        "mount -t tmpfs none /sys/kernel/security\n"
        'echo "none integrity [confidentiality]" > /sys/kernel/security/lockdown'
    )
    refused(124, ["lockdown"], in_mounts(script, marker), marker)


@pytest.mark.parametrize("mode", ["[none] integrity confidentiality", "none [integrity] confidentiality"])
def test_a_lesser_lockdown_is_no_obstacle(marker, mode):
    script = f'mount -t tmpfs none /sys/kernel/security\necho "{mode}" > /sys/kernel/security/lockdown'
    out = subprocess.run(in_mounts(script, marker), check=False, capture_output=True, timeout=60)
    assert (out.returncode, out.stderr) == (0, b"")
    assert os.path.exists(marker)


def run(*words):
    return [machine.SESHAT, "run", "-o", "/dev/null", "--", *words]


def test_command_not_found(place):
    for name in ("seshat-no-such-program", "/none/program", place.decode() + "/none", "./none", ""):
        refused(127, [name] if name else [], run(name), None, cwd=place)


def test_command_not_executable(place):
    with open(place + b"/file", "w") as file:
        file.write("#!/bin/sh\n")
    for name in (place.decode(), place.decode() + "/file", "./file"):
        refused(126, [name], run(name), None, cwd=place)


def test_command_that_the_kernel_refuses(place):
    """Found and executable, but its interpreter is not there: the kernel's word comes only at the exec."""
    path = place.decode() + "/script"
    with open(path, "w") as file:
        file.write("#!/none/interpreter\n")
    os.chmod(path, 0o755)
    refused(127, [path], run(path), None)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["run"],
        ["run", "--"],
        ["run", "--none", "true"],
        ["none"],
        ["run", "-o"],
        ["--none"],
        ["run", "--buffer-size=0", "true"],
        ["run", "--buffer-size=x", "true"],
        ["run", "--buffer-size=-1", "true"],
        ["run", "--buffer-size=999999999999999999999G", "true"],
        ["run", "--buffer-size=", "true"],
        ["run", "--events=", "true"],
        ["run", "--events=file,disk", "true"],
    ],
)
def test_wrong_usage(words):
    out = subprocess.run([machine.SESHAT, *words], check=False, capture_output=True, timeout=60)
    assert out.returncode == 125, out
    # A second line, as of all GNU programs, names --help.
    assert out.stdout == b"" and re.match(rb"seshat( run)?: .+\n(Try .+\n)?\Z", out.stderr), out


def test_options_end_at_the_command(audit):
    log = audit(["echo", "-o", "--pretty", "--", "--no-wait"])
    assert log.out == b"-o --pretty -- --no-wait\n"
    out = subprocess.run(
        [machine.SESHAT, "run", "-o", "/dev/null", "echo", "--pretty", "-o"], check=True, capture_output=True
    )
    assert out.stdout == b"--pretty -o\n"
