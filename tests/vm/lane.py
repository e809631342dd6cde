# SPDX-License-Identifier: Apache-2.0
"""A kernel's boots, one after another, and what came of them."""
import shlex
import tarfile
import time

import qemu
import reports


class Lane:
    def __init__(self, kernel, boots, disks, test, folder):
        self.kernel = kernel
        self.boots = list(boots)
        self.disks = disks
        self.test = test
        self.folder = folder
        self.machine = self.boot = None
        self.began = 0
        self.counts = (0, 0, 0)  # passed, failed, skipped

    def step(self):
        """Go on, without waiting; says whether there is more to do."""
        if self.machine is None:
            if not self.boots:
                return False
            self.start(self.boots.pop(0))
        late = time.monotonic() - self.began > self.boot.limit
        if late or self.machine.ended():
            self.machine.end()
            self.judge(late)
            self.machine = None
        return True

    def start(self, boot):
        self.boot, self.began = boot, time.monotonic()
        job = {"suites": boot.suites, "test": self.test or ""}
        self.machine = qemu.Machine(self.kernel, self.disks, job, self.folder / boot.name, boot.arguments)

    def close(self):
        if self.machine:
            self.machine.end()

    def judge(self, late):
        """Count, and show what a person needs."""
        took = time.monotonic() - self.began
        suites = self.results()
        missing = [name for name in self.boot.suites if name not in suites]
        failures = [failure for one in suites.values() for failure in one.failures]
        complaints = qemu.crashed(self.machine.console)
        bad = len(failures) + len(missing) + bool(complaints) + late
        self.add(sum(one.passed for one in suites.values()), bad, sum(one.skipped for one in suites.values()))
        print(f"check-vm: {self.kernel.release} {self.boot.name}: {took:.0f} s", flush=True)
        for name, one in suites.items():
            print(f"    {name:26} {one.sentence()}", flush=True)
        for failure in failures:
            print(f"---- {failure.name}\n{failure.text}\n{self.again(failure.function)}", flush=True)
        if late or missing:
            what = f"no end within {self.boot.limit} s" if late else f"no results of {', '.join(missing)}"
            print(f"---- {what}\n{self.machine.tail()}{self.again()}", flush=True)
        if complaints:
            print("---- the kernel complained\n" + "\n".join(complaints[:20]) + f"\n{self.again()}", flush=True)

    def add(self, *counts):
        self.counts = tuple(sum(pair) for pair in zip(self.counts, counts))

    def results(self):
        """The suites that have come to an end, by name."""
        try:
            with tarfile.open(self.machine.results) as tar:
                return {
                    member.name.removesuffix(".xml"): reports.Report(tar.extractfile(member).read())
                    for member in tar
                }
        except (tarfile.TarError, OSError):
            return {}

    def again(self, test=None):
        words = ["make", "check-vm", f"KERNEL={self.kernel.name}", f"BOOT={self.boot.name}"]
        test = test or self.test
        return "again: " + " ".join(words) + (f" TEST={shlex.quote(test)}" if test else "")
