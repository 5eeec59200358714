#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""guests/linux/initramfs.py INIT BUSYBOX OUT [PROGRAM | LIBRARY.so | MODULE.ko | FOLDER]...:
an initramfs of programs and the libraries they need, kernel modules and a script. A folder stands for
the files in it; lib/modules/order has the modules as they were named here. At the power button its
acpid turns the machine off.

Written here and not by cpio, so that /dev/console can be made without root, and so that the same
input gives the same bytes. The format is in Documentation/driver-api/early-userspace of Linux:
a "newc" archive, compressed by gzip.
"""

import gzip
import os
import stat
import subprocess
import sys

FOLDERS = ("bin", "dev", "etc", "etc/acpi", "etc/acpi/PWRF", "lib", "lib/modules", "proc", "root",
           "run", "sys", "tmp", "www")
ORDER = "lib/modules/order"
BUTTON = "etc/acpi/PWRF/00000080"  # what busybox's acpid runs at the power button
CONSOLE = (5, 1)  # major and minor number of /dev/console


class Archive:
    def __init__(self):
        self.data = b""
        self.inode = 0

    def add(self, name, mode, content=b"", device=(0, 0)):
        self.inode += 1
        fields = (self.inode, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name) + 1, 0)
        self.data += b"070701" + b"".join(b"%08x" % field for field in fields)
        self._pad(name.encode() + b"\0")
        self._pad(content)

    def _pad(self, data):
        self.data += data
        self.data += b"\0" * (-len(self.data) % 4)

    def close(self):
        self.inode = -1
        self.add("TRAILER!!!", 0)
        return self.data


def read(path):
    with open(path, "rb") as file:
        return file.read()


def place(name):
    """The folder of a file: the linker looks for libraries in /lib."""
    if name.endswith(".ko"):
        return "lib/modules/"
    if ".so" in name:
        return "lib/"
    return "bin/"


def expand(paths):
    """The files named, those of folders too."""
    for path in paths:
        if os.path.isdir(path):
            yield from (os.path.join(path, name) for name in sorted(os.listdir(path)))
        else:
            yield path


def main():
    init, busybox, out, *files = sys.argv[1:]
    files = list(expand(files))
    names = subprocess.run([os.path.abspath(busybox), "--list"], check=True, capture_output=True,
                           text=True).stdout.split()
    archive = Archive()
    for folder in FOLDERS:
        archive.add(folder, stat.S_IFDIR | 0o755)
    archive.add("dev/console", stat.S_IFCHR | 0o600, device=CONSOLE)
    archive.add("init", stat.S_IFREG | 0o755, read(init))
    archive.add("bin/busybox", stat.S_IFREG | 0o755, read(busybox))
    for name in names:
        if name != "busybox":
            archive.add("bin/" + name, stat.S_IFLNK | 0o777, b"busybox")
    archive.add(BUTTON, stat.S_IFREG | 0o755, b"#!/bin/sh\nexec poweroff -f\n")
    archive.add("lib64", stat.S_IFLNK | 0o777, b"lib")
    for file in files:
        name = os.path.basename(file)
        archive.add(place(name) + name, stat.S_IFREG | 0o755, read(file))
    modules = [os.path.basename(file) for file in files if file.endswith(".ko")]
    archive.add(ORDER, stat.S_IFREG | 0o644, "".join(name + "\n" for name in modules).encode())
    with open(out + ".part", "wb") as file:
        file.write(gzip.compress(archive.close(), mtime=0))
    os.rename(out + ".part", out)


if __name__ == "__main__":
    main()
