/* SPDX-License-Identifier: MIT */
/* Learned addresses: see net/fdb.h. */
#include "net/fdb.h"

#include "include/panic.h"
#include "lib/string.h"

enum {
	SWEEP = 4,   /* entries that a new address looks at, for old ones */
	SEARCH = 64, /* the same when there is no free entry */
};

_Static_assert((u32)FDB_ENTRIES < (u32)FDB_NONE && (u32)FDB_PORTS < 256, "indices fit");

static inline u16 *
head_of(struct fdb *fdb, fdb_key_t key)
{
	return &fdb->heads[fdb_hash(fdb, key)];
}

/* A factor as good as any: the seed's bits, mixed (the finalizer of MurmurHash3), and odd. */
void
fdb_init(struct fdb *fdb, u64 seed, u32 age)
{
	memset(fdb, 0, sizeof(*fdb));
	memset(fdb->heads, 0xff, sizeof(fdb->heads));
	seed = (seed ^ seed >> 33) * 0xff51afd7ed558ccdul;
	seed = (seed ^ seed >> 33) * 0xc4ceb9fe1a85ec53ul;
	fdb->factor = (seed ^ seed >> 33) | 1;
	fdb->age = age;
	for (u32 i = 0; i < FDB_ENTRIES; i++) {
		fdb->entries[i].port = FDB_NOBODY;
		fdb->entries[i].next = (u16)(i + 1 < FDB_ENTRIES ? i + 1 : FDB_NONE);
	}
}

static void
drop(struct fdb *fdb, struct fdb_entry *e)
{
	u16 index = (u16)(e - fdb->entries), *link = head_of(fdb, e->key);

	while (*link != index) {
		ASSERT(*link != FDB_NONE);
		link = &fdb->entries[*link].next;
	}
	*link = e->next;
	fdb->of_port[e->port]--;
	fdb->count--;
	*e = (struct fdb_entry){.port = FDB_NOBODY, .next = fdb->free};
	fdb->free = index;
}

/* Goes on through all entries, a few at each new address: old ones are freed in time. */
static void
sweep(struct fdb *fdb, u32 now)
{
	for (u32 n = 0; n < SWEEP; n++) {
		struct fdb_entry *e = &fdb->entries[fdb->hand];

		fdb->hand = (u16)((fdb->hand + 1) % FDB_ENTRIES);
		if (e->port != FDB_NOBODY && fdb_is_old(fdb, e, now))
			drop(fdb, e);
	}
}

/*
 * Frees an entry of a port that has more than this one; few looks are enough where some have most
 * of the table.
 */
static void
make_room(struct fdb *fdb, u32 port)
{
	for (u32 n = 0; n < SEARCH && fdb->free == FDB_NONE; n++) {
		struct fdb_entry *e = &fdb->entries[fdb->hand];

		fdb->hand = (u16)((fdb->hand + 1) % FDB_ENTRIES);
		if (!e->fixed && fdb->of_port[e->port] > fdb->of_port[port] + 1)
			drop(fdb, e);
	}
}

static void
add(struct fdb *fdb, fdb_key_t key, u32 port, u32 now, bool fixed)
{
	u16 index = fdb->free, *head = head_of(fdb, key);
	struct fdb_entry *e = &fdb->entries[index];

	fdb->free = e->next;
	*e = (struct fdb_entry){key, now, *head, (u8)port, fixed};
	*head = index;
	fdb->of_port[port]++;
	fdb->count++;
}

static bool
chain_is_full(const struct fdb *fdb, fdb_key_t key)
{
	u32 len = 0;

	for (u16 at = fdb->heads[fdb_hash(fdb, key)]; at != FDB_NONE; at = fdb->entries[at].next)
		len++;
	return len >= FDB_CHAIN_MAX;
}

static void
learn_new(struct fdb *fdb, fdb_key_t key, u32 port, u32 limit, u32 now)
{
	sweep(fdb, now);
	if (fdb->of_port[port] >= limit || chain_is_full(fdb, key))
		return;
	if (fdb->free == FDB_NONE)
		make_room(fdb, port);
	if (fdb->free != FDB_NONE)
		add(fdb, key, port, now, false);
}

/* A port that has all that it may have takes no address from another. */
static void
move(struct fdb *fdb, struct fdb_entry *e, u32 port, u32 limit, u32 now)
{
	if (fdb->of_port[port] >= limit)
		return;
	fdb->of_port[e->port]--;
	fdb->of_port[port]++;
	e->port = (u8)port;
	e->seen = now;
}

bool
fdb_learn_change(struct fdb *fdb, fdb_key_t key, struct fdb_entry *e, u32 port, u32 limit, u32 now)
{
	if (e == NULL)
		learn_new(fdb, key, port, limit, now);
	else if (!e->fixed)
		move(fdb, e, port, limit, now);
	else
		return false;
	return true;
}

void
fdb_fix(struct fdb *fdb, fdb_key_t key, u32 port)
{
	struct fdb_entry *e = fdb_look(fdb, key);

	if (e != NULL)
		drop(fdb, e);
	for (u32 i = 0; fdb->free == FDB_NONE; i++) { /* full: there are not only fixed ones */
		ASSERT(i < FDB_ENTRIES);
		if (!fdb->entries[i].fixed)
			drop(fdb, &fdb->entries[i]);
	}
	add(fdb, key, port, 0, true);
}

void
fdb_forget_port(struct fdb *fdb, u32 port)
{
	for (u32 i = 0; i < FDB_ENTRIES && fdb->of_port[port] > 0; i++) {
		if (fdb->entries[i].port == port)
			drop(fdb, &fdb->entries[i]);
	}
}

const struct fdb_entry *
fdb_next(const struct fdb *fdb, u32 port, u32 *cursor)
{
	while (*cursor < FDB_ENTRIES) {
		const struct fdb_entry *e = &fdb->entries[(*cursor)++];

		if (e->port == port)
			return e;
	}
	return NULL;
}
