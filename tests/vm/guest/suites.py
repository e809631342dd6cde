# SPDX-License-Identifier: Apache-2.0
"""The suites that can be run in a virtual machine: their files, and what is in their environment."""

COMMON = {
    "SESHAT": "/usr/bin/seshat",
    "SESHATD": "/usr/sbin/seshatd",
    "PAM_SESHAT": "/lib/x86_64-linux-gnu/security/pam_seshat.so",
    "WORKLOADS": "build/tests/live",
}
GUEST = "tests/vm/guest/"
SUITES = {
    "install": ([GUEST + "test_install.py"], {}),
    "host": ([GUEST + "test_login.py"], {}),
    "live-tracepoint": (["tests/live/test_open.py"], {}),
    "remove": ([GUEST + "test_remove.py"], {}),
    "lockdown-integrity": ([GUEST + "test_lockdown_integrity.py"], {}),
    "lockdown-confidentiality": ([GUEST + "test_lockdown_confidentiality.py"], {}),
}
# The others need them, whatever tests are chosen.
ALWAYS = ("install",)
