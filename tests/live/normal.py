# SPDX-License-Identifier: Apache-2.0
"""Records without what differs from run to run, so that two runs of a test can be compared."""
import base64
import hashlib
import json
import pathlib
import re

# What no two runs have in common, and what tells of the strategy itself.
DROPPED = {
    "time", "sid", "ei", "server_hostname", "server_id", "duration_ns", "runtime_ns", "utime_ns", "stime_ns",
    "strategy", "strategy_reason", "probes", "kernel", "version", "cgroup_path", "audit_session_id", "numbered", "records",
}  # fmt: skip
# Numbers that are other ones each time; that there is one is kept.
NUMBERS = {
    "pid", "ppid", "tid", "leader_pid", "mover_pid", "target_pid", "requested_pid", "pids", "inode", "loader_inode",
    "socket_inode", "cgroup_id", "network_namespace", "user_namespace", "program_id",
}  # fmt: skip
PORTS = {"src_port", "dst_port"}
EPHEMERAL = 10000  # ports from here on are given by the kernel, or by the test
PLACES = [
    (re.compile(r"seshat-live-[a-z0-9_]{8}"), "PLACE"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"), "SID"),
]
RUN = re.compile(r"[0-9a-f]{3,}")
DIGITS = re.compile(r"[0-9]{3,}")
AS_IT_IS = {"mode"}
# Programs of the tests look there until another one waits: nobody can say how often.
WAITING = re.compile(r"/proc/\d+(/task/\d+)?/(stat|status)")


def plain_run(match):
    """Pids, ports and addresses in names and arguments are long numbers, in decimal or hexadecimal digits."""
    run = match[0]
    return "#" if len(run) >= 6 and not run.isalpha() else DIGITS.sub("#", run)


def plain(text):
    for pattern, name in PLACES:
        text = pattern.sub(name, text)
    return RUN.sub(plain_run, text)


def plain_value(name, value):
    if name in NUMBERS:
        return "#"
    if name in PORTS and value >= EPHEMERAL:
        return "#"
    if name == "dev" and value.startswith("0:"):
        return "0:#"  # of a mount, not of a disk
    if name == "raw":
        return {key: plain(base64.b64decode(data).decode("latin-1")) for key, data in value.items()}
    if name == "mount_namespaces":
        return dict.fromkeys(value, "#")
    if isinstance(value, dict):
        return {key: plain_value(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain_value("", inner) for inner in value]
    return plain(value) if isinstance(value, str) and name not in AS_IT_IS else value


def plain_record(record):
    """With the relations of its pids, instead of the pids."""
    kept = {name: plain_value(name, value) for name, value in record.items() if name not in DROPPED}
    # A process ends with whichever of its threads ends last.
    if "tid" in record and record["event"] != "session.exit":
        kept["main_thread"] = record["tid"] == record["pid"]
    return kept


def group_of(record):
    """Whose records it is among: a thread's, or none's, where no two runs need have the same order or thread."""
    if record.get("via") == "io_uring":
        return "io_uring", record["ei"]
    return ("end", record["pid"]) if record["event"] == "session.exit" else record.get("tid")


def plain_session(records):
    """
    Each thread's records, in their order; the threads in an order that does not depend on which was faster. What comes
    through io_uring has no order.
    """
    threads = {}
    for record in records:
        if record["event"] == "session.disk" and WAITING.fullmatch(record.get("path", "")):
            continue
        threads.setdefault(group_of(record), []).append(json.dumps(plain_record(record), sort_keys=True))
    return [line for lines in sorted(threads.values()) for line in lines]


def name_of(node, strategy):
    """A file's name for a test, without the strategy."""
    name = re.sub(rf"\[{strategy}\]|(?<=\[){strategy}-|-{strategy}(?=[-\]])", "", node)
    return re.sub(r"[^\w.-]+", "_", name)[:120] + "-" + hashlib.sha256(name.encode()).hexdigest()[:8]


class Kept:
    """What one test has recorded, to be written into a folder of its strategy."""

    def __init__(self, node, strategy, folder, reason):
        self.node = node
        self.folder = folder  # or None: nothing is kept
        self.strategy = strategy
        self.reason = reason  # why it cannot be compared, or None
        self.sessions = []

    def add(self, records):
        if self.folder and not self.reason:
            self.sessions.append(plain_session(records))

    def write(self):
        if not self.folder:
            return
        folder = pathlib.Path(self.folder, self.strategy)
        folder.mkdir(parents=True, exist_ok=True)
        head = {"test": self.node, "incomparable": self.reason, "sessions": len(self.sessions)}
        lines = [json.dumps(head), *(line for one in self.sessions for line in one)]
        (folder / name_of(self.node, self.strategy)).write_text("\n".join(lines) + "\n", encoding="utf-8")
