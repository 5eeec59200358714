/* SPDX-License-Identifier: MIT */
/* An echo on its way: see net/ping.h. */
#include "net/ping.h"

#include "net/icmp.h"

u32
ping_begin(struct ping *p, u8 *packet, u32 source, u32 address, u16 sequence, u32 size, u64 now)
{
	*p = (struct ping){.address = address,
			   .size = size,
			   .sequence = sequence,
			   .state = PING_WAITING,
			   .sent_ns = now};
	return icmp_put_echo(packet, source, address, PING_ID, sequence, size);
}

bool
ping_answered(struct ping *p, const u8 *packet, const struct ipv4 *ip, u64 now)
{
	const u8 *icmp = packet + ip->header_len;

	if (p->state != PING_WAITING || ip->source != p->address ||
	    ipv4_payload_len(ip) != ICMP_HEADER + p->size || icmp[ICMP_TYPE] != ICMP_ECHO_REPLY ||
	    be16_at(icmp + ICMP_ID) != PING_ID || be16_at(icmp + ICMP_SEQUENCE) != p->sequence)
		return false;
	for (u32 i = 0; i < p->size; i++) {
		if (icmp[ICMP_HEADER + i] != (u8)i)
			return false;
	}
	p->state = PING_ANSWERED;
	p->ttl = ip->ttl;
	p->took_ns = now - p->sent_ns;
	return true;
}
