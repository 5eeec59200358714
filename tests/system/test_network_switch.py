# SPDX-License-Identifier: MIT
"""What a NIC's line in the configuration sets at the switch: VLANs, a rate, spoofing, isolation. The
network `ports` is of network_world.py: a.4 trunk=7+9, a.5 and b.3 vlan=7, a.6 with a rate and
spoof=deny, a.7 and b.4 isolated, b.5 plain."""

import json

import pytest
from network_world import RATE, mac, on

TRUNK, ACCESS, LIMITED, ISOLATED = "eth4", "eth5", "eth6", "eth7"  # of guest a
B_ACCESS, B_ISOLATED, B_PLAIN = "eth3", "eth4", "eth5"
GATEWAY = "10.10.0.1"


def address(guest, nic, text):
    """A fixed one, alone on it."""
    guest.ok(f"ip address flush dev {nic}; ip link set {nic} up; ip address add {text}/24 dev {nic}")
    guest.until(f"cat /sys/class/net/{nic}/carrier", "^1$")


def bare(guest, *nics):
    for nic in nics:
        guest.run(f"ip address flush dev {nic}")


def reaches(guest, target, nic, count=2):
    guest.run(f"ping -I {nic} -c 1 -W 1 {target}")
    return " 0% packet loss" in guest.run(f"ping -I {nic} -c {count} -W 2 {target}", 30)


def cut_off(guest, target, nic):
    return "100% packet loss" in guest.run(f"ping -I {nic} -c 2 -W 1 {target}", 30)


@pytest.mark.parametrize("backend", on())
def test_vlan_between_access_ports(world, backend):
    a, b = world.a, world.b
    address(a, ACCESS, "10.7.0.1")
    address(b, B_ACCESS, "10.7.0.2")
    assert reaches(a, "10.7.0.2", ACCESS) and reaches(b, "10.7.0.1", B_ACCESS)
    bare(a, ACCESS)
    bare(b, B_ACCESS)


@pytest.mark.parametrize("backend", on())
def test_vlan_by_a_trunk(world, backend):
    """Tagged by the guest, the tag taken off for the access port; VLAN 9, on the trunk as well, is
    another network, and 8 does not pass."""
    a, b = world.a, world.b
    address(b, B_ACCESS, "10.7.0.2")
    a.ok(f"ip link set {TRUNK} up")
    for vlan in (7, 8, 9):
        a.ok(f"ip link add link {TRUNK} name v{vlan} type vlan id {vlan}; ip link set v{vlan} up")
        a.ok(f"ip address add 10.7.0.1{vlan}/24 dev v{vlan}")
    try:
        assert reaches(a, "10.7.0.2", "v7") and reaches(b, "10.7.0.17", B_ACCESS)
        assert cut_off(a, "10.7.0.2", "v8") and cut_off(a, "10.7.0.2", "v9")
        assert world.port("a.4", "ports")["dropped_vlan"] > 0
    finally:
        for vlan in (7, 8, 9):
            a.run(f"ip link del v{vlan}")
        bare(b, B_ACCESS)


@pytest.mark.parametrize("backend", on())
def test_vlan_is_apart_from_the_untagged(world, backend):
    a, b = world.a, world.b
    address(a, ACCESS, "10.7.0.1")
    address(b, B_PLAIN, "10.7.0.3")
    assert cut_off(a, "10.7.0.3", ACCESS) and cut_off(b, "10.7.0.1", B_PLAIN)
    bare(a, ACCESS)
    bare(b, B_PLAIN)


@pytest.mark.parametrize("backend", on("svm"))
def test_rate(world, backend):
    """What it sends is held to its rate, by the guests' clock; what it receives is not. By UDP it
    sends on at twice the rate, where TCP would wait for what is lost, and longer on a slow computer."""
    a, b = world.a, world.b
    address(a, LIMITED, "10.7.1.1")
    address(b, B_PLAIN, "10.7.1.2")
    assert reaches(a, "10.7.1.2", LIMITED)
    b.ok("iperf3 -s -D")
    speeds = []
    for more in (f"-u -b {2 * RATE}M", "-R"):
        said = json.loads(a.ok(f"iperf3 -J -t 4 -c 10.7.1.2 {more}", 60))
        speeds.append(said["end"]["sum_received"]["bits_per_second"] / 1e6)
    print(speeds)
    assert RATE * 0.4 < speeds[0] < RATE * 1.1, speeds
    assert speeds[1] > RATE * 1.2, speeds
    assert world.port("a.6", "ports")["dropped_rate"] > 0
    b.run("killall iperf3")
    bare(a, LIMITED)
    bare(b, B_PLAIN)


@pytest.mark.parametrize("backend", on())
def test_n2_spoofed_source_is_dropped(world, backend):
    """With another MAC than its own, even the gateway's, it is not heard; with its own again it is."""
    a, b = world.a, world.b
    address(a, LIMITED, "10.7.1.1")
    address(b, B_PLAIN, "10.7.1.2")
    assert reaches(a, "10.7.1.2", LIMITED)
    before = world.port("a.6", "ports")["dropped_spoof"]
    a.ok(f"ip link set {LIMITED} down; ip link set {LIMITED} address 52:54:00:99:99:99")
    try:
        address(a, LIMITED, "10.7.1.1")
        assert cut_off(a, "10.7.1.2", LIMITED)
        assert world.port("a.6", "ports")["dropped_spoof"] > before
    finally:
        a.run(f"ip link set {LIMITED} down; ip link set {LIMITED} address {mac('a', 6)}")
    address(a, LIMITED, "10.7.1.1")
    assert reaches(a, "10.7.1.2", LIMITED)
    bare(a, LIMITED)
    bare(b, B_PLAIN)


@pytest.mark.parametrize("backend", on())
def test_isolated_ports(world, backend):
    """They reach the gateway and an ordinary port, not each other."""
    a, b = world.a, world.b
    address(a, ISOLATED, "10.10.0.201")
    address(b, B_ISOLATED, "10.10.0.202")
    assert cut_off(a, "10.10.0.202", ISOLATED) and cut_off(b, "10.10.0.201", B_ISOLATED)
    assert reaches(a, GATEWAY, ISOLATED) and reaches(b, GATEWAY, B_ISOLATED)
    bare(b, B_ISOLATED)
    address(b, B_PLAIN, "10.10.0.203")
    assert reaches(a, "10.10.0.203", ISOLATED)
    bare(a, ISOLATED)
    bare(b, B_PLAIN)
