# SPDX-License-Identifier: Apache-2.0
"""The agent's log: its sessions and its own runs, each held against all that must be true of it."""
import collections
import contextlib
import pathlib

import machine
from records import HEAD, Log, nanoseconds

LOG = pathlib.Path("/var/log/seshat/audit.jsonl")
ONE_MS = 10**6
STRATEGIES = ("tracepoint", "trampoline")  # what there is on this kernel is another test's affair
OWN = {"agent.start", "agent.stop", "agent.config"}


class Session(Log):
    """One session of the agent's."""

    def __init__(self, lines):
        super().__init__(b"".join(line + b"\n" for line in lines))
        self.resumed = False  # did another agent go on with it?

    def check_names(self):
        start = self.start
        assert start["server_hostname"] == machine.hostname()
        scope = f"/session-{start.get('logind_session')}.scope"
        assert start["cgroup_path"] == f"/seshat/{start['sid']}" or start["cgroup_path"].endswith(scope), start
        assert start["strategy"] in STRATEGIES and "probes_missing" not in start, start

    def check_times(self):
        """Each agent measures anew how far the clock of the kernel's records is from the time of day."""
        begin, finish = nanoseconds(self.start["time"]), nanoseconds(self.end["time"])
        drift = finish - begin - self.end["duration_ns"]
        assert abs(drift) <= (ONE_MS if self.resumed else 0), self.end
        exact = self.end["duration_ns"]
        self.end["duration_ns"] += drift
        try:
            super().check_times()
        finally:
            self.end["duration_ns"] = exact

    @property
    def sid(self):
        return self.records[0]["sid"]

    def of_tree(self, pid):
        """The records of a process and of all that descend from it."""
        tree, found = {pid}, []
        for record in self.records:
            if record.get("ppid") in tree:
                tree.add(record["pid"])
            if record.get("pid") in tree and "tid" in record:
                found.append(record)
        return found

    def shell(self, uid):
        """The first program that the account itself ran: its shell, begun by sshd."""
        return next(r for r in self.of("session.command") if r["euid"] == uid and r["return_code"] == 0)

    def theirs(self, uid):
        """What the account did: its shell, and all that came of it."""
        return self.of_tree(self.shell(uid)["pid"])

    def programs(self, uid):
        """The command lines that the account ran, in order: failed ones apart."""
        return [
            [record["argv0"], *record["argv"]]
            for record in self.theirs(uid)
            if record["event"] == "session.command" and record["return_code"] == 0
        ]

    def opened(self, path):
        return self.of("session.disk", path=path)


class Run(Log):
    """What one run of the agent tells of itself."""

    def __init__(self, lines):
        super().__init__(b"".join(line + b"\n" for line in lines))

    def check(self, stopped=True):
        events = [record["event"] for record in self.records]
        assert events[0] == "agent.start" and events.count("agent.start") == 1, events
        assert set(events) <= OWN | {
            "session.lost"
        }, events  # of sessions that were over when it could be told
        assert (events[-1] == "agent.stop") is stopped and events.count("agent.stop") == int(stopped), events
        assert [record["ei"] for record in self.records] == list(range(len(events)))
        for name in ("sid", "server_hostname", "server_id", "schema_version"):
            assert len({record[name] for record in self.records}) == 1, name
        return self


class AgentLog:
    """All lines of a log, taken apart."""

    def __init__(self, data):
        assert data.endswith(b"\n") or not data, f"no whole line at the end: {data[-300:]!r}"
        groups = collections.defaultdict(list)
        for line in data.split(b"\n")[:-1]:
            groups[sid_of(line)].append(line)
        self.sessions, self.runs = [], []
        for lines in groups.values():
            if event_of(lines[0]).startswith("agent."):
                self.runs.append(Run(lines))
            else:
                self.sessions.append(Session(lines))
        for session in self.sessions:
            session.resumed = len(self.runs) > 1

    def check(self, lost=False):
        for one in self.sessions:
            one.check(lost)
        return self

    def one(self, **start):
        """The one session that began like this."""
        found = [
            one for one in self.sessions if all(one.start.get(name) == value for name, value in start.items())
        ]
        assert len(found) == 1, [one.start for one in self.sessions]
        return found[0]


def sid_of(line):
    return line.split(b'"sid":"', 1)[1][:36].decode()


def event_of(line):
    return line.split(b'"event":"', 1)[1].split(b'"', 1)[0].decode()


def parts(path=LOG):
    """The log and those from before it, oldest first."""
    numbered = [(int(one.name.rsplit(".", 1)[1]), one) for one in path.parent.glob(path.name + ".[0-9]*")]
    return [one for _, one in sorted(numbered, reverse=True)] + ([path] if path.exists() else [])


def places(path):
    return [(one, one.stat().st_ino) for one in parts(path)]


def read(path=LOG):
    """All of it; begun again when a rotation has moved files meanwhile."""
    while True:
        with contextlib.suppress(FileNotFoundError):
            before = places(path)
            data = b"".join(one.read_bytes() for one, _ in before)
            if places(path) == before:
                return data


def own(record):
    """What a record tells beyond the envelope."""
    return {name: value for name, value in record.items() if name not in HEAD}
