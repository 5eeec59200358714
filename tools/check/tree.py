# SPDX-License-Identifier: MIT
"""The source tree as the checks see it: its files, and what each includes."""

import re
import subprocess
from pathlib import Path

# A checkout may belong to another user, as in a container: reading it is harmless.
GIT = ["git", "-c", "safe.directory=*"]
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)

# The folders whose C code is linked into the hypervisor, with their layer: calls and includes go
# to the same number or a lower one. A longer prefix wins.
LAYERS = {
    "boot/": 12,
    "shell/": 12,
    "virtio/": 11,
    "drivers/e1000/model": 10,
    "net/": 9,
    "dev/": 8,
    "emul/": 8,
    "core/": 7,
    "iommu/": 6,
    "sched/": 5,
    "drivers/": 4,
    "mm/": 3,
    "arch/": 2,
    "lib/": 1,
    "include/": 1,
}

# Device models know guest memory, interrupts and time only through handles, so that they run on
# the host and, later, outside of ring 0: nothing that they include may come from these.
PURE = ("dev/", "virtio/", "drivers/e1000/model", "net/")
IMPURE = ("arch/", "mm/", "sched/")


def layer_of(path):
    """The layer's number of a file, None for what is not part of the hypervisor."""
    prefixes = [prefix for prefix in LAYERS if path.startswith(prefix)]
    return LAYERS[max(prefixes, key=len)] if prefixes else None


class Tree:
    """The files of a folder that git tracks or would track, as paths relative to it."""

    def __init__(self, root):
        self.root = Path(root)
        listed = subprocess.run(
            GIT + ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=self.root, check=True, capture_output=True, text=True).stdout
        names = {name for name in listed.split("\0") if name}
        self.files = sorted(name for name in names if (self.root / name).is_file())

    def text(self, path):
        return (self.root / path).read_text(errors="replace")

    def c_files(self):
        return [path for path in self.files if path.endswith((".c", ".h"))]

    def kernel_files(self, suffix):
        return [path for path in self.files
                if path.endswith(suffix) and layer_of(path) is not None]

    def includes(self):
        """{file: files that it names in #include "..."}, for the hypervisor's own sources."""
        return {path: INCLUDE.findall(self.text(path))
                for path in self.kernel_files((".c", ".h"))}
