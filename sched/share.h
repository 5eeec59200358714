/* SPDX-License-Identifier: MIT */
/*
 * What a group of threads, a VM's vCPUs, has of the CPUs' time: a weight against other groups, a
 * cap, and the CPUs where it may run.
 *
 * Fairness is by virtual time: what a thread has had of a CPU, divided by its part of the group's
 * weight. The threads that want to run now have equal parts. Who has the least goes first.
 *
 * A cap is a debt: running makes it grow by more than the time that passes, and while any of it is
 * left none of the group runs.
 *
 * Pure; any CPU. What changes is atomic.
 */
#pragma once

#include "include/cpu_set.h"

enum {
	SHARE_WEIGHT = 256, /* the usual one */
	SHARE_WEIGHT_MAX = 65536,
	SHARE_CREDIT_NS = 10 * 1000 * 1000, /* what a cap pays for in advance */
};

struct share {
	u32 weight;
	u32 cap; /* percent of one CPU; 0: none */
	struct cpu_set cpus;
	u32 active;  /* threads that run or wait for a CPU */
	u64 paid_ns; /* with a cap: the group may run from then on */
};

void share_init(struct share *s, u32 weight, u32 cap, const struct cpu_set *cpus);

/* One of its threads wants to run, or no longer. */
void share_join(struct share *s);
void share_leave(struct share *s);

/* So much CPU time of one of its threads, as virtual time. */
u64 share_virtual_ns(const struct share *s, u64 ns);

/* One of its threads has run for `ns` until now. */
void share_charge(struct share *s, u64 ns, u64 now);

/* When the group may run: not after `now` where nothing holds it back. */
static inline u64
share_runs_from(const struct share *s)
{
	return __atomic_load_n(&s->paid_ns, __ATOMIC_RELAXED);
}
