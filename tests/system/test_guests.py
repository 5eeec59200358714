# SPDX-License-Identifier: MIT
"""The test guests of guests/tests, in VMs on both backends and straight on an emulated machine."""

import re

import pytest

import guests

ROWS = {row.name: row for row in guests.rows()}
# What Bochs' SVM does not get wrong by itself: see docs/testing.md.
ON_RYZEN = ["cpuid", "halt", "apic", "control-registers", "real-mode", "boot-pvh", "memory",
            "instructions", "virtualisation", "ioapic", "hpet", "pause", "hypercall", "cache",
            "pmu", "monitor", "xsave", "user-mode", "nobody", "msr", "interrupts", "apart"]
ON_QEMU_ALONE = [row for row in ROWS.values() if row.vcpus > 2]  # Bochs has two CPUs to run them


def in_vms():
    """(backend, name); one process runs all of a backend, so that they share a machine."""
    for backend in guests.BACKENDS:
        mark = pytest.mark.xdist_group(f"guests-{backend}")
        for row in ROWS.values():
            if row.ends == "-":
                continue
            if backend == "svm" or row not in ON_QEMU_ALONE:
                limit = 200 + row.seconds * guests.BACKENDS[backend][2]
                yield pytest.param(backend, row.name, id=f"{row.name}-{backend}",
                                   marks=[mark, pytest.mark.timeout(limit)])


@pytest.fixture(scope="module")
def hosts():
    made = {}

    def host(backend):
        if backend not in made:
            made[backend] = guests.Host(backend, guests.image_of_rows(ROWS.values()),
                                        smp=4 if backend == "svm" else 2)
        return made[backend]
    yield host
    for each in made.values():
        each.close()


@pytest.mark.parametrize("backend, name", in_vms())
def test_in_a_vm(hosts, backend, name):
    """It passes, or its VM stops for the right reason; and everything it used comes back."""
    row, host = ROWS[name], hosts(backend)
    shell = host.ready()
    before = guests.in_use(shell)
    try:
        printed, vm = guests.run_to_end(shell, name, row.seconds * host.slowness)
    except Exception:
        host.spoil()
        raise
    assert vm["state"] == "stopped", vm
    if row.ends == "pass":
        assert f"PASS {name}\n" in printed + "\n", printed
        assert re.search(r"debug exit with status 0\b", vm["reason"]), vm
    else:
        assert "FAIL" not in printed, printed
        assert re.search(row.ends, vm["reason"]), vm
    assert guests.settled(shell, before) == before


@pytest.fixture(scope="module")
def ryzen():
    """Bochs' SVM, which gives next RIPs and flushes by ASID; QEMU's does neither."""
    rows = [ROWS[name] for name in ON_RYZEN]
    host = guests.Host("vmx", guests.image_of_rows(rows), cpu="ryzen", smp=2)
    yield host
    host.close()


@pytest.mark.xdist_group("guests-ryzen")
@pytest.mark.parametrize("name", ON_RYZEN)
def test_on_svm_with_next_rip(ryzen, name):
    """The paths of SVM that QEMU's CPU does not have."""
    row, shell = ROWS[name], ryzen.ready()
    try:
        printed, vm = guests.run_to_end(shell, name, row.seconds * ryzen.slowness)
    except Exception:
        ryzen.spoil()
        raise
    assert f"PASS {name}\n" in printed + "\n", (printed, vm)


APART_MS = {"svm": 10000, "vmx": 3000}  # hundreds of time slices


@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_two_on_one_cpu_keep_their_registers(backend, request):
    """What a CPU has one of (debug registers, MSRs, XCR0, XMM) belongs to each of two VMs."""
    row = ROWS["apart"]
    names = ["apart-1", "apart-2"]
    config = "".join(guests.section(row).replace("[vm apart]", f"[vm {name}]")
                     .replace("cmdline = ", f"cmdline = id={name[-1]} ms={APART_MS[backend]} ")
                     for name in names)
    files = {row.name: guests.BUILT / "tests" / row.name, "guests.txt": guests.TABLE}
    host = guests.Host(backend, guests.image_with(config, files), smp=1)
    request.addfinalizer(host.close)
    shell = host.ready()
    for name in names:
        assert "error:" not in shell.command(f"vm start {name}")
    states = [guests.vm_state(shell, name) for name in names]
    assert all(vm["state"] == "running" for vm in states), states
    for name in names:
        printed = shell.command(f"console {name}", row.seconds * 2 * host.slowness)
        assert "PASS apart" in printed, printed


# QEMU itself loads neither multiboot2 nor a bzImage without its 16-bit code.
@pytest.mark.parametrize("name", [row.name for row in ROWS.values() if row.ends == "pass"
                                  and row.load in ("pvh", "multiboot1", "firmware")])
def test_straight_on_the_machine(name):
    """What a guest expects of a CPU and of devices is what a machine does."""
    printed, status = guests.straight(ROWS[name])
    assert printed.endswith(f"PASS {name}\n") and status == 0, (printed, status)
