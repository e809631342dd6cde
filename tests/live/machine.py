# SPDX-License-Identifier: Apache-2.0
"""Where things are on this machine, and what the tests run."""
import os
import pathlib
import pwd
import shutil
import socket

ROOT = pathlib.Path(__file__).resolve().parents[2]
SESHAT = str((ROOT / os.environ.get("SESHAT", "build/seshat")).resolve())
SESHATD = str((ROOT / os.environ.get("SESHATD", pathlib.Path(SESHAT).parent / "seshatd")).resolve())
WORKLOADS = (ROOT / os.environ.get("WORKLOADS", "build/tests/live")).resolve()
SCHEMAS = ROOT / "schemas"
NOBODY = pwd.getpwnam("nobody").pw_uid
UNSET = 4294967295


def workload(name):
    return str(WORKLOADS / name)


def tool(name):
    """A program of the system, by the path that the kernel will call it."""
    path = shutil.which(name)
    assert path, f"{name} is not installed"
    return os.path.realpath(path)


def login_uid():
    return int(pathlib.Path("/proc/self/loginuid").read_text())


def account():
    """The account that a session of ours belongs to: by login uid where it is set, else by uid."""
    auid = login_uid()
    return pwd.getpwuid(os.getuid() if auid == UNSET else auid).pw_name


def hostname():
    return socket.gethostname()


def cgroup_root():
    """Where the v2 hierarchy is mounted: in its usual place if it is there too."""
    points = []
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        fields, rest = line.split(" - ")
        if rest.split()[0] == "cgroup2":
            points.append(fields.split()[4])
    assert points, "cgroup v2 is not mounted"
    return sorted(points, key=lambda point: not point.startswith("/sys/fs/cgroup"))[0]


def cgroup_folder(path):
    """The folder of a cgroup, given as /proc/PID/cgroup shows it."""
    return os.path.join(cgroup_root(), path.lstrip("/"))


def cgroup_of(pid):
    for line in pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        if line.startswith("0::"):
            return line[3:]
    raise AssertionError("no v2 cgroup")


def unreachable(path):
    """How a file is shown that hangs in no tree: by its place in its file system."""
    top = path
    while not os.path.ismount(top):
        top = os.path.dirname(top)
    return b"(unreachable)" + path[0 if top == b"/" else len(top) :]


def device(number):
    return f"{os.major(number)}:{os.minor(number)}"


def write_file(path, data=b""):
    with open(path, "wb") as file:
        file.write(data)
    return path
