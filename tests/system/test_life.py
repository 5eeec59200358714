# SPDX-License-Identifier: MIT
"""The life of VMs, again and again: whatever way it ends, nothing is left behind."""

import os
import random
import re
import time

import pytest

import guests
import image
import machine
from console import SLOWNESS
from guests import small_vm as section
from vm_model import COMMANDS, Model

CYCLES = {"svm": 1000, "vmx": 100}
REBOOTS = {"svm": 100, "vmx": 20}
STEPS = {"svm": 10000, "vmx": 300}  # at random
ROUNDS = {"svm": 20, "vmx": 4}  # of starts that are cut short
BATCH = 10  # cycles typed ahead, in one go


def boot_image(config, *kernels):
    return guests.image_with(config, {name: guests.BUILT / "tests" / name for name in kernels})


@pytest.fixture
def host(qemu, bochs):
    """host(backend, image, ...): its machine at the prompt."""
    def start(backend, boot, **more):
        kind, options, _ = guests.BACKENDS[backend]
        made = {machine.Qemu: qemu, machine.Bochs: bochs}[kind](boot, **{**options, **more})
        made.expect_prompt(60)
        return made
    return start


@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_cycles_leave_nothing_behind(host, backend):
    """`vm start` and `vm stop --force`, 1,000 times: every counter is back where it was."""
    config = section("small", "talk") + section("pair", "talk", vcpus=2)
    shell = host(backend, boot_image(config, "talk"), smp=2)
    before = guests.in_use(shell)
    cycle = ["vm start small", "vm start pair", "vm stop small --force", "vm stop pair --force"]
    for _ in range(CYCLES[backend] // 2 // BATCH):
        said = shell.commands(cycle * BATCH, 60)
        assert set(said) == {""}, said
    assert guests.vm_state(shell, "pair")["reason"] == "stopped by a person"
    assert guests.settled(shell, before) == before


@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_nothing_is_left_on_busy_cpus(host, backend):
    """The same beside a VM that leaves no CPU idle, on which what threads held is given back. Its
    time slices' timers come and go."""
    config = section("busy", "hog", vcpus=2, cmdline="seconds=0") + section("small", "talk")
    shell = host(backend, boot_image(config, "talk", "hog"), smp=2)
    assert shell.command("vm start busy") == ""
    wait_busy(shell, "busy")
    before = without_timers(shell)
    deadline = time.monotonic() + 120 * SLOWNESS
    for _ in range(4):
        assert set(shell.commands(["vm start small", "vm stop small --force"] * BATCH, 60)) == {""}
        while (now := without_timers(shell)) != before:
            assert time.monotonic() < deadline, (before, now)


def without_timers(shell):
    return {name: count for name, count in guests.in_use(shell).items() if name != "timers"}


def wait_busy(shell, name):
    """Until all its vCPUs run."""
    deadline = time.monotonic() + 60 * SLOWNESS
    while any(vcpu["state"] != "running" for vcpu in shell.command_json(f"vm info {name}")["cpus"]):
        assert time.monotonic() < deadline


def wait_state(shell, name, state, timeout=30):
    deadline = time.monotonic() + timeout * SLOWNESS
    while (vm := guests.vm_state(shell, name))["state"] != state:
        assert time.monotonic() < deadline, vm


def tell(shell, letter):
    """Has `talk` reset its machine, and waits until it has begun anew."""
    shell.console.send(letter)
    shell.expect(r"ready, mark \w+\r\n", 60)


def sleeping(shell, name):
    """Of a VM with `talk` that has just begun: its console, until it sleeps, so that the counters
    stand still; answers them. A byte wakes it again."""
    shell.console.type_line(f"console {name}")
    shell.expect(r"ready, mark 0\r\n", 60)
    shell.console.send("h")
    shell.expect(r"sleeps\r\n", 60)
    shell.console.send(guests.LEAVE)
    shell.expect_prompt()
    return guests.settled(shell, guests.in_use(shell), 1)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_reboots_keep_everything(host, backend):
    """A guest that resets its machine in all the ways there are, 100 times, and is reset as often:
    the VM holds what it held before, and its console stays attached."""
    shell = host(backend, boot_image(section("one", "talk", memory="16M"), "talk"))
    stopped = guests.in_use(shell)
    assert shell.command("vm start one") == ""
    running = sleeping(shell, "one")
    shell.console.type_line("console one")
    for n in range(REBOOTS[backend]):
        tell(shell, "1234"[n % 4])
    shell.console.send(guests.LEAVE)
    shell.expect_prompt()
    for _ in range(REBOOTS[backend]):
        assert shell.command("vm reset one") == ""
        wait_state(shell, "one", "running")
    shell.command("vm reset one")
    wait_state(shell, "one", "running")
    sleeping(shell, "one")
    assert guests.settled(shell, running) == running
    assert shell.command("vm stop one --force") == ""
    assert guests.settled(shell, stopped) == stopped


# Eight VMs: that are busy, idle, large, reset themselves, end, or end and start again.
MANY = [
    ("busy", "talk", {"memory": "16M"}, ()),
    ("idle", "heartbeat", {"memory": "16M"}, ()),
    ("wide", "hog", {"vcpus": 4, "cmdline": "seconds=0"}, ()),
    ("large", "talk", {"memory": "200M", "vcpus": 2}, ()),
    ("resets", "leave", {"cmdline": "case=4"}, ("stopping",)),
    ("ends", "poweroff", {}, ("stopping", "stopped")),
    ("faults", "triple-fault", {"on-exit": "restart"}, ("stopping", "stopped")),
    ("passes", "cpuid", {"vcpus": 2, "on-exit": "restart"}, ("stopping", "stopped")),
]


class Many:
    """These VMs and what is known of them."""

    def __init__(self, shell, chance):
        self.shell, self.chance = shell, chance
        self.models = {name: Model(name, by_itself) for name, _, _, by_itself in MANY}

    def look(self):
        for vm in self.shell.command_json("vm list", 60):
            model = self.models[vm["name"]]
            assert model.seen(vm["state"]), (vm, model.states)

    def attach(self):
        """Looks at the console of one that is sure to run."""
        running = [name for name, model in self.models.items()
                   if model.states == {"running"} and not model.by_itself]
        if running:
            self.shell.console.type_line(f"console {self.chance.choice(running)}")
            self.shell.console.send(guests.LEAVE)
            self.shell.expect_prompt(60)

    def step(self, count):
        """So many commands at random, typed ahead; each answers what its VM allows."""
        chosen = [(self.chance.choice(list(COMMANDS)), self.chance.choice(list(self.models)))
                  for _ in range(count)]
        lines = [command.format(name=name) for command, name in chosen]
        for (command, name), line, said in zip(chosen, lines, self.shell.commands(lines, 120)):
            model = self.models[name]
            assert model.answered(command, said), (line, said, model.states)

    def show(self):
        """What only shows is one line of JSON, whatever state its VM is in."""
        name = self.chance.choice(list(self.models))
        for line in f"vm info {name}", "mem":
            self.shell.command_json(line, 60)
        self.shell.commands([f"vm dump {name}", f"vm stats {name}", f"console {name} --log"], 60)

    def stop(self):
        for name, model in self.models.items():
            said = self.shell.command(f"vm stop {name} --force", 60)
            assert model.answered("vm stop {name} --force", said), (name, said)
        self.look()
        assert all(model.states == {"stopped"} for model in self.models.values())


@pytest.mark.parametrize("backend, count, cpus", [("svm", 32, 4), ("vmx", 8, 2)])
def test_many_side_by_side(host, backend, count, cpus):
    """They all run, each answers for itself, and afterwards nothing is left."""
    names = [f"s{n}" for n in range(count)]
    config = "".join(section(name, "heartbeat", memory="16M") for name in names)
    shell = host(backend, boot_image(config, "heartbeat"), smp=cpus)
    before = guests.in_use(shell)
    assert set(shell.commands([f"vm start {name}" for name in names], 60)) == {""}
    for name in names:
        shell.console.type_line(f"console {name}")
        shell.console.send("x")
        shell.expect(r"beat \d+ intact\r\n", 60)
        shell.console.send(guests.LEAVE)
        shell.expect_prompt()
    assert set(shell.commands([f"vm stop {name} --force" for name in names], 60)) == {""}
    assert guests.settled(shell, before) == before


@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_no_room_beside_others(host, backend):
    """One that does not fit beside those that run takes nothing from them, holds nothing, and says
    the numbers; it starts when they have stopped."""
    config = "".join(section(name, "talk", memory=size) for name, size in (
        ("first", "150M"), ("second", "150M"), ("third", "250M")))
    shell = host(backend, boot_image(config, "talk"), memory=512)
    stopped = guests.in_use(shell)
    assert set(shell.commands(["vm start first", "vm start second"])) == {""}
    sleeping(shell, "first")
    running = sleeping(shell, "second")
    for _ in range(3):
        said = shell.command("vm start third")
        found = re.fullmatch(r"error: third did not start: it needs 250 MiB, and (\d+) MiB are free, "
                             r"the largest block of them (\d+) MiB: .*", said)
        assert found and int(found[2]) <= int(found[1]) < 250, said
        assert guests.settled(shell, running) == running
    assert set(shell.commands([f"vm stop {name} --force" for name in ("first", "second")])) == {""}
    assert guests.settled(shell, stopped) == stopped
    assert shell.command("vm start third", 60) == ""
    assert shell.command("vm stop third --force") == ""
    assert guests.settled(shell, stopped) == stopped


@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend, tags", [("svm", 3), ("svm", 15), ("vmx", 3), ("vmx", 64)])
def test_few_tags_for_many_vms(host, backend, tags):
    """With a few VPIDs or ASIDs, and on two CPUs: VMs that flush all the time, so that they run out
    some thousand times, and others whose memory stays what it was."""
    names = ["wrap1", "beat1", "wrap2", "beat2"]
    config = "".join(section(name, "tag-wrap" if "wrap" in name else "heartbeat", memory="16M")
                     for name in names)
    files = {name: guests.BUILT / "tests" / name for name in ("tag-wrap", "heartbeat")}
    boot = image.grub_image(f"guest-tags={tags}", {
        "ashlar.conf": config.encode(), **{name: at.read_bytes() for name, at in files.items()}})
    shell = host(backend, boot, smp=2)
    assert f" {tags} " + {"svm": "ASIDs", "vmx": "VPIDs"}[backend] in shell.command("log")
    assert set(shell.commands([f"vm start {name}" for name in names], 60)) == {""}
    for name in "wrap1", "wrap2":
        printed = shell.command(f"console {name}", 120 * guests.BACKENDS[backend][2])
        assert "PASS tag-wrap" in printed, printed
    for name in "beat1", "beat2":
        shell.console.type_line(f"console {name}")
        shell.console.send("x")
        assert b"intact" in shell.expect(r"beat \d+ (\w+)\r\n", 60).group(0)
        shell.console.send(guests.LEAVE)
        shell.expect_prompt()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_commands_in_random_order(host, backend):
    """On eight VMs while they run: nothing hangs, no VM is in a state that it can't be in, and when
    all have stopped nothing is left. ASHLAR_SEED= repeats a run."""
    config = "".join(section(name, kernel, **{"stop-timeout": "1ms", **more})
                     for name, kernel, more, _ in MANY)
    shell = host(backend, boot_image(config, *{kernel for _, kernel, _, _ in MANY}), smp=2)
    seed = int(os.environ.get("ASHLAR_SEED", time.time_ns() % 1000000))
    print(f"ASHLAR_SEED={seed}")
    before = guests.in_use(shell)
    many = Many(shell, random.Random(seed))
    for _ in range(STEPS[backend] // BATCH // 2):
        many.step(BATCH * 2)
        many.look()
        many.attach()
        many.show()
    shell.command_json("vm top", 60)
    many.stop()
    assert guests.settled(shell, before) == before


@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_reset_and_stop_while_they_start(host, backend):
    """VMs that start by themselves, load a kernel of megabytes and show their console on the screen
    are reset and stopped as soon as there is a prompt, and before the start has ended."""
    names = ["first", "second"]
    config = "[host]\nconsole-mirror = first\n" + "".join(
        section(name, "vmlinux", memory="128M", autostart="yes") for name in names)
    boot = guests.image_with(config, {"vmlinux": guests.BUILT / "linux" / "vmlinux"})
    shell = host(backend, boot, smp=2)
    stopped, answers = None, set()
    for _ in range(ROUNDS[backend]):
        answers.update(shell.commands([f"vm reset {name}" for name in names] * 3 +
                                      [f"vm stop {name} --force" for name in names], 120))
        for name in names:
            wait_state(shell, name, "stopped", 60)
        guests.wait_clean(shell)
        stopped = stopped or guests.in_use(shell)
        assert guests.settled(shell, stopped) == stopped
        assert set(shell.commands([f"vm start {name}" for name in names], 120)) == {""}
    refused = {said for said in answers if said != ""}
    assert "" in answers
    assert all(re.fullmatch(r"error: \w+ is not running, it is (stopping|running)", said)
               for said in refused), refused
