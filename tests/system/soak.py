#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`make soak`: boots again and again, QEMU and Bochs, with changing numbers of CPUs. Each machine
has to reach its prompt, answer, and power off. Usage: soak.py QEMU-TIMES BOCHS-TIMES"""

import sys
import time

import image
from machine import SVM, VMX, Bochs, Options, Qemu

CPUS = (1, 2, 8, 3)
TAIL_LINES = 40


def boot(kind, options, name):
    """None when all went well, else what a person needs to see."""
    machine = kind.__new__(kind)
    try:
        machine.__init__(options, image.TEST / "logs" / name)
        machine.expect_prompt()
        assert machine.command("version").startswith("Ashlar "), "no answer to version"
        machine.console.type_line("poweroff")
        assert machine.powered_off(), "poweroff did not power it off"
        return None
    except Exception as error:  # whatever it is, the others are still to be booted
        tails = ["\n".join([f"-- {title}", *text.splitlines()[-TAIL_LINES:]])
                 for title, text in machine.reports()]
        return "\n".join([f"{name}: {type(error).__name__}: {error}", *tails])
    finally:
        machine.close()


def main():
    qemu_times, bochs_times = int(sys.argv[1]), int(sys.argv[2])
    made, begin, failed = image.image(), time.monotonic(), 0
    runs = [(Qemu, Options(made, cpu=SVM, smp=CPUS[n % 4], iommu=("intel", "amd")[n % 2]),
             f"soak-qemu-{n}") for n in range(qemu_times)]
    runs += [(Bochs, Options(made, cpu=VMX, smp=1 + n % 2, memory=512), f"soak-bochs-{n}")
             for n in range(bochs_times)]
    for n, (kind, options, name) in enumerate(runs, 1):
        said = boot(kind, options, name)
        if said:
            failed += 1
            print(said)
        if n % 10 == 0 or n == len(runs):
            print(f"{n} of {len(runs)} boots, {failed} failed, "
                  f"{time.monotonic() - begin:.0f} s", flush=True)
    print(f"soak: {len(runs) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
