# SPDX-License-Identifier: MIT
"""What many VMs cost on one CPU, in virtual time: a nanosecond an instruction. tools/bench.py prints
the figures, test_figures.py asserts them."""

import json
import re
import time

import guests
import image
import machine
from guests import small_vm

MANY = 32
STEPS = (1, 2, 4, 8, 16, 32)
START_ALL_MAX = 1_000_000_000  # ns for MANY starts
SWITCH_MAX = 2_000             # instructions between two vCPUs
ANSWER_MAX = 100_000_000       # ns for a command, with the CPU busy
IDLE_MAX = 0.01                # of a CPU, for an idle Linux
IDLE_SECONDS = 10
LINUX = guests.BUILT / "linux"
COMMANDS = ("vm list", "vm list -j", "vm info s1", "mem", "mem -j", "cpu", "irq", "pci", "log info",
            "help", "vm stats s1")


def host(folder, config, files, **more):
    """A machine that counts instructions, at its prompt, with clean memory."""
    made = machine.Qemu(machine.Options(image=guests.image_with(config, files), icount=True, **more),
                        image.TEST / "logs" / folder)
    try:
        made.expect_prompt(60)
        guests.wait_clean(made, 300)
        return made
    except Exception:
        made.close()
        raise


def tests(*names):
    return {name: guests.BUILT / "tests" / name for name in names}


LOOK = "vm info s1 -j"


def starts():
    """{n: ns from the first `vm start` to the answer to the nth}, of small VMs side by side."""
    names = [f"s{n}" for n in range(1, MANY + 1)]
    shell = host("bench-starts", "".join(small_vm(name, "heartbeat") for name in names),
                 tests("heartbeat"), memory=2048)
    try:
        # Typed ahead: the clock of an idle machine runs on while this computer is slow to type.
        lines = [LOOK]
        for n, name in enumerate(names, 1):
            lines += [f"vm start {name}"] + ([LOOK] if n in STEPS else [])
        said = shell.commands(lines, 300)
        assert {text for line, text in zip(lines, said) if line != LOOK} == {""}
        begin, *ends = (json.loads(text)["now_ns"] for line, text in zip(lines, said)
                        if line == LOOK)
        for name in names:  # each has entered its guest
            while shell.command_json(f"vm info {name}")["start_ticks"] == 0:
                time.sleep(0.1)
        return {n: end - begin for n, end in zip(STEPS, ends)}
    finally:
        shell.close()


def answers():
    """{command: ns until its prompt}, while four VMs compute."""
    names = [f"s{n}" for n in range(1, 5)]
    shell = host("bench-answers", "".join(small_vm(name, "hog", cmdline="seconds=0")
                                          for name in names), tests("hog"))
    try:
        assert set(shell.commands([f"vm start {name}" for name in names])) == {""}
        return {command: guests.answer_ns(shell, command, names[0])[1]
                for command in ("version", *COMMANDS)}
    finally:
        shell.close()


def answers_by_the_clock():
    """{command: ms until its prompt} by this computer's clock, on four CPUs, each a thread of the
    emulator, all of which have VMs that compute."""
    names = [f"s{n}" for n in range(1, 5)]
    boot = guests.image_with("".join(small_vm(name, "hog", cmdline="seconds=0")
                                     for name in names), tests("hog"))
    shell = machine.Qemu(machine.Options(image=boot, smp=4, parallel=True),
                         image.TEST / "logs" / "bench-answers-clock")
    try:
        shell.expect_prompt(60)
        assert set(shell.commands([f"vm start {name}" for name in names])) == {""}
        taken = {}
        for command in ("version", *COMMANDS):
            begin = time.monotonic()
            shell.command(command)
            taken[command] = round((time.monotonic() - begin) * 1000)
        return taken
    finally:
        shell.close()


def switch():
    """(least, median, most) instructions from the one vCPU to the other on a CPU that both want."""
    shell = host("bench-switch", small_vm("s1", "turns", memory="16M", vcpus=2), tests("turns"))
    try:
        said, _ = guests.run_to_end(shell, "s1", 120)
        found = re.search(r"least (\d+), median (\d+), most (\d+)", said)
        assert found, said
        return tuple(map(int, found.groups()))
    finally:
        shell.close()


def idle():
    """Of a CPU, what an idle Linux takes."""
    shell = host("bench-idle-linux", small_vm(
        "s1", "vmlinux", memory="256M", initrd="initrd.img", cmdline="console=ttyS0 quiet"),
                 {name: LINUX / name for name in ("vmlinux", "initrd.img")}, memory=1024)
    try:
        shell.command("vm start s1")
        shell.console.type_line("console s1")
        shell.expect(r"linux-ready", 300)
        shell.console.send(guests.LEAVE)
        shell.expect_prompt()

        def look():
            info = shell.command_json("vm info s1")
            return info["now_ns"], info["cpus"][0]["cpu_ns"]

        def let_pass(seconds):
            begin = now = look()
            while now[0] - begin[0] < seconds * 1e9:
                now = look()
            return (now[1] - begin[1]) / (now[0] - begin[0])
        let_pass(2)
        return let_pass(IDLE_SECONDS)
    finally:
        shell.close()
