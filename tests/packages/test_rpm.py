# SPDX-License-Identifier: Apache-2.0
"""RPM packages: installed with their scripts, by rpm, into a root where this machine's libraries are."""
import contextlib

import pytest
from root import Root

DATABASE = "/var/lib/seshat-test-rpm"
PLACES = {
    "/etc/seshat/seshat.conf": "644",
    "/etc/logrotate.d/seshat": "644",
    "/usr/bin/seshat": "755",
    "/usr/sbin/seshatd": "755",
    "/usr/lib64/security/pam_seshat.so": "755",
    "/usr/lib/systemd/system/seshatd.service": "644",
    "/usr/lib/sysusers.d/seshat.conf": "644",
    "/usr/lib/tmpfiles.d/seshat.conf": "644",
    "/usr/lib/systemd/catalog/seshat.catalog": "644",
    "/usr/share/licenses/seshat/LICENSE.bpf": "644",
    "/usr/share/doc/seshat/schemas/common.json": "644",
    "/usr/share/doc/seshat/examples/pam/README.md": "644",
    "/usr/share/doc/seshat/seshat.spdx.json": "644",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    with contextlib.closing(Root(tmp_path_factory.mktemp("rpm"))) as made:
        yield made


def rpm(root, *words, **more):
    return root.run("rpm", "--dbpath", DATABASE, *words, **more)


def test_installed_and_erased(root, rpms):
    files = root.bring(*(rpms[name] for name in ("seshat", "pam_seshat", "seshat-doc")))
    rpm(root, "-i", "--nodeps", *files)
    for path, mode in PLACES.items():
        assert root.stat(path) == (mode, "root", "root"), path
    assert root.stat("/var/log/seshat") == ("2750", "root", "seshat")
    assert root.run("seshat", "--version").stdout.startswith("seshat ")
    root.run("seshatd", "--check-config")
    # Everything is as the packages have it; the folder's group is the one that tmpfiles.d says.
    verified = rpm(root, "-V", "--nodeps", "seshat", "pam_seshat", "seshat-doc", ok=False).stdout.splitlines()
    assert [line.split()[-1] for line in verified] in ([], ["/var/log/seshat"])
    rpm(root, "-e", "--nodeps", "seshat-doc", "pam_seshat", "seshat")
    for path in PLACES:
        assert root.run("test", "-e", path, ok=False).returncode == 1, path


def test_what_belongs_to_whom(root, rpms):
    (pam,) = root.bring(rpms["pam_seshat"])
    assert rpm(root, "-qpl", pam).stdout.split() == ["/usr/lib64/security/pam_seshat.so", "/usr/share/man/man8/pam_seshat.8"]
    (main,) = root.bring(rpms["seshat"])
    assert rpm(root, "-qpc", main).stdout.split() == ["/etc/logrotate.d/seshat", "/etc/seshat/seshat.conf"]
    assert "/usr/share/licenses/seshat/LICENSE" in rpm(root, "-qpL", main).stdout.split()
