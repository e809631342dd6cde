# SPDX-License-Identifier: Apache-2.0
"""
What strace writes, taken apart into the calls of each thread.

-xx has every string and path written in hexadecimal, so that a line can be taken apart without guessing; --decode-fds
names the file behind each descriptor, as /proc has it at the moment when strace looks, or the socket's protocol.
"""
import collections
import errno
import os
import re
import socket

import flags
from differential.decode import (
    FLAGS,
    asked_for,
    number,
    parse_address,
    parse_argv,
    parse_how,
    parse_peer,
    parse_socket,
    split,
    unhex,
    unquote,
)
from differential.events import UNKNOWN, Event, inet

COMPARED = "execve,execveat,open,openat,openat2,creat,open_by_handle_at,connect"
REMOVING = "unlink,unlinkat,rename,renameat,renameat2,rmdir"
DESCRIPTORS = "--decode-fds=path,socket"
LIMIT = 8 << 20  # bytes of a string: more than the kernel takes for a whole argv
ARGUMENTS = ["strace", "-f", "-q", "-xx", DESCRIPTORS, "-v", "-s", str(LIMIT), "-e", f"trace={COMPARED},{REMOVING}"]

# strace may begin a line for a thread of whose call it saw no beginning, and go on in it with another's.
LINE = re.compile(r"(?:\d+ +\?\?\?\()?(\d+) +(.*)")
RESUMED = re.compile(r"<\.\.\. \w+ resumed>(.*)")
# The end, without a result, of a call of which strace does not know which one it was: the thread was killed.
UNSEEN = re.compile(r"<\.\.\. \?\?\? resumed>\) += \?")
UNFINISHED = re.compile(r"(.*?) *<(?:unfinished|pid changed to \d+) \.\.\.>")
SUPERSEDED = re.compile(r"\+\+\+ superseded by execve in pid (\d+) \+\+\+")
CALL = re.compile(r"(\w+)\((.*)\) += (-?\d+|\?)(?:<([^>]*)>(\(deleted\))?)?(?: (E\w+) \(.*\))?")
FILE = re.compile(r"(AT_FDCWD|-?\d+)(?:<([^>]*)>(?:\(deleted\))?)?")
INTERRUPTED = -errno.EINTR
HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}

# A call: what the log must tell of it; the name under which the kernel knows what it executes; and the lines of the
# trace at which it began and ended.
Call = collections.namedtuple("Call", "event filename begin end")
# A name that a thread took from a file, between these lines.
Removal = collections.namedtuple("Removal", "tid name begin end")


def named(text, result):
    """
    The path of a call. A pointer is what strace could not read; the kernel could, unless it said EFAULT: a page that may
    be written but not read is readable for the processor, and not for another process.
    """
    path = unquote(text)
    return UNKNOWN if path is None and text != "NULL" and result != -errno.EFAULT else path


def page_of(text):
    """The page of memory that a pointer, which strace could not follow, is to."""
    return int(text, 16) >> 12 if text.startswith("0x") else None


def connected(arguments, result):
    own_family, size = parse_socket(arguments[0]), int(arguments[2])
    if size < 0:  # the kernel takes no address then, and strace shows none
        return Event("network", result, address=UNKNOWN), None
    family, where = parse_address(arguments[1], size, own_family)
    if result in (0, -errno.EINPROGRESS) and where and family in (socket.AF_INET, socket.AF_INET6):
        # The peer that the kernel has now. A call that finds an earlier one's connection made gets just that; to connect
        # to no address at all is to connect to this host; and the peers of an IPv6 socket are IPv6 ones.
        peer = parse_peer(arguments[0])
        if peer:
            return Event("network", result, address=(own_family, peer)), None
        host = HERE.get(where[0], where[0])
        if family == socket.AF_INET and own_family == socket.AF_INET6:
            family, host = own_family, "::ffff:" + host
        where = inet(host, *where[1:])
    return Event("network", result, address=(family, where)), None


def executed(name, arguments, result):
    directory, arguments = (arguments[0], arguments[1:]) if name == "execveat" else ("AT_FDCWD", arguments)
    filename = request = named(arguments[0], result)
    argv, cut = parse_argv(arguments[1])
    if request is UNKNOWN and page_of(arguments[0]) == page_of(arguments[1]):
        argv = cut = UNKNOWN
    # The kernel gives a program without any argument an empty argv[0] (since 5.18).
    if result == 0 and not argv:
        argv = (b"",)
    descriptor = FILE.fullmatch(directory)[1]
    if descriptor != "AT_FDCWD" and isinstance(request, bytes) and not request.startswith(b"/"):
        filename = b"/dev/fd/" + descriptor.encode() + (b"/" + request if request else b"")
    return Event("command", result, request=request, argv=argv, cut=cut), filename


def open_arguments(name, arguments, result):
    """(directory, path, its flags and so on) of one of the open family."""
    if name == "open_by_handle_at":
        return None, None, asked_for(number(arguments[2], FLAGS))
    directory, arguments = (arguments[0], arguments[1:]) if name.startswith("openat") else (None, arguments)
    request = named(arguments[0], result)
    if name == "openat2":
        return directory, request, parse_how(arguments[1])
    if name == "creat":
        return directory, request, asked_for(flags.O_CREAT | flags.O_WRONLY | flags.O_TRUNC, arguments[1])
    return directory, request, asked_for(number(arguments[1], FLAGS), *arguments[2:])


def absolute(directory, request):
    """A request that failed, made absolute as far as the trace knows: not where the current directory is not told."""
    if not isinstance(request, bytes):
        return request
    folder = FILE.fullmatch(directory or "")
    if request.startswith(b"/") or not folder or not folder[2]:
        return UNKNOWN
    return unhex(folder[2]).rstrip(b"/") + (b"/" + request if request else b"")


def opened(name, arguments, result, where, gone):
    directory, request, how = open_arguments(name, arguments, result)
    event = Event("disk", result, request=request, **how)
    if result is not UNKNOWN and result < 0:
        return event._replace(path=absolute(directory, request)), None
    if where is None:  # killed within the call, or a path longer than /proc can tell
        return event._replace(path=UNKNOWN, deleted=UNKNOWN), None
    path = unhex(where)
    # A pipe, for one, has a name without a slash. What never was in a folder /proc calls deleted (simple_dname()).
    path = path if path.startswith(b"/") else b"/" + path
    return event._replace(path=path, deleted=bool(gone) and not path.startswith(b"/memfd:")), None


def removed(name, arguments, result):
    """The last component of the name that a file has lost: a rename takes it from the file that had the new name."""
    if result != 0:
        return None
    which = {"unlink": 0, "rmdir": 0, "unlinkat": 1, "rename": 1, "renameat": 3, "renameat2": 3}[name]
    path = unquote(arguments[which])
    return path and os.path.basename(path.rstrip(b"/"))


def parse_result(text, error):
    """An attempt that a signal interrupted, ERESTARTSYS and its like within the kernel, is EINTR to a program."""
    if text == "?":
        # Without a word why: the thread was killed within the call, and strace is not told what it returned.
        return INTERRUPTED if error else UNKNOWN
    return -getattr(errno, error) if error else int(text)


def supersede(begun, leader, thread):
    """Another thread than the leader has executed a program, and is the leader from now on."""
    own = begun.pop(leader, None)
    begun[leader] = begun.pop(thread)
    return own


def lines_of(text):
    """Each call as one line: (thread, line where it began, line where it ended, its text), in the order of the ends."""
    begun = {}
    for at, line in enumerate(text.splitlines()):
        tid, rest = LINE.fullmatch(line).groups()
        superseded = SUPERSEDED.fullmatch(rest)
        killed = superseded and supersede(begun, tid, superseded[1])
        if killed:
            yield int(tid), killed[0], at, killed[1] + ") = ?"
        if rest.startswith(("---", "+++")) or (UNSEEN.fullmatch(rest) and tid not in begun):
            continue
        begin, head = at, ""
        resumed = RESUMED.fullmatch(rest)
        if resumed:
            begin, head = begun.pop(tid)
            rest = resumed[1].removeprefix(" <unfinished ...>")
        unfinished = UNFINISHED.fullmatch(rest)
        if unfinished:
            begun[tid] = begin, head + unfinished[1]
            continue
        yield int(tid), begin, at, head + rest
    if begun:
        raise ValueError(f"strace saw no end of {begun}")


def take_apart(line):
    """(name, arguments, result, file behind the result, whether that is deleted)"""
    match = CALL.fullmatch(line)
    if not match:
        raise ValueError(f"no call: {line}")
    name, arguments, result, where, gone, error = match.groups()
    return name, split(arguments), parse_result(result, error), where, gone


class Trace:
    """The calls of each thread, in order, and what has lost its name on the way."""

    def __init__(self, text):
        self.threads = collections.defaultdict(list)
        self.removals = []
        for tid, begin, end, line in lines_of(text):
            name, arguments, result, where, gone = take_apart(line)
            if name in REMOVING.split(","):
                self.removals.append(Removal(tid, removed(name, arguments, result), begin, end))
                continue
            if name == "connect":
                found = connected(arguments, result)
            elif name.startswith("execve"):
                found = executed(name, arguments, result)
            else:
                found = opened(name, arguments, result, where, gone)
            self.threads[tid].append(Call(*found, begin, end))

    def was_removed_meanwhile(self, tid, call):
        """
        Did another thread take the opened file's name while the call lasted, as the trace has it? Then it may have had
        it at the call's end, and not any more when strace looked, a moment later.
        """
        name = os.path.basename(call.event.path)
        return any(
            removal.name == name and removal.tid != tid and removal.begin < call.end and removal.end > call.begin
            for removal in self.removals
        )
