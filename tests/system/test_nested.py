# SPDX-License-Identifier: MIT
"""Ashlar as a guest of Ashlar: it boots by multiboot2 to its prompt, and says that there is no
virtualisation."""

import re

import pytest

import guests
import image

CONFIG = """[vm inner]
memory = 64M
vcpus = 2
kernel = inner.elf
module = inner.conf ashlar.conf
"""
INNER = "[host]\nlog = debug\n"


@pytest.fixture
def inner(qemu, bochs, tmp_path, request):
    """The outer machine at its prompt, and how slow it is."""
    backend = request.param
    conf = tmp_path / "inner.conf"
    conf.write_text(INNER)
    kind, options, slowness = guests.BACKENDS[backend]
    make = qemu if backend == "svm" else bochs
    outer = make(guests.image_with(CONFIG, {"inner.elf": image.KERNEL, "inner.conf": conf}),
                 smp=1, **options)
    outer.expect_prompt()
    return outer, slowness


@pytest.mark.timeout(900)
@pytest.mark.parametrize("inner", guests.BACKENDS, indirect=True)
def test_prompt_and_commands(inner):
    outer, slowness = inner
    guests.wait_running(outer, "inner")
    outer.console.type_line("console inner")
    said = outer.expect_prompt(60 * slowness)
    assert "Ashlar" in said, said
    assert outer.command("version", 10 * slowness).startswith("Ashlar ")
    cpu = outer.command("cpu", 10 * slowness)
    assert re.search(r"missing +VMX or SVM\. No VM can run\.\s+The hypervisor that Ashlar runs", cpu), cpu
    assert len(outer.command_json("cpu", 10 * slowness)["cpus"]) == 2
    assert outer.command_json("acpi", 10 * slowness)
    outer.console.type_line("poweroff")
    assert "[inner is stopped: powered off by the guest]" in outer.expect_prompt(30 * slowness)
    assert guests.vm_state(outer, "inner")["state"] == "stopped"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("inner", guests.BACKENDS, indirect=True)
def test_reboot(inner):
    """Its reboot by ACPI's reset register begins it again."""
    outer, slowness = inner
    guests.wait_running(outer, "inner")
    outer.console.type_line("console inner")
    outer.expect_prompt(60 * slowness)
    outer.console.type_line("reboot")
    outer.expect_prompt(60 * slowness)
    outer.command("version", 10 * slowness)
    outer.console.send(guests.LEAVE)
    outer.expect_prompt(10)
    assert guests.vm_state(outer, "inner")["state"] == "running"
