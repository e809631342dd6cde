# SPDX-License-Identifier: Apache-2.0
"""The schemas, as every test of this folder takes them."""
import json
import pathlib

import pytest
from jsonschema import Draft202012Validator, RefResolver

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "schemas"
STORE = {
    schema["$id"]: schema
    for schema in (json.loads(file.read_text()) for file in sorted(SCHEMAS.glob("*.json")))
}
EVENTS = {
    schema["title"]: schema for schema in STORE.values() if schema["title"].startswith(("session.", "agent."))
}


def validator(event):
    """A validator that finds every reference in STORE, and nothing anywhere else."""
    schema = EVENTS[event]
    resolver = RefResolver(schema["$id"], schema, store=STORE, handlers={"https": no_network})
    return Draft202012Validator(schema, resolver=resolver)


def no_network(uri):
    raise AssertionError(f"{uri} is in no file of {SCHEMAS}")


def examples(event):
    """One or more, each in a form of its own."""
    return [json.loads(line) for line in (SCHEMAS / "examples" / f"{event}.jsonl").read_text().splitlines()]


def example(event):
    """The first of them."""
    return examples(event)[0]


@pytest.fixture(params=sorted(EVENTS))
def event(request):
    return request.param
