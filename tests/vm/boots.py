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
    Boot("all", (INSTALL, "core-tracepoint", "core-trampoline", "strategies", "host", "remove"), 960),
    Boot("integrity", (INSTALL, "lockdown-integrity"), 120, "lockdown=integrity"),
    Boot("confidentiality", (INSTALL, "lockdown-confidentiality"), 120, "lockdown=confidentiality"),
)


# Not part of `make check`: the whole of the live tests, which takes too long for it.
WHOLE = Boot("whole", (INSTALL, "live-tracepoint", "live-trampoline", "strategies"), 7200)


def choose(names, suites):
    """The boots of these names, with these suites only; None: all of them that `make check` has."""
    for boot in (*BOOTS, *([WHOLE] if names and WHOLE.name in names else [])):
        kept = tuple(name for name in boot.suites if not suites or name in (*suites, INSTALL))
        if (not names or boot.name in names) and kept != (INSTALL,):
            yield dataclasses.replace(boot, suites=kept, limit=boot.limit * SLOWER)
