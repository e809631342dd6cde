# SPDX-License-Identifier: Apache-2.0
"""The command line: run, compare, tell."""
import argparse
import dataclasses
import pathlib
import shutil
import subprocess
import sys
import tempfile

import machine
from differential.compare import Comparison
from differential.strace import ARGUMENTS, Trace
from session import Session

AGREED, DIFFERENT, NO_COMPARISON, COMMAND_FAILED = range(4)
SHOWN = 50

DESCRIPTION = """\
Run COMMAND in a session of Seshat and under strace -f at once, and compare every exec, open and connect of its
processes both ways: kind, order within each thread, result, path, argv, flags, address. As root; build/seshat, or what
the environment's SESHAT names, is what is run."""
EPILOGUE = """\
Exit status: 0 when each call has its record and each record its call; 1 when something differs; 2 when there was nothing
to compare (no session, no trace, a log that is not as the schemas have it, wrong usage); 3 when all agreed, but COMMAND
itself failed. Two things the two sides cannot agree on: data sent to connect (sendto(2) with MSG_FASTOPEN) is a connect in
the log and none of strace's calls; and where one thread changes the arguments of another's call while the kernel reads
them, strace tells what they were before."""


def arguments(words):
    parser = argparse.ArgumentParser(prog="witness", description=DESCRIPTION, epilog=EPILOGUE)
    parser.add_argument("-o", "--output", metavar="FILE", help="the report's file (default: standard error)")
    parser.add_argument("-k", "--keep", metavar="FOLDER", help="keep the log and the trace there")
    parser.add_argument(
        "-s", "--seshat", metavar="OPTION", action="append", default=[], help="an option of seshat run (repeatable)"
    )
    parser.add_argument(
        "-A", "--agent", metavar=("SOCKET", "LOG"), nargs=2, help="have a running agent record, whose log is LOG"
    )
    parser.add_argument(
        "-a", "--all", action="store_true", help=f"show all differences, not the first {SHOWN}"
    )
    parser.add_argument(
        "-t", "--timeout", metavar="SECONDS", type=float, help="end COMMAND after so long, and compare nothing"
    )
    parser.add_argument("command", metavar="COMMAND", help="the program to run")
    parser.add_argument("args", metavar="ARG", nargs=argparse.REMAINDER, help="its arguments")
    return parser.parse_args(words)


@dataclasses.dataclass
class Agent:
    """One that was there before."""

    socket: str
    log_path: pathlib.Path


def run(options, folder):
    """Run it; returns (COMMAND's status, the log, the trace)."""
    trace = pathlib.Path(folder, "trace")
    command = [*ARGUMENTS, "-o", str(trace), "--", options.command, *options.args]
    agent = Agent(options.agent[0], pathlib.Path(options.agent[1])) if options.agent else None
    session = Session(command, options=options.seshat, agent=agent, stdin=None, stdout=None, stderr=None)
    try:
        status = session.process.wait(options.timeout)
        if options.keep:
            pathlib.Path(options.keep, "audit.jsonl").write_bytes(session.lines())
            shutil.copy(trace, pathlib.Path(options.keep, "trace"))
        return status, session.log(), trace.read_text("utf-8", "surrogateescape")
    finally:
        session.close()


def report(comparison, options, status, file):
    shown = comparison.wrong if options.all else comparison.wrong[:SHOWN]
    for line in shown:
        print(line, file=file)
    if len(shown) < len(comparison.wrong):
        print(f"and {len(comparison.wrong) - len(shown)} differences more (see --all)", file=file)
    for line in comparison.summary():
        print(line, file=file)
    if status:
        print(f"witness: COMMAND ended with {status}", file=file)


def main(words):
    options = arguments(words)
    if options.keep:
        pathlib.Path(options.keep).mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="seshat-witness-") as folder:
            status, log, trace = run(options, folder)
        comparison = Comparison(Trace(trace), log)
    except (AssertionError, OSError, ValueError, subprocess.SubprocessError) as error:
        print(f"witness: nothing to compare: {type(error).__name__}: {error}", file=sys.stderr)
        return NO_COMPARISON
    if options.output:
        with open(options.output, "w", encoding="utf-8") as file:
            report(comparison, options, status, file)
    else:
        report(comparison, options, status, sys.stderr)
    if comparison.wrong:
        return DIFFERENT
    return COMMAND_FAILED if status else AGREED
