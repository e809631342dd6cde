# SPDX-License-Identifier: Apache-2.0
"""One exec, open or connect, in terms that a trace of system calls and an audit log have in common."""
import collections
import ipaddress

KINDS = {"command": "exec", "disk": "open", "network": "connect"}


class Unknown:
    """What the trace cannot tell; each use of it says why."""

    def __repr__(self):
        return "unknown"


UNKNOWN = Unknown()

# request: the path that the program gave; path: the kernel's name of what was opened, or the request made absolute.
# argv: with argv[0]; cut: its end was unreadable. address: (family, where), see inet() and unix().
FIELDS = "result request argv cut path deleted flags mode resolve address"
Event = collections.namedtuple("Event", "kind " + FIELDS, defaults=(None,) * len(FIELDS.split()))


def inet(address, port, scope=0):
    """Where an IP address is. Only a link-local one has an interface."""
    parsed = ipaddress.ip_address(address)
    return str(parsed), port, scope if parsed.version == 6 and parsed.is_link_local else 0


def unix(name, abstract=False):
    """What a unix socket's address says: a name of no bytes is none."""
    return ("abstract", name) if abstract else ("path", name or None)


def differences(saw, told):
    """The fields in which an event of the trace and one of the log differ, as (name, trace's, log's)."""
    return [
        (name, a, b) for name, a, b in zip(Event._fields, saw, told) if a is not UNKNOWN and a != b
    ]
