# SPDX-License-Identifier: Apache-2.0
"""Who may include whom: the layers of the tree, and the one home of each third-party library."""

import pathlib
import re

# A folder below agent/ (or a file directly in it) -> what it may include besides its own folder.
# "bpf" is the shared headers of the kernel side: wire.h for everybody who reads records, state.h for
# those who speak with the programs.
BELOW = {
    "base": set(),
    "record": {"base", "bpf/wire.h"},
    "session": {"base", "record", "bpf/wire.h"},
    "enrich": {"base", "record", "session", "bpf/wire.h"},
    "encode": {"base", "record", "session", "enrich", "bpf/wire.h"},
    "probes": {"base", "record", "session", "enrich", "encode", "bpf/wire.h"},
    "sinks": {"base"},
    "config": {"base"},
    "control": {"base"},
    "kernel": {"base", "bpf/wire.h", "bpf/state.h", "seshat.skel.h"},
}
BELOW["pipeline"] = {"base", "record", "session", "enrich", "encode", "probes", "sinks", "bpf/wire.h"}
BELOW["cli"] = BELOW["pipeline"] | {"pipeline", "kernel", "config", "control"}
BELOW["static"] = {"base", "cli"}
BELOW["daemon"] = BELOW["cli"]
BELOW["pam"] = {"base", "control", "contrib"}
BELOW["seshat"] = BELOW["cli"] | {"cli"}
BELOW["seshatd"] = BELOW["daemon"] | {"daemon"}

# A third-party header (a prefix of what stands between the angle brackets) -> the places that may
# include it: folders end in a slash. Headers of the C library and of the kernel are free.
HOMES = {
    "bpf/": ("agent/kernel/", "bpf/", "tests/unit/"),
    "gelf": ("agent/kernel/",),
    "libelf": ("agent/kernel/",),
    "json-c/": ("agent/control/", "agent/daemon/", "agent/cli/", "agent/sinks/journal", "contrib/pam/", "tests/"),
    "json": ("agent/control/", "agent/daemon/", "agent/cli/", "agent/sinks/journal", "contrib/pam/", "tests/"),
    "systemd/": ("agent/base/host.c", "agent/sinks/journal", "agent/daemon/", "agent/cli/log_journal.c", "tests/"),
    "sys/capability.h": ("agent/base/caps.c", "agent/daemon/caps.c", "tests/unit/"),
    "ini.h": ("agent/config/",),
    "openssl/": ("agent/session/ssh_key.c", "agent/static/host.c"),
    "cmocka": ("tests/",),
    "security/": ("contrib/pam/", "tests/"),
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def layer(path):
    """The layer of a source below agent/: its folder, or its own name when it lies directly there."""
    parts = pathlib.PurePosixPath(path).parts
    return parts[1] if len(parts) > 2 else pathlib.PurePosixPath(path).stem


def target(name):
    """What an include in quotation marks names, in the words of BELOW."""
    if name.startswith("bpf/") or "/" not in name:
        return pathlib.PurePosixPath(name).stem if name in ("pipeline/pipeline.h",) else name
    return name.split("/", 1)[0]


def quoted_error(path, name):
    """Why PATH may not include "NAME", or None."""
    if path.startswith("tests/"):
        return None
    if path.startswith("bpf/"):
        return None if "/" not in name else "bpf/ includes its own headers only"
    where = layer(path)
    if where not in BELOW:
        return f"{where} is in no layer: tests/lint/layers.py"
    what = target(name)
    if what == where or what in BELOW[where]:
        return None
    return f"{where} may not include {what}"


def bracket_error(path, name):
    """Why PATH may not include <NAME>, or None."""
    for prefix, homes in HOMES.items():
        if name.startswith(prefix) and not path.startswith(homes):
            return f"<{name}> has its home in {' and '.join(homes) or 'no part of this tree'}"
    return None


def check(path, text):
    """The errors of one source: a list of "path:line: what"."""
    errors = []
    for match in INCLUDE.finditer(text):
        kind, name = match.groups()
        error = bracket_error(path, name) if kind == "<" else quoted_error(path, name)
        if error:
            line = text.count("\n", 0, match.start(1)) + 1
            errors.append(f"{path}:{line}: {error}")
    return errors
