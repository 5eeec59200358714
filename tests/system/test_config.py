# SPDX-License-Identifier: MIT
"""Configurations on the machine: what a person gets wrong, by hand from GRUB too, is said, and the
machine still comes up; and as many VMs as there may be."""

import re

import pytest

import guests
import image
import machine as machines

ERRORS_SHOWN = 24

WRONG = {
    "wrong value": ("", b"[host]\nlog = loud\n", "ashlar.conf:2"),
    "empty value": ("", b"[host]\n\nconsole =\n", "ashlar.conf:3"),
    "huge value": ("", b"[host]\nlog = " + b"x" * 5000 + b"\n", "ashlar.conf:2"),
    "unknown key": ("", b"[host]\nlgo = info\n", "ashlar.conf:2"),
    "no text at all": ("", bytes(range(256)) * 16, "ashlar.conf:1"),
    "10 MiB": ("", b"[vm a]\n" + b"x" * (10 << 20), "ashlar.conf:1"),
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


def test_errors_without_number(qemu):
    """Some are shown, the rest is counted: the serial line has an end."""
    machine = qemu(image.grub_image("", {"ashlar.conf": b"x\n" * 100_000}))
    machine.expect_prompt()
    said = [row["text"] for row in machine.command_json("log warn") if "ashlar.conf" in row["text"]]
    assert len(said) == ERRORS_SHOWN + 1
    assert said[0] == "ashlar.conf:1: found x; expected KEY = VALUE"
    assert said[-1] == (f"ashlar.conf has {100_000 - ERRORS_SHOWN} more errors: mkimage CONFIG "
                        "--check shows all")


def booted(qemu, bochs, backend, boot):
    """At its prompt, as both backends take it."""
    kind, options, slowness = guests.BACKENDS[backend]
    machine = {machines.Qemu: qemu, machines.Bochs: bochs}[kind](boot, **options)
    machine.expect_prompt(60 * slowness)
    return machine


GOOD = "[vm {}]\nmemory = 8M\nkernel = {}\n"
BAD = {  # a section, and the reason that its VM is disabled
    "value": ("memory = 8M\nkernel = talk\nvcpus = 0\n",
              "found vcpus = 0; expected a number from 1 to 64"),
    "key": ("memory = 8M\nkernel = talk\nmemroy = 9M\n",
            "found memroy; expected a key of [vm NAME]; did you mean memory?"),
    "empty": ("", "found [vm empty] without memory; expected memory = SIZE, as in 256M in it"),
    "file": ("memory = 8M\nkernel = gone\n",
             "found kernel = gone; expected a boot module of this name (GRUB: module2 FILE NAME)"),
}


@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_bad_sections_disable_their_vms_alone(qemu, bochs, backend):
    config = GOOD.format("first", '"the guest"')
    config += "".join(f"[vm {name}]\n{text}" for name, (text, _) in BAD.items())
    config += GOOD.format("last", "talk")
    boot = image.grub_image("", {
        "ashlar.conf": config.encode(),
        "talk": (guests.BUILT / "tests/talk").read_bytes(),
        '"the guest"': (guests.BUILT / "tests/talk").read_bytes()})
    machine = booted(qemu, bochs, backend, boot)
    guests.wait_running(machine, "first")
    guests.wait_running(machine, "last")
    listed = {vm["name"]: vm for vm in machine.command_json("vm list")}
    assert list(listed) == ["first", *BAD, "last"]
    for name, (_, reason) in BAD.items():
        assert listed[name]["state"] == "disabled"
        assert re.fullmatch(r"ashlar\.conf:\d+: " + re.escape(reason), listed[name]["reason"])
        assert reason in machine.command(f"vm start {name}")
        assert reason in machine.command("vm list")


def test_bad_networks_disable_their_vms_alone(qemu):
    """The machine's own and those of other networks run."""
    config = (GOOD.format("first", "talk") + "nic = e1000, net=bad\n" +
              GOOD.format("last", "talk") + "nic = e1000, net=good\n" +
              "[net good]\nmode = host-only\n[net bad]\nmode = host-only\nmtu = 1\n")
    talk = (guests.BUILT / "tests/talk").read_bytes()
    machine = qemu(image.grub_image("", {"ashlar.conf": config.encode(), "talk": talk}))
    machine.expect_prompt()
    guests.wait_running(machine, "last")
    first = guests.vm_state(machine, "first")
    reason = "network bad: line 13: found mtu = 1; expected a number from 576 to 9000, 1500 is usual"
    assert (first["state"], first["reason"]) == ("disabled", reason)
    assert reason in machine.command("vm start first")
    assert [row["text"] for row in machine.command_json("log warn") if "conf" in row["text"]] == [
        "ashlar.conf" + reason.replace("network bad: line ", ":")]


@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_two_hundred_vms(qemu, bochs, backend):
    """Defined; the last one runs as well as the first."""
    config = "".join(f"[vm v{n}]\nmemory = 8M\nkernel = talk\nautostart = no\n" for n in range(200))
    boot = guests.image_with(config, {"talk": guests.BUILT / "tests/talk"})
    machine = booted(qemu, bochs, backend, boot)
    assert [vm["name"] for vm in machine.command_json("vm list")] == [f"v{n}" for n in range(200)]
    for name in "v0", "v199":
        assert machine.command(f"vm start {name}") == ""
        assert guests.vm_state(machine, name)["state"] == "running"


def test_more_vms_than_there_may_be(qemu):
    section = "[vm v{}]\nmemory = 8M\nkernel = ashlar.conf\nautostart = no\n"
    config = "".join(section.format(n) for n in range(258))
    machine = qemu(image.grub_image("", {"ashlar.conf": config.encode()}), memory=256)
    machine.expect_prompt()
    assert len(machine.command_json("vm list")) == 256
    assert [row["text"] for row in machine.command_json("log warn") if "conf" in row["text"]] == [
        f"ashlar.conf:{4 * n + 1}: found [vm v{n}]; expected at most 256 such sections"
        for n in (256, 257)]


def menu_entry():
    """What docs/hardware.md tells a person to write into GRUB's menu."""
    page = (image.ROOT / "docs/hardware.md").read_text()
    return re.search(r'^    menuentry "Ashlar" \{\n.*?^    \}\n', page, re.M | re.S)[0]


@pytest.mark.parametrize("firmware", ["bios", "ovmf"])
def test_the_menu_entry_of_the_docs(qemu, firmware):
    entry = menu_entry()
    paths = dict(reversed(line.split()[1:3]) for line in entry.splitlines()
                 if line.split()[0] == "module2")
    linux = guests.BUILT / "linux"
    config = "[vm linux]\nmemory = 128M\nkernel = vmlinuz\ninitrd = initrd.img\n"
    files = {"boot/ashlar.elf": image.KERNEL.read_bytes(),
             paths["ashlar.conf"].lstrip("/"): config.encode(),
             paths["vmlinuz"].lstrip("/"): (linux / "vmlinuz").read_bytes(),
             paths["initrd.img"].lstrip("/"): (linux / "initrd.img").read_bytes()}
    machine = qemu(image.grub_tree("set timeout=0\n" + entry, files), firmware=firmware,
                   parallel=False, iommu="intel")
    machine.expect_prompt()
    guests.wait_running(machine, "linux")
    assert machine.command_json("log warn") == []
