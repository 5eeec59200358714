/* SPDX-License-Identifier: MIT */
/* The I/O APIC: its registers; the 8254 by its edges, also to a guest that computes; masks. */
#include "guests/lib/ioapic.h"

#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum { TIMER_INPUT = 2, VECTOR = 0x55, OTHER = 0x66, COUNT_1_MS = PIT_HZ / 1000 };

static volatile u32 taken[256];

static void
take(struct trap *trap)
{
	taken[trap->vector]++;
	apic_eoi();
}

static void
check_registers(void)
{
	CHECK((ioapic_read(IOAPIC_VERSION) & 0xff) >= 0x11);
	CHECK_EQ(ioapic_inputs(), 24);
	for (u8 input = 0; input < 24; input++)
		CHECK(ioapic_entry(input) & IOAPIC_MASKED);
	ioapic_write(IOAPIC_ID, 0x05000000);
	CHECK_EQ(ioapic_read(IOAPIC_ID), 0x05000000);
	ioapic_write(IOAPIC_ID, 0);
	ioapic_route(5, 0xab, IOAPIC_MASKED | IOAPIC_LEVEL | IOAPIC_LOW_ACTIVE | OTHER);
	CHECK_EQ(ioapic_entry(5), IOAPIC_MASKED | IOAPIC_LEVEL | IOAPIC_LOW_ACTIVE | OTHER);
	CHECK_EQ(ioapic_read(IOAPIC_TABLE + 11), 0xab000000);
	ioapic_route(5, 0, IOAPIC_MASKED);
}

/* Ticks of 1 ms, taken while it computes, and from HLT. */
static void
check_ticks(void)
{
	ioapic_route(TIMER_INPUT, apic_id(), VECTOR);
	pit_start(2, COUNT_1_MS);
	__asm__ volatile("sti");
	CHECK(wait_for(&taken[VECTOR], 20, 20000000));
	while (taken[VECTOR] < 40)
		__asm__ volatile("hlt");
	__asm__ volatile("cli");
}

/* Nothing comes through a mask; and another vector is what it says. */
static void
check_mask(void)
{
	u32 before;

	ioapic_route(TIMER_INPUT, apic_id(), IOAPIC_MASKED | VECTOR);
	__asm__ volatile("sti; nop; cli");
	before = taken[VECTOR];
	delay_us(5000);
	__asm__ volatile("sti; nop; cli");
	CHECK_EQ(taken[VECTOR], before);

	ioapic_route(TIMER_INPUT, apic_id(), OTHER);
	__asm__ volatile("sti");
	CHECK(wait_for(&taken[OTHER], 3, 20000000));
	__asm__ volatile("cli");
	CHECK_EQ(taken[VECTOR], before);
	ioapic_route(TIMER_INPUT, apic_id(), IOAPIC_MASKED);
	pit_start(0, 0);
}

GUEST("ioapic")
{
	tsc_hz();
	apic_enable();
	trap_on(VECTOR, take);
	trap_on(OTHER, take);
	check_registers();
	check_ticks();
	check_mask();
}
