# SPDX-License-Identifier: MIT
"""What holds for files as such: licence lines, and the longest ones for a person to judge."""

import json
import subprocess
from pathlib import PurePath

CODE = {".c", ".h", ".asm", ".S", ".ld", ".py", ".sh", ".mk", ".awk", ".ini"}
HEAD_LINES = 3
LISTED = 10


def needs_licence(tree, path):
    name = PurePath(path)
    return name.suffix in CODE or name.name == "Makefile" or tree.text(path).startswith("#!")


def licence(tree):
    return [f"{path}: no SPDX-License-Identifier in its first {HEAD_LINES} lines"
            for path in tree.files if needs_licence(tree, path) and
            "SPDX-License-Identifier:" not in "".join(tree.text(path).splitlines()[:HEAD_LINES])]


def longest_files(tree):
    sized = [(len(tree.text(path).splitlines()), path) for path in tree.kernel_files((".c", ".h"))]
    return sorted(sized, reverse=True)[:LISTED]


def longest_functions(tree):
    files = tree.kernel_files((".c", ".h"))
    if not files:
        return []
    tags = subprocess.run(
        ["ctags", "--output-format=json", "--fields=+ne", "--languages=C", "--map-C=+.h",
         "--kinds-C=f", "-f", "-", *files],
        cwd=tree.root, check=True, capture_output=True, text=True).stdout
    functions = [json.loads(line) for line in tags.splitlines()]
    sized = [(tag["end"] - tag["line"] + 1, f'{tag["path"]}:{tag["line"]} {tag["name"]}()')
             for tag in functions if "end" in tag]
    return sorted(sized, reverse=True)[:LISTED]
