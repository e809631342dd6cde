# SPDX-License-Identifier: Apache-2.0
"""One virtual machine: software emulation, so that it runs wherever the tests do, within a virtual machine too."""
import base64
import ctypes
import json
import os
import pathlib
import signal
import subprocess

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
PROCESSORS, MEMORY = 2, 3072  # MiB
TAIL = 40  # lines of the console that are shown when something went wrong
# loglevel: its own warnings are on the console, where they are looked for.
# no_timer_check: on a busy host the kernel sees too few ticks, takes the timer for broken, and hangs later.
ARGUMENTS = "no_timer_check console=ttyS0 root=/dev/vda rw quiet loglevel=5 mitigations=off systemd.show_status=0 net.ifnames=0"


def end_with(number):
    """This process gets this signal when the one that has started it ends, however that ends."""
    LIBC.prctl(PR_SET_PDEATHSIG, number)


def disk(path):
    """A machine writes to a copy of its own, which vanishes with it."""
    return ["-drive", f"file={path},if=virtio,format=raw,snapshot=on,cache=unsafe"]


def port(name, path):
    return ["-chardev", f"file,id={name},path={path}", "-device", f"virtserialport,chardev={name},name={name}"]


class Machine:
    """Started at once; everything that it leaves is in FOLDER: its console, what it says, its results."""

    def __init__(self, kernel, disks, job, folder, more=""):
        folder.mkdir(parents=True)
        self.console, self.said, self.results = (folder / name for name in ("console", "said", "results"))
        self.said.touch()
        words = base64.b64encode(json.dumps(job).encode()).decode()
        command = [
            "qemu-system-x86_64", "-machine", "q35", "-accel", "tcg,thread=multi,tb-size=512", "-cpu", "max",
            "-smp", str(PROCESSORS), "-m", str(MEMORY), "-display", "none", "-no-reboot", "-nodefaults",
            "-serial", f"file:{self.console}",
            "-kernel", str(kernel.image), "-initrd", str(kernel.initramfs),
            "-append", f"{ARGUMENTS} {more} check={words}",
            *disk(disks[0]), *disk(kernel.modules), *disk(disks[1]),
            "-device", "virtio-serial", *port("said", self.said), *port("results", self.results),
        ]
        with open(folder / "qemu", "wb") as errors:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                preexec_fn=lambda: end_with(signal.SIGKILL),
            )
        self.pidfd = os.pidfd_open(self.process.pid)
        self.errors = folder / "qemu"

    def ended(self):
        return self.process.poll() is not None

    def end(self):
        self.process.kill()
        self.process.wait()
        os.close(self.pidfd)

    def tail(self):
        """What a person needs to see when there are no results."""
        text = ""
        for path in (self.errors, self.console, self.said):
            if path.exists():
                lines = path.read_text(errors="replace").splitlines()[-TAIL:]
                text += "".join(f"{path.name}: {line}\n" for line in lines)
        return text


def crashed(console):
    """What the kernel itself complained of."""
    marks = ("BUG:", "Oops", "Kernel panic", "WARNING:", "rcu: INFO", "blocked for more than", "general protection")
    lines = pathlib.Path(console).read_text(errors="replace").splitlines() if console.exists() else []
    return [line for line in lines if any(mark in line for mark in marks)]
