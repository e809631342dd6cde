# SPDX-License-Identifier: Apache-2.0
"""What pytest says of a suite in its JUnit file."""
import dataclasses
import xml.etree.ElementTree as ElementTree


@dataclasses.dataclass
class Failure:
    name: str
    function: str  # chooses it: pytest -k
    text: str


class Report:
    def __init__(self, data):
        self.passed = self.skipped = 0
        self.seconds = 0.0
        self.failures = []
        root = ElementTree.fromstring(data)
        for suite in root.iter("testsuite"):
            self.seconds += float(suite.get("time", "0"))
        for case in root.iter("testcase"):
            self.add(case)

    def add(self, case):
        bad = [node for node in case if node.tag in ("failure", "error")]
        if bad:
            name = case.get("name", "")
            text = "\n".join(node.text or node.get("message", "") for node in bad)
            self.failures.append(Failure(f"{case.get('classname')}::{name}", name.split("[")[0], text))
        elif case.find("skipped") is not None:
            self.skipped += 1
        else:
            self.passed += 1

    def sentence(self):
        text = f"{self.passed} passed, {len(self.failures)} failed"
        if self.skipped:
            text += f", {self.skipped} skipped"
        return f"{text} in {self.seconds:.0f} s"
