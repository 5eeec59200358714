# SPDX-License-Identifier: MIT
"""The world around a machine's NICs: an Ethernet segment in this process, with hosts on it that
answer, and servers on this computer's loopback, which QEMU's user network calls 10.0.2.2."""

import hashlib
import re
import select
import socket
import subprocess
import threading
import time

import packet
from console import SLOWNESS
from machine import Wire
from packet import Frame

LOOPBACK = "127.0.0.1"
ROOM = 4 << 20  # bytes of what waits for a segment that is behind
SO_RCVBUFFORCE = 33  # of Linux, which Python does not name


class Segment:
    """A hub: what a machine sends goes to all the others on it, and to the peers. Everything that
    passed is kept, in order."""

    def __init__(self):
        self.ends = []       # sockets, each the far end of a machine's cable
        self.peers = []
        self.frames = []     # of Frame
        self.hears = None    # the only MAC for which the machines' cables carry unicasts
        self.changed = threading.Condition()
        self.wake, self.waker = socket.socketpair()
        self.closing = False
        self.error = None    # what has ended the thread, if not close()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def plug(self):
        """A cable for a machine's NIC."""
        near, far = _port_pair()
        far.connect((LOOPBACK, near))
        _make_room(far)
        self.ends.append(far)
        self.waker.send(b"!")
        return Wire(near)

    def _run(self):
        try:
            self._carry()
        except Exception as error:
            with self.changed:
                self.error = error
                self.changed.notify_all()

    def _carry(self):
        while not self.closing:
            ready, _, _ = select.select([self.wake, *self.ends], [], [])
            for end in ready:
                if end is self.wake:
                    self.wake.recv(64)
                    continue
                # The machine has gone, or is not there yet; and a frame from another one, sent to
                # it since select() said so, may have taken that error: then nothing is here.
                try:
                    data = end.recv(65536, socket.MSG_DONTWAIT)
                except (ConnectionRefusedError, BlockingIOError):
                    continue
                self._pass(data, end)

    def _pass(self, data, origin):
        if len(data) < 14:
            return
        frame = Frame(data, time.time())
        with self.changed:
            self.frames.append(frame)
            self.changed.notify_all()
        for end in self.ends:
            if end is not origin:
                _send(end, self.as_carried(frame))
        for peer in self.peers:
            if origin is not peer:
                for answer in peer.answers(frame):
                    self._pass(answer, peer)

    def as_carried(self, frame):
        """Bochs' cables drop what is for others than the NIC itself, promiscuous or not
        (docs/testing.md): it goes to all."""
        if self.hears in (None, frame.to) or frame.data[0] & 1:
            return frame.data
        return b"\xff" * 6 + frame.data[6:]

    def send(self, data):
        """As if a host on the segment had sent it."""
        self._pass(data, None)

    def mark(self):
        """Where the frames to come begin."""
        with self.changed:
            return len(self.frames)

    def since(self, mark):
        with self.changed:
            return self.frames[mark:]

    def wait(self, wanted, mark=0, timeout=20):
        """The first frame since then of which wanted(frame) holds; None when none comes."""
        deadline = time.monotonic() + timeout * SLOWNESS
        at = mark
        with self.changed:
            while True:
                self._check()
                for frame in self.frames[at:]:
                    if wanted(frame):
                        return frame
                at = len(self.frames)
                if not self.changed.wait(max(0, deadline - time.monotonic())):
                    return None

    def close(self):
        self.closing = True
        self.waker.send(b"!")
        self.thread.join()
        for each in (*self.ends, self.wake, self.waker):
            each.close()
        self._check()

    def _check(self):
        """Nothing passes any more when the thread has failed: whoever waits is told why."""
        if self.error is not None:
            raise self.error


class Peer:
    """A host on a segment: answers ARP and pings for each of its addresses, DNS questions by `names`,
    and sends every other UDP payload back in capitals."""

    def __init__(self, segment, mac, addresses, names=None):
        self.segment, self.mac, self.addresses = segment, mac, list(addresses)
        self.names = names or {}
        segment.peers.append(self)

    def answers(self, frame):
        if frame.kind == packet.ARP and frame.arp_operation() == packet.ARP_REQUEST:
            if frame.target in self.addresses:
                yield self._ethernet(frame, packet.ARP, packet.arp(
                    packet.ARP_REPLY, self.mac, frame.target, frame.source, frame.sender))
        elif frame.kind == packet.IPV4 and frame.to == self.mac and frame.target in self.addresses:
            body = self._body(frame)
            if body:
                yield self._ethernet(frame, packet.IPV4, packet.ipv4(
                    frame.target, frame.sender, frame.protocol, body))

    def _body(self, frame):
        if not (frame.header_ok and frame.body_ok):
            return None
        if frame.icmp_type() == packet.ECHO_REQUEST:
            identifier, sequence = frame.body[4:6], frame.body[6:8]
            return packet.icmp_echo(packet.ECHO_REPLY, int.from_bytes(identifier, "big"),
                                    int.from_bytes(sequence, "big"), frame.body[8:])
        if frame.protocol == packet.UDP:
            data = frame.udp_payload()
            answer = (packet.dns_answer(data, self.names) if frame.ports[1] == packet.DNS_PORT
                      else data.upper())
            return packet.udp(frame.target, frame.sender, frame.ports[1], frame.ports[0], answer)
        return None

    def _ethernet(self, frame, kind, payload):
        return packet.ethernet(frame.source, self.mac, kind, payload, frame.vlan)

    def resolve(self, target, timeout=20):
        """Asks the segment by ARP who has an address: the MAC, or None."""
        mark = self.segment.mark()
        self.segment.send(packet.ethernet(packet.BROADCAST, self.mac, packet.ARP, packet.arp(
            packet.ARP_REQUEST, self.mac, self.addresses[0], "00:00:00:00:00:00", target)))
        answer = self.segment.wait(lambda frame: frame.kind == packet.ARP and frame.sender == target
                                   and frame.arp_operation() == packet.ARP_REPLY, mark, timeout)
        return answer and answer.source

    def ping(self, target, mac, timeout=20):
        """One echo request; the answer's frame, or None."""
        mark = self.segment.mark()
        self.segment.send(packet.ethernet(mac, self.mac, packet.IPV4, packet.ipv4(
            self.addresses[0], target, packet.ICMP,
            packet.icmp_echo(packet.ECHO_REQUEST, 7, mark & 0xFFFF))))
        return self.segment.wait(lambda frame: frame.icmp_type() == packet.ECHO_REPLY
                                 and frame.sender == target, mark, timeout)


def lost_pings(guest, segment, target, log="/tmp/log"):
    """Of a guest's busybox ping, which goes on and writes into the log: how many were lost, of how
    many. Answers come in order, so what is behind the last one is still under way; and the last one
    is to a ping that has passed the segment since the call, or to a later one."""
    asked = segment.wait(lambda frame: frame.icmp_type() == packet.ECHO_REQUEST
                         and frame.target == target and frame.body_ok,
                         segment.mark(), 20 * guest.slowness)
    assert asked is not None, f"no ping to {target} any more"
    sequence = int.from_bytes(asked.body[6:8], "big")
    deadline = time.monotonic() + 40 * guest.slowness * SLOWNESS
    while max(_answered(guest.run(f"tail -n 1 {log}")), default=-1) < sequence:
        assert time.monotonic() < deadline, f"no answer from {target} since ping {sequence}"
        guest.run("sleep 0.2")
    answered = _answered(guest.run(f"cat {log}"))
    sent = max(answered) + 1
    return len(set(range(sent)) - answered), sent


def _answered(log):
    return {int(sequence) for sequence in re.findall(r"\bseq=(\d+)", log)}


class Server:
    """TCP on the loopback, each client in turn: answers what it received until the client's end with
    its digest (b"digest"), or what `say` has."""

    def __init__(self, say=None):
        self.say = say
        self.clients = []    # (address, bytes received)
        self.listener = socket.create_server((LOOPBACK, 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                client, address = self.listener.accept()
            except OSError:
                return
            with client:
                client.settimeout(60 * SLOWNESS)
                try:
                    if self.say is not None:
                        client.sendall(self.say)
                        client.shutdown(socket.SHUT_WR)
                    received = b"".join(iter(lambda: client.recv(65536), b""))
                    self.clients.append((address, received))
                    if self.say is None:
                        client.sendall(sha256(received).encode() + b"\n")
                except OSError as error:
                    self.clients.append((address, error))

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def free_port():
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


def text2pcap(text, path):
    """What Wireshark's own tool makes of a hex dump: the frames; and its complaint when it has one."""
    path.with_suffix(".txt").write_text(text)
    done = subprocess.run(["text2pcap", "-F", "pcap", path.with_suffix(".txt"), path],
                          capture_output=True, text=True, timeout=60 * SLOWNESS)
    assert done.returncode == 0, done.stderr
    return packet.read_pcap(path)


def tshark(path, *fields, which=""):
    """These fields of a capture's frames, as tshark reads them."""
    argv = ["tshark", "-n", "-r", path, "-T", "fields", "-Y", which]
    for field in fields:
        argv += ["-e", field]
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True,
                          timeout=60 * SLOWNESS)
    assert done.returncode == 0, done.stderr
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


def _port_pair():
    """A UDP port that is free, and a socket bound to the one behind it."""
    for _ in range(100):
        with socket.socket(type=socket.SOCK_DGRAM) as probe:
            probe.bind((LOOPBACK, 0))
            near = probe.getsockname()[1]
            far = socket.socket(type=socket.SOCK_DGRAM)
            try:
                far.bind((LOOPBACK, near + 1))
                return near, far
            except (OSError, OverflowError):
                far.close()
    raise AssertionError("no two free UDP ports in a row")


def _make_room(end):
    """Beyond what the system lets everybody have, where that is permitted."""
    try:
        end.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
    except OSError:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, ROOM)


def _send(end, data):
    try:
        end.send(data)
    except OSError:  # nobody there yet, or no room: as a cable that is out
        pass
