# SPDX-License-Identifier: MIT
"""The figures to reach, measured: tools/bench.py prints them, test_figures.py asserts them."""

import re
import subprocess
import time

import image

IMAGE_MAX = 768 * 1024
BOOT_MAX = 50_000_000
SWITCH_MAX = 250  # instructions of a frame in the switch, besides its copy
SWITCHES = 10
IDLE_SECONDS = 10
IDLE_MAX = 20

# The kernel's own line: a tick is an instruction under -icount.
BOOT_LINE = (r"boot: (\d+) ticks to the prompt, (\d+) in calibration, (\d+) in waits, "
             r"(\d+) in scrubbing")


def image_sizes():
    """(text, data, bss) of the image, in bytes."""
    out = subprocess.run(["size", image.KERNEL], check=True, capture_output=True, text=True).stdout
    return tuple(int(word) for word in out.splitlines()[1].split()[:3])


def boot_instructions(machine):
    """(figure, all, calibration, waits, scrubbing) of a machine with icount and one CPU."""
    match = re.search(BOOT_LINE, machine.serial_text())
    if match is None:
        match = re.search(BOOT_LINE, machine.command("log"))
    ticks = [int(word) for word in match.groups()]
    return (ticks[0] - sum(ticks[1:]), *ticks)


def switch_costs(machine):
    """[(what, instructions of a frame, the same with its copy)] of a machine with icount: the
    worst of SWITCHES, each of which has a secret by which it spreads its addresses."""
    runs = [machine.command_json("bench switch") for _ in range(SWITCHES)]
    return [(rows[0]["what"], *(max(row[key] for row in rows) for key in ("ticks", "with_copy")))
            for rows in zip(*runs)]


def interrupts_by_cpu(machine):
    """Interrupts that each CPU has had."""
    rows = machine.command_json("irq")
    return [sum(counts) for counts in zip(*(row["per_cpu"] for row in rows))]


def idle_interrupts(machine):
    """The interrupts each CPU has had in IDLE_SECONDS at the prompt."""
    machine.command("version")  # what the shell does once is done
    before = interrupts_by_cpu(machine)
    time.sleep(IDLE_SECONDS)
    return [after - earlier for earlier, after in zip(before, interrupts_by_cpu(machine))]
