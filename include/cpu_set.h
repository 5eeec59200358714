/* SPDX-License-Identifier: MIT */
/* Sets of the machine's CPUs, by index. Pure. */
#pragma once

#include "include/limits.h"
#include "include/types.h"

struct cpu_set {
	u64 bits[MAX_CPUS / 64];
};

static inline bool
cpu_set_has(const struct cpu_set *set, u32 cpu)
{
	return cpu < MAX_CPUS && (set->bits[cpu / 64] >> cpu % 64 & 1) != 0;
}

static inline void
cpu_set_add(struct cpu_set *set, u32 cpu)
{
	set->bits[cpu / 64] |= 1ul << cpu % 64;
}

/* The first one from `cpu` on, or MAX_CPUS. */
static inline u32
cpu_set_next(const struct cpu_set *set, u32 cpu)
{
	while (cpu < MAX_CPUS && !cpu_set_has(set, cpu))
		cpu++;
	return cpu;
}
