# SPDX-License-Identifier: MIT
"""The figures to reach."""

import pytest

import figures


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
