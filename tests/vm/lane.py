# SPDX-License-Identifier: Apache-2.0
"""A kernel's boots, one after another, and what came of them."""
import json
import shlex
import time

import boots
import qemu
import reports

SHOWN = 12  # failures that are shown with their text


def say(text):
    print(text, flush=True)


class Lane:
    def __init__(self, kernel, chosen, disks, test, folder):
        self.kernel = kernel
        self.boots = list(chosen)
        self.disks = disks
        self.test = test
        self.folder = folder
        self.machine = self.boot = None
        self.began = self.deadline = 0
        self.counts = (0, 0, 0)  # passed, failed, skipped

    def step(self):
        """Go on, without waiting; says whether there is more to do."""
        if self.machine is None:
            if not self.boots:
                return False
            self.start(self.boots.pop(0))
        late = time.monotonic() > self.deadline
        if late or self.machine.ended():
            self.machine.end()
            self.judge(late)
            self.machine = None
        return True

    def start(self, boot):
        self.boot, self.began = boot, time.monotonic()
        self.deadline = self.began + boot.limit
        job = {"suites": boot.suites, "test": self.test or ""}
        self.machine = qemu.Machine(self.kernel, self.disks, job, self.folder / boot.name, boot.arguments)

    def close(self):
        if self.machine:
            self.machine.end()

    def judge(self, late):
        """Count, and show what a person needs."""
        suites = self.results()
        failures = [failure for one in suites.values() for failure in one.failures]
        complaints = qemu.crashed(self.machine.console)
        missing = [name for name in self.boot.suites if name not in suites] or self.untested(suites)
        bad = len(failures) + len(missing) + bool(complaints) + late
        self.add(sum(one.passed for one in suites.values()), bad, sum(one.skipped for one in suites.values()))
        say(f"check-vm: {self.kernel.release} {self.boot.name}: {time.monotonic() - self.began:.0f} s")
        for name, one in suites.items():
            say(f"    {name:26} {one.sentence()}")
        self.tell_failures(failures)
        if late or missing:
            what = f"no end within {self.boot.limit} s" if late else f"no results of {', '.join(missing)}"
            say(f"---- {what}\n{self.machine.tail()}{self.again()}")
        if complaints:
            say("---- the kernel complained\n" + "\n".join(complaints[:SHOWN]) + f"\n{self.again()}")

    def tell_failures(self, failures):
        for failure in failures[:SHOWN]:
            say(f"---- {failure.name}\n{failure.text}\n{self.again_for(failure)}")
        for failure in failures[SHOWN:]:
            say(f"---- {failure.name}: see {self.machine.said}\n{self.again_for(failure)}")

    def untested(self, suites):
        """Suites that were to run tests, and ran none; with tests chosen by name, if none of them did."""
        counted = {name for name, one in suites.items() if one.passed or one.failures or one.skipped}
        wanted = set(self.boot.suites) - {boots.INSTALL}
        if self.test:
            return [] if counted & wanted else [f"tests that match {self.test}"]
        return sorted(wanted - counted)

    def add(self, *counts):
        self.counts = tuple(sum(pair) for pair in zip(self.counts, counts))

    def results(self):
        """The suites that have come to an end, by name: a line each. One that is cut off is none."""
        lines = self.machine.results.read_bytes().split(b"\n")[:-1] if self.machine.results.exists() else []
        told = [json.loads(line) for line in lines]
        return {one["suite"]: reports.Report(one["report"]) for one in told}

    def again_for(self, failure):
        """To compare the strategies' records, all their tests are needed."""
        return self.again() if "test_strategies" in failure.name else self.again(failure.function)

    def again(self, test=None):
        words = ["make", "check-vm", f"KERNEL={self.kernel.name}", f"BOOT={self.boot.name}"]
        test = test or self.test
        return "again: " + " ".join(words) + (f" TEST={shlex.quote(test)}" if test else "")
