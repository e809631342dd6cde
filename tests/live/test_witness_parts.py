# SPDX-License-Identifier: Apache-2.0
"""The witness itself: it misses no difference, and takes apart what strace writes only seldom."""
import os
import subprocess

import machine
import pytest
from differential.compare import Comparison
from differential.events import UNKNOWN, differences
from differential.scripts import script_argv
from differential.strace import Trace
from records import Log
from test_witness import WITNESS, by_agent


@pytest.fixture
def kept(place, agent_for):
    """A trace, and the log of the same."""
    folder = os.fsdecode(place)
    program = "cat /etc/passwd /none; rm -f x; exec cat /dev/null"
    words = [WITNESS, *by_agent(agent_for([])), "-o", "/dev/null", "-k", folder, "sh", "-c", program]
    subprocess.run(words, cwd=folder, env=os.environ | {"SESHAT": machine.SESHAT}, check=True)
    with open(folder + "/trace", encoding="ascii") as trace, open(folder + "/audit.jsonl", "rb") as log:
        return Trace(trace.read()), Log(log.read()).check()


def changed(record, **fields):
    return record | fields


CHANGES = {
    "session.disk": {"return_code": -13, "flags": 1, "path": "/other", "mode": "0600", "deleted": True, "tid": 1},
    "session.command": {"return_code": -13, "argv": ["other"], "argv0": "other", "argv_truncated": True},
}


def test_a_record_that_is_missing_or_one_too_many(kept):
    trace, log = kept
    whole = list(log.records)
    assert Comparison(trace, log).wrong == []
    own = log.start["leader_pid"]
    for i, record in enumerate(whole):
        if record["event"] not in CHANGES or record["pid"] == own:
            continue
        log.records = whole[:i] + whole[i + 1 :]
        assert len(Comparison(trace, log).wrong) == 1, record
        log.records = whole[: i + 1] + whole[i:]
        assert len(Comparison(trace, log).wrong) == 1, record


def test_a_field_that_is_another(kept):
    trace, log = kept
    whole = list(log.records)
    own = log.start["leader_pid"]
    tried = set()
    for i, record in enumerate(whole):
        if record["event"] not in CHANGES or record["pid"] == own:
            continue
        kernel = record["path_source"] == "kernel"
        for name, value in CHANGES[record["event"]].items():
            # The path of a failure is the request, where that is absolute; a failure has no file that could be deleted.
            if record.get(name) == value or (name == "deleted" and not kernel):
                continue
            log.records = whole[:i] + [changed(record, **{name: value})] + whole[i + 1 :]
            assert Comparison(trace, log).wrong, (name, record)
            tried.add(name)
    assert tried == {name for names in CHANGES.values() for name in names}


def test_two_records_in_the_other_order(kept):
    trace, log = kept
    opens = [i for i, record in enumerate(log.records) if record.get("path") in ("/etc/passwd", "/none")]
    assert len(opens) == 2
    one, two = opens
    log.records[one], log.records[two] = log.records[two], log.records[one]
    assert Comparison(trace, log).wrong


def calls(text):
    return Trace(text).threads


ETC = r"\x2f\x65\x74\x63"  # /etc


def test_a_program_executed_by_a_thread():
    """The leader takes the thread's place in the call, and its own call has no end."""
    threads = calls(
        f'10 openat(AT_FDCWD<{ETC}>, "\\x78", O_RDONLY <unfinished ...>\n'
        f'11 execve("{ETC}", ["\\x61"], ["\\x62"] <pid changed to 10 ...>\n'
        "10 +++ superseded by execve in pid 11 +++\n"
        "10 <... execve resumed>) = 0\n"
        "10 +++ exited with 0 +++\n"
    )
    own, executed = (call.event for call in threads.pop(10))
    assert (own.kind, own.request, own.result, own.path) == ("disk", b"x", UNKNOWN, UNKNOWN)
    assert (executed.kind, executed.result, executed.argv) == ("command", 0, (b"a",))
    assert not threads


def test_a_thread_killed_within_a_call():
    (call,) = calls(
        f'7 open("{ETC}", O_RDONLY <unfinished ...>\n7 <... open resumed> <unfinished ...>) = ?\n7 +++ killed by SIGKILL +++\n'
    )[7]
    assert call.event.result is UNKNOWN
    (call,) = calls(f'7 open("{ETC}", O_RDONLY) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)\n')[7]
    assert call.event.result == -4
    assert not calls("7 <... ??? resumed>)                = ?\n7 +++ killed by SIGKILL +++\n")


def test_a_call_that_has_no_end_may_have_no_record(kept):
    """The thread was killed when strace had seen it ask: whether the kernel began the call, nobody has told."""
    trace, log = kept
    tid, calls_of_it = next((tid, calls) for tid, calls in trace.threads.items() if len(calls) > 3)
    first = calls_of_it[-1]
    calls_of_it.append(first._replace(event=first.event._replace(request=b"never", result=UNKNOWN, path=UNKNOWN)))
    assert Comparison(trace, log).wrong == []
    calls_of_it[-1] = first._replace(event=first.event._replace(request=b"never"))
    assert len(Comparison(trace, log).wrong) == 1


def test_what_is_no_trace_is_no_agreement():
    with pytest.raises(ValueError, match="no call"):
        calls("7 something else\n")
    with pytest.raises(ValueError, match="saw no end"):
        calls(f'7 open("{ETC}", O_RDONLY <unfinished ...>\n')


@pytest.mark.parametrize(
    "lines, meanwhile",
    [
        ("{open}<unfinished ...>\n8 unlink({x}) = 0\n7 <... open resumed>) = {result}\n", True),
        ("8 unlink({x} <unfinished ...>\n{open}) = {result}\n8 <... unlink resumed>) = 0\n", True),
        ("{open}<unfinished ...>\n8 rename({y}, {x}) = 0\n7 <... open resumed>) = {result}\n", True),
        ("8 unlink({x}) = 0\n{open}) = {result}\n", False),
        ("{open}) = {result}\n8 unlink({x}) = 0\n", False),
        ("{open}<unfinished ...>\n8 unlink({y}) = 0\n7 <... open resumed>) = {result}\n", False),
        ("{open}<unfinished ...>\n8 unlink({x}) = -1 ENOENT (No)\n7 <... open resumed>) = {result}\n", False),
        ("{open}<unfinished ...>\n8 rename({x}, {y}) = 0\n7 <... open resumed>) = {result}\n", False),
    ],
)
def test_a_file_that_another_thread_removes_while_strace_looks(lines, meanwhile):
    """Only what the trace has as removed within the call may have been there at its end, and gone for strace."""
    words = {
        "open": '7 open("\\x2f\\x78", O_RDONLY ',
        "x": '"\\x2f\\x78"',
        "y": '"\\x2f\\x79"',
        "result": "3<\\x2f\\x78>(deleted)",
    }
    trace = Trace(lines.format(**words))
    (call,) = trace.threads[7]
    assert call.event.deleted is True and call.event.path == b"/x"
    assert trace.was_removed_meanwhile(7, call) == meanwhile


def test_addresses():
    def address(text, fd="3<TCP:[1]>", size=16, result="-1 EACCES (No)"):
        (call,) = calls(f"7 connect({fd}, {text}, {size}) = {result}\n")[7]
        return call.event.address

    port = "sin_port=htons(80), sin_addr=inet_addr"
    assert address(f'{{sa_family=AF_INET, {port}("\\x30\\x2e\\x30\\x2e\\x30\\x2e\\x30")}}') == (2, ("0.0.0.0", 80, 0))
    here = address(f'{{sa_family=AF_INET, {port}("\\x30\\x2e\\x30\\x2e\\x30\\x2e\\x30")}}', result="0")
    assert here == (2, ("127.0.0.1", 80, 0))
    assert address('{sa_family=AF_UNIX, sun_path=@"\\x00\\x61"}', "3<UNIX-STREAM:[1]>") == (1, ("abstract", b"\0a"))
    assert address('{sa_family=AF_UNIX, sun_path="\\x40\\x61"}', "3<UNIX-STREAM:[1]>") == (1, ("path", b"@a"))
    assert address("0x1234", "3<UDPv6:[1]>") == (10, None)
    assert address("{sa_family=AF_UNSPEC, sa_data=\"\\x00\"}") == (0, None)


def test_argv_of_scripts(place):
    def script(name, line):
        return machine.write_file(place + b"/" + name, line + b"\nrest\n")

    one = script(b"one", b"#! \t/bin/sh -u \t x \t")
    two = script(b"two", b"#!" + one)
    assert script_argv(one, b"./one", (b"zero", b"a")) == (b"/bin/sh", b"-u \t x", b"./one", b"a")
    assert script_argv(two, b"two", ()) == (b"/bin/sh", b"-u \t x", one, b"two")
    assert script_argv(place + b"/gone", b"gone", (b"zero", b"a")) == (b"gone", b"a")


def test_what_strace_does_not_know_is_not_compared():
    (call,) = calls('7 open("\\x78", O_RDONLY) = -1 ENOENT (No such file or directory)\n')[7]
    told = call.event._replace(path=b"/anywhere/x")
    assert differences(call.event, told) == []
    assert differences(call.event, told._replace(request=b"y")) == [("request", b"x", b"y")]


def test_memory_that_strace_may_not_read():
    """What the kernel read there is not known; but EFAULT says that it could not either."""
    for result, request in (("-1 EFAULT (Bad address)", None), ("-1 ENOENT (None)", UNKNOWN)):
        for call in ("open(0x7f10, O_RDONLY)", "execve(0x7f10, [], [])", "openat(AT_FDCWD, 0x7f10, O_RDONLY)"):
            (seen,) = calls(f"7 {call} = {result}\n")[7]
            assert seen.event.request is request, call
    for argv, expected in (("0x7f18", UNKNOWN), ("0x8f18", ()), ("NULL", ())):
        (seen,) = calls(f"7 execve(0x7f10, {argv}, []) = -1 ENOENT (None)\n")[7]
        assert seen.event.argv == expected, argv
    (seen,) = calls("7 open(NULL, O_RDONLY) = -1 EINVAL (Invalid argument)\n")[7]
    assert seen.event.request is None
