#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""guests/linux/initramfs.py INIT BUSYBOX OUT [PROGRAM...]: an initramfs of programs and a script.

Written here and not by cpio, so that /dev/console can be made without root, and so that the same
input gives the same bytes. The format is in Documentation/driver-api/early-userspace of Linux:
a "newc" archive, compressed by gzip.
"""

import gzip
import os
import stat
import subprocess
import sys

FOLDERS = ("bin", "dev", "etc", "proc", "root", "run", "sys", "tmp")
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


def main():
    init, busybox, out, *programs = sys.argv[1:]
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
    for program in programs:
        archive.add("bin/" + os.path.basename(program), stat.S_IFREG | 0o755, read(program))
    with open(out + ".part", "wb") as file:
        file.write(gzip.compress(archive.close(), mtime=0))
    os.rename(out + ".part", out)


if __name__ == "__main__":
    main()
