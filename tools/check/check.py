#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Static checks of the tree: `tools/check/check.py [--tidy] [--cc CC] -- CFLAGS`.

Prints each complaint, the longest functions and files, and closes with a total. Exit status 0 when
there is no complaint.
"""

import argparse
import sys
from pathlib import Path

import compile as compilers
import files
import includes
from tree import Tree


def arguments():
    parser = argparse.ArgumentParser(description="static checks of the tree")
    parser.add_argument("--root", default=Path(__file__).resolve().parents[2])
    parser.add_argument("--cc", default="gcc")
    parser.add_argument("--tidy", action="store_true", help="clang-tidy as well (minutes)")
    parser.add_argument("cflags", nargs="*", help="the flags of the hypervisor, after --")
    return parser.parse_args()


def checks(args):
    """(title, function of the tree that gives complaints), in the order of their speed."""
    listed = [
        ("licence lines", files.licence),
        ("manual pages", files.manuals),
        ("includes", includes.check),
        ("format", compilers.formatted),
        ("headers alone", lambda tree: compilers.headers_alone(tree, args.cc, args.cflags)),
    ]
    if args.tidy:  # which compiles all sources as well, and the build has
        return listed + [("clang-tidy", lambda tree: compilers.tidy(tree, args.cflags))]
    return listed + [("sources", lambda tree: compilers.sources(tree, args.cc, args.cflags))]


def show_longest(title, sized):
    print(f"{title}, to look at:")
    for lines, what in sized:
        print(f"  {lines:5} {what}")


def main():
    args = arguments()
    tree = Tree(args.root)
    passed = failed = 0
    show_longest("longest functions", files.longest_functions(tree))
    show_longest("longest files", files.longest_files(tree))
    for title, check in checks(args):
        complaints = check(tree)
        for complaint in complaints:
            print(complaint)
        print(f"{title}: {f'{len(complaints)} complaints' if complaints else 'ok'}", flush=True)
        passed, failed = (passed, failed + 1) if complaints else (passed + 1, failed)
    print(f"check: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
