# SPDX-License-Identifier: Apache-2.0
"""The set-ups of contrib/: each is understood by the program that it is for."""
import contextlib
import re

import pytest
from root import Root

KEY = "/mnt/host_key"


@pytest.fixture(scope="module")
def root(tmp_path_factory, debs):
    with contextlib.closing(Root(tmp_path_factory.mktemp("contrib"))) as made:
        made.run("dpkg", "-i", *made.bring(debs["seshat"], debs["libpam-seshat"]))
        made.run("pam-auth-update", "--disable", "seshat")  # what is here does without
        made.run("pam-auth-update", "--package")
        yield made


def put(root, source, place, mode="0644"):
    root.run("install", "-m", mode, *root.bring(source), place)


def su(root):
    """Does a session of su open? No agent runs, so only where the line refuses nothing."""
    return root.run("su", "nobody", "-s", "/bin/true", ok=False).returncode == 0


def test_sshd_understands_its_lines(root):
    put(root, "contrib/sshd/seshat.conf", "/etc/ssh/sshd_config.d/seshat.conf")
    root.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", KEY)
    root.run("mkdir", "-p", "/run/sshd")
    said = root.run("sshd", "-T", "-h", KEY).stdout.splitlines()
    assert "usepam yes" in said and "loglevel VERBOSE" in said


def test_sudo_understands_its_lines(root):
    put(root, "contrib/su/sudoers", "/etc/sudoers.d/seshat", "0440")
    root.run("visudo", "-c")
    root.run("useradd", "--groups", "seshat", "checker")
    assert re.search(r"\(root\) NOPASSWD: /usr/bin/seshat check$", root.run("sudo", "-l", "-U", "checker").stdout, re.M)


@pytest.mark.parametrize("folder", ["pam", "pam_exec"])
def test_pam_understands_the_file_to_include(root, folder):
    """Once as it is, which lets people in; once refusing, to see that it is this file that PAM goes by."""
    put(root, f"contrib/{folder}/seshat", "/etc/pam.d/seshat")
    root.run("sh", "-c", "cp /etc/pam.d/su /etc/pam.d/su.saved; echo '@include seshat' >>/etc/pam.d/su")
    assert su(root)
    root.run("sed", "-i", "s/optional/required/; s/fail=open/fail=closed/", "/etc/pam.d/seshat")
    assert not su(root)
    root.run("mv", "/etc/pam.d/su.saved", "/etc/pam.d/su")
    assert su(root)


def test_cron_has_a_line_of_seven_fields():
    with open("contrib/cron/cron.d-example", encoding="utf-8") as file:
        (line,) = [line for line in file if not line.startswith("#")]
    fields = line.split(None, 6)
    assert all(re.fullmatch(r"[\d*,/-]+", field) for field in fields[:5])
    assert fields[5:] == ["root", "/usr/bin/seshat run -o /var/log/seshat/job.jsonl -- /usr/local/sbin/job\n"]


def test_the_journal_drop_in_is_a_unit_file(root):
    folder = "/etc/systemd/system/seshatd.service.d"
    root.run("mkdir", "-p", folder)
    put(root, "contrib/journal/log-namespace.conf", folder)
    said = root.run("systemd-analyze", "verify", "--man=no", "/lib/systemd/system/seshatd.service").stdout
    assert "seshatd" not in said  # a key that it does not know is no failure to it


def test_every_folder_is_in_the_list():
    with open("contrib/README.md", encoding="utf-8") as file:
        named = set(re.findall(r"^\| \[(\w+)\]", file.read(), re.M))
    with open("packaging/files", encoding="utf-8") as file:
        installed = set(re.findall(r"^0644\s+contrib/(\w+)/", file.read(), re.M))
    assert named == installed
