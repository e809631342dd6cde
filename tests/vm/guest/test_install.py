# SPDX-License-Identifier: Apache-2.0
"""The packages, installed as everybody does it, on a machine that is up."""
import host


def test_the_packages_install_and_the_agent_is_to_run():
    host.run("dpkg", "--install", *host.PACKAGES.glob("*.deb"))
    assert host.show("LoadState", "UnitFileState") == {"LoadState": "loaded", "UnitFileState": "enabled"}


def test_every_interactive_login_is_audited_then():
    assert "pam_seshat.so" in host.COMMON_SESSION.read_text()
