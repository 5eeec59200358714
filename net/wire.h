/* SPDX-License-Identifier: MIT */
/*
 * What stands in packets: offsets and values of Ethernet, ARP, IPv4, IPv6, ICMP, UDP and TCP, and
 * fields in network order at any address. Constants and pure functions; whoever reads has checked
 * the length.
 */
#pragma once

#include "include/types.h"

/* IEEE 802.3, 802.1Q */
enum {
	ETH_DESTINATION = 0,
	ETH_SOURCE = 6,
	ETH_TYPE = 12,
	ETH_HEADER = 14,
	ETH_ADDRESS = 6,
	ETH_TAG = 4,  /* 802.1Q: type 8100h and the tag, in front of the type */
	ETH_MIN = 60, /* of a frame without its FCS */
	ETH_FCS = 4,
	ETH_TYPE_IPV4 = 0x0800,
	ETH_TYPE_ARP = 0x0806,
	ETH_TYPE_VLAN = 0x8100,
	ETH_TYPE_IPV6 = 0x86dd,
	VLAN_ID = 0xfff,
	VLAN_RESERVED = 0xfff, /* the identifier that no VLAN may have (802.1Q-2018, table 9-2) */
};

/* RFC 826, for IPv4 over Ethernet; from the ARP header's beginning */
enum {
	ARP_HARDWARE = 0,
	ARP_PROTOCOL = 2,
	ARP_HARDWARE_LEN = 4,
	ARP_PROTOCOL_LEN = 5,
	ARP_OPERATION = 6,
	ARP_SENDER_MAC = 8,
	ARP_SENDER_IP = 14,
	ARP_TARGET_MAC = 18,
	ARP_TARGET_IP = 24,
	ARP_LEN = 28,
	ARP_REQUEST = 1,
	ARP_REPLY = 2,
};

/* RFC 791, 8200; from the IP header's beginning */
enum {
	IPV4_VERSION_IHL = 0,
	IPV4_TOS = 1,
	IPV4_TOTAL_LEN = 2,
	IPV4_ID = 4,
	IPV4_FRAGMENT = 6, /* flags and the offset in units of 8 bytes */
	IPV4_TTL = 8,
	IPV4_PROTOCOL = 9,
	IPV4_CHECKSUM = 10,
	IPV4_SOURCE = 12,
	IPV4_DESTINATION = 16,
	IPV4_HEADER = 20, /* without options */
	IPV4_DONT_FRAGMENT = 0x4000,
	IPV4_MORE_FRAGMENTS = 0x2000,
	IPV4_FRAGMENT_OFFSET = 0x1fff,
	IPV6_PAYLOAD_LEN = 4,
	IPV6_NEXT = 6,
	IPV6_HOP_LIMIT = 7,
	IPV6_SOURCE = 8,
	IPV6_DESTINATION = 24,
	IPV6_HEADER = 40,
	IP_ICMP = 1,
	IP_TCP = 6,
	IP_UDP = 17,
	IP_ICMPV6 = 58,
};

/* RFC 792; from the ICMP header's beginning */
enum {
	ICMP_TYPE = 0,
	ICMP_CODE = 1,
	ICMP_CHECKSUM = 2,
	ICMP_ID = 4,	   /* of an echo */
	ICMP_SEQUENCE = 6, /* of an echo */
	ICMP_MTU = 6,	   /* of "fragmentation needed" (RFC 1191) */
	ICMP_HEADER = 8,
	ICMP_ECHO_REPLY = 0,
	ICMP_UNREACHABLE = 3,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
	ICMP_UNREACHABLE_NET = 0,
	ICMP_UNREACHABLE_HOST = 1,
	ICMP_UNREACHABLE_PORT = 3,
	ICMP_FRAGMENTATION_NEEDED = 4,
};

/* RFC 768, 9293 */
enum {
	UDP_SOURCE = 0,
	UDP_DESTINATION = 2,
	UDP_LEN = 4,
	UDP_CHECKSUM = 6,
	UDP_HEADER = 8,
	TCP_SOURCE = 0,
	TCP_DESTINATION = 2,
	TCP_SEQUENCE = 4,
	TCP_ACKNOWLEDGEMENT = 8,
	TCP_DATA_OFFSET = 12, /* the upper four bits, in units of 4 bytes */
	TCP_FLAGS = 13,
	TCP_WINDOW = 14,
	TCP_CHECKSUM = 16,
	TCP_HEADER = 20, /* without options */
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_ECE = 0x40,
	TCP_CWR = 0x80,
};

static inline u16
be16_at(const u8 *at)
{
	return (u16)(at[0] << 8 | at[1]);
}

static inline u32
be32_at(const u8 *at)
{
	return (u32)be16_at(at) << 16 | be16_at(at + 2);
}

static inline void
be16_put(u8 *at, u16 value)
{
	at[0] = (u8)(value >> 8);
	at[1] = (u8)value;
}

static inline void
be32_put(u8 *at, u32 value)
{
	be16_put(at, (u16)(value >> 16));
	be16_put(at + 2, (u16)value);
}
