/* SPDX-License-Identifier: MIT */
/* What comes into a switch: see net/switch_admit.h. */
#include "net/switch_admit.h"

#include "lib/string.h"
#include "net/segment.h"

enum port_kind { PORT_PLAIN, PORT_ACCESS, PORT_TRUNK };

#define NS_PER_S      1000000000ul
#define NS_PER_MS     1000000ul
/* 01:80:c2:00:00:0x stay in their segment (802.1Q-2018, table 8-1). */
#define RESERVED      0x0000c28001ul
#define RESERVED_MASK (BITS(39, 0) | BITS(47, 44))

static u64
cost_of_bytes(u64 rate_bits, u64 bytes)
{
	return bytes * 8 * NS_PER_S / rate_bits;
}

void
admit_prepare(struct net_port *port)
{
	const struct port_settings *s = &port->settings;
	u8 address[8] = {0};

	memcpy(address, s->mac, ETH_ADDRESS);
	port->own.mac = address_at(address);
	port->own.kind = s->trunk != NULL ? PORT_TRUNK : s->vlan != 0 ? PORT_ACCESS : PORT_PLAIN;
	if (s->rate_bits != 0)
		port->own.rate_burst = MAX(cost_of_bytes(s->rate_bits, FRAME_LEN_MAX),
					   SWITCH_RATE_BURST_MS * NS_PER_MS);
	admit_set_ordinary(port);
}

void
admit_set_ordinary(struct net_port *port)
{
	const struct port_settings *s = &port->settings;

	port->own.ordinary = port->own.kind == PORT_PLAIN && !s->spoof_deny && !s->isolate &&
			     s->rate_bits == 0 && port->own.tap == NULL;
}

/*
 * Token buckets as one moment each: until when all is paid for that has passed (the "theoretical
 * arrival time" of ITU-T I.371, annex A). It lags behind by no more than the burst.
 */
static bool
pay(u64 *paid, u64 now, u64 burst, u64 cost)
{
	u64 oldest = now > burst ? now - burst : 0, begin = MAX(*paid, oldest);

	if (begin + cost > now)
		return false;
	*paid = begin + cost;
	return true;
}

static bool
shift_offsets(struct frame *f)
{
	if (f->checksum_missing) {
		if (f->checksum_start < ETH_HEADER + ETH_TAG || f->checksum_at < f->checksum_start)
			return false;
		f->checksum_start -= ETH_TAG;
		f->checksum_at -= ETH_TAG;
	}
	if (f->segmentation != FRAME_WHOLE) {
		if (f->segment_header < ETH_HEADER + ETH_TAG)
			return false;
		f->segment_header -= ETH_TAG;
	}
	return true;
}

/* The tag in the bytes goes beside them. */
static bool
pop_tag(struct frame *f)
{
	if (!frame_pull(f, ETH_HEADER + ETH_TAG) || !shift_offsets(f))
		return false;
	f->tagged = true;
	f->tag = be16_at(f->header + ETH_TYPE + 2);
	memmove(f->header + ETH_TYPE, f->header + ETH_TYPE + ETH_TAG,
		f->header_len - (u32)(ETH_TYPE + ETH_TAG));
	f->header_len -= ETH_TAG;
	f->len -= ETH_TAG;
	return true;
}

/* A priority tag in front of another tag is as good as none; two of them are nobody's frame. */
static bool
take_tag(struct frame *f)
{
	for (unsigned n = 0; n < 2; n++) {
		if (f->tagged && (f->tag & VLAN_ID) != 0)
			return true;
		if (!frame_has_inner_tag(f))
			break;
		if (!pop_tag(f))
			return false;
	}
	f->tagged = f->tagged && (f->tag & VLAN_ID) != 0;
	return f->tagged || !frame_has_inner_tag(f);
}

/* The sender in an ARP packet; one that is too short for it, or of other addresses, has none. */
static bool
arp_is_honest(const struct net_port *from, struct frame *f)
{
	const u8 *arp = f->header + ETH_HEADER;

	return frame_pull(f, ETH_HEADER + ARP_LEN) && arp[ARP_HARDWARE_LEN] == ETH_ADDRESS &&
	       address_at(arp + ARP_SENDER_MAC) == from->own.mac;
}

static bool
spoofs(const struct net_port *from, struct frame *f, u64 source)
{
	if (source != from->own.mac)
		return true;
	return be16_at(f->header + ETH_TYPE) == ETH_TYPE_ARP && !arp_is_honest(from, f);
}

static bool
trunk_has(const struct port_settings *s, u32 vlan)
{
	return (s->trunk[vlan / 8] & 1u << vlan % 8) != 0;
}

static u32
domain_of(const struct net_port *from, const struct frame *f)
{
	const struct port_settings *s = &from->settings;
	u32 vlan = f->tagged ? f->tag & VLAN_ID : 0;

	if (vlan == VLAN_RESERVED)
		return DOMAIN_NONE;
	if (from->own.kind == PORT_ACCESS)
		return vlan == 0 ? s->vlan : (u32)DOMAIN_NONE;
	if (from->own.kind == PORT_PLAIN)
		return from->trusted || vlan == 0 ? vlan : vlan | DOMAIN_TRANSPARENT;
	if (vlan == 0 && s->vlan != 0)
		vlan = s->vlan;
	return (vlan != 0 && vlan == s->vlan) || trunk_has(s, vlan) ? vlan : (u32)DOMAIN_NONE;
}

int
domain_leave(const struct net_port *from, const struct net_port *to, u32 domain)
{
	const struct port_settings *s = &to->settings;

	switch (to->own.kind) {
	case PORT_ACCESS: return domain == s->vlan ? 0 : -1;
	case PORT_TRUNK:
		if (domain >= DOMAIN_TRANSPARENT)
			return -1;
		if (domain == s->vlan && domain != 0)
			return 0;
		return trunk_has(s, domain) ? (int)domain : -1;
	default: break;
	}
	if (domain == 0 || to->trusted || domain >= DOMAIN_TRANSPARENT)
		return (int)(domain & VLAN_ID);
	return from->trusted && from->own.kind == PORT_PLAIN ? (int)domain : -1;
}

static bool
rate_allows(struct net_port *from, const struct frame *f)
{
	u64 rate = from->settings.rate_bits;

	return rate == 0 || pay(&from->own.rate_paid, from->sw->now_ns(), from->own.rate_burst,
				cost_of_bytes(rate, f->len));
}

/* All the others pay for a broadcast, and few for a multicast. One that is to be segmented counts
 * as what it becomes. */
static bool
storm_allows(struct net_port *from, const struct frame *f, u64 destination)
{
	u64 cost = NS_PER_S / (destination == ADDRESS_BITS ? SWITCH_STORM_BROADCASTS
							   : SWITCH_STORM_MULTICASTS);
	u32 frames = f->segmentation == FRAME_WHOLE ? 1 : segment_count(f);

	return from->trusted || pay(&from->own.storm_paid, from->sw->now_ns(),
				    SWITCH_STORM_BURST_MS * NS_PER_MS, frames * cost);
}

/* Bytes that are wrong whoever sends them. */
static bool
is_well_formed(struct frame *f, struct passage *p)
{
	u32 max = f->segmentation == FRAME_WHOLE ? (u32)FRAME_SINGLE_MAX : FRAME_LEN_MAX;

	if (!frame_has_shape(f, max))
		return false;
	if (!f->tagged)
		f->tag = 0; /* the priority that it may leave with */
	if (!take_tag(f) || !segment_check(f))
		return false;
	p->destination = address_at(f->header + ETH_DESTINATION);
	p->source = address_at(f->header + ETH_SOURCE);
	return address_is_source(p->source);
}

static bool
count(u64 *counter)
{
	++*counter;
	return false;
}

bool
admit(struct net_port *from, struct frame *f, struct passage *p)
{
	struct port_counters *c = &from->counters;
	bool multicast;

	if (!is_well_formed(f, p))
		return count(&c->dropped_malformed);
	if (from->own.tap != NULL)
		from->own.tap(from->own.tap_arg, f, true);
	if (from->settings.spoof_deny && spoofs(from, f, p->source))
		return count(&c->dropped_spoof);
	p->domain = domain_of(from, f);
	if (p->domain == DOMAIN_NONE)
		return count(&c->dropped_vlan);
	if (!rate_allows(from, f))
		return count(&c->dropped_rate);
	multicast = (p->destination & ADDRESS_GROUP) != 0;
	if (multicast && !storm_allows(from, f, p->destination))
		return count(&c->dropped_storm);
	c->tx_multicast += multicast ? 1 : 0;
	count_sent(from, f);
	return (p->destination & RESERVED_MASK) != RESERVED;
}
