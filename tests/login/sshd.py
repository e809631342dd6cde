# SPDX-License-Identifier: Apache-2.0
"""A real sshd on the loopback device, and the PAM stacks of this world."""
import os
import pathlib
import re
import signal
import subprocess

import keys
import machine
import world
from session import LIMIT
from waiting import Tail

SSHD = "/usr/sbin/sshd"
SFTP_SERVER = "/usr/lib/openssh/sftp-server"
SFTP_FORCED = 2205
# What each port asks for; all else is the same.
PORTS = {
    22: [],
    2201: ["AuthenticationMethods publickey,password"],
    2202: ["AuthenticationMethods keyboard-interactive"],
    2203: ["AuthenticationMethods password,keyboard-interactive,publickey"],
    2204: ["AuthenticationMethods publickey,publickey"],
    SFTP_FORCED: [f"ForceCommand {SFTP_SERVER}"],
}
COMMON = """\
ListenAddress 127.0.0.1
ListenAddress ::1
PidFile none
UsePAM yes
UseDNS no
PasswordAuthentication yes
KbdInteractiveAuthentication yes
PubkeyAcceptedAlgorithms +ssh-dss,ssh-rsa,ssh-dss-cert-v01@openssh.com
MaxStartups 1000
LogLevel VERBOSE
PrintMotd no
AcceptEnv LANG LC_* SSH_FORGED
X11Forwarding no
"""

MODULE = str((machine.ROOT / os.environ.get("PAM_SESHAT", "build/pam_seshat.so")).resolve())
PAM = pathlib.Path("/etc/pam.d")
PRISTINE = {}
COMMON_SESSION = re.compile(r"^@include common-session.*\n", re.M)
SERVICES = ("sshd", "login", "su", "sudo")  # su-l includes su


def configuration(ports, subsystem="internal-sftp"):
    """sshd_config(5) for these ports."""
    lines = [f"Port {port}" for port in ports] + [COMMON]
    lines.append(f"HostKey {keys.make('host')}")
    lines.append(f"TrustedUserCAKeys {keys.public(keys.make('authority'))}")
    lines.append(f"Subsystem sftp {subsystem}")
    for port, words in ports.items():
        if words:
            lines += [f"Match LocalPort {port}", *words]
    return "\n".join(lines) + "\n"


class Sshd:
    """Started, listening, and ended with all its connections."""

    def __init__(self, name="sshd", ports=PORTS, subsystem="internal-sftp"):
        self.log = world.LOG / f"{name}.log"
        self.log.write_text("")
        path = world.write(world.HOME / f"{name}.conf", configuration(ports, subsystem))
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        with Tail(self.log) as lines:
            self.process = subprocess.Popen(
                [SSHD, "-D", "-f", path, "-E", self.log],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            for _ in range(2 * len(ports)):
                lines.wait(lambda line: line.startswith("Server listening"))

    def tail(self):
        """The log from here on."""
        return Tail(self.log, self.log.stat().st_size)

    def stop(self):
        self.process.terminate()
        assert self.process.wait(LIMIT) in (0, 255, -signal.SIGTERM)


def pristine(service):
    """The service's stack as Debian has it."""
    if service not in PRISTINE:
        PRISTINE[service] = (PAM / service).read_text()
    return PRISTINE[service]


def put_module(service, options="", control="required"):
    """Debian's own stack, with the module right after common-session, where the manual wants it."""
    line = f"session {control} {MODULE} {options}".rstrip() + "\n"
    text, count = COMMON_SESSION.subn(lambda match: match[0] + line, pristine(service), count=1)
    assert count == 1, f"{service} has no common-session"
    world.write(PAM / service, text)


def without_module(service):
    world.write(PAM / service, pristine(service))
