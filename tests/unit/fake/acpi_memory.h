/* SPDX-License-Identifier: MIT */
/*
 * The physical memory in which tests lay out tables. What it maps are copies of exactly the bytes
 * asked for, so that the sanitizer sees a read past them.
 */
#pragma once

#include "drivers/acpi.h"
#include "tests/unit/fake/bytes.h"

enum { FAKE_MEMORY_BASE = 0x7ff00000, FAKE_VIEWS_MAX = 512 };

static struct bytes fake_memory;
static u8 *fake_views[FAKE_VIEWS_MAX];
static unsigned fake_view_count;

static inline const void *
fake_map(hpa_t address, size_t length)
{
	u64 offset = address.v - FAKE_MEMORY_BASE;

	if (length == 0 || address.v < FAKE_MEMORY_BASE || offset > fake_memory.length ||
	    length > fake_memory.length - offset)
		return NULL;
	if (fake_view_count == FAKE_VIEWS_MAX)
		abort();
	return fake_views[fake_view_count++] = exact_copy(fake_memory.at + offset, length);
}

static inline void
fake_unmap(const void *view, size_t length)
{
	for (unsigned i = 0; i < fake_view_count; i++) {
		if (fake_views[i] != view)
			continue;
		free(fake_views[i]);
		fake_views[i] = fake_views[--fake_view_count];
		return;
	}
	abort(); /* not mapped */
}

static const struct acpi_ops fake_ops = {fake_map, fake_unmap};

static inline void
fake_unmap_all(void)
{
	while (fake_view_count > 0)
		free(fake_views[--fake_view_count]);
}

static inline void
fake_memory_clear(void)
{
	fake_unmap_all();
	fake_memory.length = 0;
}

/* Puts a table into memory; answers its address, which is odd. */
static inline u64
fake_memory_put(const void *from, size_t length)
{
	u64 address;

	put_zeros(&fake_memory, 1 - fake_memory.length % 2);
	address = FAKE_MEMORY_BASE + fake_memory.length;
	put_copy(&fake_memory, from, length);
	return address;
}
