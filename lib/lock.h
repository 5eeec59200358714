/* SPDX-License-Identifier: MIT */
/*
 * Spinlocks. A lock disables interrupts while it is held, so that code which is interrupted with
 * interrupts enabled holds none, and may be preempted.
 *
 * Ranks: a CPU takes locks in rising rank only; taking one that is not above what it holds, or
 * twice, or releasing another's, panics. The declaration of each lock says what it guards.
 */
#pragma once

#include "include/types.h"

/* From outermost to innermost. */
enum lock_rank {
	RANK_NONE,
	RANK_SHELL,
	RANK_DEVICE,  /* a physical device's driver */
	RANK_VM,      /* a VM's state */
	RANK_PCI,     /* a VM's PCI configuration space */
	RANK_NETWORK, /* who is on a network */
	RANK_GATEWAY, /* a network's gateway */
	RANK_SENDER,  /* what a device model sends */
	RANK_NET,     /* a switch */
	RANK_VDEVICE, /* a device model */
	RANK_INTX,    /* pins and messages of a VM's PCI functions */
	RANK_VIRQ,    /* an interrupt controller's model */
	RANK_VCLOCK,  /* a VM's clock: whether it runs, and which timers it has */
	RANK_VTIMER,  /* one of its timers */
	RANK_NIC,     /* a physical NIC's driver, below a switch */
	RANK_KMAP,    /* the hypervisor's own map */
	RANK_WAIT,    /* a wait queue */
	RANK_SCHED,   /* a run queue */
	RANK_TIMER,
	RANK_HEAP,
	RANK_FRAMES,
	RANK_IRQ,
	RANK_LOG,
	RANK_CONSOLE,
	RANK_COUNT
};

struct spinlock {
	u32 next, serving; /* tickets: first come, first served */
	u32 holder;	   /* CPU index + 1 while it is held; else 0 */
	u8 rank;
	const char *name;
};

#define SPINLOCK_INIT(rank_, name_)                                                                \
	{                                                                                          \
		.rank = (rank_), .name = (name_)                                                   \
	}

void spin_init(struct spinlock *lock, enum lock_rank rank, const char *name);

/* Interrupts are off from here; answers the flags for spin_unlock(). */
__must_check u64 spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock, u64 flags);

/* The same where interrupts are off already, and stay so. */
void spin_lock_irqoff(struct spinlock *lock);
void spin_unlock_irqoff(struct spinlock *lock);

/*
 * A second lock of a rank that this CPU holds, only if nobody has it: so it may be taken in any
 * order. Interrupts are off. Until the first one is released too, its rank counts as not held.
 */
__must_check bool spin_try_second_irqoff(struct spinlock *lock);

bool spin_held(const struct spinlock *lock); /* by this CPU */

/* After a panic locks no longer wait: their holders are stopped for good. */
void locks_disable(void);
