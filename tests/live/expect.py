# SPDX-License-Identifier: Apache-2.0
"""What a record must tell, from what a test knows. A value of None is absent; a function takes the call's facts."""
import base64
import ipaddress
import os
import socket

import flags as names
import machine
from records import is_text, show


def strings(fields):
    """Bytes as a record shows them, with `raw` where they are no text."""
    shown, bad = {}, {}
    for name, value in fields.items():
        items = [(f"/{name}", value)] if isinstance(value, bytes) else []
        if isinstance(value, list):
            items = [(f"/{name}/{i}", item) for i, item in enumerate(value) if isinstance(item, bytes)]
        for pointer, item in items:
            if not is_text(item):
                bad[pointer] = base64.b64encode(item).decode()
        if isinstance(value, bytes):
            value = show(value)
        elif isinstance(value, list) and value and isinstance(value[0], bytes):
            value = [show(item) for item in value]
        shown[name] = value
    return shown | {"raw": bad or None}


def paths(path, request, source):
    differs = path is not None and request is not None and request != path
    return {"path": path, "requested_path": request if differs else None, "path_source": source}


def fact(name, of=None):
    """What the call told, or another one."""
    return lambda told: (told["all"][of[1:]]["call"] if of else told)[name]


def disk(
    path,
    request=None,
    flags=0,
    *,
    result=None,
    mode=None,
    created=False,
    deleted=False,
    resolve=None,
    via=None,
    inode=None,
    dev=None,
    nameless=False,
):
    """An open. RESULT is the failure, None a success, which the kernel names. A path of None was unreadable."""
    source = "unreadable" if path is None else "kernel" if result is None else "request"
    tree = via == "open_tree"
    new = flags is not None and (flags & names.O_CREAT or flags & names.O_TMPFILE == names.O_TMPFILE)
    known = source == "kernel"
    return "session.disk", strings(
        {
            **paths(path, path if request is None else request, source),
            "flags": flags,
            "flag_names": None if flags is None else FlagNames(flags, tree),
            "resolve_names": resolve,
            "mode": f"{mode or 0:#05o}".replace("0o", "0") if new and not tree else None,
            "created": created or None,
            "return_code": fact("result") if result is None else result,
            "inode": (inode or fact("inode")) if known else None,
            "dev": (dev or fact("dev")) if known else None,
            "deleted": deleted or None,
            "via": via,
            "paths_nameless": ["/path"] if nameless else None,
        }
    )


def inside(expected, *keys, of=None):
    """The same, with these paths in the mount namespace of the caller, or of another call's."""
    event, fields = expected

    def namespaces(told):
        number = (told["all"][of[1:]]["call"] if of else told)["mount_ns"]
        return {f"/{key}": number for key in keys}

    return event, fields | {"mount_namespaces": namespaces}


class FlagNames(list):
    """Names in any order but for the first; a record's schema check has held them against the number."""

    def __init__(self, flags, tree=False):
        super().__init__(names.tree_flag_names(flags) if tree else names.open_flag_names(flags))

    def __eq__(self, other):
        return self[:1] == other[:1] and sorted(self) == sorted(other)

    def __ne__(self, other):
        return not self == other


def command(
    path,
    request=None,
    argv=(),
    *,
    cwd,
    result=0,
    interpreter=None,
    memfd=False,
    deleted=False,
    truncated=False,
    inode=None,
    dev=None,
):
    """An exec. ARGV with argv[0]; a path of None was unreadable; inode and dev of PATH unless given."""
    plain = result == 0 and interpreter is None
    source = "unreadable" if path is None else "kernel" if plain else "request"
    if plain and inode is None:
        status = os.stat(path)
        inode, dev = status.st_ino, machine.device(status.st_dev)
    return "session.command", strings(
        {
            **paths(path, path if request is None else request, source),
            "argv0": argv[0] if argv else None,
            "argv": list(argv[1:]),
            "argv_truncated": truncated or None,
            "cwd": cwd,
            "return_code": result,
            "interpreter": interpreter,
            "inode": inode,
            "dev": dev,
            "memfd": memfd or None,
            "paths_nameless": ["/exe", "/path"] if memfd else None,
            "deleted": deleted or None,
        }
    )


def local_address(told):
    data = bytes.fromhex(told["local"])
    return (
        socket.inet_ntop(socket.AF_INET, data[4:8])
        if data[0] == 2
        else socket.inet_ntop(socket.AF_INET6, data[8:24])
    )


def local_port(told):
    return int.from_bytes(bytes.fromhex(told["local"])[2:4], "big")


class Port:
    """Any port: that of a socket which has given it back, so that nobody can ask any more."""

    def __eq__(self, other):
        return isinstance(other, int) and 0 < other < 65536

    def __repr__(self):
        return "a port"


def given_back(address):
    return {"src": address, "src_port": Port()}


UDP = {"kind": "dgram", "protocol": "udp"}
LOCAL = {"src": local_address, "src_port": local_port}  # what getsockname(2) told after the call


def inet(
    operation,
    dst,
    port,
    *,
    src=None,
    src_port=None,
    kind="stream",
    protocol="tcp",
    result=0,
    source="kernel",
    scope=None,
    via=None,
    **identity,
):
    """A connect or send to an IP address; DST None was unreadable (PORT is then the version). RESULT may be a function."""
    version = port if dst is None else ipaddress.ip_address(dst).version
    return "session.network", {
        "operation": operation,
        "family": 2 if version == 4 else 10,
        "family_name": "AF_INET" if version == 4 else "AF_INET6",
        "socket_type": kind,
        "protocol": protocol,
        "version": version,
        "src_addr": src,
        "src_port": src_port,
        "dst_addr": dst,
        "dst_port": None if dst is None else port,
        "scope_id": scope,
        "address_source": "unreadable" if dst is None else source,
        "return_code": result,
        "via": via,
        **identity,
    }


def unix(path, request=None, *, operation="connect", kind="stream", result=0, abstract=False, source=None):
    source = source or ("kernel" if result == 0 else "request")
    return "session.network", strings(
        {
            "operation": operation,
            "family": 1,
            "family_name": "AF_UNIX",
            "socket_type": kind,
            **paths(path, path if request is None else request, source),
            "abstract": abstract or None,
            "return_code": result,
        }
    )


def other(family, *, operation="connect", kind=None, result=0, protocol=None, **more):
    """An address of a family that records name and no more."""
    return "session.network", more | {
        "operation": operation,
        "family": family,
        "family_name": names.family_name(family),
        "socket_type": kind,
        "protocol": protocol,
        "return_code": result,
    }
