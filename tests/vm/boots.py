# SPDX-License-Identifier: Apache-2.0
"""What is run in which virtual machine: every kernel is booted once for nearly all of it, and once for each lockdown."""
import dataclasses
import os

# A machine that is so many times slower, or has other things to do, says so.
SLOWER = int(os.environ.get("SESHAT_SLOWER", "1"))
INSTALL = "install"  # the other suites need it


@dataclasses.dataclass(frozen=True)
class Boot:
    """One boot: the suites that run in it (tests/vm/guest/suites.py has them), and arguments for the kernel."""

    name: str
    suites: tuple
    limit: int  # seconds
    arguments: str = ""


BOOTS = (
    Boot("all", (INSTALL, "host", "live-tracepoint", "live-trampoline", "strategies", "remove"), 780),
    Boot("integrity", (INSTALL, "lockdown-integrity"), 120, "lockdown=integrity"),
    Boot("confidentiality", (INSTALL, "lockdown-confidentiality"), 120, "lockdown=confidentiality"),
)


def choose(names, suites):
    """The boots of these names, with these suites only; None: all of them."""
    for boot in BOOTS:
        kept = tuple(name for name in boot.suites if not suites or name in (*suites, INSTALL))
        if (not names or boot.name in names) and kept != (INSTALL,):
            yield dataclasses.replace(boot, suites=kept, limit=boot.limit * SLOWER)
