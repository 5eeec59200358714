# SPDX-License-Identifier: MIT
"""What Debian's Linux makes of a VM's PCI: addresses as firmware left them, and interrupts as the
DSDT routes them, to the I/O APIC and to the 8259s."""

import re

import pytest

import guests
from test_guest_linux import Linux, boot_image

FUNCTION = "/sys/bus/pci/devices/0000:00:1f.0"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("arguments, irq", [("", "19"), ("noapic", "11")])
def test_linux_takes_firmwares_addresses_and_our_routes(qemu, arguments, irq):
    _, options, slowness = guests.BACKENDS["svm"]
    boot = boot_image("vmlinux", 1, arguments=f"{arguments}\npci-test = on")
    guest = Linux(qemu(boot, smp=1, **options), slowness)
    log = guest.wait_shell()
    bars = re.findall(r"pci 0000:00:1f\.0: (?:reg 0x\w+:|BAR \d) \[(.*)\]", log)
    assert bars == ["mem 0xc0000000-0xc0000fff 64bit pref", "io  0x1000-0x103f",
                    "mem 0xc0001000-0xc0001fff"], log
    assert not re.search(r"can't (?:assign|claim)|conflict|no compatible bridge|routing table", log)
    guest.run(f"P={FUNCTION}")
    guest.run("echo 1 > $P/enable")  # no driver does it
    assert guest.run("cat $P/irq") == irq
    assert guest.run("cat $P/vendor") == "0xa51a"
    guest.host.console.send(guests.LEAVE)
    guest.host.expect_prompt(20)
    devices = [(d["name"], d["base"], d["irqs"])
               for d in guest.host.command_json("vm info linux")["devices"]
               if d["name"] == "pci test"]
    assert devices == [("pci test", base, [19]) for base in (0x1000, 0xc0000000, 0xc0001000)]
