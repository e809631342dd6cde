# SPDX-License-Identifier: Apache-2.0
"""lines.py FILE: are all the audit records of a file as the schemas have them? Says which are not, and exits with 1."""
import json
import pathlib
import sys

from conftest import EVENTS, validator

VALIDATORS = {event: validator(event) for event in EVENTS}


def main(path):
    wrong = count = 0
    for line in pathlib.Path(path).read_bytes().splitlines():
        count += 1
        record = json.loads(line)
        problems = [error.message[:200] for error in VALIDATORS[record["event"]].iter_errors(record)]
        if problems:
            wrong += 1
            print(problems, line[:1000].decode(errors="replace"))
    print(f"{count} records, {wrong} of them wrong")
    return 0 if count and not wrong else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
