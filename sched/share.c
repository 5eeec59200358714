/* SPDX-License-Identifier: MIT */
/* Weights and caps. */
#include "sched/share.h"

#include "include/bits.h"
#include "include/intrin.h"

void
share_init(struct share *s, u32 weight, u32 cap, const struct cpu_set *cpus)
{
	*s = (struct share){.weight = weight, .cap = cap, .cpus = *cpus};
}

void
share_join(struct share *s)
{
	__atomic_add_fetch(&s->active, 1, __ATOMIC_RELAXED);
}

void
share_leave(struct share *s)
{
	__atomic_sub_fetch(&s->active, 1, __ATOMIC_RELAXED);
}

/* A day at the smallest weight in 64 threads still fits into 64 bits. */
u64
share_virtual_ns(const struct share *s, u64 ns)
{
	u64 active = READ_ONCE(s->active);

	return ns * SHARE_WEIGHT * MAX(active, 1ul) / s->weight;
}

/*
 * Time that has gone by without running pays for a little at most: enough for who was let run too
 * late, but the cap holds over any tenth of a second.
 */
void
share_charge(struct share *s, u64 ns, u64 now)
{
	u64 paid, sum;

	if (s->cap == 0)
		return;
	paid = READ_ONCE(s->paid_ns);
	do {
		sum = MAX(paid, now - ns - SHARE_CREDIT_NS) + ns * 100 / s->cap;
	} while (!__atomic_compare_exchange_n(&s->paid_ns, &paid, sum, false, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
}
