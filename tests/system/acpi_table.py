# SPDX-License-Identifier: MIT
"""ACPI tables for QEMU's -acpitable, which sets their checksum right."""

import struct

IO_SPACE = 1


def table(signature, body, revision=2):
    """A table with its header (ACPI 6.5, 5.2.6)."""
    return struct.pack("<4sIBB6s8sI4sI", signature, 36 + len(body), revision, 0, b"ASHLAR",
                       b"TESTBED ", 1, b"TEST", 1) + body


def generic_address(space, bits, address, access=1):
    """ACPI 6.5, 5.2.3.2."""
    return struct.pack("<BBBBQ", space, bits, 0, access, address)


def spcr(port, irq):
    """The serial console at an I/O port (Microsoft's SPCR, revision 2: 80 bytes)."""
    body = struct.pack("<B3x", 0)                            # a 16550 with all its registers
    body += generic_address(IO_SPACE, 8, port)
    body += struct.pack("<BBI", 1, irq, irq)                 # the PIC's interrupt
    body += struct.pack("<BBBBBBHHBBBIBI", 7, 0, 1, 0, 0, 0,  # 115200 8N1, no flow control
                        0xffff, 0xffff, 0, 0, 0, 0, 0, 0)    # not a PCI device
    assert len(body) == 80 - 36
    return table(b"SPCR", body)
