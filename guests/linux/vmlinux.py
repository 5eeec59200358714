#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""guests/linux/vmlinux.py BZIMAGE OUT: the kernel's ELF file, which a bzImage carries compressed.

It boots by its PVH note and so spares the guest the unpacking, which is most of the instructions of
a boot. The fields of the setup header are in Documentation/x86/boot.rst of Linux, those of an ELF
file in the System V ABI.
"""

import lzma
import os
import struct
import subprocess
import sys
import zlib

SETUP_SECTS, HEADER, PAYLOAD_OFFSET, PAYLOAD_LENGTH = 0x1F1, 0x202, 0x248, 0x24C
OLDEST_PROTOCOL = 0x208  # the first with the payload's place


def payload(image):
    """The compressed bytes; what follows the stream in them (its size) is left there."""
    magic, protocol = struct.unpack_from("<4sH", image, HEADER)
    if magic != b"HdrS" or protocol < OLDEST_PROTOCOL:
        raise ValueError("this is no bzImage of a boot protocol from 2.08 on")
    code = ((image[SETUP_SECTS] or 4) + 1) * 512
    offset, length = struct.unpack_from("<II", image, PAYLOAD_OFFSET)
    return image[code + offset:code + offset + length]


def by_zstd(data):
    # Four bytes after the frame are the size; zstd complains of them once it has written all.
    return subprocess.run(["zstd", "-dcq"], input=data[:-4], capture_output=True, check=True).stdout


FORMATS = [
    (b"\x1f\x8b\x08", lambda data: zlib.decompressobj(wbits=31).decompress(data)),
    (b"\xfd7zXZ\0", lambda data: lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(data)),
    (b"\x5d\0\0", lambda data: lzma.LZMADecompressor(lzma.FORMAT_ALONE).decompress(data)),
    (b"\x28\xb5\x2f\xfd", by_zstd),
]


def unpack(data):
    for magic, decompress in FORMATS:
        if data.startswith(magic):
            return decompress(data)
    raise ValueError(f"its compression is not known (the payload begins with {data[:6].hex()})")


PT_LOAD = 1
E_PHOFF, E_SHOFF, E_PHENTSIZE, E_SHENTSIZE = 32, 40, 54, 58
P_OFFSET, P_FILESZ = 8, 32


def without_the_end(elf):
    """The same program without the zeros that close its last segment, 24 MB of them, which every
    loader fills in itself, and without what follows: sections and the bzImage's relocations."""
    table, = struct.unpack_from("<Q", elf, E_PHOFF)
    size, count = struct.unpack_from("<HH", elf, E_PHENTSIZE)
    last = max((table + n * size for n in range(count)
                if struct.unpack_from("<I", elf, table + n * size) == (PT_LOAD,)),
               key=lambda entry: struct.unpack_from("<Q", elf, entry + P_OFFSET))
    offset, = struct.unpack_from("<Q", elf, last + P_OFFSET)
    length, = struct.unpack_from("<Q", elf, last + P_FILESZ)
    kept = bytearray(elf[:offset] + elf[offset:offset + length].rstrip(b"\0"))
    struct.pack_into("<Q", kept, last + P_FILESZ, len(kept) - offset)
    struct.pack_into("<Q", kept, E_SHOFF, 0)
    struct.pack_into("<3H", kept, E_SHENTSIZE, 0, 0, 0)
    return kept


def main():
    source, out = sys.argv[1:]
    with open(source, "rb") as file:
        image = file.read()
    try:
        kernel = unpack(payload(image))
        if not kernel.startswith(b"\x7fELF"):
            raise ValueError("what it unpacks to is no ELF file")
    except ValueError as error:
        sys.exit(f"{source}: {error}")
    with open(out + ".part", "wb") as file:
        file.write(without_the_end(kernel))
    os.rename(out + ".part", out)


if __name__ == "__main__":
    main()
