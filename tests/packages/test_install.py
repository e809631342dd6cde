# SPDX-License-Identifier: Apache-2.0
"""make install and make uninstall: every file, its mode, and nothing else."""
import pathlib
import re
import stat
import subprocess

import pytest

DOC = "usr/share/doc/seshat"
# Path (with "local/" for the default PREFIX) -> mode; documentation apart.
EXPECTED = {
    "etc/logrotate.d/seshat": 0o644,
    "etc/seshat/seshat.conf": 0o644,
    "SECURITY/pam_seshat.so": 0o644,
    "lib/systemd/system/seshatd.service": 0o644,
    "usr/lib/systemd/catalog/seshat.catalog": 0o644,
    "usr/lib/systemd/journald@seshat.conf.d/10-seshat.conf": 0o644,
    "usr/lib/sysusers.d/seshat.conf": 0o644,
    "usr/lib/tmpfiles.d/seshat.conf": 0o644,
    "PREFIX/bin/seshat": 0o755,
    "PREFIX/sbin/seshatd": 0o755,
    "PREFIX/share/bash-completion/completions/seshat": 0o644,
    "PREFIX/share/zsh/site-functions/_seshat": 0o644,
    "PREFIX/share/man/man1/seshat.1": 0o644,
    "PREFIX/share/man/man5/seshat.conf.5": 0o644,
    "PREFIX/share/man/man7/seshat.7": 0o644,
    "PREFIX/share/man/man8/pam_seshat.8": 0o644,
    "PREFIX/share/man/man8/seshatd.8": 0o644,
    "PREFIX/share/doc/seshat/README.md": 0o644,
    "PREFIX/share/doc/seshat/CHANGELOG.md": 0o644,
    "PREFIX/share/doc/seshat/seshat.spdx.json": 0o644,
}


def sources():
    """The documentation that comes in folders: place below the documentation's -> source."""
    found = {f"schemas/{path.relative_to('schemas')}": path for path in pathlib.Path("schemas").rglob("*")}
    for path in pathlib.Path("contrib").rglob("*"):
        if path.suffix not in (".c", ".h", ".map") and path.name != "HACKING.md":
            found[f"examples/{path.relative_to('contrib')}"] = path
    return {place: path for place, path in found.items() if path.is_file()}


def expected(prefix):
    security = f"lib/{next(iter(pathlib.Path('/lib').glob('*-linux-gnu/security')), pathlib.Path('/lib/security')).parent.name}"
    wanted = {
        name.replace("PREFIX", prefix.strip("/")).replace("SECURITY", f"{security}/security"): mode
        for name, mode in EXPECTED.items()
    }
    return wanted | {f"{prefix.strip('/')}/share/doc/seshat/{place}": 0o644 for place in sources()}


def make(*words):
    subprocess.run(["make", "-s", *words], check=True, capture_output=True, umask=0o077)


def tree(folder):
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.lstat().st_mode)
        for path in folder.rglob("*")
        if not path.is_dir()
    }


@pytest.mark.parametrize("prefix", ["/usr", "/usr/local"])
def test_every_file_and_its_mode(tmp_path, prefix):
    make("install", f"DESTDIR={tmp_path}", f"PREFIX={prefix}")
    assert tree(tmp_path) == expected(prefix)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_dir()} == {0o755}
    for path in ("lib/systemd/system/seshatd.service", "etc/logrotate.d/seshat"):
        for program in re.findall(r"/\S*/seshatd?\b(?= )", (tmp_path / path).read_text()):
            assert (tmp_path / program.lstrip("/")).exists() or "/" not in program.removeprefix(prefix + "/")[5:], program
    make("uninstall", f"DESTDIR={tmp_path}", f"PREFIX={prefix}")
    assert tree(tmp_path) == {}
    assert not list(tmp_path.rglob("*seshat*"))
    for folder in ("etc", "usr/lib/systemd", f"{prefix.strip('/')}/share/doc"):  # others' files go there, too
        assert (tmp_path / folder).is_dir()


def test_a_configuration_that_was_changed_stays(tmp_path):
    make("install", f"DESTDIR={tmp_path}")
    path = tmp_path / "etc/seshat/seshat.conf"
    path.write_text("[agent]\n")
    make("install", f"DESTDIR={tmp_path}")
    assert path.read_text() == "[agent]\n"
    make("uninstall", f"DESTDIR={tmp_path}")
    assert tree(tmp_path).keys() == {"etc/seshat/seshat.conf"}


def test_all_say_the_same_version():
    version = subprocess.run(["build/seshat", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    read = {name: pathlib.Path(f"packaging/{name}").read_text() for name in ("debian/changelog", "rpm/seshat.spec")}
    assert re.match(r"seshat \((.*)-\d+\)", read["debian/changelog"]).group(1) == version
    assert re.search(r"^Version: +(.*)$", read["rpm/seshat.spec"], re.M).group(1) == version
    assert re.search(r"^%changelog\n.* - (.*)-1$", read["rpm/seshat.spec"], re.M).group(1) == version


def test_the_unit_gives_up_what_it_can():
    """`systemd-analyze security` counts from 0, shut, to 10, open; the unit says what is left and why."""
    subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=40", "packaging/systemd/seshatd.service"],
        check=True,
        capture_output=True,
    )
