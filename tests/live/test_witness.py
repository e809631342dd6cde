# SPDX-License-Identifier: Apache-2.0
"""Real programs, with strace as a witness: every exec, open and connect that it saw is in the log, and no other."""
import os

import pytest
import witness

# Each runs in a folder of its own.
PROGRAMS = {
    "git": """
        git init -q repository && cd repository
        echo one > 'a file' && mkdir folder && echo two > folder/b && git add .
        git -c user.name=A -c user.email=a@example.com -c gc.auto=0 commit -q -m 'first commit'
        git log --stat --oneline > ../log && git status --short && git checkout -q -b branch""",
    "python3": """
        mkdir -p package/inner && cd package
        for name in __init__ a b inner/__init__ inner/c; do echo "import os, sys; X = '$name'" > $name.py; done
        cd .. && /usr/bin/python3 -m compileall -q -j 1 package && /usr/bin/python3 -c 'import package.inner.c'""",
    "tar": """
        mkdir -p tree/one/two && echo x > tree/one/x && echo y > tree/one/two/y && ln -s ../x tree/one/two/link && mkfifo tree/fifo
        tar -cf archive.tar tree && mkdir out && tar -xf archive.tar -C out && tar -czf archive.tgz tree && tar -tzf archive.tgz > /dev/null""",
    "gcc": """
        printf '#include <stdio.h>\\nint main(void) { puts("hello"); return 0; }\\n' > a.c
        gcc -O1 -Wall -o a a.c && ./a > /dev/null""",
    "script": """
        printf '#!/bin/sh -u\\ncat "$@" "$0" > /dev/null\\n' > script && chmod +x script && ./script /etc/passwd
        ./script '/none with space' 2> /dev/null || ./none 2> /dev/null || true
        "$PWD/script" && env -i "$PWD/script" /etc/passwd""",
    "network": """
        exec /usr/bin/python3 -c '
import socket, threading
listener = socket.socket(); listener.bind(("127.0.0.1", 0)); listener.listen()
six = socket.socket(socket.AF_INET6); six.bind(("::1", 0)); six.listen()
def work(i):
    for _ in range(20):
        with socket.create_connection(listener.getsockname()): pass
        with socket.create_connection(six.getsockname()[:2]): pass
        with socket.socket(socket.AF_UNIX) as u:
            u.connect_ex("/none/%d" % i); u.connect_ex("\\0none %d" % i)
        open("/etc/passwd").close()
threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
for t in threads: t.start()
for t in threads: t.join()
'""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_strace_and_the_log_agree(audit, place, name):
    trace = place.decode() + "/trace"
    folder = place.decode() + "/work"
    os.mkdir(folder)
    environment = {"PATH": "/usr/bin:/bin", "HOME": folder, "LC_ALL": "C", "GIT_CONFIG_NOSYSTEM": "1"}
    log = audit([*witness.ARGUMENTS, "-o", trace, "sh", "-ec", PROGRAMS[name]], cwd=folder, env=environment)
    with open(trace) as file:
        events = witness.parse(file.read())
    agreed, wrong = witness.compare(log, events, log.start["leader_pid"])
    assert not wrong, f"{agreed} agreed\n" + "\n".join(wrong[:30])
    assert agreed == sum(len(calls) for calls in events.values()) > 20
    assert {event.kind for calls in events.values() for event in calls} >= {"command", "disk"}


def test_the_witness_is_strict(audit, place):
    """A record that is missing, and one that differs in one byte, do not pass."""
    trace = place.decode() + "/trace"
    log = audit([*witness.ARGUMENTS, "-o", trace, "sh", "-c", "cat /etc/passwd > /dev/null"])
    with open(trace) as file:
        events = witness.parse(file.read())
    own = log.start["leader_pid"]
    assert witness.compare(log, events, own)[1] == []
    whole = list(log.records)
    victims = [
        i for i, record in enumerate(whole) if record["event"] == "session.disk" and record["pid"] != own
    ]
    log.records = whole[: victims[0]] + whole[victims[0] + 1 :]
    assert witness.compare(log, events, own)[1]
    log.records = list(whole)
    log.records[victims[-1]] = whole[victims[-1]] | {"return_code": whole[victims[-1]]["return_code"] + 1}
    assert witness.compare(log, events, own)[1]
