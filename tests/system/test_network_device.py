# SPDX-License-Identifier: MIT
"""The 82545EM as Linux' own tools and its stock driver see it, on both backends."""

import re

import network
import pytest
from linux_guest import LINUX, Shell
from machine import Nic, User
from network_world import B_ON_WIRE, FIXED, PEER, mac, on
from test_network import three_answered

# lspci -vv of the real part, line by line; of what the machine decides, its form.
LSPCI = [
    r"^\S+ Class 0200: Device 8086:100f \(rev 01\)$",
    r"^\tControl: I/O\+ Mem\+ BusMaster\+ ",
    r"^\tStatus: Cap\+ 66MHz\+ UDF- FastB2B- ParErr- DEVSEL=medium >TAbort- <TAbort- <MAbort- "
    r">SERR- <PERR- INTx-$",
    r"^\tInterrupt: pin A routed to IRQ \d+$",
    r"^\tRegion 0: Memory at [0-9a-f]+ \(64-bit, non-prefetchable\) \[size=128K\]$",
    r"^\tRegion 2: Memory at [0-9a-f]+ \(64-bit, non-prefetchable\) \[size=64K\]$",
    r"^\tRegion 4: I/O ports at [0-9a-f]+ \[size=64\]$",
    r"^\tExpansion ROM at [0-9a-f]+ \[(virtual|disabled)\].*\[size=\d+K\]$",
    r"^\tCapabilities: \[dc\] Power Management version 2$",
    r"^\t\tFlags: PMEClk- DSI\+ D1- D2- AuxCurrent=0mA PME\(D0\+,D1-,D2-,D3hot\+,D3cold\+\)$",
    r"^\t\tStatus: D0 NoSoftRst- PME-Enable- DSel=0 DScale=[01] PME-$",
    r"^\tCapabilities: \[e4\] PCI-X non-bridge device$",
    r"^\t\tCommand: DPERE- ERO\+ RBC=512 OST=1$",
    r"^\t\tStatus: Dev=ff:1f\.0 64bit\+ 133MHz\+ SCD- USC- DC=simple DMMRBC=2048 DMOST=1 DMCRS=16 "
    r"RSCEM- 266MHz- 533MHz-$",
    r"^\tKernel driver in use: e1000$",
]
SELF_TESTS = ["Register test  (offline)", "Eeprom test    (offline)", "Interrupt test (offline)",
              "Loopback test  (offline)", "Link test   (on/offline)"]
PASSED = dict.fromkeys(SELF_TESTS, 0)
# Only of its loopback: 64 frames took over two jiffies, because the emulator did not run meanwhile.
LATE = {**PASSED, "Loopback test  (offline)": 14}


def slot(guest, nic="eth0"):
    return guest.ok(f"basename $(readlink /sys/class/net/{nic}/device)")


def statistics(guest, nic):
    """ethtool -S: {name: value}"""
    return {name: int(value) for name, value in
            re.findall(r"(\w+): (\d+)", guest.ok(f"ethtool -S {nic}"))}


def self_test(guest, nic):
    """ethtool -t NIC offline: {test: result}, 0 is passed."""
    said = guest.run(f"ethtool -t {nic} offline", 90)
    return {name: int(value) for name, value in re.findall(r"^(.*\S)\s+(\d+)$", said, re.M)}


@pytest.mark.parametrize("backend", on())
def test_lspci(world, backend):
    """What it shows is the real part, line by line."""
    said = world.a.run(f"lspci -vv -s {slot(world.a)} 2>/dev/null")
    missing = [line for line in LSPCI if not re.search(line, said, re.M)]
    assert not missing, said


@pytest.mark.parametrize("backend", on())
def test_lspci_shows_no_more_than_there_is(world, backend):
    """No MSI, no MSI-X, no PCI Express; and as many NICs as the configuration has."""
    said = world.a.run("lspci -vv 2>/dev/null")
    assert "MSI" not in said and "Express" not in said, said
    assert len(re.findall(r"8086:100f", said)) == 8


@pytest.mark.parametrize("backend", on())
def test_driver(world, backend):
    """The stock driver: the MAC as configured, a gigabit at once, every offload that it offers."""
    a = world.a
    assert a.ok("cat /sys/class/net/eth1/address") == mac("a", 1)
    said = a.ok("ethtool eth1")
    assert "Speed: 1000Mb/s" in said and "Duplex: Full" in said and "Link detected: yes" in said
    assert "driver: e1000" in a.ok("ethtool -i eth1")
    offers = a.ok("ethtool -k eth1")
    for name in ("tx-checksumming", "scatter-gather", "tcp-segmentation-offload", "rx-vlan-offload"):
        assert f"{name}: on" in offers, offers


@pytest.mark.parametrize("backend", on())
def test_ethtool_self_test(world, backend):
    """Registers, EEPROM, interrupt, loopback and link pass, and it works as before behind them."""
    for _ in range(5):
        if (results := self_test(world.a, "eth1")) != LATE:
            break
    assert results == PASSED, results
    world.a.until("cat /sys/class/net/eth1/carrier", "^1$")
    assert three_answered(world.a, PEER)


@pytest.mark.timeout(300)
def test_self_test_straight_on_the_machine(qemu):
    """What these tests ask of the driver and its tools is what they do on the emulator's own model,
    whose registers and loopback are known to fail."""
    machine = qemu(kernel=LINUX / "vmlinux", initrd=LINUX / "net.img", memory=160,
                   cmdline="console=ttyS0 quiet", nics=[Nic(User(), "e1000-82545em")])
    shell = Shell(machine)
    shell.wait_shell()
    shell.until("ls /run", "eth0.lease")
    results = self_test(shell, "eth0")
    assert set(results) == set(SELF_TESTS)
    assert all(results[name] == 0 for name in SELF_TESTS if "Reg" not in name and "Loop" not in name)
    assert re.search(LSPCI[-1], shell.run("lspci -vv 2>/dev/null"), re.M)
    before = statistics(shell, "eth0")
    shell.run("ping -c 5 -W 5 10.0.2.2", 60)
    after = statistics(shell, "eth0")
    assert after["tx_packets"] - before["tx_packets"] >= 5


def counts(world):
    """ethtool's numbers of a's eth1, those of its port, and what the driver has sent: of a moment
    in which nothing was sent."""
    for _ in range(20):
        registers, port = statistics(world.a, "eth1"), world.port("a.1", "wire")
        linux = int(world.a.ok("cat /sys/class/net/eth1/statistics/tx_packets"))
        if statistics(world.a, "eth1")["tx_packets"] == registers["tx_packets"]:
            return registers, port, linux
    raise AssertionError("it sends all the time")


@pytest.mark.parametrize("backend", on())
def test_ethtool_statistics(world, backend):
    """ethtool -S, the driver's own count and `net ports` agree with the frames that were sent."""
    a = world.a
    a.run(f"ping -c 1 {B_ON_WIRE}")
    before, port, linux = counts(world)
    assert " 0% packet loss" in a.run(f"ping -c 20 -i 0.1 -s 500 {B_ON_WIRE}", 60)
    after, port_after, linux_after = counts(world)
    sent = after["tx_packets"] - before["tx_packets"]
    assert 20 <= sent <= 40 and after["rx_packets"] - before["rx_packets"] >= 20
    assert sent == linux_after - linux == port_after["tx_frames"] - port["tx_frames"]
    assert after["tx_bytes"] - before["tx_bytes"] >= 20 * 542
    # The registers count an FCS that the switch never has.
    assert (after["tx_bytes"] - before["tx_bytes"]) - \
        (port_after["tx_bytes"] - port["tx_bytes"]) in (0, 4 * sent)
    # Only since then: what was missed before was another test's.
    assert not {name: value for name, value in after.items() if value != before[name] and
                re.search(r"error|dropped|timeout|coll|failed|missed", name)}


@pytest.mark.parametrize("backend", on())
def test_segmentation_is_whole_in_the_statistics(world, backend):
    """TSO is used between guests: the driver hands over fewer frames than there are segments."""
    a, b = world.a, world.b
    b.ok("iperf3 -s -1 -D; sleep 1")
    before = statistics(a, "eth0")
    a.ok(f"iperf3 -c {FIXED} -n 500K", 120)
    after = statistics(a, "eth0")
    assert after["tx_tcp_seg_good"] > before["tx_tcp_seg_good"]
    assert after["tx_tcp_seg_failed"] == before["tx_tcp_seg_failed"]


@pytest.mark.parametrize("backend", on())
def test_register_and_eeprom_dump(world, backend):
    """ethtool -d reads every register, and -e an EEPROM with the MAC in it."""
    assert "CTRL (Device control register)" in world.a.ok("ethtool -d eth1")
    dump = world.a.ok("ethtool -e eth1 length 16")
    assert mac("a", 1).replace(":", " ") in dump.lower(), dump


@pytest.mark.parametrize("backend", on())
def test_idle_guests_do_not_stall(world, backend):
    """One frame after a pause, again and again: each doorbell is heard, each timer fires."""
    world.a.run(f"ping -c 1 {B_ON_WIRE}")
    for _ in range(3):
        world.a.run("sleep 3")
        assert " 0% packet loss" in world.a.run(f"ping -c 1 -W 2 {B_ON_WIRE}")


@pytest.mark.parametrize("backend", on())
def test_down_and_up_again(world, backend):
    """The driver resets the device and sets it up anew, several times, beside traffic; the other
    guest does not notice."""
    b = world.b
    b.run(f"ping -i 0.1 {PEER} >/tmp/log & sleep 1")
    a = world.a
    for _ in range(3):
        a.ok("ifconfig eth1 down; ifconfig eth1 up")
        a.until("cat /sys/class/net/eth1/carrier", "^1$")
    assert three_answered(a, PEER)
    b.run("sleep 2")  # so many that one is less than 5 % of them
    lost, sent = network.lost_pings(b, world.wire, PEER)
    b.run("killall ping; wait")
    assert lost * 100 // sent <= 5, (lost, sent)
