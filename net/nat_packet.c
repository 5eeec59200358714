/* SPDX-License-Identifier: MIT */
/*
 * One packet on its way through the NAT: see net/nat_packet.h.
 *
 * Checksums are never computed anew but for what has changed (RFC 1624, equation 3), so a wrong
 * one stays wrong for its receiver to see.
 */
#include "net/nat_packet.h"

#include "net/checksum.h"

/* What a sum of 16-bit words grows by, when these change. */
static u64
delta_16(u16 from, u16 to)
{
	return (u64)(u16)~from + to;
}

static u64
delta_32(u32 from, u32 to)
{
	return (u64)~from + to;
}

/* Answers by how much the checksum's own word has changed the sum of those who cover it. */
static u64
adjust_checksum(u8 *at, u64 delta)
{
	u16 from = be16_at(at), to = checksum_fold((u16)~from + delta);

	be16_put(at, to);
	return delta_16(from, to);
}

bool
nat_packet_parse_ip(struct nat_packet *p, u8 *packet, u32 len)
{
	if (!ipv4_check(packet, len, &p->ip))
		return false;
	p->at = packet;
	p->payload = packet + p->ip.header_len;
	p->payload_len = ipv4_payload_len(&p->ip);
	p->ports[NAT_SOURCE] = p->ports[NAT_DESTINATION] = 0;
	p->tcp_flags = 0;
	p->checksum_at = 0;
	return true;
}

/*
 * The rest of TCP's header is in the first fragment too, so that its flags can't come in another
 * one that nobody looks at (RFC 1858, section 3).
 */
static bool
parse_tcp(struct nat_packet *p)
{
	u32 header;

	if (p->payload_len < TCP_HEADER)
		return false;
	header = (p->payload[TCP_DATA_OFFSET] >> 4) * 4u;
	p->tcp_flags = p->payload[TCP_FLAGS];
	return header >= TCP_HEADER && header <= p->payload_len;
}

/* Its length counts all fragments; with fewer bytes than IP's, the rest is padding. */
static bool
parse_udp(struct nat_packet *p)
{
	u32 len;

	if (p->payload_len < UDP_HEADER)
		return false;
	len = be16_at(p->payload + UDP_LEN);
	if (p->ip.more)
		return len > p->payload_len;
	return len >= UDP_HEADER && len <= p->payload_len;
}

/* TCP and UDP begin with their ports. */
static void
find_ports(struct nat_packet *p, u8 checksum_at)
{
	p->port_at[NAT_SOURCE] = UDP_SOURCE;
	p->port_at[NAT_DESTINATION] = UDP_DESTINATION;
	p->ports[NAT_SOURCE] = be16_at(p->payload + UDP_SOURCE);
	p->ports[NAT_DESTINATION] = be16_at(p->payload + UDP_DESTINATION);
	p->pseudo_header = true;
	p->zero_is_no_sum = p->ip.protocol == IP_UDP;
	p->checksum_at = checksum_at;
}

/* Who asks is an echo's endpoint, by the identifier; who answers has none. */
static void
find_echo_id(struct nat_packet *p)
{
	enum nat_end asker = p->payload[ICMP_TYPE] == ICMP_ECHO ? NAT_SOURCE : NAT_DESTINATION;

	p->port_at[NAT_SOURCE] = p->port_at[NAT_DESTINATION] = ICMP_ID;
	p->ports[asker] = be16_at(p->payload + ICMP_ID);
	p->ports[!asker] = 0;
	p->pseudo_header = p->zero_is_no_sum = false;
	p->checksum_at = ICMP_CHECKSUM;
}

static bool
is_echo(const struct nat_packet *p)
{
	u8 type = p->payload[ICMP_TYPE];

	return (type == ICMP_ECHO || type == ICMP_ECHO_REPLY) && p->payload[ICMP_CODE] == 0;
}

/* An error's checksum is seen to be right (RFC 5508, REQ-3a and 5a). Nobody fragments one. */
static enum nat_packet_kind
parse_icmp_error(const struct nat_packet *p)
{
	if (p->ip.more || checksum_fold(checksum_add(0, p->payload, p->payload_len)) != 0)
		return NAT_PACKET_MALFORMED;
	return NAT_PACKET_ICMP_ERROR;
}

static enum nat_packet_kind
parse_icmp(struct nat_packet *p)
{
	if (p->payload_len < ICMP_HEADER)
		return NAT_PACKET_MALFORMED;
	if (is_echo(p)) {
		find_echo_id(p);
		return NAT_PACKET_FLOW;
	}
	switch (p->payload[ICMP_TYPE]) {
	case ICMP_UNREACHABLE:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETER_PROBLEM: return parse_icmp_error(p);
	default: return NAT_PACKET_OTHER;
	}
}

enum nat_packet_kind
nat_packet_parse(struct nat_packet *p)
{
	/* One that would write over TCP's flags (RFC 1858, section 3.2.2). */
	if (p->ip.offset == 8 && p->ip.protocol == IP_TCP)
		return NAT_PACKET_MALFORMED;
	if (p->ip.offset != 0)
		return NAT_PACKET_FRAGMENT;
	switch (p->ip.protocol) {
	case IP_TCP:
		if (!parse_tcp(p))
			return NAT_PACKET_MALFORMED;
		find_ports(p, TCP_CHECKSUM);
		return NAT_PACKET_FLOW;
	case IP_UDP:
		if (!parse_udp(p))
			return NAT_PACKET_MALFORMED;
		find_ports(p, UDP_CHECKSUM);
		return NAT_PACKET_FLOW;
	case IP_ICMP: return parse_icmp(p);
	default: return NAT_PACKET_OTHER;
	}
}

bool
nat_packet_parse_quoted(struct nat_packet *quoted, const struct nat_packet *error)
{
	u8 *at = error->payload + ICMP_HEADER;
	u32 len = error->payload_len - ICMP_HEADER, header;

	if (len < IPV4_HEADER || at[IPV4_VERSION_IHL] >> 4 != 4)
		return false;
	header = (at[IPV4_VERSION_IHL] & 0xf) * 4u;
	/* Eight bytes behind the header are what every error quotes (RFC 792). */
	if (header < IPV4_HEADER || len < header + ICMP_HEADER ||
	    be16_at(at + IPV4_FRAGMENT) & IPV4_FRAGMENT_OFFSET)
		return false;
	quoted->at = at;
	quoted->payload = at + header;
	quoted->payload_len = len - header;
	quoted->ip.source = be32_at(at + IPV4_SOURCE);
	quoted->ip.destination = be32_at(at + IPV4_DESTINATION);
	quoted->ip.protocol = at[IPV4_PROTOCOL];
	switch (quoted->ip.protocol) {
	case IP_TCP:
		find_ports(quoted, quoted->payload_len >= TCP_CHECKSUM + 2 ? TCP_CHECKSUM : 0);
		return true;
	case IP_UDP: find_ports(quoted, UDP_CHECKSUM); return true;
	case IP_ICMP:
		if (!is_echo(quoted)) /* an error is never about another one (RFC 1122, 3.2.2) */
			return false;
		find_echo_id(quoted);
		return true;
	default: return false;
	}
}

/* Answers the deltas of the address, and in *checksum of the IP header's checksum. */
static u64
put_address(u8 *ip, enum nat_end end, u32 address, u64 *checksum)
{
	u8 *at = ip + (end == NAT_SOURCE ? IPV4_SOURCE : IPV4_DESTINATION);
	u64 delta = delta_32(be32_at(at), address);

	be32_put(at, address);
	*checksum = adjust_checksum(ip + IPV4_CHECKSUM, delta);
	return delta;
}

/* Answers the delta of the payload's words. */
static u64
put_port(struct nat_packet *p, enum nat_end end, u16 port, u64 address_delta)
{
	u8 *at = p->payload + p->port_at[end], *checksum = p->payload + p->checksum_at;
	u64 delta = delta_16(p->ports[end], port), pseudo = p->pseudo_header ? address_delta : 0;
	u16 before;

	be16_put(at, port);
	p->ports[end] = port;
	before = be16_at(checksum);
	if (p->checksum_at == 0 || (p->zero_is_no_sum && before == 0))
		return delta;
	adjust_checksum(checksum, delta + pseudo);
	if (p->zero_is_no_sum && be16_at(checksum) == 0) /* RFC 768: sent as all ones */
		be16_put(checksum, 0xffff);
	return delta + delta_16(before, be16_at(checksum));
}

static void
note_address(struct nat_packet *p, enum nat_end end, u32 address)
{
	if (end == NAT_SOURCE)
		p->ip.source = address;
	else
		p->ip.destination = address;
}

void
nat_packet_set_address(struct nat_packet *p, enum nat_end end, u32 address)
{
	u64 unused;

	put_address(p->at, end, address, &unused);
	note_address(p, end, address);
}

void
nat_packet_set_end(struct nat_packet *p, enum nat_end end, u32 address, u16 port)
{
	u64 unused, delta = put_address(p->at, end, address, &unused);

	note_address(p, end, address);
	put_port(p, end, port, delta);
}

void
nat_packet_set_quoted_end(struct nat_packet *error, struct nat_packet *quoted, enum nat_end end,
			  u32 address, u16 port)
{
	u64 header, delta = put_address(quoted->at, end, address, &header);
	u64 payload = put_port(quoted, end, port, delta);

	note_address(quoted, end, address);
	adjust_checksum(error->payload + ICMP_CHECKSUM, delta + header + payload);
}

void
nat_packet_set_id(struct nat_packet *p, u16 id)
{
	u64 delta = delta_16(p->ip.id, id);

	be16_put(p->at + IPV4_ID, id);
	p->ip.id = id;
	adjust_checksum(p->at + IPV4_CHECKSUM, delta);
}
