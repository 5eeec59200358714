/* SPDX-License-Identifier: MIT */
/* What the tests of the local APIC share: its registers, and how a CPU uses them. */
#pragma once

#include "tests/unit/fake/lapics.h"

/* SDM vol. 3, table 11-1 */
enum {
	ID = 0x20,
	VERSION = 0x30,
	TPR = 0x80,
	PPR = 0xa0,
	EOI = 0xb0,
	LDR = 0xd0,
	DFR = 0xe0,
	SVR = 0xf0,
	ISR = 0x100,
	TMR = 0x180,
	IRR = 0x200,
	ESR = 0x280,
	ICR = 0x300,
	ICR_DEST = 0x310,
	TIMER = 0x320,
	THERMAL = 0x330,
	PERF = 0x340,
	LINT0 = 0x350,
	LINT1 = 0x360,
	ERROR = 0x370,
	INITIAL = 0x380,
	CURRENT = 0x390,
	DIVIDE = 0x3e0,
};

enum { APIC_BASE_MSR = 0x1b, DEADLINE_MSR = 0x6e0 };

#define DIVIDE_BY_1 0xb
#define PERIODIC    0x20000
#define DEADLINE    0x40000
#define MASKED	    0x10000
#define ON	    0x1ff /* SVR */

static struct lapic *const bsp = &fake_cpus[0].lapic;

static inline struct lapic *
ap(unsigned n)
{
	return &fake_cpus[n].lapic;
}

static inline int
setup(void **state)
{
	fake_lapics(4);
	for (unsigned n = 0; n < 4; n++)
		fake_write(ap(n), SVR, ON);
	return 0;
}

static inline u64
rdmsr(struct lapic *l, u32 msr)
{
	u64 value = 0;

	assert_int_equal(lapic_msr(l, msr, false, &value), 0);
	return value;
}

static inline void
wrmsr(struct lapic *l, u32 msr, u64 value)
{
	assert_int_equal(lapic_msr(l, msr, true, &value), 0);
}

static inline void
no_rdmsr(struct lapic *l, u32 msr)
{
	u64 value = 0;

	assert_int_equal(lapic_msr(l, msr, false, &value), -ERR_INVAL);
}

static inline void
no_wrmsr(struct lapic *l, u32 msr, u64 value)
{
	assert_int_equal(lapic_msr(l, msr, true, &value), -ERR_INVAL);
}

static inline void
to_x2apic(struct lapic *l)
{
	wrmsr(l, APIC_BASE_MSR, rdmsr(l, APIC_BASE_MSR) | 0xc00);
}

/* Takes what must be pending. */
static inline void
takes(struct lapic *l, int vector)
{
	assert_int_equal(lapic_pending(l), vector);
	assert_int_equal(lapic_take(l), vector);
}

static inline void
takes_and_ends(struct lapic *l, int vector)
{
	takes(l, vector);
	fake_write(l, EOI, 0);
}

static inline u32
errors(struct lapic *l)
{
	fake_write(l, ESR, 0);
	return fake_read(l, ESR);
}

/* Writes the ICR: destination (xAPIC), then the low half, which sends. */
static inline void
ipi(struct lapic *l, u32 dest, u32 low)
{
	fake_write(l, ICR_DEST, dest << 24);
	fake_write(l, ICR, low);
}
