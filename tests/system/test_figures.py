# SPDX-License-Identifier: MIT
"""The figures to reach."""

import pytest

import figures
import linux_figures
import operations


def test_image_size():
    assert sum(figures.image_sizes()) < figures.IMAGE_MAX


def test_instructions_to_the_prompt(qemu):
    machine = qemu(icount=True)
    machine.expect_prompt()
    figure, *parts = figures.boot_instructions(machine)
    print(f"boot: {figure} instructions; all, calibration, waits, scrubbing: {parts}")
    assert figure < figures.BOOT_MAX


@pytest.mark.parametrize("cpus", [1, 2, 8])
def test_idle_interrupts(qemu, cpus):
    machine = qemu(smp=cpus)
    machine.expect_prompt()
    counts = figures.idle_interrupts(machine)
    print(f"interrupts in {figures.IDLE_SECONDS} s: {counts}")
    assert len(counts) == cpus
    assert max(counts) < figures.IDLE_MAX


def test_operations():
    """None costs as much as under KVM with QEMU, by its minimum and its mean; what has
    reached its target stays there. `make bench BENCH=guest` prints all beside their targets."""
    costs = operations.measure()
    assert set(costs) == {each.name for each in operations.OPERATIONS}
    for each in operations.OPERATIONS:
        if each.kvm is not None:
            assert costs[each.name].within(each.kvm), (each, costs[each.name])
    assert costs["first-touch"].within(0)


@pytest.mark.timeout(900)
def test_linux():
    """Instructions of a whole Linux as a guest, beside the same straight on the machine."""
    measured, vm = linux_figures.counted()
    print(f"{measured}, {vm}")
    for name in ("boot", "memory"):
        limit = next(row[3] for row in linux_figures.COUNTED if row[0] == name)
        assert measured[name] <= limit
    assert vm.beyond < linux_figures.BEYOND_MAX
