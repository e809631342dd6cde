# SPDX-License-Identifier: Apache-2.0
"""An agent that lasts for all tests of a strategy: their sessions need not load the probes anew each time."""
import ctypes
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import tempfile
import time

import machine

LIBC = ctypes.CDLL(None, use_errno=True)
LIMIT = 60  # seconds for its start and its end, sanitized and in a slow machine
LONG = 32 << 20  # bytes of a log
PR_SET_PDEATHSIG = 1
PASSED = ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS")
KINDS = ("privilege", "ptrace", "kernel", "file")
DEFAULT = frozenset(KINDS) - {"file"}
# All that an agent may have to say: that there is no such group here, and what choose() has changed.
KNOWN = re.compile("there is no group seshat|configuration: events[.]")

CONFIG = """\
[agent]
socket = {folder}/socket
state = {folder}
pin =
strategy = {strategy}
[session]
cgroup = own
[events]
{events}
[file]
path = {folder}/log
max_size = 0
"""


def kinds_of(options):
    """The kinds of events that the options turn on; None when they say anything else."""
    kinds = set(DEFAULT)
    for option in options:
        if not option.startswith("--events="):
            return None
        for word in option.removeprefix("--events=").split(","):
            name = word.removeprefix("-")
            change = set(KINDS) if name == "all" else {name}
            kinds = kinds - change if word.startswith("-") else kinds | change
    return frozenset(kinds)


def end_with_us():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class Resident:
    """A running agent with everything in a folder of its own, and a session that keeps the probes attached."""

    def __init__(self, strategy):
        self.folder = tempfile.TemporaryDirectory(prefix="seshat-agent-")
        self.socket = f"{self.folder.name}/socket"
        self.log_path = pathlib.Path(self.folder.name, "log")
        self.errors_path = pathlib.Path(self.folder.name, "errors")
        self.strategy = strategy
        self.kinds = DEFAULT
        self.told = ""
        self.holder = None
        self.write_config()
        self.start()
        self.hold()

    def write_config(self):
        events = "\n".join(f"{kind} = {'yes' if kind in self.kinds else 'no'}" for kind in KINDS)
        text = CONFIG.format(folder=self.folder.name, strategy=self.strategy, events=events)
        pathlib.Path(self.folder.name, "config").write_text(text)

    def start(self):
        notified = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notified.bind(f"{self.folder.name}/notified")
        environment = {name: os.environ[name] for name in PASSED if name in os.environ}
        with open(self.errors_path, "wb") as errors:
            self.process = subprocess.Popen(
                [machine.SESHATD, "--foreground", "-c", f"{self.folder.name}/config"],
                env=environment | {"NOTIFY_SOCKET": f"{self.folder.name}/notified"},
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                preexec_fn=end_with_us,
            )
        with notified:
            self.wait_ready(notified)

    def wait_ready(self, notified):
        deadline = time.monotonic() + LIMIT
        pidfd = os.pidfd_open(self.process.pid)
        try:
            while True:
                ready, _, _ = select.select([notified, pidfd], [], [], max(0, deadline - time.monotonic()))
                assert notified in ready, f"the agent does not get ready: {self.errors()}"
                if b"READY=1" in notified.recv(4096):
                    return
        finally:
            os.close(pidfd)

    def hold(self):
        """Ends with this process, however that ends."""
        self.holder = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        self.ask("session.open", user="root", service="tests", pid=self.holder.pid)

    def ask(self, name, **members):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as one:
            one.settimeout(LIMIT)
            one.connect(self.socket)
            one.send(json.dumps({"op": name, **members}).encode())
            reply = json.loads(one.recv(131072))
        assert reply["ok"] is True, reply
        return reply

    def choose(self, kinds):
        """Record these kinds of events from now on."""
        if kinds == self.kinds:
            return
        self.kinds = kinds
        self.write_config()
        self.ask("reload")

    def tidy(self):
        """Between tests: a log that has become long makes way for a new one."""
        if self.log_path.stat().st_size < LONG:
            return
        self.ask("rotate")
        for old in self.log_path.parent.glob("log?*"):
            old.unlink()

    def errors(self):
        return self.errors_path.read_text(errors="replace")

    def check(self):
        """It runs, and has said nothing since the last time."""
        told = "\n".join(line for line in self.errors().splitlines() if not KNOWN.search(line))
        new, self.told = told[len(self.told) :], told
        assert self.process.poll() is None, f"the agent has ended with {self.process.returncode}: {told}"
        assert not new, f"the agent says: {new}"

    def close(self):
        """In the orderly way, if it can."""
        if self.holder:
            self.holder.communicate()
        self.process.terminate()
        try:
            self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()


class Residents:
    """One for each strategy, started when it is needed first."""

    def __init__(self):
        self.agents = {}

    def get(self, strategy):
        agent = self.agents.get(strategy)
        if agent and agent.process.poll() is not None:
            agent.close()
            agent = None
        if not agent:
            agent = self.agents[strategy] = Resident(strategy)
        return agent

    def close(self):
        for agent in self.agents.values():
            agent.close()
