/* SPDX-License-Identifier: MIT */
/* ARP and the neighbours: see net/arp.h. */
#include "net/arp.h"

#include "lib/string.h"

enum { HARDWARE_ETHERNET = 1, TICK_NS = 250 * 1000 * 1000 };

bool
arp_check(const u8 *frame, u32 len, struct arp *arp)
{
	const u8 *at = frame + ETH_HEADER;

	if (len < ETH_HEADER + ARP_LEN)
		return false;
	if (be16_at(at + ARP_HARDWARE) != HARDWARE_ETHERNET ||
	    be16_at(at + ARP_PROTOCOL) != ETH_TYPE_IPV4 || at[ARP_HARDWARE_LEN] != ETH_ADDRESS ||
	    at[ARP_PROTOCOL_LEN] != 4)
		return false;
	arp->operation = be16_at(at + ARP_OPERATION);
	memcpy(arp->sender_mac, at + ARP_SENDER_MAC, ETH_ADDRESS);
	arp->sender = be32_at(at + ARP_SENDER_IP);
	arp->target = be32_at(at + ARP_TARGET_IP);
	return (arp->operation == ARP_REQUEST || arp->operation == ARP_REPLY) &&
	       (arp->sender_mac[0] & 1) == 0 &&
	       memcmp(arp->sender_mac, frame + ETH_SOURCE, ETH_ADDRESS) == 0;
}

void
arp_put(u8 *frame, u16 operation, const u8 *mac, u32 sender, const u8 *target_mac, u32 target)
{
	u8 *at = frame + ETH_HEADER;

	memset(frame, 0, ARP_FRAME);
	if (target_mac != NULL)
		memcpy(frame + ETH_DESTINATION, target_mac, ETH_ADDRESS);
	else
		memset(frame + ETH_DESTINATION, 0xff, ETH_ADDRESS);
	memcpy(frame + ETH_SOURCE, mac, ETH_ADDRESS);
	be16_put(frame + ETH_TYPE, ETH_TYPE_ARP);
	be16_put(at + ARP_HARDWARE, HARDWARE_ETHERNET);
	be16_put(at + ARP_PROTOCOL, ETH_TYPE_IPV4);
	at[ARP_HARDWARE_LEN] = ETH_ADDRESS;
	at[ARP_PROTOCOL_LEN] = 4;
	be16_put(at + ARP_OPERATION, operation);
	memcpy(at + ARP_SENDER_MAC, mac, ETH_ADDRESS);
	be32_put(at + ARP_SENDER_IP, sender);
	if (target_mac != NULL)
		memcpy(at + ARP_TARGET_MAC, target_mac, ETH_ADDRESS);
	be32_put(at + ARP_TARGET_IP, target);
}

void
neighbours_init(struct neighbours *n, void (*ask)(void *, u32), void (*lost)(void *, u32),
		void *arg)
{
	memset(n, 0, sizeof(*n));
	n->ask = ask;
	n->lost = lost;
	n->arg = arg;
}

/* Subnets are mostly small and dense: neighbours of one have all different buckets. */
static u16 *
bucket_of(struct neighbours *n, u32 address)
{
	return &n->buckets[(address ^ address >> 10) % NEIGHBOUR_BUCKETS];
}

struct neighbour *
neighbour_find(struct neighbours *n, u32 address)
{
	u16 i = *bucket_of(n, address);

	while (i != 0 && n->at[i - 1].address != address)
		i = n->at[i - 1].next;
	return i == 0 ? NULL : &n->at[i - 1];
}

static void
drop(struct neighbours *n, struct neighbour *which)
{
	u16 *link = bucket_of(n, which->address), index = (u16)(which - n->at + 1);

	while (*link != index)
		link = &n->at[*link - 1].next;
	*link = which->next;
	which->state = NEIGHBOUR_FREE;
	n->used--;
}

/* Whether a is rather given up than b: unbound ones first, then the oldest. */
static bool
goes_before(const struct neighbour *a, const struct neighbour *b)
{
	if (b == NULL)
		return true;
	if (a->gone != b->gone)
		return b->gone;
	return a->when_ns < b->when_ns;
}

/*
 * Whether another one may have its place: a bound one's not, unless who had it has gone. To ask for
 * another one, what is being asked for stays, and what was just found.
 */
static bool
may_go(const struct neighbour *which, bool to_ask, u64 now)
{
	if (which->state == NEIGHBOUR_BOUND)
		return which->gone;
	return !to_ask ||
	       (which->state == NEIGHBOUR_KNOWN && now - which->when_ns >= NEIGHBOUR_KEPT_NS);
}

/* A free place of the owner's, or its oldest one that may go; NULL when there is none. */
static struct neighbour *
place_of(struct neighbours *n, unsigned owner, bool to_ask, u64 now)
{
	struct neighbour *first = &n->at[owner * NEIGHBOUR_OWNER_PLACES], *oldest = NULL;

	for (unsigned i = 0; i < NEIGHBOUR_OWNER_PLACES; i++) {
		struct neighbour *which = &first[i];

		if (which->state == NEIGHBOUR_FREE)
			return which;
		if (may_go(which, to_ask, now) && goes_before(which, oldest))
			oldest = which;
	}
	if (oldest != NULL)
		drop(n, oldest);
	return oldest;
}

static struct neighbour *
make_neighbour(struct neighbours *n, u32 address, unsigned owner, bool to_ask, u64 now)
{
	struct neighbour *which;
	u16 *bucket = bucket_of(n, address);

	if (owner >= NEIGHBOUR_OWNERS)
		return NULL;
	which = place_of(n, owner, to_ask, now);
	if (which == NULL)
		return NULL;
	memset(which, 0, sizeof(*which));
	which->address = address;
	n->used++;
	which->when_ns = now;
	which->next = *bucket;
	*bucket = (u16)(which - n->at + 1);
	return which;
}

const u8 *
neighbour_resolve(struct neighbours *n, u32 address, unsigned owner, u64 now)
{
	struct neighbour *which = neighbour_find(n, address);

	if (which == NULL) {
		which = make_neighbour(n, address, owner, true, now);
		if (which == NULL)
			return NULL;
		which->state = NEIGHBOUR_ASKED;
		which->tries = 1;
		n->ask(n->arg, address);
		return NULL;
	}
	which->wanted = true;
	return which->state == NEIGHBOUR_ASKED ? NULL : which->mac;
}

static void
confirm(struct neighbour *which, const u8 *mac, unsigned owner, u64 now)
{
	memcpy(which->mac, mac, ETH_ADDRESS);
	which->state = NEIGHBOUR_KNOWN;
	which->wanted = false;
	which->tries = 0;
	which->by = (u16)owner;
	which->when_ns = now;
}

bool
neighbour_learn(struct neighbours *n, u32 address, const u8 *mac, unsigned owner, bool make,
		u64 now)
{
	struct neighbour *which = neighbour_find(n, address);

	if (which == NULL) {
		which = make ? make_neighbour(n, address, owner, false, now) : NULL;
		if (which == NULL)
			return !make;
		confirm(which, mac, owner, now);
		return true;
	}
	if (which->state != NEIGHBOUR_ASKED && memcmp(which->mac, mac, ETH_ADDRESS) != 0 &&
	    (which->state == NEIGHBOUR_BOUND || which->by != owner)) {
		n->refused++;
		return false;
	}
	if (which->state != NEIGHBOUR_BOUND)
		confirm(which, mac, owner, now);
	return true;
}

void
neighbour_bind(struct neighbours *n, u32 address, const u8 *mac, unsigned owner, u64 now)
{
	struct neighbour *which = neighbour_find(n, address);

	if (which != NULL)
		drop(n, which);
	which = make_neighbour(n, address, owner, false, now);
	if (which == NULL)
		return;
	confirm(which, mac, owner, now);
	which->state = NEIGHBOUR_BOUND;
}

void
neighbour_unbind(struct neighbours *n, u32 address)
{
	struct neighbour *which = neighbour_find(n, address);

	if (which != NULL && which->state == NEIGHBOUR_BOUND)
		drop(n, which);
}

void
neighbours_forget_owner(struct neighbours *n, unsigned owner)
{
	for (unsigned i = 0; i < NEIGHBOURS; i++) {
		struct neighbour *which = &n->at[i];

		if (which->state == NEIGHBOUR_FREE ||
		    (i / NEIGHBOUR_OWNER_PLACES != owner &&
		     (which->state == NEIGHBOUR_ASKED || which->by != owner)))
			continue;
		if (which->state == NEIGHBOUR_BOUND)
			which->gone = true;
		else
			drop(n, which);
	}
}

static unsigned
shown_on(const struct neighbours *n, unsigned account, unsigned owner)
{
	unsigned count = 0;

	for (unsigned i = 0; i < NEIGHBOUR_OWNER_PLACES; i++) {
		const struct neighbour *which = &n->at[account * NEIGHBOUR_OWNER_PLACES + i];

		count += (which->state == NEIGHBOUR_KNOWN || which->state == NEIGHBOUR_STALE) &&
			 which->by == owner;
	}
	return count;
}

unsigned
neighbours_shown_with(const struct neighbours *n, const struct neighbour *which)
{
	unsigned account = (unsigned)(which - n->at) / NEIGHBOUR_OWNER_PLACES;
	unsigned count = shown_on(n, account, which->by);

	return account == which->by ? count : count + shown_on(n, which->by, which->by);
}

static void
ask_or_lose(struct neighbours *n, struct neighbour *which, u64 now)
{
	u32 address = which->address;

	if (which->tries >= NEIGHBOUR_TRIES) {
		drop(n, which);
		n->lost(n->arg, address);
		return;
	}
	which->tries++;
	which->when_ns = now;
	n->ask(n->arg, address);
}

void
neighbours_tick(struct neighbours *n, u64 now)
{
	if (n->used == 0 || now - n->ticked_ns < TICK_NS)
		return;
	n->ticked_ns = now;
	for (unsigned i = 0; i < NEIGHBOURS; i++) {
		struct neighbour *which = &n->at[i];
		u64 age = now - which->when_ns;

		switch (which->state) {
		case NEIGHBOUR_ASKED:
		case NEIGHBOUR_STALE:
			if (age >= NEIGHBOUR_ASK_NS)
				ask_or_lose(n, which, now);
			break;
		case NEIGHBOUR_KNOWN:
			if (age < NEIGHBOUR_FRESH_NS)
				break;
			if (which->wanted) {
				which->state = NEIGHBOUR_STALE;
				ask_or_lose(n, which, now);
			} else {
				drop(n, which);
			}
			break;
		default: break;
		}
	}
}
