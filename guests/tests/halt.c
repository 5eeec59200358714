/* SPDX-License-Identifier: MIT */
/* HLT until the 8254 interrupts, through the 8259 and as the firmware leaves the local APIC: it
 * ends at the right time, with the next instruction, and never sleeps through an interrupt. */
#include "guests/lib/guest.h"
#include "guests/lib/pic.h"
#include "guests/lib/time.h"

enum { ROUNDS = 100, COUNT_10_MS = PIT_HZ / 100, COUNT_SHORT = 120 };

static volatile u32 ticks;
static volatile u64 ticked_at;

static void
tick(struct trap *trap)
{
	ticked_at = trap->rip;
	ticks++;
	pic_eoi(0);
}

static u64
halt(void)
{
	u64 behind;

	__asm__ volatile("leaq 1f(%%rip), %0; sti; hlt; 1: cli" : "=r"(behind) : : "memory");
	return behind;
}

static void
check_time(void)
{
	u64 begin = rdtsc(), end;
	u64 behind;

	pit_start(0, COUNT_10_MS);
	behind = halt();
	end = rdtsc();
	CHECK_EQ(ticks, 1);
	CHECK_EQ(ticked_at, behind);
	check_elapsed(end - begin, 10000);
}

/* The interrupt comes before, at or after STI; HLT must not begin once it has been taken. */
static void
check_no_lost_wake_up(void)
{
	for (u32 n = 0; n < ROUNDS; n++) {
		u32 before = ticks;

		pit_start(0, COUNT_SHORT);
		for (u32 spin = 0; spin < n * 20; spin++)
			cpu_relax();
		halt();
		CHECK_EQ(ticks, before + 1);
	}
}

/* Pending before: STI's shadow lets HLT begin, and the interrupt ends it at once. */
static void
check_pending(void)
{
	u32 before = ticks;

	pit_start(0, COUNT_SHORT);
	delay_us(1000);
	CHECK_EQ(ticks, before);
	CHECK_EQ(halt(), ticked_at);
	CHECK_EQ(ticks, before + 1);
}

static void
check_periodic(void)
{
	u32 before = ticks;

	pit_start(2, COUNT_10_MS);
	for (u32 n = 0; n < 10; n++)
		halt();
	CHECK(ticks >= before + 10);
	pic_mask(0);
}

GUEST("halt")
{
	tsc_hz();
	pic_init();
	trap_on(PIC_VECTOR, tick);
	pit_start(0, 0);
	pic_unmask(0);
	check_time();
	check_pending();
	check_no_lost_wake_up();
	check_periodic();
}
