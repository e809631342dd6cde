# SPDX-License-Identifier: Apache-2.0
"""The schemas as functions say the same of every record as jsonschema does."""
import copy
import pathlib
import sys

import pytest
from conftest import EVENTS, STORE, examples, validator

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "live"))
from compiled import Compiler  # noqa: E402

COMPILER = Compiler(STORE)
ODD = [None, True, False, 0, 1, -1, 2**32, 2**70, 1.5, "", "x", "/", "\n", "2026", "::1", [], ["x"], ["x", "x"], [1], {}, {"x": 1}]


def variations(record):
    """The record; without each member; with each member something else, and something added."""
    yield record
    for name in record:
        yield {key: value for key, value in record.items() if key != name}
        for value in ODD:
            yield record | {name: value}
        if isinstance(record[name], str):
            yield record | {name: record[name] + "x"}
        elif isinstance(record[name], list):
            yield from (record | {name: record[name] + [value]} for value in (*ODD, *record[name]))
        elif isinstance(record[name], dict):
            yield from (record | {name: inner} for inner in variations(record[name]))
    yield record | {"none": 1}


def mixtures(event):
    """Each example with each member of the others."""
    records = examples(event)
    for record in records:
        for other in records:
            yield from (record | {name: copy.deepcopy(value)} for name, value in other.items())


def test_they_agree(event):
    valid = COMPILER.compile(EVENTS[event]["$id"])
    judge = validator(event)
    counts = {True: 0, False: 0}
    for records in (*map(variations, examples(event)), mixtures(event)):
        for record in records:
            wanted = judge.is_valid(record)
            assert valid(record) == wanted, record
            counts[wanted] += 1
    assert counts[True] and counts[False]


def test_an_unknown_keyword_is_refused():
    with pytest.raises(AssertionError):
        Compiler({"x": {"multipleOf": 2}}).compile("x")
