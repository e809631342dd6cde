# SPDX-License-Identifier: Apache-2.0
"""The bill of materials: SPDX 2.3 as far as it is used, complete, and every licence known."""
import json
import pathlib
import re
import subprocess

import jsonschema
import pytest

ID = {"type": "string", "pattern": r"^SPDXRef-[A-Za-z0-9.-]+$"}
TEXT = {"type": "string", "minLength": 1}
PACKAGE = {
    "type": "object",
    "required": ["SPDXID", "name", "versionInfo", "downloadLocation", "filesAnalyzed", "licenseConcluded",
                 "licenseDeclared", "copyrightText"],
    "additionalProperties": False,
    "properties": {
        "SPDXID": ID,
        "filesAnalyzed": {"const": False},
        "downloadLocation": {"type": "string", "pattern": "^(NOASSERTION|https://.*)$"},
        "externalRefs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["referenceCategory", "referenceType", "referenceLocator"],
                "properties": {
                    "referenceCategory": {"const": "PACKAGE-MANAGER"},
                    "referenceType": {"const": "purl"},
                    "referenceLocator": {"type": "string", "pattern": "^pkg:(deb/debian|rpm)/[a-z0-9.+-]+@."},
                },
            },
        },
        **{name: TEXT for name in ("name", "versionInfo", "licenseConcluded", "licenseDeclared", "copyrightText",
                                   "sourceInfo")},
    },
}
SCHEMA = {
    "type": "object",
    "required": ["spdxVersion", "dataLicense", "SPDXID", "name", "documentNamespace", "creationInfo", "packages",
                 "relationships"],
    "properties": {
        "spdxVersion": {"const": "SPDX-2.3"},
        "dataLicense": {"const": "CC0-1.0"},
        "SPDXID": {"const": "SPDXRef-DOCUMENT"},
        "documentNamespace": {"type": "string", "pattern": "^https://[^#]+$"},
        "creationInfo": {
            "type": "object",
            "required": ["created", "creators"],
            "properties": {
                "created": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"},
                "creators": {"type": "array", "minItems": 1, "items": {"pattern": "^(Tool|Organization|Person): "}},
            },
        },
        "packages": {"type": "array", "minItems": 2, "items": PACKAGE},
        "relationships": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["spdxElementId", "relationshipType", "relatedSpdxElement"],
                "properties": {"relationshipType": {"enum": ["DESCRIBES", "DYNAMIC_LINK", "CONTAINS"]}},
            },
        },
    },
}


@pytest.fixture(scope="module")
def bill():
    return json.loads(pathlib.Path("build/sbom/seshat.spdx.json").read_text(encoding="utf-8"))


def test_it_is_spdx(bill):
    jsonschema.Draft202012Validator(SCHEMA).validate(bill)
    names = [package["SPDXID"] for package in bill["packages"]]
    assert len(names) == len(set(names))
    related = [(relation["spdxElementId"], relation["relatedSpdxElement"]) for relation in bill["relationships"]]
    assert sorted(to for _, to in related) == sorted(names)
    assert {by for by, _ in related} == {"SPDXRef-DOCUMENT", "SPDXRef-seshat"}


def test_it_names_everything_that_is_loaded(bill):
    wanted = {"bpf_helpers.h", "uthash.h", "seshat"}
    for program in ("build/seshat", "build/seshatd", "build/pam_seshat.so"):
        said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        wanted |= {re.sub(r"(\.so|-linux).*", r"\1", path.rsplit("/", 1)[1]) for path in re.findall(r"(/\S+) \(0x", said)}
    assert {package["name"] for package in bill["packages"]} == wanted


def test_every_version_and_licence_is_known(bill):
    for package in bill["packages"]:
        assert package["versionInfo"] != "NOASSERTION", package["name"]
        assert package["licenseDeclared"] != "NOASSERTION", package["name"]


@pytest.mark.parametrize("goal", ["sbom", "install"])
def test_for_a_static_program_it_is_refused(bill, tmp_path, goal):
    done = subprocess.run(["make", "STATIC=1", f"DESTDIR={tmp_path}", goal], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "for the plain programs" in done.stderr
    assert json.loads(pathlib.Path("build/sbom/seshat.spdx.json").read_text(encoding="utf-8")) == bill
    assert not list(tmp_path.iterdir())


def test_made_again_it_is_the_same(bill, tmp_path):
    again = tmp_path / "again.json"
    programs = ("build/seshat", "build/seshatd", "build/pam_seshat.so")
    version = bill["packages"][0]["versionInfo"]
    subprocess.run(["packaging/sbom.py", version, again, *programs], check=True)
    assert json.loads(again.read_text(encoding="utf-8")) == bill
