# SPDX-License-Identifier: MIT
"""VMX on processors with more and with less of it, and with `apicv` as it may be set: some test guests on
each. All of them run on a Haswell in test_guests.py."""

import re

import pytest

import guests
import machine

ROWS = {row.name: row for row in guests.rows()}
NAMES = ["apic", "x2apic", "interrupts", "ioapic", "control-registers", "memory", "real-mode", "task-switch",
         "task-gate"]
CAREFUL = "carried out by the CPU, but for writes: it would deliver what is masked"
MACHINES = [
    # what it is, processor, lines of [host], what the log says of local APICs
    pytest.param(machine.VMX, "", CAREFUL, id="haswell"),
    pytest.param(machine.VMX, "apicv = on", "carried out by the CPU", id="haswell-apicv-on"),
    pytest.param(machine.VMX, "apicv = off", "emulated: apicv = off", id="haswell-apicv-off"),
    # PML, XSAVES, TSC scaling
    pytest.param("corei7_skylake_x", "", CAREFUL, id="skylake"),
    # EPT without accessed and dirty flags and 1 GiB pages; no APIC virtualisation
    pytest.param("corei7_sandy_bridge_2600k", "", None, id="sandy-bridge"),
]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("cpu, host_lines, apic", MACHINES)
def test_guests_on_other_processors(request, cpu, host_lines, apic):
    config, files = guests.config_of_rows([ROWS[name] for name in NAMES])
    host = guests.Host("vmx", guests.image_with(f"[host]\n{host_lines}\n{config}", files), cpu=cpu,
                       smp=2)
    request.addfinalizer(host.close)
    shell = host.ready()
    said = re.search(r"guests' local APICs are (.*?)\r?\n", shell.command("log"))
    assert (said and said[1].strip()) == apic
    for name in NAMES:
        row = ROWS[name]
        printed, vm = guests.run_to_end(shell, name, row.seconds * host.slowness)
        assert "FAIL" not in printed, printed
        ends = r"debug exit with status 0\b" if row.ends == "pass" else row.ends
        assert re.search(ends, vm["reason"]), (name, printed, vm)
