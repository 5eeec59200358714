/* SPDX-License-Identifier: MIT */
/*
 * The local APIC of a vCPU (SDM vol. 3, chapter 11): an integrated one, version 14h, with six LVT
 * entries, in xAPIC or x2APIC mode, with TSC-deadline.
 *
 * Interrupts come from any thread, without a lock: lapic_post() and its like set a bit of the IRR
 * by an atomic operation and call ops->kick(). What services them (ISR, PPR) belongs to the vCPU's
 * own thread; functions marked "own thread" are called there alone. The timer has a lock against
 * its own expiry, which comes in interrupt context.
 */
#pragma once

#include "core/vclock.h"
#include "dev/device.h"
#include "dev/lapic_bus.h"
#include "include/errors.h"
#include "lib/lock.h"

#define LAPIC_BASE_DEFAULT 0xfee00000ul
#define LAPIC_TIMER_HZ	   1000000000ul /* the timer's input clock, before the divider */

enum {
	/* Instead of a vector, see lapic_pending(): */
	LAPIC_NOTHING = -1,
	LAPIC_LATER = -2,   /* something waits for a lower priority */
	LAPIC_EXTINT = 256, /* the 8259 has it */
	LAPIC_LVTS = 6,
};

/* How the APIC reaches its vCPU. All but tsc: any thread, also interrupt context. */
struct lapic_ops {
	void (*kick)(struct lapic *l); /* lapic_pending() may have a new answer */
	void (*nmi)(struct lapic *l);
	void (*init)(struct lapic *l); /* the vCPU's thread then calls lapic_init_reset() */
	void (*startup)(struct lapic *l, u8 page);
	u64 (*ago_ns)(struct lapic *l); /* since the access that is being handled: own thread */
	u64 (*tsc)(struct lapic *l);	/* the guest's TSC: own thread, and the timer's expiry */
};

struct lapic_config {
	u32 id; /* below LAPIC_MAX; 0 is the boot processor */
	const struct lapic_ops *ops;
	void *owner; /* for ops */
	struct vclock *clock;
	u64 tsc_hz;   /* rate of the guest's TSC on that clock; 0: no TSC-deadline mode */
	u8 phys_bits; /* of the guest's physical addresses */
};

/* The lock guards the rest against the expiry, which runs in interrupt context. */
struct lapic_timer {
	struct spinlock lock; /* RANK_VIRQ */
	struct vtimer vtimer;
	bool running;
	u8 mode;     /* of the LVT entry */
	u32 initial; /* registers */
	u32 divide;
	u64 deadline;	  /* on the VM's clock, of the counting modes */
	u64 tsc_deadline; /* of the other; 0: disarmed */
	u64 ns_per_tick;  /* of the TSC, with 32 binary places; constant */
};

struct lapic {
	struct lapic_config config;
	struct lapic_bus *bus;

	/* Any thread, atomics. Vector v is bit v % 64 of word v / 64. */
	u64 irr[4], tmr[4];
	u32 pins;	/* levels of LINT0 and LINT1, and ExtINT messages: PIN_ in lapic_model.h */
	u32 remote_irr; /* of LINT0 and LINT1: a bit each */
	u32 errors;	/* since the last write to the ESR */

	/* Written by its own thread, read by all: whole words. */
	u64 base; /* IA32_APIC_BASE */
	u32 tpr, ppr, ldr, dfr, svr;
	u32 lvt[LAPIC_LVTS];

	/* Its own thread's. */
	u64 isr[4];
	u64 icr;
	u32 esr;
	u32 *lent; /* the page that a CPU has ISR, TPR, PPR and ICR in: see dev/lapic_page.h; or
		      NULL */

	struct lapic_timer timer;
};

/*
 * Brings back what has been lent. Everything below that is marked "own thread" wants it so, but
 * lapic_decodes(), and lapic_msr() of IA32_TSC_DEADLINE. Own thread.
 */
void lapic_reclaim_slowly(struct lapic *l);

static inline void
lapic_reclaim(struct lapic *l)
{
	if (l->lent != NULL)
		lapic_reclaim_slowly(l);
}

/* Joins the bus, and resets. The struct and the config's are the caller's, and outlive the VM. */
void lapic_setup(struct lapic *l, struct lapic_bus *bus, const struct lapic_config *config);

/* Power-on: all vCPUs are out of the guest. Cancels the timer: also before the struct is freed. */
void lapic_reset(struct lapic *l);

/* After INIT (SDM vol. 3, 11.4.7.3): mode, base and id stay. Own thread. */
void lapic_init_reset(struct lapic *l);

/*
 * What firmware leaves behind on the boot processor (MultiProcessor specification 1.4, 3.6.2.2):
 * APIC enabled, the 8259 through LINT0, NMI through LINT1. Before the VM runs.
 */
void lapic_virtual_wire(struct lapic *l);

/* The search behind lapic_pending(). */
int lapic_highest(const struct lapic *l);

/*
 * The vector that the vCPU should get now: one whose class is above the PPR's, or LAPIC_EXTINT,
 * whose vector the 8259 tells; LAPIC_NOTHING, LAPIC_LATER. Changes nothing. Own thread.
 */
static inline int
lapic_pending(const struct lapic *l)
{
	u64 any = READ_ONCE(l->irr[0]) | READ_ONCE(l->irr[1]) | READ_ONCE(l->irr[2]) |
		  READ_ONCE(l->irr[3]) | READ_ONCE(l->pins);

	return any == 0 ? LAPIC_NOTHING : lapic_highest(l);
}

/*
 * The vCPU takes its interrupt: from requested to in service. Answers the vector; LAPIC_EXTINT:
 * pic_acknowledge() has it. When there is nothing any more: the spurious one. Own thread.
 */
int lapic_take(struct lapic *l);

/* Whether nothing waits for the EOI of a vector just taken, and nobody else hears of it. Own
 * thread. */
bool lapic_eoi_is_private(const struct lapic *l, int vector);

/* What an EOI does, however it has come. Own thread. */
void lapic_end_interrupt(struct lapic *l);

/* An interrupt for this vCPU, fixed delivery. Whether it was taken. Any thread. */
bool lapic_post(struct lapic *l, u8 vector, bool level);

/* The pins LINT0 (the 8259's output) and LINT1 (NMI). Any thread. */
void lapic_lint(struct lapic *l, unsigned pin, bool level);

/* Whether the access at this address is one to the APIC's page, in xAPIC mode. Own thread. */
bool lapic_decodes(const struct lapic *l, u64 gpa);

/* io->offset counts from the page's begin. Own thread. */
void lapic_mmio(struct lapic *l, struct io *io);

enum { LAPIC_MSR_TSC_DEADLINE = 0x6e0 };

/*
 * IA32_APIC_BASE, IA32_TSC_DEADLINE, and the x2APIC's 800h to 8FFh. -ERR_NOENT: not one of them;
 * -ERR_INVAL: #GP. Own thread.
 */
__must_check int lapic_msr(struct lapic *l, u32 msr, bool write, u64 *value);

/* TPR[7:4], as MOV CR8 has it. Own thread. Bits beyond 3:0 are the caller's #GP. */
u64 lapic_cr8(const struct lapic *l);
void lapic_set_cr8(struct lapic *l, u64 value);
