# SPDX-License-Identifier: MIT
"""A machine with all three kinds of networks and two Linux guests on each, and what is outside of it:
shared by the tests of test_network*.py, one for each backend.

    e1000:0  the emulator's user network   lan   nat, its address by DHCP    a.0  b.0
    e1000:1  a segment with a peer on it   wire  bridge                      a.1  b.1
    e1000:2  a segment with a router       far   nat, a fixed address        a.2
             nobody                        inner host-only                   a.3  b.2
             nobody                        ports host-only, with settings    a.4 to a.7  b.3 to b.5
"""

import guests
import image
import linux_guest
import machine
import network
import pytest
from console import SLOWNESS
from linux_guest import LINUX

MEMORY = 160  # MiB of each guest
OUTSIDE, WEB = 8080, 80  # the forwarded port: of the uplink, and of guest a
FIXED = "10.8.0.77"      # guest b's address on lan
PEER_MAC, PEER, A_ON_WIRE, B_ON_WIRE = "52:54:00:aa:00:01", "192.0.2.1", "192.0.2.10", "192.0.2.11"
ROUTER_MAC, ROUTER, UPLINK = "52:54:00:aa:00:02", "198.51.100.1", "198.51.100.5"
DNS, FAR_HOST, NAME = "198.51.100.53", "203.0.113.9", "host.ashlar.test"
COMPLAINTS = "Tx Unit Hang|NETDEV WATCHDOG|e1000.*([Rr]eset|[Ee]rror|fail)|Oops|BUG:"
RATE = 10  # Mbit/s of the port that has a limit


def mac(vm, nic):
    return f"52:54:00:00:0{'ab'.index(vm)}:{nic:02x}"


def nic_line(vm, number, net, settings=""):
    return f"nic = e1000, net={net}, mac={mac(vm, number)}{settings}\n"


# The nth of a guest's NICs is its ethN.
NICS = {
    "a": ["lan", "wire", "far", "inner", "ports, trunk=7+9", "ports, vlan=7",
          f"ports, rate={RATE}M, spoof=deny", "ports, isolate=yes"],
    "b": ["lan", "wire", "inner", "ports, vlan=7", "ports, isolate=yes", "ports"],
}
DHCP = {"a": "eth0+eth2+eth3", "b": "eth0+eth2"}


def vm_section(name):
    nics = "".join(nic_line(name, n, *_split(net)) for n, net in enumerate(NICS[name]))
    return (f"[vm {name}]\nmemory = {MEMORY}M\nkernel = vmlinux\ninitrd = net.img\n"
            f"cmdline = {linux_guest.COMMAND_LINE} net={DHCP[name]}\n{nics}")


def _split(net):
    name, _, settings = net.partition(",")
    return name, settings and "," + settings


CONFIG = f"""[host]
[net lan]
mode = nat
uplink = e1000:0
subnet = 10.8.0.0/24
domain = ashlar.test
mtu = 1500
forward = tcp:{OUTSIDE}:a:{WEB}
host = {mac('b', 0)} {FIXED}
[net wire]
mode = bridge
uplink = e1000:1
[net far]
mode = nat
uplink = e1000:2
subnet = 10.8.2.0/24
address = {UPLINK}/24,{ROUTER}
dns = {DNS}
[net inner]
mode = host-only
worker = off
subnet = 10.9.0.0/24
[net ports]
mode = host-only
worker = 1
subnet = 10.10.0.0/24
""" + vm_section("a") + vm_section("b")

FILES = {name: LINUX / name for name in ("vmlinux", "net.img")}


class World:
    """Both guests at their shells."""

    def __init__(self, backend, folder="network", **more):
        kind, options, self.slowness = guests.BACKENDS[backend]
        self.backend = backend
        self.outside = network.free_port()  # of this computer, to the uplink's OUTSIDE
        self.wire, self.far = network.Segment(), network.Segment()
        self.peer = network.Peer(self.wire, PEER_MAC, [PEER])
        self.router = network.Peer(self.far, ROUTER_MAC, [ROUTER, DNS, FAR_HOST], {NAME: FAR_HOST})
        self.nics = [machine.Nic(machine.User({self.outside: OUTSIDE}), capture=True),
                     machine.Nic(self.wire.plug(), "e1000-82545em", capture=True),
                     machine.Nic(self.far.plug(), "e1000", capture=True)]
        if backend == "vmx":
            self.wire.hears = self.nics[1].address(1)
        self.machine = None
        try:
            self._start(kind, {"smp": 2, **options, **more}, f"{folder}-{backend}")
        except Exception:
            self.close()
            raise

    def _start(self, kind, options, folder):
        boot = guests.image_with(CONFIG, FILES)
        self.machine = kind.__new__(kind)
        self.machine.__init__(machine.Options(image=boot, nics=self.nics, **options),
                              image.TEST / "logs" / folder)
        self.machine.expect_prompt(60)
        self.line = linux_guest.Line(self.machine, self.slowness)
        self.a, self.b = linux_guest.InVm(self.line, "a"), linux_guest.InVm(self.line, "b")
        for guest in (self.a, self.b):
            guests.wait_running(self.machine, guest.name)
        for guest, address in ((self.a, A_ON_WIRE), (self.b, B_ON_WIRE)):
            guest.wait_shell(120)
            guest.ok(f"ip link set eth1 up; ip address add {address}/24 dev eth1")
            guest.ok("echo 1 >/proc/sys/net/ipv4/conf/all/arp_ignore")  # an address is of one NIC

    def address(self, guest, nic):
        """By DHCP, which may take its time."""
        return guest.until(f"ip -4 address show dev {nic}", r"inet (\S+)/")[1]

    def far_address(self):
        """Guest a's on far, by which it now goes to what is behind the router there."""
        address = self.address(self.a, "eth2")
        self.a.ok("ip route replace 203.0.113.0/24 via 10.8.2.1 dev eth2")
        return address

    # Ashlar's own words.
    def command(self, line, timeout=30):
        return self.line.command(line, timeout)

    def json(self, line, timeout=30):
        return self.line.command_json(line, timeout)

    def network(self, name):
        """A network's line of `net list -j`."""
        return next(net for net in self.json("net list") if net["name"] == name)

    def until_prompt(self, line, meanwhile):
        """What a command prints that goes on until Ctrl-C, while something else happens."""
        self.line.to_prompt()
        self.machine.console.type_line(line)
        meanwhile()
        self.machine.console.send("\x03")
        return self.machine.expect_prompt(20 * self.slowness)

    def port(self, name, net):
        """A port's line of `net ports NET -j`."""
        return next(port for port in self.json(f"net ports {net}") if port["name"] == name)

    def settle(self):
        """Behind a test: nothing of it runs any more, and no driver has complained. The shell says
        of a job that it has ended when it next asks for a command: then it is over here."""
        for guest in (self.a, self.b):
            guest.run("killall -q nc httpd iperf3 ping; wait")
            complaints = guest.run(f"dmesg | grep -E '{COMPLAINTS}'")
            assert complaints == "", complaints
            guest.run("dmesg -c >/dev/null")

    def close(self):
        if self.machine is not None:
            self.machine.close()
        self.wire.close()
        self.far.close()


class Worlds:
    """Each made when it is first asked for, and anew behind a test that has failed in it."""

    def __init__(self):
        self.made = {}

    def get(self, backend):
        if backend not in self.made:
            self.made[backend] = World(backend)
        return self.made[backend]

    def spoil(self, backend):
        if backend in self.made:
            self.made.pop(backend).close()

    def close(self):
        for backend in list(self.made):
            self.spoil(backend)


def on(*backends, seconds=300):
    """The backends as parameters of a test; one process runs all of one, on the same machine. The
    first test also waits until the guests are there."""
    return [pytest.param(backend, id=backend, marks=[
        pytest.mark.xdist_group(f"network-{backend}"),
        pytest.mark.timeout((600 + seconds * guests.BACKENDS[backend][2]) * SLOWNESS)])
            for backend in backends or guests.BACKENDS]
