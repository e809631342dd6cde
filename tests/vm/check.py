#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""
Run the tests in virtual machines with Debian's stock kernels: what is installed there is what users install.

    check.py [--kernel VERSION]... [--boot NAME]... [--suite NAME]... [--test EXPRESSION]

VERSION is one as in the archive, 6.1, or `newest`: the newest of the backports. EXPRESSION chooses as pytest's -k does.
"""
import argparse
import os
import pathlib
import platform
import select
import shutil
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import boots  # noqa: E402
import cache  # noqa: E402
import kernels  # noqa: E402
import lane  # noqa: E402
import payload  # noqa: E402
import qemu  # noqa: E402
import root  # noqa: E402
import run  # noqa: E402

KERNELS = ("6.1", "6.12")
SUITE = "check-vm"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kernel", action="append", help="6.1, 6.12, ... or newest; may be repeated")
    parser.add_argument("--boot", action="append", choices=[one.name for one in (*boots.BOOTS, boots.WHOLE)])
    parser.add_argument("--suite", action="append", help="of tests/vm/guest/suites.py; may be repeated")
    parser.add_argument("--test", help="only tests that match, as pytest -k has it")
    return parser.parse_args()


def wait(lanes):
    """Until one of their machines has ended, or has run for as long as it may."""
    if lanes:
        limit = max(0, min(one.deadline for one in lanes) - time.monotonic())
        select.select([one.machine.pidfd for one in lanes], [], [], limit)


def run_lanes(lanes):
    """A kernel's boots one after another, the kernels side by side."""
    try:
        while any([one.step() for one in lanes]):
            wait([one for one in lanes if one.machine])
    finally:
        for one in lanes:
            one.close()


def work(options):
    chosen = list(boots.choose(options.boot, options.suite))
    disks = (root.get(), payload.make(cache.FOLDER))
    folder = cache.FOLDER / "run"
    shutil.rmtree(folder, ignore_errors=True)
    lanes = [
        lane.Lane(kernels.get(version), chosen, disks, options.test, folder / version)
        for version in options.kernel or KERNELS
    ]
    run_lanes(lanes)
    return run.finish(SUITE, *(sum(one.counts[place] for one in lanes) for place in range(3)))


def main():
    qemu.end_with(signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    options = arguments()
    if platform.machine() != "x86_64" or os.geteuid() != 0:
        print("check-vm: needs an x86-64 machine, and root to make the images", file=sys.stderr)
        return run.finish(SUITE, 0, 1)
    with cache.lock():
        return work(options)


if __name__ == "__main__":
    sys.exit(main())
