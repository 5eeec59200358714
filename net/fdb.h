/* SPDX-License-Identifier: MIT */
/*
 * The addresses that a switch has learned (802.1Q-2018, 8.8, the filtering database): of which
 * port, by VLAN. A hash table of chains that never grow long; the hash's factor is secret, so that
 * nobody fills one chain. A port with many addresses never takes the place of one with fewer.
 *
 * Pure. The switch's lock guards it.
 */
#pragma once

#include "include/types.h"

enum {
	FDB_ENTRIES = 16384,
	FDB_HASH_SHIFT = 64 - 14,
	FDB_HEADS = 1 << 14,
	FDB_NONE = 0xffff,  /* no entry: the end of a chain */
	FDB_CHAIN_MAX = 16, /* an address that would make one longer is not learned */
	FDB_PORTS = 72,
	FDB_NOBODY = FDB_PORTS, /* no port */
	FDB_VLAN_SHIFT = 48,	/* in a key */
};

/* An address and its VLAN (or another number of 16 bits). */
typedef struct {
	u64 v;
} fdb_key_t;

static inline fdb_key_t
fdb_key(u64 address, u32 vlan)
{
	return (fdb_key_t){address | (u64)vlan << FDB_VLAN_SHIFT};
}

struct fdb_entry {
	fdb_key_t key;
	u32 seen; /* when, in the switch's units of time */
	u16 next;
	u8 port;    /* FDB_NOBODY: the entry is free */
	bool fixed; /* it neither ages nor moves */
};

struct fdb {
	u64 factor;
	u32 age; /* so long an entry counts, in units of time */
	u32 count;
	u16 free, hand;
	u16 of_port[FDB_PORTS]; /* how many entries each has */
	u16 last[FDB_PORTS];	/* the entry, maybe no longer its own, that each was last seen by */
	u16 heads[FDB_HEADS];
	struct fdb_entry entries[FDB_ENTRIES];
};

/* seed: any number that nobody else knows. */
void fdb_init(struct fdb *fdb, u64 seed, u32 age);

/*
 * The head of a key's chain. One product alone would have addresses that are numbered in a row, as
 * those of VMs are, in fewer chains for one factor in a thousand.
 */
static inline u32
fdb_hash(const struct fdb *fdb, fdb_key_t key)
{
	u64 product = key.v * fdb->factor;

	return (u32)(((product ^ product >> 32) * fdb->factor) >> FDB_HASH_SHIFT);
}

/* The entry of a key, or NULL. */
static inline struct fdb_entry *
fdb_look(struct fdb *fdb, fdb_key_t key)
{
	u16 at = fdb->heads[fdb_hash(fdb, key)];

	for (; at != FDB_NONE; at = fdb->entries[at].next) {
		if (fdb->entries[at].key.v == key.v)
			return &fdb->entries[at];
	}
	return NULL;
}

static inline bool
fdb_is_old(const struct fdb *fdb, const struct fdb_entry *e, u32 now)
{
	return now - e->seen > fdb->age && !e->fixed;
}

/* The port that an address was last seen at, or FDB_NOBODY. */
static inline u32
fdb_find(struct fdb *fdb, fdb_key_t key, u32 now)
{
	const struct fdb_entry *e = fdb_look(fdb, key);

	return e == NULL || fdb_is_old(fdb, e, now) ? (u32)FDB_NOBODY : e->port;
}

/* The part of fdb_learn() that is not everyday: e is the key's entry, or NULL. */
bool fdb_learn_change(struct fdb *fdb, fdb_key_t key, struct fdb_entry *e, u32 port, u32 limit,
		      u32 now);

/*
 * An address was seen at a port, which may have `limit` of them. False when the address is fixed
 * to another port. Whether there was room for it makes no difference to the caller.
 *
 * Most ports send from one address: then its entry is known without the chain, however many
 * addresses others have put in front of it there.
 */
static inline bool
fdb_learn(struct fdb *fdb, fdb_key_t key, u32 port, u32 limit, u32 now)
{
	struct fdb_entry *e = &fdb->entries[fdb->last[port]];

	if (__builtin_expect(e->key.v != key.v || e->port != port, 0)) {
		e = fdb_look(fdb, key);
		if (__builtin_expect(e == NULL || e->port != port, 0))
			return fdb_learn_change(fdb, key, e, port, limit, now);
		fdb->last[port] = (u16)(e - fdb->entries);
	}
	e->seen = now;
	return true;
}

/* Puts a fixed one there, whoever had it. */
void fdb_fix(struct fdb *fdb, fdb_key_t key, u32 port);

void fdb_forget_port(struct fdb *fdb, u32 port);

/* The entries of a port, by *cursor, 0 at first; NULL after the last. */
const struct fdb_entry *fdb_next(const struct fdb *fdb, u32 port, u32 *cursor);
