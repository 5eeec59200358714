/* SPDX-License-Identifier: MIT */
/*
 * Both CPUs send whatever an ICR takes: every delivery mode, destinations that nobody has, logical
 * ones of both models, shorthands, INIT and start-up to the second CPU in each of its states, and
 * NMIs to themselves. Afterwards the second CPU still starts as it should, and interrupts arrive.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/random.h"
#include "guests/lib/smp.h"
#include "guests/lib/time.h"

enum {
	SENT = 20000,
	AP_PAGE = 8,
	VECTOR = 0x60,
	APIC_MODE = 8,
	MODES = 8,
	NMI_MODE = 4,
	INIT = 5,
	STARTUP = 6
};
enum { LOGICAL = 1 << 11, SHORTHAND = 18, TO_SELF = 1, TO_ALL = 2, TO_OTHERS = 3 };

static volatile u32 arrived, started;

static void
count(struct trap *trap)
{
	if (trap->vector != NMI)
		apic_eoi();
	arrived++;
}

static u32
command(unsigned mode, unsigned to)
{
	u32 vector = mode == STARTUP ? AP_PAGE : (u32)random_below(255);

	if (vector >= 16 && vector < 32)
		vector += 32; /* valid, but those of exceptions, which have other frames */
	return vector | mode << APIC_MODE | (u32)random_below(4) << 14 | to << SHORTHAND;
}

/* INIT and start-up go to the other one alone; NMIs do not, since it has no IDT while it starts. */
static void
send(u32 other)
{
	unsigned mode = (unsigned)random_below(MODES), to = (unsigned)random_below(4);
	u32 logical = random_below(2) != 0 ? LOGICAL : 0, id = (u32)random_below(256);

	if (mode == INIT || mode == STARTUP) {
		logical = 0;
		if (to != TO_OTHERS)
			to = 0;
		if (id == 0 || id == 0xff || id % 2 == 0)
			id = other;
	} else if (mode == NMI_MODE) {
		logical = to = 0;
		id = id == other || id == 0xff ? 0 : id;
	}
	apic_write(LAPIC_ICR_HIGH, id << 24);
	apic_write(LAPIC_ICR_LOW, command(mode, to) | logical);
}

static void
second(u32 index)
{
	(void)index;
	started++;
	for (;;) {
		apic_write(LAPIC_ICR_HIGH, 0);
		apic_write(LAPIC_ICR_LOW, VECTOR);
		apic_write(LAPIC_ICR_LOW, TO_SELF << SHORTHAND | 0x61);
		apic_write(LAPIC_ICR_LOW, TO_ALL << SHORTHAND | 0x62);
		apic_write(LAPIC_ICR_HIGH, 1u << 24);
		apic_write(LAPIC_ICR_LOW, ICR_NMI | ICR_ASSERT);
		__asm__ volatile("sti; nop; cli");
	}
}

static void
third(u32 index)
{
	(void)index;
	arrived = 0;
	for (unsigned n = 0; n < 100; n++)
		apic_send(0, ICR_ASSERT | VECTOR);
	started = ~0u;
}

GUEST("ipi-storm")
{
	random_seed(option("seed", 1));
	apic_enable();
	for (unsigned v = 32; v < 255; v++)
		trap_on((u8)v, count);
	trap_on(NMI, count);
	CHECK(smp_start(1, 1, second));
	for (unsigned n = 0; n < SENT; n++) {
		if (n % 500 == 0) {
			apic_write(APIC_LDR, (u32)random_64());
			apic_write(APIC_DFR, n % 1000 == 0 ? 0x0fffffff : ~0u);
		}
		send(1);
		if (n % 16 == 0)
			__asm__ volatile("sti; nop; nop; cli");
	}
	print("ipi-storm: %u starts, %u interrupts\n", started, arrived);
	CHECK(smp_start(1, 1, third));
	for (unsigned n = 0; n < 100000 && started != ~0u; n++)
		__asm__ volatile("sti; pause; cli");
	__asm__ volatile("sti; nop; cli");
	CHECK_EQ(started, ~0u);
	if (arrived == 0)
		guest_fail("no interrupt arrives: TPR %x, PPR %x, SVR %x, ISR %x %x, IRR %x %x",
			   apic_read(LAPIC_TPR), apic_read(APIC_PPR), apic_read(LAPIC_SVR),
			   apic_read(APIC_ISR + 0x30), apic_read(APIC_ISR + 0x70),
			   apic_read(APIC_IRR + 0x30), apic_read(APIC_IRR + 0x70));
}
