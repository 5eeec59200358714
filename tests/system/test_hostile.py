# SPDX-License-Identifier: MIT
"""Guests that mean harm, or are broken, each beside one that must not notice. For all of them: the
hypervisor lives, the prompt answers, the neighbour ticks and its memory is whole, the VM stops for
a reason that names the cause, and everything it used comes back.

The ids C1 to C8 are areas of the threat list in docs/attacks.md."""

import re
import time

import pytest

import broken
import guests
from console import SLOWNESS

ROWS = {row.name: row for row in guests.hostile_rows() if row.name != "heartbeat"}
HEARTBEAT = next(row for row in guests.hostile_rows() if row.name == "heartbeat")
STORM_SECONDS = 2
WILD_STARTS = {"svm": 12, "vmx": 5}
MANY_STARTS = {"svm": 20, "vmx": 5}  # QEMU has 15 ASIDs for guests, Bochs has 65535 VPIDs
# QEMU aborts when the frame of an exception meets a data breakpoint.
NOT_IN_QEMU = ["c1-cve-2015-8104"]
# What a VM's reason may be that is in a state which no kernel has.
NAMED_REASONS = (r"debug exit|triple fault|refuses the guest's state|not RAM|task switch|"
                 r"can't be emulated|stopped by a person")


def on_both(*names):
    """(backend, name); one process runs all of a backend, so that they share a machine."""
    for backend in guests.BACKENDS:
        for name in names:
            if backend == "svm" and name in NOT_IN_QEMU:
                continue
            limit = 300 + ROWS[name].seconds * guests.BACKENDS[backend][2]
            title = name.capitalize() if re.match("[ce][0-9]", name) else name
            yield pytest.param(backend, name, id=f"{title}-{backend}",
                               marks=[pytest.mark.xdist_group(f"hostile-{backend}"),
                                      pytest.mark.timeout(limit * SLOWNESS)])


def both_backends():
    return [pytest.param(backend, id=backend,
                         marks=[pytest.mark.xdist_group(f"hostile-{backend}"),
                                pytest.mark.timeout(600 * SLOWNESS)])
            for backend in guests.BACKENDS]


def ending(*words):
    return [name for name, row in ROWS.items() if row.ends.split()[0] in words]


def stopping():
    special = ending("pass", "storm", "reset", "any")
    return [name for name in ROWS if name not in special]


# QEMU's VMRUN arms no breakpoint: one is there on the CPU alone where the guest has written DR7
# (docs/testing.md). In Bochs it goes wherever its vCPU goes.
STAYS = {"svm": ["c1-db-in-its-handler"], "vmx": []}


class World:
    """A machine with all hostile VMs, and the neighbour running."""

    def __init__(self, backend):
        config, files = guests.config_of_rows([HEARTBEAT, *ROWS.values()])
        for name in STAYS[backend]:
            assert f"[vm {name}]\n" in config
            config = config.replace(f"[vm {name}]\n", f"[vm {name}]\ncpus = 1\n")
        more, broken_files = broken.config_and_files()
        self.host = guests.Host(backend, guests.image_with(config + more,
                                                           {**files, **broken_files}), smp=2)
        self.slowness = self.host.slowness
        self.shell = None
        self.ticks = -1

    def ready(self):
        """The machine at its prompt, and the neighbour answering."""
        shell = self.host.ready()
        if shell is not self.shell:
            self.shell = shell
            self.ticks = -1
            assert "error" not in shell.command("vm start heartbeat")
        self.check_neighbour()
        return self

    def check_neighbour(self):
        """It answers, has gone on since it was last asked, and nobody has touched its memory."""
        self.shell.console.type_line("console heartbeat")
        self.shell.console.send("?")
        beat = self.shell.expect(r"beat (\d+) (\w+)\r?\n", 20 * self.slowness)
        self.shell.console.send(guests.LEAVE)
        self.shell.expect_prompt(20 * self.slowness)
        assert beat[2] == b"intact", beat[0]
        assert int(beat[1]) > self.ticks, (beat[0], self.ticks)
        self.ticks = int(beat[1])

    def in_use(self):
        """The counters, while the neighbour stands still: its timer is set or not."""
        assert "error" not in self.shell.command("vm pause heartbeat")
        used = guests.in_use(self.shell)
        assert "error" not in self.shell.command("vm resume heartbeat")
        return used

    def check_returned(self, before):
        """Memory is cleaned in the background before it is free again."""
        deadline = time.monotonic() + 30 * SLOWNESS
        while (now := self.in_use()) != before and time.monotonic() < deadline:
            time.sleep(0.2)
        assert now == before

    def start(self, name):
        said = self.shell.command(f"vm start {name}")
        assert "error" not in said, said

    def stop(self, name):
        said = self.shell.command(f"vm stop {name} --force", 20 * self.slowness)
        assert "error" not in said, said

    def state(self, name):
        return guests.vm_state(self.shell, name)

    def wait_stopped(self, name, seconds):
        """Its line of the list once it has stopped; None when it doesn't stop by itself."""
        deadline = time.monotonic() + seconds * self.slowness * SLOWNESS
        while (vm := self.state(name))["state"] != "stopped":
            if time.monotonic() > deadline:
                return None
            time.sleep(0.1)
        return vm

    def close(self):
        self.host.close()


@pytest.fixture
def unharmed(worlds):
    """world(backend), after which the neighbour must be well and everything be given back."""
    used = []

    def world(backend):
        made = worlds(backend)
        used.append((made, made.in_use()))
        return made
    yield world
    for made, before in used:
        if made.host.machine is None:
            continue  # the test has failed, and the machine with it
        try:
            made.check_neighbour()
            made.check_returned(before)
        except Exception:
            made.host.spoil()
            raise


def run(world, name):
    """To its end: what it printed, and its line of the list."""
    try:
        return guests.run_to_end(world.shell, name, ROWS[name].seconds * world.slowness)
    except Exception:
        world.host.spoil()
        raise


@pytest.mark.parametrize("backend, name", on_both(*ending("pass")))
def test_survives(unharmed, backend, name):
    """What it does costs nobody anything, itself included."""
    printed, vm = run(unharmed(backend), name)
    assert f"PASS {ROWS[name].guest}\n" in printed + "\n", (printed, vm)
    assert re.search(r"debug exit with status 0\b", vm["reason"]), vm


@pytest.mark.parametrize("backend, name", on_both(*stopping()))
def test_stops_with_the_cause(unharmed, backend, name):
    """The VM stops, and the reason says what the guest has done."""
    printed, vm = run(unharmed(backend), name)
    assert "FAIL" not in printed and vm["state"] == "stopped", (printed, vm)
    assert re.search(ROWS[name].ends, vm["reason"]), vm


@pytest.mark.parametrize("backend, name", on_both(*ending("reset")))
def test_resets_itself_alone(unharmed, backend, name):
    """Again and again, until a person stops it: no start between keeps that from working."""
    world = unharmed(backend)
    world.start(name)
    world.shell.console.type_line(f"console {name}")
    for _ in range(2):
        world.shell.expect("leave: case", 20 * world.slowness)
    world.shell.console.send(guests.LEAVE)
    world.shell.expect_prompt(20 * world.slowness)
    assert world.state(name)["state"] != "stopped"
    world.stop(name)
    vm = world.state(name)
    assert vm["state"] == "stopped" and "person" in vm["reason"], vm
    words = ROWS[name].ends.split(None, 1)[1]
    assert re.search(rf"VM {name}: reset by the guest: .*{words}", world.shell.command("log")), vm


@pytest.mark.parametrize("backend, name", on_both(*ending("storm")))
def test_storms(unharmed, backend, name):
    """It never ends, but the prompt and the neighbour answer all the while, and it can be stopped."""
    world = unharmed(backend)
    world.start(name)
    end = time.monotonic() + STORM_SECONDS * SLOWNESS
    while time.monotonic() < end:
        world.check_neighbour()
    assert world.state(name)["state"] == "running", world.state(name)
    world.stop(name)


@pytest.mark.parametrize("backend", both_backends())
def test_several_storms_at_once(unharmed, backend):
    """Four VMs that do nothing but exit, on two CPUs: the prompt and the neighbour still answer."""
    world = unharmed(backend)
    names = ["c1-db-in-its-handler", "c1-cve-2015-5307", "exit-storm", "timer-storm"]
    for name in names:
        world.start(name)
    for _ in range(3):
        world.check_neighbour()
        said, took = guests.answer_ns(world.shell, "version", names[0])
        assert "Ashlar" in said and took < 2e9, (said, took)
    assert all(world.state(name)["state"] == "running" for name in names)
    for name in names:
        world.stop(name)


@pytest.mark.parametrize("backend, name", on_both("c2-wild-state"))
def test_wild_states(unharmed, backend, name):
    """States that no kernel has, another one each time: the CPU runs them, or the VM stops."""
    world = unharmed(backend)
    reasons = []
    for _ in range(WILD_STARTS[backend]):
        world.start(name)
        if world.wait_stopped(name, 2) is None:  # it has come to its HLT, or is about to stop
            world.shell.command(f"vm stop {name} --force", 20 * world.slowness)
        vm = world.state(name)
        reasons.append(vm["reason"])
        assert vm["state"] == "stopped" and re.search(NAMED_REASONS, vm["reason"]), vm
    print(reasons)


@pytest.mark.parametrize("backend, name", on_both("c7-triple-fault"))
def test_C8_many_creations(unharmed, backend, name):
    """More VMs after one another than there are ASIDs: none gets what another one has left. On VMX
    it is the guest tag-wrap that uses the VPIDs up."""
    world = unharmed(backend)
    for _ in range(MANY_STARTS[backend]):
        _, vm = run(world, name)
        assert "triple fault" in vm["reason"], vm


@pytest.mark.parametrize("backend", both_backends())
def test_broken_images(unharmed, backend):
    """Files cut short, and with wild headers: each VM stays stopped, for a reason in words."""
    world = unharmed(backend)
    for name, reason in broken.REASONS.items():
        said = world.shell.command(f"vm start {name}")
        assert re.search(rf"error: .*{name}.*{reason}", said, re.S), (name, said)
        assert world.state(name)["state"] == "stopped"


@pytest.mark.parametrize("backend", both_backends())
def test_more_memory_than_there_is(unharmed, backend):
    """It is told how much it wants and how much there is; nothing is taken meanwhile."""
    world = unharmed(backend)
    said = world.shell.command("vm start greedy")
    assert re.search(r"error: .*greedy.* 4096 MiB.* \d+ MiB", said), said
    assert world.state("greedy")["state"] == "stopped"
