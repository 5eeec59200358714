# SPDX-License-Identifier: MIT
"""How a machine ends: power-off, reboot, panic."""

import re
import time

import pytest

import guests
import machine as machines
from console import SLOWNESS

BANNER = r"Ashlar \d+\.\d+\.\d+"


def test_reboot_resets_qemu(qemu):
    machine = qemu(smp=2)
    machine.expect_prompt()
    machine.console.type_line("reboot")
    assert machine.ended_by() == "guest-reset"


def test_reboot_comes_back_in_qemu(qemu):
    machine = qemu(smp=2, reboots=True)
    comes_back(machine)
    machine.console.type_line("poweroff")
    assert machine.powered_off()


def test_reboot_comes_back_in_bochs(bochs):
    machine = bochs()
    comes_back(machine)
    machine.console.type_line("poweroff")
    assert machine.powered_off()


def test_reboot_resets_bochs_with_two_cpus(bochs):
    """Its time stands still after a reset with several CPUs: the BIOS is all that comes back."""
    machine = bochs(smp=2)
    machine.expect_prompt()
    machine.console.type_line("reboot")
    machine.wait_end()
    assert machine.firmware_starts() == 2


def comes_back(machine):
    machine.expect(BANNER, 60)
    machine.expect_prompt()
    machine.console.type_line("reboot")
    machine.expect(BANNER, 60)
    machine.expect_prompt()
    assert "Ashlar" in machine.command("version")


def panic_text(machine, command):
    machine.expect_prompt()
    machine.console.type_line(command)
    machine.expect("Ashlar has stopped")
    return machine.console.line.before.decode().replace("\r\n", "\n")


def check_panic(said, cpu, other):
    """A panic of one of two CPUs, by the command: on CPU 0 in the shell's thread itself, on CPU 1
    in an interrupt."""
    assert f"PANIC on CPU {cpu}: " in said
    for register in ("RIP", "RSP", "RAX", "R15", "CR2", "CR3"):
        assert re.search(rf"\b{register} +[0-9a-f]{{8,16}}\b", said), register
    frames = re.findall(r"^  [0-9a-f]{16} (\w+)\+0x[0-9a-f]+$", said, re.MULTILINE)
    assert not re.search(r"^  [0-9a-f]{16} \w+\+0x0$", said, re.MULTILINE)  # calls are inside
    assert ("interrupt_common" if cpu else "command_run") in frames and len(frames) >= 4
    assert re.search(rf"stopped at:\n  CPU {other}: [0-9a-f]{{16}} \w+\+0x", said)
    assert "did not stop" not in said
    assert re.search(r"Last lines of the log:\n  \[ *\d+\.\d{6}\] \S", said)


@pytest.mark.parametrize("command, cpu", [("panic", 0), ("panic 1", 1)])
def test_panic_in_qemu(qemu, command, cpu):
    machine = qemu(smp=2)
    check_panic(panic_text(machine, command), cpu, 1 - cpu)
    machine.expect("reset the machine")
    deadline = time.monotonic() + 20 * SLOWNESS
    while halted_cpus(machine) != 2:  # the words come before the HLT
        assert time.monotonic() < deadline
        time.sleep(0.05)


def halted_cpus(machine):
    state = machine.qmp.command("human-monitor-command", **{"command-line": "info registers -a"})
    return state.count("HLT=1")


def test_panic_in_bochs(bochs):
    check_panic(panic_text(bochs(smp=2), "panic 1"), 1, 0)


def test_panic_of_a_cpu_that_is_not_there(qemu):
    machine = qemu()
    machine.expect_prompt()
    assert machine.command("panic 1").startswith("error: ")
    assert "Ashlar" in machine.command("version")


EFER_SVME = 1 << 12


def hosts_of_guests(machine):
    """The CPUs with EFER.SVME, as the emulator itself sees them."""
    return sum(bool(efer & EFER_SVME) for efer in machine.registers("EFER"))


def wait_stopped(machine):
    """With -no-shutdown QEMU stops where the machine would go off, and stays to be looked at."""
    deadline = time.monotonic() + 30 * SLOWNESS
    while machine.qmp.command("query-status")["status"] not in ("shutdown", "paused"):
        assert time.monotonic() < deadline
        time.sleep(0.2)


@pytest.mark.parametrize("command", ["poweroff", "reboot"])
def test_virtualisation_is_off_before_the_end(qemu, command):
    """INIT is blocked in VMX root, and SVM may stay on over a soft reset: every CPU leaves."""
    machine = qemu(smp=2, extra=["-no-shutdown"])
    machine.expect_prompt()
    assert hosts_of_guests(machine) == 2
    machine.console.type_line(command)
    wait_stopped(machine)
    assert hosts_of_guests(machine) == 0


@pytest.mark.parametrize("command", ["poweroff", "reboot"])
@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_vms_end_before_the_machine(qemu, bochs, backend, command):
    """No vCPU is left to enter a guest on a CPU that has left virtualisation."""
    kind, options, slowness = guests.BACKENDS[backend]
    config = "[vm hog]\nmemory = 16M\nvcpus = 2\nkernel = hog\ncmdline = seconds=0\n"
    boot = guests.image_with(config, {"hog": guests.BUILT / "tests" / "hog"})
    start = {machines.Qemu: qemu, machines.Bochs: bochs}[kind]
    machine = start(boot, smp=2, **{**options, "parallel": True})
    machine.expect_prompt(60 * slowness)
    guests.wait_running(machine, "hog")
    machine.console.type_line(command)
    if kind is machines.Qemu:
        assert machine.ended_by(60) == {"poweroff": "guest-shutdown", "reboot": "guest-reset"}[command]
    elif command == "poweroff":
        assert machine.powered_off()
    else:
        machine.wait_end(60)
        assert machine.firmware_starts() == 2
    assert "PANIC" not in machine.serial_text()
