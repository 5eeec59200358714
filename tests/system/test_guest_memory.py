# SPDX-License-Identifier: MIT
"""The memory of VMs: by which pages it is mapped, that it is clean, and that there may be too
little."""

import dataclasses
import re
import time

import pytest

import guests
import image
import machine
import test_guest_linux as linux
from console import SLOWNESS

ROWS = {row.name: row for row in guests.rows()}
BOTH = pytest.mark.parametrize("backend", guests.BACKENDS)


@pytest.fixture
def host(qemu, bochs):
    """A machine at its prompt with VMs that run this test guest, {name of the VM: its memory}; and
    with words on Ashlar's own command line."""
    def start(backend, guest, sizes, words=None, row=None, **options):
        row = row or ROWS[guest]
        config = "".join(guests.section(dataclasses.replace(row, name=name, memory=size))
                         for name, size in sizes.items())
        files = {guest: guests.BUILT / "tests" / guest, "guests.txt": guests.TABLE}
        if words is None:
            boot = guests.image_with(config, files)
        else:
            boot = image.grub_image(words, {"ashlar.conf": config.encode(), **{
                name: path.read_bytes() for name, path in files.items()}})
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
    stays = dataclasses.replace(ROWS["hog"], option="seconds=0")
    shell = host(backend, "hog", {"vm": "64M"}, row=stays, memory=512)
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
    VMs of two sizes after each other have most of the machine's, hence much of the same."""
    shell = host(backend, "memory", {"first": "320M", "second": "352M"}, memory=512)
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


@pytest.mark.parametrize("backend, words, split", [
    pytest.param("svm", "exec-pages=small", True, id="svm"),
    # Haswell has the erratum, and says nothing else.
    pytest.param("vmx", "exec-pages=auto", True, id="vmx"),
    pytest.param("vmx", "exec-pages=large", False, id="vmx-large"),
])
def test_c5_executed_pages_are_split(host, backend, words, split):
    """CVE-2018-12207: where a large page must not be executable, it is split by the first fetch,
    while all vCPUs run in it and execute; what was not executed stays large. `vm info` shows it."""
    vcpus = 4 if backend == "svm" else 2
    row = dataclasses.replace(ROWS["execute"], vcpus=vcpus, option="stay=1")
    shell = host(backend, "execute", {"vm": "256M"}, words, row, smp=vcpus,
                 memory=512)
    before = guests.in_use(shell)
    for _ in range(2):
        said = shell.command("vm start vm", 60)
        assert "error:" not in said, said
        shell.console.type_line("console vm")
        found = shell.expect(rb"(?:executed in (\d+) pieces of 2 MiB on (\d+) CPUs|FAIL[^\n]*)\r?\n",
                             60 * guests.BACKENDS[backend][2])
        assert found.group(1) and int(found.group(2)) == vcpus, found.group(0)
        pieces = int(found.group(1))
        shell.console.send(guests.LEAVE)
        shell.expect_prompt()
        pages = shell.command_json("vm info vm")["pages"]
        # 127 large pages, and the first 2 MiB without 128 KiB, when nothing is split.
        assert pages["1G"] == 0 and pages["4K"] == 480 + 512 * (127 - pages["2M"]), pages
        if split:
            assert pieces > 120 and pages["2M"] <= 127 - pieces, (pieces, pages)
        else:
            assert pages["2M"] == 127, pages
        shell.command("vm stop vm --force", 60)
        assert guests.settled(shell, before) == before


@pytest.mark.timeout(900)
def test_c5_linux_executes_by_small_pages(qemu):
    """Debian's kernel on two CPUs, and what it runs, on SVM as Bochs' Haswell has it on VMX always."""
    files = {name: linux.LINUX / name for name in ("vmlinux", "initrd.img")}
    boot = image.grub_image("exec-pages=small", {
        "ashlar.conf": linux.config("vmlinux", 2).encode(),
        **{name: path.read_bytes() for name, path in files.items()}})
    guest = linux.Linux(qemu(boot, smp=2), 1)
    guest.wait_shell()
    assert guest.run("for i in 1 2 3 4 5 6 7 8; do sh -c 'uname -r'; done | uniq") == linux.release()
    guest.host.console.send(guests.LEAVE)
    guest.host.expect_prompt()
    pages = guest.host.command_json("vm info linux")["pages"]
    assert pages["4K"] == 480 + 512 * (127 - pages["2M"]) and 8 <= pages["2M"] <= 120, pages
    guest.host.console.type_line("console linux")
    guest.power_off()
