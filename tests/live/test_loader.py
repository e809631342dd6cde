# SPDX-License-Identifier: Apache-2.0
"""A program that the kernel refuses is named, with the kernel's reason, and the others go on."""
import contextlib
import os
import subprocess

import machine
import pytest
from records import Log


def load(*words):
    command = [machine.workload("loader"), machine.workload("refused.bpf.o"), *words]
    out = subprocess.run(command, capture_output=True, text=True, check=False)
    assert out.stderr == "", out.stderr
    return out.returncode, out.stdout.splitlines()


def test_the_refused_are_left_out():
    status, lines = load()
    assert status == 0, lines
    told = {line.split(" ", 2)[0]: line.split(" ", 2)[1:] for line in lines}
    assert list(told) == ["good", "unchecked", "beyond", "absent"]
    assert told["good"] == ["0", ""]
    assert told["unchecked"][0] == "-13" and "invalid mem access 'map_value_or_null'" in told["unchecked"][1]
    assert told["beyond"][0] == "-13" and "invalid bpf_context access" in told["beyond"][1]
    assert told["absent"] == ["-2", "not in this build"]


def test_nothing_works_without_what_is_required():
    status, lines = load("unchecked")
    assert status == 1
    assert len(lines) == 1 and lines[0].startswith('failed -13 cannot load the probe "unchecked": '), lines
    assert "invalid mem access" in lines[0]


@pytest.fixture
def own_hierarchy(place):
    """The options of a command that sees a new cgroup as the hierarchy's root, with somebody's program on it that
    tolerates no other one."""
    pins = os.fsdecode(place) + "/pins"
    group = f"{machine.cgroup_root()}/seshat-test-{os.getpid()}"
    what = [group, "connect4", "pinned", pins + "/exclusive"]
    with contextlib.ExitStack() as stack:
        os.mkdir(pins)
        subprocess.run(["mount", "-t", "bpf", "none", pins], check=True)
        stack.callback(subprocess.run, ["umount", "-l", pins], check=True)
        os.mkdir(group)
        stack.callback(os.rmdir, group)
        subprocess.run(["bpftool", "prog", "load", machine.workload("exclusive.bpf.o"), what[-1]], check=True)
        subprocess.run(["bpftool", "cgroup", "attach", *what], check=True)
        stack.callback(subprocess.run, ["bpftool", "cgroup", "detach", *what], check=True)
        mount = f"umount {machine.cgroup_root()} && mount -t cgroup2 none {machine.cgroup_root()}"
        yield [
            "sh",
            "-c",
            f'echo $$ >{group}/cgroup.procs && exec unshare -C -m sh -c \'{mount} && exec "$@"\' sh "$@"',
            "sh",
        ]


def test_a_probe_that_cannot_be_attached(own_hierarchy, place):
    """It is said on standard error and in session.start, and the rest is recorded."""
    log = os.fsdecode(place) + "/log"
    out = subprocess.run(
        [*own_hierarchy, machine.SESHAT, "run", "-o", log, "cat", "/etc/group"],
        capture_output=True,
        check=True,
    )
    with open(log, "rb") as file:
        log = Log(file.read()).check()
    warning = b'seshat: warning: probe "connect4" is missing: cannot be attached: '
    assert out.stderr.startswith(warning) and out.stderr.count(b"\n") == 1, out.stderr
    (missing,) = log.start["probes_missing"]
    assert missing["probe"] == "connect4" and missing["reason"].startswith("cannot be attached: ")
    assert "connect4" not in log.start["probes"] and "connect6" in log.start["probes"]
    assert len(log.of("session.disk", path="/etc/group")) == 1
