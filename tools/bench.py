#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`make bench`: measures the figures to reach and prints them beside their targets. The exit
status is 1 when one is missed."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/system"))

import figures
import image
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


def main():
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

    for cpus in (1, 2, 8):
        counts = at_the_prompt(f"bench-idle-{cpus}", figures.idle_interrupts, smp=cpus)
        row(f"idle: interrupts in {figures.IDLE_SECONDS} s, {cpus} CPUs, busiest", max(counts),
            figures.IDLE_MAX)

    print(f"bench: {'missed: ' + ', '.join(missed) if missed else 'all targets reached'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
