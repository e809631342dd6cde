# SPDX-License-Identifier: Apache-2.0
"""Other doors to an exec and an open than those that everybody takes."""
import os
import shutil
from errno import EACCES, EPERM

import machine
import pytest
from calls import AT_EMPTY_PATH, AT_FDCWD, Script, how, vector
from expect import command, disk, fact
from flags import O_CREAT, O_EXCL, O_PATH, O_RDONLY, O_RDWR, O_TMPFILE
from records import own
from session import json_lines
from test_forged import answer

NOTHING = machine.workload("nothing")
CHECK = 0x10000  # AT_EXECVE_CHECK


@pytest.fixture
def program(place):
    """A copy of the workload `nothing`."""
    path = place + b"/program"
    shutil.copy(NOTHING, path)
    return path


WAYS = ["posix_spawn", "vfork", "vm", "files", "shared", "untraced", "pidfd", "handlers", "silent"]


def test_every_way_to_make_the_process(audit):
    log = audit([machine.workload("doors"), NOTHING])
    facts = json_lines(log.out)
    assert [fact["name"] for fact in facts] == WAYS
    for fact in facts:
        record = log.one("session.command", pid=fact["child"])
        assert own(record) == {
            name: value
            for name, value in command(NOTHING.encode(), argv=[NOTHING, fact["name"]], cwd=os.getcwd())[
                1
            ].items()
            if value is not None
        }
        assert (record["ppid"], record["tid"], record["exe"]) == (fact["pid"], fact["child"], NOTHING)
        assert log.one("session.exit", pid=fact["child"])["exe"] == NOTHING
    assert len(log.of("session.command")) == 1 + len(WAYS)


def test_the_dynamic_linker_as_a_program(audit):
    """The exec is of the linker; the program that it loads is its argument, and a file that it opens."""
    linker = os.path.realpath("/lib64/ld-linux-x86-64.so.2")
    true = machine.tool("true")
    log = audit(["/lib64/ld-linux-x86-64.so.2", true])
    record = log.one("session.command")
    assert (record["path"], record["requested_path"], record["argv"], record["exe"]) == (
        linker,
        "/lib64/ld-linux-x86-64.so.2",
        [true],
        linker,
    )
    opened = log.one("session.disk", path=true)
    assert (opened["path_source"], opened["exe"]) == ("kernel", linker)


def test_without_permission_to_read(script, place, program):
    os.chmod(program, 0o711)
    s = Script()
    s.do("chdir", place)
    s.do("setresgid", machine.NOBODY, machine.NOBODY, machine.NOBODY)
    s.do("setresuid", machine.NOBODY, machine.NOBODY, machine.NOBODY)
    s.add("open", program, O_RDONLY, expect=disk(program, flags=O_RDONLY, result=-EACCES))
    s.add(
        "execve",
        program,
        vector(b"unreadable"),
        0,
        flags="c",
        exe=program.decode(),
        expect=command(program, argv=[b"unreadable"], cwd=place),
    )
    script(s)


def test_through_proc(script, place, program):
    """Magic links: the record has the file behind them."""
    calls = machine.workload("calls")
    s = Script()
    s.do("chdir", place)
    opened = s.do("open", program, O_PATH, expect=disk(program, flags=O_PATH))
    for request, path in (
        (b"/proc/self/exe", calls.encode()),
        (b"/proc/thread-self/exe", calls.encode()),
        (b"/proc/self/root" + program, program),
        (b"/proc/self/cwd/program", program),
        (b"/proc/self/fd/3", program),
        (b"/dev/fd/3", program),
    ):
        s.add(
            "execve",
            request,
            vector(b"zero"),
            0,
            flags="c",
            exe=path.decode(),
            expect=command(path, request, [b"zero"], cwd=place),
        )
    assert opened == "ropen.1"
    script(s)


def test_a_script_whose_interpreter_is_in_memory(audit, place):
    """#!/proc/self/fd/3, where a memory file is: the interpreter is what the kernel ran, not what the first line says."""
    path = place + b"/script"
    with open(path, "wb") as file:
        file.write(b"#!/proc/self/fd/3 -x\n")
    os.chmod(path, 0o755)
    text = (
        "import os, sys\n"
        "image = open(sys.argv[1], 'rb').read()\n"
        "memory = os.memfd_create('hidden', 0)\n"
        "os.write(memory, image)\n"
        "os.dup2(memory, 3)\n"
        "os.set_inheritable(3, True)\n"
        "os.execv(sys.argv[2], ['zero', 'one'])\n"
    )
    log = audit(["/usr/bin/python3", "-I", "-c", text, NOTHING, path], cwd=place)
    record = log.of("session.command", return_code=0)[-1]
    assert (record["path"], record["path_source"], record["interpreter"], record["exe"]) == (
        path.decode(),
        "request",
        "/memfd:hidden",
        "/memfd:hidden",
    )
    assert (record["argv0"], record["argv"]) == ("/proc/self/fd/3", ["-x", path.decode(), "one"])


def test_a_handler_of_ones_own_for_a_kind_of_file(audit, place):
    """binfmt_misc, of which each user namespace may have its own: what runs is the handler's interpreter."""
    path = machine.write_file(place + b"/data.seshat", b"no program\n")
    os.chmod(path, 0o755)
    text = (
        "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc &&"
        ' echo ":seshat:E::seshat::$0:" >/proc/sys/fs/binfmt_misc/register && "$1" argument'
    )
    log = audit(["unshare", "-Urmpf", "--mount-proc", "sh", "-c", text, NOTHING, path], cwd=place)
    record = log.one("session.command", path=path.decode())
    assert (record["path_source"], record["interpreter"], record["exe"], record["return_code"]) == (
        "request",
        NOTHING,
        NOTHING,
        0,
    )
    assert (record["argv0"], record["argv"]) == (NOTHING, [path.decode(), "argument"])
    register = log.one("session.disk", path="/proc/sys/fs/binfmt_misc/register")
    assert "O_WRONLY" in register["flag_names"]


def test_an_exec_that_is_only_a_question(script, place, program):
    """AT_EXECVE_CHECK: nothing runs, so nothing is recorded; what may not run is an attempt as any other."""
    other = place + b"/plain"
    shutil.copy(program, other)
    os.chmod(other, 0o644)
    argv = vector(b"zero")
    s = Script()
    s.do("chdir", place)
    s.add("execveat", AT_FDCWD, program, argv, 0, CHECK)
    s.add(
        "execveat",
        AT_FDCWD,
        other,
        argv,
        0,
        CHECK,
        expect=command(other, argv=[b"zero"], cwd=place, result=-EACCES),
    )
    script(s)


@pytest.mark.parametrize("error", [0, EPERM])
def test_an_exec_that_a_filter_answers(script, place, program, error):
    """A success that never was is none."""
    s = Script()
    s.do("chdir", place)
    answer(s, "execve", error)
    s.add(
        "execve",
        program,
        vector(b"zero"),
        0,
        result=-error,
        expect=command(program, argv=[b"zero"], cwd=place, result=-error) if error else None,
    )
    script(s)


def test_a_path_descriptor_opened_anew(script, place):
    """O_PATH gives no access; opening what it stands for is recorded with its path."""
    file = machine.write_file(place + b"/file")
    s = Script()
    s.do("open", file, O_PATH, expect=disk(file, flags=O_PATH))
    for request in (b"/proc/self/fd/3", b"/dev/fd/3"):
        s.add("open", request, O_RDWR, expect=disk(file, request, O_RDWR))
    script(s)


def test_a_file_without_a_name_that_gets_one(script, place):
    """O_TMPFILE, then a link to it: opened by its new name it is the same inode; executed, it has that name."""
    name = place + b"/named"
    s = Script()
    s.do("chdir", place)
    made = s.do(
        "open",
        place,
        O_TMPFILE | O_RDWR,
        0o755,
        expect=(
            "session.disk",
            disk(place + b"/?", place, O_TMPFILE | O_RDWR, mode=0o755, created=True, deleted=True)[1]
            | {"path": lambda told: f"{place.decode()}/#{told['inode']}"},
        ),
    )
    s.do("linkat", AT_FDCWD, b"/proc/self/fd/3", AT_FDCWD, name, 0x400)
    same = {"inode": fact("inode", made), "dev": fact("dev", made)}
    s.add("open", name, O_RDONLY, expect=disk(name, flags=O_RDONLY, **same))
    s.add("open", name, O_CREAT | O_EXCL, 0o600, expect=disk(name, flags=O_CREAT | O_EXCL, mode=0o600, result=-17))
    script(s)


def test_a_file_without_a_name_by_openat2(script, place):
    """Its flags are in memory; that it was made is the kernel's word all the same."""
    s = Script()
    flags = O_TMPFILE | O_RDWR
    s.add(
        "openat2",
        AT_FDCWD,
        place,
        how(flags, 0o600),
        24,
        expect=(
            "session.disk",
            disk(place + b"/?", place, flags, mode=0o600, created=True, deleted=True)[1]
            | {"path": lambda told: f"{place.decode()}/#{told['inode']}"},
        ),
    )
    script(s)


def test_a_program_whose_directory_descriptor_is_not_one(script, place, program):
    """AT_EMPTY_PATH on an O_PATH descriptor of a program that was moved meanwhile: its path is the new one."""
    moved = place + b"/moved"
    s = Script()
    s.do("chdir", place)
    opened = s.do("open", program, O_PATH, expect=disk(program, flags=O_PATH))
    s.do("rename", program, moved)
    s.add(
        "execveat",
        opened,
        b"",
        vector(b"zero"),
        0,
        AT_EMPTY_PATH,
        flags="c",
        exe=moved.decode(),
        expect=command(
            moved,
            b"",
            [b"zero"],
            cwd=place,
            inode=fact("inode", opened),
            dev=fact("dev", opened),
        ),
    )
    script(s)


def test_a_program_that_comes_by_standard_input(audit):
    """No exec and no open of it: the shell that reads it is recorded, and all that it does."""
    log = audit(["sh"], stdin=b"exec 3</etc/hostname\n/usr/bin/true from stdin\n")
    commands = [(r["argv0"], r["argv"]) for r in log.of("session.command")]
    assert commands == [("sh", []), ("/usr/bin/true", ["from", "stdin"])]
    assert log.one("session.disk", path="/etc/hostname")["exe"] == os.path.realpath("/bin/sh")


MOUNT_OVER = 'mount --bind "$1" "$2" && exec /usr/bin/false argument'


def test_a_dynamic_linker_of_ones_own(audit, place):
    """An ordinary user's mounts, in a user namespace: false(1) is the system's, and what runs first is what is mounted over
    the dynamic linker, which the kernel opens and starts. The record has both, and the linker's inode gives it away."""
    own_linker, linker = place + b"/linker", os.path.realpath("/lib64/ld-linux-x86-64.so.2")
    shutil.copy(linker, own_linker)
    user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "unshare", "-Urm"]
    log = audit([*user, "sh", "-c", MOUNT_OVER, "sh", own_linker, linker], status=1)
    false = machine.tool("false")
    record = log.one("session.command", path=false)
    assert (record["exe"], record["argv"], record["inode"]) == (false, ["argument"], os.stat(false).st_ino)
    assert (record["loader"], record["loader_inode"]) == (linker, os.stat(own_linker).st_ino)
    before = log.of("session.command", return_code=0)[:-1]
    assert {r["loader_inode"] for r in before} == {os.stat(linker).st_ino}


def test_the_dynamic_linker_that_a_program_asks_for(audit, place):
    """The name in the executable's ELF header: what it leads to is what runs first."""
    program, own_linker = place + b"/program", place + b"/l"
    shutil.copy("/lib64/ld-linux-x86-64.so.2", own_linker)
    with open("/usr/bin/false", "rb") as file:
        image = file.read()
    name = b"/lib64/ld-linux-x86-64.so.2\0"
    assert image.count(name) == 1 and len(own_linker) < len(name)
    with open(program, "wb") as file:
        file.write(image.replace(name, own_linker.ljust(len(name), b"\0")))
    os.chmod(program, 0o755)
    record = audit([program], status=1).one("session.command")
    assert (record["path"], record["loader"], record["loader_inode"]) == (
        program.decode(),
        own_linker.decode(),
        os.stat(own_linker).st_ino,
    )


def test_a_program_that_needs_no_dynamic_linker(audit):
    record = audit([NOTHING]).one("session.command")
    assert not {"loader", "loader_inode"} & record.keys()
