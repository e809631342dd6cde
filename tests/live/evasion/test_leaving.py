# SPDX-License-Identifier: Apache-2.0
"""Leaving the session: whatever a process makes of itself, its records go on, in the same session."""
import os
import pathlib
import signal
import socket

import machine
import pytest
from addresses import AF_UNIX, DGRAM, STREAM, listener, local
from calls import Script
from expect import unix
from flags import CLONE_NEWNS
from session import json_lines
from test_cgroup import outside, remove  # noqa: F401

PROGRAM = machine.workload("leave")
MS_BIND, MS_REC, MS_PRIVATE = 0x1000, 0x4000, 0x40000
SPACES = ["user", "mount", "pid", "net", "uts", "ipc", "cgroup", "time", "all", "entered"]


def told(log, way):
    (fact,) = [fact for fact in json_lines(log.out) if fact["name"] == way]
    return fact, log.one("session.disk", path=f"/none/{way}")


@pytest.mark.parametrize("way", SPACES)
def test_namespaces(audit, way):
    """The ids in the records are those of the initial namespaces, whatever the process itself sees."""
    log = audit([PROGRAM, way])
    fact, record = told(log, way)
    assert (record["pid"], record["tid"], record["ppid"]) == (fact["child"], fact["child"], fact["parent"])
    assert (record["uid"], record["exe"], record["cgroup_id"]) == (
        0,
        PROGRAM,
        log.of("session.command")[0]["cgroup_id"],
    )
    assert log.one("session.exit", pid=fact["child"])["exit_code"] == 0


def test_a_child_that_is_its_parents_sibling(audit):
    """CLONE_PARENT: its parent is a process outside of the session; its lineage is not."""
    log = audit([PROGRAM, "sibling"])
    fact, record = told(log, "sibling")
    first = log.of("session.command")[0]
    assert (record["pid"], record["ppid"]) == (fact["child"], fact["parent"]) == (fact["child"], first["ppid"])
    log.one("session.exit", pid=fact["child"])


@pytest.mark.parametrize("way", ["orphan", "reaper"])
def test_a_daemon_whose_parent_is_gone(audit, way):
    """Two forks and setsid(2): the record has the parent that it has now, and who made it is in no doubt all the same."""
    # An orphan goes to the next subreaper above, who may well be this test's own.
    log = audit([PROGRAM, way])
    fact, record = told(log, way)
    assert (record["pid"], record["ppid"]) == (fact["child"], fact["parent"])
    assert (fact["parent"] == log.start["leader_pid"]) is (way == "reaper")
    assert len(log.of("session.exit")) == 3


def test_a_pid_namespace_whose_init_is_killed(audit):
    """The kernel ends the others in it: each end is recorded."""
    log = audit([PROGRAM, "killed"])
    fact, record = told(log, "killed")
    assert (record["ppid"], record["pid"] == fact["child"]) == (fact["child"], False)
    ends = {r["pid"]: r.get("signal") for r in log.of("session.exit")}
    assert ends == {record["pid"]: 9, fact["child"]: 9, log.start["leader_pid"]: None}


def test_a_login_uid_that_root_rewrites(audit):
    """The kernel's auid is what root made of it; the session, and who logged in, are not."""
    log = audit([PROGRAM, "loginuid"])
    fact, record = told(log, "loginuid")
    assert (record["pid"], record["auid"], record["login"]) == (fact["child"], 4711, log.start["login"])
    written = log.one("session.disk", path=f"/proc/{log.start['leader_pid']}/loginuid")
    assert (written["auid"], written["flag_names"]) == (machine.login_uid(), ["O_WRONLY"])


@pytest.mark.incomparable("how far its children come depends on when it is killed")
def test_the_leader_is_killed(start):
    """SIGKILL for the leader: what it leaves is recorded to its end, and the session ends with that."""
    gone = "while kill -0 $$ 2>/dev/null; do :; done"
    text = f'setsid sh -c "kill -9 $$; {gone}; cat /etc/group >/dev/null; exit 5" & wait'
    session = start(["sh", "-c", text])
    session.finish(status=128 + signal.SIGKILL)
    log = session.log()
    leader = log.one("session.exit", pid=log.start["leader_pid"])
    assert leader["signal"] == signal.SIGKILL
    opened = log.one("session.disk", path="/etc/group")
    assert opened["ei"] > leader["ei"]
    assert log.one("session.exit", exit_code=5)["ei"] > opened["ei"]


def test_the_root_cgroup_and_a_delegated_one(audit, outside):  # noqa: F811
    """A subtree that is the user's own, and the top of all: leaving is told, and of no use."""
    inner = outside / "inner"
    inner.mkdir()
    for folder in (outside, inner):
        for file in (folder, folder / "cgroup.procs", folder / "cgroup.threads"):
            os.chown(file, machine.NOBODY, machine.NOBODY)
    root = pathlib.Path(machine.cgroup_root())
    text = (
        'echo 0 >"$1/cgroup.procs"; cat /etc/group;'
        ' setpriv --reuid=65534 --clear-groups sh -c \'echo 0 >"$1/inner/cgroup.procs"; cat /etc/group\' sh "$1";'
        ' echo 0 >"$2/cgroup.procs"; cat /etc/group'
    )
    log = audit(["sh", "-c", text, "sh", outside, root])
    assert [record["to"] for record in log.of("session.cgroup")] == [
        f"/{outside.name}",
        f"/{outside.name}/inner",
        "/",
    ]
    opened = log.of("session.disk", path="/etc/group")
    assert [(record["uid"], record["cgroup_id"]) for record in opened] == [
        (0, outside.stat().st_ino),
        (machine.NOBODY, inner.stat().st_ino),
        (0, root.stat().st_ino),
    ]
    remove(inner)


def test_a_cgroup_namespace_does_not_hide_the_cgroup(audit, outside):  # noqa: F811
    """Seen from its own namespace the process is at the top; the record has the cgroup as the machine calls it."""
    text = 'echo 0 >"$1/cgroup.procs"; exec unshare -C sh -c "cat /proc/self/cgroup /etc/group"'
    log = audit(["sh", "-c", text, "sh", outside])
    assert b"0::/\n" in log.out
    assert log.one("session.cgroup")["to"] == f"/{outside.name}"
    assert log.one("session.disk", path="/etc/group")["cgroup_id"] == outside.stat().st_ino


def test_work_that_is_handed_to_a_service(script, place):
    """The connection to a service that does things for whoever asks (a bus, docker, systemd) is recorded, with the
    socket's own path; a folder mounted over another one makes no other socket of it."""
    name = b"/run/system_bus_socket"
    with listener(socket.AF_UNIX, STREAM, (place + b"/system_bus_socket").decode()):
        s = Script()
        s.do("unshare", CLONE_NEWNS)
        s.do("mount", b"none", b"/", 0, MS_REC | MS_PRIVATE, 0)
        s.do("mount", place, b"/run", 0, MS_BIND, 0)
        one = s.do("socket", AF_UNIX, STREAM, 0)
        s.add("connect", one, *local(name), expect=unix(place + b"/system_bus_socket", name))
        script(s)


def test_work_that_is_handed_to_a_service_without_connecting(script, place):
    """A datagram to a socket, as syslog and systemd's notifications go, is recorded without any connect."""
    path = place + b"/notify"
    with listener(socket.AF_UNIX, DGRAM, path.decode()):
        s = Script()
        one = s.do("socket", AF_UNIX, DGRAM, 0)
        s.add(
            "sendto",
            one,
            b"READY=1",
            7,
            0,
            *local(path),
            expect=unix(path, operation="send", kind="dgram", result=7),
        )
        script(s)


def test_a_job_for_the_at_daemon(audit, place):
    """at(1) leaves a file for atd, and cron takes one from a folder: the file is recorded."""
    spool = place + b"/atjobs"
    os.mkdir(spool)
    log = audit(["sh", "-c", 'echo "touch /tmp/x" >"$1/a00001019a1b2c"', "sh", spool])
    record = log.one("session.disk", path=spool.decode() + "/a00001019a1b2c")
    assert (record["created"], record["flag_names"]) == (True, ["O_WRONLY", "O_CREAT", "O_TRUNC"])


HELPERS = ["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hotplug"]


@pytest.mark.parametrize("path", [path for path in HELPERS if os.path.exists(path)])
def test_a_program_for_the_kernel_to_run(audit, path):
    """What the kernel starts by itself, as root and outside of every session: whoever names the program is recorded.
    Opened and closed again, as if to write."""
    log = audit(["sh", "-c", ': >"$1"', "sh", path])
    record = log.one("session.disk", path=path)
    assert (record["path_source"], record["flag_names"]) == ("kernel", ["O_WRONLY", "O_CREAT", "O_TRUNC"])
    assert record["return_code"] >= 0
