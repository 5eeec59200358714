/* SPDX-License-Identifier: MIT */
/*
 * An interrupt that waits for RFLAGS.IF waits for it whatever else happens to the CPU: the second
 * CPU sends all the time, while the first one keeps requests pending that it made itself, that an
 * EOI has uncovered, and that a lower TPR has.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/smp.h"

enum { ROUNDS = 300, SPINS = 2000, LOW = 0x40, HIGH = 0x60, NOISE = 0x50 };
enum { TO_SELF = 1 << 18, PRIORITY_OF_ALL = 0xf0 };

static volatile u32 came, noise, depth, stop;

static void
spin(void)
{
	for (unsigned n = 0; n < SPINS; n++)
		__asm__ volatile("");
}

static void
take(struct trap *trap)
{
	CHECK((trap->rflags & RFLAGS_IF) != 0);
	CHECK_EQ(depth, 0);
	depth++;
	if (trap->vector == NOISE)
		noise++;
	else
		came++;
	apic_eoi();
	spin(); /* the EOI may have uncovered another one, and interrupts are off */
	depth--;
}

static void
send(u32 index)
{
	(void)index;
	while (stop == 0) {
		apic_send(0, ICR_ASSERT | NOISE);
		spin();
	}
}

static void
expect(u32 count)
{
	CHECK_EQ(came, 0);
	for (unsigned n = 0; n < SPINS && came < count; n++)
		__asm__ volatile("sti; nop; cli");
	CHECK_EQ(came, count);
	came = 0;
}

GUEST("masked")
{
	apic_enable();
	trap_on(LOW, take);
	trap_on(HIGH, take);
	trap_on(NOISE, take);
	CHECK(smp_start(1, 1, send));
	for (unsigned n = 0; n < ROUNDS; n++) {
		apic_write(LAPIC_ICR_LOW, TO_SELF | LOW);
		apic_write(LAPIC_ICR_LOW, TO_SELF | HIGH);
		spin();
		expect(2);
		apic_write(LAPIC_TPR, PRIORITY_OF_ALL);
		apic_write(LAPIC_ICR_LOW, TO_SELF | HIGH);
		apic_write(LAPIC_TPR, 0);
		spin();
		expect(1);
	}
	stop = 1;
	print("%u interrupts of the other CPU\n", noise);
	CHECK(noise > 0);
}
