# SPDX-License-Identifier: MIT
"""Debian's Linux, unmodified, in VMs on both backends: to its shell, and through its ways to end."""

import functools
import re
import struct
import subprocess

import pytest

import guests
import image
import linux_guest
import machine
from console import SLOWNESS

LINUX = guests.BUILT / "linux"
COMMAND_LINE = "console=ttyS0"

BAD = re.compile(r"WARN|\bBUG\b|Oops|unchecked MSR access|Firmware Bug|Call Trace|"
                 r"(?:APIC|apic|IO-APIC|timer|TSC|tsc|clocksource|HPET|hpet|PIT)\b.*(?:"
                 r"fail|error|unstable|mark|bad|bogus|broken|invalid|mismatch|missing|not |"
                 r"disabl|unexpected|spurious|skew|differ|lost|bug|BIOS)")


# Linux wants its reads of the 8254, and of the HPET between two of the TSC, to be close together.
# Where an exit takes its time, because the emulator's host has other things to do, they are not; so
# what it says of that counts only where instructions are counted.
BY_HOST = re.compile(r"Fast TSC calibration failed|read-back delay of \w+, clock-skew test skipped")


def config(kernel, vcpus, memory="256M", host="", arguments=""):
    return (f"[host]\n{host}\n[vm linux]\nmemory = {memory}\nvcpus = {vcpus}\nkernel = {kernel}\n"
            f"initrd = initrd.img\ncmdline = {COMMAND_LINE} {arguments}\n")


def boot_image(kernel, vcpus, host="", arguments="", beside=("",)):
    """beside: sections of other VMs, and the test guests that they name."""
    files = {kernel: LINUX / kernel, "initrd.img": LINUX / "initrd.img"}
    files |= {name: guests.BUILT / "tests" / name for name in beside[1:]}
    linux = config(kernel, vcpus, host=host, arguments=arguments)
    return guests.image_with(linux + beside[0], files)


def release():
    """The kernel's own version, from the setup header of the bzImage (Linux's boot protocol)."""
    data = (LINUX / "vmlinuz").read_bytes()
    at = struct.unpack_from("<H", data, 0x20E)[0] + 0x200
    return data[at:data.index(b"\0", at)].split()[0].decode()


class Linux(linux_guest.InVm):
    """The VM's console on a machine that has just booted."""

    def __init__(self, host, slowness):
        host.expect_prompt(60)
        guests.wait_running(host, "linux")
        super().__init__(linux_guest.Line(host, slowness), "linux")
        self.host = host
        self.attach()

    def power_off(self):
        self.host.console.send("poweroff -f\r")
        return self.host.expect_prompt(30 * self.slowness)

    def reboot(self):
        self.host.console.send("reboot -f\r")


MACHINES = [
    # backend, kernel, vCPUs, physical CPUs, a line of [host]
    pytest.param("svm", "vmlinuz", 1, 1, "", id="svm-bzImage"),
    pytest.param("svm", "vmlinux", 1, 1, "", id="svm-pvh"),
    pytest.param("svm", "vmlinux", 2, 2, "", id="svm-2-vcpus"),
    pytest.param("svm", "vmlinuz", 8, 4, "", id="svm-8-vcpus"),
    pytest.param("vmx", "vmlinux", 2, 2, "", id="vmx-2-vcpus"),
    pytest.param("vmx", "vmlinuz", 1, 1, "", id="vmx-bzImage"),
    pytest.param("vmx", "vmlinux", 1, 1, "apicv = off", id="vmx-apicv-off"),
]


@pytest.fixture
def linux(qemu, bochs):
    def start(backend, kernel, vcpus, cpus, line="", arguments="", beside=("",), **more):
        kind, options, slowness = guests.BACKENDS[backend]
        make = qemu if kind is machine.Qemu else bochs
        if (vcpus, cpus) == (2, 2):
            more = {"parallel": True, **more}
        boot = boot_image(kernel, vcpus, line, arguments, beside)
        host = make(boot, smp=cpus, **{**options, **more})
        return Linux(host, slowness * (3 if kernel == "vmlinuz" else 1) * max(1, vcpus // cpus))
    return start


@functools.lru_cache
def straight_log(cpus):
    """What the same kernel prints straight on the emulated machine with as many CPUs. In turn, as
    under Ashlar: eight at the same time once did not come to an end."""
    argv = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=single", "-cpu", "EPYC-Milan", "-m", "256",
            "-smp", str(cpus), "-nodefaults", "-no-user-config", "-display", "none",
            "-serial", "stdio", "-no-reboot", "-kernel", str(LINUX / "vmlinux"),
            "-initrd", str(LINUX / "initrd.img"),
            "-append", COMMAND_LINE + " rdinit=/bin/poweroff -- -f"]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=120 * SLOWNESS)
    except subprocess.TimeoutExpired as late:
        pytest.fail(f"straight on the machine it does not end: {(late.output or b'')[-2000:]}")
    return done.stdout.decode(errors="replace").replace("\r", "")


def complaints(log):
    """Lines that complain, without their times and numbers."""
    return {re.sub(r"0x[0-9a-f]+|\d+", "N", re.sub(r"^\[ *[\d.]+\] ", "", line))
            for line in log.splitlines() if BAD.search(line)}


def check_kvm(backend, guest, log):
    """It uses what is offered: a clock without exits, locks that give way, EOIs by memory."""
    for said in ("Hypervisor detected: KVM", "kvm-clock: Using msrs", "PV spinlocks enabled",
                 "KVM setup pv remote TLB flush"):
        assert said in log, said
    clock = guest.run("cat /sys/devices/system/clocksource/clocksource0/current_clocksource")
    assert clock == ("kvm-clock" if backend == "svm" else "tsc")  # where it is invariant


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("backend, kernel, vcpus, cpus, line", MACHINES)
def test_shell_and_power_off(linux, backend, kernel, vcpus, cpus, line):
    """It comes to its shell without a complaint that it hasn't straight on the machine, answers,
    and ends its VM."""
    guest = linux(backend, kernel, vcpus, cpus, line)
    log = guest.wait_shell()
    if vcpus > 1:
        check_kvm(backend, guest, log)
    assert guest.run("uname -r") == release()
    assert guest.run("grep -c ^processor /proc/cpuinfo") == str(vcpus)
    log += guest.run("dmesg -r | tail -n 20")
    said = guest.power_off()
    assert "powered off" in said, said
    vm = guests.vm_state(guest.host, "linux")
    assert vm["state"] == "stopped" and "powered off" in vm["reason"], vm
    new = complaints(log) - complaints(straight_log(vcpus))
    assert {line for line in new if backend == "vmx" or not BY_HOST.search(line)} == set()


WITHOUT_KVM = "no-kvmclock nopvspin no-steal-acc"


def busy_share(guest):
    """Of the time that the guest computes, the part that it calls stolen."""
    guest.run("stat() { head -n 1 /proc/stat; }")  # no line is longer than the terminal's
    guest.run("count() { n=0; while [ $n -lt 30000 ]; do n=$((n+1)); done; }")
    before, after = (list(map(int, line.split()[1:])) for line in
                     guest.run("stat; count; stat").splitlines() if line.startswith("cpu "))
    used = [b - a for a, b in zip(before, after)]
    return used[STEAL] / sum(used)


STEAL = 7  # of /proc/stat's columns


HOG = "[vm hog]\nmemory = 16M\nkernel = hog\ncmdline = seconds=0\nautostart = no\n"


class World:
    """The Linux with one vCPU that a backend's tests share, at its shell; made anew when one of them
    has spoilt it."""

    def __init__(self, backend):
        self.backend = backend
        self.machine = self.linux = None
        self.count = 0

    def ready(self):
        if self.linux is None:
            self.close()
            kind, options, slowness = guests.BACKENDS[self.backend]
            boot = boot_image("vmlinux", 1, beside=(HOG, "hog"))
            self.count += 1
            self.machine = kind(machine.Options(image=boot, **options),
                                image.TEST / "logs" / f"linux-{self.backend}-{self.count}")
            linux = Linux(self.machine, slowness)
            linux.wait_shell()
            self.linux = linux
        return self

    def close(self):
        self.linux = None
        if self.machine is not None:
            self.machine.close()


@pytest.fixture
def guest(request, worlds, backend):
    world = worlds(backend)
    yield world.linux
    if request.node.failed:
        world.close()


on_shared = pytest.mark.parametrize("backend", [
    pytest.param(each, marks=[pytest.mark.xdist_group(f"linux-{each}"), pytest.mark.timeout(900)])
    for each in guests.BACKENDS])


@on_shared
def test_sees_the_time_that_another_vm_takes(guest):
    """Beside a VM that computes it has half of the CPU, and says so."""
    assert busy_share(guest) < 0.1
    assert guest.line.command("vm start hog") == ""
    slowness = guest.slowness
    guest.slowness *= 3
    assert 0.3 < busy_share(guest) < 0.7
    assert guest.line.command("vm stop hog --force") == ""
    guest.slowness = slowness


@pytest.mark.timeout(900)
def test_no_complaint_when_instructions_are_counted(linux):
    """With a virtual nanosecond an instruction nothing is late for the host's sake, and it
    calibrates the TSC at the first try, where it does not take our word for it."""
    guest = linux("svm", "vmlinux", 1, 1, arguments=WITHOUT_KVM, icount=True)
    guest.slowness *= 4
    log = guest.wait_shell() + guest.run("dmesg -r | grep -i tsc")
    assert "Fast TSC calibration using PIT" in log
    assert complaints(log) - complaints(straight_log(1)) == set()


@on_shared
def test_reboot(guest):
    """`reboot -f` begins again with a fresh kernel and initrd, in the same VM."""
    assert guest.run("echo spoilt > /init; cat /init") == "spoilt"
    guest.reboot()
    guest.wait_shell()
    assert guest.run("head -n 1 /init") == "#!/bin/sh"
    assert guest.run("uname -r") == release()


@on_shared
def test_the_power_button(guest):
    """`vm stop` shuts it down, by what every Linux has for that, and says how it ended. The last
    one with this Linux."""
    assert guest.line.command("vm stop linux", 60) == ""
    vm = guests.vm_state(guest.line, "linux")
    assert vm["state"] == "stopped" and "powered off by the guest" in vm["reason"], vm


def test_the_kernel_is_debians():
    """Byte for byte what the package has: nothing is patched to make it boot."""
    packages = sorted((LINUX / "packages").glob("linux-image-*.deb"))
    listed = subprocess.run(["dpkg", "--fsys-tarfile", packages[-1]], check=True,
                            capture_output=True).stdout
    names = subprocess.run(["tar", "-t"], input=listed, check=True, capture_output=True).stdout
    name = re.search(rb"\./boot/vmlinuz-\S+", names)[0].decode()
    packed = subprocess.run(["tar", "-xO", name], input=listed, check=True,
                            capture_output=True).stdout
    assert packed == (LINUX / "vmlinuz").read_bytes()
    assert image.BUILD in LINUX.parents
