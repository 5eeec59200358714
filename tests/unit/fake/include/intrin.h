/* SPDX-License-Identifier: MIT */
/* The host's stand-in for include/intrin.h: each thread is a CPU, its interrupt flag a variable. */
#pragma once

#include <sched.h>

#include "include/types.h"

#define RFLAGS_IF (1ul << 9)

/* Of each thread: those that take locks have to have different numbers. */
extern _Thread_local u64 fake_flags;
extern _Thread_local u64 fake_tsc; /* one tick a look */
extern _Thread_local u32 fake_cpu;

/* What a test of several threads does where locks are taken and released; NULL: nothing. */
extern void (*fake_shake)(void);

static inline u64
irq_save(void)
{
	u64 flags = fake_flags;

	if (fake_shake != NULL)
		fake_shake();
	fake_flags &= ~RFLAGS_IF;
	return flags;
}

static inline void
irq_restore(u64 flags)
{
	fake_flags = flags;
	if (fake_shake != NULL)
		fake_shake();
}

static inline bool
irqs_enabled(void)
{
	return (fake_flags & RFLAGS_IF) != 0;
}

/* Another thread may be what is waited for; a kernel call each time would take longer than the
 * rest. */
static inline void
cpu_relax(void)
{
	static _Thread_local u32 relaxed;

	if (++relaxed % 32 == 0)
		sched_yield();
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
