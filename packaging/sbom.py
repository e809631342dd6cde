#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Write the bill of materials of the programs as SPDX 2.3 JSON: what they are linked with, in which version, under which licence.

    sbom.py VERSION FILE PROGRAM...

The libraries are those that the dynamic linker finds on this machine; versions are those of their packages. The same machine
gives the same bytes: the time is SOURCE_DATE_EPOCH, or that of the newest entry of Debian's changelog.
"""

import datetime
import email.utils
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
HEADERS = {"uthash.h": "/usr/include/uthash.h", "bpf_helpers.h": "/usr/include/bpf/bpf_helpers.h"}
OWN_LICENCE = "Apache-2.0 AND GPL-2.0-only"
PUBLIC_DOMAIN = "LicenseRef-public-domain"


def known():
    """packaging/libraries: name -> (licence, home)."""
    table = {}
    for line in (HERE / "libraries").read_text(encoding="utf-8").splitlines():
        fields = re.split(r"\s{2,}", line.strip())
        if line and not line.startswith("#"):
            table[fields[0]] = (fields[1], fields[2])
    return table


def output(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    return done.stdout if done.returncode == 0 else ""


def linked(program):
    """Paths of the libraries that the program is loaded with."""
    return re.findall(r"(/\S+) \(0x", output("ldd", program))


def package_of(path):
    """(package, version) of the distribution that the file is of; both are unknown to a machine without packages."""
    real = os.path.realpath(path)
    for candidate in (real, path, real.removeprefix("/usr")):
        owner = output("dpkg-query", "-S", candidate).split(": ")[0]
        if owner:
            version = output("dpkg-query", "-W", "-f=${Version}", owner)
            return owner.split(":")[0], version, f"pkg:deb/debian/{owner.split(':')[0]}@{version}"
    found = output("rpm", "-qf", "--qf", "%{NAME} %{VERSION}-%{RELEASE}", real).split()
    if len(found) == 2:
        return found[0], found[1], f"pkg:rpm/{found[0]}@{found[1]}"
    return None, None, None


def created():
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        newest = re.search(r"^ -- .*>  (.*)$", (HERE / "debian/changelog").read_text(encoding="utf-8"), re.M)
        epoch = email.utils.parsedate_to_datetime(newest.group(1)).timestamp()
    return datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def component(name, version, licence, home, purl=None):
    entry = {
        "SPDXID": "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", name),
        "name": name,
        "versionInfo": version or "NOASSERTION",
        "downloadLocation": home or "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": licence or "NOASSERTION",
        "licenseDeclared": licence or "NOASSERTION",
        "copyrightText": "NOASSERTION",
    }
    if purl:
        entry["externalRefs"] = [
            {"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl}
        ]
    return entry


def materials(programs):
    """Every component with how it got in; in the order of their names."""
    table = known()
    found = {}
    for path in sorted({path for program in programs for path in linked(program)}):
        name = re.sub(r"(\.so|-linux).*", r"\1", os.path.basename(path))
        found[name] = (path, "DYNAMIC_LINK")
    for name, path in HEADERS.items():
        found[name] = (path, "CONTAINS")
    for name, (path, how) in sorted(found.items()):
        licence, home = table.get(name, (None, None))
        package, version, purl = package_of(path)
        entry = component(name, version, licence, home, purl)
        if package:
            entry["sourceInfo"] = f"package {package}"
        yield entry, how


def document(version, programs):
    entries = list(materials(programs))
    own = component("seshat", version, OWN_LICENCE, None)
    packages = [own] + [entry for entry, _ in entries]
    digest = hashlib.sha256(json.dumps(packages, sort_keys=True).encode()).hexdigest()
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": f"seshat-{version}",
        "documentNamespace": f"https://spdx.org/spdxdocs/seshat-{version}-{digest[:32]}",
        "creationInfo": {"created": created(), "creators": ["Tool: seshat-sbom"]},
        "packages": packages,
        "hasExtractedLicensingInfos": [
            {"licenseId": PUBLIC_DOMAIN, "extractedText": "This file has been put into the public domain."}
        ],
        "relationships": [
            {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": own["SPDXID"]}
        ]
        + [
            {"spdxElementId": own["SPDXID"], "relationshipType": how, "relatedSpdxElement": entry["SPDXID"]}
            for entry, how in entries
        ],
    }


def main(version, target, *programs):
    path = pathlib.Path(target)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document(version, programs), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
