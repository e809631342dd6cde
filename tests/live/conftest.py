# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the live tests: sessions that are always ended, places that are always removed."""
import os
import subprocess
import tempfile

import calls as call_scripts
import machine
import normal
import pytest
import resident
import session



def works(strategy):
    """Can the probes hook this kernel so? The program says."""
    command = [machine.SESHAT, "run", f"--strategy={strategy}", "-o", "/dev/null", "true"]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def chosen():
    """The options of each strategy: those that SESHAT_STRATEGY names, or those that work here."""
    names = os.environ.get("SESHAT_STRATEGY", "").split()
    names = names or [name for name in ("tracepoint", "trampoline") if works(name)]
    return {name: [f"--strategy={name}"] for name in names}


# Every test runs once for each.
STRATEGIES = chosen()

MARKERS = {
    "alone": "about `seshat run` without an agent, or about more than an agent that all share can take",
    "incomparable(reason)": "its records are others each time",
}


def pytest_configure(config):
    for name, text in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {text}")


def pytest_collection_modifyitems(config, items):
    """Who names strategies wants what depends on them: the other tests would be the same ones each time."""
    if not os.environ.get("SESHAT_STRATEGY"):
        return
    left_out = [item for item in items if "strategy" not in item.fixturenames]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session", params=STRATEGIES)
def strategy(request):
    return request.param


@pytest.fixture(scope="session", autouse=True)
def needs():
    """Root, the program, and a plain umask; a file mode test depends on it."""
    assert os.geteuid() == 0, "the live tests run real probes: run them as root"
    assert os.path.exists(machine.SESHAT), f"{machine.SESHAT} is not built"
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(scope="session")
def residents():
    agents = resident.Residents()
    yield agents
    agents.close()


@pytest.fixture
def agent_for(request, strategy, residents):
    """The agent for a session with these options, or None where it is to be without one. It must have done well in the end."""
    used = []

    def choose(options):
        kinds = resident.kinds_of(options)
        if kinds is None or request.node.get_closest_marker("alone"):
            return None
        agent = residents.get(strategy)
        if not used:
            agent.tidy()
        used.append(agent)
        agent.choose(kinds)
        return agent

    yield choose
    for agent in used[-1:]:
        agent.check()


@pytest.fixture
def place():
    """A folder, as bytes, removed at the end with whatever is in it."""
    path = os.path.realpath(tempfile.mkdtemp(prefix="seshat-live-")).encode()
    os.chmod(path, 0o755)
    yield path
    subprocess.run(["rm", "-rf", path], check=True)  # also what is too deep for any path


@pytest.fixture
def kept(request, strategy):
    """Keeps the test's records in the folder that SESHAT_RECORDS names, to be compared with those of other strategies."""
    mark = request.node.get_closest_marker("incomparable")
    folder = os.environ.get("SESHAT_RECORDS")
    kept = normal.Kept(request.node.nodeid, strategy, folder, mark.args[0] if mark else None)
    yield kept
    kept.write()


@pytest.fixture
def start(strategy, agent_for, kept):
    """Start a session and go on; it is ended with the test."""
    sessions = []

    def begin(command, *, options=(), wrapper=(), **more):
        agent = None if wrapper else agent_for(options)
        options = [*STRATEGIES[strategy], *options]
        sessions.append(session.Session(command, options=options, agent=agent, wrapper=wrapper, **more))
        sessions[-1].kept = kept
        return sessions[-1]

    yield begin
    for one in sessions:
        one.close()


@pytest.fixture
def audit(start, strategy):
    """Run a command in a session to its end; returns the checked log, with .out and .err of the run."""

    def run(command, *, stdin=None, status=0, lost=False, **more):
        if stdin is not None:
            more["stdin"] = session.subprocess.PIPE
        one = start(command, **more)
        out, err = one.finish(stdin, status)
        log = one.log(lost)
        log.out, log.err, log.status = out, err, one.process.returncode
        assert log.start["strategy"] == strategy
        assert "probes_missing" not in log.start, log.start
        return log

    return run


@pytest.fixture
def script(audit):
    """Run a script of system calls in a session, and check what the log has of it."""

    def run(calls, *, cwd=None, cgroups=1, **more):
        program = machine.workload("calls")
        log = audit([program], stdin=calls.text(), cwd=cwd, **more)
        log.calls = call_scripts.check(calls, log, log.out, program, cgroups)
        log.facts = call_scripts.read_facts(log.out)
        return log

    return run


@pytest.fixture
def waiting(start):
    """A session whose command waits for the end of its standard input; returns (session, its start record)."""
    session = start(["cat"], stdin=subprocess.PIPE)
    return session, session.start_record()


@pytest.fixture
def bystander():
    """A process outside every session, that is ended with the test."""
    running = []

    def begin(*args):
        running.append(subprocess.Popen(args, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        return running[-1]

    yield begin
    for process in running:
        process.stdin.close()
        process.stdout.close()
        process.kill()
        process.wait()
