#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measure Seshat against its goals and against strace and bpftrace, all in one run.

Everything is measured in turn, round after round; a ratio is the median of the rounds' ratios, so that what
else the machine does meanwhile meets both sides alike. Results go to standard output and to build/bench.json.
"""

import argparse
import contextlib
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

import conditions
from conditions import Bpftrace, Failure, Session

LOG = pathlib.Path("build/bench.jsonl")
BESIDE_LOG = pathlib.Path("build/bench.beside.jsonl")
RESULT = pathlib.Path("build/bench.json")
README = pathlib.Path("README.md")
FLOOD = 1000000  # open+close by one process at full speed

BUSY = 0.7  # load average above which the figures are not worth much

# Operations a loop does in one round: a fraction of a second each.
COUNTS = {"open": 100000, "getppid": 1000000, "exec": 500, "tcp": 8000, "udp": 200000, "udp-socket": 20000}
FLOORS = ("open", "getppid")  # what an empty program at the same place costs is measured too
# Fewer under strace and bpftrace. The bare connect of "udp" is the worst case of all, and has no goal.
PEER_COUNTS = {"open": 10000, "exec": 200, "tcp": 2000, "udp-socket": 5000, "udp": 5000}


class Goals:
    """The table: one row for each goal, in the order that they are measured in."""

    def __init__(self):
        self.rows = []

    def add(self, name, goal, value, unit="", detail=""):
        if value is None:
            row = {"name": name, "goal": goal, "measured": None, "unit": unit, "ok": None}
        else:
            row = {"name": name, "goal": goal, "measured": value, "unit": unit, "ok": value <= goal}
        self.rows.append(row | {"detail": detail})

    def show(self):
        print(f"\n{'what':58} {'goal':>9} {'measured':>10}")
        for row in self.rows:
            verdict = {True: "ok", False: "OVER", None: "not measured"}[row["ok"]]
            measured = "" if row["measured"] is None else f"{row['measured']:.2f}"
            unit = f" {row['unit']}" if row["unit"] else ""
            print(f"{row['name']:58} {row['goal']:>9g} {measured:>10}{unit:4} {verdict}"
                  f"{'  (' + row['detail'] + ')' if row['detail'] else ''}")


def say(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def measure_loops(rounds, scale):
    """Nanoseconds an operation, of each round: {loop: {condition: [ns]}}."""
    times = {loop: {} for loop in COUNTS}
    for number in range(rounds):
        say(f"loops: round {number + 1} of {rounds}")
        for loop, count in COUNTS.items():
            count = max(100, count // scale)

            def keep(condition, ns, loop=loop):
                times[loop].setdefault(condition, []).append(ns)

            keep("alone", conditions.alone(loop, count))
            with Session(loop, count, LOG) as session:
                keep("inside", session.go())
            keep("after", conditions.alone(loop, count))
            with Session("open", 0, BESIDE_LOG):
                keep("beside", conditions.alone(loop, count))
            if loop in FLOORS:
                keep("floor", conditions.beside_nothing(loop, count))
    return times


def ratio(taken, condition):
    """How many times the time alone: the median of the rounds."""
    return statistics.median(ns / alone for ns, alone in zip(taken[condition], taken["alone"]))


def measure_peers(rounds):
    """The same loops under strace and bpftrace: ({loop: {peer: ns}}, {peer: records of the opens})."""
    times = {loop: {"alone": [], "strace": [], "bpftrace": []} for loop in PEER_COUNTS}
    records = {"strace": 0, "bpftrace": 0}
    for number in range(rounds):
        say(f"strace and bpftrace: round {number + 1} of {rounds}")
        for loop, count in PEER_COUNTS.items():
            times[loop]["alone"].append(conditions.alone(loop, count))
            ns, lines = conditions.under_strace(loop, count)
            times[loop]["strace"].append(ns)
            if loop == "open":
                records["strace"] += lines
        with Bpftrace() as bpftrace:
            for loop, count in PEER_COUNTS.items():
                times[loop]["bpftrace"].append(bpftrace.measure(loop, count))
        records["bpftrace"] += bpftrace.opens()
    return times, records | {"operations": rounds * PEER_COUNTS["open"]}


def recorder_cost(loop, count):
    """Of one session: CPU nanoseconds of the recorder an operation, bytes of log an operation, memory."""
    with Session(loop, count, LOG) as session:
        cpu, size = session.cpu_ns(), session.size()
        session.go()
        session.drained()
        cost = (session.cpu_ns() - cpu) / count
        size = (session.size() - size) / count
        memory = session.memory_kib()
    end = session.end_record()
    return {"cpu_ns": cost, "bytes": size, "memory_kib": memory, "records": end["records"],
            "lost": end["lost"]}


def median_cost(loop, count, rounds):
    costs = [recorder_cost(loop, count) for _ in range(rounds)]
    return {"cpu_ns": statistics.median(cost["cpu_ns"] for cost in costs),
            "bytes": statistics.median(cost["bytes"] for cost in costs),
            "memory_kib": max((cost["memory_kib"] for cost in costs), key=sum),
            "records": costs[-1]["records"], "lost": sum(cost["lost"] for cost in costs)}


def flood():
    """One million open+close at full speed: the session's own account of it, and the recorder's memory."""
    say(f"{FLOOD:,} open+close by one process")
    with Session("open", FLOOD, LOG) as session:
        ns = session.go()
        session.drained()
        memory = session.memory_kib()
    end = session.end_record()
    with LOG.open("rb") as log:
        lines = sum(b'"requested_path":"/etc/passwd"' in line or b'"path":"/etc/passwd"' in line
                    for line in log)
    return {"ns": ns, "memory_kib": memory, "lost": end["lost"], "lines": lines,
            "numbered": end["numbered"]}


def start_cost(rounds):
    """Milliseconds that `seshat run true` takes more than `true`."""
    def wall(command):
        start = time.monotonic()
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return (time.monotonic() - start) * 1000

    plain, audited = [], []
    for _ in range(rounds):
        plain.append(wall(["/bin/true"]))
        audited.append(wall([str(conditions.SESHAT), "run", "-o", "/dev/null", "--", "/bin/true"]))
    return statistics.median(audited) - statistics.median(plain)


def latencies(count):
    """Microseconds from open(2) to a readable line: (median, 99th percentile)."""
    output = conditions.run(["build/tests/bench/latency", str(count), conditions.SESHAT])
    values = sorted(int(line) / 1000 for line in output.split())
    if len(values) != count:
        raise Failure(f"{len(values)} latencies of {count}")
    return statistics.median(values), values[min(len(values) - 1, int(len(values) * 0.99))]


def loop_rows(goals, times):
    def detail(loop, condition):
        alone, ns = (statistics.median(times[loop][key]) for key in ("alone", condition))
        return f"{alone:.0f} -> {ns:.0f} ns"

    rows = (
        ("open+close in a session / alone", 2.0, "open", "inside"),
        ("open+close outside, a session open / none", 1.25, "open", "beside"),
        ("getppid outside, a session open / none", 1.40, "getppid", "beside"),
        ("getppid after the session / before it", 1.02, "getppid", "after"),
        ("fork+exec+exit in a session / alone", 1.10, "exec", "inside"),
        ("TCP socket+connect+close in a session / alone", 1.15, "tcp", "inside"),
        ("UDP socket+connect+close in a session / alone", 1.5, "udp-socket", "inside"),
    )
    for name, goal, loop, condition in rows:
        goals.add(name, goal, ratio(times[loop], condition), "x", detail(loop, condition))


def cost_rows(goals, open_cost, exec_cost, flooded, latency, start):
    goals.add("recorder's CPU an open record", 1.5, open_cost["cpu_ns"] / 1000, "us",
              f"lost {open_cost['lost']}")
    opens = exec_cost["records"]["session.disk"] / exec_cost["records"]["session.command"]
    goals.add("recorder's CPU an exec with its opens and its exit", 12, exec_cost["cpu_ns"] / 1000, "us",
              f"{opens:.1f} opens each, lost {exec_cost['lost']}")
    missing = FLOOD - flooded["lines"]
    goals.add(f"lost of {FLOOD:,} open+close at full speed", 0, max(missing, flooded["lost"]), "",
              f"{flooded['lines']:,} lines, session.end: lost {flooded['lost']}, {flooded['ns']:.0f} ns each")
    goals.add("log bytes an open", 700, open_cost["bytes"], "B")
    goals.add("open(2) to a readable line, idle, median", 150, latency[0], "us")
    goals.add("open(2) to a readable line, idle, 99th percentile", 1000, latency[1], "us")
    memory = max((open_cost["memory_kib"], exec_cost["memory_kib"], flooded["memory_kib"]), key=sum)
    goals.add("peak RSS of seshat run, all processes, the ring apart", 12, sum(memory) / 1024, "MiB",
              " + ".join(f"{part / 1024:.1f}" for part in memory))
    goals.add("seshat run true more than true", 120, start, "ms")


def measure_agent(quick):
    """The agent's own figures, from a program of its own: it goes into namespaces and never comes back."""
    say("the agent: logins, sessions, nothing to do")
    words = ["60", "50000", "1", "10", "100"] if quick else ["200", "200000", "1", "10", "100", "1000"]
    return json.loads(conditions.run([sys.executable, "-B", "tests/bench/logins.py", *words]))


def agent_rows(goals, agent):
    logins = agent["logins"]

    def added(kind, plain):
        with_it, without = logins[kind]["p95"], logins[plain]["p95"]
        return with_it - without, f"{without:.0f} -> {with_it:.0f} ms"

    value, detail = added("audited_ms", "plain_ms")
    goals.add("ssh login with the agent, 95th percentile, more than without", 5, value, "ms", detail)
    value, detail = added("first_ms", "first_plain_ms")
    goals.add("the same, of a login that finds no session open", 100, value, "ms", detail)
    alone = agent["open_ns"]["1"]
    for count, ns in agent["open_ns"].items():
        if count != "1":
            goals.add(f"open+close, {count} sessions open / one", 1.1, ns / alone, "x", f"{alone:.0f} -> {ns:.0f} ns")
    most = max(map(int, agent["open_ns"]))
    goals.add(f"the idle agent's wake-ups in {agent['idle_seconds']} s", 0, agent["idle_wake_ups"])
    goals.add("RSS of the agent, the ring apart", 12, agent["memory_kib"] / 1024, "MiB")
    goals.add(f"the same, with {most} sessions open", 32, agent["memory_most_kib"] / 1024, "MiB")


def show_peers(times, peers, records):
    print(f"\n{'against alone, by the same loop':32} {'seshat':>9} {'strace':>9} {'bpftrace':>9}")
    for loop, taken in peers.items():
        print(f"{loop:32} {ratio(times[loop], 'inside'):>8.2f}x {ratio(taken, 'strace'):>8.2f}x "
              f"{ratio(taken, 'bpftrace'):>8.2f}x")
    operations = records["operations"]
    print(f"{'open records of ' + format(operations, ',') + ' opens':32} {'':>9} "
          f"{records['strace']:>9,} {records['bpftrace']:>9,}")


def markdown(result):
    """The tables of README.md, from a kept result."""
    lines = ["| what | goal | measured |", "|---|---|---|"]
    for row in result["goals"]:
        unit = f" {row['unit']}" if row["unit"] else ""
        lines.append(f"| {row['name']} | at most {row['goal']:g}{unit} | {row['measured']:.2f}{unit} |")
    lines += ["", "| loop, against the time that it takes alone | seshat | strace | bpftrace |",
              "|---|---|---|---|"]
    for loop, taken in result["peers_ns"].items():
        own = ratio(result["loops_ns"][loop], "inside")
        lines.append(f"| {loop} | {own:.2f} | {ratio(taken, 'strace'):.1f} | {ratio(taken, 'bpftrace'):.1f} |")
    loops = result["loops_ns"]
    floors = ", ".join(f"{ratio(loops[loop], 'floor'):.2f} for {loop}" for loop in FLOORS)
    lines += ["", "For comparison, a BPF program that does nothing at the exit of system calls, beside a loop outside:",
              f"{floors}. That is the kernel's own price; what is above it is ours."]
    return "\n".join(lines)


def write_readme():
    """Puts the last result between the marks in README.md, if it is worth it."""
    result = json.loads(RESULT.read_text(encoding="utf-8"))
    if result["quick"] or result["machine"]["load"] > BUSY:
        sys.exit(f"bench.py: {RESULT} is of a quick run, or of a busy machine")
    begin, end = "<!-- figures:begin -->\n", "<!-- figures:end -->"
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(begin)
    after = rest.split(end)[1]
    tables = markdown(result)
    README.write_text(f"{before}{begin}\n{tables}\n\n{end}{after}", encoding="utf-8")


def tidy():
    for path in (LOG, BESIDE_LOG, Bpftrace.log):
        path.unlink(missing_ok=True)


def bench(quick):
    rounds, scale = (3, 4) if quick else (7, 1)
    load = os.getloadavg()[0]
    if load > BUSY:
        say(f"the machine is busy (load {load:.1f}): figures will be worse than they are")
    goals = Goals()
    start = start_cost(5 if quick else 11)
    times = measure_loops(rounds, scale)
    loop_rows(goals, times)
    say("the recorder's own cost")
    open_cost = median_cost("open", 50000 if quick else 200000, rounds)
    exec_cost = median_cost("exec-opens", 300 if quick else 1000, rounds)
    flooded = flood()
    say("latency")
    latency = latencies(300 if quick else 2000)
    cost_rows(goals, open_cost, exec_cost, flooded, latency, start)
    agent = measure_agent(quick)
    agent_rows(goals, agent)
    peers, records = measure_peers(1 if quick else 3)
    goals.show()
    show_peers(times, peers, records)
    for loop in FLOORS:
        print(f"{loop + ' outside':32} {ratio(times[loop], 'beside'):>8.2f}x; beside a BPF program that does nothing "
              f"at the exit of system calls {ratio(times[loop], 'floor'):.2f}x")
    return {
        "machine": {"kernel": platform.release(), "processors": os.cpu_count(), "load": load},
        "quick": quick, "goals": goals.rows, "loops_ns": times, "peers_ns": peers, "peer_records": records,
        "open": open_cost, "exec": exec_cost, "flood": flooded, "agent": agent,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer rounds: under a minute")
    parser.add_argument("--readme", action="store_true", help="write the last result into README.md")
    arguments = parser.parse_args()
    if arguments.readme:
        write_readme()
        return
    if os.geteuid() != 0:
        sys.exit("bench.py: must run as root")
    try:
        result = bench(arguments.quick)
    except Failure as failure:
        sys.exit(f"bench.py: {failure}")
    finally:
        with contextlib.suppress(OSError):
            tidy()
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"\n{'(a quick run) ' if arguments.quick else ''}all of it is in {RESULT}")


if __name__ == "__main__":
    main()
