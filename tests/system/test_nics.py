# SPDX-License-Identifier: MIT
"""The machine's own NICs, as the boot finds them; what they carry is in test_network*.py."""

NICS = [("e1000", "03", "82540EM"), ("e1000e", "04", "82574L"), ("e1000-82545em", "05", "82545EM")]


def test_each_nic_is_named_at_boot(qemu):
    extra = []
    for number, (model, slot, _) in enumerate(NICS):
        extra += ["-netdev", f"user,id=n{number}",
                  "-device", f"{model},netdev=n{number},addr={slot},mac=52:54:00:00:00:0{number}"]
    machine = qemu(extra=extra)
    machine.expect_prompt()
    log = machine.command("log info")
    for number, (_, slot, part) in enumerate(NICS):
        assert (f"e1000:{number} is 00:{slot}.0, an {part}, 52:54:00:00:00:0{number}, link up"
                in log)
