# SPDX-License-Identifier: Apache-2.0
"""The schemas are valid, say what every field is, and take exactly what they should."""
import copy
import json

import pytest
from conftest import EVENTS, SCHEMAS, STORE, example, examples, validator
from jsonschema import Draft202012Validator

ENVELOPE = ["event", "time", "sid", "ei", "login", "user", "server_hostname", "server_id", "schema_version"]
TASK = ["pid", "ppid", "tid", "uid", "euid", "gid", "auid", "program", "exe", "cgroup_id"]
SAID_BY_USER_SPACE = {
    "session.start",
    "session.switch",
    "session.logout",
    "session.lost",
    "session.end",
    "agent.start",
    "agent.config",
    "agent.stop",
}


def field(schema, name):
    """A property's definition, with a reference into common.json followed."""
    definition = schema["properties"][name]
    if "$ref" not in definition:
        return definition
    shared = STORE["https://seshat.invalid/schemas/1/common.json"]["$defs"]
    return shared[definition["$ref"].removeprefix("common.json#/$defs/")]


def changed(record, changes):
    """The record with changes: a key with None is removed."""
    record = copy.deepcopy(record)
    for key, value in changes.items():
        record.pop(key, None)
        if value is not None:
            record[key] = value
    return record


def merged(event, changes):
    return changed(example(event), changes)


def test_every_file_is_a_valid_schema():
    assert len(STORE) == 19
    for schema in STORE.values():
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        Draft202012Validator.check_schema(schema)


def test_names_agree(event):
    schema = EVENTS[event]
    assert schema["properties"]["event"]["const"] == event
    assert schema["$id"].endswith(f"/{event}.json")
    assert json.loads((SCHEMAS / f"{event}.json").read_text()) == schema


def test_nothing_but_the_listed_fields(event):
    assert EVENTS[event]["additionalProperties"] is False


def test_every_field_is_described_with_valid_examples(event):
    schema = EVENTS[event]
    for name in schema["properties"]:
        definition = field(schema, name)
        assert definition["description"].endswith("."), name
        assert definition["examples"], name
        for value in definition["examples"]:
            Draft202012Validator(definition).validate(value)
        for inner in definition.get("items", {}).get("properties", {}).values():
            assert inner["description"] and inner["examples"], name


def test_integers_have_bounds(event):
    schema = EVENTS[event]
    for name in schema["properties"]:
        definition = field(schema, name)
        if definition.get("type") == "integer":
            assert definition["minimum"] < definition["maximum"], name


def test_fields_begin_with_the_envelope_and_the_task_and_end_with_raw(event):
    names = list(EVENTS[event]["properties"])
    head = ENVELOPE if event in SAID_BY_USER_SPACE else ENVELOPE + TASK
    assert names[: len(head)] == head
    assert names[-1] == "raw"
    assert set(head) - {"exe"} <= set(EVENTS[event]["required"])


def test_each_example_is_one_line_and_valid_and_in_order(event):
    text = (SCHEMAS / "examples" / f"{event}.jsonl").read_text()
    assert text.endswith("\n") and text.count("\n") == len(examples(event))
    order = list(EVENTS[event]["properties"])
    for line, record in zip(text.splitlines(), examples(event)):
        assert json.dumps(record, ensure_ascii=False, separators=(",", ":")) == line
        validator(event).validate(record)
        assert sorted(record, key=order.index) == list(record)


@pytest.mark.parametrize("event", sorted(SAID_BY_USER_SPACE))
def test_every_field_is_in_an_example(event):
    shown = {name for record in examples(event) for name in record}
    assert set(EVENTS[event]["properties"]) - shown <= {"raw", "auth_incomplete"}


def test_the_names_of_events_are_those_of_the_schemas():
    common = STORE["https://seshat.invalid/schemas/1/common.json"]
    assert set(common["$defs"]["event_name"]["enum"]) == set(EVENTS)
    named = EVENTS["session.lost"]["properties"]["by_event"]["propertyNames"]["enum"]
    assert set(named) == set(EVENTS) | {"unknown"}
    named = EVENTS["session.end"]["properties"]["records"]["propertyNames"]["enum"]
    assert set(named) == {event for event in EVENTS if event.startswith("session.")}


def test_no_example_without_a_schema():
    assert {file.stem for file in (SCHEMAS / "examples").iterdir()} == set(EVENTS)


def test_a_removed_required_field_is_refused(event):
    for name in EVENTS[event]["required"]:
        for record in examples(event):
            del record[name]
            assert not validator(event).is_valid(record), name


def test_an_unknown_field_is_refused(event):
    for name in ("extra", "Event", "raw2", "pid "):
        for record in examples(event):
            assert not validator(event).is_valid(record | {name: 1}), name


def test_a_wrong_type_is_refused_in_every_field(event):
    for record in examples(event):
        for name in record:
            for wrong in (None, 1.5, [[]], {"a": {}}, {}):
                assert not validator(event).is_valid(record | {name: wrong}), (name, wrong)


def test_a_number_out_of_bounds_is_refused(event):
    schema = EVENTS[event]
    for record in examples(event):
        for name in record:
            definition = field(schema, name)
            if definition.get("type") == "integer":
                for wrong in (definition["minimum"] - 1, definition["maximum"] + 1):
                    assert not validator(event).is_valid(record | {name: wrong}), (name, wrong)


def test_a_malformed_common_value_is_refused(event):
    for name, wrong in [
        ("time", "2026-11-21T15:30:00.12345678Z"),
        ("time", "2026-11-21 15:30:00.123456789Z"),
        ("time", "2026-13-21T15:30:00.123456789Z"),
        ("time", "2026-11-21T15:30:00.123456789+00:00"),
        ("sid", "8c2f4b1e-7a53-1d0e-9b61-2f7f0c5f1a9d"),
        ("sid", "8C2F4B1E-7A53-4D0E-9B61-2F7F0C5F1A9D"),
        ("server_id", "5f3e"),
        ("schema_version", 2),
        ("login", ""),
        ("event", "session.other"),
        ("raw", {}),
        ("raw", {"path": "AA=="}),
        ("raw", {"/path": "A"}),
        ("raw", {"/a~2": "AA=="}),
    ]:
        assert not validator(event).is_valid(example(event) | {name: wrong}), (name, wrong)
    good = example(event) | {"raw": {"/login": "wyg=", "/argv/2": "AAAA", "/a~1b~0": "/w=="}}
    validator(event).validate(good)


COMMAND = {"path": "/root/x", "path_source": "request", "inode": None, "dev": None}
DISK = {"path": "/root/x", "path_source": "request", "inode": None, "dev": None, "requested_path": None}
UNIX = {
    "family": 1,
    "family_name": "AF_UNIX",
    "protocol": None,
    "version": None,
    "src_addr": None,
    "src_port": None,
    "dst_addr": None,
    "dst_port": None,
    "address_source": None,
    "path": "/run/x",
    "path_source": "kernel",
    "return_code": 0,
}
OTHER = {**UNIX, "family": 16, "family_name": "AF_NETLINK", "path": None, "path_source": None}
KILLED = {"exit_code": None, "signal": 9, "signal_name": "SIGKILL", "core_dumped": False}
NOBODY_THERE = {
    "target_pid": None,
    "target_tid": None,
    "target_uid": None,
    "target_program": None,
    "target_in_session": None,
}
MODULE_FREE = {"path": None, "inode": None, "dev": None}
ONE_NAME = {
    "operation": "unlink",
    "new_path": None,
    "requested_new_path": None,
    "new_path_source": None,
    "flags": None,
    "flag_names": None,
}

TAKEN = [
    ("session.command", {**COMMAND, "return_code": -2}),
    ("session.command", {**COMMAND, "return_code": 0, "interpreter": "/usr/bin/dash"}),
    ("session.command", {**COMMAND, "path": None, "path_source": "unreadable", "return_code": -14}),
    ("session.command", {"argv0": None, "argv": []}),
    ("session.command", {"argv_truncated": True, "cwd": None}),
    ("session.command", {"memfd": True, "path": "/memfd:x"}),
    ("session.command", {"deleted": True, "requested_path": ""}),
    ("session.exit", KILLED),
    ("session.exit", {**KILLED, "signal": 35, "signal_name": "SIGRTMIN+1", "core_dumped": True}),
    ("session.disk", {**DISK, "return_code": -2}),
    ("session.disk", {**DISK, "path": None, "path_source": "unreadable", "return_code": -14}),
    (
        "session.disk",
        {
            **DISK,
            "path": None,
            "path_source": "unreadable",
            "return_code": -14,
            "flags": None,
            "flag_names": None,
        },
    ),
    (
        "session.disk",
        {"flags": 577, "flag_names": ["O_WRONLY", "O_CREAT", "O_TRUNC"], "mode": "0644", "created": True},
    ),
    (
        "session.disk",
        {
            "flags": 2**40,
            "flag_names": ["O_RDONLY", "0x10000000000"],
            "resolve_names": ["RESOLVE_BENEATH", "0x40"],
        },
    ),
    ("session.disk", {"via": "handle", "deleted": True}),
    (
        "session.network",
        {"operation": "send", "socket_type": "dgram", "protocol": "udp", "return_code": None},
    ),
    (
        "session.network",
        {
            "family": 10,
            "family_name": "AF_INET6",
            "version": 6,
            "src_addr": "fe80::1",
            "dst_addr": "::ffff:127.0.0.1",
            "scope_id": 2,
        },
    ),
    (
        "session.network",
        {"dst_addr": None, "dst_port": None, "address_source": "unreadable", "return_code": -14},
    ),
    ("session.network", UNIX),
    ("session.network", {**UNIX, "path": "@name", "abstract": True, "requested_path": "x"}),
    ("session.network", {**UNIX, "path": None, "path_source": "unreadable", "return_code": -14}),
    ("session.network", OTHER),
    (
        "session.network",
        {**OTHER, "family": 65000, "family_name": None, "socket_type": None, "return_code": -97},
    ),
    ("session.privilege", {"capabilities_gained": None}),
    ("session.privilege", {"operation": "capset", "call": "capset", "capabilities_gained": ["cap_63"]}),
    ("session.privilege", {"operation": "setid", "call": "setfsgid"}),
    ("session.privilege", {"operation": "user_namespace", "call": "clone", "user_namespace": 4026532177}),
    ("session.ptrace", {"target_tid": None, "target_in_session": True, "return_code": 0}),
    ("session.ptrace", {**NOBODY_THERE, "requested_pid": -1, "return_code": -3}),
    ("session.ptrace", {"target_in_session": None, "operation": "read_memory", "return_code": 8}),
    ("session.kernel", {"path": None, "inode": None, "dev": None, "flags": None}),
    ("session.kernel", {**MODULE_FREE, "operation": "kexec"}),
    ("session.kernel", {**MODULE_FREE, "operation": "bpf_load", "program_type": 4711}),
    ("session.file", {**ONE_NAME, "operation": "truncate"}),
    ("session.file", {**ONE_NAME, "operation": "chroot", "path_source": "kernel", "requested_path": None}),
    ("session.file", {"new_path": None, "requested_new_path": None, "new_path_source": "unreadable"}),
    ("session.file", {**ONE_NAME, "operation": "mount", "source": "x", "fs_type": "tmpfs"}),
    ("session.file", {**ONE_NAME, "flags": 2**40, "flag_names": ["0x10000000000"]}),
    ("session.file", {**ONE_NAME, "return_code": None, "via": "io_uring"}),
    ("session.cgroup", {"from": None, "mover_pid": 12}),
    ("session.lost", {"first": None, "last": None, "reason": "memory", "by_event": {"unknown": 1}}),
    ("session.end", {"processes": None, "pids": None}),
    ("session.end", {"records": {"session.switch": 2, "session.logout": 1, "session.end": 1}}),
    ("session.start", {"service": "sshd", "cgroup_path": None, "audit_session_id": None}),
    ("session.switch", {"from": None, "tty": None, "program": None, "exe": None}),
    ("session.logout", {"processes": 0}),
    ("agent.start", {"config": None, "probes_missing": None, "gap": None, "sessions": 0}),
    ("agent.start", {"capabilities": [], "sinks": []}),
    ("agent.config", {"changes": [{"key": "journal.namespace", "from": "", "to": "x", "in_force": False}]}),
]

REFUSED = [
    ("session.command", {"path": None}),
    ("session.command", {"inode": None}),
    ("session.command", {"return_code": -2}),
    ("session.command", {"return_code": 1}),
    ("session.command", {"interpreter": "/usr/bin/dash"}),
    ("session.command", {"argv0": None}),
    ("session.command", {"argv_truncated": False}),
    ("session.command", {"memfd": True}),
    ("session.command", {**COMMAND, "return_code": 0}),
    ("session.command", {**COMMAND, "return_code": -2, "interpreter": "/usr/bin/dash"}),
    ("session.command", {**COMMAND, "return_code": -2, "inode": 1, "dev": "8:1"}),
    ("session.command", {**COMMAND, "path_source": "unreadable", "return_code": -14}),
    ("session.command", {**COMMAND, "path": None, "path_source": "unreadable", "return_code": 0}),
    ("session.exit", {"exit_code": None}),
    ("session.exit", {"exit_code": 256}),
    ("session.exit", {"core_dumped": False}),
    ("session.exit", {**KILLED, "exit_code": 0}),
    ("session.exit", {**KILLED, "core_dumped": None}),
    ("session.exit", {**KILLED, "signal": 0}),
    ("session.disk", {"return_code": -2}),
    ("session.disk", {"path_source": "unreadable"}),
    ("session.disk", {"flags": None}),
    ("session.disk", {"flag_names": []}),
    ("session.disk", {"flag_names": ["O_RDONLY", "O_OTHER"]}),
    ("session.disk", {"mode": "0644"}),
    ("session.disk", {"flags": 64, "flag_names": ["O_RDONLY", "O_CREAT"]}),
    ("session.disk", {"flags": 64, "flag_names": ["O_RDONLY", "O_CREAT"], "mode": "644"}),
    ("session.disk", {"created": True}),
    ("session.disk", {"dev": "8-1"}),
    ("session.disk", {**DISK, "return_code": -2, "inode": 1, "dev": "8:1"}),
    ("session.network", {"version": 6}),
    ("session.network", {"family_name": None}),
    ("session.network", {"address_source": None}),
    ("session.network", {"address_source": "unreadable"}),
    ("session.network", {"src_port": None}),
    ("session.network", {"dst_addr": "300.1.1.1"}),
    ("session.network", {"path": "/x", "path_source": "kernel"}),
    ("session.disk", {"via": "scm_rights", "mode": "0644"}),
    ("session.network", {"operation": "dance"}),
    ("session.network", {"operation": "accept"}),
    ("session.network", {"operation": "connected"} | {"return_code": 5}),
    ("session.network", {"operation": "receive", "return_code": 3}),
    ("session.network", {"family": None, "family_name": None}),
    ("session.network", {"peer_path": "/x"}),
    ("session.network", {"dst_port": 65536}),
    ("session.network", {"dst_cid": 2}),
    ("session.network", {"socket_inode": 0}),
    ("session.network", {**UNIX, "peer_path": "/x"}),
    ("session.network", {**OTHER, "dst_port": 1}),
    ("session.network", {**UNIX, "path": None}),
    ("session.network", {**UNIX, "path_source": None}),
    ("session.network", {**UNIX, "abstract": True}),
    ("session.network", {**UNIX, "version": 4}),
    ("session.network", {**OTHER, "path": "/x", "path_source": "request"}),
    ("session.network", {**OTHER, "address_source": "kernel"}),
    ("session.privilege", {"call": "setuid"}),
    ("session.privilege", {"operation": "setid"}),
    ("session.privilege", {"operation": "capset", "call": "setuid"}),
    ("session.privilege", {"operation": "user_namespace", "call": "setuid"}),
    ("session.privilege", {"capabilities_gained": []}),
    ("session.privilege", {"capabilities_gained": ["CAP_CHOWN"]}),
    ("session.privilege", {"before": {"uid": 0}}),
    ("session.ptrace", {"target_in_session": True, "target_sid": "0d9d1f6a-52a4-4d83-8f5c-6d5d4c1f0a7e"}),
    ("session.ptrace", {"target_sid": "x"}),
    ("session.ptrace", {"target_pid": None}),
    ("session.ptrace", {"target_program": None}),
    ("session.ptrace", {"target_program": "longer than a name"}),
    ("session.ptrace", {"operation": "detach"}),
    ("session.kernel", {"inode": None}),
    ("session.kernel", {"program_type": 1}),
    ("session.kernel", {"program_id": 1}),
    ("session.kernel", {"operation": "bpf_load", "program_type": 1}),
    ("session.kernel", {**MODULE_FREE, "operation": "bpf_load"}),
    ("session.file", {"operation": "unlink"}),
    ("session.file", {**ONE_NAME, "operation": "rename"}),
    ("session.file", {"new_path": None}),
    ("session.file", {"path": None}),
    ("session.file", {**ONE_NAME, "path_source": "unreadable"}),
    ("session.file", {**ONE_NAME, "path_source": "kernel"}),
    ("session.file", {**ONE_NAME, "operation": "chroot", "path_source": "kernel", "return_code": -1}),
    ("session.file", {**ONE_NAME, "source": "x"}),
    ("session.file", {**ONE_NAME, "target": "x"}),
    ("session.file", {"flag_names": None}),
    ("session.file", {"flag_names": ["RENAME_OTHER"]}),
    ("session.file", {"return_code": 1}),
    ("session.start", {"events_off": []}),
    ("session.start", {"events_off": ["disk"]}),
    ("session.tty", {"tty": "pts/0"}),
    ("session.lost", {"count": 0}),
    ("session.lost", {"first": None}),
    ("session.lost", {"by_event": {"session.disc": 1}}),
    ("session.end", {"pids": None}),
    ("session.end", {"processes": None}),
    ("session.end", {"pids": list(range(1, 102))}),
    ("session.end", {"records": {"session.start": 1}}),
    ("session.start", {"probes": []}),
    ("session.start", {"probes": ["exec", "exec"]}),
    ("session.start", {"probes_missing": [{"probe": "exec"}]}),
    ("session.start", {"probes_missing": [{"probe": "exec", "reason": "x", "why": "y"}]}),
    ("session.start", {"service": ""}),
    ("session.lost", {"by_event": {"session.start": 1}}),
    ("session.lost", {"by_event": {"session.switch": 1}}),
    ("session.lost", {"by_event": {"agent.start": 1}}),
    ("session.lost", {"first_ei": 1, "last_ei": 2}),
    ("session.lost", {"sink": "journal"}),
    ("session.lost", {"sink": "journal", "reason": "sink"}),
    ("session.end", {"records": {"agent.stop": 1, "session.end": 1}}),
    ("session.switch", {"to": ""}),
    ("session.switch", {"service": None}),
    ("session.logout", {"reason": "killed"}),
    ("agent.start", {"gap": False}),
    ("agent.start", {"gap": True, "sessions": 0}),
    ("agent.start", {"config": "seshat.conf"}),
    ("agent.start", {"probes": []}),
    ("agent.start", {"sinks": ["file", "file"]}),
    ("agent.stop", {"reason": ""}),
    ("agent.config", {"changes": []}),
    ("agent.config", {"changes": [{"key": "max_size", "from": "1", "to": "2", "in_force": True}]}),
    ("agent.config", {"changes": [{"key": "file.max_size", "from": "1", "to": "2"}]}),
    ("agent.config", {"changes": [{"key": "file.max_size", "from": 1, "to": "2", "in_force": True}]}),
]

# Places of session.start's examples: what follows is about logins, each in its own way.
PASSWORD, KEY, CERTIFICATE = 1, 2, 3
UNSIGNED = {"key_id": None, "serial": None, "principals": None, "ca_type": None, "ca_fingerprint": None}
UNSIGNED |= {"valid_after": None, "valid_before": None}
PRINT = "SHA256:" + "A" * 43

LOGINS_TAKEN = [
    (PASSWORD, {"auth_method": None, "rhost": None, "tty": None, "logind_session": None}),
    (PASSWORD, {"auth_method": None, "auth_incomplete": True}),
    (PASSWORD, {"interactive": True}),
    (PASSWORD, {"dst_addr": None, "dst_port": None}),
    (PASSWORD, {"src_addr": None, "src_port": None, "dst_addr": None, "dst_port": None}),
    (PASSWORD, {"src_addr": "2001:db8::7", "dst_addr": "::1"}),
    (PASSWORD, {"src_addr": "fe80::1%eth0", "dst_addr": "::ffff:192.0.2.1"}),
    (PASSWORD, {"key_type": "some-new-key@example.com", "key_fingerprint": PRINT}),
    (KEY, {"auth_method": ["x" * 64] * 16}),
    (CERTIFICATE, {"key_id": None, "principals": [], "valid_after": None, "valid_before": None}),
    (CERTIFICATE, {"serial": "0", "principals": ["", "a"]}),
    (CERTIFICATE, {"serial": "18446744073709551615", "valid_before": "9999-12-31T23:59:59Z"}),
    (CERTIFICATE, {"key_type": "ssh-rsa", **UNSIGNED}),
]

LOGINS_REFUSED = [
    (PASSWORD, {"src_port": None}),
    (PASSWORD, {"src_addr": None}),
    (PASSWORD, {"dst_port": None}),
    (PASSWORD, {"src_addr": None, "src_port": None}),
    (PASSWORD, {"src_addr": "UNKNOWN"}),
    (PASSWORD, {"src_addr": "300.1.1.1"}),
    (PASSWORD, {"src_addr": "1.2.3.4%eth0"}),
    (PASSWORD, {"src_port": 65536}),
    (PASSWORD, {"rhost": ""}),
    (PASSWORD, {"tty": ""}),
    (PASSWORD, {"auth_method": []}),
    (PASSWORD, {"auth_method": [""]}),
    (PASSWORD, {"auth_method": ["x"] * 17}),
    (PASSWORD, {"auth_incomplete": False}),
    (PASSWORD, {"serial": "1"}),
    (PASSWORD, {"key_fingerprint": PRINT}),
    (KEY, {"key_fingerprint": None}),
    (KEY, {"key_fingerprint": PRINT + "="}),
    (KEY, {"key_fingerprint": "MD5:" + "A" * 43}),
    (KEY, {"key_type": None}),
    (KEY, {"key_id": "alice"}),
    (KEY, {"principals": []}),
    (KEY, {"valid_after": "2026-11-01T00:00:00Z"}),
    (CERTIFICATE, {"key_type": "ssh-rsa"}),
    (CERTIFICATE, UNSIGNED),
    (CERTIFICATE, {"serial": None}),
    (CERTIFICATE, {"serial": 4711}),
    (CERTIFICATE, {"serial": "04711"}),
    (CERTIFICATE, {"serial": "-1"}),
    (CERTIFICATE, {"principals": None}),
    (CERTIFICATE, {"principals": ["a"] * 257}),
    (CERTIFICATE, {"key_id": ""}),
    (CERTIFICATE, {"ca_type": None}),
    (CERTIFICATE, {"ca_fingerprint": None}),
    (CERTIFICATE, {"ca_fingerprint": PRINT[:-1]}),
    (CERTIFICATE, {"valid_before": "2026-12-01T00:00:00.000000000Z"}),
    (CERTIFICATE, {"valid_before": "forever"}),
]

# Places of session.lost's examples.
SINK, INHERITED = 1, 2

SWITCHES_REFUSED = [
    {"src_port": None},
    {"key_fingerprint": None},
    {"serial": None},
    {"key_type": "ssh-rsa"},
    {"rhost": "192.0.2.1"},
]

LOSSES_TAKEN = [
    (SINK, {"first_ei": 0, "last_ei": 0, "count": 1, "by_event": {"session.start": 1}}),
    (SINK, {"by_event": {"unknown": 17}}),
    (INHERITED, {"by_event": {"unknown": 17}}),
    (INHERITED, {"by_event": {"agent.start": 1, "session.start": 2}}),
]

LOSSES_REFUSED = [
    (SINK, {"sink": None}),
    (SINK, {"sink": ""}),
    (SINK, {"reason": "ring"}),
    (SINK, {"reason": None}),
    (SINK, {"first_ei": None}),
    (SINK, {"last_ei": None}),
    (SINK, {"first": 41, "last": 57}),
    (SINK, {"by_event": {}}),
    (SINK, {"by_event": {"unknown": 0}}),
    (INHERITED, {"count": 0}),
]


@pytest.mark.parametrize("event_name, changes", TAKEN)
def test_what_may_be_is_taken(event_name, changes):
    validator(event_name).validate(merged(event_name, changes))


@pytest.mark.parametrize("event_name, changes", REFUSED)
def test_what_cannot_be_is_refused(event_name, changes):
    assert not validator(event_name).is_valid(merged(event_name, changes))


@pytest.mark.parametrize("place, changes", LOGINS_TAKEN)
def test_a_login_that_may_be_is_taken(place, changes):
    validator("session.start").validate(changed(examples("session.start")[place], changes))


@pytest.mark.parametrize("place, changes", LOGINS_REFUSED)
def test_a_login_that_cannot_be_is_refused(place, changes):
    record = changed(examples("session.start")[place], changes)
    assert not validator("session.start").is_valid(record)


@pytest.mark.parametrize("place, changes", LOSSES_TAKEN)
def test_a_loss_of_one_sink_that_may_be_is_taken(place, changes):
    validator("session.lost").validate(changed(examples("session.lost")[place], changes))


@pytest.mark.parametrize("place, changes", LOSSES_REFUSED)
def test_a_loss_of_one_sink_that_cannot_be_is_refused(place, changes):
    assert not validator("session.lost").is_valid(changed(examples("session.lost")[place], changes))


@pytest.mark.parametrize("changes", SWITCHES_REFUSED)
def test_a_login_inside_a_session_that_cannot_be_is_refused(changes):
    assert not validator("session.switch").is_valid(changed(examples("session.switch")[1], changes))
