# SPDX-License-Identifier: Apache-2.0
"""
JSON Schemas as functions: whether a value is valid, many times faster than jsonschema tells what is wrong with it.

Only the keywords that the schemas use; any other one is refused. A test holds it against jsonschema.
"""
import json
import re
from urllib.parse import urljoin

NOTES = {"$schema", "$id", "$comment", "$defs", "title", "description", "examples"}
TYPES = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "null": lambda value: value is None,
}


def text_of(value):
    """Equal for equal JSON values only: true is not 1."""
    return json.dumps(value, sort_keys=True)


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


class Compiler:
    """Makes functions of schemas that may refer to each other. STORE has the whole schemas, by their ids."""

    def __init__(self, store):
        self.store = store
        self.known = {}

    def compile(self, uri):
        """The function for what a reference names: the schema's id, and a pointer into it."""
        if uri not in self.known:
            self.known[uri] = lambda value: self.known[uri](value)  # while it is made: it may be its own part
            base, _, pointer = uri.partition("#")
            schema = self.store[base]
            for step in pointer.split("/")[1:]:
                schema = schema[step]
            self.known[uri] = self.function(schema, base)
        return self.known[uri]

    def function(self, schema, base):
        if isinstance(schema, bool):
            return lambda value: schema
        checks = []
        for keyword in schema:
            if keyword not in NOTES and keyword not in ("then", "else"):
                make = getattr(self, "make_" + keyword.removeprefix("$"), None)
                assert make, f"{keyword} is not known here"
                checks.append(make(schema, base))
        if len(checks) == 1:
            return checks[0]
        return lambda value: all(check(value) for check in checks)

    def make_ref(self, schema, base):
        uri = urljoin(base, schema["$ref"])
        self.compile(uri)
        return lambda value: self.known[uri](value)

    def make_type(self, schema, base):
        names = schema["type"]
        tests = [TYPES[name] for name in ([names] if isinstance(names, str) else names)]
        return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)

    def make_const(self, schema, base):
        wanted = text_of(schema["const"])
        return lambda value: text_of(value) == wanted

    def make_enum(self, schema, base):
        wanted = {text_of(value) for value in schema["enum"]}
        return lambda value: text_of(value) in wanted

    def make_minimum(self, schema, base):
        return lambda value: not is_number(value) or value >= schema["minimum"]

    def make_maximum(self, schema, base):
        return lambda value: not is_number(value) or value <= schema["maximum"]

    def make_pattern(self, schema, base):
        search = re.compile(schema["pattern"]).search
        return lambda value: not isinstance(value, str) or bool(search(value))

    def make_minLength(self, schema, base):
        return lambda value: not isinstance(value, str) or len(value) >= schema["minLength"]

    def make_maxLength(self, schema, base):
        return lambda value: not isinstance(value, str) or len(value) <= schema["maxLength"]

    def make_minItems(self, schema, base):
        return lambda value: not isinstance(value, list) or len(value) >= schema["minItems"]

    def make_maxItems(self, schema, base):
        return lambda value: not isinstance(value, list) or len(value) <= schema["maxItems"]

    def make_uniqueItems(self, schema, base):
        assert schema["uniqueItems"] is True
        return lambda value: not isinstance(value, list) or len(set(map(text_of, value))) == len(value)

    def make_items(self, schema, base):
        check = self.function(schema["items"], base)
        return lambda value: not isinstance(value, list) or all(map(check, value))

    def make_contains(self, schema, base):
        check = self.function(schema["contains"], base)
        return lambda value: not isinstance(value, list) or any(map(check, value))

    def make_required(self, schema, base):
        names = set(schema["required"])
        return lambda value: not isinstance(value, dict) or names <= value.keys()

    def make_minProperties(self, schema, base):
        return lambda value: not isinstance(value, dict) or len(value) >= schema["minProperties"]

    def make_properties(self, schema, base):
        checks = {name: self.function(inner, base) for name, inner in schema["properties"].items()}

        def check(value):
            if not isinstance(value, dict):
                return True
            return all(checks[name](inner) for name, inner in value.items() if name in checks)

        return check

    def make_additionalProperties(self, schema, base):
        named = schema.get("properties", {}).keys()
        check = self.function(schema["additionalProperties"], base)

        def check_others(value):
            if not isinstance(value, dict):
                return True
            return all(check(inner) for name, inner in value.items() if name not in named)

        return check_others

    def make_propertyNames(self, schema, base):
        check = self.function(schema["propertyNames"], base)
        return lambda value: not isinstance(value, dict) or all(map(check, value))

    def make_dependentRequired(self, schema, base):
        needs = [(name, set(others)) for name, others in schema["dependentRequired"].items()]
        return lambda value: not isinstance(value, dict) or all(
            name not in value or others <= value.keys() for name, others in needs
        )

    def make_dependentSchemas(self, schema, base):
        checks = [(name, self.function(inner, base)) for name, inner in schema["dependentSchemas"].items()]
        return lambda value: not isinstance(value, dict) or all(
            name not in value or check(value) for name, check in checks
        )

    def make_not(self, schema, base):
        check = self.function(schema["not"], base)
        return lambda value: not check(value)

    def make_allOf(self, schema, base):
        checks = [self.function(inner, base) for inner in schema["allOf"]]
        return lambda value: all(check(value) for check in checks)

    def make_anyOf(self, schema, base):
        checks = [self.function(inner, base) for inner in schema["anyOf"]]
        return lambda value: any(check(value) for check in checks)

    def make_oneOf(self, schema, base):
        checks = [self.function(inner, base) for inner in schema["oneOf"]]
        return lambda value: sum(check(value) for check in checks) == 1

    def make_if(self, schema, base):
        check, *both = (self.function(schema.get(name, True), base) for name in ("if", "then", "else"))
        return lambda value: (both[0] if check(value) else both[1])(value)
