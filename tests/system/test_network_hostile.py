# SPDX-License-Identifier: MIT
"""Guests that mean harm to their e1000, or by it to others, each beside a Linux on the same
network, which pings the world through NAT all the while. For all of them: the hypervisor lives, the
neighbour loses no ping, or one, the VM ends as its row says, and everything it used comes back.
E1 to E22 and N1 to N7 are of the threat list in docs/attacks.md."""

import re
import struct
import time

import pytest

import guests
import linux_guest
import machine
import network
import packet
from console import SLOWNESS
from linux_guest import LINUX
from network_world import DNS, FAR_HOST, NAME, ROUTER, ROUTER_MAC, UPLINK

ROWS = {row.name: row for row in guests.hostile_rows(guests.NETWORK)}
# The same for longer, started by tests of their own.
KICKS = guests.Row("e4-for-long", "pvh", "16M", 1, 60, "pass", "e1000-rings", "case=4 seconds=20")
FLOWS = guests.Row("n4-for-long", "pvh", "16M", 1, 90, "pass", "e1000-flood",
                   "case=4 seconds=60 pause=60000")
POOL = guests.Row("n5-for-long", "pvh", "16M", 1, 90, "pass", "e1000-flood",
                  "case=8 seconds=60 pause=30000")
NICS = 2
NETWORK = (f"[net lan]\nmode = nat\nuplink = e1000:0\nsubnet = 10.8.0.0/24\n"
           f"address = {UPLINK}/24,{ROUTER}\ndns = {DNS}\n")
GATEWAY, TCP_PORT, LOOPS = "10.8.0.1", 7, 4
NEIGHBOUR = ("[vm neighbour]\nmemory = 128M\nkernel = vmlinux\ninitrd = demo.img\n"
             f"cmdline = {linux_guest.COMMAND_LINE} net=eth0\n" + "nic = e1000, net=lan\n" * 2)


def config_and_files():
    config, files = guests.config_of_rows([*ROWS.values(), KICKS, FLOWS, POOL])
    config = re.sub(r"(?m)^debug-exit = on$", "debug-exit = on" + "\nnic = e1000, net=lan" * NICS,
                    config)
    return (NETWORK + NEIGHBOUR + config,
            {**files, **{name: LINUX / name for name in ("vmlinux", "demo.img")}})


class Outside(network.Peer):
    """Refuses TCP to one port; and answers DNS questions for loopN.NAME by names that are none:
    the record's name points at itself, or at its own second half, or what it says does, or at
    another that points back."""

    def _body(self, frame):
        if frame.protocol == packet.TCP and frame.ports[1] == TCP_PORT and frame.body[13] & 2:
            return self._refusal(frame)
        if frame.protocol == packet.UDP and frame.ports[1] == packet.DNS_PORT:
            if found := re.search(rb"\x05loop(\d)", frame.udp_payload()):
                return packet.udp(frame.target, frame.sender, packet.DNS_PORT, frame.ports[0],
                                  self._loop(frame.udp_payload(), int(found[1])))
        try:
            return super()._body(frame)
        except (IndexError, ValueError, struct.error):  # a flood's question that is none
            return None

    @staticmethod
    def _loop(query, kind):
        end = query.index(b"\0", 12) + 5
        own = 0xC000 | end
        name, kind, data = [(own, 1, bytes(4)), (own + 1, 1, bytes(4)),
                            (0xC00C, 5, struct.pack(">H", own + 12)),
                            (own + 12, 5, struct.pack(">H", own))][kind]
        record = struct.pack(">3HIH", name, kind, 1, 60, len(data)) + data
        return query[:2] + struct.pack(">5H", 0x8180, 1, 1, 0, 0) + query[12:end] + record

    @staticmethod
    def _refusal(frame):
        sequence, = struct.unpack_from(">I", frame.body, 4)
        body = struct.pack(">2H2I2B3H", frame.ports[1], frame.ports[0], 0, sequence + 1 & 0xFFFFFFFF,
                           5 << 4, 0x14, 0, 0, 0)  # RST, ACK
        pseudo = (packet.ip_bytes(frame.target) + packet.ip_bytes(frame.sender) +
                  struct.pack(">2BH", 0, packet.TCP, len(body)))
        return body[:16] + struct.pack(">H", packet.checksum(pseudo + body)) + body[18:]


class World:
    """A machine with all of them, and the neighbour pinging."""

    def __init__(self, backend):
        # Not the emulator's user network: that falls over broken IPv4 itself.
        self.segment = network.Segment()
        Outside(self.segment, ROUTER_MAC, [ROUTER, DNS, FAR_HOST], {NAME: FAR_HOST})
        self.host = guests.Host(backend, guests.image_with(*config_and_files()), smp=2,
                                nics=[machine.Nic(self.segment.plug())])
        self.slowness = self.host.slowness
        self.shell = None

    def ready(self):
        """The machine at its prompt."""
        if self.shell is not None and self.host.machine is self.shell:
            self.line.to_prompt()
        shell = self.host.ready()
        if shell is not self.shell:
            self.shell = shell
            self.line = linux_guest.Line(shell, self.slowness)
            self.neighbour = linux_guest.InVm(self.line, "neighbour")
            guests.wait_running(shell, "neighbour")
            self.neighbour.wait_shell(120)
            self.neighbour.until("ip -4 address show dev eth0", r"inet 10\.8\.0\.")
        return self

    def ping(self):
        """Begins to."""
        self.neighbour.run(f"ping -c 1 -W 20 {FAR_HOST}", 40)
        self.neighbour.ok(f"ping -i 0.2 {FAR_HOST} >/tmp/log & sleep 0.5")
        self.line.to_prompt()

    def lost(self):
        """Ends it: how many were lost, of how many."""
        lost, sent = network.lost_pings(self.neighbour, self.segment, FAR_HOST)
        self.neighbour.run("killall ping; wait")
        complaints = self.neighbour.run("dmesg | grep -E 'Hang|WATCHDOG'")
        assert complaints == "", complaints
        self.line.to_prompt()
        return lost, sent

    def start(self, name):
        assert "error" not in self.line.command(f"vm start {name}")

    def runs(self, name):
        self.line.to_prompt()
        return guests.vm_state(self.shell, name)["state"] == "running"

    def stop(self, name):
        assert "error" not in self.line.command(f"vm stop {name} --force")

    def wait(self, what, seconds=20):
        """Until what() holds."""
        end = time.monotonic() + seconds * self.slowness * SLOWNESS
        while not what():
            assert time.monotonic() < end, what
            time.sleep(0.2)

    def resolves(self):
        """The neighbour asks for a name that there is."""
        return f"Address: {FAR_HOST}" in self.neighbour.run(f"nslookup {NAME} {GATEWAY}")

    def flows_reused(self):
        """How often NAT took a flow from a VM whose share was in use for another one of the same VM."""
        return next(row["value"] for row in self.line.command_json("net stats lan")
                    if (row["of"], row["counter"]) == ("nat", "flows ended to make room"))

    def in_use(self):
        """The counters, while the neighbour stands still."""
        assert "error" not in self.line.command("vm pause neighbour")
        used = guests.in_use(self.shell)
        assert "error" not in self.line.command("vm resume neighbour")
        return used

    def close(self):
        self.host.close()
        self.segment.close()


def marks(backend, seconds):
    """One process runs all of a backend, so that they share a machine."""
    return [pytest.mark.xdist_group(f"network-hostile-{backend}"),
            pytest.mark.timeout((600 + seconds * guests.BACKENDS[backend][2]) * SLOWNESS)]


def on_both():
    """(backend, name)"""
    for backend in guests.BACKENDS:
        for name, row in ROWS.items():
            yield pytest.param(backend, name, id=f"{name}-{backend}",
                               marks=marks(backend, row.seconds))


def alone(*backends):
    """The backends as parameters of a test that is none of the rows."""
    return [pytest.param(backend, id=backend, marks=marks(backend, 90))
            for backend in backends or guests.BACKENDS]


@pytest.mark.parametrize("backend, name", on_both())
def test_survives(worlds, backend, name):
    """It ends in its own time, and costs nobody anything."""
    _survives(worlds(backend), ROWS[name])


@pytest.mark.parametrize("backend", alone("svm"))
def test_e4_full_ring_kicked_for_long(worlds, backend):
    """For 20 seconds: some 200,000 times."""
    printed = _survives(worlds(backend), KICKS)
    assert int(re.search(r"(\d+) kicks", printed)[1]) > 10000, printed


def _survives(world, row):
    name = row.name
    try:
        before = world.in_use()
        world.ping()
        printed, vm = guests.run_to_end(world.shell, name, row.seconds * world.slowness)
        lost, sent = world.lost()
        if row.ends == "pass":
            assert f"PASS {row.guest}\n" in printed + "\n", (printed, vm)
            assert re.search(r"debug exit with status 0\b", vm["reason"]), vm
        else:
            assert "FAIL" not in printed and vm["state"] == "stopped", (printed, vm)
            assert re.search(row.ends, vm["reason"]), vm
        assert sent > 0 and lost <= 1, (lost, sent)
        _settle(world, before)
        return printed
    except Exception:
        world.host.spoil()
        raise


@pytest.mark.parametrize("backend", alone())
def test_n4_others_open_flows_while_one_takes_them_all(worlds, backend):
    """While one VM makes ever new flows, all that NAT gives it are taken, but the neighbour's new ones
    work: a ping each to two hosts, TCP, which is refused, not lost, and a DNS question."""
    world = worlds(backend)
    try:
        before = world.flows_reused()
        world.start(FLOWS.name)
        world.wait(lambda: world.flows_reused() > before + 100)
        for host in (DNS, FAR_HOST):
            world.neighbour.run(f"ping -c 1 -W 2 {host}")
            world.neighbour.ok(f"ping -c 3 -W 20 {host}", 60)
            assert "refused" in world.neighbour.fails(f"nc {host} {TCP_PORT}")
        assert world.resolves()
        assert world.runs(FLOWS.name)
        world.stop(FLOWS.name)
    except Exception:
        world.host.spoil()
        raise


@pytest.mark.parametrize("backend", alone())
def test_n5_others_get_leases_while_one_takes_the_pool(worlds, backend):
    """While one VM asks for every address of the network under ever new MACs, it has more than one of
    them, and the neighbour gets one for its second NIC, and its first one again."""
    world = worlds(backend)
    try:
        world.start(POOL.name)
        world.wait(lambda: len(world.line.command_json("net leases lan")) > 8)
        world.neighbour.ok("ip link set eth1 up")
        for nic in ("eth1", "eth0"):
            said = world.neighbour.ok(f"udhcpc -i {nic} -n -q -t 20 -T 2 -s /bin/true 2>&1", 80)
            assert re.search(r"lease of 10\.8\.0\.\d+ obtained", said), said
        assert world.runs(POOL.name)
        world.neighbour.ok("ip link set eth1 down")
        world.stop(POOL.name)
    except Exception:
        world.host.spoil()
        raise


@pytest.mark.parametrize("backend", alone("svm"))
def test_dns_answers_that_point_at_themselves(worlds, backend):
    """The server outside gives them; the guest that asked gets none of it, and other questions, before
    the first have had their time and after, are answered."""
    world = worlds(backend)
    mark = world.segment.mark()
    try:
        for kind in range(LOOPS):
            world.neighbour.ok(f"(nslookup loop{kind}.{NAME} {GATEWAY} >/tmp/loop{kind} 2>&1 &)")
        for kind in range(LOOPS):
            assert world.segment.wait(lambda frame, kind=kind: frame.sender == DNS and
                                      b"\x05loop%d" % kind in frame.body, mark) is not None
        assert world.resolves()
        assert world.neighbour.ok(f"ping -c 1 -W 2 {GATEWAY}")
        world.neighbour.until("pidof nslookup || echo none", "none", 60)
        said = world.neighbour.run("cat /tmp/loop*")
        assert said.count("Server:") == LOOPS and "answer:" not in said, said
        assert world.resolves()
    except Exception:
        world.host.spoil()
        raise


def _settle(world, before):
    """Everything is given back, once memory has been cleaned in the background."""
    for _ in range(30):
        if (now := world.in_use()) == before:
            return
        world.neighbour.run("sleep 0.2")
    assert now == before


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.ends == "pass"])
def test_straight_on_the_machine(name):
    """What they do, and what they check behind it, is no more than the emulator's own e1000 stands."""
    nics = [word for n in range(NICS) for word in (
        "-netdev", f"hubport,id=n{n},hubid={n}", "-device", f"e1000-82545em,netdev=n{n},romfile=")]
    printed, status = guests.straight(ROWS[name], extra=nics)
    assert printed.endswith(f"PASS {ROWS[name].guest}\n") and status == 0, (printed, status)
