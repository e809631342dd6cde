# SPDX-License-Identifier: Apache-2.0
"""Work that is handed to a daemon, the real ones: the job has a session of its own, of the account that it runs as."""
import pathlib
import shutil
import subprocess

import client
import machine
import pytest
import world
from session import LIMIT
from waiting import Watch

SPOOL = pathlib.Path("/var/spool/cron")
READY = pathlib.Path("/run/atd.pid")
JOB = "cat /etc/hostname >/dev/null; exit 4"


def spool_make():
    """What the daemons keep their jobs in, for the test alone."""
    world.mount("-t", "tmpfs", "-o", "mode=755", "none", SPOOL)
    for name, owner, group, mode in (
        ("atjobs", "daemon", "daemon", 0o1770),
        ("atspool", "daemon", "daemon", 0o1770),
        ("crontabs", "root", "crontab", 0o1730),
    ):
        (SPOOL / name).mkdir()
        shutil.chown(SPOOL / name, owner, group)
        (SPOOL / name).chmod(mode)
    sequence = world.write(SPOOL / "atjobs/.SEQ", "0\n", 0o600)
    shutil.chown(sequence, "daemon", "daemon")


@pytest.fixture
def daemon(pam):
    """Start a daemon that runs jobs; it is ended with the test."""
    running = []
    spool_make()

    def start(service, *words):
        pam(service)
        running.append(subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True))
        return running[-1]

    yield start
    for process in running:
        process.terminate()
        process.wait(LIMIT)
    for service in ("atd", "cron"):
        pam(service, None)
    subprocess.run(["umount", SPOOL], check=True)


def check_job(session, service):
    start = session.start
    assert (start["service"], start["login"]) == (service, "alice")
    assert not {"src_addr", "auth_method", "interactive"} & start.keys()
    assert start.get("tty") == {"cron": "cron", "atd": None}[service]
    opened = session.one("session.disk", path="/etc/hostname", program="cat")
    assert (opened["uid"], opened["auid"]) == (world.ALICE, world.ALICE)
    assert session.one("session.exit", exit_code=4)["uid"] == world.ALICE


def test_a_job_of_cron(agent, daemon):
    for path in (pathlib.Path("/etc/crontab"), *pathlib.Path("/etc/cron.d").iterdir()):
        path.write_text("")
    table = world.write(SPOOL / "crontabs/alice", f"@reboot {JOB}\n", 0o600)
    shutil.chown(table, "alice", "crontab")
    daemon("cron", machine.tool("cron"), "-f")
    (session,) = agent.ended().sessions
    check_job(session, "cron")
    assert session.one("session.command", argv=["-c", JOB])["return_code"] == 0


def test_a_job_that_a_session_leaves_for_later(agent, alice, daemon):
    """The session that calls at(1) has the file; the job's own session has what the job does."""
    with Watch(READY.parent) as watch:
        daemon("atd", machine.tool("atd"), "-f")
        watch.until(lambda: READY.exists() and READY.read_text())
    client.run(f"echo '{JOB}' | at now", key=alice)
    login, job = agent.ended(2).sessions
    assert login.start["service"] == "sshd"
    assert not login.of("session.disk", path="/etc/hostname")
    (file,) = [record for record in login.of("session.disk", created=True) if "/atjobs/" in record["path"]]
    assert (file["program"], file["uid"]) == ("at", world.ALICE)
    check_job(job, "atd")
