#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""guests/linux/programs.py FOLDER PROGRAM=PACKAGE...: puts programs of Debian packages into FOLDER,
with the shared libraries that they need, the dynamic linker included. Nothing is installed.

A library is in a package that the package of who needs it depends on; guests/linux/fetch takes it out.
"""

import os
import re
import shutil
import subprocess
import sys

FETCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fetch")


def output(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def needs(file):
    """The names of the libraries that an ELF file asks for, and of its dynamic linker."""
    said = output("readelf", "-dlW", file)
    linker = [os.path.basename(path) for path in re.findall(r"program interpreter: (\S+)\]", said)]
    return re.findall(r"\(NEEDED\).*\[(\S+)\]", said) + linker


def depends(package):
    """Those that have libraries, of the packages that it depends on."""
    names = re.findall(r"^ *Depends: (\S+)$", output("apt-cache", "depends", "--important", package),
                       re.M)
    return [name for name in names if re.match(r"lib|zlib", name)]


def fetch(pattern, out, package):
    """Whether the package has it."""
    done = subprocess.run([FETCH, pattern, out, package], capture_output=True, text=True)
    return done.returncode == 0


def fetch_library(name, folder, package):
    """From one of the packages that this one depends on; answers which."""
    for each in [*depends(package), package]:
        if fetch(f"*lib*/{name}*", os.path.join(folder, name), each):
            return each
    sys.exit(f"{package} needs {name}, which none of the packages has that it depends on")


def main():
    out, *programs = sys.argv[1:]
    folder = out + ".part"  # beside which fetch keeps the packages
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    os.symlink("../packages", os.path.join(folder, "packages"))
    open_ones, there = [], set()
    for word in programs:
        program, package = word.split("=")
        if not fetch(f"*bin/{program}", os.path.join(folder, program), package):
            sys.exit(f"could not take {program} out of {package}")
        open_ones.append((program, package))
    while open_ones:
        file, package = open_ones.pop()
        for name in needs(os.path.join(folder, file)):
            if name not in there:
                there.add(name)
                open_ones.append((name, fetch_library(name, folder, package)))
    os.remove(os.path.join(folder, "packages"))
    shutil.rmtree(out, ignore_errors=True)
    os.rename(folder, out)


if __name__ == "__main__":
    main()
