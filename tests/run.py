#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Run one suite of the tests and keep its counts in build/check, or sum those up.

    run.py unit PROGRAM...          cmocka programs
    run.py fuzz NAME...             each fuzzer's corpus, then a short run from a fixed seed
    run.py fuzz-long SECONDS NAME...
    run.py replay PROGRAM           recorded ring bytes against golden records
    run.py pytest SUITE ARG...      pytest with ARG...
    run.py sanitized SUITE ARG...   the same, with a sanitized program: any report of its is a failure
    run.py total SUITE...           the sum; a suite that left no counts has failed
"""

import difflib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

LINES = pathlib.Path("build/check/unit-records.jsonl").resolve()
COUNTS = pathlib.Path("build/check")
CORPUS = pathlib.Path("tests/fuzz/corpus")
FOUND = pathlib.Path("build/fuzz/found")
REPLAY = pathlib.Path("tests/replay")
SHORT_RUNS = 20000  # inputs a fuzzer tries in check-fuzz: a few seconds
TIME_LIMIT = 300  # seconds for one program of a suite

SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}


def finish(suite, passed, failed, skipped=0):
    """Keep the counts, say them, and return the exit status. A suite without a test has failed."""
    if passed + failed == 0:
        failed = 1
    COUNTS.mkdir(parents=True, exist_ok=True)
    counts = {"passed": passed, "failed": failed, "skipped": skipped}
    (COUNTS / f"{suite}.json").write_text(json.dumps(counts) + "\n", encoding="utf-8")
    print(f"{suite}: {sentence(counts)}", flush=True)
    return 1 if failed else 0


def sentence(counts):
    text = f"{counts['passed']} passed, {counts['failed']} failed"
    if counts["skipped"]:
        text += f", {counts['skipped']} skipped"
    return text


def execute(command, **kwargs):
    """Run COMMAND; returns (exit status, standard output and error together). A hang is a failure."""
    environment = dict(os.environ, **SANITIZERS, **kwargs.pop("env", {}))
    try:
        done = subprocess.run(
            [str(word) for word in command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TIME_LIMIT,
            check=False,
            **kwargs,
        )
    except subprocess.TimeoutExpired as error:
        return 124, (error.stdout or b"") + f"\nno end after {TIME_LIMIT} s\n".encode()
    return done.returncode, done.stdout


def show(name, output):
    print(f"---- {name}")
    sys.stdout.flush()
    sys.stdout.buffer.write(output)
    print("----", flush=True)


def tell_omitted(program, lines):
    """Say of each test that was skipped what it needs; returns how many do not tell."""
    needs, untold = None, 0
    for line in lines:
        if line.startswith("# needs "):
            needs = line[2:]
        elif line.startswith(("ok ", "not ok ")):
            if "# SKIP " in line:
                print(f"{program}: skipped {line.split('# SKIP ', 1)[1]}: {needs or 'for no reason'}")
                untold += needs is None
            needs = None
    return untold


def unit(programs):
    passed = failed = skipped = 0
    COUNTS.mkdir(parents=True, exist_ok=True)
    LINES.unlink(missing_ok=True)
    for program in programs:
        status, output = execute([program], env={"CMOCKA_MESSAGE_OUTPUT": "TAP", "SESHAT_LINES": str(LINES)})
        lines = output.decode(errors="replace").splitlines()
        # cmocka calls them "not ok", and goes on as if they were.
        omitted = [line for line in lines if line.startswith("not ok ") and "# SKIP " in line]
        good = sum(line.startswith("ok ") for line in lines)
        bad = sum(line.startswith("not ok ") for line in lines) - len(omitted)
        bad += tell_omitted(program, lines)
        if bad == 0 and (status != 0 or good + len(omitted) == 0):
            bad = 1  # died on the way, or a sanitizer spoke at the end
        if bad:
            show(f"{program} (exit status {status})", output)
        passed += good
        failed += bad
        skipped += len(omitted)
    # Every record that the tests made is as the schemas have it.
    status, output = execute([sys.executable, "-B", "tests/schema/lines.py", LINES])
    if status != 0:
        show("records of the unit tests, and the schemas", output)
    passed += status == 0
    failed += status != 0
    return finish("check-unit", passed, failed, skipped)


def fuzz(names):
    passed = failed = 0
    for name in names:
        corpus = CORPUS / name.removeprefix("fuzz_")
        with tempfile.TemporaryDirectory(prefix="seshat-fuzz-") as folder:
            seeds = pathlib.Path(folder) / "corpus"
            if corpus.is_dir():
                shutil.copytree(corpus, seeds)
            else:
                seeds.mkdir()
            commands = (
                [f"build/san/tests/fuzz/{name}", corpus],
                [f"build/fuzz/tests/fuzz/{name}", "-seed=1", f"-runs={SHORT_RUNS}",
                 "-max_total_time=20", "-timeout=10", f"-artifact_prefix={folder}/", seeds],
            )
            for command in commands:
                status, output = execute(command)
                if status != 0:
                    show(f"{command[0]} (exit status {status})", output)
                failed += status != 0
                passed += status == 0
    return finish("check-fuzz", passed, failed)


def fuzz_long(seconds, names):
    status = 0
    for name in names:
        found = FOUND / name
        found.mkdir(parents=True, exist_ok=True)
        corpus = CORPUS / name.removeprefix("fuzz_")
        grown = FOUND / f"{name}.corpus"
        grown.mkdir(parents=True, exist_ok=True)
        status |= subprocess.run(
            [f"build/fuzz/tests/fuzz/{name}", f"-max_total_time={seconds}", "-timeout=10",
             f"-artifact_prefix={found}/", str(grown), str(corpus)],
            env=dict(os.environ, **SANITIZERS),
            check=False,
        ).returncode
    return 1 if status else 0


def replay(program):
    passed = failed = 0
    for ring in sorted(REPLAY.rglob("*.ring")):
        golden = ring.with_suffix(".jsonl")
        status, output = execute([program, ring])
        expected = golden.read_bytes() if golden.exists() else b""
        if status == 0 and output == expected:
            passed += 1
            continue
        failed += 1
        difference = difflib.unified_diff(
            expected.decode(errors="replace").splitlines(),
            output.decode(errors="replace").splitlines(),
            str(golden),
            "written",
            lineterm="",
        )
        show(f"{ring} (exit status {status})", "\n".join(difference).encode())
    return finish("check-replay", passed, failed)


def run_pytest(suite, arguments, environment=None):
    report = COUNTS / f"{suite}.xml"
    COUNTS.mkdir(parents=True, exist_ok=True)
    report.unlink(missing_ok=True)
    status = subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}",
         *arguments],
        env=environment,
        check=False,
    ).returncode
    totals = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    if report.exists():
        for node in ElementTree.parse(report).getroot().iter("testsuite"):
            for key in totals:
                totals[key] += int(node.get(key, "0"))
    failed = totals["failures"] + totals["errors"]
    if status != 0 and failed == 0:
        failed = 1
    passed = max(0, totals["tests"] - totals["failures"] - totals["errors"] - totals["skipped"])
    return passed, failed, totals["skipped"]


def plain(suite, arguments):
    return finish(suite, *run_pytest(suite, arguments))


def sanitized(suite, arguments):
    """The sanitizers report to files: a process in the background has nobody to read its standard error."""
    reports = (COUNTS / "sanitizer").resolve()
    for old in COUNTS.glob("sanitizer.*"):
        old.unlink()
    environment = dict(os.environ)
    for name, options in SANITIZERS.items():
        environment[name] = f"{options}:log_path={reports}"
    passed, failed, skipped = run_pytest(suite, arguments, environment)
    found = sorted(COUNTS.glob("sanitizer.*"))
    for path in found:
        show(path, path.read_bytes())
    return finish(suite, passed, failed + len(found), skipped)


def total(suites):
    sums = {"passed": 0, "failed": 0, "skipped": 0}
    print()
    for suite in suites:
        path = COUNTS / f"{suite}.json"
        if path.exists():
            counts = json.loads(path.read_text(encoding="utf-8"))
        else:
            counts = {"passed": 0, "failed": 1, "skipped": 0}
        print(f"{suite:14} {sentence(counts)}")
        for key in sums:
            sums[key] += counts[key]
    print(f"{'total':14} {sentence(sums)}", flush=True)
    return 1 if sums["failed"] else 0


def main(arguments):
    match arguments:
        case ["unit", *programs]:
            return unit(programs)
        case ["fuzz", *names]:
            return fuzz(names)
        case ["fuzz-long", seconds, *names]:
            return fuzz_long(int(seconds), names)
        case ["replay", program]:
            return replay(program)
        case ["pytest", suite, *rest]:
            return plain(suite, rest)
        case ["sanitized", suite, *rest]:
            return sanitized(suite, rest)
        case ["total", *suites]:
            return total(suites)
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
