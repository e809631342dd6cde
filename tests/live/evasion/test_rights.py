# SPDX-License-Identifier: Apache-2.0
"""session.privilege: who gets rights in a session, whichever way, and nobody else."""
import os
import pathlib
import shutil
import struct
import subprocess

import flags
import machine
import pytest
from calls import Script, raw
from flags import CLONE_NEWNET, CLONE_NEWNS
from records import own

NOTHING = machine.workload("nothing")
RIGHTS = machine.workload("rights")
ACCOUNT = 4711  # of nobody
KEEP = 0xFFFFFFFF
KEEP16 = 0xFFFF
FIELDS = ("uid", "euid", "suid", "fsuid", "gid", "egid", "sgid", "fsgid")
# Plainly by setgid and setuid; setpriv, su and others raise capabilities on their way down.
NOBODY = ["chroot", f"--userspec={machine.NOBODY}:100", "--groups=", "/"]
# What a task loses with the file system's user id 0 (capabilities(7)).
FS_CAPABILITIES = (
    "chown",
    "dac_override",
    "dac_read_search",
    "fowner",
    "fsetid",
    "linux_immutable",
    "mknod",
    "mac_override",
)


def held():
    """The capabilities of root here, as its sessions have them."""
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("CapPrm:")[1].split()[0], 16)


def names(bits):
    return [name for i, name in enumerate(flags.CAPABILITIES) if bits >> i & 1]


def ids(*, user=0, group=0, **other):
    """Eight ids: USER and GROUP, but for OTHER."""
    plain = {name: group if "g" in name else user for name in FIELDS}
    return plain | other


def gained(operation, before, after, *, call=None, capabilities=None, namespace=None):
    record = {
        "operation": operation,
        "call": call,
        "before": before,
        "after": after,
        "capabilities_gained": capabilities,
        "user_namespace": namespace,
    }
    return "session.privilege", record


def exact(pair):
    return {name: value for name, value in pair[1].items() if value is not None}


# The call that drops, and the one that takes back: (name, arguments), with the ids between them.
DANCES = {
    "setresuid": ((KEEP, ACCOUNT, KEEP), (KEEP, 0, KEEP), {"euid": ACCOUNT, "fsuid": ACCOUNT}),
    "setreuid": ((0, ACCOUNT), (0, 0), {"euid": ACCOUNT, "fsuid": ACCOUNT, "suid": ACCOUNT}),
    "setfsuid": ((ACCOUNT,), (0,), {"fsuid": ACCOUNT}),
    "setresgid": ((KEEP, ACCOUNT, KEEP), (KEEP, 0, KEEP), {"egid": ACCOUNT, "fsgid": ACCOUNT}),
    "setregid": ((0, ACCOUNT), (0, 0), {"egid": ACCOUNT, "fsgid": ACCOUNT, "sgid": ACCOUNT}),
    "setgid": ((ACCOUNT,), (0,), {name: ACCOUNT for name in ("gid", "egid", "sgid", "fsgid")}),
    "setfsgid": ((ACCOUNT,), (0,), {"fsgid": ACCOUNT}),
}


def dance_capabilities(call):
    if call == "setfsuid":
        return [name for name in names(held()) if name.removeprefix("cap_") in FS_CAPABILITIES]
    return names(held()) if call in ("setresuid", "setreuid") else None


@pytest.mark.parametrize("wide", ["native", "32", "16"])
@pytest.mark.parametrize("call", DANCES)
def test_giving_up_makes_no_record_and_taking_back_one(script, call, wide):
    drop, take, between = DANCES[call]
    s = Script("session.privilege")
    number, how = (call + "16", "3") if wide == "16" else (call, "3" if wide == "32" else "")
    if wide == "16":
        drop, take = ([KEEP16 if value == KEEP else value for value in words] for words in (drop, take))
    s.add(number, *drop, flags=how, result="any")
    s.add(
        number,
        *take,
        flags=how,
        result="any",
        expect=gained("setid", ids(**between), ids(), call=call, capabilities=dance_capabilities(call)),
    )
    script(s)


@pytest.mark.parametrize("how", ["", "3"])
def test_setuid_takes_all_of_root(script, how):
    """As a set-user-ID program of root does it: saved and effective it is root already."""
    s = Script("session.privilege")
    s.add("setresuid", ACCOUNT, 0, 0)
    s.add("setuid", 0, flags=how, expect=gained("setid", ids(uid=ACCOUNT), ids(), call="setuid"))
    script(s)


def test_what_fails_and_what_becomes_less_makes_no_record(script):
    s = Script("session.privilege")
    s.add("setresgid", 100, 100, 100)
    s.add("setresuid", ACCOUNT, ACCOUNT, ACCOUNT)
    s.add("setresuid", 0, 0, 0, result=-1)
    s.add("setuid", 0, result=-1)
    s.add("setresgid", KEEP, 0, KEEP, result=-1)
    s.add("setresuid", KEEP, ACCOUNT, KEEP)
    script(s)


def capabilities(effective, permitted):
    """The data of capset(2), version 3."""
    low, high = 0xFFFFFFFF, 32
    return raw(
        struct.pack("=IIIIII", effective & low, permitted & low, 0, effective >> high, permitted >> high, 0)
    )


@pytest.mark.parametrize("how", ["", "3"])
def test_capset(script, how):
    header = raw(struct.pack("=Ii", 0x20080522, 0))
    every, admin = held(), 1 << 21
    s = Script("session.privilege")
    s.add("capset", header, capabilities(every & ~admin, every), flags=how)
    s.add(
        "capset",
        header,
        capabilities(every, every),
        flags=how,
        expect=gained("capset", ids(), ids(), call="capset", capabilities=["cap_sys_admin"]),
    )
    s.add("capset", header, capabilities(0, every & ~admin), flags=how)
    s.add("capset", header, capabilities(0, every), flags=how, result=-1)
    script(s)


@pytest.fixture
def program(place):
    """A program that does nothing, owned and marked as asked."""

    def make(owner=0, group=0, mode=0o755, file_capabilities=None):
        path = os.path.join(place.decode(), "program")
        shutil.copy(NOTHING, path)
        os.chown(path, owner, group)
        os.chmod(path, mode)
        if file_capabilities:
            subprocess.run(["setcap", file_capabilities, path], check=True)
        return path

    return make


def own_user(**other):
    return ids(user=machine.NOBODY, group=100, **other)


def test_a_set_user_id_program_of_root(audit, program):
    path = program(mode=0o4755)
    log = audit([*NOBODY, path])
    record = log.one("session.privilege")
    after = own_user(euid=0, suid=0, fsuid=0)
    assert own(record) == exact(gained("exec", own_user(), after, capabilities=names(held())))
    executed = log.one("session.command", path=path)
    assert record["ei"] == executed["ei"] + 1 and record["pid"] == executed["pid"]
    assert record["exe"] == path and record["euid"] == executed["euid"] == 0


def test_a_set_user_id_program_of_another_account(audit, program):
    path = program(owner=ACCOUNT, mode=0o4755)
    log = audit([*NOBODY, path])
    after = own_user(euid=ACCOUNT, suid=ACCOUNT, fsuid=ACCOUNT)
    assert own(log.one("session.privilege")) == exact(gained("exec", own_user(), after))
    # Root becomes that account by it, too.
    log = audit([path])
    after = ids(euid=ACCOUNT, suid=ACCOUNT, fsuid=ACCOUNT)
    assert own(log.one("session.privilege")) == exact(gained("exec", ids(), after))


def test_a_set_group_id_program(audit, program):
    log = audit([*NOBODY, program(group=42, mode=0o2755)])
    after = own_user(egid=42, sgid=42, fsgid=42)
    assert own(log.one("session.privilege")) == exact(gained("exec", own_user(), after))


def test_a_program_with_capabilities(audit, program):
    log = audit([*NOBODY, program(file_capabilities="cap_net_raw,cap_bpf+ep")])
    assert own(log.one("session.privilege")) == exact(
        gained("exec", own_user(), own_user(), capabilities=["cap_net_raw", "cap_bpf"])
    )


def test_programs_that_give_nothing(audit, program):
    path = program(mode=0o4755)
    assert not audit([path]).of("session.privilege")  # root has it all
    assert not audit([*NOBODY, "setpriv", "--no-new-privs", path]).of("session.privilege")
    assert not audit([*NOBODY, program()]).of("session.privilege")
    assert not audit(["sh", "-c", "true | cat"], stdin=b"").of("session.privilege")


def test_root_gets_back_what_it_gave_up_by_executing(audit):
    log = audit([RIGHTS, "again", NOTHING])
    record = log.one("session.privilege")
    assert own(record) == exact(gained("exec", ids(), ids(), capabilities=names(held())))
    assert record["exe"] == NOTHING


def test_a_user_namespace(audit):
    log = audit([*NOBODY, "unshare", "-U", "stat", "-Lc", "%i", "/proc/self/ns/user"])
    record = log.one("session.privilege")
    assert own(record) == exact(
        gained(
            "user_namespace",
            own_user(),
            own_user(),
            call="unshare",
            capabilities=list(flags.CAPABILITIES),
            namespace=int(log.out),
        )
    )


def test_a_child_that_is_cloned_into_a_user_namespace(audit):
    log = audit([*NOBODY, RIGHTS, "clone"])
    namespace, pid = map(int, log.out.split())
    record = log.one("session.privilege")
    assert own(record) == exact(
        gained(
            "user_namespace",
            own_user(),
            own_user(),
            call="clone",
            capabilities=list(flags.CAPABILITIES),
            namespace=namespace,
        )
    )
    parent = log.one("session.command", path=RIGHTS)["pid"]
    assert (record["pid"], record["tid"], record["ppid"]) == (pid, pid, parent)


def test_a_user_namespace_that_is_entered(audit, bystander):
    outside = bystander("unshare", "-U", "sh", "-c", "echo ready; cat")
    assert outside.stdout.readline() == b"ready\n"
    user = f"/proc/{outside.pid}/ns/user"
    log = audit(["nsenter", f"--user={user}", "--preserve-credentials", "true"])
    new = [name for name in flags.CAPABILITIES if name not in names(held())]
    record = log.of("session.privilege")[0]
    assert own(record) == exact(
        gained(
            "user_namespace",
            ids(),
            ids(),
            call="setns",
            capabilities=new or None,
            namespace=os.stat(user).st_ino,
        )
    )


def test_one_thread_alone(audit):
    log = audit([RIGHTS, "thread"])
    record = log.one("session.privilege")
    between = ids(euid=ACCOUNT, fsuid=ACCOUNT)
    assert own(record) == exact(gained("setid", between, ids(), call="setresuid", capabilities=names(held())))
    assert record["tid"] == int(log.out) != record["pid"]


def test_every_thread_of_a_process(audit):
    """The C library has each of them make the call."""
    log = audit([RIGHTS, "together"])
    records = log.of("session.privilege")
    between = ids(euid=ACCOUNT, fsuid=ACCOUNT)
    wanted = exact(gained("setid", between, ids(), call="setresuid", capabilities=names(held())))
    assert [own(record) for record in records] == [wanted, wanted]
    assert {record["tid"] for record in records} == {int(log.out), records[0]["pid"]}


def test_nothing_is_told_when_that_is_off(audit, program):
    log = audit([*NOBODY, program(mode=0o4755)], options=["--events=-privilege"])
    assert not log.of("session.privilege")
    assert log.start["events_off"] == ["privilege", "file"]


def test_other_namespaces_give_nothing(script):
    s = Script("session.privilege")
    s.add("unshare", CLONE_NEWNS | CLONE_NEWNET)
    s.add("unshare", 0)
    script(s)
