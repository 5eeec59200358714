/* SPDX-License-Identifier: MIT */
/* The host's stand-in for include/intrin.h: one CPU, whose interrupt flag is a variable. */
#pragma once

#include "include/types.h"

#define RFLAGS_IF (1ul << 9)

extern u64 fake_flags;
extern u64 fake_tsc; /* one tick a look */
extern u32 fake_cpu;

static inline u64
irq_save(void)
{
	u64 flags = fake_flags;

	fake_flags &= ~RFLAGS_IF;
	return flags;
}

static inline void
irq_restore(u64 flags)
{
	fake_flags = flags;
}

static inline bool
irqs_enabled(void)
{
	return (fake_flags & RFLAGS_IF) != 0;
}

static inline void
cpu_relax(void)
{
}

static inline u64
rdtsc(void)
{
	return fake_tsc++;
}

static inline u32
cpu_index(void)
{
	return fake_cpu;
}
