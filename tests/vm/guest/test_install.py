# SPDX-License-Identifier: Apache-2.0
"""What users install is installed as users do it."""
import pathlib
import subprocess

import sshd

INSTALLED = pathlib.Path("/check/installed")


def test_it_is_installed():
    subprocess.run(["cp", "-a", f"{INSTALLED}/.", "/"], check=True)
    for command in (
        ["systemd-sysusers"],
        ["systemd-tmpfiles", "--create"],
        ["systemctl", "daemon-reload"],
        ["systemctl", "enable", "--now", "seshatd"],
    ):
        subprocess.run(command, check=True)
    sshd.put_module("sshd")
