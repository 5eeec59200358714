# SPDX-License-Identifier: MIT
"""More vCPUs than CPUs: each VM gets its share of the time, by the machine's own clock."""

import re

import pytest

import guests
import machine
from guests import small_vm as section

SECONDS = {"svm": 20, "vmx": 4}
BRIEF = {"svm": 6, "vmx": 3}
KERNELS = {name: guests.BUILT / "tests" / name for name in ("hog", "heartbeat", "leave")}
BIG = 8 << 20  # bytes of an initrd
WORK = 60_000  # turns of a loop of five instructions, at 16 or 20 ns each: 5 to 6 ms


@pytest.fixture
def host(qemu, bochs):
    """host(backend, cpus, section...): at the prompt, with all VMs started. QEMU counts
    instructions, so that its own host's time has no part in what is measured."""
    def start(backend, cpus, *sections, files=()):
        kind, options, _ = guests.BACKENDS[backend]
        options = {**options, **guests.COUNTED[backend]}
        made = {machine.Qemu: qemu, machine.Bochs: bochs}[kind](
            guests.image_with("".join(sections), {**KERNELS, **dict(files)}), smp=cpus, **options)
        made.expect_prompt(60)
        guests.wait_clean(made)
        for name in re.findall(r"\[vm (\w+)\]", "".join(sections)):
            assert made.command(f"vm start {name}", 60) == ""
        return made
    return start


# QEMU runs its CPUs in turn, and changes at PAUSE; without it a turn is as long as several time slices.
PAUSE = {"svm": 1, "vmx": 0}


def hog(name, pause=0, **more):
    return section(name, "hog", cmdline=f"seconds=0 pause={pause}", **more)


def shares(shell, names, seconds):
    """{name: how much of a CPU it has had}, after a second in which things settle."""
    guests.let_pass(shell, names[0], 1)
    got = dict(zip(names, guests.shares(shell, names, seconds)))
    print(got)
    return got


@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_equal_weights(host, backend):
    """Four that compute on two CPUs: each has half a CPU, within 5 %."""
    names = ["one", "two", "three", "four"]
    shell = host(backend, 2, *(hog(name, PAUSE[backend]) for name in names))
    got = shares(shell, names, SECONDS[backend])
    assert max(got.values()) < 1.05 * min(got.values()), got
    assert sum(got.values()) > 1.9, got


@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_weights(host, backend):
    """1 : 2 : 4 within 10 %."""
    weights = {"one": 128, "two": 256, "four": 512}
    shell = host(backend, 1, *(hog(name, weight=weight) for name, weight in weights.items()))
    got = shares(shell, list(weights), SECONDS[backend])
    total = sum(got.values())
    assert total > 0.95, got
    for name, weight in weights.items():
        assert abs(got[name] / total - weight / 896) < 0.1 * weight / 896, (name, got)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_cap(host, backend):
    """It has half a CPU and no more, although nobody else wants it."""
    got = shares(host(backend, 1, hog("held", cap="50%")), ["held"], BRIEF[backend])
    assert 0.45 < got["held"] < 0.51, got


@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_cpus(host, backend):
    """Two that may run on one of the two CPUs have half of it each; the third has the other."""
    pause = PAUSE[backend]
    shell = host(backend, 2, hog("left", pause, cpus="0"), hog("leftmost", pause, cpus="0"),
                 hog("right", pause))
    got = shares(shell, ["left", "leftmost", "right"], BRIEF[backend])
    assert abs(got["left"] - 0.5) < 0.03 and abs(got["leftmost"] - 0.5) < 0.03, got
    assert got["right"] > 0.95, got


def stolen_ns(shell, name):
    return sum(cpu["stolen_ns"] for cpu in shell.command_json(f"vm info {name}")["cpus"])


def beat(shell):
    """The ticks that the guest has had, on its console."""
    shell.console.send("x")
    said = shell.expect(r"beat (\d+) intact\r\n", 60)
    return int(said.group(1))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_who_slept_goes_first(host, backend):
    """A guest that has something to do every 10 ms is there nearly each time, beside four that
    compute: two ticks that come while it waits are one."""
    shell = host(backend, 1, section("idle", "heartbeat", memory="16M"),
                 *map(hog, ["one", "two", "three", "four"]))
    guests.let_pass(shell, "idle", 1)
    begin, waited = guests.times(shell, "idle")[0], stolen_ns(shell, "idle")
    shell.console.type_line("console idle")
    first = last = beat(shell)
    while last < first + 600:  # beside which the way to the console and back is short
        last = beat(shell)
    shell.console.send(guests.LEAVE)
    shell.expect_prompt()
    rate = (last - first) / (guests.times(shell, "idle")[0] - begin) * 1e9
    assert 80 < rate < 101, rate
    assert stolen_ns(shell, "idle") - waited < (last - first) * 1e6  # 1 ms each


@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_who_resets_itself_pays_for_it(host, backend, tmp_path):
    """To scrub its memory and to load it anew is its own time, and its cap's, which is most of a
    minute for this one; but a person who stops it doesn't wait for that."""
    big = tmp_path / "big"
    big.write_bytes(bytes(BIG))
    shell = host(backend, 1, section("again", "leave", memory="256M", cap="1%", cmdline="case=7",
                                     initrd="big"), hog("always"), files={"big": big})
    got = shares(shell, ["always"], BRIEF[backend])
    assert got["always"] > 0.95, got
    begin = guests.times(shell, "always")[0]
    assert shell.command("vm stop again --force", 60) == ""
    took = guests.times(shell, "always")[0] - begin
    print(f"stopped in {took} ns")
    assert took < 4e9


@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_who_is_held_back_keeps_nobody_waiting(host, backend):
    """One that computes some milliseconds each 10 ms has what is its beside one that always
    computes, also while a third waits for its cap, most of a second each time."""
    shell = host(backend, 1, section("often", "heartbeat", memory="16M", cmdline=f"work={WORK}"),
                 hog("always"), hog("held", cap="1%"))
    got = shares(shell, ["often", "always", "held"], BRIEF[backend])
    assert got["often"] > 0.4, got
    assert got["always"] > 0.4, got
    assert got["held"] < 0.02, got
