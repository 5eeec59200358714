# SPDX-License-Identifier: MIT
"""The memory of VMs: by which pages it is mapped, that it is clean, and that there may be too
little."""

import dataclasses
import re
import time

import pytest

import guests
import machine
from console import SLOWNESS

ROWS = {row.name: row for row in guests.rows()}
BOTH = pytest.mark.parametrize("backend", guests.BACKENDS)


@pytest.fixture
def host(qemu, bochs):
    """A machine at its prompt with VMs that run this test guest, {name of the VM: its memory}."""
    def start(backend, guest, sizes, **options):
        row = dataclasses.replace(ROWS[guest], memory="16M")
        config = "".join(
            guests.section(dataclasses.replace(row, memory=size))
            .replace(f"[vm {guest}]", f"[vm {name}]") for name, size in sizes.items())
        boot = guests.image_with(config, {guest: guests.BUILT / "tests" / guest,
                                          "guests.txt": guests.TABLE})
        kind, defaults, _ = guests.BACKENDS[backend]
        made = (qemu if kind is machine.Qemu else bochs)(boot, **{**defaults, **options})
        made.expect_prompt()
        return made
    return start


def wait_clean(shell, timeout=60):
    """Waits until idle CPUs have scrubbed all free memory; answers `mem -j`."""
    deadline = time.monotonic() + timeout * SLOWNESS
    while (mem := shell.command_json("mem"))["clean"] != mem["free"]:
        assert time.monotonic() < deadline, mem
        time.sleep(0.2)
    return mem


@BOTH
def test_more_memory_than_there_is(host, backend):
    """A VM that can't have its memory says how much is missing, and holds nothing of it."""
    shell = host(backend, "boot-pvh", {"huge": "100G", "large": "600M", "small": "64M"}, memory=512)
    before = guests.in_use(shell)
    for name, size in (("huge", 102400), ("large", 600)):
        said = shell.command(f"vm start {name}")
        found = re.fullmatch(rf"error: {name} did not start: it needs {size} MiB, and (\d+) MiB are "
                             r"free, the largest block of them (\d+) MiB: stop another VM, or give "
                             r"it less", said.strip())
        assert found, said
        free, largest = map(int, found.groups())
        assert 300 < free < 512 and 64 <= largest <= free, said
        vm = guests.vm_state(shell, name)
        assert vm["state"] == "stopped" and f"it needs {size} MiB" in vm["reason"], vm
        assert guests.in_use(shell) == before
    printed, vm = guests.run_to_end(shell, "small", 60)
    assert "PASS" in printed, printed
    assert guests.settled(shell, before) == before


@BOTH
def test_idle_cpus_scrub_after_boot(host, backend):
    """With nothing else to do they go through all memory once; what that costs is shown."""
    shell = host(backend, "boot-pvh", {"vm": "64M"}, memory=512)
    mem = wait_clean(shell, 60 * guests.BACKENDS[backend][2])
    assert mem["scrubbed"] >= mem["clean"] > 300 << 20
    assert 0 < mem["scrub_ticks_per_mib"] < 1 << 30
    assert re.search(r"^scrubbed so far +\d+ MiB +\d+ us a MiB$", shell.command("mem"), re.M)
    shell.command("vm start vm")
    after = shell.command_json("mem")
    assert after["scrubbed"] - mem["scrubbed"] < 8 << 20  # its memory was clean before


@BOTH
def test_nothing_of_the_last_guest_is_left(host, backend):
    """The guest fails when it finds anything in its memory, and leaves a pattern all over it. Two
    VMs after each other have most of the machine's, hence much of the same."""
    shell = host(backend, "memory", {"first": "320M", "second": "320M"}, memory=512)
    before = guests.in_use(shell)
    for name in ("first", "second", "first"):
        printed, vm = guests.run_to_end(shell, name, 60 * guests.BACKENDS[backend][2])
        assert "PASS memory" in printed, (printed, vm)
        assert guests.settled(shell, before) == before


@pytest.mark.parametrize("backend, machine_size, size, least", [
    # A page of 1 GiB needs a gigabyte in the guest that begins at one, and one in the machine.
    pytest.param("svm", 5120, "2560M", {"1G": 1, "2M": 250}, id="svm"),
    pytest.param("vmx", 2048, "1200M", {"2M": 590}, id="vmx"),
])
def test_largest_pages(host, backend, machine_size, size, least):
    """The second-level tables map memory by the largest pages that alignment allows, right after
    the boot as well as when the machine has settled."""
    shell = host(backend, "memory", {"vm": size}, memory=machine_size)
    before = guests.in_use(shell)
    for settled in (False, True):
        said = shell.command("vm start vm", 120)
        assert "error:" not in said, said
        pages = shell.command_json("vm info vm")["pages"]
        text = shell.command("vm info vm")
        shell.command("vm stop vm --force", 120)
        assert all(pages[kind] >= count for kind, count in least.items()), (settled, pages)
        # 640 KiB to 768 KiB is no RAM, and what is around it is no whole large page.
        assert pages["4K"] < 2 * 512, (settled, pages)
        total = (pages["4K"] << 12) + (pages["2M"] << 21) + (pages["1G"] << 30)
        assert total == (int(size.rstrip("M")) << 20) - (128 << 10), (settled, pages)
        assert (f"by {pages['1G']} x 1 GiB, {pages['2M']} x 2 MiB, {pages['4K']} x 4 KiB" in
                text), text
        assert guests.settled(shell, before, 120) == before
        wait_clean(shell, 120)
