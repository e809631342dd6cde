# SPDX-License-Identifier: Apache-2.0
"""A trace and a log, both ways: each call has its record, each record its call, thread by thread and in order."""
import collections
import difflib

from differential import log as told_by
from differential.events import KINDS, UNKNOWN, Event, differences
from differential.scripts import script_argv
from records import exact

SHOWN = 300  # characters of a value


def clip(value):
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN // 2]}...{text[-SHOWN // 2:]} ({len(text)})"


def describe(event):
    parts = [f"{name}={clip(value)}" for name, value in zip(Event._fields[1:], event[1:]) if value is not None]
    return f"{KINDS[event.kind]} " + " ".join(parts)


def align(calls, events):
    """Which stand for each other. Where one is missing, the others are still compared with their like."""
    if len(calls) == len(events):
        return [("pair", 0, len(calls), 0, len(events))]
    keys = [
        [(event.kind, event.request, event.address) for event in side]
        for side in ([call.event for call in calls], events)
    ]
    return [
        ("pair" if tag == "equal" else tag, i, i_end, j, j_end)
        for tag, i, i_end, j, j_end in difflib.SequenceMatcher(None, *keys).get_opcodes()
    ]


class Comparison:
    """How many calls of each kind strace saw, the log has, and agree; and what differs, a line each."""

    def __init__(self, trace, log):
        self.trace = trace
        self.saw, self.told, self.agreed = (collections.Counter() for _ in range(3))
        self.wrong = []
        records = told_by.by_thread(log)
        for tid in sorted(trace.threads.keys() | records.keys()):
            self.thread(tid, trace.threads.get(tid, []), records.get(tid, []))

    def thread(self, tid, calls, records):
        events = [told_by.event(record) for record in records]
        self.saw.update(KINDS[call.event.kind] for call in calls)
        self.told.update(KINDS[event.kind] for event in events)
        for tag, i, i_end, j, j_end in align(calls, events):
            if tag == "pair":
                for call, record, event in zip(calls[i:i_end], records[j:j_end], events[j:j_end]):
                    self.pair(tid, self.expected(tid, call, record, event), event)
                continue
            missing = [call for call in calls[i:i_end] if not self.never_begun(call)]
            self.wrong += [f"thread {tid}: only strace saw {describe(call.event)}" for call in missing]
            self.wrong += [f"thread {tid}: only the log has {describe(event)}" for event in events[j:j_end]]

    def never_begun(self, call):
        """
        Was the thread killed, or taken the place of by one that executed a program, at the stop before the call? strace had
        read by then what it asks for, and knows no result.
        """
        if call.event.result is not UNKNOWN:
            return False
        self.saw[KINDS[call.event.kind]] -= 1
        return True

    def expected(self, tid, call, record, told):
        """What the record must tell: the trace's word, but for what strace came too late for, as the trace itself shows."""
        event = call.event
        if event.kind == told.kind == "command" and "interpreter" in record:
            return event._replace(argv=script_argv(exact(record, "/path"), call.filename, event.argv))
        if event.deleted is True and told.deleted is False and self.trace.was_removed_meanwhile(tid, call):
            return event._replace(deleted=False)
        return event

    def pair(self, tid, saw, told):
        found = differences(saw, told)
        self.agreed[KINDS[told.kind]] += not found
        self.wrong += [
            f"thread {tid}: {describe(saw)}: {name}: strace {clip(a)}, log {clip(b)}" for name, a, b in found
        ]

    def summary(self):
        return [
            f"{kind}: strace {self.saw[kind]}, log {self.told[kind]}, agreed {self.agreed[kind]}"
            for kind in KINDS.values()
        ]
