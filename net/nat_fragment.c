/* SPDX-License-Identifier: MIT */
/* Fragments through the NAT: see net/nat_fragment.h. */
#include "net/nat_fragment.h"

#include "lib/string.h"

/* As long as a receiver may wait for the rest (RFC 791, section 3.2, has 15 s; Linux 30 s). */
#define FRAGMENTED_NS (30 * 1000000000ul)

struct nat_fragment_ring *
nat_fragment_ring_out(struct nat *n, u16 owner)
{
	return &n->fragments[owner];
}

struct nat_fragment_ring *
nat_fragment_ring_in(struct nat *n, u16 id)
{
	return &n->fragments[NAT_OWNERS + id % (NAT_FRAGMENT_RINGS - NAT_OWNERS)];
}

/* Section 3.2, "Fragmentation": these four tell what belongs together. */
static bool
belongs(const struct nat_fragmented *f, const struct ipv4 *ip)
{
	return f->address != 0 && f->id == ip->id && f->source == ip->source &&
	       f->destination == ip->destination && f->protocol == ip->protocol;
}

struct nat_fragmented *
nat_fragment_note(struct nat *n, struct nat_fragment_ring *ring, const struct ipv4 *ip, u32 address)
{
	struct nat_fragmented *note = &ring->packets[ring->next];

	for (u32 i = 0; i < NAT_OWNER_FRAGMENTED; i++) {
		if (belongs(&ring->packets[i], ip))
			note = &ring->packets[i];
	}
	if (note == &ring->packets[ring->next])
		ring->next = (u8)((ring->next + 1) % NAT_OWNER_FRAGMENTED);
	*note = (struct nat_fragmented){.when_ns = n->now_ns,
					.source = ip->source,
					.destination = ip->destination,
					.address = address,
					.id = ip->id,
					.new_id = ip->id,
					.protocol = ip->protocol};
	return note;
}

const struct nat_fragmented *
nat_fragment_find(const struct nat *n, const struct nat_fragment_ring *ring, const struct ipv4 *ip)
{
	for (u32 i = 0; i < NAT_OWNER_FRAGMENTED; i++) {
		const struct nat_fragmented *note = &ring->packets[i];

		if (belongs(note, ip))
			return n->now_ns - note->when_ns < FRAGMENTED_NS ? note : NULL;
	}
	return NULL;
}

void
nat_fragments_forget(struct nat *n)
{
	memset(n->fragments, 0, sizeof(n->fragments));
}

void
nat_fragments_forget_inside(struct nat *n, u32 inside)
{
	for (u32 i = 0; i < NAT_FRAGMENT_RINGS; i++) {
		for (u32 k = 0; k < NAT_OWNER_FRAGMENTED; k++) {
			struct nat_fragmented *note = &n->fragments[i].packets[k];

			if (note->source == inside || note->address == inside)
				note->address = 0;
		}
	}
}
