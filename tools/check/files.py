# SPDX-License-Identifier: MIT
"""What holds for files as such: licence lines, manual pages, and the longest ones for a person to
judge."""

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


def manuals(tree):
    """What groff warns of: it formats a page with mistakes all the same, and answers 0."""
    def said(path):
        done = subprocess.run(["groff", "-man", "-ww", "-z", "-Tutf8", path], cwd=tree.root,
                              capture_output=True, text=True)
        return done.stdout + done.stderr
    pages = [path for path in tree.files if path.endswith(".1")]
    return [line for path in pages for line in said(path).splitlines()]


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
