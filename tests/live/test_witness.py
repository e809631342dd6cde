# SPDX-License-Identifier: Apache-2.0
"""Real programs, with strace as a witness: every exec, open and connect that it saw is in the log, and no other."""
import http.server
import os
import re
import subprocess
import threading

import addresses
import conftest
import machine
import pytest

WITNESS = str(machine.ROOT / "tests/live/witness")
LIMIT = 60  # seconds that one of them may take
SUMMARY = re.compile(r"^(\w+): strace (\d+), log (\d+), agreed (\d+)$", re.MULTILINE)

# Each runs in a folder of its own. $SERVER is a server on the loopback, $WORKLOADS where our programs are.
PROGRAMS = {
    "git": """
        git init -q repository && cd repository
        echo one > 'a file' && mkdir folder && echo two > folder/b && git add .
        git -c user.name=A -c user.email=a@example.com -c gc.auto=0 commit -q -m 'first commit'
        git log --stat --oneline > ../log && git status --short && git checkout -q -b branch
        cd .. && git clone -q repository clone && git -C clone fsck 2> /dev/null""",
    "compileall": """
        mkdir -p package/inner && cd package
        for name in __init__ a b inner/__init__ inner/c; do echo "import os, sys; X = '$name'" > $name.py; done
        cd .. && python3 -m compileall -q -j 1 package && python3 -c 'import package.inner.c'""",
    "tar": """
        mkdir -p tree/one/two && echo x > tree/one/x && echo y > tree/one/two/y && ln -s ../x tree/one/two/link && mkfifo tree/fifo
        tar -cf archive.tar tree && mkdir out && tar -xf archive.tar -C out && tar -czf archive.tgz tree && tar -tzf archive.tgz > /dev/null""",
    "perl": """
        perl -MFile::Find -MPOSIX -e '
            find(sub { open(my $f, "<", $_) and read($f, my $x, 10) if -f }, "/etc/apt", "/etc/perl");
            open(my $none, "<", "/none/x") and die; print qx(id -u), `cat /etc/hostname | wc -l`; system("true; none 2> /dev/null");'""",
    "gcc": """
        printf '#include <stdio.h>\\nint main(void) { puts("hello"); return 0; }\\n' > a.c
        gcc -O1 -Wall -o a a.c && ./a > /dev/null""",
    "make": """
        for i in 1 2 3 4; do echo "int f$i(void) { return $i; }" > f$i.c; done
        printf 'int f1(void);\\nint main(void) { return f1() - 1; }\\n' > main.c
        printf 'all: main.o f1.o f2.o f3.o f4.o\\n\\tgcc -o main $^ && ./main\\n%%.o: %%.c\\n\\tgcc -c $<\\n' > Makefile
        make -s -j4""",
    "apt-get": """
        apt-get -s upgrade > /dev/null && apt-get -s install tar > /dev/null""",
    "ssh-keygen": """
        ssh-keygen -q -t ed25519 -N '' -C c -f key && ssh-keygen -lf key.pub > /dev/null
        ssh-keygen -q -t ecdsa -N secret -f other && ssh-keygen -y -P secret -f other > /dev/null
        ssh-keygen -q -s key -I name -n user other.pub && ssh-keygen -Lf other-cert.pub > /dev/null""",
    "curl": """
        curl -sS -o file $SERVER/file && curl -sS -o /dev/null $SERVER/file $SERVER/none
        curl -sS --max-time 5 http://127.0.0.1:1/ 2> /dev/null || test $? = 7""",
    "wget": """
        wget -q -O file $SERVER/file && wget -q -P folder $SERVER/file
        wget -q -t 1 -O other http://127.0.0.1:1/ || test $? = 4""",
    "tmux": """
        alias tmux='tmux -S socket -f /dev/null'
        tmux new-session -d 'cat /etc/passwd > out; tmux -S socket wait-for -S done; tmux -S socket wait-for over'
        tmux wait-for done && cmp out /etc/passwd && tmux wait-for -S over""",
    "stress-ng --open": "stress-ng -q -t 60 --open 1 --open-ops 500",
    "stress-ng --sock": "stress-ng -q -t 60 --sock 1 --sock-ops 50 --sock-port $PORT",
    "stress-ng --sock, IPv6": "stress-ng -q -t 60 --sock 1 --sock-ops 20 --sock-port $PORT --sock-domain ipv6",
    "stress-ng --udp": "stress-ng -q -t 60 --udp 1 --udp-ops 500 --udp-port $PORT",
    # It refuses to run as root.
    "stress-ng --exec": """
        chmod 777 .
        setpriv --reuid=65534 --clear-groups stress-ng -q -t 60 --exec 1 --exec-ops 200 --exec-max 16""",
    "stress-ng --sysbadaddr": """
        chmod 777 .
        setpriv --reuid=65534 --clear-groups stress-ng -q -t 60 --sysbadaddr 1 --sysbadaddr-ops 1500""",
    "scripts": """
        printf '#!/bin/sh -u\\ncat "$@" "$0" > /dev/null\\n' > script && chmod +x script && ./script /etc/passwd
        ./script '/none with space' 2> /dev/null || ./none 2> /dev/null || true
        printf '#!%s/script \\t two words \\n' "$PWD" > nested && chmod +x nested && ./nested || true
        "$PWD/script" && env -i "$PWD/script" /etc/passwd""",
    "sockets": """
        exec python3 -c '
import socket, threading
listener = socket.socket(); listener.bind(("127.0.0.1", 0)); listener.listen(1000)
six = socket.socket(socket.AF_INET6); six.bind(("::1", 0)); six.listen(1000)
local = socket.socket(socket.AF_UNIX); local.bind("local"); local.listen(1000)
abstract = socket.socket(socket.AF_UNIX); abstract.bind("\\0a\\0\\n"); abstract.listen(1000)
def work(i):
    for _ in range(20):
        with socket.create_connection(listener.getsockname()): pass
        with socket.create_connection(six.getsockname()[:2]): pass
        with socket.socket() as s:
            s.setblocking(False); s.connect_ex(("0.0.0.0", listener.getsockname()[1])); s.connect_ex(("127.0.0.1", 1))
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s: s.connect_ex(("::ffff:127.0.0.1", 9)); s.connect_ex(("::1", 9))
        for where in "local", "/none/%d" % i, "\\0none %d" % i, "\\0a\\0\\n":
            with socket.socket(socket.AF_UNIX) as s: s.setblocking(False); s.connect_ex(where)
        open("/etc/passwd").close()
threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
for t in threads: t.start()
for t in threads: t.join()
'""",
    "threads": "$WORKLOADS/threads 4 100 > /dev/null && $WORKLOADS/thread_execs 20 /none $WORKLOADS/nothing",
    "a 32-bit program": "$WORKLOADS/compat_32 /etc/passwd /none/x $PWD/new $WORKLOADS/nothing > /dev/null",
    "interrupted calls": "mkfifo fifo && $WORKLOADS/interrupted fifo > /dev/null",
}
# At least so many execs, opens and connects: what a program that did nothing at all would not have.
AT_LEAST = {
    "git": (10, 300, 0),
    "compileall": (4, 100, 0),
    "tar": (8, 60, 0),
    "perl": (8, 60, 0),
    "gcc": (6, 100, 0),
    "make": (15, 150, 0),
    "apt-get": (5, 100, 0),
    "ssh-keygen": (7, 60, 0),
    "curl": (4, 80, 4),
    "wget": (4, 40, 3),
    "tmux": (6, 60, 5),
    "stress-ng --open": (2, 1000, 0),
    "stress-ng --sock": (2, 20, 50),
    "stress-ng --sock, IPv6": (2, 20, 20),
    "stress-ng --udp": (2, 20, 0),
    "stress-ng --exec": (200, 1000, 0),
    "stress-ng --sysbadaddr": (20, 100, 20),
    "scripts": (12, 30, 0),
    "sockets": (2, 80, 4 * 20 * 10),
    "threads": (23, 400, 400),
    "a 32-bit program": (4, 5, 2),
    "interrupted calls": (3, 6, 0),
}


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def server(place):
    """Serves one file."""
    folder = place + b"/served"
    os.mkdir(folder)
    machine.write_file(folder + b"/file", b"x" * 100000)

    def handler(*args):
        return Quiet(*args, directory=os.fsdecode(folder))

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as one:
        thread = threading.Thread(target=one.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{one.server_port}"
        one.shutdown()
        thread.join()


def by_agent(agent):
    """The options by which the agent records."""
    return ["--agent", agent.socket, agent.log_path]


@pytest.fixture
def witness(strategy, agent_for, place, server):
    """Run a shell's script by the witness: (its exit status, its report, {kind: (strace, log, agreed)}). ALONE: without an agent."""
    folder = os.fsdecode(place) + "/work"
    os.mkdir(folder)

    def run(script, *options, alone=False, **environment):
        report = os.fsdecode(place) + "/report"
        machine.write_file(report)
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": folder,
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "SERVER": server,
            "PORT": str(addresses.free_port()),
            "SESHAT": machine.SESHAT,
            "WORKLOADS": str(machine.WORKLOADS),
        } | environment
        if alone:
            choice = [f"--seshat={option}" for option in conftest.STRATEGIES[strategy]]
        else:
            choice = by_agent(agent_for([]))
        done = subprocess.run(
            [WITNESS, *choice, "-t", str(LIMIT), "-o", report, *options, "sh", "-ec", script],
            cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=2 * LIMIT, check=False,
        )
        with open(report, encoding="utf-8") as file:
            told = done.stdout + file.read()
        counts = {kind: tuple(map(int, numbers)) for kind, *numbers in SUMMARY.findall(told)}
        return done.returncode, told, counts

    return run


@pytest.mark.parametrize("name", PROGRAMS)
def test_strace_and_the_log_agree(witness, name):
    status, told, counts = witness(PROGRAMS[name])
    assert status == 0, told
    assert set(counts) == {"exec", "open", "connect"}
    assert all(saw == log == agreed for saw, log, agreed in counts.values()), told
    for kind, number in zip(("exec", "open", "connect"), AT_LEAST[name]):
        assert counts[kind][0] >= number, told


# Seshat, but for one record: a result that the kernel did not give.
LIAR = """#!/bin/sh
"$REAL" "$@"
status=$?
while [ "$1" != -o ]; do shift; done
sed -i '/"event":"session.disk".*none/s/"return_code":-2/"return_code":-13/' "$2"
exit $status
"""


def test_what_it_says_of_a_log_that_lies(witness, place):
    liar = os.fsdecode(machine.write_file(place + b"/liar", LIAR.encode()))
    os.chmod(liar, 0o755)
    status, told, counts = witness("cat /none || cat /etc/passwd > /dev/null", alone=True, SESHAT=liar, REAL=machine.SESHAT)
    assert status == 1, told
    assert len(re.findall(r"^thread \d+: open .*: result: strace -2, log -13$", told, re.MULTILINE)) == 1, told
    saw, log, agreed = counts["open"]
    assert saw == log == agreed + 1, told


def test_its_exit_status_is_honest(witness):
    status, told, counts = witness("exit 5", alone=True)
    assert (status, counts["exec"]) == (3, (1, 1, 1)) and "COMMAND ended with 5" in told, told
    status, told, counts = witness("true", alone=True, SESHAT="/bin/false")
    assert (status, counts) == (2, {}) and "nothing to compare" in told, told
    status, told, counts = witness("sleep 1000", "-t", "1")
    assert (status, counts) == (2, {}) and "nothing to compare: TimeoutExpired" in told, told
    status, told, counts = witness("true", "--no-such-option")
    assert (status, counts) == (2, {}) and "usage: witness" in told, told
