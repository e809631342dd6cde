# SPDX-License-Identifier: Apache-2.0
"""How long functions and files are. In kernel style a function's braces stand alone in column 1."""

FUNCTION_ERROR = 100  # lines; bpf/ is free of it, where the verifier decides what can be split
FUNCTION_WARNING = 60
FILE_WARNING = 400


def functions(text):
    """Yields (name's line, lines) for every function of a C source."""
    start = None
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            yield start - 1, number - start + 1
            start = None


def check(path, text):
    """Returns (errors, warnings) of one C source."""
    errors, warnings = [], []
    for line, length in functions(text):
        message = f"{path}:{line}: a function of {length} lines"
        if length > FUNCTION_ERROR and not path.startswith("bpf/"):
            errors.append(f"{message}; the limit is {FUNCTION_ERROR}")
        elif length > FUNCTION_WARNING:
            warnings.append(message)
    length = text.count("\n")
    if length > FILE_WARNING:
        warnings.append(f"{path}: {length} lines")
    return errors, warnings
