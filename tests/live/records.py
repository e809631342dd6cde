# SPDX-License-Identifier: Apache-2.0
"""Read a log, and hold every record in it against all that must be true of any log."""
import base64
import collections
import datetime
import json
import re
import signal

import flags
import machine
from compiled import Compiler
from jsonschema import Draft202012Validator, RefResolver

PROBES = {
    "session.command",
    "session.exit",
    "session.disk",
    "session.network",
    "session.privilege",
    "session.ptrace",
    "session.kernel",
    "session.file",
    "session.cgroup",
    "session.tty",
}
HEAD = ["event", "time", "sid", "ei", "login", "user", "server_hostname", "server_id", "schema_version"]
TASK = ["pid", "ppid", "tid", "uid", "euid", "gid", "auid", "program", "exe", "cgroup_id"]
PATH_MAX = 4096
# From the root; longer than PATH_MAX, the beginning missing; in a mount that hangs in no tree.
KERNEL_PATHS = ("/", "...", "(unreachable)/")
SAME = [name for name in HEAD if name not in ("event", "time", "ei")]
PLAYS_WITH_TERMINALS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]"
)


class Judge:
    """Holds records of one event against their schema."""

    def __init__(self, schema, store, compiler):
        self.valid = compiler.compile(schema["$id"])
        self.slow = Draft202012Validator(schema, resolver=RefResolver(schema["$id"], schema, store=store))
        self.order = list(schema["properties"])

    def check(self, record):
        if not self.valid(record):
            errors = [f"{'/'.join(map(str, e.path))}: {e.message[:300]}" for e in self.slow.iter_errors(record)]
            raise AssertionError(f"{errors}\n{json.dumps(record)[:2000]}")
        assert list(record) == sorted(record, key=self.order.index), f"order: {list(record)}"


def load_schemas():
    """A judge for each event."""
    schemas = [json.loads(file.read_text()) for file in sorted(machine.SCHEMAS.glob("*.json"))]
    store = {schema["$id"]: schema for schema in schemas}
    compiler = Compiler(store)
    return {
        schema["title"]: Judge(schema, store, compiler)
        for schema in schemas
        if schema["title"].startswith(("session.", "agent."))
    }


JUDGES = load_schemas()


def show(data):
    """How a record shows bytes: each one that is no part of a valid sequence as U+FFFD."""
    return re.sub("[\udc80-\udcff]", "\ufffd", data.decode("utf-8", "surrogateescape"))


def is_text(data):
    return "\ufffd" not in show(data) or show(data).encode() == data


def strict_pairs(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), f"a name twice: {names}"
    return dict(pairs)


def refuse_constant(text):
    raise AssertionError(f"{text} is no JSON")


def parse_line(line):
    """One strict JSON object from one line of bytes."""
    text = line.decode("utf-8")
    assert not PLAYS_WITH_TERMINALS.search(text), f"unescaped control character: {text!r}"
    record = json.loads(text, object_pairs_hook=strict_pairs, parse_constant=refuse_constant)
    json.dumps(record, ensure_ascii=False).encode("utf-8")  # a lone surrogate fails here
    return record


def at_pointer(record, pointer):
    value = record
    for step in pointer[1:].split("/"):
        step = step.replace("~1", "/").replace("~0", "~")
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def exact(record, pointer):
    """A field's exact bytes."""
    if pointer in record.get("raw", {}):
        return base64.b64decode(record["raw"][pointer], validate=True)
    return at_pointer(record, pointer).encode("utf-8")


def nanoseconds(text):
    whole, fraction = text[:-1].split(".")
    moment = datetime.datetime.strptime(whole + "+0000", "%Y-%m-%dT%H:%M:%S%z")
    return int(moment.timestamp()) * 10**9 + int(fraction)


def check_raw(record):
    for pointer in record.get("raw", {}):
        data = exact(record, pointer)
        assert not is_text(data), f"raw holds valid text: {record}"
        assert show(data) == at_pointer(record, pointer), record


def check_places(record):
    """What is said of a path is said of one that is there, and can be seen in it."""
    for pointer in record.get("mount_namespaces", {}):
        assert at_pointer(record, pointer).startswith(("/", "...")), record
    cut, nameless = (record.get(name, []) for name in ("paths_truncated", "paths_nameless"))
    for pointer in cut:
        assert at_pointer(record, pointer).startswith("..."), record
    for pointer in nameless:
        assert at_pointer(record, pointer).startswith("/"), record
    for name in ("exe", "cwd", "path") if record.get("path_source") == "kernel" else ("exe", "cwd"):
        if record.get(name, "").startswith("..."):
            assert "/" + name in cut, record


def check_words(record):
    """Names must be those of the numbers that they stand beside."""
    if "flag_names" in record and record["event"] == "session.disk":
        name_flags = flags.tree_flag_names if record.get("via") == "open_tree" else flags.open_flag_names
        names, expected = record["flag_names"], name_flags(record["flags"])
        assert names[0] == expected[0] and sorted(names) == sorted(expected), record
        assert not any(name.startswith("0x") for name in names[:-1]), record
    if "signal" in record and record["signal"] < 32:
        assert record["signal_name"] == signal.Signals(record["signal"]).name, record
    if "family_name" in record:
        assert record["family_name"] == flags.family_name(record["family"]), record
    if "requested_path" in record:
        assert exact(record, "/requested_path") != exact(record, "/path"), record
        assert len(exact(record, "/requested_path")) < PATH_MAX, record
    if record.get("path_source") == "kernel" and not record.get("abstract"):
        assert record["path"].startswith(KERNEL_PATHS), record
    for name in ("exe", "cwd"):
        assert record.get(name, "/").startswith(KERNEL_PATHS), record


def check_record(record):
    assert record["event"] in JUDGES, record
    JUDGES[record["event"]].check(record)
    check_raw(record)
    check_places(record)
    check_words(record)


class Log:
    """The records of one session."""

    def __init__(self, data):
        assert data.endswith(b"\n"), f"no whole line at the end: {data[-300:]!r}"
        self.lines = data.split(b"\n")[:-1]
        self.records = [parse_line(line) for line in self.lines]
        for record in self.records:
            check_record(record)

    def check(self, lost=False):
        """What must be true of any whole session."""
        events = [record["event"] for record in self.records]
        assert events[0] == "session.start" and events.count("session.start") == 1, events[:5]
        assert events[-1] == "session.end" and events.count("session.end") == 1, events[-5:]
        assert [record["ei"] for record in self.records] == list(range(len(events)))
        for name in SAME:
            assert len({record[name] for record in self.records}) == 1, name
        self.check_names()
        self.check_counts(events, lost)
        self.check_times()
        return self

    def check_names(self):
        start = self.start
        assert start["login"] == start["user"] == machine.account()
        assert start["server_hostname"] == machine.hostname()
        assert start["cgroup_path"].endswith("/" + start["sid"]), start

    def check_counts(self, events, lost):
        end = self.end
        assert end["records"] == dict(collections.Counter(events)), end
        probed = sum(event in PROBES for event in events)
        assert end["numbered"] == probed + end["lost"], end
        told = sum(record["count"] for record in self.of("session.lost"))
        assert end["lost"] == told, f"{told} told of {end['lost']}"
        if not lost:
            assert end["lost"] == 0 and "session.lost" not in events, end

    def check_times(self):
        """Time goes on from record to record of each thread, within start and end."""
        last = {}
        begin = nanoseconds(self.start["time"])
        for record in self.records:
            now = nanoseconds(record["time"])
            # What another process does to a thread has no order with what the thread itself does, nor have completions.
            who = record.get("mover_pid") or record.get("tid")
            if record.get("via") == "io_uring":
                who = record["ei"]
            assert now >= last.get(who, begin), record
            last[who] = now
        finish = nanoseconds(self.end["time"])
        assert max(last.values()) <= finish, (self.records[-2], self.end)
        assert finish - begin == self.end["duration_ns"], self.end

    @property
    def start(self):
        return self.records[0]

    @property
    def end(self):
        return self.records[-1]

    def of(self, *events, **fields):
        """The records of these events that have these fields."""
        return [
            record
            for record in self.records
            if (not events or record["event"] in events)
            and all(record.get(name) == value for name, value in fields.items())
        ]

    def one(self, *events, **fields):
        found = self.of(*events, **fields)
        assert len(found) == 1, f"{len(found)} of {events} {fields} in\n{self.summary()}"
        return found[0]

    def probed(self):
        return [record for record in self.records if record["event"] in PROBES]

    def summary(self):
        """What a person needs to see why a test failed."""
        return "\n".join(
            f"{r['event']} {r.get('tid', '')} {r.get('program', '')} {json.dumps(own(r))[:300]}"
            for r in self.records[:100]
        )


def own(record):
    """What a record tells beyond the envelope and the task."""
    return {name: value for name, value in record.items() if name not in HEAD and name not in TASK}


def task(record):
    return {name: record[name] for name in TASK if name in record}
