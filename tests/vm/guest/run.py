#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Inside the virtual machine: run the suites that the kernel's command line names, and hand out their reports."""
import base64
import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import traceback

import suites

HERE = pathlib.Path(__file__).resolve().parent
TREE = pathlib.Path("/check/tree")
REPORTS = pathlib.Path("/run/check")
FILES = 65536
PORTS = pathlib.Path("/sys/class/virtio-ports")


def port(name):
    """The device that goes to the host under this name."""
    for path in PORTS.glob("*/name"):
        if path.read_text().strip() == name:
            return open(f"/dev/{path.parent.name}", "wb", buffering=0)
    raise FileNotFoundError(f"no port {name}")


def job():
    words = re.search(r"\bcheck=(\S+)", pathlib.Path("/proc/cmdline").read_text())[1]
    return json.loads(base64.b64decode(words))


def set_up_network():
    """A way out, as machines have one, on which nothing ever answers: a machine that nobody can reach has other errors."""
    for words in ("link add nowhere type dummy", "address add 192.0.2.2/24 dev nowhere", "link set nowhere up",
                  "route add default dev nowhere", "address add fd00::2/64 dev nowhere nodad",
                  "-6 route add default dev nowhere"):
        subprocess.run(["ip", *words.split()], stdin=subprocess.DEVNULL, check=True)


def raise_limits():
    """The tests open more files than a service may."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))


def run_suite(name, test, said):
    paths, environment = suites.SUITES[name]
    report = REPORTS / f"{name}.xml"
    command = [
        sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "promptly", "--tb=short", "-rs", "--durations=10",
        f"--junitxml={report}", *paths,
    ]
    if test and name not in suites.ALWAYS:
        command += ["-k", test]
    said.write(f"==== {name}\n".encode())
    subprocess.run(
        command, cwd=TREE, env=os.environ | suites.COMMON | environment | {"PYTHONPATH": str(HERE)}, stdin=subprocess.DEVNULL,
        stdout=said, stderr=said, check=False,
    )
    return report


def tell_more(said):
    """What helps to understand a failure."""
    for words in (["journalctl", "--no-pager", "--lines=200", "--unit=seshatd.service"], ["dmesg", "--level=err,warn"]):
        said.write(f"==== {' '.join(words)}\n".encode())
        subprocess.run(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, timeout=120, check=False)


def main():
    said, results = port("said"), port("results")
    try:
        REPORTS.mkdir()
        set_up_network()
        raise_limits()
        what = job()
        for name in what["suites"]:
            report = run_suite(name, what["test"], said)
            # Each report goes out at once: those that are there count, should the machine not come to its end.
            if report.exists():
                results.write(json.dumps({"suite": name, "report": report.read_text()}).encode() + b"\n")
        tell_more(said)
    except Exception:
        said.write(traceback.format_exc().encode())


if __name__ == "__main__":
    main()
