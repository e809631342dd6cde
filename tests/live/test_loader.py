# SPDX-License-Identifier: Apache-2.0
"""A program that the kernel refuses is named, with the kernel's reason, and the others go on."""
import contextlib
import os
import subprocess

import machine


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


@contextlib.contextmanager
def exclusive_program(place):
    """Somebody else's program on the cgroup root that tolerates no other one."""
    pins = os.fsdecode(place) + "/pins"
    os.mkdir(pins)
    subprocess.run(["mount", "-t", "bpf", "none", pins], check=True)
    what = [machine.cgroup_root(), "connect4", "pinned", pins + "/exclusive"]
    try:
        subprocess.run(["bpftool", "prog", "load", machine.workload("exclusive.bpf.o"), what[-1]], check=True)
        subprocess.run(["bpftool", "cgroup", "attach", *what], check=True)
        try:
            yield
        finally:
            subprocess.run(["bpftool", "cgroup", "detach", *what], check=True)
    finally:
        subprocess.run(["umount", "-l", pins], check=True)


def test_a_probe_that_cannot_be_attached(start, place):
    """It is said on standard error and in session.start, and the rest is recorded."""
    with exclusive_program(place):
        session = start(["cat", "/etc/hostname"])
        _, err = session.finish()
    log = session.log()
    assert (
        err.startswith(b'seshat: warning: probe "connect4" is missing: cannot be attached: ')
        and err.count(b"\n") == 1
    )
    (missing,) = log.start["probes_missing"]
    assert missing["probe"] == "connect4" and missing["reason"].startswith("cannot be attached: ")
    assert "connect4" not in log.start["probes"] and "connect6" in log.start["probes"]
    assert len(log.of("session.disk", path="/etc/hostname")) == 1
