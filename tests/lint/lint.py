#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Everything about the sources that can be judged without running the program.

    lint.py [CHECK...]      all checks, or those named

Each check is one function here: it prints what is wrong and returns how many things are.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import layers
import sizes
import stack

ROOT = pathlib.Path(__file__).resolve().parents[2]
COUNTS = ROOT / "build" / "check"
SKIP = {".git", "build", "__pycache__", "corpus"}
USER_FLAGS = ["-std=c17", "-D_GNU_SOURCE", '-DSESHAT_VERSION="0"', "-I.", "-Iagent"]
SKELETON = ["-isystem", "build/bpf"]
STUBS = "tests/lint/stubs"  # headers that static analysis sees in place of the system's
BPF_OBJECTS = ["build/bpf/seshat.o", "build/bpf/seshat_helpers.o"]
SHOWN = 40  # lines of what a tool says about one source
JOBS = os.cpu_count() or 1


def sources():
    """Every file of the tree, as strings relative to its root."""
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(set(folders) - SKIP)
        found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in sorted(files)]
    return found


FILES = sources()
C_FILES = [path for path in FILES if path.endswith((".c", ".h"))]
USER_C = [path for path in C_FILES if path.startswith(("agent/", "contrib/"))]
PLAIN_C = [path for path in C_FILES if path.startswith(("tests/live/workloads/", "tests/live/evasion/"))]
TEST_C = [path for path in C_FILES if path.startswith("tests/") and path not in PLAIN_C]


def read(path):
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def tool(*command):
    """Run a tool at the root; its output is shown when it fails. Returns 1 for a failure."""
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
    )
    if done.returncode != 0:
        lines = done.stdout.splitlines() or [f"{command[0]}: exit status {done.returncode}"]
        hidden = [f"... and {len(lines) - SHOWN} lines more"] if len(lines) > SHOWN else []
        print("\n".join(lines[:SHOWN] + hidden))
    return int(done.returncode != 0)


def parallel(commands):
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        return sum(pool.map(lambda command: tool(*command), commands))


def report(messages):
    for message in messages:
        print(message)
    return len(messages)


def flags(path):
    return USER_FLAGS + (SKELETON if path.startswith("agent/kernel/") else [])


def check_licence():
    """The first lines name the licence: GPL for what runs in the kernel, Apache elsewhere."""
    wrong = []
    for path in FILES:
        if not path.endswith((".c", ".h", ".py", ".sh", ".bt")) and path != "Makefile":
            continue
        head = "\n".join(read(path).splitlines()[:3])
        kernel = path.startswith("bpf/") or ".bpf." in path
        licence = "GPL-2.0-only" if kernel else "Apache-2.0"
        if not re.search(rf"SPDX-License-Identifier: {licence}\b", head):
            wrong.append(f"{path}: no SPDX-License-Identifier: {licence}")
    return report(wrong)


def check_leftovers():
    """Nothing is left to be done later, and no white space at the ends of lines."""
    wrong = []
    marks = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    for path in FILES:
        if path.startswith("LICENSE") or path.endswith((".ring", "/LICENSE")):
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            if marks.search(line):
                wrong.append(f"{path}:{number}: {line.strip()}")
            elif line != line.rstrip(" \t") and not path.endswith((".jsonl", ".md")):
                wrong.append(f"{path}:{number}: white space at the end of the line")
    return report(wrong)


def check_layers():
    """Nobody includes upwards; third-party libraries stay at home."""
    return report([error for path in C_FILES for error in layers.check(path, read(path))])


def check_sizes():
    """Functions fit two screens; long ones and long files are named."""
    errors = []
    for path in C_FILES:
        wrong, warnings = sizes.check(path, read(path))
        errors += wrong
        for warning in warnings:
            print(f"warning: {warning}")
    return report(errors)


def check_stack():
    """Every probe fits the stack of the oldest kernel."""
    if tool("make", "-s", *BPF_OBJECTS):
        return 1
    errors = []
    for path in BPF_OBJECTS:
        outputs = [
            subprocess.run(["llvm-objdump", *options, path], capture_output=True, text=True, check=True).stdout
            for options in (["-t"], ["-d", "-r", "--no-show-raw-insn"])
        ]
        errors += stack.check(*outputs)
    return report(errors)


def check_headers():
    """Every header of user space compiles alone."""
    headers = [path for path in USER_C if path.endswith(".h")] + ["bpf/wire.h"]
    return parallel(
        ["gcc", *flags(path), "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c",
         "-include", path, "/dev/null"]
        for path in headers
    )


def check_arm64():
    """Both sides compile for the other processor, with the headers of Debian's cross compiler, then this machine's."""
    headers = ["-idirafter", "/usr/aarch64-linux-gnu/include"]
    probes = ["clang", "-target", "bpf", "-std=gnu17", "-O2", "-g", "-mcpu=v3", "-D__TARGET_ARCH_arm64", "-Wall",
              "-Wextra", "-Wshadow", "-Wno-unused-parameter", "-Wno-unused-function", "-Werror", "-I.", "-Ibpf"]
    commands = [[*probes, *headers, "-c", path.replace(".o", ".bpf.c").replace("build/", ""), "-o", "/dev/null"]
                for path in BPF_OBJECTS]
    commands += [["aarch64-linux-gnu-gcc", *flags(path), "-idirafter", "/usr/include",
                  "-idirafter", f"/usr/include/{os.uname().machine}-linux-gnu", "-Wall", "-Wextra", "-Werror",
                  "-fsyntax-only", path] for path in USER_C if path.endswith(".c")]
    return parallel(commands)


def check_format():
    """clang-format has nothing to change."""
    return tool("clang-format", "--dry-run", "-Werror", *C_FILES)


def check_cppcheck():
    """cppcheck. It does not know __attribute__((cleanup)), so leaks are left to the leak sanitizer,
    under which every unit test runs."""
    with tempfile.TemporaryDirectory(prefix="seshat-cppcheck-") as folder:
        judge = [
            "cppcheck", "--quiet", f"-j{JOBS}", "--std=c11", "--error-exitcode=1",
            "--enable=warning,performance,portability", "--inline-suppr", "-D_GNU_SOURCE",
        ]
        status = tool(
            *judge, "--suppress=memleak",
            "-DLIBBPF_OPTS(type,name,...)=struct type name = { __VA_ARGS__ }", f"--cppcheck-build-dir={folder}",
            "-DSESHAT_VERSION=\"0\"", "-I.", "-Iagent", f"-I{STUBS}",
            *[path for path in USER_C if path.endswith(".c")],
        )
        # What the tests do in a session: programs that leave everything to their end.
        plain = tool(
            *judge, *(f"--suppress={name}" for name in ("memleak", "memleakOnRealloc", "resourceLeak")),
            "--suppress=invalidScanfArgType_int:tests/live/evasion/uring_pass.c", "-Itests/live/workloads",
            *[path for path in PLAIN_C if path.endswith(".c")],
        )
        return status or plain


def check_tidy():
    """clang-tidy with .clang-tidy; the largest first, so that no processor waits at the end."""
    units = [path for path in USER_C if path.endswith(".c")]
    units.sort(key=lambda path: -(ROOT / path).stat().st_size)
    return parallel(
        ["clang-tidy", "--quiet", path, "--", "-isystem", STUBS, *flags(path)] for path in units
    )


def check_shell():
    scripts = [
        path for path in FILES
        if path.endswith(".sh") or re.match(r"#!/bin/(ba)?sh\b", read(path)[:20])
    ]
    return tool("shellcheck", *scripts) if scripts else 0


def check_python():
    """Every Python source compiles, under this Python."""
    wrong = []
    for path in FILES:
        if path.endswith(".py"):
            try:
                compile(read(path), path, "exec")
            except SyntaxError as error:
                wrong.append(f"{path}:{error.lineno}: {error.msg}")
    return report(wrong)


def check_manual():
    pages = [path for path in FILES if re.search(r"\.[1-8]$", path)]
    return tool("mandoc", "-T", "lint", "-W", "warning", *pages)


def check_self():
    """The tests of the checks above."""
    return tool(sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/lint")


CHECKS = {name.removeprefix("check_"): value for name, value in list(globals().items())
          if name.startswith("check_")}


def main(names):
    os.chdir(ROOT)
    failed = 0
    for name in names or CHECKS:
        print(f"lint {name}", flush=True)
        if CHECKS[name]():
            print(f"lint {name}: FAILED", flush=True)
            failed += 1
    passed = len(names or CHECKS) - failed
    print(f"lint: {passed} passed, {failed} failed", flush=True)
    if not names:
        COUNTS.mkdir(parents=True, exist_ok=True)
        counts = {"passed": passed, "failed": failed, "skipped": 0}
        (COUNTS / "lint.json").write_text(json.dumps(counts) + "\n", encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
