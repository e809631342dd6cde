# SPDX-License-Identifier: Apache-2.0
"""Keys and certificates, made by ssh-keygen, and what ssh-keygen says of them."""
import functools
import os
import pathlib
import subprocess

import world

FOLDER = world.HOME / "keys"
# Each kind that ssh-keygen makes without a security token: its options, and its name in the key itself.
KINDS = {
    "ed25519": (["-t", "ed25519"], "ssh-ed25519"),
    "rsa": (["-t", "rsa", "-b", "2048"], "ssh-rsa"),
    "ecdsa256": (["-t", "ecdsa", "-b", "256"], "ecdsa-sha2-nistp256"),
    "ecdsa384": (["-t", "ecdsa", "-b", "384"], "ecdsa-sha2-nistp384"),
    "ecdsa521": (["-t", "ecdsa", "-b", "521"], "ecdsa-sha2-nistp521"),
    "dsa": (["-t", "dsa"], "ssh-dss"),
}


def keygen(*arguments):
    command = ["ssh-keygen", *map(str, arguments)]
    return subprocess.run(
        command, check=True, stdin=subprocess.DEVNULL, capture_output=True, text=True
    ).stdout


@functools.cache
def make(name, kind="ed25519"):
    """The path of a new private key; the public one is beside it."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / name
    keygen("-q", *KINDS[kind][0], "-N", "", "-C", name, "-f", path)
    return path


def public(path):
    return pathlib.Path(f"{path}.pub")


def fingerprint(path):
    """SHA256:..., as ssh-keygen prints it."""
    return keygen("-l", "-f", public(path)).split()[1]


def certify(path, authority, *, identity, principals, serial=0, valid=None):
    """Puts a certificate beside the key, in the place of one from before; ssh(1) finds it there. Returns its path."""
    options = ["-V", valid] if valid else []
    keygen(
        "-q",
        "-s",
        authority,
        "-I",
        identity,
        "-n",
        ",".join(principals),
        "-z",
        serial,
        *options,
        public(path),
    )
    return pathlib.Path(f"{path}-cert.pub")


def authorize(path, account):
    """The account takes this key, and no other."""
    folder = pathlib.Path("/home", account, ".ssh")
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / "authorized_keys"
    file.write_text(public(path).read_text())
    for each in (folder, file):
        os.chown(each, world.ACCOUNTS[account], world.ACCOUNTS[account])
