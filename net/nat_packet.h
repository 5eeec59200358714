/* SPDX-License-Identifier: MIT */
/*
 * One packet on its way through the NAT: what it says of itself, checked, and its addresses and
 * ports changed with all checksums that cover them. Pure.
 */
#pragma once

#include "net/ipv4.h"

enum nat_packet_kind {
	NAT_PACKET_FLOW,       /* TCP, UDP or ICMP echo, with its ports */
	NAT_PACKET_ICMP_ERROR, /* its payload is complete, with the right checksum */
	NAT_PACKET_FRAGMENT,   /* not the first one: without ports */
	NAT_PACKET_MALFORMED,
	NAT_PACKET_OTHER, /* another protocol, or another ICMP message */
};

struct nat_packet {
	struct ipv4 ip;
	u8 *at;		 /* the IP header ... */
	u8 *payload;	 /* ... and what follows it, in payload_len bytes */
	u32 payload_len; /* that are there; those told of may be more, in a quoted packet */
	u16 ports[2];	/* source, destination; an echo has its identifier at one, 0 at the other */
	u8 tcp_flags;	/* 0 but for TCP */
	u8 port_at[2];	/* where in the payload */
	u8 checksum_at; /* where in the payload; 0: none, or not there */
	bool pseudo_header;  /* that checksum covers the addresses too */
	bool zero_is_no_sum; /* UDP */
};

/* An end of a packet. */
enum nat_end { NAT_SOURCE, NAT_DESTINATION };

/* False when the IP header is malformed: the rest of *p is then undefined. */
bool nat_packet_parse_ip(struct nat_packet *p, u8 *packet, u32 len);

/* Afterwards, what the payload is. */
enum nat_packet_kind nat_packet_parse(struct nat_packet *p);

/*
 * The packet that an ICMP error quotes; false unless all of its ports and its IP header are there.
 * Checksums and the lengths behind that are not looked at: it is cut, and who quotes may have
 * changed it.
 */
bool nat_packet_parse_quoted(struct nat_packet *quoted, const struct nat_packet *error);

/* Another address, and port where there is one. */
void nat_packet_set_address(struct nat_packet *p, enum nat_end end, u32 address);
void nat_packet_set_end(struct nat_packet *p, enum nat_end end, u32 address, u16 port);

/* The same in the quoted packet, and in the error's checksum, which covers it. */
void nat_packet_set_quoted_end(struct nat_packet *error, struct nat_packet *quoted,
			       enum nat_end end, u32 address, u16 port);

/* Another identification, of a fragment. */
void nat_packet_set_id(struct nat_packet *p, u16 id);
