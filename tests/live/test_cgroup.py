# SPDX-License-Identifier: Apache-2.0
"""Joining the session's cgroup, leaving it, and being born in it or out of it."""
import os
import pathlib
import select
from errno import EACCES, ECONNREFUSED, ENOENT

import machine
import pytest
from addresses import AF_INET, AF_INET6, DGRAM, STREAM, closed_port, listener, v4, v6
from calls import AT_FDCWD, Script
from expect import LOCAL, UDP, disk, given_back, inet
from flags import O_CREAT, O_RDONLY, O_WRONLY
from records import own
from session import folder_of, json_lines, read_until


def session_cgroup(told):
    """The session's cgroup: what the first record said, which the check puts beside the facts."""
    return told["all"]["session"]["call"]["cgroup_path"]


@pytest.fixture
def outside():
    """A cgroup of the test's own, beside every session's; removed at the end."""
    folder = pathlib.Path(machine.cgroup_root(), f"seshat-test-{os.getpid()}")
    folder.mkdir()
    yield folder
    remove(folder)


def remove(folder):
    """Remove a cgroup once it is empty: cgroup.events tells when."""
    (folder / "cgroup.kill").write_text("1")
    events = folder / "cgroup.events"
    with open(events) as file:
        while "populated 1" in file.read():
            poll = select.poll()
            poll.register(file, select.POLLPRI)
            assert poll.poll(10000), f"{folder} is not empty"
            file.seek(0)
    folder.rmdir()


@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize("threads", [0, 5])
def test_an_outside_process_that_joins_is_recorded_from_then_on(waiting, bystander, threads, below):
    session, first = waiting
    target = folder_of(first)
    process = bystander(machine.workload("joiner"), str(threads), "/seshat-joiner")
    told = json_lines(b"".join(process.stdout.readline() for _ in range(threads + 1)))
    if below:
        target = target / "inner"
        target.mkdir()
    (target / "cgroup.procs").write_text(str(process.pid))
    process.stdin.write(b"x")
    process.stdin.close()
    assert process.wait() == 0
    if below:
        remove(target)
    session.finish(b"")
    log = session.log()
    opens = log.of("session.disk", pid=process.pid)
    assert sorted((r["path"], r["tid"]) for r in opens) == sorted(
        (f"/seshat-joiner/{f['index']}", f["tid"]) for f in told
    )
    assert {(r["ppid"], r["program"], r["exe"]) for r in opens} == {
        (os.getpid(), "joiner", machine.workload("joiner"))
    }
    assert log.one("session.exit", pid=process.pid)["exit_code"] == 0
    assert len(log.of(pid=process.pid)) == len(opens) + 1


def test_what_it_did_before_it_joined_is_not_recorded(waiting, bystander):
    session, first = waiting
    shell = bystander("sh")
    shell.stdin.write(b"cat /seshat-before 2>/dev/null; echo done\n")
    shell.stdin.flush()
    read_until(shell.stdout, b"done")
    (folder_of(first) / "cgroup.procs").write_text(str(shell.pid))
    shell.stdin.write(b"read x < /seshat-after 2>/dev/null; exit 5\n")
    shell.stdin.close()
    assert shell.wait() == 5
    session.finish(b"")
    log = session.log()
    assert not log.of(path="/seshat-before")
    assert log.one("session.disk", path="/seshat-after")["pid"] == shell.pid
    assert log.one("session.exit", pid=shell.pid)["exit_code"] == 5


def test_born_into_the_session(waiting, bystander):
    """clone3() with CLONE_INTO_CGROUP, by a process outside: nobody ever moves that child."""
    session, first = waiting
    process = bystander(machine.workload("into_cgroup"), str(folder_of(first)), "/seshat-born-inside")
    out, _ = process.communicate()
    child = json_lines(out)[0]["pid"]
    assert process.returncode == 0
    session.finish(b"")
    log = session.log()
    assert log.one("session.disk", pid=child)["path"] == "/seshat-born-inside"
    assert log.one("session.exit", pid=child)["exit_code"] == 0
    assert not log.of(pid=process.pid)


def test_born_out_of_the_session(audit, outside):
    """The same from inside: the child's cgroup is another one, its session is not."""
    log = audit([machine.workload("into_cgroup"), str(outside), "/seshat-born-outside"])
    child = json_lines(log.out)[0]["pid"]
    record = log.one("session.disk", pid=child)
    assert record["path"] == "/seshat-born-outside"
    assert record["cgroup_id"] == outside.stat().st_ino
    moved = log.one("session.cgroup", pid=child)
    assert own(moved) == {
        "from": log.start["cgroup_path"],
        "to": f"/{outside.name}",
        "mover_pid": log.start["leader_pid"],
    }
    assert log.one("session.exit", pid=child)["exit_code"] == 0


def test_recording_goes_on_after_leaving(script, outside):
    """By its own write to another cgroup's cgroup.procs: said so, and of no use."""
    procs = os.fsencode(outside / "cgroup.procs")
    with listener() as server, listener(kind=DGRAM) as four, closed_port() as none:
        port, udp_port, refused = (server.getsockname()[1], four.getsockname()[1], none.getsockname()[1])
        s = Script()
        descriptor = s.do("open", procs, O_WRONLY, expect=disk(procs, flags=O_WRONLY))
        s.add(
            "write",
            descriptor,
            b"0",
            1,
            result=1,
            expect=("session.cgroup", {"from": session_cgroup, "to": f"/{outside.name}"}),
        )
        s.add("open", b"/etc/passwd", O_RDONLY, expect=disk(b"/etc/passwd", flags=O_RDONLY))
        s.add(
            "openat",
            AT_FDCWD,
            b"/none/new",
            O_CREAT | O_WRONLY,
            0o600,
            expect=disk(b"/none/new", flags=O_CREAT | O_WRONLY, mode=0o600, result=-ENOENT),
        )
        tcp = s.do("socket", AF_INET, STREAM, 0)
        s.add(
            "connect",
            tcp,
            *v4("127.0.0.1", port),
            flags="n",
            expect=inet("connect", "127.0.0.1", port, **LOCAL),
        )
        failing = s.do("socket", AF_INET, STREAM, 0)
        s.add(
            "connect",
            failing,
            *v4("127.0.0.1", refused),
            expect=inet(
                "connect", "127.0.0.1", refused, **given_back("127.0.0.1"), result=-ECONNREFUSED
            ),
        )
        udp = s.do("socket", AF_INET, DGRAM, 0)
        s.add(
            "connect",
            udp,
            *v4("127.0.0.1", udp_port),
            flags="n",
            expect=inet("connect", "127.0.0.1", udp_port, **LOCAL, **UDP),
        )
        bare = s.do("socket", AF_INET, DGRAM, 0)
        s.add(
            "sendto",
            bare,
            b"secret",
            6,
            0,
            *v4("127.0.0.1", udp_port),
            flags="n",
            expect=inet("send", "127.0.0.1", udp_port, **LOCAL, **UDP, result=6),
        )
        s.add(
            "sendto",
            bare,
            b"x",
            1,
            0,
            *v4("255.255.255.255", 9),
            flags="n",
            expect=inet("send", "255.255.255.255", 9, **LOCAL, **UDP, result=-EACCES),
        )
        six = s.do("socket", AF_INET6, DGRAM, 0)
        s.add(
            "sendto",
            six,
            b"secret",
            6,
            0,
            *v6("::1", 9),
            flags="n",
            expect=inet("send", "::1", 9, **LOCAL, **UDP, result=6),
        )
        log = script(s, cgroups=2)
    assert log.of("session.cgroup")[0]["cgroup_id"] == outside.stat().st_ino
    after = log.of("session.disk", path="/etc/passwd")[0]
    assert after["cgroup_id"] == outside.stat().st_ino


@pytest.mark.incomparable("it may be moved before it executes or after")
def test_moved_by_another_process(waiting, outside):
    session, first = waiting
    leader = first["leader_pid"]
    (outside / "cgroup.procs").write_text(str(leader))
    session.finish(b"")
    log = session.log()
    assert own(log.one("session.cgroup")) == {
        "from": first["cgroup_path"],
        "to": f"/{outside.name}",
        "mover_pid": os.getpid(),
    }
    assert log.one("session.cgroup")["pid"] == leader
    assert log.one("session.exit", pid=leader)["exit_code"] == 0


def test_each_thread_that_leaves_is_told_once(waiting, bystander, outside):
    """A process of several threads joins, then leaves for two cgroups in turn."""
    session, first = waiting
    process = bystander(machine.workload("joiner"), "3", "/seshat-leaver")
    told = json_lines(b"".join(process.stdout.readline() for _ in range(4)))
    second = outside / "second"
    second.mkdir()
    for folder in (folder_of(first), outside, second):
        (folder / "cgroup.procs").write_text(str(process.pid))
    process.stdin.write(b"x")
    process.stdin.close()
    assert process.wait() == 0
    remove(second)
    session.finish(b"")
    log = session.log()
    moves = log.of("session.cgroup", pid=process.pid)
    leader = [(r["from"], r["to"], r["mover_pid"]) for r in moves if r["tid"] == process.pid]
    assert leader == [
        (first["cgroup_path"], f"/{outside.name}", os.getpid()),
        (f"/{outside.name}", f"/{outside.name}/second", os.getpid()),
    ]
    assert len(log.of("session.disk", pid=process.pid)) == len(told)


def test_moving_within_the_session_is_no_leaving(audit):
    """Below the session's own cgroup it is still inside."""
    root = machine.cgroup_root()
    text = (
        f'own="{root}$(sed -n s/^0:://p /proc/self/cgroup)"; mkdir "$own/inner"; echo $$ > "$own/inner/cgroup.procs"; '
        'cat /etc/group > /dev/null; echo $$ > "$own/cgroup.procs"; rmdir "$own/inner"'
    )
    log = audit(["sh", "-c", text])
    assert not log.of("session.cgroup")
    assert len({record["cgroup_id"] for record in log.probed()}) == 2
    log.one("session.disk", path="/etc/group")


def test_the_cgroup_id_is_the_folders_inode(waiting):
    session, first = waiting
    inode = folder_of(first).stat().st_ino
    assert machine.cgroup_of(first["leader_pid"]) == first["cgroup_path"]
    session.finish(b"")
    assert {record["cgroup_id"] for record in session.log().probed()} == {inode}
