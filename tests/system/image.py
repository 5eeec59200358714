# SPDX-License-Identifier: MIT
"""Bootable images: made once, kept in build/test under a name that tells their contents."""

import fcntl
import hashlib
import os
import shutil
import struct
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("ASHLAR_BUILD", ROOT / "build"))
TEST = BUILD / "test"
KERNEL = BUILD / "ashlar.elf"
MKIMAGE = BUILD / "mkimage"
DEMO = ROOT / "guests/demo/ashlar.conf"

MB2_MAGIC = 0xE85250D6
MB2_SEARCH = 32768      # the header lies in the image's first 32 KiB (multiboot2, 3.1.1)
MB2_TAG_RELOCATABLE = 10
LOWEST, HIGHEST = 1, 2  # that tag's preferences


def made_once(parts, suffix, make):
    """The file build/test/HASH.suffix, made by make(path) if it isn't there. Two test processes
    don't make it twice."""
    digest = hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
    path = TEST / f"{digest}{suffix}"
    TEST.mkdir(parents=True, exist_ok=True)
    with open(TEST / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            unfinished = path.with_suffix(".part")
            make(unfinished)
            unfinished.rename(path)
    return path


def image(config=None, kernel=None):
    """An image by mkimage: of a configuration's text (without a VM by default) and a kernel's bytes
    (build/ashlar.elf by default)."""
    config = "[host]\n" if config is None else config
    kernel = KERNEL.read_bytes() if kernel is None else kernel

    def make(path):
        folder = path.with_suffix(".d")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "ashlar.conf").write_text(config)
        (folder / "ashlar.elf").write_bytes(kernel)  # mkimage takes the one beside itself
        shutil.copy(MKIMAGE, folder / "mkimage")
        _run([folder / "mkimage", folder / "ashlar.conf", "-o", path])
        shutil.rmtree(folder)
    return made_once([b"mkimage", MKIMAGE.read_bytes(), config.encode(), kernel], ".iso", make)


def grub_tree(menu, files):
    """An image by GRUB's own tool: of grub.cfg's text and {path in the image: bytes}."""
    def make(path):
        folder = path.with_suffix(".d")
        shutil.rmtree(folder, ignore_errors=True)
        for name, data in {"boot/grub/grub.cfg": menu.encode(), **files}.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        _run(["grub-mkrescue", "-o", path, folder])
        shutil.rmtree(folder)
    parts = [b"grub", menu.encode()]
    for name, data in files.items():
        parts += [name.encode(), data]
    return made_once(parts, ".iso", make)


def grub_image(command_line, modules=(), settings=()):
    """An image as a person makes it by hand from GRUB: with a command line, modules as
    {name: bytes} or pairs of the two, and further lines of grub.cfg."""
    modules = list(modules.items() if isinstance(modules, dict) else modules)
    menu = ["set timeout=0", *settings, f"multiboot2 /boot/ashlar.elf {command_line}"]
    files = {"boot/ashlar.elf": KERNEL.read_bytes()}
    for number, (name, data) in enumerate(modules):
        menu.append(f"module2 /boot/module{number} {name}")
        files[f"boot/module{number}"] = data
    return grub_tree("\n".join([*menu, "boot", ""]), files)


def with_load_preference(kernel, preference):
    """The kernel with another preference in its relocatable tag (multiboot2, 3.1.12)."""
    header = _find_header(kernel)
    length = struct.unpack_from("<I", kernel, header + 8)[0]
    at = header + 16
    while at < header + length:
        kind, _, size = struct.unpack_from("<HHI", kernel, at)
        if kind == MB2_TAG_RELOCATABLE:
            patched = bytearray(kernel)
            struct.pack_into("<I", patched, at + 20, preference)
            return bytes(patched)
        at += (size + 7) & ~7
    raise AssertionError("the multiboot2 header has no relocatable tag")


def _find_header(kernel):
    for at in range(0, MB2_SEARCH, 8):
        magic, architecture, length, checksum = struct.unpack_from("<4I", kernel, at)
        if magic == MB2_MAGIC and (magic + architecture + length + checksum) % (1 << 32) == 0:
            return at
    raise AssertionError("no multiboot2 header in the first 32 KiB")


def _run(argv):
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=120)
    assert done.returncode == 0, f"{argv[0]} failed:\n{done.stdout}{done.stderr}"
