#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`make soak`: boots again and again, QEMU and Bochs, with changing numbers of CPUs. Each machine
has to reach its prompt, answer, and power off. Then VMs: as many starts and stops, after which
nothing is left, and MANY of them at once. Usage: soak.py QEMU-TIMES BOCHS-TIMES CYCLES"""

import sys
import time

import guests
import image
from machine import SVM, VMX, Bochs, Options, Qemu

CPUS = (1, 2, 8, 3)
MANY = 200  # VMs at once, on 4 GiB
BATCH = 10  # commands typed ahead
TAIL_LINES = 40


def boot(kind, options, name, work=lambda machine: None):
    """None when all went well, also with `work`, else what a person needs to see."""
    machine = kind.__new__(kind)
    try:
        machine.__init__(options, image.TEST / "logs" / name)
        machine.expect_prompt()
        assert machine.command("version").startswith("Ashlar "), "no answer to version"
        work(machine)
        machine.console.type_line("poweroff")
        assert machine.powered_off(), "poweroff did not power it off"
        return None
    except Exception as error:  # whatever it is, the others are still to be booted
        tails = ["\n".join([f"-- {title}", *text.splitlines()[-TAIL_LINES:]])
                 for title, text in machine.reports()]
        return "\n".join([f"{name}: {type(error).__name__}: {error}", *tails])
    finally:
        machine.close()


def small_vms(count):
    config = "".join(f"[vm s{n}]\nmemory = 8M\nkernel = heartbeat\nautostart = no\n"
                     for n in range(count))
    return guests.image_with(config, {"heartbeat": guests.BUILT / "tests/heartbeat"})


def all_at_once(machine, lines):
    for at in range(0, len(lines), BATCH):
        said = machine.commands(lines[at:at + BATCH], 120)
        assert set(said) == {""}, said


def cycles(machine, count):
    """Starts and stops a small VM; whatever it has used comes back."""
    before = guests.in_use(machine)
    all_at_once(machine, ["vm start s0", "vm stop s0 --force"] * count)
    assert guests.settled(machine, before) == before


def many(machine):
    """All of them run, and afterwards hold nothing."""
    before = guests.in_use(machine)
    all_at_once(machine, [f"vm start s{n}" for n in range(MANY)])
    states = [vm["state"] for vm in machine.command_json("vm list")]
    assert states == ["running"] * MANY, states
    all_at_once(machine, [f"vm stop s{n} --force" for n in range(MANY)])
    assert guests.settled(machine, before) == before


def main():
    qemu_times, bochs_times, times = map(int, sys.argv[1:])
    made, begin, failed = image.image(), time.monotonic(), 0
    runs = [(Qemu, Options(made, cpu=SVM, smp=CPUS[n % 4], iommu=("intel", "amd")[n % 2]),
             f"soak-qemu-{n}") for n in range(qemu_times)]
    runs += [(Bochs, Options(made, cpu=VMX, smp=1 + n % 2, memory=512), f"soak-bochs-{n}")
             for n in range(bochs_times)]
    runs = [(*run, lambda machine: None) for run in runs]
    runs += [(Qemu, Options(small_vms(1), smp=2, parallel=False), "soak-cycles",
              lambda machine: cycles(machine, times)),
             (Qemu, Options(small_vms(MANY), smp=4, memory=4096, parallel=False), "soak-many", many)]
    for n, (kind, options, name, work) in enumerate(runs, 1):
        said = boot(kind, options, name, work)
        if said:
            failed += 1
            print(said)
        if n % 10 == 0 or n == len(runs):
            print(f"{n} of {len(runs)} machines, {failed} failed, "
                  f"{time.monotonic() - begin:.0f} s", flush=True)
    print(f"soak: {len(runs) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
