# SPDX-License-Identifier: MIT
"""vCPUs that go to the CPU that has time for them, and give way while they spin. test_sharing.py has
what VMs get by weight, cap and affinity."""

import pytest

import guests
import machine

SECONDS = {"svm": 6, "vmx": 4}  # of virtual time; test_sharing.py looks for longer


def vm(name, kernel, cmdline, keys=""):
    return (f"[vm {name}]\nmemory = 8M\nkernel = {kernel}\nautostart = no\ndebug-exit = on\n"
            f"cmdline = {cmdline}\n{keys}\n")


def hogs(*keys):
    """VMs v0, v1, ... that compute without end, with these keys."""
    return "".join(vm(f"v{n}", "hog", "seconds=0", each) for n, each in enumerate(keys))


@pytest.fixture
def start(qemu, bochs):
    """start(backend, config, kernels, cpus): the machine, with all these VMs running."""
    def run(backend, config, kernels, cpus, names):
        kind, options, slowness = guests.BACKENDS[backend]
        boot = guests.image_with(config, {each: guests.BUILT / "tests" / each for each in kernels})
        host = {machine.Qemu: qemu, machine.Bochs: bochs}[kind](
            boot, smp=cpus, **{**options, **guests.COUNTED[backend]})
        host.expect_prompt(60 * slowness)
        for name in names:
            said = host.command(f"vm start {name}", 60 * slowness)
            assert said == "", said
        return host
    return run


def names_of(keys):
    return [f"v{n}" for n in range(len(keys))]


SHARES = [
    # name, keys of each VM, CPUs, what each gets of them
    ("three-on-two", [""] * 3, 2, [2 / 3] * 3),
    ("weight-is-the-vms", ["vcpus = 2", ""], 1, [1 / 2] * 2),
    ("capped-beside-another", ["cap = 30%", ""], 1, [0.3, 0.7]),
    ("cap-of-all-vcpus", ["vcpus = 2\ncap = 50%"], 2, [0.5]),
]


@pytest.mark.timeout(900)
@pytest.mark.parametrize("backend", guests.BACKENDS)
@pytest.mark.parametrize("name, keys, cpus, expected", SHARES, ids=[each[0] for each in SHARES])
def test_shares(start, backend, name, keys, cpus, expected):
    """VMs that want all they can get: within 5 %."""
    host = start(backend, hogs(*keys), ["hog"], cpus, names_of(keys))
    got = guests.shares(host, names_of(keys), SECONDS[backend])
    assert all(0.95 < have / part < 1.05 for have, part in zip(got, expected)), got


@pytest.mark.timeout(600)
@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_a_vm_goes_to_the_cpu_that_is_free(start, backend):
    """Two VMs begin on two CPUs; when those of one CPU have ended, the others spread."""
    keys = ["cpus = 1", "cpus = 1", "", ""]
    host = start(backend, hogs(*keys), ["hog"], 2, names_of(keys))
    for name in "v0", "v1":
        assert host.command(f"vm stop {name} --force", 60) == ""
    got = guests.shares(host, ["v2", "v3"], SECONDS[backend])
    assert min(got) > 0.95, got


@pytest.mark.timeout(600)
@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_a_newcomer_gets_no_more(start, backend):
    """Beside one that has run alone for seconds, without a look at it, a new one begins with an
    equal part and not with all that the other has had."""
    keys = ["cpus = 1"] * 2
    host = start(backend, hogs(*keys), ["hog"], 2, ["v0"])
    guests.shares(host, ["v0"], SECONDS[backend])
    assert host.command("vm start v1", 60) == ""
    got = guests.shares(host, names_of(keys), SECONDS[backend] / 4)
    assert all(0.45 < part < 0.55 for part in got), got
    newcomer = host.command_json("vm info v1")["cpus"][0]
    assert 0.9 < newcomer["stolen_ns"] / newcomer["cpu_ns"] < 1.1, newcomer


def test_cpus_that_the_machine_has_not(start):
    host = start("svm", vm("far", "hog", "seconds=1", "cpus = 5-7") +
                 vm("near", "hog", "seconds=1", "cpus = 1,5"), ["hog"], 2, ["near"])
    said = host.command("vm start far")
    assert said.startswith("error: ") and "CPU 5" in said and "CPU 0 to 1" in said, said
    assert guests.vm_state(host, "far")["state"] == "stopped"


def pause_exits(host, name):
    return sum(exit["count"] for cpu in host.command_json(f"vm info {name}")["cpus"]
               for exit in cpu["exits"] if exit["kind"] == "PAUSE")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_who_spins_gives_way(start, backend):
    """Two vCPUs of one CPU that wait for each other take their turns at once, not by time slices:
    2,000 turns would need 20 s of those."""
    host = start(backend, vm("pair", "pingpong", "rounds=1000 ms=5000", "vcpus = 2"), ["pingpong"],
                 1, [])
    said, state = guests.run_to_end(host, "pair", 60 * guests.BACKENDS[backend][2])
    assert state["reason"] == "debug exit with status 0", said


@pytest.mark.timeout(600)
@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_pause_exits_only_while_others_wait(start, backend):
    """A guest that spins alone on its CPU has no exits for it."""
    host = start(backend, vm("spins", "hog", "seconds=0") + vm("late", "hog", "seconds=0"),
                 ["hog"], 1, ["spins"])
    assert pause_exits(host, "spins") == 0
    guests.shares(host, ["spins"], 1)
    assert pause_exits(host, "spins") == 0
    assert host.command("vm start late", 60) == ""
    guests.shares(host, ["spins"], 1)
    assert pause_exits(host, "spins") > 0
    assert host.command("vm stop late --force", 60) == ""
    guests.shares(host, ["spins"], 0.2)
    before = pause_exits(host, "spins")
    guests.shares(host, ["spins"], 1)
    assert pause_exits(host, "spins") == before


HELD = [
    # keys of the VM, and of one beside it
    pytest.param("cap = 1%", None, id="capped"),
    pytest.param("weight = 1", "weight = 65536", id="light"),
]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("backend", guests.BACKENDS)
@pytest.mark.parametrize("keys, beside", HELD)
def test_what_a_person_asks_waits_for_no_share(start, backend, keys, beside):
    """A VM that gets next to no CPU time is paused, looked at, reset and stopped at once."""
    config = hogs(keys, beside) if beside else hogs(keys)
    host = start(backend, config, ["hog"], 1, ["v0"])
    if beside:
        assert host.command("vm start v1", 60) == ""
    guests.shares(host, ["v0"], 1)
    for line in ("vm dump v0", "vm pause v0", "vm dump v0", "vm resume v0", "vm reset v0",
                 "vm stop v0 --force"):
        said, took = guests.answer_ns(host, line, "v0")
        assert "error" not in said, (line, said)
        assert took < 1e9, (line, took)  # with the two looks, and a dump's own output
    assert guests.vm_state(host, "v0")["state"] == "stopped"
