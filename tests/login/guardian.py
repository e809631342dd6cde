#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
Ends whatever a test run has started, and removes its cgroups, when the run lets go of it or dies.

    guardian.py CGROUP PIDFD

PIDFD is the run's; standard input is a pipe that nobody but the run writes to. Everything that the run starts is
in CGROUP or below it, so that one write to cgroup.kill ends it all, also what has made itself a daemon. The mounts
and accounts of the run are those of its namespaces, which end with their last process.
"""
import os
import pathlib
import select
import signal
import sys
import time

LIMIT = 20  # seconds


def populated(folder):
    return "populated 1" in (folder / "cgroup.events").read_text()


def wait_empty(folder):
    """Until no process is in it, which the kernel says by a change of cgroup.events."""
    poll = select.poll()
    deadline = time.monotonic() + LIMIT
    with open(folder / "cgroup.events", "rb") as events:
        poll.register(events, select.POLLPRI)
        while populated(folder) and time.monotonic() < deadline:
            poll.poll(1000)


def remove(folder):
    """The cgroup and all below it, the deepest first."""
    for path, _, _ in os.walk(folder, topdown=False):
        os.rmdir(path)


def end(folder):
    if folder.is_dir():
        # What is frozen would be killed only later: cgroup.kill thaws nothing above it.
        for freeze in folder.rglob("cgroup.freeze"):
            freeze.write_text("0")
        (folder / "cgroup.kill").write_text("1")
        wait_empty(folder)
        remove(folder)


def main(cgroup, pidfd):
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    poll = select.poll()
    poll.register(int(pidfd), select.POLLIN)
    poll.register(sys.stdin.fileno(), select.POLLIN)
    poll.poll()
    end(pathlib.Path(cgroup))


if __name__ == "__main__":
    main(*sys.argv[1:])
