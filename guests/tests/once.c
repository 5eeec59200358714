/* SPDX-License-Identifier: MIT */
/*
 * Each interrupt is delivered once: an IPI to itself is handled, for a while and with interrupts
 * off, while a timer's interrupt, which has the higher priority, comes at the same moments as the
 * IPI. Another CPU's timer keeps the machine busy with wake-ups meanwhile. Option: rounds=.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/smp.h"
#include "guests/lib/time.h"

enum { IPI = 0x31, TIMER = 0x64, OTHER_TIMER = 0x75, ICR_SELF = 1 << 18 };
enum { PERIODIC = 1 << 17, TIMER_COUNT = 8000, WORK = 400 };

static volatile u32 sent, handled, timers, work;
static volatile bool inside, finished;

/* Nothing here exits before the EOI; and no PAUSE lets an emulator forget what it was about. */
static void
take_ipi(struct trap *trap)
{
	(void)trap;
	CHECK(!inside);
	inside = true;
	for (u32 n = 0; n < WORK; n++)
		work++;
	handled++;
	inside = false;
	apic_eoi();
}

static void
take_timer(struct trap *trap)
{
	(void)trap;
	CHECK(!inside);
	timers++;
	apic_eoi();
}

static void
take_other(struct trap *trap)
{
	(void)trap;
	apic_eoi();
}

static void
start_timer(u32 vector)
{
	apic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_16);
	apic_write(LAPIC_LVT_TIMER, vector | PERIODIC);
	apic_write(LAPIC_TIMER_INITIAL, TIMER_COUNT);
}

static void
other_cpu(u32 id)
{
	(void)id;
	start_timer(OTHER_TIMER);
	while (!finished)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
	apic_write(LAPIC_TIMER_INITIAL, 0);
}

/* The timer may be due just before or behind the IPI, or at any time of its handler. */
static void
one_round(u32 n)
{
	sent++;
	apic_write(LAPIC_ICR_LOW, ICR_SELF | ICR_ASSERT | IPI);
	for (u32 spins = n % 64; spins > 0; spins--)
		cpu_relax();
	__asm__ volatile("sti; nop; cli" : : : "memory");
	CHECK_EQ(handled, sent);
}

GUEST("once")
{
	u64 rounds = option("rounds", 10000);

	tsc_hz();
	apic_enable();
	trap_on(IPI, take_ipi);
	trap_on(TIMER, take_timer);
	trap_on(OTHER_TIMER, take_other);
	CHECK(smp_start(1, 1, other_cpu));
	start_timer(TIMER);
	for (u32 n = 0; n < rounds; n++)
		one_round(n);
	finished = true;
	print("%u IPIs, among %u timer interrupts\n", handled, timers);
	CHECK(timers > 0);
}
