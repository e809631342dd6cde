# SPDX-License-Identifier: Apache-2.0
"""A process of several threads joins the session's cgroup: whichever thread goes on, executes, or ends last."""
import os
import pathlib
import time

import machine
import pytest
from session import LIMIT, folder_of, json_lines, wait_gone

FOLDER = "/seshat-joined"
THREADS = ["leader", "actor", "1", "2", "3"]


def wait_zombie(pid):
    """Until the leader's thread has ended and others go on, which older kernels say to nobody: look until it has."""
    deadline = time.monotonic() + LIMIT
    while pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
        assert time.monotonic() < deadline, f"the leader of {pid} still runs"


class Joined:
    """The workload, told what to do step by step."""

    def __init__(self, process):
        self.process = process
        self.pid = process.pid
        self.facts = {fact["name"]: fact for fact in self.told(len(THREADS))}

    def told(self, count):
        return json_lines(b"".join(self.process.stdout.readline() for _ in range(count)))

    def enter(self, first):
        (folder_of(first) / "cgroup.procs").write_text(str(self.pid))

    def join(self, leader, first):
        """Into the session, with a leader that ended before that, ends after it, or lives on."""
        if leader == "ended":
            wait_zombie(self.pid)
        self.enter(first)
        if leader == "ends":
            self.step()
            wait_zombie(self.pid)

    def step(self):
        self.process.stdin.write(b"x")
        self.process.stdin.flush()

    def tid(self, name):
        return self.facts[name]["tid"]

    def opened(self, *names):
        return [(f"{FOLDER}/{name}", self.pid, self.tid(name)) for name in names]


@pytest.fixture
def joined(bystander):
    return lambda leader, folder, *program: Joined(
        bystander(machine.workload("joined"), leader, folder, *program)
    )


def opens(log, pid):
    return [(record["path"], record["pid"], record["tid"]) for record in log.of("session.disk", pid=pid)]


def check_process(log, process, expected_opens, commands, code=0):
    """Everything that the log has of the process: its opens, its commands, and one end, which is the last."""
    own = log.of(pid=process.pid)
    assert opens(log, process.pid) == expected_opens, log.summary()
    assert len(own) == len(expected_opens) + commands + 1, log.summary()
    assert own[-1]["event"] == "session.exit" and own[-1]["exit_code"] == code
    assert {record["ppid"] for record in own} == {os.getpid()}
    assert "processes" not in log.end


def check_command(log, process, argv):
    """The exec of a thread that is no leader: the new program's only thread has the leader's number."""
    command = log.one("session.command", pid=process.pid)
    assert (command["tid"], command["return_code"], command["path"]) == (process.pid, 0, argv[0])
    assert (command["argv0"], command["argv"], command["exe"]) == (argv[0], argv[1:], argv[0])
    return command


@pytest.mark.parametrize("folder", [FOLDER, ""], ids=["known", "unknown"])
@pytest.mark.parametrize("leader", ["waits", "ends", "ended"])
def test_a_thread_executes(waiting, joined, leader, folder):
    """Whether it did something before, that the probes saw, or not; whether its leader lives or not."""
    session, first = waiting
    after = [machine.workload("joiner"), "0", "/seshat-joined-after"]
    process = joined(leader, folder, *after)
    process.join(leader, first)
    process.step()
    (fact,) = process.told(1)
    assert (fact["pid"], fact["tid"]) == (process.pid, process.pid)
    process.step()
    assert process.process.wait(LIMIT) == 0
    session.finish(b"")
    log = session.log()
    before = (["leader"] if leader == "ends" else []) + ["actor"]
    expected = process.opened(*before) if folder else []
    check_process(log, process, [*expected, (f"{after[2]}/0", process.pid, process.pid)], commands=1)
    command = check_command(log, process, after)
    own = log.of(pid=process.pid)
    assert own.index(command) == len(expected)
    assert {record["program"] for record in own[: len(expected)]} <= {"joined"}
    assert {record["program"] for record in own[len(expected) :]} == {"joiner"}


@pytest.mark.parametrize("leader", ["waits", "ends", "ended"])
def test_its_children_after_that(waiting, joined, leader):
    """A shell that a thread became: its children are the session's as any other's."""
    session, first = waiting
    text = "cat /etc/group >/dev/null; (exit 3); exit 7"
    shell = machine.tool("sh")
    process = joined(leader, FOLDER, shell, "-c", text)
    process.join(leader, first)
    process.step()
    assert process.process.wait(LIMIT) == 7
    session.finish(b"")
    log = session.log()
    check_command(log, process, [shell, "-c", text])
    group = log.one("session.disk", path="/etc/group")
    assert (group["ppid"], group["program"]) == (process.pid, "cat")
    cat = log.one("session.command", pid=group["pid"])
    assert (cat["argv"], cat["path"]) == (["/etc/group"], machine.tool("cat"))
    ends = [(record["ppid"], record["exit_code"]) for record in log.of("session.exit")]
    assert sorted(code for parent, code in ends if parent == process.pid) == [0, 3]
    assert log.one("session.exit", pid=process.pid)["exit_code"] == 7


@pytest.mark.incomparable("how far its threads come depends on when it joins")
@pytest.mark.parametrize("leader", ["waits", "ends", "ended"])
def test_the_others_go_on_and_end(waiting, joined, leader):
    """The process ends with the last of its threads, and the session with the process; each once."""
    session, first = waiting
    process = joined(leader, FOLDER)
    process.join(leader, first)
    process.step()
    assert process.process.wait(LIMIT) == 0
    session.finish(b"")
    log = session.log()
    before = (["leader"] if leader == "ends" else []) + ["actor"]
    got = opens(log, process.pid)
    assert got[: len(before)] == process.opened(*before)
    assert sorted(got[len(before) :]) == process.opened("1", "2", "3")
    check_process(log, process, got, commands=0)


@pytest.mark.incomparable("which of its threads ends last depends on who is faster")
@pytest.mark.parametrize("leader", ["waits", "ends", "ended"])
def test_ended_by_a_signal(waiting, joined, leader):
    """None of its threads ever did anything that a probe would see."""
    session, first = waiting
    process = joined(leader, "")
    process.join(leader, first)
    process.process.kill()
    assert process.process.wait(LIMIT) == -9
    session.finish(b"")
    (record,) = session.log().of(pid=process.pid)
    assert (record["event"], record["signal_name"]) == ("session.exit", "SIGKILL")


@pytest.mark.incomparable("how far its threads come depends on when it joins")
def test_the_session_waits_for_the_threads_that_go_on(waiting, joined):
    """COMMAND has ended, and so has the leader of what joined: the session has not, until the last thread has."""
    session, first = waiting
    process = joined("ended", FOLDER)
    wait_zombie(process.pid)
    process.enter(first)
    session.process.stdin.close()
    session.process.stdin = None
    wait_gone(first["leader_pid"])
    assert session.process.poll() is None
    process.step()
    assert process.process.wait(LIMIT) == 0
    session.finish()
    log = session.log()
    assert sorted(opens(log, process.pid)) == sorted(process.opened("actor", "1", "2", "3"))
    assert log.one("session.exit", pid=process.pid)["exit_code"] == 0
