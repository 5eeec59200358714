/* SPDX-License-Identifier: MIT */
/*
 * Periodic interrupts of the 8254, the RTC, the HPET and the APIC timer, a thousand a second each:
 * never more than time has passed, and those missed while the CPU was kept from running (by other
 * VMs, gap= milliseconds at once) come as one. Option seconds=: how long without a gap.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/ioapic.h"
#include "guests/lib/time.h"

#define HPET_BASE 0xfed00000ul

enum { HPET_CONFIG = 0x10, HPET_COUNTER = 0xf0, HPET_TIMER2 = 0x140, HPET_COMPARATOR2 = 0x148 };
enum {
	HPET_PERIOD = 4,
	HPET_ENABLE = 1,
	INTERRUPT = 1 << 2,
	PERIODIC = 1 << 3,
	SET_VALUE = 1 << 6
};
enum { BITS_32 = 1 << 8, ROUTE_SHIFT = 9 };
enum { RTC_INDEX = 0x70, RTC_DATA, RTC_A = 10, RTC_B, RTC_C, RATE_1024 = 0x26, PIE = 0x40 };
enum { HZ = 1000, GIVE_UP_S = 600, AFTER_US = 20000 };
enum { PIT_INPUT = 2, RTC_INPUT = 8, LVT_PERIODIC = 1 << 17 };
enum { PIT_VECTOR = 0x40, RTC_VECTOR = 0x50, HPET_VECTOR = 0x60, APIC_VECTOR = 0x70, SOURCES = 4 };

static const char *const names[SOURCES] = {"8254", "RTC", "HPET", "APIC timer"};
static volatile u32 taken[SOURCES];
static volatile u64 looked_at, longest; /* TSC: at the last look(); between any two since 0 */

static u8
cmos(u8 index)
{
	out8(RTC_INDEX, index);
	return in8(RTC_DATA);
}

static void
set_cmos(u8 index, u8 value)
{
	out8(RTC_INDEX, index);
	out8(RTC_DATA, value);
}

/* With interrupts off. */
static void
look(void)
{
	u64 now = rdtsc();

	if (now - looked_at > longest)
		longest = now - looked_at;
	looked_at = now;
}

/* It comes back with interrupts off: a slow CPU would take one after the other and never get on. */
static void
tick(struct trap *trap)
{
	look();
	trap->rflags &= ~RFLAGS_IF;
	taken[(trap->vector - PIT_VECTOR) >> 4]++;
	if (trap->vector == RTC_VECTOR)
		(void)cmos(RTC_C); /* or there is no other */
	apic_eoi();
}

static void
set_hpet(u32 reg, u32 value)
{
	mmio_write32((void *)(HPET_BASE + reg), value);
}

/* Timer 2, on the last input that it can have. */
static void
start_hpet(void)
{
	u32 routes = mmio_read32((void *)(HPET_BASE + HPET_TIMER2 + 4)) & 0xffffff;
	u32 period = mmio_read32((void *)(HPET_BASE + HPET_PERIOD)), input = 31;
	u32 count = (u32)(1000000000000000ul / HZ / period);

	CHECK(routes != 0);
	while ((routes >> input & 1) == 0)
		input--;
	ioapic_route((u8)input, apic_id(), HPET_VECTOR);
	set_hpet(HPET_CONFIG, 0);
	set_hpet(HPET_COUNTER, 0);
	set_hpet(HPET_COUNTER + 4, 0);
	set_hpet(HPET_TIMER2, INTERRUPT | PERIODIC | SET_VALUE | BITS_32 | input << ROUTE_SHIFT);
	set_hpet(HPET_COMPARATOR2, count);
	set_hpet(HPET_COMPARATOR2, count);
	set_hpet(HPET_CONFIG, HPET_ENABLE);
}

static u64
apic_count(void)
{
	return apic_read(LAPIC_TIMER_CURRENT);
}

static void
start_apic_timer(void)
{
	struct look begin, end;

	apic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_16);
	apic_write(LAPIC_LVT_TIMER, LVT_MASKED | APIC_VECTOR);
	apic_write(LAPIC_TIMER_INITIAL, ~0u);
	begin = look_at(NULL, apic_count);
	delay_us(50000);
	end = look_at(NULL, apic_count);
	apic_write(LAPIC_LVT_TIMER, LVT_PERIODIC | APIC_VECTOR);
	apic_write(LAPIC_TIMER_INITIAL,
		   (u32)((begin.value - end.value) * (tsc_hz() / HZ) / look_ticks(&begin, &end)));
}

static void
start(void)
{
	apic_enable();
	for (unsigned i = 0; i < SOURCES; i++)
		trap_on((u8)(PIT_VECTOR + i * 16), tick);
	ioapic_route(PIT_INPUT, apic_id(), PIT_VECTOR);
	ioapic_route(RTC_INPUT, apic_id(), RTC_VECTOR);
	pit_start(2, PIT_HZ / HZ);
	set_cmos(RTC_A, RATE_1024);
	set_cmos(RTC_B, cmos(RTC_B) | PIE);
	(void)cmos(RTC_C);
	start_hpet();
	start_apic_timer();
}

struct count {
	u64 tsc;
	u32 taken[SOURCES];
};

static void
take_counts(struct count *c)
{
	for (unsigned i = 0; i < SOURCES; i++)
		c->taken[i] = taken[i];
}

/* For each millisecond one; one more at either end; 3 % for the RTC, and what tsc_hz() is off; and
 * one for all that the gap has swallowed. */
static void
check_counts(const struct count *from, const struct count *to, u64 gap_ticks)
{
	u64 us = (to->tsc - from->tsc - gap_ticks) / (tsc_hz() / 1000000);

	for (unsigned i = 0; i < SOURCES; i++) {
		u64 n = to->taken[i] - from->taken[i], most = us * 103 / 100000 + 3;

		if (n > most)
			guest_fail("%lu ticks of the %s in %lu us, at most %lu", n, names[i], us,
				   most);
	}
}

/* All of them come, at this rate or, where the CPU is busy with others, at a lower one. */
static void
check_running(u64 seconds)
{
	struct count from, to;
	u64 end = deadline_us(seconds * 1000000);

	from.tsc = rdtsc();
	take_counts(&from);
	while ((s64)(end - rdtsc()) > 0)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
	take_counts(&to);
	to.tsc = rdtsc();
	check_counts(&from, &to, 0);
	for (unsigned i = 0; i < SOURCES; i++) {
		print("%s: %u ticks in %lu s\n", names[i], to.taken[i] - from.taken[i], seconds);
		CHECK(to.taken[i] - from.taken[i] > 10);
	}
}

/* Takes a tick that has come. */
static void
let_in(void)
{
	__asm__ volatile("sti; pause; pause; cli" : : : "memory");
	look();
}

static void
check_gap(u64 gap)
{
	u64 give_up = rdtsc() + GIVE_UP_S * tsc_hz();
	struct count from, to;

	look();
	do {
		CHECK(looked_at < give_up);
		from.tsc = looked_at; /* so that no gap goes unseen */
		take_counts(&from);
		longest = 0;
		let_in();
	} while (longest < gap);
	while (looked_at - from.tsc < longest + tsc_hz() / 1000000 * AFTER_US)
		let_in();
	take_counts(&to);
	to.tsc = rdtsc();
	print("kept off for %lu ms\n", longest / (tsc_hz() / HZ));
	for (unsigned i = 0; i < SOURCES; i++)
		print("%s: %u ticks then\n", names[i], to.taken[i] - from.taken[i]);
	check_counts(&from, &to, longest);
}

GUEST("ticks")
{
	u64 gap = option("gap", 0) * (tsc_hz() / HZ);

	start();
	check_running(option("seconds", 2));
	if (gap != 0) {
		print("keep me off\n");
		check_gap(gap);
	}
}
