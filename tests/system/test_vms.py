# SPDX-License-Identifier: MIT
"""Several VMs at once, as a person lives with them: vm list, info, start, stop, pause, resume and
reset, and their consoles. The guest `talk` does what a letter tells it."""

import re
import time

import pytest

import guests
import machine
from console import SLOWNESS

LINE = "line {:05} of the flood.\r\n"
LINES = 2700
RING = 65536
CONFIG = """
[vm one]
memory = 16M
kernel = talk
initrd = guests.txt
cmdline = vcpus=1 memory=16
debug-exit = on

[vm two]
memory = 32M
vcpus = 2
kernel = talk
initrd = guests.txt
cmdline = vcpus=2 memory=32
autostart = no

[vm again]
memory = 16M
kernel = talk
initrd = guests.txt
on-exit = restart
autostart = no

[vm left]
memory = 16M
kernel = xsave
cmdline = seed=1
debug-exit = on
autostart = no

[vm right]
memory = 16M
kernel = xsave
cmdline = seed=99
debug-exit = on
autostart = no
"""


def boot_image():
    tests = guests.BUILT / "tests"
    return guests.image_with(CONFIG, {"talk": tests / "talk", "xsave": tests / "xsave",
                                      "guests.txt": guests.TABLE})


@pytest.fixture(scope="module", params=[
    pytest.param(name, marks=pytest.mark.xdist_group(f"vms-{name}")) for name in guests.BACKENDS])
def host(request):
    """One machine with one CPU, which all these VMs share."""
    made = guests.Host(request.param, boot_image(), smp=1, narrow_line=True)
    guests.wait_running(made.ready(), "one")  # which starts by itself
    yield made
    made.close()


@pytest.fixture
def shell(host):
    """The machine at its prompt; afterwards all VMs are stopped and hold nothing."""
    shell = host.ready()
    yield shell
    try:
        shell = host.ready()
        for vm in shell.command_json("vm list"):
            if vm["state"] not in ("stopped", "disabled"):
                shell.command(f"vm stop {vm['name']} --force")
    except Exception:
        host.spoil()
        raise


def states(shell):
    return {vm["name"]: vm["state"] for vm in shell.command_json("vm list")}


def start(shell, name):
    if states(shell)[name] == "stopped":
        assert shell.command(f"vm start {name}") == ""


class Attached:
    """A VM's console, with `talk` ready to be told something."""

    def __init__(self, shell, name, fresh=False):
        self.shell, self.name = shell, name
        start(shell, name)
        shell.console.type_line(f"console {name}")
        if fresh:
            shell.expect(r"ready, mark 0\r\n", 60)

    def tell(self, letter, answer=None, timeout=60):
        """Types a letter; answers what has matched."""
        self.shell.console.send(letter)
        return self.shell.expect(answer or rf"done {letter}\r\n", timeout)

    def leave(self):
        self.shell.console.send(guests.LEAVE)
        return self.shell.expect_prompt(10)

    def clocks(self):
        said = self.tell("c", r"clocks (.*) end\r\ndone c\r\n").group(1).decode()
        return {key: int(value, 16) for key, value in re.findall(r"(\w+)=([0-9a-f]+)", said)}


def restart_fresh(shell, name):
    if states(shell)[name] != "stopped":
        shell.command(f"vm stop {name} --force")
    return Attached(shell, name, fresh=True)


def test_several_at_once(shell):
    """Each has its own console, memory and state, and one's end is nothing to the others."""
    for name in "one", "two", "again":
        guest = restart_fresh(shell, name)
        guest.tell("m")
        guest.leave()
    assert states(shell) == {"one": "running", "two": "running", "again": "running",
                             "left": "stopped", "right": "stopped"}
    listed = {vm["name"]: vm for vm in shell.command_json("vm list")}
    assert listed["two"] == {"name": "two", "state": "running", "reason": "", "vcpus": 2,
                             "memory": 32 << 20}
    assert shell.command("vm stop two --force") == ""
    assert guests.vm_state(shell, "two")["reason"] == "stopped by a person"
    for name in "one", "again":
        guest = Attached(shell, name)
        guest.tell("c", r"done c\r\n")
        guest.leave()


def test_extended_state_is_each_ones_own(shell):
    """Two guests that fill all vector registers with patterns of their own, on one CPU."""
    for name in "left", "right":
        shell.command(f"vm start {name}")
    for name in "left", "right":
        said = shell.command(f"console {name}", 120)
        assert "PASS xsave" in said, said


def test_console_passes_every_byte(shell):
    guest = restart_fresh(shell, "one")
    shell.console.send("e")
    every = bytes(n for n in range(256) if n not in (0x1b, 0x1d))
    for n in range(0, len(every), 8):
        shell.console.send(every[n:n + 8])
        shell.expect(re.escape(every[n:n + 8]), 30)
    guest.tell("\x1b", r"done e\r\n")
    guest.leave()


def test_attached_console_loses_nothing(shell):
    """More than the ring and the line hold: the guest has to wait."""
    guest = restart_fresh(shell, "one")
    shell.console.send("f")
    for n in range(0, LINES, 100):
        shell.expect("".join(LINE.format(i) for i in range(n, n + 100)).encode(), 60)
    shell.expect(r"done f\r\n", 30)
    guest.leave()


def test_detached_console_keeps_the_newest(shell):
    """What nobody looks at is kept up to 64 KiB, also of a VM that has stopped; the oldest bytes
    go, and are counted; nothing is shown twice."""
    guest = restart_fresh(shell, "one")
    guest.tell("m")
    shell.console.send(b"F" + guests.LEAVE)  # begins after a second, and ends the VM
    shell.expect_prompt()
    deadline = time.monotonic() + 120 * SLOWNESS
    while states(shell)["one"] != "stopped":
        assert time.monotonic() < deadline
        time.sleep(0.5)
    flood = "".join(LINE.format(n) for n in range(LINES)).replace("\r", "")
    lost = LINES * len(LINE.format(0)) - RING
    why = "[one is stopped: debug exit with status 3]"
    said = shell.command("console one", 60)
    assert said.startswith(f"[{lost} bytes lost]\n"), said[:100]
    assert said.endswith(why), said[-100:]
    kept = said[said.index("\n") + 1:-len(why)]
    assert flood.endswith(kept) and len(kept) > RING * 9 // 10
    assert shell.command("console one") == why
    log = shell.command("console one --log", 60)
    assert flood.endswith(log + "\n") and len(log) > RING * 9 // 10


@pytest.mark.parametrize("letter, why", [
    ("1", "port CF9h"), ("2", "8042"), ("3", "port 92h"), ("4", "port CF9h")],
    ids=["cf9", "8042", "port92", "acpi"])
def test_reset_by_the_guest(shell, letter, why):
    """It begins again in the same VM, at once, its memory clean, its console attached."""
    guest = restart_fresh(shell, "one")
    guest.tell("m")
    guest.tell(letter, r"ready, mark 0\r\n")
    guest.leave()
    assert states(shell)["one"] == "running"
    assert why in shell.command("log")


def test_reset_by_a_person(shell):
    guest = restart_fresh(shell, "one")
    guest.tell("m")
    guest.leave()
    assert shell.command("vm reset one") == ""
    shell.console.type_line("console one")
    shell.expect(r"ready, mark 0\r\n", 60)
    guest.leave()


@pytest.mark.parametrize("letter, reason", [
    ("s", "powered off by the guest"), ("t", "triple fault on vCPU 0 at RIP 0x[0-9a-f]+"),
    ("x", "debug exit with status 7")], ids=["s5", "triple-fault", "debug-exit"])
def test_end_is_told(shell, letter, reason):
    """One line says why, and the prompt returns; `vm list` keeps it, and the memory is free."""
    before = guests.in_use(shell)
    restart_fresh(shell, "one")
    shell.console.send(letter)
    said = shell.expect_prompt(60)
    assert re.search(rf"^\[one is stopped: {reason}\]$", said, re.M), said
    vm = guests.vm_state(shell, "one")
    assert vm["state"] == "stopped" and re.fullmatch(reason, vm["reason"]), vm
    if before:
        now = guests.in_use(shell)
        assert guests.settled(shell, now, 1) == now


def test_debug_exit_is_off_by_default(shell):
    guest = restart_fresh(shell, "two")
    guest.tell("x")
    guest.leave()
    assert states(shell)["two"] == "running"


def test_on_exit_restart(shell):
    """A power-off or an error starts it again, but not without end."""
    guest = restart_fresh(shell, "again")
    for letter in "stst":
        guest.tell(letter, r"ready, mark 0\r\n")
    shell.console.send("s")
    shell.expect(r"ready, mark 0\r\n", 60)
    shell.console.send("s")
    said = shell.expect_prompt(60)
    assert re.search(r"^\[again is stopped: .*5 restarts", said, re.M), said
    assert shell.command("vm start again") == ""
    assert shell.command("vm stop again --force") == ""
    assert states(shell)["again"] == "stopped"


def test_pause_stops_its_clocks(shell):
    """TSC, HPET, PM and APIC timers stand still together; the RTC goes on."""
    guest = restart_fresh(shell, "one")
    said = guest.tell("C", r"rates (.*) end\r\ndone C\r\n").group(1).decode()
    rates = {key: int(value, 16) for key, value in re.findall(r"(\w+)=([0-9a-f]+)", said)}
    before = guest.clocks()
    guest.leave()
    assert shell.command("vm pause one") == ""
    assert states(shell)["one"] == "paused"
    shell.console.type_line("console one")
    shell.console.send("c")  # kept for later
    guest.leave()
    guests.let_pass(shell, "one", 3)
    assert shell.command("vm resume one") == ""
    shell.console.type_line("console one")
    shell.expect(r"done c\r\n", 60)
    after = guest.clocks()
    guest.leave()
    passed = {
        "tsc": (after["tsc"] - before["tsc"]) / rates["tsc"],
        "hpet": (after["hpet"] - before["hpet"]) * rates["hpet"] / 1e15,
        "pm": ((after["pm"] - before["pm"]) & 0xffffffff) / 3579545,
    }
    rtc = (after["rtc"] - before["rtc"]) % 86400
    assert max(passed.values()) - min(passed.values()) < 0.2 + 0.1 * max(passed.values()), passed
    assert 0 < after["apic"] - before["apic"]
    assert rtc >= max(passed.values()) + 1, (passed, rtc)


def test_info(shell):
    restart_fresh(shell, "two").leave()
    info = shell.command_json("vm info two")
    assert info["name"] == "two" and info["state"] == "running" and info["reason"] == ""
    assert info["vcpus"] == 2 and info["memory"] == 32 << 20
    assert info["kernel"] == "talk" and info["loaded_as"] and info["debug_exit"] is False
    pages = info["pages"]
    # All of it but the window of the VGA, which is below 1 MiB.
    mapped = pages["4K"] * 4096 + pages["2M"] * (2 << 20) + pages["1G"] * (1 << 30)
    assert (32 << 20) - (1 << 20) < mapped <= 32 << 20 and pages["2M"] >= 14
    text = shell.command("vm info two")
    for words in "name            two", "32M, by ", "on-exit         stop":
        assert words in text, text


ERRORS = [
    ("vm start nobody", 'there is no VM "nobody"; vm list shows all'),
    ("vm start lft", "did you mean left?"),
    ("vm start one", "one is already running"),
    ("vm stop two --force", "two is not running, it is stopped"),
    ("vm pause two", "two is not running, it is stopped"),
    ("vm resume one", "one is not paused, it is running"),
    ("vm resume two", "two is not running, it is stopped"),
    ("vm stop two", "two is not running, it is stopped"),
    ("vm send two power", "two is not running, it is stopped"),
    ("vm reset two", "two is not running, it is stopped"),
    ("vm info", "usage: vm info NAME"),
    ("vm lst", "did you mean vm list?"),
    ("console nobody", 'there is no VM "nobody"'),
    ("console", "usage: console NAME"),
    ("vm start one -j", "usage: vm start NAME"),
]


def test_errors_say_what_to_do(shell):
    start(shell, "one")
    for line, words in ERRORS:
        said = shell.command(line)
        assert said.startswith("error: ") and words in said and "\n" not in said, (line, said)
    assert states(shell)["one"] == "running"


def test_stopped_vms_hold_nothing(shell):
    """Whatever way they went, every counter is what it was before they began."""
    for name in states(shell):
        if states(shell)[name] != "stopped":
            shell.command(f"vm stop {name} --force")
    before = guests.in_use(shell)
    for name in "one", "two", "again":
        start(shell, name)
    shell.command("vm pause one")
    shell.command("vm reset two")
    for name in "one", "two", "again":
        assert shell.command(f"vm stop {name} --force") == ""
    assert guests.settled(shell, before) == before


@pytest.mark.parametrize("backend", guests.BACKENDS)
def test_a_busy_vm_keeps_none_from_starting(qemu, bochs, backend):
    """VMs that start by themselves do so although the first one takes all CPU time that there is."""
    kind, options, slowness = guests.BACKENDS[backend]
    config = "".join(f"[vm {name}]\nmemory = 16M\nvcpus = 2\nkernel = hog\ncmdline = seconds=0\n"
                     for name in ("first", "second", "third"))
    boot = guests.image_with(config, {"hog": guests.BUILT / "tests" / "hog"})
    host = {machine.Qemu: qemu, machine.Bochs: bochs}[kind](boot, smp=1, **options)
    host.expect_prompt(60 * slowness)
    for name in ("first", "second", "third"):
        guests.wait_running(host, name, 10 * slowness)
