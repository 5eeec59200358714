/* SPDX-License-Identifier: MIT */
/* UDP over IPv4: see net/udp.h. */
#include "net/udp.h"

#include "net/checksum.h"

bool
udp_check(u8 *packet, const struct ipv4 *ip, struct udp *udp)
{
	u8 *at = packet + ip->header_len;
	u32 len;

	if (ipv4_payload_len(ip) < UDP_HEADER)
		return false;
	len = be16_at(at + UDP_LEN);
	if (len < UDP_HEADER || len > ipv4_payload_len(ip))
		return false;
	if (be16_at(at + UDP_CHECKSUM) != 0 &&
	    checksum_fold(checksum_add(checksum_pseudo_ipv4(packet, IP_UDP, len), at, len)) != 0)
		return false;
	udp->source = be16_at(at + UDP_SOURCE);
	udp->destination = be16_at(at + UDP_DESTINATION);
	udp->len = len - UDP_HEADER;
	udp->data = at + UDP_HEADER;
	return udp->source != 0 && udp->destination != 0;
}

u32
udp_put(u8 *packet, u32 source, u16 source_port, u32 destination, u16 destination_port, u16 id,
	u32 len)
{
	struct ipv4 ip = {.source = source,
			  .destination = destination,
			  .len = (u16)(UDP_IPV4_HEADERS + len),
			  .id = id,
			  .protocol = IP_UDP,
			  .ttl = IPV4_TTL_OWN};
	u8 *at = packet + IPV4_HEADER;
	u16 sum;

	ipv4_put_header(packet, &ip);
	be16_put(at + UDP_SOURCE, source_port);
	be16_put(at + UDP_DESTINATION, destination_port);
	be16_put(at + UDP_LEN, (u16)(UDP_HEADER + len));
	be16_put(at + UDP_CHECKSUM, 0);
	sum = checksum_fold(checksum_add(checksum_pseudo_ipv4(packet, IP_UDP, UDP_HEADER + len), at,
					 UDP_HEADER + len));
	be16_put(at + UDP_CHECKSUM, sum == 0 ? 0xffff : sum); /* 0 says that there is none */
	return UDP_IPV4_HEADERS + len;
}
