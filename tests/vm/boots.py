# SPDX-License-Identifier: Apache-2.0
"""What is run in which virtual machine: every kernel is booted once for nearly all of it, and once for each lockdown."""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Boot:
    """One boot: the suites that run in it (tests/vm/guest/suites.py has them), and arguments for the kernel."""

    name: str
    suites: tuple
    limit: int  # seconds
    arguments: str = ""


BOOTS = (
    Boot("all", ("install", "host", "live-tracepoint", "live-trampoline", "strategies", "remove"), 780),
    Boot("integrity", ("install", "lockdown-integrity"), 120, "lockdown=integrity"),
    Boot("confidentiality", ("install", "lockdown-confidentiality"), 120, "lockdown=confidentiality"),
)
