# SPDX-License-Identifier: Apache-2.0
"""Debian's archive, with an apt of its own: lists and configuration are below build/vm, the machine's are untouched."""
import pathlib
import re
import subprocess
import time

import cache

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
MIRRORS = {"debian": "http://deb.debian.org/debian", "debian-security": "http://deb.debian.org/debian-security"}
# Where the suites of a release are, and what it is called there.
STABLE = [("debian", "bookworm"), ("debian", "bookworm-updates"), ("debian-security", "bookworm-security")]
BACKPORTS = [("debian", "stable-backports")]
DAY = 24 * 3600
UPDATE_LIMIT, DOWNLOAD_LIMIT = 240, 600  # seconds

CONFIG = """\
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Etc::SourceList "{folder}/sources.list";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
APT::Sandbox::User "root";
APT::Architecture "amd64";
#clear APT::Architectures;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""


def mirrors():
    """Those that the machine's apt uses, where it says so; Debian's own otherwise."""
    done = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(ORIGIN) $(REPO_URI)", "Created-By: Packages"],
        capture_output=True, text=True, timeout=60, check=False,
    )
    found = dict(MIRRORS)
    for line in done.stdout.splitlines():
        origin, _, uri = line.partition(" ")
        uri = uri.rstrip("/")
        name = uri.rsplit("/", 1)[-1]
        if origin == "Debian" and name in found:
            found[name] = uri
    return found


def source_lines(suites):
    """sources.list(5)."""
    uris = mirrors()
    return [f"deb [signed-by={KEYRING}] {uris[place]} {suite} main" for place, suite in suites]


class Archive:
    """Some suites of the archive. Its lists are fetched once a day; without a network those of before do."""

    def __init__(self, name, suites):
        self.folder = cache.FOLDER / f"apt-{name}"
        self.config = self.folder / "apt.conf"
        for path in ("state/lists/partial", "cache/archives/partial"):
            (self.folder / path).mkdir(parents=True, exist_ok=True)
        (self.folder / "status").touch()
        self.config.write_text(CONFIG.format(folder=self.folder))
        self.update("\n".join(source_lines(suites)) + "\n")

    def update(self, sources):
        file, fresh = self.folder / "sources.list", self.folder / "updated"
        if fresh.exists() and file.read_text() == sources and time.time() - fresh.stat().st_mtime < DAY:
            return
        same = fresh.exists() and file.read_text() == sources
        file.write_text(sources)
        try:
            self.run("apt-get", "-qq", "--error-on=any", "update", limit=UPDATE_LIMIT)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            if not same:
                raise
            print("check-vm: the archive's lists cannot be fetched, using those of before", flush=True)
        fresh.touch()

    def run(self, program, *arguments, limit=60, **more):
        command = [program, "-c", self.config, *arguments]
        return subprocess.run(command, check=True, text=True, timeout=limit, stdin=subprocess.DEVNULL, **more)

    def ask(self, *arguments):
        return self.run("apt-cache", *arguments, stdout=subprocess.PIPE).stdout

    def names(self, prefix):
        return self.ask("pkgnames", prefix).split()

    def fields(self, package):
        """What the archive says of the newest version of a package."""
        text = self.ask("show", "--no-all-versions", package)
        return dict(re.findall(r"^([\w-]+): (.*)$", text, re.M))

    def download(self, packages, folder):
        """NAME=VERSION each, into FOLDER, checked against the signed lists."""
        self.run("apt-get", "-qq", "download", *packages, limit=DOWNLOAD_LIMIT, cwd=folder)
        return sorted(pathlib.Path(folder).glob("*.deb"))
