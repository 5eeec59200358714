# SPDX-License-Identifier: MIT
"""What the whole of Debian's Linux costs as a guest, beside the same straight on the same machine:
guests/linux/measure.c prints ticks of the TSC. With icount a tick is an instruction; without, ticks
are the host's time. tools/bench.py prints the figures."""

import re
import subprocess
from dataclasses import dataclass
from statistics import median

import guests
import image
import machine
from console import SLOWNESS

LINUX = guests.BUILT / "linux"
MEMORY = 256  # MiB
# Where programs lie makes a difference of half a percent: in all runs at the same places.
COMMAND_LINE = "console=ttyS0 quiet norandmaps"
LINE = r"figure (\w+) (\d+)"
ICOUNT = ["-icount", "shift=0,sleep=off", "-rtc", "base=2020-01-01,clock=vm"]
END = r"figures: end"
PAIRS = 5

# (figure, what it is, KVM+QEMU's, at most): the guest's over straight.
COUNTED = [("boot", "boot, from the CPU's start to the shell", 1.067, 1.015),
           ("programs", "50 fork+exec", 1.12, 1.03),
           ("memory", "32 MiB written into fresh memory", 1.37, 1.02)]
TIMED = [("boot", "boot, from the CPU's start to the shell", 1.77, 1.4),
         ("programs", "50 fork+exec", 1.8, 1.6)]

START_MAX = 5_000_000  # instructions of `vm start` for 10 MiB of files, to the first of the guest
BEYOND_MAX = 512 << 10  # bytes that a VM with one vCPU needs beyond its memory


def figures(printed):
    """{figure: ticks}"""
    assert re.search(END, printed), printed
    return {name: int(ticks) for name, ticks in re.findall(LINE, printed)}


def straight(counted):
    argv = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", machine.SVM, "-smp", 1,
            "-m", MEMORY, "-nodefaults", "-no-user-config", "-display", "none",
            "-serial", "stdio", "-no-reboot", "-kernel", LINUX / "vmlinuz",
            "-initrd", LINUX / "measure.img", "-append", COMMAND_LINE]
    done = subprocess.run([str(word) for word in argv + (ICOUNT if counted else [])],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=200 * SLOWNESS,
                          text=True)
    return figures(done.stdout)


@dataclass
class Guest:
    figures: dict     # as straight's; boot is from the guest's first instruction
    start: int        # ticks of `vm start`, to that
    files: int        # bytes that were copied for it
    scrub: int        # ticks for each MiB that is cleaned in the background
    beyond: int       # bytes of memory that the VM needs beyond its own


def boot_image():
    config = (f"[vm linux]\nmemory = {MEMORY}M\nvcpus = 1\nkernel = vmlinuz\n"
              f"initrd = measure.img\ncmdline = {COMMAND_LINE}\nautostart = no\n")
    return guests.image_with(config, {name: LINUX / name for name in ("vmlinuz", "measure.img")})


def in_a_vm(counted):
    host = machine.Qemu(machine.Options(image=boot_image(), icount=counted),
                        image.TEST / "logs/bench-linux")
    try:
        host.expect_prompt(60)
        guests.wait_clean(host)
        before = guests.in_use(host)["frames"]
        host.command("vm start linux")
        after = host.command_json("mem")
        info = host.command_json("vm info linux")
        own = info["pages"]["4K"] + 512 * info["pages"]["2M"] + (1 << 18) * info["pages"]["1G"]
        beyond = (after["used"]["frames"] - before - own) * 4096
        host.console.type_line("console linux")
        host.expect(END, 300)
        got = figures(host.serial_text())
        got["boot"] -= info["start_tsc"]
        files = sum((LINUX / name).stat().st_size for name in ("vmlinuz", "measure.img"))
        return Guest(got, info["start_ticks"], files, after["scrub_ticks_per_mib"], beyond)
    finally:
        host.close()


def counted():
    """({figure: guest over straight}, Guest), of instructions."""
    plain, guest = straight(True), in_a_vm(True)
    return {name: guest.figures[name] / plain[name] for name in plain}, guest


def timed(pairs=PAIRS):
    """{figure: guest over straight}, of the medians of as many alternating runs."""
    plain, guest = [], []
    for _ in range(pairs):
        plain.append(straight(False))
        guest.append(in_a_vm(False).figures)
    return {name: median(one[name] for one in guest) / median(one[name] for one in plain)
            for name in plain[0]}
