/* SPDX-License-Identifier: MIT */
/*
 * A guest's memory in one piece from 0, without the hole: implements the accessors of
 * core/guest_memory.h. For one translation unit.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "core/guest_memory.h"

enum { FAKE_GUEST_SIZE = 2 * 1024 * 1024 };

struct guest_memory {
	u8 at[FAKE_GUEST_SIZE];
	u64 fail_at; /* a write that touches this address fails, unless 0 */
};

static inline bool
fake_guest_has(u64 base, size_t len)
{
	return base <= FAKE_GUEST_SIZE && len <= FAKE_GUEST_SIZE - base;
}

int
guest_read(const struct guest_memory *m, gpa_t gpa, void *out, size_t len)
{
	if (!fake_guest_has(gpa.v, len))
		return -ERR_RANGE;
	memcpy(out, m->at + gpa.v, len);
	return 0;
}

int
guest_write(struct guest_memory *m, gpa_t gpa, const void *in, size_t len)
{
	if (!fake_guest_has(gpa.v, len))
		return -ERR_RANGE;
	if (m->fail_at != 0 && m->fail_at - gpa.v < len)
		return -ERR_RANGE;
	memcpy(m->at + gpa.v, in, len);
	return 0;
}

int
guest_fill(struct guest_memory *m, gpa_t gpa, u8 byte, size_t len)
{
	if (!fake_guest_has(gpa.v, len))
		return -ERR_RANGE;
	memset(m->at + gpa.v, byte, len);
	return 0;
}
