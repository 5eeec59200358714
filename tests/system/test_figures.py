# SPDX-License-Identifier: MIT
"""The figures to reach."""

import pytest

import figures
import life_figures
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


def test_frames_through_a_switch(qemu):
    machine = qemu(icount=True)
    machine.expect_prompt()
    costs = figures.switch_costs(machine)
    print(costs)
    for what, alone, copied in costs[:2]:  # the third is a frame to all
        assert 50 < alone < figures.SWITCH_MAX, what
        assert alone < copied < alone + 200, what


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
    for name in ("boot", "programs", "memory"):
        limit = next(row[3] for row in linux_figures.COUNTED if row[0] == name)
        assert measured[name] <= limit
    assert vm.beyond < linux_figures.BEYOND_MAX


@pytest.mark.timeout(600)
def test_starts():
    """32 small VMs start within a virtual second, and the last ones as fast as the first."""
    taken = life_figures.starts()
    print(taken)
    assert taken[life_figures.MANY] < life_figures.START_ALL_MAX
    assert taken[32] / 32 < 1.3 * taken[8] / 8


@pytest.mark.timeout(600)
def test_answers_beside_hogs():
    taken = life_figures.answers()
    print(taken)
    assert max(taken.values()) < life_figures.ANSWER_MAX


def test_switch():
    """From one vCPU to the other on a CPU."""
    least, median, most = life_figures.switch()
    print(least, median, most)
    assert median < life_figures.SWITCH_MAX


@pytest.mark.timeout(600)
def test_idle_linux():
    assert life_figures.idle() < life_figures.IDLE_MAX
