# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the packages' tests. What is tested has been built before: `make check-packages` does that."""
import os
import pathlib

import pytest

TREE = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session", autouse=True)
def as_root():
    assert os.geteuid() == 0, "the tests install packages into a root of their own: run them as root"
    os.chdir(TREE)


@pytest.fixture(scope="session")
def debs():
    """Package -> its file."""
    found = {path.name.split("_")[0]: path for path in sorted(TREE.glob("build/deb/*.deb"))}
    assert {"seshat", "libpam-seshat", "seshat-doc"} <= found.keys()
    return found


@pytest.fixture(scope="session")
def rpms():
    """Package -> its file."""
    found = {path.name.rsplit("-", 2)[0]: path for path in sorted(TREE.glob("build/rpm/*.rpm"))}
    assert {"seshat", "pam_seshat", "seshat-doc"} <= found.keys()
    return found
