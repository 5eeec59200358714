# SPDX-License-Identifier: MIT
"""What a person gets wrong when booting by hand from GRUB: the machine still comes up, and says
so."""

import pytest

import image

WRONG = {
    "wrong value": ("", b"[host]\nlog = loud\n", "ashlar.conf:2"),
    "empty value": ("", b"[host]\n\nconsole =\n", "ashlar.conf:3"),
    "huge value": ("", b"[host]\nlog = " + b"x" * 5000 + b"\n", "ashlar.conf:2"),
    "unknown key": ("", b"[host]\nlgo = info\n", "ashlar.conf:2"),
    "no text at all": ("", bytes(range(256)) * 16, "ashlar.conf:1"),
    "wrong word": ("console=com9", b"[host]\n", "command line"),
}


@pytest.mark.parametrize("name", WRONG)
def test_mistake_is_reported(qemu, name):
    command_line, config, place = WRONG[name]
    machine = qemu(image.grub_image(command_line, {"ashlar.conf": config}))
    machine.expect_prompt()
    warnings = [row["text"] for row in machine.command_json("log warn")]
    assert any(place in text for text in warnings), warnings


def test_command_line_of_4_kibibytes(qemu):
    machine = qemu(image.grub_image("console=com2 " + "x" * 4080), serial=2)
    machine.expect_prompt()
    assert "command line" in machine.command("log warn")


def test_second_configuration_is_not_used(qemu):
    made = image.grub_image("", [("ashlar.conf", b""),
                                 ("ashlar.conf", b"[host]\nconsole = com2\n")])
    machine = qemu(made)
    machine.expect_prompt()
    assert "second module named ashlar.conf is not used" in machine.command("log warn")


def test_no_configuration(qemu):
    machine = qemu(image.grub_image(""))
    machine.expect_prompt()
    assert machine.command("version").startswith("Ashlar ")


def test_log_level(qemu):
    machine = qemu(image.image("[host]\nlog = error\n"))
    assert "memory" not in machine.expect_prompt()
    # What came before the configuration was read is there all the same.
    assert "memory" not in machine.command("log")
