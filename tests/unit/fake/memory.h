/* SPDX-License-Identifier: MIT */
/*
 * Fake physical memory: mapped where the direct map is (DIRECT_BASE, given by the build), without
 * taking real memory before it is touched. What is not given is not mapped: touching it crashes.
 */
#pragma once

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "mm/direct.h"
#include "mm/memmap.h"

/* Fresh zero pages at each call. */
static inline void
fake_memory_map(u64 base, u64 size)
{
	void *want = (void *)(DIRECT_BASE + base);
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;

	if (mmap(want, size, PROT_READ | PROT_WRITE, flags, -1, 0) != want)
		abort();
}

static inline void
fake_memory_unmap(u64 base, u64 size)
{
	if (munmap((void *)(DIRECT_BASE + base), size) != 0)
		abort();
}

/* Maps the usable RAM of a map, and nothing else. */
static inline void
fake_memory_of(const struct memmap *map)
{
	for (unsigned i = 0; i < map->count; i++) {
		if (map->range[i].type == MEM_USABLE)
			fake_memory_map(map->range[i].base, map->range[i].size);
	}
}

static inline void
fake_memory_drop(const struct memmap *map)
{
	for (unsigned i = 0; i < map->count; i++) {
		if (map->range[i].type == MEM_USABLE)
			fake_memory_unmap(map->range[i].base, map->range[i].size);
	}
}

/* As left by whoever used it before. */
static inline void
fake_memory_dirty(u64 base, u64 size)
{
	memset((void *)(DIRECT_BASE + base), 0xa5, size);
}

/* The same numbers in every run: xorshift64. */
static inline u64
fake_random(u64 *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}
