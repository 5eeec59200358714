# SPDX-License-Identifier: MIT
"""Frames as bytes, and what is in them: for the peers of network.py and for captures. The numbers
are those of IEEE 802.3 and 802.1Q, and of RFC 826 (ARP), 791 (IPv4), 792 (ICMP), 768 (UDP), 9293 (TCP)
and 1035 (DNS)."""

import ipaddress
import struct
from dataclasses import dataclass
from functools import cached_property

BROADCAST = "ff:ff:ff:ff:ff:ff"
ARP, IPV4, IPV6, VLAN = 0x0806, 0x0800, 0x86DD, 0x8100
ICMP, TCP, UDP = 1, 6, 17
ECHO_REPLY, ECHO_REQUEST = 0, 8
ARP_REQUEST, ARP_REPLY = 1, 2
DNS_PORT = 53
SHORTEST = 60  # without FCS


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def mac_text(data):
    return data.hex(":")


def ip_bytes(text):
    return ipaddress.ip_address(text).packed


def ip_text(data):
    return str(ipaddress.ip_address(data))


def checksum(data):
    """RFC 1071; 0 of what has a right one in it."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@dataclass
class Frame:
    """Parsed as far as one is of a kind known here; what it has not is None."""
    data: bytes
    time: float = 0.0          # of the capture
    vlan: int = None
    kind: int = None           # EtherType
    payload: bytes = b""       # behind the EtherType
    sender: str = None         # IPv4, or of the ARP
    target: str = None
    protocol: int = None
    body: bytes = b""          # behind the IPv4 header, without padding
    ports: tuple = None        # source and destination

    def __post_init__(self):
        self.to, self.source = mac_text(self.data[:6]), mac_text(self.data[6:12])
        at = 12
        if self.data[at:at + 2] == struct.pack(">H", VLAN):
            self.vlan = struct.unpack_from(">H", self.data, at + 2)[0] & 0xFFF
            at += 4
        self.kind, = struct.unpack_from(">H", self.data, at)
        self.payload = self.data[at + 2:]
        if self.kind == ARP and len(self.payload) >= 28:
            self.sender, self.target = ip_text(self.payload[14:18]), ip_text(self.payload[24:28])
        elif self.kind == IPV4 and len(self.payload) >= 20:
            self._ipv4()

    def _ipv4(self):
        length = (self.payload[0] & 0xF) * 4
        total, = struct.unpack_from(">H", self.payload, 2)
        self.protocol = self.payload[9]
        self.sender, self.target = ip_text(self.payload[12:16]), ip_text(self.payload[16:20])
        self.body = self.payload[length:total]
        if self.protocol in (TCP, UDP) and len(self.body) >= 8:
            self.ports = struct.unpack_from(">2H", self.body)

    # Checksums are only worked out where somebody asks: of a flood most are nobody's.
    @cached_property
    def header_ok(self):
        """The IPv4 header's checksum."""
        if self.protocol is None:
            return None
        return checksum(self.payload[:(self.payload[0] & 0xF) * 4]) == 0

    @cached_property
    def body_ok(self):
        """The checksum of TCP, UDP or ICMP."""
        if self.protocol == ICMP:
            return checksum(self.body) == 0
        if self.ports is None:
            return None
        if self.protocol == UDP and self.body[6:8] == b"\0\0":
            return True  # none (RFC 768)
        return checksum(self._pseudo() + self.body) == 0

    def _pseudo(self):
        return self.payload[12:20] + struct.pack(">2BH", 0, self.protocol, len(self.body))

    def arp_operation(self):
        return struct.unpack_from(">H", self.payload, 6)[0]

    def icmp_type(self):
        return self.body[0] if self.protocol == ICMP and self.body else None

    def udp_payload(self):
        return self.body[8:]


def ethernet(to, source, kind, payload, vlan=None):
    tag = b"" if vlan is None else struct.pack(">2H", VLAN, vlan)
    frame = mac_bytes(to) + mac_bytes(source) + tag + struct.pack(">H", kind) + payload
    return frame.ljust(SHORTEST, b"\0")


def arp(operation, mac, ip, target_mac, target_ip):
    return (struct.pack(">2H2BH", 1, IPV4, 6, 4, operation) + mac_bytes(mac) + ip_bytes(ip) +
            mac_bytes(target_mac) + ip_bytes(target_ip))


def ipv4(source, target, protocol, body, ttl=64):
    header = struct.pack(">2B3H2BH", 0x45, 0, 20 + len(body), 1, 0, ttl, protocol, 0)
    header += ip_bytes(source) + ip_bytes(target)
    return header[:10] + struct.pack(">H", checksum(header)) + header[12:] + body


def icmp_echo(kind, identifier, sequence, data=b"ashlar"):
    body = struct.pack(">2B3H", kind, 0, 0, identifier, sequence) + data
    return body[:2] + struct.pack(">H", checksum(body)) + body[4:]


def udp(source, target, source_port, target_port, data):
    body = struct.pack(">4H", source_port, target_port, 8 + len(data), 0) + data
    pseudo = ip_bytes(source) + ip_bytes(target) + struct.pack(">2BH", 0, UDP, len(body))
    return body[:6] + struct.pack(">H", checksum(pseudo + body) or 0xFFFF) + body[8:]


def dns_answer(query, names):
    """To a question for an address, by a dictionary; a name that is not in it does not exist."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode())
        at += 1 + query[at]
    question, wants = query[12:at + 5], struct.unpack_from(">H", query, at + 1)[0]
    address = names.get(".".join(labels))
    records = b""
    if address and wants == 1:
        records = struct.pack(">3HIH", 0xC00C, 1, 1, 60, 4) + ip_bytes(address)
    flags = 0x8180 if address else 0x8183
    return query[:2] + struct.pack(">5H", flags, 1, bool(records), 0, 0) + question + records


def read_pcap(path):
    """The frames of a capture file, of either byte order, in micro- or nanoseconds."""
    data = path.read_bytes()
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\x4d\x3c\xb2\xa1": "<",
             b"\xa1\xb2\xc3\xd4": ">", b"\xa1\xb2\x3c\x4d": ">"}[data[:4]]
    part = 1e-9 if data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d") else 1e-6
    frames, at = [], 24
    while at + 16 <= len(data):
        seconds, fraction, length, _ = struct.unpack_from(order + "4I", data, at)
        frames.append(Frame(data[at + 16:at + 16 + length], seconds + fraction * part))
        at += 16 + length
    return frames
