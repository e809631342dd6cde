# SPDX-License-Identifier: Apache-2.0
"""The session's cgroup, where logind has made one. There is no logind here: the scope is made as it would make it, and
sd-login, which goes by the cgroup, takes it for one."""
import os
import pathlib
import subprocess

import control
import machine
import pytest


@pytest.fixture
def scope():
    folder = pathlib.Path(machine.cgroup_folder("/user.slice/user-2001.slice/session-c7.scope"))
    folder.mkdir(parents=True)
    yield folder
    for one in (folder, folder.parent, folder.parent.parent):
        one.rmdir()


def in_scope(scope, logind_session):
    """A login in the scope, for which PAM knows this id of logind's; returns the leader's pid."""
    pid = os.fork()
    if pid == 0:
        try:
            (scope / "cgroup.procs").write_text("0")
            control.good("session.open", user="alice", service="sshd", logind_session=logind_session)
            os.close(os.open("/etc/hostname", os.O_RDONLY))
        finally:
            os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    return pid


def test_the_scope_is_the_session_s_cgroup_and_stays(agent, scope):
    pid = in_scope(scope, "c7")
    (session,) = agent.ended().sessions
    assert session.start["cgroup_path"] == "/user.slice/user-2001.slice/session-c7.scope"
    assert session.start["logind_session"] == "c7"
    assert session.one("session.disk", path="/etc/hostname")["pid"] == pid
    assert not session.of("session.cgroup")
    assert scope.exists()


def test_who_joins_the_scope_later_is_recorded(agent, scope):
    cat = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    in_scope_pid = os.fork()
    if in_scope_pid == 0:
        try:
            (scope / "cgroup.procs").write_text("0")
            control.good("session.open", user="alice", service="sshd", logind_session="c7")
            (scope / "cgroup.procs").write_text(str(cat.pid))
        finally:
            os._exit(0)
    assert os.waitpid(in_scope_pid, 0)[1] == 0
    cat.stdin.close()
    cat.wait()
    (session,) = agent.ended().sessions
    assert session.one("session.exit", pid=cat.pid)["exit_code"] == 0


def test_who_was_in_the_scope_before_opens_no_second_session(agent, scope):
    """What else of a login is in its scope: whoever of them asks, it is the same session."""
    before = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    (scope / "cgroup.procs").write_text(str(before.pid))
    asked = {"user": "alice", "service": "sshd", "logind_session": "c7"}
    pid = os.fork()
    if pid == 0:
        try:
            (scope / "cgroup.procs").write_text("0")
            first = control.good("session.open", **asked)
            second = control.good("session.open", pid=before.pid, **asked)
            assert (first["switched"], second["switched"]) == (False, True)
            assert first["sid"] == second["sid"]
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0
    before.stdin.close()
    before.wait()
    (session,) = agent.ended().sessions
    assert session.one("session.switch")["pid"] == before.pid
    assert agent.status()["sessions"] == {"open": 0, "opened": 1, "switched": 1, "refused": 0}


@pytest.mark.parametrize("claimed", ["c8", "7", "../c7", ""])
def test_an_id_that_is_not_that_of_the_scope(agent, scope, claimed):
    in_scope(scope, claimed)
    (session,) = agent.ended().sessions
    assert session.start["cgroup_path"] == f"/seshat/{session.sid}"


def test_a_cgroup_of_its_own_if_it_is_configured_so(start_agent, scope):
    agent = start_agent({"session": {"cgroup": "own"}})
    in_scope(scope, "c7")
    (session,) = agent.ended().sessions
    assert session.start["cgroup_path"] == f"/seshat/{session.sid}"
