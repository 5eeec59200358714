/* SPDX-License-Identifier: MIT */
/* UDP over IPv4 (RFC 768). Pure. */
#pragma once

#include "net/ipv4.h"

enum { UDP_IPV4_HEADERS = IPV4_HEADER + UDP_HEADER };

struct udp {
	u16 source, destination; /* ports */
	u32 len;		 /* of the data */
	u8 *data;		 /* in the packet */
};

/* Of a checked packet that is no fragment: false with a wrong length, checksum or a port of 0. A
 * datagram without a checksum is fine, as is one without data. */
bool udp_check(u8 *packet, const struct ipv4 *ip, struct udp *udp);

/*
 * Both headers, complete, in front of `len` bytes of data that stand at packet + UDP_IPV4_HEADERS;
 * answers the packet's length.
 */
u32 udp_put(u8 *packet, u32 source, u16 source_port, u32 destination, u16 destination_port, u16 id,
	    u32 len);
