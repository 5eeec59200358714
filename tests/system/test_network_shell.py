# SPDX-License-Identifier: MIT
"""What a person sees of the networks: net and its words, captures, pings, and the cable."""

import re
import time

import network
import packet
import pytest
from console import SLOWNESS
from network_world import (A_ON_WIRE, B_ON_WIRE, FIXED, NICS, PEER, ROUTER, UPLINK, mac, on)

MODES = {"lan": "nat", "wire": "bridge", "far": "nat", "inner": "host-only", "ports": "host-only"}
UPLINKED = {"lan": "e1000:0", "wire": "e1000:1", "far": "e1000:2"}
COUNTERS = {"tx_frames", "tx_bytes", "rx_frames", "rx_bytes", "dropped_full", "dropped_rate",
            "dropped_spoof", "dropped_vlan", "dropped_storm", "dropped_malformed"}


def ports_of(net):
    """The names that its ports have."""
    of_vms = {f"{vm}.{n}" for vm, nics in NICS.items() for n, nic in enumerate(nics)
              if nic.split(",")[0] == net}
    return of_vms | ({f"{net}.uplink"} if net in UPLINKED else set()) | \
        ({f"{net}.gw"} if MODES[net] != "bridge" else set())


@pytest.mark.parametrize("backend", on())
def test_list(world, backend):
    """Each network with its mode and uplink; `net` alone is the same."""
    rows = {row["name"]: row for row in world.json("net list")}
    assert {name: row["mode"] for name, row in rows.items()} == MODES
    for name, uplink in UPLINKED.items():
        assert rows[name]["uplink"] == uplink and rows[name]["link"] == "up", rows[name]
    assert rows["lan"]["subnet"] == "10.8.0.0/24" and rows["inner"]["subnet"] == "10.9.0.0/24"
    assert rows["far"]["address"] == UPLINK
    said = world.command("net list")
    assert all(re.search(rf"^{name} .*\b{mode}\b", said, re.M) for name, mode in MODES.items()), said
    assert world.command("net").splitlines()[0] == said.splitlines()[0]


@pytest.mark.parametrize("backend", on())
def test_ports(world, backend):
    """Their names, the MACs behind them, and counters with the reasons of drops."""
    for net in MODES:
        rows = {row["name"]: row for row in world.json(f"net ports {net}")}
        assert set(rows) == ports_of(net)
        assert all(COUNTERS <= set(row) for row in rows.values()), rows
        for name, row in rows.items():
            if found := re.fullmatch(r"([ab])\.(\d)", name):
                assert row["mac"] == mac(found[1], int(found[2])), row
        assert set(re.findall(r"^(\S+\.\S+)", world.command(f"net ports {net}"), re.M)) == \
            ports_of(net)


@pytest.mark.parametrize("backend", on())
def test_ports_count_what_passes(world, backend):
    before = {row["name"]: row for row in world.json("net ports wire")}
    for _ in range(5):
        assert world.peer.ping(A_ON_WIRE, mac("a", 1)) is not None
    after = {row["name"]: row for row in world.json("net ports wire")}
    assert after["wire.uplink"]["tx_frames"] >= before["wire.uplink"]["tx_frames"] + 5
    assert after["a.1"]["rx_frames"] >= before["a.1"]["rx_frames"] + 5
    assert after["a.1"]["tx_bytes"] >= before["a.1"]["tx_bytes"] + 5 * 42


def numbers(value):
    """All there are in what JSON gave."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [number for each in value for number in numbers(each)]
    return [value] if isinstance(value, int) and not isinstance(value, bool) else []


@pytest.mark.parametrize("backend", on())
def test_stats(world, backend):
    """Counters of the switch, the uplink and the gateway, of which some go up with what passes."""
    for net in MODES:
        assert numbers(world.json(f"net stats {net}")) and world.command(f"net stats {net}")
    before = numbers(world.json("net stats wire"))
    assert world.peer.ping(A_ON_WIRE, mac("a", 1)) is not None
    after = numbers(world.json("net stats wire"))
    assert any(now > then for then, now in zip(before, after)), (before, after)


@pytest.mark.parametrize("backend", on())
def test_names_that_are_not_there(world, backend):
    for line in ("net ports nobody", "net stats nobody", "net leases nobody", "net nat nobody",
                 "net capture a.99", "net capture nobody.0", "net leases wire", "net nat inner"):
        for said in (world.command(line), world.command(line + " -j")):
            assert said.startswith("error: "), (line, said)


@pytest.mark.parametrize("backend", on())
def test_capture_prints_a_line_for_a_frame(world, backend):
    """As tcpdump does, until Ctrl-C; and the prompt is there again."""
    def traffic():
        world.machine.expect(r"capturing a\.1 until Ctrl-C")
        assert world.peer.ping(A_ON_WIRE, mac("a", 1)) is not None
        assert world.peer.resolve(A_ON_WIRE) == mac("a", 1)
        # All of it printed; looked at from the beginning, so that it is still there for `said`.
        world.machine.expect(
            rf"(?s)\A(?=.*ICMP echo reply.*ARP[^\n]*{re.escape(A_ON_WIRE)}[^\n]*\n)",
            30 * world.slowness)

    said = world.until_prompt("net capture a.1", traffic)
    lines = said.splitlines()
    assert any(re.search(rf"{PEER} > {A_ON_WIRE}: ICMP echo request", line) for line in lines), said
    assert any(re.search(rf"{A_ON_WIRE} > {PEER}: ICMP echo reply", line) for line in lines), said
    assert any(re.search(r"ARP", line) and A_ON_WIRE in line for line in lines), said


@pytest.mark.parametrize("backend", on())
def test_capture_for_wireshark(world, backend):
    """`-x` prints hex that text2pcap reads: the very frames that passed, which tshark understands."""
    mark = world.wire.mark()

    def traffic():
        world.machine.expect(r"(?=# capturing a\.1 until Ctrl-C)")
        for _ in range(3):
            assert world.peer.ping(A_ON_WIRE, mac("a", 1)) is not None
        # All of it printed, the hex of the last one too, behind which there is an empty line.
        world.machine.expect(r"(?s)(?=# capturing a\.1 until Ctrl-C"
                             r"(?:.*?ICMP echo reply.*?\r?\n\r?\n){3})", 30 * world.slowness)

    said = world.until_prompt("net capture a.1 -x", traffic)
    path = world.machine.folder / "capture.pcap"
    frames = network.text2pcap(said, path)
    since = world.wire.since(mark)
    passed = [frame.data for frame in since] + [world.wire.as_carried(frame) for frame in since]
    pings = [frame for frame in frames if frame.icmp_type() is not None]
    assert len(pings) == 6 and all(frame.data in passed or frame.data.ljust(60, b"\0") in passed
                                   for frame in pings), said
    assert all(frame.header_ok and frame.body_ok for frame in pings)
    read = network.tshark(path, "ip.src", "ip.dst", "icmp.type", which="icmp")
    assert read == [(PEER, A_ON_WIRE, "8"), (A_ON_WIRE, PEER, "0")] * 3


@pytest.mark.parametrize("backend", on())
def test_capture_of_much_traffic_ends_at_once(world, backend):
    """A flood does not keep Ctrl-C from ending it."""
    world.b.ok(f"ping -i 0.01 {A_ON_WIRE} >/dev/null & sleep 1")
    try:
        begin = time.monotonic()
        said = world.until_prompt("net capture b.1", lambda: world.machine.expect("ICMP echo"))
        assert time.monotonic() - begin < 20 * world.slowness * SLOWNESS, said[-400:]
    finally:
        world.b.run("killall ping")


@pytest.mark.parametrize("backend", on())
def test_ping(world, backend):
    """From the shell: a guest and what is behind the uplink, all four; and nobody, until Ctrl-C."""
    world.address(world.b, "eth0")
    for target, net in ((FIXED, "lan"), (ROUTER, "far")):
        said = world.command(f"ping {target} {net}")
        assert re.search(r"\b4 sent, 4 answered, 0% loss", said), said
    # Typed right behind Enter: sent later, it might come when all four have had their time.
    world.machine.console.send("ping 10.8.0.250 lan\r\x03")
    world.machine.expect(r"ping 10\.8\.0\.250 lan\r\n", 10 * world.slowness)
    said = world.machine.expect_prompt(20 * world.slowness)
    assert re.search(r"\b1 sent, 0 answered, 100% loss", said), said


@pytest.mark.parametrize("backend", on())
def test_ping_says_what_is_wrong(world, backend):
    assert world.command("ping 10.8.0.1000 lan").startswith("error: ")
    assert world.command("ping 10.8.0.1 nobody").startswith("error: ")


@pytest.mark.parametrize("backend", on("svm"))
def test_the_uplinks_cable(world, backend):
    """Out: seen, shown and said in the log; guests go on among themselves. In again: so is that."""
    assert world.network("wire")["link"] == "up"
    world.machine.set_link(1, False)
    try:
        _until_link(world, "wire", "down")
        assert re.search(r"wire.*link.*down|wire.*down.*link", world.command("log"))
        assert "down" in next(line for line in world.command("net list").splitlines()
                              if line.startswith("wire"))
        world.a.run(f"ping -c 1 -W 2 {B_ON_WIRE}")
        assert " 0% packet loss" in world.a.run(f"ping -c 2 -W 2 {B_ON_WIRE}")
        assert world.peer.ping(A_ON_WIRE, mac("a", 1), timeout=2) is None
    finally:
        world.machine.set_link(1, True)
    _until_link(world, "wire", "up")
    assert world.peer.ping(A_ON_WIRE, mac("a", 1)) is not None
    assert world.network("lan")["link"] == "up" == world.network("far")["link"]


def _until_link(world, net, state):
    deadline = time.monotonic() + 20 * SLOWNESS
    while world.network(net)["link"] != state:
        assert time.monotonic() < deadline, world.json("net list")
        time.sleep(0.2)


@pytest.mark.parametrize("backend", on())
def test_the_gateway_answers_the_peer_of_its_segment(world, backend):
    """The uplink's fixed address is a host: ARP and ping from outside, and nothing else of ours."""
    uplink = world.router.resolve(UPLINK)
    assert uplink is not None
    answer = world.router.ping(UPLINK, uplink)
    assert answer is not None and answer.sender == UPLINK and answer.body_ok
    mark = world.far.mark()
    world.far.send(packet.ethernet(uplink, world.router.mac, packet.IPV4, packet.ipv4(
        ROUTER, "10.8.2.1", packet.ICMP, packet.icmp_echo(packet.ECHO_REQUEST, 1, 1))))
    assert world.far.wait(lambda frame: frame.sender == "10.8.2.1", mark, 2) is None
