# SPDX-License-Identifier: Apache-2.0
"""The suites that can be run in a virtual machine: their files, and what is in their environment."""

COMMON = {
    "SESHAT": "/usr/bin/seshat",
    "SESHATD": "/usr/sbin/seshatd",
    "PAM_SESHAT": "/lib/x86_64-linux-gnu/security/pam_seshat.so",
    "WORKLOADS": "build/tests/live",
    "SESHAT_SLOWER": "5",  # by software emulation; and two of these machines share the host's processors
}
RECORDS = "/run/records"  # what the strategies recorded, to be compared
HOST = ("service", "login", "journal", "upgrade")
# Of the live tests those that see each probe and each way of the truth to a record: all of them take an hour in software
# emulation.
CORE = (
    "test_open", "test_open_failures", "test_exec", "test_exec_files", "test_connect", "test_send", "test_unix",
    "test_compat", "test_cgroup", "evasion/test_rights", "evasion/test_lies", "evasion/test_leaving",
    "evasion/test_network_servers",
)
# Its module is not there when the probes are loaded: what they read of its sockets, they cannot know.
LEFT_OUT = ("tests/live/evasion/test_network_servers.py::test_vsock",)


def guest(*names):
    return [f"tests/vm/guest/test_{name}.py" for name in names]


def live(strategy, files=()):
    paths = [f"tests/live/{name}.py" for name in files] or ["tests/live"]
    return paths + [f"--deselect={test}" for test in LEFT_OUT], {"SESHAT_STRATEGY": strategy, "SESHAT_RECORDS": RECORDS}


SUITES = {
    "install": (guest("install"), {}),
    "host": (guest(*HOST), {}),
    "core-tracepoint": live("tracepoint", CORE),
    "core-trampoline": live("trampoline", CORE),
    "live-tracepoint": live("tracepoint"),
    "live-trampoline": live("trampoline"),
    "strategies": (guest("strategies"), {"SESHAT_RECORDS": RECORDS}),
    "remove": (guest("remove"), {}),
    "lockdown-integrity": (guest("lockdown_integrity"), {}),
    "lockdown-confidentiality": (guest("lockdown_confidentiality"), {}),
}
# The others need it, whatever tests are chosen.
ALWAYS = ("install",)
