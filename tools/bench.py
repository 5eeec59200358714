#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`make bench`: measures the figures to reach and prints them beside their targets. The exit
status is 1 when one is missed.

tools/bench.py [PART...]: the parts are host (sizes, boot, the switch, idle interrupts), guest (what
single operations of a guest cost), life (many VMs on one CPU, in virtual time), linux (a whole
Linux, in instructions), network (two of them and what goes between) and time (Linux by the clock,
which says little on a busy computer); without one, all.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/system"))

import figures
import image
import life_figures
import linux_figures
import network_figures
import operations
from machine import Options, Qemu

missed = []


def row(what, value, limit=None):
    verdict = "" if limit is None else f"under {limit:,}" + ("" if value < limit else "  MISSED")
    if limit is not None and value >= limit:
        missed.append(what)
    print(f"{what:<44} {value:>14,}  {verdict}", flush=True)


def at_the_prompt(name, measure, **options):
    """measure(machine) of a QEMU machine that has come to its prompt."""
    machine = Qemu.__new__(Qemu)
    try:
        machine.__init__(Options(image=image.image(), **options), image.TEST / "logs" / name)
        machine.expect_prompt()
        return measure(machine)
    finally:
        machine.close()


def host():
    text, data, bss = figures.image_sizes()
    row("image: text (bytes)", text)
    row("image: data", data)
    row("image: bss", bss)
    row("image: all", text + data + bss, figures.IMAGE_MAX)

    figure, ticks, *less = at_the_prompt("bench-boot", figures.boot_instructions, icount=True)
    row("boot: instructions to the prompt, all", ticks)
    for name, value in zip(("calibration", "waits", "scrubbing"), less):
        row(f"boot: of those in {name}", value)
    row("boot: the others", figure, figures.BOOT_MAX)

    for what, alone, copied in at_the_prompt("bench-switch", figures.switch_costs, icount=True):
        row(what, alone, None if "broadcast" in what else figures.SWITCH_MAX)
        row("    with the copy", copied)

    for cpus in (1, 2, 8):
        counts = at_the_prompt(f"bench-idle-{cpus}", figures.idle_interrupts, smp=cpus)
        row(f"idle: interrupts in {figures.IDLE_SECONDS} s, {cpus} CPUs, busiest", max(counts),
            figures.IDLE_MAX)


def guest():
    """Instructions of one operation: straight, in a VM, and what that adds."""
    print(f"{'one guest operation, instructions':<39}{'straight':>9}{'VM':>8}"
          f"{'+ min':>8}{'+ mean':>10}{'at most':>9}{'KVM+QEMU':>10}")
    costs = operations.measure()
    for each in operations.OPERATIONS:
        cost = costs[each.name]
        targets = "" if each.limit is None else f"{each.limit:>9,}{each.kvm:>10,}"
        if not cost.within(each.limit):
            missed.append(each.name)
            targets += "  MISSED"
        print(f"{each.what:<39}{cost.straight_min:>9,}{cost.vm_min:>8,}{cost.minimum():>8,}"
              f"{cost.mean():>10,.1f}{targets}", flush=True)


def ratios(rows, measured, title):
    print(f"{title:<52}{'KVM+QEMU':>10}{'at most':>9}{'Ashlar':>9}")
    for name, what, kvm, limit in rows:
        verdict = "" if measured[name] <= limit else "  MISSED"
        if verdict:
            missed.append(f"{name} ({title})")
        print(f"{what:<52}{kvm:>10}{limit:>9}{measured[name]:>9.4f}{verdict}", flush=True)


def linux():
    measured, vm = linux_figures.counted()
    ratios(linux_figures.COUNTED, measured, "Linux in a VM over straight, instructions")
    row(f"start with {vm.files:,} bytes of files (ticks)", vm.start, linux_figures.START_MAX)
    row("scrubbing in the background, a MiB (ticks)", vm.scrub)
    row("memory beyond the guest's own (bytes)", vm.beyond, linux_figures.BEYOND_MAX)


def time():
    ratios(linux_figures.TIMED, linux_figures.timed(), "Linux in a VM over straight, wall time")


def life():
    """Many VMs on one CPU, in virtual time."""
    taken = life_figures.starts()
    for n, ns in taken.items():
        row(f"{n} VMs start: us in all; a VM {ns // n // 1000:,}", ns // 1000,
            life_figures.START_ALL_MAX // 1000 if n == life_figures.MANY else None)
    for command, ns in life_figures.answers().items():
        row(f"answer beside hogs (us): {command}", ns // 1000, life_figures.ANSWER_MAX // 1000)
    for command, ms in life_figures.answers_by_the_clock().items():
        row(f"answer on 4 busy CPUs, by the clock (ms): {command}", ms)
    least, median, most = life_figures.switch()
    row("from a vCPU to the other: instructions", median, life_figures.SWITCH_MAX)
    row("the same, least", least)
    row("the same, most", most)
    row("idle Linux, millionths of a CPU", round(life_figures.idle() * 1e6),
        round(life_figures.IDLE_MAX * 1e6))


def network():
    """Two Linux guests on one switch, and the switch by itself."""
    measured = network_figures.measure()
    print(f"{'the network, everything counted':<52}{'KVM+QEMU':>12}{'at most':>12}{'Ashlar':>12}")
    for name, (what, kvm, limit) in network_figures.LIMITS.items():
        verdict = "" if measured[name] <= limit else "  MISSED"
        if verdict:
            missed.append(what)
        print(f"{what:<52}{'-' if kvm is None else format(kvm, ','):>12}{limit:>12,}"
              f"{measured[name]:>12,}{verdict}", flush=True)
    for name, what in network_figures.SHOWN.items():
        print(f"{what:<52}{'-':>12}{'-':>12}{measured[name]:>12,}", flush=True)


PARTS = {"host": host, "guest": guest, "life": life, "linux": linux, "network": network,
         "time": time}


def main():
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
    print(f"bench: {'missed: ' + ', '.join(missed) if missed else 'all targets reached'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
