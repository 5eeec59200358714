# SPDX-License-Identifier: MIT
"""What a guest's single operations cost: guests/tests/bench.c, straight on a machine and as a VM on
the very same one, counted with icount. tools/bench.py prints them."""

import re
import subprocess
from dataclasses import dataclass

import guests
import image
import machine
from console import SLOWNESS

BENCH = guests.BUILT / "tests/bench"
MEMORY = 32  # MiB
LINE = r"bench (\S+) rounds (\d+) min (\d+) sum (\d+)"


@dataclass
class Operation:
    name: str    # in guests/tests/bench.c
    what: str
    kvm: int     # what KVM with QEMU adds to it
    limit: int   # what Ashlar may add; None: only shown
    vcpus: int = 1

    def is_second(self):
        """Whether it is the second figure of an operation that has two."""
        return self.name.endswith(("-whole", "-set"))


OPERATIONS = [
    Operation("cpuid", "CPUID", 3107, 300),
    Operation("rdmsr-pat", "RDMSR of PAT", 3180, 350),
    Operation("wrmsr-pat", "WRMSR of PAT", 3420, 350),
    Operation("rdmsr-efer", "RDMSR of EFER", 3180, 350),
    Operation("wrmsr-efer", "WRMSR of EFER", 3420, 350),
    Operation("pit", "port: PIT", 1835, 500),
    Operation("uart", "port: UART line status", 5476, 500),
    Operation("pm-timer", "port: PM timer", 5625, 500),
    Operation("nobody", "port that nobody claims", 5428, 450),
    Operation("pci", "PCI configuration by 0xcf8/0xcfc", 11836, 900),
    Operation("ioapic", "I/O APIC: select and read", 8445, 1600),
    Operation("apic-version", "local APIC: version", 4068, 800),
    Operation("apic-tpr", "local APIC: TPR, read", 4068, 800),
    Operation("apic-tpr-write", "local APIC: TPR, write", 4068, 800),
    Operation("apic-eoi", "local APIC: EOI", 3973, 800),
    Operation("self-ipi", "self-IPI until the handler", 5417, 1200),
    Operation("self-ipi-whole", "self-IPI whole, with EOI", 9896, 2000),
    Operation("timer-busy", "APIC timer late by, busy", 6463, 1200),
    Operation("timer-busy-set", "    from behind the write that sets it", None, None),
    Operation("timer-halted", "APIC timer late by, from HLT", 6642, 1200),
    Operation("timer-halted-set", "    from behind the write that sets it", None, None),
    Operation("ipi-halted", "IPI to a halted vCPU and back", 34333, 6000, vcpus=2),
    Operation("first-touch", "first touch of a 4 KiB page", 8288, 0),
]
VCPUS = sorted({operation.vcpus for operation in OPERATIONS})


@dataclass
class Cost:
    """The same operation's ticks straight on the machine and in a VM; a mean is of all rounds."""
    straight_min: int
    straight_mean: float
    vm_min: int
    vm_mean: float

    def minimum(self):
        return self.vm_min - self.straight_min

    def mean(self):
        return self.vm_mean - self.straight_mean

    def within(self, limit):
        return limit is None or max(self.minimum(), self.mean()) <= limit


def figures(printed):
    """{name: (minimum, mean)} of what the guest has printed."""
    assert "PASS bench" in printed, printed
    return {name: (int(least), int(total) / int(rounds))
            for name, rounds, least, total in re.findall(LINE, printed)}


def command_line(vcpus, options=""):
    """More than one vCPU is for those operations that need them: the others are had with one."""
    if vcpus > 1 and "only=" not in options:
        options = f"only=ipi-halted {options}"
    return f"vcpus={vcpus} {options}".rstrip()


def straight(vcpus):
    argv = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", machine.SVM,
            "-smp", vcpus, "-m", MEMORY, "-nodefaults", "-no-user-config", "-display", "none",
            "-serial", "stdio", "-no-reboot", "-device", "isa-debug-exit,iobase=0xf4,iosize=4",
            "-icount", "shift=0,sleep=off", "-rtc", "base=2020-01-01,clock=vm",
            "-kernel", BENCH, "-append", command_line(vcpus)]
    done = subprocess.run([str(word) for word in argv], stdin=subprocess.DEVNULL,
                          capture_output=True, timeout=60 * SLOWNESS, text=True)
    return figures(done.stdout)


def config(options=""):
    """A VM for each number of vCPUs: bench1, bench2."""
    return "".join(f"[vm bench{vcpus}]\nmemory = {MEMORY}M\nvcpus = {vcpus}\nkernel = bench\n"
                   f"cmdline = {command_line(vcpus, options)}\ndebug-exit = on\nautostart = no\n"
                   for vcpus in VCPUS)


def host(folder, options="", **more):
    """A machine with one CPU, at Ashlar's prompt."""
    boot = guests.image_with(config(options), {"bench": BENCH})
    made = machine.Qemu(machine.Options(image=boot, icount=True, **more),
                        image.TEST / "logs" / folder)
    try:
        made.expect_prompt(60)
        guests.wait_clean(made)
    except Exception:
        made.close()
        raise
    return made


def in_vms(folder="bench-operations"):
    """[figures of a VM for each of VCPUS]"""
    shell = host(folder)
    try:
        return [figures(guests.run_to_end(shell, f"bench{vcpus}", 120)[0]) for vcpus in VCPUS]
    finally:
        shell.close()


def measure():
    """{operation's name: Cost}"""
    costs = {}
    for vcpus, in_vm in zip(VCPUS, in_vms()):
        plain = straight(vcpus)
        costs.update({name: Cost(*plain[name], *in_vm[name]) for name in in_vm})
    return costs
