# SPDX-License-Identifier: Apache-2.0
"""Scripts for the workload `calls`, and what the log must have of them, field by field."""
import json
import os
import re
import struct

import machine
from records import own, task

NUMBERS = {
    "open": 2,
    "close": 3,
    "dup2": 33,
    "socket": 41,
    "connect": 42,
    "sendto": 44,
    "sendmsg": 46,
    "recvmsg": 47,
    "bind": 49,
    "listen": 50,
    "execve": 59,
    "chdir": 80,
    "fchdir": 81,
    "rename": 82,
    "mkdir": 83,
    "rmdir": 84,
    "creat": 85,
    "unlink": 87,
    "prctl": 157,
    "setrlimit": 160,
    "pivot_root": 155,
    "chroot": 161,
    "mount": 165,
    "umount2": 166,
    "openat": 257,
    "linkat": 265,
    "unshare": 272,
    "name_to_handle_at": 303,
    "open_by_handle_at": 304,
    "sendmmsg": 307,
    "memfd_create": 319,
    "execveat": 322,
    "openat2": 437,
    "setresuid": 117,
    "setresgid": 119,
    "setgroups": 116,
    "accept": 43,
    "socketpair": 53,
    "write": 1,
    "umask": 95,
    "chmod": 90,
    "mkdirat": 258,
    "setns": 308,
    "shutdown": 48,
    "mq_open": 240,
    "mq_unlink": 241,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsconfig": 431,
    "fsmount": 432,
    "open_tree_attr": 467,
    "accept4": 288,
    "recvmmsg": 299,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "setsockopt": 54,
    "truncate": 76,
    "link": 86,
    "symlink": 88,
    "pivot_root": 155,
    "unlinkat": 263,
    "renameat": 264,
    "linkat": 265,
    "symlinkat": 266,
    "renameat2": 316,
    "setuid": 105,
    "setgid": 106,
    "setreuid": 113,
    "setregid": 114,
    "setfsuid": 122,
    "setfsgid": 123,
    "capset": 126,
    "ptrace": 101,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "init_module": 175,
    "delete_module": 176,
    "kexec_load": 246,
    "finit_module": 313,
    "kexec_file_load": 320,
    "bpf": 321,
    "ioctl": 16,
}
NUMBERS_32 = {
    "open": 5,
    "creat": 8,
    "execve": 11,
    "socketcall": 102,
    "openat": 295,
    "open_by_handle_at": 342,
    "execveat": 358,
    "connect": 362,
    "openat2": 437,
    "open_tree": 428,
    "mq_open": 277,
    "sendto": 369,
    "sendmsg": 370,
    "sendmmsg": 345,
    "socket": 359,
    "bind": 361,
    "listen": 363,
    "accept4": 364,
    "recvmsg": 372,
    "recvmmsg": 337,
    "pidfd_getfd": 438,
    "link": 9,
    "unlink": 10,
    "mount": 21,
    "umount": 22,
    "rename": 38,
    "rmdir": 40,
    "umount2": 52,
    "chroot": 61,
    "symlink": 83,
    "truncate": 92,
    "truncate64": 193,
    "pivot_root": 217,
    "unlinkat": 301,
    "renameat": 302,
    "linkat": 303,
    "symlinkat": 304,
    "renameat2": 353,
    "move_mount": 429,
    "setuid16": 23,
    "setgid16": 46,
    "setreuid16": 70,
    "setregid16": 71,
    "setfsuid16": 138,
    "setfsgid16": 139,
    "setresuid16": 164,
    "setresgid16": 170,
    "capset": 185,
    "setreuid": 203,
    "setregid": 204,
    "setresuid": 208,
    "setresgid": 210,
    "setuid": 213,
    "setgid": 214,
    "setfsuid": 215,
    "setfsgid": 216,
    "unshare": 310,
    "setns": 346,
    "ptrace": 26,
    "process_vm_readv": 347,
    "process_vm_writev": 348,
    "init_module": 128,
    "delete_module": 129,
    "kexec_load": 283,
    "finit_module": 350,
    "bpf": 357,
}
# What a script is checked for; every other record is somebody else's.
WATCHED = ("session.command", "session.disk", "session.network", "session.cgroup")
AT_FDCWD, AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW = -100, 0x1000, 0x100
OPENS = {"open", "openat", "openat2", "creat", "open_by_handle_at", "open_tree", "open_tree_attr", "mq_open"}
ACCEPTS = {"accept", "accept4"}
# Records that a script need not expect: where it does not, only their number and place are checked.
SERVERS = {"bind", "listen"} | ACCEPTS
MAKE_DESCRIPTORS = OPENS | ACCEPTS | {"memfd_create", "socket", "pidfd_getfd"}
HOST_NETWORK = os.stat("/proc/self/ns/net").st_ino


class Word(str):
    """An argument as the workload reads it."""


BAD = Word("p")


def raw(data):
    return Word("b" + data.hex())


def edge(data):
    """Bytes at the very end of readable memory."""
    return Word("e" + data.hex())


def encode(value):
    if isinstance(value, Word):
        return str(value)
    if isinstance(value, bytes):
        return "s" + value.hex()
    return f"i{int(value) & 0xffffffffffffffff}"


def structure(*fields):
    """Fields as (width, value), the width one of q, w, h, p."""
    return Word("{" + ";".join(width + encode(value) for width, value in fields) + "}")


def vector(*strings):
    """An array of pointers, ended by NULL."""
    return structure(*(("p", string) for string in strings), ("p", 0))


def how(flags=0, mode=0, resolve=0):
    return raw(struct.pack("=QQQ", flags, mode, resolve))


def socket_argument(call, args):
    """The name of the call that made the socket that this one is given, if that is plain to see."""
    first = args[1:] if call == "socketcall" else args
    found = re.match(r"(?:\{w)?r([^;}]+)", first[0]) if first and isinstance(first[0], Word) else None
    return found and found[1]


def socket_identity(call, facts):
    """socket_inode and network_namespace, as the workload saw them."""
    made = facts[call["name"]].get("call", {})
    if not call["name"].startswith("accept") or "inode" not in made:
        made = facts.get(call["socket"], {}).get("call", {})
    namespace = made.get("net_ns", HOST_NETWORK)
    return {
        "socket_inode": made.get("inode"),
        "network_namespace": None if namespace == HOST_NETWORK else namespace,
    }


class Script:
    """Calls to make, each with the own fields of the record that must come of it (or none)."""

    def __init__(self, *events):
        self.events = events or WATCHED
        self.lines = []
        self.calls = []

    def add(self, call, *args, flags="", expect=None, result=None, exe=None, euid=None):
        """One call. EXPECT is (event, own fields) or None. A call must give RESULT: a number, "any", or None for
        anything that is no error. EXE is the executable that runs after a successful exec, EUID its user if not the caller's.
        """
        if expect and expect[1] and result is None:
            told = expect[1].get("return_code")
            result = told if isinstance(told, int) and told < 0 else None
        name = f"{call}.{len(self.calls)}"
        number = (NUMBERS_32 if "3" in flags else NUMBERS)[call]
        if call in MAKE_DESCRIPTORS:
            flags += "f"
        if call in SERVERS and expect is None:
            expect = ("session.network", None)
        words = [name, flags or "-", str(number), *map(encode, args)]
        self.lines.append(" ".join(words))
        self.calls.append({"name": name, "expect": expect, "result": result, "exe": exe, "euid": euid})
        self.calls[-1]["socket"] = socket_argument(call, args)
        return Word("r" + name)

    def do(self, call, *args, flags="", **more):
        """A call that must succeed, whose descriptor stays open."""
        return self.add(call, *args, flags=flags + "k", **more)

    def text(self):
        return ("\n".join(self.lines) + "\n").encode()


def read_facts(out):
    """The facts of each call, by its name: what the call itself told, and what its parent told."""
    facts = {}
    for line in out.decode().splitlines():
        fact = json.loads(line)
        facts.setdefault(fact["name"], {}).setdefault("parent" if "child" in fact else "call", fact)
    return facts


def resolve(expected, fact, facts):
    """Values that only the workload knows: a function takes the call's facts, and those of all calls as ["all"]."""
    known = (fact or {}) | {"all": facts}
    return {
        name: value(known) if callable(value) else value
        for name, value in expected.items()
        if value is not None
    }


def expected_task(call, facts, workload):
    """pid, tid, ... of the record. After a successful exec the caller could not tell, but its parent did."""
    fact, parent = facts.get("call"), facts.get("parent")
    if fact is None:
        who = {name: parent[name] for name in ("uid", "euid", "gid")}
        who |= {
            "pid": parent["child"],
            "tid": parent["child"],
            "ppid": parent["pid"],
            "program": os.path.basename(call["program"])[:15],
            "exe": call["exe"],
        }
        if call["euid"] is not None:
            who["euid"] = call["euid"]
    else:
        who = {name: fact[name] for name in ("pid", "tid", "ppid", "uid", "euid", "gid")}
        who |= {"program": bytes.fromhex(fact["program"]).decode(), "exe": os.path.realpath(workload)}
    return who | {"auid": machine.login_uid()}


def check_result(call, facts):
    fact = facts.get("call")
    if fact is None:
        assert call["exe"], f"{call['name']} told nothing"
        assert facts["parent"]["status"] == 0, facts
    elif call["result"] is None:
        assert fact["result"] >= 0, fact
    elif call["result"] == "any":
        pass
    else:
        assert fact["result"] == call["result"], fact


def check(script, log, out, workload, cgroups=1):
    """Every expected record is there, in order, field by field, and no other one."""
    facts = read_facts(out)
    told_of_session = {"session": {"call": log.start}}
    wanted = []
    for call in script.calls:
        check_result(call, facts[call["name"]])
        if call["expect"]:
            wanted.append(call)
    pids = {fact["pid"] for both in facts.values() for fact in both.values()}
    pids |= {both["parent"]["child"] for both in facts.values() if "parent" in both}
    got = [record for record in log.of(*script.events) if record["pid"] in pids]
    first = log.of("session.command")[0]
    got = [record for record in got if record is not first]
    assert first["event"] == "session.command" and first["path"] == os.path.realpath(workload), first
    wrong = [f"{len(got)} records for {len(wanted)} calls"] if len(got) != len(wanted) else []
    for call, record in zip(wanted, got):
        wrong += differences(call, facts | told_of_session, record, workload)
    assert not wrong, "\n".join(wrong[:40])
    assert len({record["cgroup_id"] for record in got}) <= cgroups
    return dict(zip((call["name"] for call in wanted), got))


def differences(call, all_facts, record, workload):
    event, expected = call["expect"]
    facts = all_facts[call["name"]]
    if expected is None:
        expected = own(record)
    elif event == "session.network" and expected.get("socket_type"):
        expected = socket_identity(call, all_facts) | expected
    expected = resolve(expected, facts.get("call") or facts.get("parent"), all_facts)
    if facts.get("call") is None:
        # Named after what was asked for, or, where only a descriptor was given, after what runs.
        call["program"] = expected.get("requested_path", expected["path"]) or call["exe"]
    who = {name: value for name, value in task(record).items() if name != "cgroup_id"}
    wanted = expected_task(call, facts, workload)
    if event == "session.privilege":  # the call told whom it ran as before
        wanted |= {name: expected["after"][name] for name in ("uid", "euid", "gid")}
    pairs = [
        ("event", record["event"], event),
        ("own", own(record), expected),
        ("task", who, wanted),
    ]
    found = []
    for what, got, want in pairs:
        if got != want and isinstance(want, dict):
            keys = [key for key in {**want, **got} if want.get(key) != got.get(key)]
            found += [
                f"{call['name']}: {key}: {clip(got.get(key))} instead of {clip(want.get(key))}"
                for key in keys
            ]
        elif got != want:
            found.append(f"{call['name']}: {what}: {got} instead of {want}")
    return found


def clip(value):
    text = repr(value)
    return text if len(text) < 300 else f"{text[:140]}...{text[-140:]} ({len(text)})"
