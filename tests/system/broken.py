# SPDX-License-Identifier: MIT
"""Images that are cut short or have wild headers, made of good ones. What every field may hold is
tried by the unit tests of core/load*.c and their fuzzer; here are some of each kind, in VMs."""

import hashlib
import struct

import guests
import image

FOLDER = image.TEST / "broken"
KEPT = 65536  # of a bzImage: it need not be whole to be refused

# Each VM's reason, as a regular expression.
REASONS = {
    "bzimage-cut": "truncated",
    "bzimage-header-cut": "truncated",
    "bzimage-alignment": "alignment",
    "bzimage-too-large": r"needs \d+ MiB",
    "elf-cut": "truncated",
    "elf-headers-nowhere": "is no kernel",
    "elf-segment-huge": "a segment needs",
    "elf-segment-nowhere": "a segment needs",
    "elf-entry-nowhere": "entry .* is in none of its segments",
    "multiboot1-entry": "entry .* is in none of its segments",
    "multiboot2-tag": "a tag of 0 bytes",
    "firmware-cut": "has 10 bytes",
    "text": "is no kernel",
}


def patched(data, offset, fmt, value):
    return data[:offset] + struct.pack(fmt, value) + data[offset + struct.calcsize(fmt):]


def bzimages(vmlinuz):
    """Documentation/arch/x86/boot.rst: setup_sects at 1F1h, syssize at 1F4h, kernel_alignment at
    230h, init_size at 260h."""
    setup = (vmlinuz[0x1f1] + 1) * 512
    short = patched(vmlinuz[:KEPT], 0x1f4, "<I", (KEPT - setup) // 16)
    return {
        "bzimage-cut": vmlinuz[:KEPT],
        "bzimage-header-cut": vmlinuz[:0x210],
        "bzimage-alignment": patched(short, 0x230, "<I", 3),
        "bzimage-too-large": patched(short, 0x260, "<I", 0xfffff000),
    }


def elves(pvh):
    """System V ABI: e_phoff at 32; in a program header of 56 bytes p_paddr at 24, p_memsz at 40.
    The first one has the code."""
    header = struct.unpack_from("<Q", pvh, 32)[0]
    entry = pvh.index(b"Xen\0") + 4
    return {
        "elf-cut": pvh[:entry + 64],
        "elf-headers-nowhere": patched(pvh, 32, "<Q", 1 << 63),
        "elf-segment-huge": patched(pvh, header + 40, "<Q", 1 << 40),
        "elf-segment-nowhere": patched(pvh, header + 56 + 24, "<Q", 2**64 - 4096),
        "elf-entry-nowhere": patched(pvh, entry, "<I", 0xfffffff0),
    }


def multiboots(one, two):
    """e_entry at 24 of an ELF of 32 bits; the first tag is behind 16 bytes of the header."""
    tag = two.index(struct.pack("<I", 0xe85250d6)) + 16
    return {
        "multiboot1-entry": patched(one, 24, "<I", 0xfffffff0),
        "multiboot2-tag": patched(two, tag + 4, "<I", 0),
    }


def contents():
    built = guests.BUILT / "tests"
    made = bzimages((guests.BUILT / "linux/vmlinuz").read_bytes())
    made |= elves((built / "boot-pvh").read_bytes())
    made |= multiboots(*((built / f"boot-multiboot{n}").read_bytes() for n in (1, 2)))
    made["firmware-cut"] = bytes(10)
    made["text"] = b"This is no kernel.\n" * 100
    assert made.keys() == REASONS.keys()
    return made


def config_and_files():
    """Their VMs, and one that wants more memory than the machines of the tests have."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    config, files = "", {}
    for name, data in contents().items():
        path = FOLDER / f"{name}-{hashlib.sha256(data).hexdigest()[:16]}"
        if not path.exists():
            path.write_bytes(data)
        files[name] = path
        what = "firmware" if name.startswith("firmware") else "kernel"
        config += f"[vm {name}]\nmemory = 64M\n{what} = {name}\nautostart = no\n"
    files["boot-pvh"] = guests.BUILT / "tests/boot-pvh"
    return config + "[vm greedy]\nmemory = 4G\nkernel = boot-pvh\nautostart = no\n", files
