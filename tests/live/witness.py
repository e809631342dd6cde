# SPDX-License-Identifier: Apache-2.0
"""
What strace saw of the same program, in the same terms as the log: an independent witness.

strace is run with -xx, so that every string and path is hexadecimal and a line can be taken apart without guessing,
and with -y, so that it names the file behind each descriptor that a call returns.
"""
import collections
import errno
import re

import flags
from records import exact

CALLS = "execve,execveat,open,openat,openat2,creat,open_by_handle_at,connect"
ARGUMENTS = ["strace", "-f", "-xx", "-y", "-v", "-s", "4194304", "-e", f"trace={CALLS}"]

LINE = re.compile(r"(\d+) +(.*)")
RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)")
CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+|\?)(?:<([^>]*)>(\(deleted\))?)?(?: (E\w+) \(.*\))?")
BY_NAME = dict(flags.OPEN_FLAGS) | {
    "O_RDONLY": 0,
    "O_WRONLY": 1,
    "O_RDWR": 2,
    "O_ACCMODE": 3,
    "FASYNC": flags.O_ASYNC,
}

# One call: what both sides can tell of it. `path` is the kernel's name of the opened file.
Event = collections.namedtuple("Event", "kind result request argv path deleted flags mode address")
Event.__new__.__defaults__ = (None,) * len(Event._fields)


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


def unquote(text):
    """The bytes of a string, or None for a pointer that strace could not read."""
    match = re.fullmatch(r'@?"((?:\\x[0-9a-f]{2})*)"', text)
    return bytes.fromhex(match[1].replace("\\x", "")) if match else None


def number(text):
    value = 0
    for word in text.split("|"):
        value |= BY_NAME[word] if word in BY_NAME else int(word, 0)
    return value


def strings(text):
    assert text.startswith("[") and text.endswith("]"), text
    return [unquote(part) for part in split(text[1:-1])]


def address(text):
    """(family, where): a path, or (address, port)."""
    family = re.match(r"\{sa_family=(\w+)", text)[1]
    if family == "AF_UNIX":
        word = re.search(r'sun_path=(@?"[^"]*")', text)
        return (family, (b"@" if word[1].startswith("@") else b"") + unquote(word[1]) if word else b"")
    if family == "AF_INET":
        return family, (
            unquote(re.search(r'inet_addr\(("[^"]*")\)', text)[1]).decode(),
            int(re.search(r"sin_port=htons\((\d+)\)", text)[1]),
        )
    if family == "AF_INET6":
        return family, (
            unquote(re.search(r'inet_pton\(AF_INET6, ("[^"]*")', text)[1]).decode(),
            int(re.search(r"sin6_port=htons\((\d+)\)", text)[1]),
        )
    return family, None


def opened(name, arguments, result, where, gone):
    at = name in ("openat", "openat2")
    arguments = arguments[1:] if at else arguments
    event = Event("disk", result, request=unquote(arguments[0]))
    if name == "creat":
        event = event._replace(
            flags=flags.O_CREAT | flags.O_WRONLY | flags.O_TRUNC, mode=int(arguments[1], 8)
        )
    elif name == "openat2":
        how = dict(part.split("=") for part in split(arguments[1].strip("{}")))
        event = event._replace(
            flags=number(how["flags"]), mode=int(how["mode"], 8) if "mode" in how else None
        )
    else:
        event = event._replace(
            flags=number(arguments[1]), mode=int(arguments[2], 8) if len(arguments) > 2 else None
        )
    if where is None:
        return event
    path = bytes.fromhex(where.replace("\\x", ""))
    return event._replace(path=path if path.startswith(b"/") else b"/" + path, deleted=bool(gone))


def parse_call(text):
    name, arguments, result, where, gone, error = CALL.fullmatch(text).groups()
    arguments = split(arguments)
    # An attempt that a signal interrupted: the kernel's inner ERESTARTSYS and its like are EINTR to a program.
    result = -4 if result == "?" else -getattr(errno, error) if error else int(result)
    if name == "connect":
        return Event("connect", result, address=address(arguments[1]))
    if name.startswith("execve"):
        arguments = arguments[1:] if name == "execveat" else arguments
        return Event("command", result, request=unquote(arguments[0]), argv=strings(arguments[1]))
    return opened(name, arguments, result, where, gone)


def parse(text):
    """Every call of each thread, in order."""
    events, open_calls = collections.defaultdict(list), {}
    for line in text.splitlines():
        tid, rest = LINE.fullmatch(line).groups()
        if rest.startswith(("---", "+++")):
            continue
        resumed = RESUMED.fullmatch(rest)
        if resumed:
            rest = open_calls.pop(tid) + resumed[2]
        if rest.endswith("<unfinished ...>"):
            open_calls[tid] = rest.removesuffix("<unfinished ...>").rstrip()
            continue
        events[int(tid)].append(parse_call(rest))
    assert not open_calls, f"strace saw no end of {open_calls}"
    return dict(events)


def asked(record):
    """The path that the program gave."""
    if "requested_path" in record:
        return exact(record, "/requested_path")
    return exact(record, "/path") if "path" in record else None


def rewritten(record, argv):
    """The argv that a script's interpreter gets: the kernel puts the #! line's words and the script's name first."""
    with open(exact(record, "/path"), "rb") as file:
        words = file.readline()[2:].strip().split(None, 1)
    return words + [asked(record)] + argv[1:]


def event_of(record):
    """A record, in the witness's terms."""
    if record["event"] == "session.command":
        argv = [exact(record, "/argv0")] if "argv0" in record else []
        argv += [exact(record, f"/argv/{i}") for i in range(len(record["argv"]))]
        return Event("command", record["return_code"], request=asked(record), argv=argv)
    if record["event"] == "session.network":
        if record["family"] == 1:
            where = asked(record)
        else:
            where = (record.get("dst_addr"), record.get("dst_port")) if "dst_addr" in record else None
        return Event("connect", record["return_code"], address=(record["family_name"], where))
    success = record["path_source"] == "kernel"
    return Event(
        "disk",
        record["return_code"],
        request=asked(record),
        flags=record["flags"],
        mode=int(record["mode"], 8) if "mode" in record else None,
        path=exact(record, "/path") if success else None,
        deleted=record.get("deleted", False) if success else None,
    )


def compare(log, trace, own_pid):
    """Both ways, thread by thread, in order. Returns (how many calls agreed, differences)."""
    records = collections.defaultdict(list)
    for record in log.of("session.command", "session.disk", "session.network"):
        if record["pid"] != own_pid and record.get("operation", "connect") == "connect":
            records[record["tid"]].append(record)
    agreed, wrong = 0, []
    for tid in sorted(trace.keys() | records.keys()):
        saw, wrote = trace.get(tid, []), records.get(tid, [])
        if len(saw) != len(wrote):
            wrong.append(f"thread {tid}: strace saw {len(saw)} calls, the log has {len(wrote)}")
        for event, record in zip(saw, wrote):
            if "interpreter" in record:
                event = event._replace(argv=rewritten(record, event.argv))
            told = event_of(record)
            agreed += event == told
            if event != told:
                wrong += [
                    f"thread {tid}: {name}: strace {a!r}, log {b!r}"
                    for name, a, b in zip(Event._fields, event, told)
                    if a != b
                ]
    return agreed, wrong
