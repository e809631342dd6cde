# SPDX-License-Identifier: Apache-2.0
"""The golden records of tests/replay are as the schemas have them."""
import json
import pathlib

import pytest
from conftest import validator

GOLDEN = sorted((pathlib.Path(__file__).resolve().parents[1] / "replay").glob("*.jsonl"))


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_records_are_valid(path):
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        problems = [error.message for error in validator(record["event"]).iter_errors(record)]
        assert not problems, line


def test_there_are_golden_records():
    assert GOLDEN
