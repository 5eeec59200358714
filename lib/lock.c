/* SPDX-License-Identifier: MIT */
/* Ticket spinlocks with a check of holder and rank. */
#include "lib/lock.h"

#include "include/intrin.h"
#include "include/limits.h"
#include "include/panic.h"

/* Per CPU, one bit a rank: which ranks this CPU holds. Only its own CPU touches an element. */
static u32 held_ranks[MAX_CPUS];

static bool disabled;

void
spin_init(struct spinlock *lock, enum lock_rank rank, const char *name)
{
	*lock = (struct spinlock)SPINLOCK_INIT((u8)rank, name);
}

static __noinline void
out_of_order(const struct spinlock *lock, u32 cpu)
{
	if (lock->holder == cpu + 1)
		panic("lock %s: taken twice by CPU %u", lock->name, cpu);
	panic("lock %s (rank %u): CPU %u holds ranks %#x", lock->name, lock->rank, cpu,
	      held_ranks[cpu]);
}

static inline void
acquire(struct spinlock *lock)
{
	u32 cpu = cpu_index(), ticket;

	if (READ_ONCE(disabled))
		return;
	if (lock->holder == cpu + 1 || held_ranks[cpu] >> lock->rank != 0)
		out_of_order(lock, cpu);
	ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket) {
		if (READ_ONCE(disabled))
			return;
		cpu_relax();
	}
	lock->holder = cpu + 1;
	held_ranks[cpu] |= 1u << lock->rank;
}

static inline void
release(struct spinlock *lock)
{
	u32 cpu = cpu_index();

	if (READ_ONCE(disabled))
		return;
	if (lock->holder != cpu + 1)
		panic("lock %s: released by CPU %u, held by %d", lock->name, cpu,
		      (int)lock->holder - 1);
	lock->holder = 0;
	held_ranks[cpu] &= ~(1u << lock->rank);
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
}

void
spin_lock_irqoff(struct spinlock *lock)
{
	ASSERT(!irqs_enabled());
	acquire(lock);
}

void
spin_unlock_irqoff(struct spinlock *lock)
{
	release(lock);
}

u64
spin_lock(struct spinlock *lock)
{
	u64 flags = irq_save();

	acquire(lock);
	return flags;
}

void
spin_unlock(struct spinlock *lock, u64 flags)
{
	release(lock);
	irq_restore(flags);
}

bool
spin_held(const struct spinlock *lock)
{
	return READ_ONCE(disabled) || READ_ONCE(lock->holder) == cpu_index() + 1;
}

void
locks_disable(void)
{
	WRITE_ONCE(disabled, true);
}
