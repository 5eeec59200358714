/* SPDX-License-Identifier: MIT */
/*
 * The few CPU instructions that every layer needs, down to the locks in lib/. All else of the CPU
 * is in arch/x86_64/. The host-side tests put a header of the same name before this one.
 */
#pragma once

#include "include/types.h"

#define RFLAGS_IF (1ul << 9)

/* Disables interrupts on this CPU; answers the flags for irq_restore(). */
static inline u64
irq_save(void)
{
	u64 flags;

	__asm__ volatile("pushfq; popq %0; cli" : "=r"(flags) : : "memory");
	return flags;
}

static inline void
irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void
irq_restore(u64 flags)
{
	if (flags & RFLAGS_IF)
		__asm__ volatile("sti" : : : "memory");
}

static inline bool
irqs_enabled(void)
{
	u64 flags;

	__asm__ volatile("pushfq; popq %0" : "=r"(flags));
	return (flags & RFLAGS_IF) != 0;
}

/* In every spin loop: emulators change CPUs here, and a sibling hyperthread gets the core. */
static inline void
cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}

/* The time-stamp counter, not before earlier loads (SDM vol. 2, RDTSC; APM vol. 3). */
static inline u64
rdtsc(void)
{
	u32 lo, hi;

	__asm__ volatile("lfence; rdtsc" : "=a"(lo), "=d"(hi) : : "memory");
	return ((u64)hi << 32) | lo;
}

/* Its lower half, for short times; it may be read before earlier instructions have ended. */
static inline u32
rdtsc_low(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return lo;
}

/* A random number, where the CPU has them (features.h); false when it has none right now. */
static inline bool
rdrand(u64 *value)
{
	bool ok;

	__asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(ok));
	return ok;
}

/* This CPU's index, from 0; GS points to its struct cpu (arch/x86_64/cpu.h). */
static inline u32
cpu_index(void)
{
	u32 index;

	__asm__ volatile("movl %%gs:8, %0" : "=r"(index));
	return index;
}
