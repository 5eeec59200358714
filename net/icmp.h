/* SPDX-License-Identifier: MIT */
/* ICMP of IPv4 (RFC 792, 1122, 1812): echoes and errors. Pure. */
#pragma once

#include "net/ipv4.h"

enum {
	ICMP_ERROR_MAX = 576, /* RFC 1812, section 4.3.2.3: as much of the packet as fits in this */
	ICMP_UNREACHABLE_PROTOCOL = 2,
	ICMP_UNREACHABLE_PROHIBITED = 13, /* RFC 1812, section 5.2.7.1 */
};

/* An ICMP message in a checked packet that is no fragment: long enough, with a right checksum. */
bool icmp_check(const u8 *packet, const struct ipv4 *ip);

/*
 * Whether an error may be sent about this checked packet (RFC 1122, section 3.2.2): not about ICMP
 * but echoes, not about fragments but the first, and only to and about single hosts.
 */
bool icmp_may_report(const u8 *packet, const struct ipv4 *ip);

/*
 * An error about a packet as it came, from `source` to who sent it; `rest` are the header's last
 * four bytes. At most ICMP_ERROR_MAX bytes are written; `error` and `about` lie apart. Answers the
 * length.
 */
u32 icmp_put_error(u8 *error, u32 source, u8 type, u8 code, u32 rest, const u8 *about,
		   const struct ipv4 *ip);

/* Turns a checked echo request into its answer, in place; its IP options become no-operations. */
void icmp_make_reply(u8 *packet, const struct ipv4 *ip);

/* An echo request with `size` bytes of data, complete; answers the packet's length. */
u32 icmp_put_echo(u8 *packet, u32 source, u32 destination, u16 id, u16 sequence, u32 size);
