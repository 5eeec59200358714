# SPDX-License-Identifier: MIT
"""Broken ACPI tables are reported and skipped. (QEMU sets checksums right, so wrong ones are left
to the unit tests.)"""

import struct

import pytest

import acpi_table

BROKEN = {
    "truncated-spcr": acpi_table.table(b"SPCR", b"\0" * 4),
    "dmar-with-an-endless-structure":
        acpi_table.table(b"DMAR", b"\x2f\0" + b"\0" * 10 + struct.pack("<HH", 0, 0)),
    "dmar-that-ends-in-a-structure":
        acpi_table.table(b"DMAR", b"\x2f\0" + b"\0" * 10 + struct.pack("<HH", 0, 400)),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_table(qemu, tmp_path, name):
    path = tmp_path / "table"
    path.write_bytes(BROKEN[name])
    machine = qemu(tables=[path])
    machine.expect_prompt()
    signature = BROKEN[name][:4].decode()
    complaints = [row["text"] for row in machine.command_json("log warn")]
    assert any(signature in text for text in complaints), complaints
    assert any(row["signature"] == signature for row in machine.command_json("acpi"))
