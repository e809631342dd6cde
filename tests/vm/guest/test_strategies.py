# SPDX-License-Identifier: Apache-2.0
"""Both strategies have run the live tests: what they recorded is the same."""
import os
import subprocess
import sys

import host
import machine
import pytest


@pytest.mark.parametrize("strategy", ["tracepoint", "trampoline"])
def test_this_kernel_offers_it(strategy):
    host.run(machine.SESHAT, "run", f"--strategy={strategy}", "-o", "/dev/null", "true")


def test_both_have_the_same_records():
    done = subprocess.run(
        [sys.executable, "-B", machine.ROOT / "tests/live/compare_strategies.py", os.environ["SESHAT_RECORDS"]],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
