/* SPDX-License-Identifier: MIT */
/*
 * A VM's memory, and the one door to it: guest_read(), guest_write() and guest_span(). Every access
 * is checked whole, before the first byte moves, against the RAM that the VM has; addresses and
 * lengths are the guest's, hence hostile. What two vCPUs share may change at any time: read once,
 * copy, validate the copy.
 *
 * RAM is 0 to 640 KiB, C0000h up to at most 3 GiB, and the rest from 4 GiB. Created with the VM,
 * gone with it; the layout is constant between, so there is no lock.
 */
#pragma once

#include "include/errors.h"
#include "include/types.h"

#define GUEST_LOW_END  0xa0000ul    /* here the VGA window begins, which is not RAM */
#define GUEST_ROM_BASE 0xc0000ul    /* RAM again: firmware's tables are in E0000h to FFFFFh */
#define GUEST_HOLE     0xc0000000ul /* 3 GiB: here begins what belongs to devices */
#define GUEST_HIGH     0x100000000ul

enum { GUEST_SLOTS_MAX = 256, GUEST_RAM_RANGES = 3 };

struct guest_range {
	u64 base, size; /* guest-physical, bytes */
};

struct guest_memory;
struct guest_tables;

/* Allocates it all, zero, by the largest frames. -ERR_NOMEM: nothing was kept. size in bytes. */
__must_check int guest_memory_create(u64 size, struct guest_memory **out);
void guest_memory_free(struct guest_memory *m);

/*
 * One more piece of RAM, zero, before the VM runs: firmware's image below 4 GiB. Base and size are
 * whole pages. It is read and written like all RAM, and guest_memory_range() does not tell of it.
 * -ERR_EXISTS: it overlaps RAM, other than a piece with the same base and size, which then stays as
 * it is (a reset loads again); -ERR_NOMEM.
 */
__must_check int guest_memory_add(struct guest_memory *m, gpa_t base, u64 size);

/*
 * Maps a page that is no RAM, and stays the caller's, before the VM runs: where the CPU makes a
 * local APIC of it. Unless it is writable, writes exit as elsewhere. Once. -ERR_NOMEM, -ERR_EXISTS.
 */
__must_check int guest_memory_map_apic(struct guest_memory *m, gpa_t gpa, hpa_t page,
				       bool writable);

u64 guest_memory_size(const struct guest_memory *m);
/* The n-th piece of guest-physical RAM, by rising address; false after the last. */
bool guest_memory_range(const struct guest_memory *m, unsigned n, struct guest_range *out);

/* Pages of 4 KiB, 2 MiB and 1 GiB that the second-level tables map all RAM by. */
void guest_memory_pages(const struct guest_memory *m, u64 pages[3]);
hpa_t guest_memory_root(const struct guest_memory *m); /* of the second-level tables */
struct guest_tables *guest_memory_tables(struct guest_memory *m);

bool guest_is_ram(const struct guest_memory *m, gpa_t gpa, u64 len);

/* -ERR_RANGE when any byte of it is not RAM: then nothing was copied. */
__must_check int guest_read(const struct guest_memory *m, gpa_t gpa, void *out, size_t len);
__must_check int guest_write(struct guest_memory *m, gpa_t gpa, const void *in, size_t len);
__must_check int guest_fill(struct guest_memory *m, gpa_t gpa, u8 byte, size_t len);

/*
 * Direct access to bytes that lie together in one frame, valid until the caller returns to who
 * called it; never kept. -ERR_RANGE when not RAM or not together.
 */
__must_check int guest_span(const struct guest_memory *m, gpa_t gpa, size_t len, void **out);

/*
 * Eight bytes of RAM that are looked at again and again, such as a page-table entry. Checked once,
 * here; valid as long as the memory, which no slot leaves before all is freed. A look is atomic
 * when the address is aligned. -ERR_RANGE as for a span.
 */
struct guest_word {
	const void *at;
};

__must_check int guest_word(const struct guest_memory *m, gpa_t gpa, struct guest_word *out);

static inline u64
guest_word_read(struct guest_word word)
{
	typedef u64 unaligned __attribute__((aligned(1)));

	return READ_ONCE(*(const unaligned *)word.at);
}

/*
 * A byte of RAM that is looked at and changed again and again; as for a word. The guest may do
 * anything to it meanwhile. -ERR_RANGE.
 */
struct guest_byte {
	u8 *at;
};

__must_check int guest_byte(const struct guest_memory *m, gpa_t gpa, struct guest_byte *out);

static inline u8
guest_byte_read(struct guest_byte byte)
{
	return READ_ONCE(*byte.at);
}

static inline void
guest_byte_write(struct guest_byte byte, u8 value)
{
	WRITE_ONCE(*byte.at, value);
}

/* Answers what it was. */
static inline u8
guest_byte_exchange(struct guest_byte byte, u8 value)
{
	return __atomic_exchange_n(byte.at, value, __ATOMIC_SEQ_CST);
}
