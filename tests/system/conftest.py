# SPDX-License-Identifier: MIT
"""Fixtures of the system tests, and what a failure shows."""

import itertools
import pathlib
import re

import pytest

import image
import machine
import network_world

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


@pytest.fixture(scope="module")
def worlds(request):
    """worlds(backend): the machine of the file's own class World, made when it is first asked for,
    and ready for the next test."""
    made = {}

    def world(backend):
        if backend not in made:
            made[backend] = request.module.World(backend)
        return made[backend].ready()
    yield world
    for each in made.values():
        each.close()


@pytest.fixture(scope="session")
def network_worlds():
    """The machines of network_world.py: their tests carry the mark of network_world.on()."""
    made = network_world.Worlds()
    yield made
    made.close()


@pytest.fixture
def world(request, network_worlds, backend):
    """A test's world, whose guests have not complained behind it. After a failure it is made anew."""
    made = network_worlds.get(backend)
    request.node.failed = False
    try:
        yield made
        if not request.node.failed:
            made.settle()
    except Exception:
        request.node.failed = True
        for title, text in what_runs():
            request.node.add_report_section("teardown", title, text)
        raise
    finally:
        if request.node.failed:
            network_worlds.spoil(backend)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    item.failed = getattr(item, "failed", False) or report.failed
    if report.failed and report.when != "teardown":
        report.sections.extend(what_runs())


def what_runs():
    """(title, text) of all machines that run, and of this computer, behind a failure."""
    load = "\n".join(f"{file}: {_first_line(file)}" for file in (
        "/proc/loadavg", *(f"/proc/pressure/{kind}" for kind in ("cpu", "io", "memory"))))
    return [("this computer", load)] + [(f"{each.folder.name}: {title}", "\n".join(text.splitlines()[-TAIL_LINES:]))
            for each in machine.running for title, text in each.reports()]


def _first_line(file):
    try:
        return pathlib.Path(file).read_text().splitlines()[0]
    except OSError as error:
        return error.strerror  # not every kernel tells
