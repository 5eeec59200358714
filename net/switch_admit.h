/* SPDX-License-Identifier: MIT */
/* What a switch checks of a frame before it looks where it goes, and to which VLAN it belongs. The
 * switch's lock is held. */
#pragma once

#include "include/bits.h"
#include "net/switch.h"

/*
 * A domain is the set of ports that a frame may reach by its VLAN: the VLAN's number, 0 for none,
 * or with DOMAIN_TRANSPARENT the VLAN of a tag that a port without settings has put there.
 */
enum { DOMAIN_TRANSPARENT = 0x1000, DOMAIN_NONE = 0xffff };

/* What is known of a frame that may pass: its addresses in the order in which the CPU loads them.
 */
struct passage {
	u64 source, destination;
	u32 domain;
	const struct net_port *origin; /* whose isolation counts; NULL: it has gone */
};

#define ADDRESS_BITS  BITS(47, 0)
#define ADDRESS_GROUP BIT(0) /* the lowest bit of its first byte */

static inline u64
address_at(const u8 *at)
{
	const struct {
		u64 v;
	} __packed *word = (const void *)at;

	return word->v & ADDRESS_BITS;
}

static inline bool
address_is_source(u64 address)
{
	return (address & ADDRESS_GROUP) == 0 && address != 0;
}

static inline bool
frame_has_inner_tag(const struct frame *f)
{
	return be16_at(f->header + ETH_TYPE) == ETH_TYPE_VLAN;
}

/* Lengths alone, at most max: the addresses are there afterwards. */
static inline bool
frame_has_shape(const struct frame *f, u32 max)
{
	u32 len = f->header_len;

	if (len - ETH_HEADER > FRAME_HEADER_MAX - ETH_HEADER || f->span_count > FRAME_SPANS_MAX ||
	    f->len > max)
		return false;
	for (u32 i = 0; i < f->span_count; i++) {
		if (f->spans[i].len > max)
			return false;
		len += f->spans[i].len; /* at most 128 times 64 KiB */
	}
	return len == f->len;
}

static inline void
count_sent(struct net_port *from, const struct frame *f)
{
	from->counters.tx_frames++;
	from->counters.tx_bytes += f->len;
}

/* At attachment, and when a tap comes or goes: own.ordinary. */
void admit_prepare(struct net_port *port);
void admit_set_ordinary(struct net_port *port);

/*
 * The everyday frame, a whole unicast without a tag from a port without settings: admitted. False
 * for all others: they are admit()'s.
 */
static inline bool
admit_ordinary(struct net_port *from, struct frame *f, struct passage *p)
{
	if (!from->own.ordinary || f->tagged || f->checksum_missing ||
	    f->segmentation != FRAME_WHOLE || !frame_has_shape(f, FRAME_SINGLE_MAX) ||
	    frame_has_inner_tag(f))
		return false;
	p->source = address_at(f->header + ETH_SOURCE);
	p->destination = address_at(f->header + ETH_DESTINATION);
	p->domain = 0;
	if ((p->destination & ADDRESS_GROUP) != 0 || !address_is_source(p->source))
		return false;
	count_sent(from, f);
	return true;
}

/*
 * Whether any frame may pass, counted if not, and tapped. Then f->tagged says that it has a tag
 * that names a VLAN.
 */
bool admit(struct net_port *from, struct frame *f, struct passage *p);

/* 0 or the tag's VLAN with which a frame of a domain leaves by a port; -1: it doesn't. */
int domain_leave(const struct net_port *from, const struct net_port *to, u32 domain);
