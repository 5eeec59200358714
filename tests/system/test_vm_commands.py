# SPDX-License-Identifier: MIT
"""The buttons of a VM's case, and what the shell shows of one that runs. The guest `talk` does what
a letter tells it."""

import re

import pytest

import guests

CONFIG = """
[vm one]
memory = 16M
kernel = talk
initrd = guests.txt
stop-timeout = 60s
autostart = no

[vm again]
memory = 16M
vcpus = 2
kernel = talk
initrd = guests.txt
stop-timeout = 60s
on-exit = restart
autostart = no

[vm deaf]
memory = 16M
kernel = talk
initrd = guests.txt
stop-timeout = 2s
autostart = no
"""
NAMES = ["one", "again", "deaf"]
CTRL_C = b"\x03"


def boot_image():
    return guests.image_with(CONFIG, {"talk": guests.BUILT / "tests" / "talk",
                                      "guests.txt": guests.TABLE})


@pytest.fixture(scope="module", params=[
    pytest.param(name, marks=pytest.mark.xdist_group(f"vm-commands-{name}"))
    for name in guests.BACKENDS])
def host(request):
    made = guests.Host(request.param, boot_image(), smp=1)
    yield made
    made.close()


@pytest.fixture
def shell(host):
    """The machine at its prompt; afterwards no VM runs."""
    yield host.ready()
    try:
        shell = host.ready()
        for name in NAMES:
            if guests.vm_state(shell, name)["state"] != "stopped":
                shell.command(f"vm stop {name} --force")
    except Exception:
        host.spoil()
        raise


def tell(shell, name, letters):
    """Starts a VM where it does not run, and has each letter obeyed."""
    if guests.vm_state(shell, name)["state"] == "stopped":
        assert shell.command(f"vm start {name}") == ""
    shell.console.type_line(f"console {name}")
    for letter in letters:
        shell.console.send(letter)
        shell.expect(rf"done {letter}\r\n", 60)
    shell.console.send(guests.LEAVE)
    shell.expect_prompt(10)


def device(info, name):
    return {(each["space"], each["base"], each["length"], *each["irqs"])
            for each in info["devices"] if each["name"] == name}


def test_info_of_parts(shell):
    tell(shell, "again", "mH")
    info = shell.command_json("vm info again")
    assert [(each["cpu"], each["state"]) for each in info["cpus"]] == [(0, "running"), (0, "halted")]
    assert info["cpus"][0]["cpu_ns"] > info["cpus"][1]["cpu_ns"] > 0
    assert device(info, "uart") == {("ports", 0x3f8, 8, 4)}
    assert device(info, "hpet") == {("memory", 0xfed00000, 1024, 0, 8)}
    assert device(info, "pic") == {("ports", 0x20, 2), ("ports", 0xa0, 2), ("ports", 0x4d0, 2)}
    text = shell.command("vm info again")
    for line in ("vCPU 1          on CPU 0, halted; ", "uart            ports 0x3f8-0x3ff, IRQ 4\n"):
        assert line in text, text
    assert shell.command("vm stop again --force") == ""
    info = shell.command_json("vm info again")
    assert info["cpus"] == [] and info["devices"] == []


def test_stats(shell):
    tell(shell, "again", "m")
    before = shell.command_json("vm stats again")
    tell(shell, "again", "cpx")  # x: a port that nobody has; p: what follows comes by interrupts
    after = shell.command_json("vm stats again")
    assert 0 < before["cpu_ns"] < after["cpu_ns"] and after["now_ns"] > before["now_ns"]
    assert after["unclaimed"] == before["unclaimed"] + 1
    counts = {each["kind"]: each for each in after["exits"]}
    assert sum(each["count"] for each in after["exits"]) == after["exit_count"]
    assert 980 < sum(each["count_permille"] for each in after["exits"]) <= 1000
    ports = counts["port I/O"]
    assert ports["count"] > 100 and ports["mean_ticks"] == ports["ticks"] // ports["count"] > 0
    assert 0 < ports["time_permille"] <= 1000 and 0 < after["exits_ns"] < after["cpu_ns"]
    text = shell.command("vm stats again")
    assert re.search(r"^port I/O +\d+ +\d+\.\d% +\d+ +\d+\.\d%$", text, re.M), text
    assert shell.command("vm stop again --force") == ""
    assert shell.command("vm stats again").startswith("error: again is not running")


def test_stats_count_interrupts(shell):
    """A halted guest gets none, until a byte comes by its serial line."""
    tell(shell, "again", "m")
    shell.console.type_line("console again")
    shell.console.send("h")
    shell.expect(r"sleeps\r\n", 60)
    shell.console.send(guests.LEAVE)
    shell.expect_prompt(10)
    before = shell.command_json("vm stats again")["interrupts"]
    assert shell.command_json("vm stats again")["interrupts"] == before
    tell(shell, "again", "C")
    after = shell.command_json("vm stats again")["interrupts"]
    assert after > before, (before, after)
    assert re.search(rf"^interrupts +{after}$", shell.command("vm stats again"), re.M)
    assert shell.command("vm stop again --force") == ""


def test_top(shell):
    """A VM that runs all the time has what the shell leaves of the CPU."""
    tell(shell, "one", "m")  # and then asks for the next letter, all the time
    listed = {vm["name"]: vm for vm in shell.command_json("vm top")}
    assert list(listed) == NAMES
    assert listed["again"]["state"] == "stopped" and listed["again"]["cpu_permille"] == 0
    assert 300 < listed["one"]["cpu_permille"] <= 1010 and listed["one"]["exits_per_s"] > 100
    shell.console.type_line("vm top")
    for _ in range(2):
        shell.expect(rb"\x1b\[HVM +STATE +%CPU +%STOLEN +EXITS/S +MEMORY\x1b\[K\r\n"
                     rb"one +running +\d+\.\d +\d+\.\d +\d+  16M\x1b\[K\r\n"
                     rb"again +stopped +0\.0 +0\.0 +0  16M\x1b\[K\r\n"
                     rb"deaf +stopped +0\.0 +0\.0 +0  16M\x1b\[K\r\n", 30)
    shell.console.send("q")
    assert "q or Ctrl-C ends" in shell.expect_prompt(10)


def test_dump(shell):
    """Of a vCPU that runs and one that hangs; of a paused VM the same."""
    tell(shell, "again", "mH")
    for how in "pause", "resume":
        first, second = shell.command("vm dump again").split("vCPU 1 ")
        assert first.startswith("vCPU 0 running\n") and second.startswith("halted\n")
        value = {name: int(digits, 16) for name, digits in
                 re.findall(r"\b(RIP|RFLAGS|CR3) +([0-9a-f]{16})\b", second)}
        assert value["RFLAGS"] & 0x200 == 0 and value["CR3"] != 0, second
        assert re.search(r"^code +eb fc( [0-9a-f]{2}){14}$", second, re.M), second  # behind its HLT
        assert re.search(r"^CS +[0-9a-f]{4}  base 0{16} ", second, re.M), second
        assert re.search(r"^stack ( [0-9a-f]+)+$", first, re.M), first
        assert re.search(r"^words ( [0-9a-f]+){4}\n      ( [0-9a-f]+){4}\n", first, re.M), first
        assert "exit" in first  # of the control state
        assert shell.command(f"vm {how} again") == ""
    tell(shell, "again", "m")


@pytest.mark.parametrize("name", ["one", "again"])
def test_stop(shell, name):
    """The guest's own handler of the SCI switches off; and so it stays, whatever on-exit says."""
    tell(shell, name, "p")
    assert shell.command(f"vm stop {name}", 60) == ""
    vm = guests.vm_state(shell, name)
    assert (vm["state"], vm["reason"]) == ("stopped", "powered off by the guest, after vm stop")
    assert "power button\n" in shell.command(f"console {name}")


def test_stop_of_a_deaf_guest(shell):
    tell(shell, "deaf", "m")
    said = shell.command("vm stop deaf", 60)
    assert said == ("error: deaf still runs 2.0 s after its power button was pressed; "
                    "vm stop deaf --force ends it at once")
    assert guests.vm_state(shell, "deaf")["state"] == "running"
    shell.console.type_line("console deaf")
    shell.console.send("p")  # the button's status has stayed
    shell.expect_prompt(60)
    assert guests.vm_state(shell, "deaf")["state"] == "stopped"


def test_ctrl_c_ends_the_wait_alone(shell):
    tell(shell, "again", "m")
    shell.console.type_line("vm stop again")
    shell.console.send(CTRL_C)
    assert shell.expect_prompt(10) == ("error: again still runs, its power button was pressed; "
                                       "vm stop again --force ends it at once")
    assert guests.vm_state(shell, "again")["state"] == "running"
    shell.console.type_line("console again")
    shell.console.send("s")
    said = shell.expect_prompt(60)
    assert "[again is stopped: powered off by the guest, after vm stop]" in said, said


def test_stop_of_a_paused_vm(shell):
    tell(shell, "one", "p")
    assert shell.command("vm pause one") == ""
    said = shell.command("vm stop one")
    assert said.startswith("error: ") and "vm resume one" in said and "--force" in said, said
    assert guests.vm_state(shell, "one")["state"] == "paused"
    assert shell.command("vm resume one") == ""
    assert shell.command("vm stop one", 60) == ""


def test_send_power_is_no_request_to_stop(shell):
    """on-exit says what follows."""
    tell(shell, "again", "p")
    assert shell.command("vm send again power") == ""
    shell.console.type_line("console again")
    shell.expect(r"power button\r\n.*ready, mark", 60)
    shell.console.send(guests.LEAVE)
    shell.expect_prompt(10)
    assert guests.vm_state(shell, "again")["state"] == "running"


def test_send_nmi(shell):
    """Once, and on the CPU whose LINT1 is an NMI: the first; also to one that is paused."""
    tell(shell, "again", "n")
    assert shell.command("vm pause again") == ""
    assert shell.command("vm send again nmi") == ""
    assert shell.command("vm resume again") == ""
    shell.console.type_line("console again")
    shell.console.send("m")
    said = shell.expect(r"(.*)done m\r\n", 60).group(1)
    assert len(re.findall(rb"an NMI", said)) == 1, said
    shell.console.send(guests.LEAVE)
    shell.expect_prompt(10)
