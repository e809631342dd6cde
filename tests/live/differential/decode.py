# SPDX-License-Identifier: Apache-2.0
"""The arguments of a call, from strace's words (with -xx: every string and path is hexadecimal) to values."""
import re
import socket

import flags
from differential.events import inet, unix

STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"(?:\.\.\.)?')
COMMENT = re.compile(r"/\*.*?\*/")
FLAGS = dict(flags.OPEN_FLAGS) | {
    "O_RDONLY": flags.O_RDONLY,
    "O_WRONLY": flags.O_WRONLY,
    "O_RDWR": flags.O_RDWR,
    "O_ACCMODE": 3,
    "FASYNC": flags.O_ASYNC,
    "__O_SYNC": flags.O_SYNC & ~flags.O_DSYNC,
    "__O_TMPFILE": flags.O_TMPFILE & ~flags.O_DIRECTORY,
}
RESOLVE = {name: value for name, value in vars(flags).items() if name.startswith("RESOLVE_")}
FAMILIES = {name: number for number, name in flags.FAMILIES.items()} | {"AF_DECnet": 12}
SOCKETS = {"TCP": 2, "UDP": 2, "RAW": 2, "PING": 2, "UNIX": 1, "NETLINK": 16, "PACKET": 17}
FAMILY_SIZE = 2  # bytes of an address that hold its family


def split(text):
    """Arguments at the top level: commas within brackets do not count. Strings are hexadecimal: no comma in them."""
    parts, depth, start = [], 0, 0
    for i, character in enumerate(text):
        depth += character in "([{"
        depth -= character in ")]}"
        if character == "," and depth == 0:
            parts.append(text[start:i].strip())
            start = i + 1
    return parts + [text[start:].strip()] if text.strip() else parts


def unhex(text):
    return bytes.fromhex(text.replace("\\x", ""))


def unquote(text):
    """The bytes of a string, or None for a pointer to no readable one."""
    match = STRING.fullmatch(text)
    return unhex(match[1]) if match else None


def number(text, names):
    value = 0
    for word in COMMENT.sub("", text).strip().split("|"):
        value |= names[word] if word in names else int(word, 0)
    return value


def members(text):
    """{a=1, b=2} as a dictionary."""
    return dict(part.split("=", 1) for part in split(text.strip("{}")) if "=" in part)


def parse_argv(text):
    """(argv, cut): the strings up to the first one that is in no readable memory."""
    if text == "NULL":
        return (), False
    if not text.startswith("["):
        return (), True
    strings = []
    for part in split(COMMENT.sub("", text[1:-1])):
        string = unquote(part)
        if string is None:
            return tuple(strings), True
        strings.append(string)
    return tuple(strings), text.endswith("*/]")


def parse_scope(text):
    named = re.fullmatch(r'if_nametoindex\((".*")\)', text)
    return socket.if_nametoindex(unquote(named[1]).decode()) if named else int(text, 0)


def parse_socket(text):
    """The family of a descriptor's socket, as in 3<TCPv6:[12345]>; 0 for what is no socket."""
    name = re.match(r"\d+<([A-Z]+)(v6)?(?:-[A-Z]+)?:\[", text)
    if not name:
        return 0
    return socket.AF_INET6 if name[2] else SOCKETS[name[1]]


def parse_peer(text):
    """Where a TCP socket is connected to at the call's beginning, as in 3<TCP:[10.0.0.1:1025->10.0.0.2:80]>, or None."""
    match = re.match(r"\d+<TCP(?:v6)?:\[.*->\[?([^\[\]]+?)\]?:(\d+)\]>", text)
    return inet(match[1], int(match[2])) if match else None


def parse_address(text, size, own_family):
    """(family, where); the socket's own family where none could be read."""
    if not text.startswith("{") or size < FAMILY_SIZE:
        return own_family, None
    parts = members(text)
    family = number(parts["sa_family"], FAMILIES)
    if "sun_path" in parts:
        name = parts["sun_path"]
        return family, unix(unquote(name.lstrip("@")), name.startswith("@"))
    if "sin_addr" in parts:
        host = unquote(re.search(r'inet_addr\((".*?")\)', text)[1]).decode()
        return family, inet(host, int(re.search(r"sin_port=htons\((\d+)\)", text)[1]))
    if "sin6_port" in parts:
        host = unquote(re.search(r'inet_pton\(AF_INET6, (".*?")', text)[1]).decode()
        port = int(re.search(r"sin6_port=htons\((\d+)\)", text)[1])
        return family, inet(host, port, parse_scope(parts.get("sin6_scope_id", "0")))
    return family, unix(b"") if family == socket.AF_UNIX else None


def asked_for(value, mode=None):
    """flags and mode: a mode says something only where a file may come of the call, and only there the log has it."""
    creates = value & flags.O_CREAT or value & flags.O_TMPFILE == flags.O_TMPFILE
    return {"flags": value, "mode": int(mode or "0", 8) if creates else None}


def parse_how(text):
    """flags, mode and resolve of openat2; None where they are in no readable memory."""
    if not text.startswith("{"):
        return {"flags": None}
    how = members(text)
    resolve = number(how["resolve"], RESOLVE)
    return asked_for(number(how["flags"], FLAGS), how.get("mode")) | {"resolve": resolve or None}
