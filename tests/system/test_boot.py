# SPDX-License-Identifier: MIT
"""Every kind of machine comes up to the prompt, knows what it is, and powers off."""

import re
import shutil
import subprocess
import time

import pytest

import guests
import image
from console import SLOWNESS
from machine import BOCHS_SVM, NO_VIRTUALISATION, VMX_WITHOUT_EPT


def check(machine, cpus):
    machine.expect_prompt()
    assert machine.command("version").startswith("Ashlar ")
    assert len(machine.command_json("cpu")["cpus"]) == cpus
    machine.console.type_line("poweroff")
    assert machine.powered_off()


@pytest.mark.parametrize("iommu, name", [("intel", "VT-d"), ("amd", "AMD-Vi")])
def test_svm_with_iommu(qemu, iommu, name):
    machine = qemu(smp=2, iommu=iommu)
    machine.expect_prompt()
    said = machine.command("cpu")
    assert "SVM" in said and "NPT" in said and name in said
    check_again(machine, 2)


def check_again(machine, cpus):
    machine.console.send("\r")
    check(machine, cpus)


@pytest.mark.parametrize("cpus", [1, 8])
def test_qemu_cpus(qemu, cpus):
    check(qemu(smp=cpus), cpus)


def test_without_virtualisation(qemu):
    """The shell comes up; `cpu` and the log name what is missing and what to do."""
    machine = qemu(cpu=NO_VIRTUALISATION)
    machine.expect_prompt()
    for said in (machine.command("cpu"), machine.command("log warn")):
        assert re.search(r"missing:? +VMX or SVM\. No VM can run\.\s+\S", said), said
    check_again(machine, 1)


def test_ovmf(qemu):
    check(qemu(firmware="ovmf", smp=2), 2)


@pytest.fixture
def stick(tmp_path):
    """A stick larger than the image that was copied to it, with something left from before; a
    folder and a file of the configuration have blanks in their names."""
    (tmp_path / "my files").mkdir()
    shutil.copy(guests.BUILT / "tests/talk", tmp_path / "my files/the guest")
    (tmp_path / "my.conf").write_text("[vm talk]\nmemory = 8M\nkernel = my files/the guest\n")
    path = tmp_path / "my stick"
    subprocess.run([image.MKIMAGE, tmp_path / "my.conf", "-o", path], check=True)
    with open(path, "ab") as out:
        out.write(b"\xa5" * (5 << 20))
        out.truncate(256 << 20)
    return path


@pytest.mark.parametrize("firmware", ["bios", "ovmf"])
@pytest.mark.parametrize("medium", ["cd", "disk", "usb"])
def test_medium(qemu, stick, medium, firmware):
    """By each firmware, without a menu, and the files are there."""
    machine = qemu(stick, medium=medium, firmware=firmware, parallel=False)
    machine.expect_prompt(120)
    guests.wait_running(machine, "talk")
    check_again(machine, 1)


def test_ovmf_with_a_display(qemu):
    check(qemu(firmware="ovmf", vga=True), 1)


@pytest.mark.parametrize("cpus", [1, 2])
def test_bochs_vmx(bochs, cpus):
    machine = bochs(smp=cpus)
    machine.expect_prompt()
    said = machine.command("cpu")
    assert "VMX" in said and "EPT" in said and "unrestricted guest" in said
    cpu = machine.command_json("cpu")
    assert (cpu["apic_mode"], cpu["apic_timer"], cpu["clock"]) == ("x2apic", "TSC-deadline", "TSC")
    check_again(machine, cpus)


def test_bochs_vmx_without_ept(bochs):
    machine = bochs(cpu=VMX_WITHOUT_EPT)
    machine.expect_prompt()
    for said in (machine.command("cpu"), machine.command("log warn")):
        assert re.search(r"missing:? +EPT\. ", said), said
    check_again(machine, 1)


def test_bochs_svm(bochs):
    machine = bochs(cpu=BOCHS_SVM)
    machine.expect_prompt()
    assert "SVM" in machine.command("cpu")
    check_again(machine, 1)


def with_entry(name):
    """The image of a kernel that begins with a stub of tests/system."""
    return image.image(kernel=(image.BUILD / f"tests/ashlar-{name}.elf").read_bytes())


def test_x2apic_hand_over(bochs):
    """A stub before the kernel's entry turns x2APIC mode on, as some firmware does."""
    check(bochs(with_entry("x2apic"), smp=2), 2)


def test_broken_tags_are_refused(qemu):
    """By a sentence on the serial line, though what the tags say of it can't be read."""
    machine = qemu(with_entry("broken_tags"))
    machine.expect("tag at offset 8 is malformed: .* Please boot with GRUB", 60)
    machine.expect("has stopped")


def test_without_acpi_tables(qemu):
    """One CPU, the PIT, PCI by ports, a polled serial line, and no power-off: but a shell."""
    machine = qemu(with_entry("no_rsdp"), smp=2)
    machine.expect_prompt()
    cpu = machine.command_json("cpu")
    assert len(cpu["cpus"]) == 1 and cpu["clock"] == "TSC"
    said = machine.command("log")
    assert "by PIT" in said and "segment 0 by ports" in said and "it is polled" in said
    assert machine.command("poweroff", 60).endswith("switch it off by hand")
    machine.console.type_line("reboot")
    assert machine.ended_by() == "guest-reset"


def codes_of_the_docs():
    page = (image.ROOT / "docs/hardware.md").read_text()
    return [int(code, 16) for code in re.findall(r"^\| (c[0-9a-f]) \|", page, re.M)]


@pytest.mark.parametrize("serial", [0, 1])
def test_progress_codes(qemu, tmp_path, serial):
    """On port 80h, in the order of docs/hardware.md; without a UART too."""
    codes = codes_of_the_docs()
    assert codes == list(range(0xc0, 0xc0 + len(codes))) and len(codes) > 10
    machine = qemu(serial=serial, extra=["-chardev", f"file,id=codes,path={tmp_path}/codes",
                                         "-device", "isa-debugcon,iobase=0x80,chardev=codes"])

    def seen():  # the firmware sends codes of its own
        return [code for code in (tmp_path / "codes").read_bytes() if code in codes]
    deadline = time.monotonic() + 60 * SLOWNESS
    while seen()[-1:] != codes[-1:]:
        assert machine.alive() and time.monotonic() < deadline, seen()
        time.sleep(0.1)
    assert seen()[-len(codes):] == codes


def test_threads_of_a_core(qemu):
    """Hyper-threading, as firmware may turn it on: nothing is built for one or the other."""
    machine = qemu(smp=4, extra=["-smp", "4,sockets=1,cores=2,threads=2"])
    check(machine, 4)


def test_without_64_bit_mode(qemu):
    machine = qemu(cpu="qemu32")
    machine.expect("Ashlar needs a 64-bit CPU .*: it can't run here", 60)


@pytest.mark.parametrize("extra, clock", [([], "HPET"), (["-no-hpet"], "PM timer")])
def test_clock_without_invariant_tsc(qemu, extra, clock):
    machine = qemu(smp=2, extra=extra)
    machine.expect_prompt()
    assert machine.command_json("cpu")["clock"] == clock


@pytest.mark.parametrize("preference", [image.LOWEST, image.HIGHEST])
def test_load_address(qemu, preference):
    kernel = image.with_load_preference(image.KERNEL.read_bytes(), preference)
    machine = qemu(image.image(kernel=kernel))
    machine.expect_prompt()
    loaded_at = int(re.search(r"image at 0x([0-9a-f]+)", machine.command("log"))[1], 16)
    if preference == image.LOWEST:
        assert loaded_at < 64 << 20
    else:
        assert loaded_at > 512 << 20
    check_again(machine, 1)


def test_six_gibibytes(qemu):
    """Memory above 4 GiB, and the hole below."""
    machine = qemu(memory=6144)
    machine.expect_prompt()
    memory = machine.command_json("mem")
    assert 5.9 < memory["total"] / (1 << 30) <= 6
    check_again(machine, 1)


def test_little_memory(qemu):
    check(qemu(memory=64), 1)


def test_protections_are_on_on_every_cpu(qemu):
    """CR0.WP; CR4: UMIP, SMEP, SMAP; EFER.NXE (SDM vol. 3, 2.5; APM vol. 2, 3.1.7)."""
    machine = qemu(smp=2)
    machine.expect_prompt()
    for register, bits in (("CR0", [16]), ("CR4", [11, 20, 21]), ("EFER", [11])):
        wanted = sum(1 << bit for bit in bits)
        assert [value & wanted for value in machine.registers(register)] == [wanted] * 2
