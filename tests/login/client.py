# SPDX-License-Identifier: Apache-2.0
"""ssh(1), scp(1) and sftp(1) against the world's sshd, as a person at another machine would call them."""
import os
import re
import subprocess

import keys
import world
from session import LIMIT, read_until
from waiting import readable

# The cheapest key exchange: hundreds of logins, and no test is about it.
CONFIG = world.HOME / "ssh_config"
ASKPASS = world.HOME / "askpass"
TEXT = f"""\
Host server
    HostName 127.0.0.1
    HostKeyAlias server
    UserKnownHostsFile {world.HOME}/known_hosts
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    IdentitiesOnly yes
    IdentityFile none
    PubkeyAcceptedAlgorithms +ssh-dss,ssh-rsa,ssh-dss-cert-v01@openssh.com
    LogLevel ERROR
    KexAlgorithms curve25519-sha256
"""
METHODS = ("publickey", "password", "keyboard-interactive")


def prepare():
    """What every client needs: the server's key, and somebody who types the password."""
    host = " ".join(keys.public(keys.make("host")).read_text().split()[:2])
    world.write(world.HOME / "known_hosts", f"server {host}\n")
    world.write(CONFIG, TEXT)
    world.write(ASKPASS, '#!/bin/sh\nprintf "%s\\n" "$SECRET"\n', 0o755)


def environment(**more):
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TERM") if name in os.environ}
    typist = {"SSH_ASKPASS": str(ASKPASS), "SSH_ASKPASS_REQUIRE": "force", "SECRET": world.PASSWORD}
    return kept | {"HOME": str(world.HOME)} | typist | more


def options(port=22, key=None, methods=METHODS, more=()):
    """ssh's, scp's and sftp's options in common, in the form that all three take."""
    words = ["-F", CONFIG, "-o", f"Port={port}", "-o", "PreferredAuthentications=" + ",".join(methods)]
    if key:
        words += ["-i", key]
    for option in more:
        words += ["-o", option]
    return [str(word) for word in words]


def arguments(*command, user="alice", flags=(), **how):
    return ["ssh", *options(**how), *flags, f"{user}@server", *command]


def run(*command, stdin=b"", status=0, env=None, **how):
    """One ssh to its end; returns (standard output, standard error)."""
    return finish(arguments(*command, **how), stdin, status, env)


def finish(words, stdin=b"", status=0, env=None):
    done = subprocess.run(
        words, input=stdin, capture_output=True, env=environment(**env or {}), timeout=LIMIT, check=False
    )
    assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout, done.stderr


class Ssh:
    """An ssh that goes on: written to and read from."""

    def __init__(self, *command, env=None, **how):
        self.process = subprocess.Popen(
            arguments(*command, **how),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(**env or {}),
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def do(self, text):
        """For a shell: this command, to its end."""
        self.type(f"{text}; echo did\n")
        self.read("did\n")

    def read(self, wanted):
        """Standard output up to this, and what came with it."""
        return read_until(self.process.stdout, wanted.encode()).decode()

    def match(self, pattern):
        """Standard output until this is in it."""
        text = ""
        while not re.search(pattern, text):
            assert readable(self.process.stdout), f"no {pattern} in {text!r}"
            got = os.read(self.process.stdout.fileno(), 65536)
            assert got, f"end before {pattern}: {text!r}"
            text += got.decode()
        return text

    def end(self, status=0):
        """No more input; wait for its end. Returns the rest of (standard output, standard error)."""
        out, err = self.process.communicate(timeout=LIMIT)
        assert status is None or self.process.returncode == status, (self.process.returncode, out, err)
        return out, err
