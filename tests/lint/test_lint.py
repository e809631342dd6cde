# SPDX-License-Identifier: Apache-2.0
"""The lint's own rules catch what they are there for."""

import layers
import pytest
import sizes
import stack


@pytest.mark.parametrize(
    "path, include",
    [
        ("agent/record/record.c", '"base/buffer.h"'),
        ("agent/record/record.c", '"record/record.h"'),
        ("agent/record/record.c", '"bpf/wire.h"'),
        ("agent/probes/open.c", '"encode/json.h"'),
        ("agent/sinks/stream.c", '"base/fd.h"'),
        ("agent/kernel/loader.c", '"seshat.skel.h"'),
        ("agent/kernel/loader.c", "<bpf/libbpf.h>"),
        ("agent/cli/run.c", '"pipeline/pipeline.h"'),
        ("agent/cli/run.c", '"kernel/loader.h"'),
        ("agent/cli/pretty.c", "<json-c/json.h>"),
        ("agent/pipeline.c", '"sinks/sink.h"'),
        ("agent/pipeline.c", '"pipeline/pipeline.h"'),
        ("agent/seshat.c", '"cli/run.h"'),
        ("agent/base/host.c", "<systemd/sd-id128.h>"),
        ("agent/session/table.c", "<uthash.h>"),
        ("bpf/exec.bpf.c", '"scope.bpf.h"'),
        ("bpf/exec.bpf.c", "<bpf/bpf_helpers.h>"),
        ("tests/unit/test_json.c", "<json-c/json.h>"),
    ],
)
def test_allowed(path, include):
    assert layers.check(path, f"#include {include}\n") == []


@pytest.mark.parametrize(
    "path, include",
    [
        ("agent/base/buffer.c", '"record/record.h"'),
        ("agent/base/buffer.c", '"bpf/wire.h"'),
        ("agent/record/record.c", '"session/session.h"'),
        ("agent/encode/json.c", '"probes/probe.h"'),
        ("agent/sinks/stream.c", '"record/record.h"'),
        ("agent/sinks/stream.c", '"bpf/wire.h"'),
        ("agent/pipeline.c", '"kernel/ring.h"'),
        ("agent/pipeline.c", '"cli/run.h"'),
        ("agent/kernel/ring.c", '"record/record.h"'),
        ("agent/cli/run.c", '"seshat.skel.h"'),
        ("agent/cli/run.c", "<bpf/libbpf.h>"),
        ("agent/encode/json.c", "<json-c/json.h>"),
        ("agent/sinks/stream.c", "<systemd/sd-journal.h>"),
        ("agent/cli/run.c", "<sys/capability.h>"),
        ("agent/newcomer/x.c", '"base/fd.h"'),
        ("agent/base/fd.c", "<cmocka.h>"),
        ("bpf/exec.bpf.c", '"base/buffer.h"'),
    ],
)
def test_refused(path, include):
    errors = layers.check(path, f"/* first line */\n#include {include}\n")
    assert len(errors) == 1
    assert errors[0].startswith(f"{path}:2: ")


def function(lines):
    return "int f(void)\n{\n" + "\treturn 0;\n" * (lines - 2) + "}\n"


def test_function_sizes():
    assert list(sizes.functions(function(5) + "\n" + function(7))) == [(1, 5), (8, 7)]
    assert sizes.check("agent/x.c", function(60)) == ([], [])
    assert sizes.check("agent/x.c", function(61)) == ([], ["agent/x.c:1: a function of 61 lines"])
    errors, warnings = sizes.check("agent/x.c", function(101))
    assert errors == ["agent/x.c:1: a function of 101 lines; the limit is 100"]
    assert warnings == []
    assert sizes.check("bpf/x.bpf.c", function(101))[0] == []


def test_initialisers_are_no_functions():
    assert not list(sizes.functions("static const int x[] = {\n\t1,\n};\n"))


SYMBOLS = """
0000000000000000 g     F tp_btf/x\t0000000000000100 probe
0000000000000000 g     F .text\t0000000000000080 shared
0000000000000080 l     F .text\t0000000000000040 step
"""


def code(frame):
    return f"""
Disassembly of section .text:
0000000000000000 <shared>:
       0:\tr2 = r10
       1:\tr2 += -{frame}
       2:\tr1 = 128 ll
\t\t0000000000000010:  R_BPF_64_64\t.text
       4:\tcall 181
0000000000000080 <step>:
      16:\t*(u64 *)(r10 - 8) = r1
Disassembly of section tp_btf/x:
0000000000000000 <probe>:
       0:\tcall -1
\t\t0000000000000000:  R_BPF_64_32\tshared
"""


@pytest.mark.parametrize("frame,wrong", [(448, 0), (449, 1)])
def test_stacks_are_added_up_along_the_calls(frame, wrong):
    """A called function, and one that a helper calls, each rounded up to 32 bytes."""
    found = stack.check(SYMBOLS, code(frame))
    assert len(found) == wrong
    if wrong:
        assert found[0].startswith("bpf: 544 bytes") and found[0].endswith("probe 0 > shared 449 > step 8")
