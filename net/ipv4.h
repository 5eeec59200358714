/* SPDX-License-Identifier: MIT */
/*
 * IPv4 packets (RFC 791): checking of one that came, and headers of those that go. Addresses are in
 * host order, as everywhere in net/. Pure.
 */
#pragma once

#include "include/types.h"
#include "net/wire.h"

#define IPV4_ADDRESS(a, b, c, d) ((u32)(a) << 24 | (u32)(b) << 16 | (u32)(c) << 8 | (u32)(d))
#define IPV4_BROADCAST		 0xffffffffu

enum { IPV4_TTL_OWN = 64 };

/* What a checked packet's header says. Offset and lengths are in bytes. */
struct ipv4 {
	u32 source, destination;
	u16 len;	/* of all of the packet: header and payload; what follows is padding */
	u16 header_len; /* with its options: 20 to 60, at most len */
	u16 offset;	/* of a fragment's payload; offset and payload end below 64 KiB */
	u16 id;
	bool more, dont_fragment; /* more fragments follow; it may not be cut */
	u8 protocol, ttl;
};

/*
 * A packet of at most len bytes, hostile. False, with *ip undefined, when it is malformed: its
 * version, lengths, checksum or options, a fragment that is empty, not the last and no multiple of
 * 8 bytes, or behind the end of 64 KiB; and with source routes (RFC 7126, section 4.3 and 4.4).
 */
bool ipv4_check(const u8 *packet, u32 len, struct ipv4 *ip);

static inline bool
ipv4_is_fragment(const struct ipv4 *ip)
{
	return ip->more || ip->offset != 0;
}

static inline u16
ipv4_payload_len(const struct ipv4 *ip)
{
	return (u16)(ip->len - ip->header_len);
}

/* The header's checksum anew, over what it says of its length. */
void ipv4_put_checksum(u8 *packet);

/* One hop less, with the checksum; the caller has seen that the TTL is above 0. */
void ipv4_decrement_ttl(u8 *packet);

/* A header of 20 bytes, for ip's source, destination, len, id, dont_fragment, protocol and ttl. */
void ipv4_put_header(u8 *packet, const struct ipv4 *ip);

/* An address of a host: not 0/8, loopback, multicast, class E or the broadcast (RFC 6890). */
bool ipv4_is_unicast(u32 address);

static inline u32
ipv4_mask(unsigned prefix)
{
	return prefix == 0 ? 0 : 0xffffffffu << (32 - prefix);
}
