# SPDX-License-Identifier: Apache-2.0
"""Wait for what happens: lines in files, datagrams, ends of processes."""
import os
import pathlib
import select
import time

from session import LIBC, LIMIT

IN_MODIFY, IN_MOVED_TO, IN_CREATE = 0x2, 0x80, 0x100


def readable(*descriptors, limit=LIMIT):
    """Wait until one of them can be read; returns those that can."""
    ready, _, _ = select.select(descriptors, [], [], limit)
    return ready


class Watch:
    """Changes in a folder, by inotify."""

    def __init__(self, folder):
        self.descriptor = LIBC.inotify_init1(os.O_CLOEXEC)
        mask = IN_MODIFY | IN_MOVED_TO | IN_CREATE
        assert LIBC.inotify_add_watch(self.descriptor, os.fsencode(folder), mask) >= 0, folder

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.close(self.descriptor)

    def until(self, seen, limit=LIMIT, why=""):
        """Until seen() is true, which is asked again after every change; returns what it said."""
        deadline = time.monotonic() + limit
        while True:
            found = seen()
            if found:
                return found
            assert readable(self.descriptor, limit=max(0, deadline - time.monotonic())), why or seen
            os.read(self.descriptor, 65536)


class Tail:
    """The lines of a file that grows, as text, from an offset on."""

    def __init__(self, path, offset=0):
        self.path = pathlib.Path(path)
        self.watch = Watch(self.path.parent)
        self.offset = offset
        self.lines = []
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *stuff):
        self.watch.__exit__(*stuff)

    def read(self):
        if self.path.exists():
            with open(self.path, "rb") as file:
                file.seek(self.offset)
                data = file.read()
            self.offset += len(data)
            *whole, self.rest = (self.rest + data).split(b"\n")
            self.lines += [line.decode("utf-8", "surrogateescape").rstrip("\r") for line in whole]

    def take(self, wanted):
        self.read()
        for number, line in enumerate(self.lines):
            if wanted(line):
                del self.lines[: number + 1]
                return line
        return None

    def wait(self, wanted, limit=LIMIT):
        """The first line that WANTED accepts; those before it are gone."""
        return self.watch.until(
            lambda: self.take(wanted), limit, f"no such line in {self.path}: {self.lines[-20:]}"
        )
