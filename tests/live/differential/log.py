# SPDX-License-Identifier: Apache-2.0
"""The records of a log that stand for the traced calls, as events."""
import collections

from differential.decode import RESOLVE, number
from differential.events import Event, inet, unix
from records import exact


def asked(record):
    """The path that the program gave."""
    if "requested_path" in record:
        return exact(record, "/requested_path")
    return exact(record, "/path") if "path" in record else None


def command(record):
    argv = (exact(record, "/argv0"),) if "argv0" in record else ()
    argv += tuple(exact(record, f"/argv/{i}") for i in range(len(record["argv"])))
    cut = record.get("argv_truncated", False)
    return Event("command", record["return_code"], request=asked(record), argv=argv, cut=cut)


def disk(record):
    opened = record["path_source"] == "kernel"
    # A handle is no name: then what was asked for is not one either.
    return Event(
        "disk",
        record["return_code"],
        request=None if record.get("via") == "handle" else asked(record),
        path=exact(record, "/path") if "path" in record else None,
        deleted=record.get("deleted", False) if opened else None,
        flags=record.get("flags"),
        mode=int(record["mode"], 8) if "mode" in record else None,
        resolve=number("|".join(record["resolve_names"]), RESOLVE) if "resolve_names" in record else None,
    )


def address(record):
    if record.get("address_source") == "unreadable":
        return record["family"], None
    if record["family"] == 1:
        name = asked(record)
        abstract = record.get("abstract", False)
        return record["family"], unix(name[1:] if abstract else name, abstract)
    if "dst_addr" in record:
        return record["family"], inet(record["dst_addr"], record["dst_port"], record.get("scope_id", 0))
    return record["family"], None


def network(record):
    return Event("network", record["return_code"], address=address(record))


READERS = {"session.command": command, "session.disk": disk, "session.network": network}


def is_call(record):
    """Does it stand for one of the traced calls? io_uring's opens and connects, for instance, are made by none."""
    if record["event"] == "session.network" and record["operation"] != "connect":
        return False
    return record["event"] in READERS and record.get("via") in (None, "handle")


def by_thread(log):
    """The records of each thread, in order, without those of strace itself, which is the session's first process."""
    threads = collections.defaultdict(list)
    for record in log.records:
        if is_call(record) and record["pid"] != log.start["leader_pid"]:
            threads[record["tid"]].append(record)
    return dict(threads)


def event(record):
    return READERS[record["event"]](record)
