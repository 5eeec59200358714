/* SPDX-License-Identifier: MIT */
/* IPv4 packets: see net/ipv4.h. Sections are those of RFC 791. */
#include "net/ipv4.h"

#include "lib/string.h"
#include "net/checksum.h"

enum {
	OPTION_END = 0,
	OPTION_NOP = 1,
	OPTION_LOOSE_ROUTE = 131,
	OPTION_STRICT_ROUTE = 137,
	PACKET_MAX = 65535,
};

/* Section 3.1, "Options": each but two has a length, which counts all of it. */
static bool
options_fine(const u8 *at, unsigned len)
{
	unsigned i = 0;

	while (i < len && at[i] != OPTION_END) {
		if (at[i] == OPTION_NOP) {
			i++;
			continue;
		}
		if (at[i] == OPTION_LOOSE_ROUTE || at[i] == OPTION_STRICT_ROUTE)
			return false;
		if (len - i < 2 || at[i + 1] < 2 || at[i + 1] > len - i)
			return false;
		i += at[i + 1];
	}
	return true;
}

static bool
fragment_fine(const struct ipv4 *ip)
{
	u16 payload = ipv4_payload_len(ip);

	if (!ipv4_is_fragment(ip))
		return true;
	if (payload == 0 || (ip->more && payload % 8 != 0))
		return false;
	return (u32)ip->header_len + ip->offset + payload <= PACKET_MAX;
}

bool
ipv4_check(const u8 *packet, u32 len, struct ipv4 *ip)
{
	u16 fragment;

	if (len < IPV4_HEADER || packet[IPV4_VERSION_IHL] >> 4 != 4)
		return false;
	ip->header_len = (u16)((packet[IPV4_VERSION_IHL] & 0xf) * 4);
	ip->len = be16_at(packet + IPV4_TOTAL_LEN);
	if (ip->header_len < IPV4_HEADER || ip->header_len > ip->len || ip->len > len)
		return false;
	/* Over a header with its checksum the sum is 0. */
	if (checksum_fold(checksum_add(0, packet, ip->header_len)) != 0)
		return false;

	fragment = be16_at(packet + IPV4_FRAGMENT);
	ip->offset = (u16)((fragment & IPV4_FRAGMENT_OFFSET) * 8);
	ip->more = (fragment & IPV4_MORE_FRAGMENTS) != 0;
	ip->dont_fragment = (fragment & IPV4_DONT_FRAGMENT) != 0;
	ip->id = be16_at(packet + IPV4_ID);
	ip->ttl = packet[IPV4_TTL];
	ip->protocol = packet[IPV4_PROTOCOL];
	ip->source = be32_at(packet + IPV4_SOURCE);
	ip->destination = be32_at(packet + IPV4_DESTINATION);
	return fragment_fine(ip) &&
	       options_fine(packet + IPV4_HEADER, ip->header_len - (unsigned)IPV4_HEADER);
}

void
ipv4_put_checksum(u8 *packet)
{
	unsigned len = (packet[IPV4_VERSION_IHL] & 0xf) * 4u;

	be16_put(packet + IPV4_CHECKSUM, 0);
	be16_put(packet + IPV4_CHECKSUM, checksum_fold(checksum_add(0, packet, len)));
}

void
ipv4_decrement_ttl(u8 *packet)
{
	u16 before = be16_at(packet + IPV4_TTL); /* with the protocol, an aligned word */
	u16 after = (u16)(before - 0x100);

	be16_put(packet + IPV4_TTL, after);
	be16_put(packet + IPV4_CHECKSUM,
		 checksum_update(be16_at(packet + IPV4_CHECKSUM), before, after));
}

void
ipv4_put_header(u8 *packet, const struct ipv4 *ip)
{
	memset(packet, 0, IPV4_HEADER);
	packet[IPV4_VERSION_IHL] = 0x45;
	be16_put(packet + IPV4_TOTAL_LEN, ip->len);
	be16_put(packet + IPV4_ID, ip->id);
	be16_put(packet + IPV4_FRAGMENT, ip->dont_fragment ? IPV4_DONT_FRAGMENT : 0);
	packet[IPV4_TTL] = ip->ttl;
	packet[IPV4_PROTOCOL] = ip->protocol;
	be32_put(packet + IPV4_SOURCE, ip->source);
	be32_put(packet + IPV4_DESTINATION, ip->destination);
	ipv4_put_checksum(packet);
}

bool
ipv4_is_unicast(u32 address)
{
	u32 first = address >> 24;

	return first != 0 && first != 127 && first < 224;
}
