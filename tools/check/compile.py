# SPDX-License-Identifier: MIT
"""What the compilers say: headers on their own, every source, clang-format, clang-tidy."""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor


def run(tree, argv, stdin=""):
    """None when the tool is content, else what it printed."""
    done = subprocess.run(argv, cwd=tree.root, input=stdin, capture_output=True, text=True)
    return None if done.returncode == 0 else (done.stdout + done.stderr).strip() or "failed"


def for_each(paths, job):
    """job(path) for all, on every CPU; the complaints in the order of the paths."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        answers = pool.map(job, paths)
        return [f"{path}: {answer}" for path, answer in zip(paths, answers) if answer]


def headers_alone(tree, cc, cflags):
    """Each header compiles as the first one of a file, and a second time after itself."""
    def job(path):
        twice = f'#include "{path}"\n' * 2
        return run(tree, [cc, *cflags, "-fsyntax-only", "-x", "c", "-"], twice)
    return for_each(tree.kernel_files(".h"), job)


def sources(tree, cc, cflags):
    return for_each(tree.kernel_files(".c"),
                    lambda path: run(tree, [cc, *cflags, "-fsyntax-only", path]))


def formatted(tree):
    """One complaint a file, with the first place: `clang-format -i FILE` mends all of them."""
    def job(path):
        said = run(tree, ["clang-format", "--dry-run", "-Werror", path])
        return said and said.splitlines()[0].removeprefix(path + ":") + \
            " (clang-format -i mends it)"
    return for_each(tree.c_files(), job)


def tidy(tree, cflags):
    return for_each(tree.kernel_files(".c"),
                    lambda path: run(tree, ["clang-tidy", "--quiet", path, "--", *cflags]))
