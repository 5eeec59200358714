/* SPDX-License-Identifier: MIT */
/* ICMP of IPv4: see net/icmp.h. */
#include "net/icmp.h"

#include "lib/string.h"
#include "net/checksum.h"

bool
icmp_check(const u8 *packet, const struct ipv4 *ip)
{
	u32 len = ipv4_payload_len(ip);

	return len >= ICMP_HEADER &&
	       checksum_fold(checksum_add(0, packet + ip->header_len, len)) == 0;
}

bool
icmp_may_report(const u8 *packet, const struct ipv4 *ip)
{
	if (ip->offset != 0 || !ipv4_is_unicast(ip->source) || !ipv4_is_unicast(ip->destination))
		return false;
	if (ip->protocol != IP_ICMP)
		return true;
	return ipv4_payload_len(ip) >= ICMP_HEADER &&
	       (packet[ip->header_len + ICMP_TYPE] == ICMP_ECHO ||
		packet[ip->header_len + ICMP_TYPE] == ICMP_ECHO_REPLY);
}

static void
put_checksum(u8 *icmp, u32 len)
{
	be16_put(icmp + ICMP_CHECKSUM, 0);
	be16_put(icmp + ICMP_CHECKSUM, checksum_fold(checksum_add(0, icmp, len)));
}

u32
icmp_put_error(u8 *error, u32 source, u8 type, u8 code, u32 rest, const u8 *about,
	       const struct ipv4 *ip)
{
	u32 quoted = MIN(ip->len, (u32)ICMP_ERROR_MAX - IPV4_HEADER - ICMP_HEADER);
	struct ipv4 header = {.source = source,
			      .destination = ip->source,
			      .len = (u16)(IPV4_HEADER + ICMP_HEADER + quoted),
			      .protocol = IP_ICMP,
			      .ttl = IPV4_TTL_OWN};
	u8 *icmp = error + IPV4_HEADER;

	ipv4_put_header(error, &header);
	icmp[ICMP_TYPE] = type;
	icmp[ICMP_CODE] = code;
	be32_put(icmp + ICMP_ID, rest);
	memcpy(icmp + ICMP_HEADER, about, quoted);
	put_checksum(icmp, ICMP_HEADER + quoted);
	return header.len;
}

void
icmp_make_reply(u8 *packet, const struct ipv4 *ip)
{
	u8 *icmp = packet + ip->header_len;

	be32_put(packet + IPV4_SOURCE, ip->destination);
	be32_put(packet + IPV4_DESTINATION, ip->source);
	packet[IPV4_TTL] = IPV4_TTL_OWN;
	be16_put(packet + IPV4_FRAGMENT, 0); /* the way back may have to cut it */
	/* RFC 1122 would have them sent back; nobody needs that, and some of them record. */
	memset(packet + IPV4_HEADER, 1, ip->header_len - (unsigned)IPV4_HEADER);
	ipv4_put_checksum(packet);
	icmp[ICMP_TYPE] = ICMP_ECHO_REPLY;
	put_checksum(icmp, ipv4_payload_len(ip));
}

u32
icmp_put_echo(u8 *packet, u32 source, u32 destination, u16 id, u16 sequence, u32 size)
{
	struct ipv4 header = {.source = source,
			      .destination = destination,
			      .len = (u16)(IPV4_HEADER + ICMP_HEADER + size),
			      .protocol = IP_ICMP,
			      .ttl = IPV4_TTL_OWN};
	u8 *icmp = packet + IPV4_HEADER;

	ipv4_put_header(packet, &header);
	icmp[ICMP_TYPE] = ICMP_ECHO;
	icmp[ICMP_CODE] = 0;
	be16_put(icmp + ICMP_ID, id);
	be16_put(icmp + ICMP_SEQUENCE, sequence);
	for (u32 i = 0; i < size; i++)
		icmp[ICMP_HEADER + i] = (u8)i;
	put_checksum(icmp, ICMP_HEADER + size);
	return header.len;
}
