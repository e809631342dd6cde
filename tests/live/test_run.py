# SPDX-License-Identifier: Apache-2.0
"""`seshat run` itself: exit statuses, streams, what COMMAND inherits, what is left behind."""
import json
import os
import pathlib
import resource
import signal
import subprocess
import time

import machine
import pytest
from session import recorders_of, idle, kill_quietly, read_until, wait_gone


def all_programs():
    text = subprocess.run(["bpftool", "prog", "list", "-j"], check=True, capture_output=True).stdout
    return {program["id"] for program in json.loads(text)}


def programs_gone(programs):
    """The kernel frees a program some time after its last user went, and says so to nobody: look until it has."""
    deadline = time.monotonic() + 10
    while programs & all_programs():
        if time.monotonic() > deadline:
            return False
    return True


def programs_of(pids):
    """The BPF programs that these processes hold, by id. Others may run sessions at the same time."""
    found = set()
    for pid in pids:
        for descriptor in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
            try:
                text = descriptor.read_text()
            except FileNotFoundError:  # closed meanwhile
                continue
            found |= {int(line.split()[1]) for line in text.splitlines() if line.startswith("prog_id:")}
    return found


@pytest.mark.alone
def test_the_first_and_the_last_record(audit, place):
    log = audit(["true"], cwd=place)
    start, end = log.start, log.end
    assert start["service"] == "seshat-run" and start["interactive"] is False
    assert start["kernel"] == os.uname().release
    version = subprocess.run([machine.SESHAT, "--version"], check=True, capture_output=True, text=True).stdout
    assert start["version"] in version.splitlines()[0].split()
    assert start["cgroup_path"] == f"/seshat/{start['sid']}"
    unset = pathlib.Path("/proc/self/sessionid").read_text() == str(machine.UNSET)
    assert ("audit_session_id" in start) != unset
    command = log.one("session.command")
    true = machine.tool("true")
    assert (command["pid"], command["tid"], command["ppid"] > 1) == (
        start["leader_pid"],
        start["leader_pid"],
        True,
    )
    assert (command["path"], command["argv0"], command["argv"], command["cwd"]) == (
        true,
        "true",
        [],
        place.decode(),
    )
    assert log.one("session.exit")["exit_code"] == 0
    assert "processes" not in end and "pids" not in end
    assert log.records.index(command) == 1 and log.records[-2]["event"] == "session.exit"
    assert log.err == b"" and log.out == b""


@pytest.mark.parametrize("code", [0, 1, 2, 42, 119, 120, 121, 125, 126, 127, 128, 255])
def test_exit_status_is_the_commands(audit, code):
    log = audit(["sh", "-c", f"exit {code}"], status=code)
    assert log.one("session.exit")["exit_code"] == code
    assert log.err == b""


@pytest.mark.parametrize(
    "number", [signal.SIGHUP, signal.SIGINT, signal.SIGKILL, signal.SIGTERM, signal.SIGPIPE, signal.SIGSEGV]
)
def test_exit_status_of_a_signal(audit, number):
    log = audit(["sh", "-c", f"ulimit -c 0; kill -{int(number)} $$"], status=128 + number)
    record = log.one("session.exit")
    assert (record["signal"], record["signal_name"], record["core_dumped"]) == (number, number.name, False)


def test_a_script_without_a_first_line(audit, place):
    """As execvp(3) has it, the shell runs what the kernel does not know; both attempts are recorded."""
    path = place.decode() + "/script"
    pathlib.Path(path).write_text('echo "$0 $1"\n')
    os.chmod(path, 0o755)
    log = audit([path, "word"])
    assert log.out.decode() == f"{path} word\n"
    commands = [(r["path"], r["return_code"], r["argv"]) for r in log.of("session.command")]
    assert commands == [(path, -8, ["word"]), (os.path.realpath("/bin/sh"), 0, [path, "word"])]


@pytest.mark.alone
def test_streams_pass_through_byte_for_byte(audit):
    data = os.urandom(1 << 20) + bytes(range(256)) * 100
    log = audit(["cat"], stdin=data)
    assert log.out == data and log.err == b""
    log = audit(["sh", "-c", "cat >&2"], stdin=data)
    assert log.err == data and log.out == b""


def test_closed_streams_stay_closed(audit, place):
    """Neither the log nor anything else may take the number of a stream that COMMAND finds closed."""
    out = place.decode() + "/out"
    text = f'exec "$0" run -o {place.decode()}/log -- sh -c "ls /proc/self/fd >{out}" <&- >&- 2>&-'
    process = subprocess.run(["sh", "-c", text, machine.SESHAT], check=False)
    assert process.returncode == 0
    # 1 is the file, 3 what ls reads the folder through: the lowest number that is free.
    assert pathlib.Path(out).read_text().split() == ["0", "1"] or pathlib.Path(out).read_text().split() == [
        "1",
        "3",
    ]


def change_state():
    os.umask(0o027)
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, 200))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 4096))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGTERM, signal.SIGRTMIN})
    pathlib.Path("/proc/self/oom_score_adj").write_text("77")
    pathlib.Path("/proc/self/timerslack_ns").write_text("60000")


@pytest.mark.alone
@pytest.mark.parametrize("change", [None, change_state], ids=["plain", "changed"])
def test_command_inherits_what_it_would_without(start, place, change):
    state = machine.workload("state")
    environment = {"A": "1", "EMPTY": "", "ODD": "a\nb\xff", "PATH": "/nowhere", "B": "2"}
    (pathlib.Path(place.decode()) / "in").write_bytes(b"input")
    dumps = []
    for audited in (False, True):
        out = place + b"/out"
        extra = os.open("/etc/passwd", os.O_RDONLY | os.O_NOATIME)
        os.dup2(extra, 57)
        with open(place + b"/in", "rb") as stdin, open(out, "wb") as stdout, open(
            place + b"/err", "wb"
        ) as stderr:
            options = {
                "stdin": stdin,
                "stdout": stdout,
                "stderr": stderr,
                "env": environment,
                "cwd": place,
                "preexec_fn": change,
                "pass_fds": [57],
            }
            arguments = [state, "one", "two words", ""]
            if audited:
                session = start(arguments, **options)
                session.finish()
                session.log()
            else:
                subprocess.run(arguments, check=True, **options)
        os.close(extra)
        os.close(57)
        dumps.append(pathlib.Path(os.fsdecode(out)).read_bytes().decode(errors="replace").splitlines())
    without, within = dumps
    assert "fd 57" in "\n".join(without) and len(without) > 100
    assert within == without


@pytest.mark.alone
def test_processes_that_outlive_command_are_waited_for(start, place):
    fifo = place.decode() + "/fifo"
    os.mkfifo(fifo)
    session = start(["sh", "-c", f"(read line < {fifo}; exit 3) & exit 0"])
    with session.following() as records:
        leader = records.until(lambda r: r["event"] == "session.start")["leader_pid"]
        records.until(lambda r: r["event"] == "session.exit" and r["pid"] == leader)
        assert session.process.poll() is None
        with open(fifo, "w") as writer:
            writer.write("go\n")
    session.finish(status=0)
    log = session.log()
    assert sorted(record["exit_code"] for record in log.of("session.exit")) == [0, 3]
    assert "processes" not in log.end


@pytest.mark.incomparable("how far its children come depends on when the session ends")
def test_no_wait_names_what_still_runs(start, place):
    fifo = place.decode() + "/fifo"
    os.mkfifo(fifo)
    session = start(
        ["sh", "-c", f"cat {fifo} >/dev/null 2>&1 & cat {fifo} >/dev/null 2>&1 & echo $$; exit 6"],
        options=["--no-wait"],
    )
    session.finish(status=6)
    log = session.log()
    try:
        assert log.end["processes"] == 2 and len(log.end["pids"]) == 2
        assert not {record["pid"] for record in log.of("session.exit")} & set(log.end["pids"])
        for pid in log.end["pids"]:
            assert os.path.basename(os.readlink(f"/proc/{pid}/exe")) in ("cat", "dash", "bash")
    finally:
        for pid in log.end.get("pids", []):
            kill_quietly(pid)
            wait_gone(pid)


def test_without_wait_but_with_nothing_left(audit):
    log = audit(["true"], options=["--no-wait"])
    assert "processes" not in log.end


@pytest.mark.alone
def test_records_come_while_command_runs(start):
    session = start(["cat"], stdin=subprocess.PIPE)
    with session.following() as records:
        assert records.until(lambda r: r["event"] == "session.command")["program"] == "cat"
    assert session.process.poll() is None
    session.finish(b"")
    session.log()


def test_from_a_script_and_in_a_pipe(place):
    """As a person would use it: no terminal, streams of a pipeline."""
    log = place.decode() + "/log"
    script = place.decode() + "/script"
    pathlib.Path(script).write_text(
        f'#!/bin/sh\nset -e\nprintf "b\\na\\n" | "{machine.SESHAT}" run -o {log} sort | tr a-z A-Z\n'
    )
    os.chmod(script, 0o755)
    out = subprocess.run([script], check=True, capture_output=True)
    assert (out.stdout, out.stderr) == (b"A\nB\n", b"")
    from records import Log

    assert Log(pathlib.Path(log).read_bytes()).check().of("session.command")[0]["argv0"] == "sort"


@pytest.mark.alone
def test_nothing_is_left_behind(start):
    session = start(["cat"], stdin=subprocess.PIPE)
    first = session.start_record()
    programs = programs_of([session.process.pid, *recorders_of(session, first)])
    assert programs and programs <= all_programs()
    folder = machine.cgroup_folder(first["cgroup_path"])
    assert os.path.isdir(folder)
    _, err = session.finish(b"")
    assert err == b""
    assert not os.path.exists(folder)
    assert not os.path.exists(f"/proc/{first['leader_pid']}")
    assert programs_gone(programs)


@pytest.mark.alone
def test_killing_the_front_leaves_command_and_the_record_alone(start):
    """SIGKILL of `seshat run`: COMMAND goes on, the log is whole, and nothing is left in the end."""
    session = start(
        ["sh", "-c", "echo ready; read line; cat /etc/group >/dev/null; exit 0"], stdin=subprocess.PIPE
    )
    first = session.start_record()
    read_until(session.process.stdout, b"ready")
    recorders = recorders_of(session, first)
    programs = programs_of(recorders)
    session.process.kill()
    session.process.wait()
    assert os.path.exists(f"/proc/{first['leader_pid']}")
    assert all(idle(pid) for pid in recorders)
    session.finish(b"go\n", status=-signal.SIGKILL)
    for pid in recorders:
        wait_gone(pid)
    log = session.log()
    log.one("session.disk", path="/etc/group")
    assert log.one("session.exit", pid=first["leader_pid"])["exit_code"] == 0
    assert programs_gone(programs)
    assert not os.path.exists(machine.cgroup_folder(first["cgroup_path"]))


@pytest.mark.alone
def test_killing_the_front_at_once_leaves_nothing(start):
    """Whether COMMAND has begun by then or not: nobody is left waiting for a word that never comes."""
    for _ in range(10):
        session = start(["cat"], stdin=subprocess.PIPE)
        first = session.start_record()
        recorders = recorders_of(session, first)
        session.process.kill()
        session.finish(b"", status=-signal.SIGKILL)
        for pid in recorders:
            wait_gone(pid)
        assert session.log().of("session.exit")[-1]["pid"] == first["leader_pid"]
        assert not os.path.exists(machine.cgroup_folder(first["cgroup_path"]))


@pytest.mark.alone
def test_killing_the_recorder_leaves_command_alone(start):
    """What was recorded stays, in whole lines; COMMAND runs to its end; the front says what happened."""
    session = start(["sh", "-c", "echo ready; read line; exit 0"], stdin=subprocess.PIPE)
    first = session.start_record()
    read_until(session.process.stdout, b"ready")
    recorders = recorders_of(session, first)
    programs = programs_of(recorders)
    for pid in recorders:
        os.kill(pid, signal.SIGKILL)
        wait_gone(pid)
    out, err = session.finish(b"go\n", status=None)
    assert session.process.returncode in (0, 125), session.process.returncode
    assert err.startswith(b"seshat: ") and err.count(b"\n") == 1, err
    assert programs_gone(programs)
    data = session.log_path.read_bytes()
    assert data.endswith(b"\n")
    for line in data.splitlines():
        json.loads(line)
    assert not os.path.exists(machine.cgroup_folder(first["cgroup_path"])), out


def test_a_signal_to_the_front_reaches_command(start):
    session = start([machine.workload("window")], stdin=subprocess.PIPE)
    read_until(session.process.stdout, b"ready")
    session.process.send_signal(signal.SIGINT)
    read_until(session.process.stdout, b"interrupted")
    session.finish(status=3)
    session.log()


def test_help_and_version():
    for words in (["--help"], ["run", "--help"]):
        out = subprocess.run([machine.SESHAT, *words], check=True, capture_output=True, text=True)
        assert out.stdout.startswith("Usage: ") and "run" in out.stdout and out.stderr == ""
        assert "-o" in out.stdout or words == ["--help"]
    out = subprocess.run([machine.SESHAT, "--version"], check=True, capture_output=True, text=True)
    assert out.stdout.startswith("seshat ") and out.stderr == ""
