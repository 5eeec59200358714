/* SPDX-License-Identifier: MIT */
/* Which frames the guest wants (13.5, 13.4.22), and what it is told of their checksums (3.2.3). */
#include "drivers/e1000/model_private.h"

#include "net/checksum.h"

#define TAG_CFI 0x1000u

static bool
passes_vlan(const struct e1000_registers *r, u16 tag)
{
	u32 id = tag & VLAN_ID;

	if (!(r->vfta[id / 32] >> id % 32 & 1))
		return false;
	return !(r->rctl & E1000_RCTL_CFIEN) ||
	       ((tag & TAG_CFI) != 0) == ((r->rctl & E1000_RCTL_CFI) != 0);
}

/* The address as RAL and RAH have it: its first byte lowest. */
static bool
has_address(const struct e1000_registers *r, const u8 *to)
{
	u32 low = __builtin_bswap32(be32_at(to));
	u32 high = (u32)(to[4] | to[5] << 8) | E1000_RAH_AV;

	for (unsigned i = 0; i < 2 * E1000_RA_PAIRS; i += 2) {
		if (r->ra[i] == low && r->ra[i + 1] == high)
			return true;
	}
	return false;
}

/* Twelve bits of the address' end, from bit 4, 3, 2 or 0 of its last but one byte (13.5.1). */
static bool
in_table(const struct e1000_registers *r, const u8 *to)
{
	static const u8 shifts[] = {4, 3, 2, 0};
	u32 hash = (u32)(to[4] | to[5] << 8) >> shifts[FIELD_GET(E1000_RCTL_MO, r->rctl)] & 0xfff;

	return (r->mta[hash / 32] >> hash % 32 & 1) != 0;
}

bool
e1000_rx_wants(const struct e1000 *e, const struct frame *f)
{
	const struct e1000_registers *r = &e->state.regs;
	const u8 *to = &f->header[ETH_DESTINATION];

	if (f->tagged && r->rctl & E1000_RCTL_VFE && !passes_vlan(r, f->tag))
		return false;
	if (!frame_is_multicast(f))
		return r->rctl & E1000_RCTL_UPE || has_address(r, to);
	if (r->rctl & E1000_RCTL_MPE)
		return true;
	if (be32_at(to) == ~0u && be16_at(to + 4) == 0xffff && r->rctl & E1000_RCTL_BAM)
		return true;
	return in_table(r, to) || has_address(r, to);
}

/* Of an IP packet that is no fragment: where its TCP or UDP is. */
struct transport {
	u32 at, len;
	u8 protocol;
};

enum { LOOKED_AT = ETH_HEADER + 60, NO_STATUS = 0 };

/* The sum over everything, its checksum too, is all ones when that is right. */
static u32
transport_status(const struct frame *f, const u8 *ip, const struct transport *t)
{
	bool udp = t->protocol == IP_UDP;
	u8 field[2];
	u64 sum;

	if ((t->protocol != IP_TCP && !udp) || t->len < (udp ? UDP_HEADER : (u32)TCP_HEADER))
		return NO_STATUS;
	if (f->checksum_good)
		return E1000_RXD_TCPCS;
	frame_copy(f, t->at + UDP_CHECKSUM, field, sizeof(field));
	if (udp && be16_at(field) == 0)
		return NO_STATUS; /* it has none */
	sum = ip[0] >> 4 == 4 ? checksum_pseudo_ipv4(ip, t->protocol, t->len)
			      : checksum_pseudo_ipv6(ip, t->protocol, t->len);
	return checksum_fold(sum + frame_checksum(f, t->at, t->len)) == 0
		       ? E1000_RXD_TCPCS
		       : E1000_RXD_TCPCS | E1000_RXD_TCPE << 8;
}

/* room: from the IP header to the frame's end, as much of which as a header can be is at `ip`. */
static u32
ipv4_status(u32 rxcsum, const struct frame *f, const u8 *ip, u32 room)
{
	u32 header = (ip[IPV4_VERSION_IHL] & 15u) * 4, total = be16_at(ip + IPV4_TOTAL_LEN);
	struct transport t = {ETH_HEADER + header, total - header, ip[IPV4_PROTOCOL]};
	u32 status = NO_STATUS;

	if (ip[IPV4_VERSION_IHL] >> 4 != 4 || header < IPV4_HEADER || total < header ||
	    total > room)
		return NO_STATUS;
	if (rxcsum & E1000_RXCSUM_IPOFL)
		status = checksum_fold(checksum_add(0, ip, header)) == 0
				 ? E1000_RXD_IPCS
				 : E1000_RXD_IPCS | E1000_RXD_IPE << 8;
	if (!(rxcsum & E1000_RXCSUM_TUOFL) ||
	    be16_at(ip + IPV4_FRAGMENT) & (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET))
		return status;
	return status | transport_status(f, ip, &t);
}

/* Without extension headers (3.2.9). */
static u32
ipv6_status(u32 rxcsum, const struct frame *f, const u8 *ip, u32 room)
{
	struct transport t = {ETH_HEADER + IPV6_HEADER, be16_at(ip + IPV6_PAYLOAD_LEN),
			      ip[IPV6_NEXT]};

	if (!(rxcsum & E1000_RXCSUM_TUOFL) || ip[0] >> 4 != 6 || t.len + IPV6_HEADER > room)
		return NO_STATUS;
	return transport_status(f, ip, &t);
}

/* `at`: the frame's beginning, as much of it as is looked at. */
static u32
look(u32 rxcsum, const struct frame *f, const u8 *at)
{
	u16 type = be16_at(at + ETH_TYPE);
	u32 room = f->len - ETH_HEADER;

	if (type == ETH_TYPE_IPV4 && room >= IPV4_HEADER)
		return ipv4_status(rxcsum, f, at + ETH_HEADER, room);
	if (type == ETH_TYPE_IPV6 && room >= IPV6_HEADER)
		return ipv6_status(rxcsum, f, at + ETH_HEADER, room);
	return NO_STATUS;
}

static __noinline u32
look_at_copy(u32 rxcsum, const struct frame *f)
{
	u8 copy[LOOKED_AT] = {0};

	frame_copy(f, 0, copy, MIN(f->len, (u32)LOOKED_AT));
	return look(rxcsum, f, copy);
}

/* IPv6's header, and IPv4's without options. */
static bool
header_is_there(const struct frame *f)
{
	return f->header_len >= ETH_HEADER + IPV6_HEADER &&
	       (f->header[ETH_HEADER] & 15u) * 4 <= IPV6_HEADER;
}

u32
e1000_rx_checksum(const struct e1000 *e, const struct frame *f)
{
	u32 rxcsum = e->state.regs.rxcsum & (u32)(E1000_RXCSUM_IPOFL | E1000_RXCSUM_TUOFL);
	u32 status = NO_STATUS;

	if (rxcsum != 0)
		status = header_is_there(f) ? look(rxcsum, f, f->header) : look_at_copy(rxcsum, f);
	return status != NO_STATUS ? status : E1000_RXD_IXSM;
}
