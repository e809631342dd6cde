# SPDX-License-Identifier: Apache-2.0
"""
How deep the probes' stacks are. A chain of BPF functions has 512 bytes, each rounded up to 32 (check_max_stack_depth() of
kernel/bpf/verifier.c before 6.8; later to 16, and from 6.13 on some programs have a stack of their own for each function):
what loads on a new kernel may not on an older one.
"""
import collections
import re

LIMIT = 512
ROUND = 32

SYMBOL = re.compile(r"([0-9a-f]+) (.{7}) (\S+)\s+[0-9a-f]+ (?:\.hidden )?(\S+)$")
FRAME = re.compile(r"r10 (?:- |\+ -)(0x[0-9a-f]+|\d+)")
COPY = re.compile(r"(r\d) = r10$")
MOVED = re.compile(r"(r\d) \+= -(0x[0-9a-f]+|\d+)$")
CALL = re.compile(r"call (-?0x[0-9a-f]+|-?\d+)$")
ADDRESS = re.compile(r"= (0x[0-9a-f]+|\d+) ll$")


class Object:
    """What each function of a BPF object takes of the stack, and whom it calls; from what llvm-objdump says of it."""

    def __init__(self, symbols, code):
        self.at, self.depth, self.calls = {}, collections.Counter(), collections.defaultdict(set)
        for match in filter(None, map(SYMBOL.match, symbols.splitlines())):
            if "F" in match[2]:
                self.at[match[3], int(match[1], 16)] = match[4]
        self.programs = [name for (section, _), name in self.at.items() if section != ".text"]
        self.read(code)

    def read(self, code):
        section, name, before, copies = None, None, "", set()
        for line in map(str.strip, code.splitlines()):
            if line.startswith("Disassembly of section"):
                section = line.split()[-1].rstrip(":")
            elif match := re.match(r"([0-9a-f]+) <.+>:$", line):
                name = self.at.get((section, int(match[1], 16)), name)
            elif "R_BPF_64" in line:
                self.relocation(name, line.split()[-1], before)
            else:
                self.instruction(name, line, copies)
                before = line

    def instruction(self, name, line, copies):
        sizes = [int(text, 0) for text in FRAME.findall(line)]
        if match := COPY.search(line):
            copies.add((name, match[1]))
        if (match := MOVED.search(line)) and (name, match[1]) in copies:
            sizes.append(int(match[2], 0))
        self.depth[name] = max([self.depth[name], *sizes])

    def relocation(self, name, target, before):
        """A call of a function by its name or place, or the address of one that a helper calls."""
        if match := CALL.search(before):
            if target == ".text":
                target = self.at.get((".text", (int(match[1], 0) + 1) * 8), target)
        elif match := ADDRESS.search(before):
            target = self.at.get((".text", int(match[1], 0))) if target == ".text" else None
        if target in self.at.values():
            self.calls[name].add(target)

    def deepest(self, name):
        """(bytes, the chain of functions) of the deepest chain that begins with it."""
        own = max(self.depth[name], 1) + ROUND - 1
        total, chain = max(map(self.deepest, sorted(self.calls[name])), default=(0, []))
        return own // ROUND * ROUND + total, [f"{name} {self.depth[name]}", *chain]


def check(symbols, code):
    """Errors, one for each program that needs too much."""
    found = Object(symbols, code)
    chains = map(found.deepest, found.programs)
    return [
        f"bpf: {total} bytes of stack, the limit is {LIMIT}: {' > '.join(chain)}" for total, chain in chains if total > LIMIT
    ]
