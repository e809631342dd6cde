#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""Did every test record the same by each strategy?

    compare_strategies.py FOLDER

FOLDER is what SESHAT_RECORDS named when the live tests ran; it has a folder of each strategy. What differs is shown, the first
line of each test; 0 is the exit status when nothing does, 1 when something does, 2 when there is nothing to compare.
"""
import json
import pathlib
import sys


def read(path):
    """(head, lines) of a test."""
    if not path.exists():
        return None, []
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    return json.loads(head), lines


def first_difference(a, b):
    """(line number, the one, the other), or None."""
    for number in range(max(len(a), len(b))):
        pair = tuple(lines[number] if number < len(lines) else "(nothing)" for lines in (a, b))
        if pair[0] != pair[1]:
            return number, *pair
    return None


def shorten(one, other):
    """Two records, with only what differs of them where they have the same fields."""
    if not (one.startswith("{") and other.startswith("{")):
        return one, other
    a, b = json.loads(one), json.loads(other)
    if a.get("event") != b.get("event"):
        return one, other
    names = [name for name in {**a, **b} if a.get(name) != b.get(name)]
    return tuple(f"{a['event']}: " + json.dumps({name: x.get(name) for name in names}) for x in (a, b))


def compare(name, folders):
    """Returns the lines that say how this test differs."""
    read_all = [read(folder / name) for folder in folders]
    heads = [head for head, _ in read_all]
    node = next(head["test"] for head in heads if head)
    for head, folder in zip(heads, folders):
        if not head:
            return [f"{node}: not run by {folder.name}"]
    if heads[0]["incomparable"]:
        return []
    told = []
    for (_, lines), folder in zip(read_all[1:], folders[1:]):
        found = first_difference(read_all[0][1], lines)
        if found:
            number, *pair = found
            one, other = shorten(*pair)
            told += [f"{node}: record {number}", f"  {folders[0].name}: {one}", f"  {folder.name}: {other}"]
    return told


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    folders = sorted(path for path in pathlib.Path(arguments[0]).iterdir() if path.is_dir())
    if len(folders) < 2:
        print(f"compare_strategies: {len(folders)} strategies in {arguments[0]}", file=sys.stderr)
        return 2
    names = sorted({path.name for folder in folders for path in folder.iterdir()})
    heads = [read(next(folder / name for folder in folders if (folder / name).exists()))[0] for name in names]
    left_out = [head for head in heads if head["incomparable"]]
    different = [told for name in names if (told := compare(name, folders))]
    for head in left_out:
        print(f"not compared: {head['test']}: {head['incomparable']}")
    for told in different:
        print("\n".join(told))
    strategies = " and ".join(folder.name for folder in folders)
    print(f"{strategies}: {len(names)} tests, {len(left_out)} not compared, {len(different)} different")
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
