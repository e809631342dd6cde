# SPDX-License-Identifier: Apache-2.0
"""session.file through io_uring: the same words as for the system calls."""
import os
from errno import EFAULT, ENOENT

import pytest
from test_names import AT_REMOVEDIR, ON, named
from rings import ASYNC, HOW, LINK, NO_RESULT, SKIP, check, uring  # noqa: F401 (a fixture)

CWD = -100


def through(*arguments, **more):
    return named(*arguments, via="io_uring", **more)


@pytest.mark.parametrize("options", HOW.values(), ids=HOW)
@pytest.mark.parametrize("sqe", [0, ASYNC])
def test_names(uring, place, options, sqe):  # noqa: F811
    """Renamed, linked and removed, by names that are short and long."""
    long = place + b"/." * 500
    a, b, c, link, folder = (place + name for name in (b"/a", b"/b", b"/c", b"/link", b"/folder"))
    with open(a, "wb"):
        os.mkdir(folder)
    chain = sqe | LINK
    log = uring(
        *options,
        b"rename=%d,%d,a,%d,%b,0" % (chain, CWD, CWD, b),
        b"link=%d,%d,%b/b,%d,%b/c,0" % (chain, CWD, long, CWD, long),
        b"symlink=%d,%d,../x,%d,link" % (chain, CWD, CWD),
        b"unlink=%d,%d,%b,0" % (chain, CWD, c),
        b"unlink=%d,%d,folder,%d" % (chain, CWD, AT_REMOVEDIR),
        b"unlink=%d,%d,gone,0" % (sqe, CWD),
        cwd=place,
        **ON,
    )
    assert log.results == [0, 0, 0, 0, 0, -ENOENT]
    check(
        log,
        through("rename", a, b"a", new=b),
        through("link", long + b"/b", new=long + b"/c"),
        through("symlink", link, b"link", target="../x"),
        through("unlink", c),
        through("rmdir", folder, b"folder", flags=(AT_REMOVEDIR, ["AT_REMOVEDIR"])),
        through("unlink", place + b"/gone", b"gone", result=-ENOENT),
    )


def test_names_that_nobody_hears_of(uring, place):  # noqa: F811
    """One whose success is skipped has no result; one that cannot be read has no path."""
    a = place + b"/a"
    with open(a, "wb"):
        pass
    log = uring(
        "wait=1",
        b"unlink=%d,%d,%b,0" % (SKIP, CWD, a),
        b"unlink=0,%d,0,0" % CWD,
        **ON,
    )
    assert log.results == [NO_RESULT, -EFAULT]
    check(log, through("unlink", a, result=None), through("unlink", None, result=-EFAULT))


def test_kinds_that_are_off(uring, place):  # noqa: F811
    log = uring(b"unlink=0,%d,%b,0" % (CWD, place + b"/gone"))
    assert log.results == [-ENOENT]
    check(log)
