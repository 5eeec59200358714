# SPDX-License-Identifier: MIT
"""Where the log and the shell are: other serial ports, the screen, no serial port at all."""

import time

import pytest

import acpi_table
import guests
import image
import screen
from console import SLOWNESS
from machine import SVM

COM2, COM2_IRQ = 0x2F8, 3


def powers_off(machine):
    machine.console.type_line("poweroff")
    return machine.powered_off()


def test_com2_by_configuration(qemu):
    machine = qemu(image.image("[host]\nconsole = com2\n"), serial=2)
    machine.expect_prompt()
    assert powers_off(machine)


def test_port_by_configuration(qemu):
    machine = qemu(image.image("[host]\nconsole = io:0x2f8\n"), serial=2)
    machine.expect_prompt()
    assert powers_off(machine)


def test_com2_by_command_line(qemu):
    machine = qemu(image.grub_image("console=com2"), serial=2)
    machine.expect_prompt()
    assert powers_off(machine)


def test_command_line_wins_over_configuration(qemu):
    made = image.grub_image("console=com2", {"ashlar.conf": b"[host]\nconsole = com1\n"})
    machine = qemu(made, serial=2)
    machine.expect_prompt()
    assert powers_off(machine)


def test_console_by_spcr(qemu, tmp_path):
    table = tmp_path / "spcr"
    table.write_bytes(acpi_table.spcr(COM2, COM2_IRQ))
    machine = qemu(image.image("[host]\nconsole = acpi\n"), serial=2, tables=[table])
    machine.expect_prompt()
    assert powers_off(machine)


def test_console_by_spcr_without_spcr(qemu):
    """There is no such table: the person is not left without a console."""
    machine = qemu(image.image("[host]\nconsole = acpi\n"))
    machine.expect_prompt()
    assert "SPCR" in machine.command("log")


def screen_with(machine, wanted, timeout=60):
    """The screen's (kind, text) once it shows that."""
    deadline = time.monotonic() + timeout * SLOWNESS
    shown = "nothing"
    while time.monotonic() < deadline:
        time.sleep(1)
        try:
            kind, shown = screen.read(machine)
        except AssertionError:
            continue  # black between firmware and our first line
        if wanted in shown:
            return kind, shown
    raise AssertionError(f"the screen doesn't show {wanted!r} but:\n{shown}")


@pytest.mark.parametrize("firmware", ["bios", "ovmf"])
def test_no_serial_port(qemu, firmware):
    """Without any UART the log is on the screen, up to the shell's start."""
    machine = qemu(serial=0, vga=True, firmware=firmware)
    kind, shown = screen_with(machine, "boot: starting the shell")
    assert "no UART" in shown or "serial" in shown
    assert firmware == "bios" or kind == "framebuffer"


def test_screen_shows_a_panic(qemu):
    machine = qemu(vga=True)
    machine.expect_prompt()
    machine.console.type_line("panic")
    machine.expect("Ashlar has stopped")
    screen_with(machine, "Ashlar has stopped")


def test_screen_by_text_memory(qemu):
    """GRUB asked for text: the screen is VGA text."""
    machine = qemu(image.grub_image("", {}, ["set gfxpayload=text"]), vga=True)
    machine.expect_prompt()
    kind, shown = screen_with(machine, "boot: starting the shell")
    assert kind == "text"


def test_mirror_of_a_console(qemu):
    """What a VM sends is on the screen too, a line at a time, whether somebody looks at its console
    or not; a line without an end after a while. A flood ends with its last lines on the screen."""
    config = ("[host]\nconsole-mirror = one\n"
              "[vm one]\nmemory = 16M\nkernel = talk\ninitrd = guests.txt\n")
    machine = qemu(guests.image_with(config, {"talk": guests.BUILT / "tests" / "talk",
                                              "guests.txt": guests.TABLE}),
                   vga=True, cpu=SVM, parallel=False)
    machine.expect_prompt()
    screen_with(machine, "\nready, mark 0")
    machine.console.type_line("console one")
    machine.console.send("e\N{LATIN SMALL LETTER U WITH DIAERESIS}ber\rgreen\n")
    machine.console.send("login: ")
    screen_with(machine, "\ngreen\nlogin:")
    machine.console.send("\x1b")
    machine.expect(r"done e\r\n")
    machine.console.send("f")
    machine.expect(r"done f\r\n", 120)
    machine.console.send(guests.LEAVE)
    machine.expect_prompt()
    screen_with(machine, "\nline 02699 of the flood.\ndone f")
    assert "ready, mark" not in machine.command("log")  # of the screen, not of the log
