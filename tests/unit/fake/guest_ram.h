/* SPDX-License-Identifier: MIT */
/*
 * A guest's RAM as a PC has it, below the hole: 0 to 640 KiB, and C0000h to its size, and one more
 * piece for firmware. Implements core/guest_memory.h; an access that is not wholly RAM fails. For
 * one translation unit.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "core/guest_memory.h"

struct guest_memory {
	u64 size;
	u8 *at;
	u64 extra_base, extra_size;
	u8 *extra;
};

/* Filled with 0xcc: what a loader leaves out is not by luck zero. */
static inline struct guest_memory *
fake_guest_create(u64 size)
{
	struct guest_memory *m = calloc(1, sizeof(*m));

	m->size = size;
	m->at = malloc(size);
	memset(m->at, 0xcc, size);
	return m;
}

static inline void
fake_guest_free(struct guest_memory *m)
{
	free(m->at);
	free(m->extra);
	free(m);
}

static inline u8 *
fake_guest_at(const struct guest_memory *m, u64 base, size_t len)
{
	if (m->extra != NULL && base >= m->extra_base && base - m->extra_base <= m->extra_size &&
	    len <= m->extra_size - (base - m->extra_base))
		return m->extra + (base - m->extra_base);
	if (base > m->size || len > m->size - base)
		return NULL;
	if (base < GUEST_ROM_BASE && base + len > GUEST_LOW_END)
		return NULL;
	return m->at + base;
}

u64
guest_memory_size(const struct guest_memory *m)
{
	return m->size;
}

bool
guest_memory_range(const struct guest_memory *m, unsigned n, struct guest_range *out)
{
	if (n == 0)
		*out = (struct guest_range){0, GUEST_LOW_END};
	else if (n == 1)
		*out = (struct guest_range){GUEST_ROM_BASE, m->size - GUEST_ROM_BASE};
	return n < 2;
}

int
guest_memory_add(struct guest_memory *m, gpa_t base, u64 size)
{
	if (m->extra != NULL)
		return m->extra_base == base.v && m->extra_size == size ? 0 : -ERR_EXISTS;
	m->extra_base = base.v;
	m->extra_size = size;
	m->extra = calloc(1, size);
	return 0;
}

int
guest_read(const struct guest_memory *m, gpa_t gpa, void *out, size_t len)
{
	const u8 *at = fake_guest_at(m, gpa.v, len);

	if (at == NULL)
		return -ERR_RANGE;
	memcpy(out, at, len);
	return 0;
}

int
guest_write(struct guest_memory *m, gpa_t gpa, const void *in, size_t len)
{
	u8 *at = fake_guest_at(m, gpa.v, len);

	if (at == NULL)
		return -ERR_RANGE;
	if (len > 0)
		memcpy(at, in, len);
	return 0;
}

int
guest_fill(struct guest_memory *m, gpa_t gpa, u8 byte, size_t len)
{
	u8 *at = fake_guest_at(m, gpa.v, len);

	if (at == NULL)
		return -ERR_RANGE;
	memset(at, byte, len);
	return 0;
}
