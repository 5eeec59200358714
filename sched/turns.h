/* SPDX-License-Identifier: MIT */
/*
 * The threads of shares that wait for one CPU, by rising virtual time: who has had the least goes
 * first, unless a cap holds it back. A thread's virtual time goes on with it to another CPU, so
 * that CPUs compare; it can't fall far behind the others, nor be far ahead, whatever it has done
 * elsewhere or has slept.
 *
 * The run queue's lock guards it all. Pure.
 */
#pragma once

#include "sched/thread.h"

enum {
	SLICE_NS = 10 * 1000 * 1000,
	SLEEPER_NS = SLICE_NS,	    /* so much it may be behind, who has slept */
	APART_NS = 10 * SLICE_NS,   /* so much apart from the others, who comes from another CPU */
	GRAIN_NS = 1 * 1000 * 1000, /* less is not worth a switch within a slice */
};

struct turns {
	struct list waiting;
	u64 clock; /* virtual time of who waits or runs and has had the least; never goes back */
};

void turns_init(struct turns *t);

/* Virtual times may wrap. */
static inline bool
is_before(u64 a, u64 b)
{
	return (s64)(a - b) < 0;
}

/* 0 where the other's clock was ahead: those of two CPUs may differ by a little. */
static inline u64
time_since(u64 then, u64 now)
{
	return is_before(then, now) ? now - then : 0;
}

/* Begins to wait; `now` only counts its wait. */
void turns_put(struct turns *t, struct thread *thread, u64 now);
/* Waits no longer. */
void turns_take(struct thread *thread, u64 now);

/* Has slept: it is behind the others by a little at most. */
void turns_admit(const struct turns *t, struct thread *thread);
/* Comes from another CPU. */
void turns_adopt(const struct turns *t, struct thread *thread);

/* Who goes first and may run on this CPU; NULL: nobody. `but` gives way to others that have had at
 * most a slice more. */
struct thread *turns_search(const struct turns *t, u32 cpu, u64 now, const struct thread *but);

static inline struct thread *
turns_first(const struct turns *t, u32 cpu, u64 now, const struct thread *but)
{
	return list_empty(&t->waiting) ? NULL : turns_search(t, cpu, now, but);
}

/* When the first of those whom a cap holds back may run; ~0: there are none. */
u64 turns_release_ns(const struct turns *t, u64 now);

/* Who runs, whose time is known up to now, and who goes first of those that wait; NULL: nobody. */
void turns_tick(struct turns *t, const struct thread *running, const struct thread *first);
