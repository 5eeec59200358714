# SPDX-License-Identifier: MIT
"""What the network costs: two Linux guests with the stock e1000 driver on one switch, on one CPU that
counts its instructions. A virtual nanosecond is an instruction, so the guests' own clocks count
everything between a transfer's begin and end: both kernels, the hypervisor, its threads, and what the
CPU idles besides, as if it were instructions. tools/bench.py prints the figures,
test_network_figures.py asserts them."""

import json
import re
from dataclasses import dataclass

import guests
import image
import linux_guest
import machine
from linux_guest import LINUX

SMALL, LARGE = 8, 64  # MiB: their difference is without what begins and ends a transfer
IN_FLIGHT = 4         # MiB, at most, when iperf3 ends: what a socket may hold
PINGS = 30
MEMORY = 160
ADDRESSES = {"a": "10.8.0.10", "b": "10.8.0.11"}
CONFIG = "[net lan]\nmode = host-only\nsubnet = 10.8.0.0/24\n" + "".join(
    f"[vm {name}]\nmemory = {MEMORY}M\nkernel = vmlinux\ninitrd = net.img\n"
    f"cmdline = {linux_guest.COMMAND_LINE} net=off\nnic = e1000, net=lan\n" for name in ADDRESSES)

# name: (what it is, KVM+QEMU's on the same emulated machine, at most)
LIMITS = {
    "instructions": ("iperf3 over e1000: instructions a MiB", 52_500_000, 20_000_000),
    "exits": ("the same: exits a MiB", 1_772, 600),
    "exits_per_interrupt": ("the same: exits an interrupt", None, 8),
    "ping": ("ping round trip: instructions", 439_000, 120_000),
    "switch": ("a frame of 64 bytes in the switch: instructions", None, 250),
}
VCPU, LOOPBACK = "vcpus", "loopback"  # shown without a limit
SHOWN = {VCPU: "iperf3 over e1000: of those by vCPUs",
         LOOPBACK: "the same TCP within one Linux, straight"}


@dataclass
class Transfer:
    """What one has cost."""
    mib: int
    received: int    # bytes, when the receiver was told that there are no more
    ns: int          # until then, of the receiver's clock
    exits: int = 0   # of both VMs, from before the client's start until behind its end
    interrupts: int = 0  # all that their local APICs were asked for: timers and the UART too
    cpu_ns: int = 0

    def __sub__(self, other):
        return Transfer(*(mine - its for mine, its in zip(vars(self).values(),
                                                          vars(other).values())))


def iperf(shell, address, mib):
    """A transfer from this Linux; iperf_ns() tells how long it took."""
    shell.ok(f"iperf3 -J -n {mib}M -c {address} >/tmp/iperf", 900)


def iperf_end(shell, mib):
    """(bytes that the receiver had at the end, ns until then by its own clock)"""
    end = json.loads(shell.ok("cat /tmp/iperf", 60))["end"]["sum_received"]
    assert end["bytes"] >= (mib - IN_FLIGHT) * (1 << 20), end
    return end["bytes"], int(end["seconds"] * 1e9)


def ping(shell, address, count=PINGS):
    """Mean ns of a round trip, by the guest's clock; the first ones warm up."""
    shell.ok(f"ping -c 5 -i 0.1 {address}", 300)
    said = shell.ok(f"ping -c {count} -i 0.1 {address}", 600)
    found = re.search(r" 0% packet loss.*= [\d.]+/([\d.]+)/", said, re.S)
    assert found, said
    return int(float(found[1]) * 1e6)


def costs(line):
    """(exits, interrupts, ns of CPU time) of both VMs until now."""
    rows = [line.command_json(f"vm stats {name}", 300) for name in ADDRESSES]
    return tuple(sum(row[key] for row in rows) for key in ("exit_count", "interrupts", "cpu_ns"))


def transfer(line, shell, address, mib):
    before = costs(line)
    iperf(shell, address, mib)
    after = costs(line)  # before the guest prints its report, an exit a character
    return Transfer(mib, *iperf_end(shell, mib), *(now - then for now, then in zip(after, before)))


def measure():
    """{figure: value}, of LIMITS and SHOWN."""
    boot = guests.image_with(CONFIG, {name: LINUX / name for name in ("vmlinux", "net.img")})
    host = machine.Qemu.__new__(machine.Qemu)
    try:
        host.__init__(machine.Options(image=boot, icount=True), image.TEST / "logs/bench-network")
        host.expect_prompt(60)
        return _measure(host)
    finally:
        host.close()


def _measure(host):
    line = linux_guest.Line(host, 4)
    shells = {name: linux_guest.InVm(line, name) for name in ADDRESSES}
    for name in ADDRESSES:
        guests.wait_running(host, name)
    for name, shell in shells.items():
        shell.wait_shell(120)
        shell.ok(f"ip link set eth0 up; ip address add {ADDRESSES[name]}/24 dev eth0")
    shells["b"].ok("iperf3 -s -D")
    round_trip = ping(shells["a"], ADDRESSES["b"])
    small = transfer(line, shells["a"], ADDRESSES["b"], SMALL)
    cost = transfer(line, shells["a"], ADDRESSES["b"], LARGE) - small
    return {"instructions": cost.ns * (1 << 20) // cost.received, "exits": cost.exits // cost.mib,
            "exits_per_interrupt": round(cost.exits / max(1, cost.interrupts), 1),
            VCPU: cost.cpu_ns // cost.mib, "ping": round_trip,
            "switch": max(row["ticks"] for row in line.command_json("bench switch", 120)
                          if "broadcast" not in row["what"]),
            LOOPBACK: loopback()}


def loopback():
    """Instructions a MiB of TCP within one Linux, straight on the machine: what is nobody's fault."""
    made = machine.Qemu.__new__(machine.Qemu)
    try:
        made.__init__(machine.Options(
            kernel=LINUX / "vmlinux", initrd=LINUX / "net.img", memory=MEMORY, icount=True,
            cmdline=linux_guest.COMMAND_LINE + " net=off"), image.TEST / "logs/bench-loopback")
        shell = linux_guest.Shell(made, 4)
        shell.wait_shell()
        shell.ok("iperf3 -s -D")
        taken = []
        for mib in (SMALL, LARGE):
            iperf(shell, "127.0.0.1", mib)
            taken.append(iperf_end(shell, mib))
        received, ns = (large - small for small, large in zip(*taken))
        return ns * (1 << 20) // received
    finally:
        made.close()
