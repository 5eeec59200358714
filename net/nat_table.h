/* SPDX-License-Identifier: MIT */
/*
 * Chains of indexes by a keyed hash, for the NAT's flows and bindings. Who doesn't know the keys
 * can't choose what falls together; should it happen, a chain takes no more than NAT_CHAIN_MAX.
 */
#pragma once

#include "net/nat.h"

enum { NAT_CHAIN_MAX = 32, NAT_NONE = 0xffff };

_Static_assert((u32)NAT_BINDINGS < (u32)NAT_NONE, "an index is a u16");

/* Two words that tell all of a key. */
struct nat_key {
	u64 a, b;
};

/* The product's halves, folded: it hangs on both keys for each bit. */
static inline u32
nat_bucket(const struct nat *n, struct nat_key key)
{
	unsigned __int128 product = (unsigned __int128)(key.a ^ n->keys[0]) * (key.b ^ n->keys[1]);
	u64 folded = (u64)(product >> 64) ^ (u64)product;

	return (u32)(folded ^ folded >> 32) % NAT_BUCKETS;
}

/* False when the chain is as long as it may become. */
static inline bool
nat_table_has_room(const struct nat_table *t, u32 bucket)
{
	unsigned len = 0;

	for (u16 i = t->heads[bucket]; i != NAT_NONE; i = t->next[i])
		len++;
	return len < NAT_CHAIN_MAX;
}

static inline void
nat_table_insert(struct nat_table *t, u32 bucket, u16 index)
{
	t->next[index] = t->heads[bucket];
	t->heads[bucket] = index;
}

static inline void
nat_table_remove(struct nat_table *t, u32 bucket, u16 index)
{
	u16 *link = &t->heads[bucket];

	while (*link != index)
		link = &t->next[*link];
	*link = t->next[index];
}

/* Numbers that nobody guesses: the hash of a count. */
static inline u32
nat_random(struct nat *n)
{
	unsigned __int128 product;

	n->random += 0x9e3779b97f4a7c15ul; /* odd, so that all values come */
	product = (unsigned __int128)(n->random ^ n->keys[1]) * (n->keys[0] | 1);
	return (u32)((u64)(product >> 64) ^ (u64)product);
}
