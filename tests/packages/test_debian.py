# SPDX-License-Identifier: Apache-2.0
"""Debian's packages: installed, configured, removed and purged by dpkg, in a root where this machine's packages are."""
import contextlib
import re
import subprocess

import pytest
from root import Root

PACKAGES = ("seshat", "libpam-seshat", "seshat-doc")
STACKS = ("/etc/pam.d/common-session", "/etc/pam.d/common-session-noninteractive")
OURS = ("find", "/etc", "/lib", "/usr", "/var", "/run", "/sys/fs/bpf", "-xdev", "-name", "*seshat*")
MODULE = "pam_seshat.so"
# What libpam-systemd has there, for machines without it: installing that would exchange their process 1.
SYSTEMD = "/usr/share/pam-configs/systemd"
SYSTEMD_SAYS = """Name: Stand-in for libpam-systemd
Default: yes
Priority: 0
Session-Interactive-Only: yes
Session-Type: Additional
Session:
	optional	pam_systemd.so
"""


def lines(root, path):
    """Options of the module's lines in a stack."""
    return re.findall(rf"^session\s+(\S+)\s+{MODULE} (.*?)\s*$", root.read(path), re.M)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    with contextlib.closing(Root(tmp_path_factory.mktemp("debian"))) as made:
        made.run("dpkg", "--purge", *PACKAGES, ok=False)  # of a machine that has them
        made.run("sh", "-c", f"[ -e {SYSTEMD} ] || printf %s '{SYSTEMD_SAYS}' >{SYSTEMD}")
        made.run("pam-auth-update", "--package")
        yield made


@pytest.fixture(scope="module")
def before(root):
    """What the packages must leave as they have found it."""
    return {"stacks": [root.read(path) for path in STACKS], "ours": root.run(*OURS).stdout}


@pytest.fixture
def installed(root, debs, before):
    """With everything installed, for the first time or again."""
    missing = [name for name in PACKAGES if root.run("dpkg", "-s", name, ok=False).returncode != 0]
    if missing:
        root.run("dpkg", "-i", *root.bring(*(debs[name] for name in PACKAGES)))
    return root


def test_lintian_has_nothing_to_say(debs):
    done = subprocess.run(
        ["lintian", "--allow-root", "--display-info", "--pedantic", "--no-tag-display-limit",
         *map(str, debs["seshat"].parent.glob("*.changes"))],
        capture_output=True, text=True, check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_every_override_says_why():
    for path in ("seshat", "libpam-seshat", "seshat-doc"):
        with open(f"packaging/debian/{path}.lintian-overrides", encoding="utf-8") as file:
            text = file.read().splitlines()
        for above, line in zip([""] + text, text):
            assert line.startswith("#") or above.startswith("# "), line


def test_everything_is_in_its_place(installed):
    assert installed.stat("/var/log/seshat") == ("2750", "root", "seshat")
    assert installed.stat("/etc/seshat/seshat.conf") == ("644", "root", "root")
    assert installed.run("seshat", "--version").stdout.startswith("seshat ")
    installed.run("seshatd", "--check-config")
    assert installed.run("readlink", "/etc/systemd/system/multi-user.target.wants/seshatd.service").stdout


@pytest.mark.parametrize(
    ("package", "pages"),
    [
        ("seshat", {"man1/seshat.1.gz", "man5/seshat.conf.5.gz", "man7/seshat.7.gz", "man8/seshatd.8.gz"}),
        ("libpam-seshat", {"man8/pam_seshat.8.gz"}),
    ],
)
def test_the_manual_is_in_the_package(debs, package, pages):
    """In the file itself: machines may be set up to install no manual pages."""
    said = subprocess.run(["dpkg-deb", "-c", debs[package]], capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"\./usr/share/man/(\S+\.gz)$", said, re.M)) == pages


def test_interactive_sessions_are_audited_from_the_start(installed):
    assert lines(installed, STACKS[0]) == [("optional", "fail=open")]
    assert lines(installed, STACKS[1]) == []
    stack = re.findall(r"^session\s.*?(pam_\w+\.so)", installed.read(STACKS[0]), re.M)
    assert stack.index("pam_systemd.so") < stack.index(MODULE)
    installed.run("su", "nobody", "-s", "/bin/true")


@pytest.mark.parametrize(
    ("profile", "expected", "refused"),
    [
        ("seshat-all", [[("optional", "fail=open service=!systemd-user")]] * 2, False),
        ("seshat-required", [[("required", "fail=closed")], []], True),
    ],
)
def test_the_other_choices(installed, profile, expected, refused):
    """No agent runs here: whether a session is refused shows that PAM has understood the line."""
    installed.run("pam-auth-update", "--disable", "seshat")
    installed.run("pam-auth-update", "--enable", profile)
    assert [lines(installed, path) for path in STACKS] == expected
    assert (installed.run("su", "nobody", "-s", "/bin/true", ok=False).returncode != 0) == refused
    installed.run("pam-auth-update", "--disable", profile)
    installed.run("pam-auth-update", "--enable", "seshat")


def test_removed_it_keeps_logs_and_configuration(installed, before):
    installed.run("sh", "-c", "echo {} >/var/log/seshat/audit.jsonl; echo '# mine' >>/etc/seshat/seshat.conf")
    installed.run("dpkg", "--remove", *PACKAGES)
    assert [installed.read(path) for path in STACKS] == before["stacks"]
    assert installed.read("/var/log/seshat/audit.jsonl") == "{}\n"
    assert installed.read("/etc/seshat/seshat.conf").endswith("# mine\n")


def test_purged_it_leaves_nothing(installed, before):
    installed.run("sh", "-c", "echo {} >/var/log/seshat/audit.jsonl; mkdir -p /run/seshat; : >/run/seshat/left")
    installed.run("dpkg", "--purge", *PACKAGES)
    assert [installed.read(path) for path in STACKS] == before["stacks"]
    assert installed.run(*OURS).stdout == before["ours"]
    assert installed.run("getent", "group", "seshat", ok=False).returncode == 2


def test_an_upgrade_restarts_and_does_not_stop(debs):
    """Sessions go on over a restart; a stop before the files are exchanged would leave none to take them over."""
    scripts = {
        name: subprocess.run(["dpkg-deb", "--info", str(debs["seshat"]), name],
                             capture_output=True, text=True, check=True).stdout
        for name in ("postinst", "prerm")
    }
    assert "_dh_action=restart" in scripts["postinst"]
    parts = re.findall(r"^# Automatically added by dh_installsystemd.*?^# End automatically", scripts["prerm"], re.M | re.S)
    (stop,) = [part for part in parts if "deb-systemd-invoke stop" in part]
    assert '[ "$1" = remove ]' in stop
    for line in scripts["prerm"].splitlines():
        if "stop" in line and not line.startswith("#"):
            assert line == "\tdeb-systemd-invoke stop 'seshatd.service' >/dev/null || true"
