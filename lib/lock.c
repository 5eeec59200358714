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

/* After a panic nobody keeps to any order. Answers the flags, as do all that take a lock. */
static __noinline u64
out_of_order(const struct spinlock *lock, u64 flags)
{
	u32 cpu = cpu_index();

	if (READ_ONCE(disabled))
		return flags;
	if (lock->holder == cpu + 1)
		panic("lock %s: taken twice by CPU %u", lock->name, cpu);
	panic("lock %s (rank %u): CPU %u holds ranks %#x", lock->name, lock->rank, cpu,
	      held_ranks[cpu]);
}

static inline void
mark_held(struct spinlock *lock, u32 cpu)
{
	lock->holder = cpu + 1;
	held_ranks[cpu] |= 1u << lock->rank;
}

static __noinline u64
wait_for_turn(struct spinlock *lock, u32 ticket, u64 flags)
{
	while (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket) {
		if (READ_ONCE(disabled))
			return flags;
		cpu_relax();
	}
	mark_held(lock, cpu_index());
	return flags;
}

/* The rare ways are calls at the end, so that the usual one saves no registers. */
static inline u64
acquire(struct spinlock *lock, u64 flags)
{
	u32 cpu = cpu_index(), ticket;

	if (held_ranks[cpu] >> lock->rank != 0) /* this lock itself among them */
		return out_of_order(lock, flags);
	ticket = __atomic_fetch_add(&lock->next, 1, __ATOMIC_RELAXED);
	if (__atomic_load_n(&lock->serving, __ATOMIC_ACQUIRE) != ticket)
		return wait_for_turn(lock, ticket, flags);
	mark_held(lock, cpu);
	return flags;
}

/* After a panic it may be one that was not waited for. */
static __noinline void
not_held(const struct spinlock *lock, u64 flags)
{
	if (!READ_ONCE(disabled))
		panic("lock %s: released by CPU %u, held by %d", lock->name, cpu_index(),
		      (int)lock->holder - 1);
	irq_restore(flags);
}

static inline void
release(struct spinlock *lock, u64 flags)
{
	u32 cpu = cpu_index();

	if (lock->holder != cpu + 1) {
		not_held(lock, flags);
		return;
	}
	lock->holder = 0;
	held_ranks[cpu] &= ~(1u << lock->rank);
	__atomic_store_n(&lock->serving, lock->serving + 1, __ATOMIC_RELEASE);
	irq_restore(flags);
}

void
spin_lock_irqoff(struct spinlock *lock)
{
	ASSERT(!irqs_enabled());
	(void)acquire(lock, 0);
}

void
spin_unlock_irqoff(struct spinlock *lock)
{
	release(lock, 0);
}

bool
spin_try_second_irqoff(struct spinlock *lock)
{
	u32 ticket = __atomic_load_n(&lock->serving, __ATOMIC_RELAXED);

	ASSERT(!irqs_enabled());
	if (!__atomic_compare_exchange_n(&lock->next, &ticket, ticket + 1, false, __ATOMIC_ACQUIRE,
					 __ATOMIC_RELAXED))
		return false;
	mark_held(lock, cpu_index());
	return true;
}

u64
spin_lock(struct spinlock *lock)
{
	return acquire(lock, irq_save());
}

void
spin_unlock(struct spinlock *lock, u64 flags)
{
	release(lock, flags);
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
