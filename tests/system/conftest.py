# SPDX-License-Identifier: MIT
"""Fixtures of the system tests, and what a failure shows."""

import itertools
import re

import pytest

import image
import machine

TAIL_LINES = 60
counter = itertools.count()


def make_machine(request, kind, options):
    """A machine that is closed at the end of the fixture's scope, even when it doesn't come up."""
    name = re.sub(r"\W+", "-", request.node.name).strip("-") or "shared"
    holder = []
    request.addfinalizer(lambda: [made.close() for made in holder])
    folder = image.TEST / "logs" / f"{name}-{next(counter)}"
    made = kind.__new__(kind)
    holder.append(made)
    made.__init__(options, folder)
    return made


@pytest.fixture
def qemu(request):
    """qemu(memory=2048, ...): a QEMU machine with these machine.Options, from the demo's image."""
    def start(boot=None, **options):
        return make_machine(request, machine.Qemu,
                            machine.Options(image=boot or image.image(), **options))
    return start


@pytest.fixture
def bochs(request):
    """bochs(cpu=..., smp=2): a Bochs machine."""
    def start(boot=None, cpu=machine.VMX, memory=512, **options):
        return make_machine(request, machine.Bochs,
                            machine.Options(image=boot or image.image(), cpu=cpu, memory=memory,
                                            **options))
    return start


@pytest.fixture(scope="module")
def shell(request):
    """One QEMU machine at the prompt for all tests of a file that leave it as it was. They carry
    the mark xdist_group, so that one process runs them all."""
    made = make_machine(request, machine.Qemu,
                        machine.Options(image=image.image(), smp=2, iommu="intel"))
    made.expect_prompt()
    return made


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed and report.when != "teardown":
        for each in machine.running:
            for title, text in each.reports():
                tail = "\n".join(text.splitlines()[-TAIL_LINES:])
                report.sections.append((f"{each.folder.name}: {title}", tail))
