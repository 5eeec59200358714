# SPDX-License-Identifier: MIT
"""The three modes of a network, as two Linux guests with the stock e1000 driver see them, and as those
outside do: NAT with its gateway, bridge, and host-only."""

import re
import urllib.request

import network
import packet
import pytest
from console import SLOWNESS
from linux_guest import LINUX, Shell
from machine import Nic, Options, Qemu
from network_world import (A_ON_WIRE, B_ON_WIRE, DNS, FAR_HOST, FIXED, NAME, PEER, PEER_MAC, ROUTER,
                           UPLINK, WEB, mac, on)

import image

SIZE = {"svm": 1 << 20, "vmx": 1 << 18}  # bytes of a file that is sent
NO_LOSS = "0% packet loss"


def lease(guest, nic="eth0"):
    """What the DHCP server has told it: {variable: value}."""
    guest.until(f"ls /run/{nic}.lease", f"^/run/{nic}.lease")
    return dict(re.findall(r"(\w+)='?([^'\n]*)'?", guest.ok(f"cat /run/{nic}.lease")))


def three_answered(guest, address, more=""):
    """Whether three pings come back, each by itself: of several, busybox' ping gives the last one a
    second, whatever -W says, and who answers may be this process, which others keep waiting."""
    said = guest.run(f"for i in 1 2 3; do ping -c 1 -W 20 {more} {address} || break; done", 80)
    return said.count(f" {NO_LOSS}") == 3


def ping(guest, address, more=""):
    """Whether all came back. The first may be lost: who waits for an ARP answer queues one."""
    guest.run(f"ping -c 1 -W 20 {address}", 40)
    return three_answered(guest, address, more)


def digest(guest, file):
    return guest.ok(f"sha256sum {file}", 60).split()[0]


def random_file(guest, size):
    """A file of random bytes; answers its digest."""
    guest.ok(f"head -c {size} /dev/urandom >/tmp/file", 60)
    return digest(guest, "/tmp/file")


def send_between(sender, receiver, address, size):
    """A file by TCP: its digest at both ends."""
    receiver.ok("nc -l -p 5000 >/tmp/got & sleep 1")
    sent = random_file(sender, size)
    sender.ok(f"nc {address} 5000 </tmp/file", 120)
    receiver.run("wait", 60)
    return sent, digest(receiver, "/tmp/got")


# Host-side capture of what left by an uplink's cable.
def seen_by(segment, mark, *addresses):
    return [frame for frame in segment.since(mark)
            if frame.sender in addresses or frame.target in addresses]


@pytest.mark.parametrize("backend", on())
def test_nat_dhcp(world, backend):
    """An address from the subnet, with all that the configuration says, and `net leases` lists it."""
    told = lease(world.a)
    assert re.fullmatch(r"10\.8\.0\.\d+", told["ip"]) and told["mask"] == "24", told
    assert (told["router"], told["dns"], told["serverid"]) == ("10.8.0.1",) * 3, told
    assert told["domain"] == "ashlar.test" and told["mtu"] == "1500", told
    rows = {row["mac"]: row for row in world.json("net leases lan")}
    assert rows[mac("a", 0)]["address"] == told["ip"], rows
    assert told["ip"] in world.command("net leases lan")


@pytest.mark.parametrize("backend", on())
def test_nat_dhcp_fixed_address(world, backend):
    assert lease(world.b)["ip"] == FIXED == world.address(world.b, "eth0")
    rows = {row["mac"]: row for row in world.json("net leases lan")}
    assert rows[mac("b", 0)]["address"] == FIXED


@pytest.mark.parametrize("backend", on())
def test_nat_ping(world, backend):
    """The other guest, the gateway, and the world behind the uplink: its router."""
    assert ping(world.a, FIXED)
    assert ping(world.b, world.address(world.a, "eth0"))
    assert ping(world.a, "10.8.0.1")
    assert ping(world.a, "10.0.2.2")


@pytest.mark.parametrize("backend", on())
def test_tcp_between_guests(world, backend):
    """Whole files, both ways."""
    a, b = world.a, world.b
    sent, got = send_between(a, b, FIXED, SIZE[backend])
    assert got == sent
    sent, got = send_between(b, a, world.address(a, "eth0"), SIZE[backend])
    assert got == sent


@pytest.mark.parametrize("backend", on())
def test_tcp_without_offloads(world, backend):
    """A sender that segments and completes everything itself, to one that does too, and mixed."""
    a, b = world.a, world.b
    try:
        a.ok("ethtool -K eth0 tso off gso off tx off sg off")
        sent, got = send_between(a, b, FIXED, SIZE[backend])
        assert got == sent
        sent, got = send_between(b, a, world.address(a, "eth0"), SIZE[backend])
        assert got == sent
    finally:
        a.ok("ethtool -K eth0 tx on sg on tso on gso on")


@pytest.mark.parametrize("backend", on())
def test_nat_tcp_to_the_world(world, backend):
    """A file to a server outside, and one from it. It sees the uplink's address, not the guest's: in
    the emulator's user network that is this computer's own."""
    a, server = world.a, network.Server()
    try:
        sent = random_file(a, SIZE[backend])
        assert sent in a.ok(f"nc 10.0.2.2 {server.port} </tmp/file", 120)
    finally:
        server.close()
    body = bytes(range(256)) * (SIZE[backend] // 256)
    server = network.Server(b"HTTP/1.0 200 OK\r\n\r\n" + body)
    try:
        a.ok(f"wget -q -O /tmp/got http://10.0.2.2:{server.port}/x", 120)
        assert a.ok("wc -c </tmp/got") == str(len(body))
        assert digest(a, "/tmp/got") == network.sha256(body)
    finally:
        server.close()


@pytest.mark.parametrize("backend", on())
def test_nat_by_a_fixed_address(world, backend):
    """Pings and UDP leave under the uplink's address, with right checksums, and come back."""
    a, mark = world.a, world.far.mark()
    address = world.far_address()
    assert ping(a, FAR_HOST)
    out = [frame for frame in world.far.since(mark) if frame.target == FAR_HOST]
    assert out and {frame.sender for frame in out} == {UPLINK}
    assert all(frame.header_ok and frame.body_ok for frame in out)
    assert not seen_by(world.far, mark, address)


@pytest.mark.parametrize("backend", on())
def test_nat_dns_relay(world, backend):
    """The gateway asks the server that is configured, and says what it said, good or bad."""
    a, mark = world.a, world.far.mark()
    world.address(a, "eth2")
    assert FAR_HOST in a.until(f"nslookup {NAME} 10.8.2.1", rf"Address: {FAR_HOST}")[0]
    question = world.far.wait(lambda frame: frame.target == DNS and frame.ports is not None, mark)
    assert question is not None and question.sender == UPLINK and question.ports[1] == 53
    assert "NXDOMAIN" in a.run("nslookup nobody.ashlar.test 10.8.2.1")


@pytest.mark.parametrize("backend", on())
def test_nat_port_forward_from_outside(world, backend):
    """A page of the guest's, fetched from outside by the uplink's port."""
    world.address(world.a, "eth0")
    world.a.ok(f"mkdir -p /www; echo forwarded $((6 * 7)) >/www/page; httpd -p {WEB} -h /www")
    url = f"http://127.0.0.1:{world.outside}/page"
    with urllib.request.urlopen(url, timeout=60 * SLOWNESS) as answer:
        assert answer.read() == b"forwarded 42\n"


@pytest.mark.parametrize("backend", on())
def test_nat_lists_its_flows(world, backend):
    """`net nat` has the ping under way: whose it is, and to whom."""
    address = world.far_address()
    world.a.ok(f"ping -c 1000 {FAR_HOST} >/dev/null & sleep 1")
    try:
        rows = [row for row in world.json("net nat far") if row["protocol"] == "icmp"]
        assert any(address in row["inside"] and FAR_HOST in row["remote"] for row in rows), rows
        assert address in world.command("net nat far")
    finally:
        world.a.run("killall ping")


@pytest.mark.parametrize("backend", on())
def test_nat_lets_nobody_in(world, backend):
    """From outside only what is forwarded: neither the guest's address nor another port answers."""
    address = world.address(world.a, "eth2")
    uplink = world.router.resolve(UPLINK)
    assert uplink is not None
    assert world.router.ping(address, uplink, timeout=3) is None
    mark = world.far.mark()
    world.far.send(packet.ethernet(uplink, world.router.mac, packet.IPV4, packet.ipv4(
        ROUTER, UPLINK, packet.UDP, packet.udp(ROUTER, UPLINK, 99, 5353, b"hello"))))
    world.a.run("sleep 1")
    assert not [frame for frame in world.far.since(mark) if frame.sender == address]
    assert world.router.resolve(address, timeout=2) is None  # nor does it answer ARP for it


@pytest.mark.parametrize("backend", on())
def test_bridge_makes_a_host_of_its_own(world, backend):
    """Its own MAC on the segment, both ways, with right checksums."""
    mark = world.wire.mark()
    assert world.peer.resolve(A_ON_WIRE) == mac("a", 1)
    answer = world.peer.ping(A_ON_WIRE, mac("a", 1))
    assert answer is not None and answer.source == mac("a", 1) and answer.header_ok
    assert ping(world.a, PEER) and ping(world.b, PEER)
    frames = world.wire.since(mark)
    assert {mac("a", 1), mac("b", 1), PEER_MAC} <= {frame.source for frame in frames}
    for frame in frames:
        assert frame.header_ok is not False and frame.body_ok is not False, frame
        assert not (frame.sender or "").startswith("10."), frame


@pytest.mark.parametrize("backend", on("svm"))
def test_bridge_in_the_capture_of_the_cable(world, backend):
    """The emulator's own record of the NIC agrees with what the peer saw."""
    assert ping(world.a, PEER, "-s 1000")
    frames = packet.read_pcap(world.machine.folder / "nic1.pcap")
    asked = [frame for frame in frames if frame.source == mac("a", 1)
             and frame.icmp_type() == packet.ECHO_REQUEST and len(frame.body) == 1008]
    answered = [frame for frame in frames if frame.to == mac("a", 1)
                and frame.icmp_type() == packet.ECHO_REPLY and len(frame.body) == 1008]
    assert asked and answered and asked[-1].body[8:] == answered[-1].body[8:]
    assert asked[-1].header_ok and asked[-1].body_ok


@pytest.mark.parametrize("backend", on())
def test_bridge_between_guests_stays_inside(world, backend):
    """What one guest says to the other is not on the cable, once the switch has learned both."""
    assert ping(world.a, B_ON_WIRE)
    mark = world.wire.mark()
    assert ping(world.a, B_ON_WIRE)
    assert not [frame for frame in world.wire.since(mark) if frame.icmp_type() is not None
                and frame.target in (A_ON_WIRE, B_ON_WIRE)]


@pytest.mark.parametrize("backend", on())
def test_bridge_passes_ipv6_untouched(world, backend):
    """Neighbour discovery to the segment, and pings between the guests."""
    mark = world.wire.mark()
    address = world.b.until("ip -6 address show dev eth1", r"inet6 (fe80::\S+)/")[1]
    world.a.run(f"ping -6 -c 1 -W 2 {address}%eth1")
    assert f" {NO_LOSS}" in world.a.run(f"ping -6 -c 2 -W 2 {address}%eth1", 30)
    world.a.run("ping -6 -c 1 -W 1 fe80::1%eth1")  # nobody's: asked for by multicast
    asked = world.wire.wait(lambda frame: frame.kind == packet.IPV6
                            and frame.to.startswith("33:33:ff") and frame.source == mac("a", 1), mark)
    assert asked is not None and asked.payload[7] == 255  # its hop limit: nobody has routed it


@pytest.mark.parametrize("backend", on("svm"))
def test_bridge_to_another_linux(world, backend):
    """A second machine on the segment: pings and TCP both ways."""
    nic = Nic(world.wire.plug(), "e1000-82545em", mac="52:54:00:bb:00:01")
    other = Qemu.__new__(Qemu)
    try:
        other.__init__(Options(kernel=LINUX / "vmlinux", initrd=LINUX / "net.img", memory=160,
                               cmdline="console=ttyS0 quiet net=off", nics=[nic]),
                       image.TEST / "logs/network-other")
        shell = Shell(other)
        shell.wait_shell()
        shell.ok("ip link set eth0 up; ip address add 192.0.2.20/24 dev eth0")
        assert ping(shell, A_ON_WIRE) and ping(world.a, "192.0.2.20")
        sent, got = send_between(world.a, shell, "192.0.2.20", SIZE[backend])
        assert got == sent
        sent, got = send_between(shell, world.a, A_ON_WIRE, SIZE[backend])
        assert got == sent
    finally:
        other.close()


@pytest.mark.parametrize("backend", on())
def test_host_only_among_themselves(world, backend):
    """The guests and the gateway reach each other; there is a lease, but no router in it."""
    told = lease(world.a, "eth3")
    assert "router" not in told, told
    assert re.fullmatch(r"10\.9\.0\.\d+", told["ip"]), told
    assert ping(world.a, world.address(world.b, "eth2")) and ping(world.a, "10.9.0.1")


@pytest.mark.parametrize("backend", on())
def test_host_only_does_not_leak(world, backend):
    """Neither out by a gateway, whoever's, nor in."""
    a = world.a
    address = world.address(a, "eth3")
    marks = world.wire.mark(), world.far.mark()
    a.ok("ip route add 203.0.113.7 via 10.9.0.1; ip route add 10.8.2.1 via 10.9.0.1 dev eth3")
    try:
        for target in ("203.0.113.7", "10.8.2.1"):
            assert "100% packet loss" in a.run(f"ping -I eth3 -c 2 -W 1 {target}"), target
    finally:
        a.run("ip route del 203.0.113.7; ip route del 10.8.2.1 via 10.9.0.1")
    assert world.peer.resolve(address, timeout=2) is None
    uplink = world.router.resolve(UPLINK)
    assert world.router.ping(address, uplink, timeout=2) is None
    inside = (address, world.address(world.b, "eth2"), "203.0.113.7")
    for segment, mark in zip((world.wire, world.far), marks):
        leaked = [frame for frame in seen_by(segment, mark, *inside)
                  if frame.source not in (PEER_MAC, world.router.mac)]
        assert not leaked, leaked


@pytest.mark.parametrize("backend", on())
def test_networks_do_not_see_each_other(world, backend):
    """A guest on lan gets no answer from one on wire or far through its gateway."""
    a = world.a
    mark = world.far.mark()
    a.ok(f"ip route add {DNS} via 10.8.0.1 dev eth0")  # lan's gateway, far's segment
    try:
        a.run(f"ping -c 1 -W 2 {DNS}")
    finally:
        a.run(f"ip route del {DNS}")
    assert not seen_by(world.far, mark, world.address(a, "eth0"))
