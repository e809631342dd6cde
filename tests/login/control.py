# SPDX-License-Identifier: Apache-2.0
"""The control socket, spoken to directly, by whoever a test wants to be."""
import contextlib
import json
import os
import socket
import traceback

from session import LIMIT

SOCKET = "/run/seshat/control.sock"
MESSAGE_MAX = 131072


def connect(path=SOCKET):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    one.settimeout(LIMIT)
    one.connect(path)
    return one


def ask(data, path=SOCKET):
    """Send these bytes as one packet; returns the reply, or None when the agent closes instead."""
    with contextlib.closing(connect(path)) as one:
        return ask_on(one, data)


def ask_on(one, data):
    with contextlib.suppress(BrokenPipeError):  # who is refused is told so before he has asked
        one.send(data)
    try:
        got = one.recv(MESSAGE_MAX + 1)
    except ConnectionResetError:
        return None
    assert len(got) <= MESSAGE_MAX
    return json.loads(got) if got else None


def call(name, path=SOCKET, **members):
    return ask(json.dumps({"op": name, **members}).encode(), path)


def good(name, path=SOCKET, **members):
    reply = call(name, path, **members)
    assert reply and reply["ok"] is True, reply
    return reply


def become(uid, gid, groups):
    os.setgroups(groups)
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def as_user(uid, gid, groups, action, *arguments):
    """What ACTION returns, as JSON carries it, in a process of that user. Returns (it, the pid it had)."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            become(uid, gid, groups)
            data = json.dumps(action(*arguments)).encode()
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(data)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        data = pipe.read()
    assert os.waitpid(pid, 0)[1] == 0
    return json.loads(data), pid
