/* SPDX-License-Identifier: MIT */
/*
 * The other CPUs halt and count what comes; the first one sends, and knows who is to get it. Each
 * round is in xAPIC mode, flat and cluster model, and where there is one in x2APIC mode.
 */
#include "guests/lib/ipi_check.h"

#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/smp.h"
#include "guests/lib/time.h"

enum { VECTOR = 0x60, WAKE = 0x70, MAX = 8, BROADCAST = 0xff, SETTLE_US = 3000, WAIT_US = 3000000 };
enum { LOWEST = 1 << 8, LOGICAL = 1 << 11, SELF = 1 << 18, ALL = 2 << 18, OTHERS = 3 << 18 };
enum { X2APIC_BIT = 21, X2_LDR = 0x80d, X2_ICR = 0x830, X2_EOI = 0x80b, X2_SVR = 0x80f };

#define DFR_FLAT    0xffffffffu
#define DFR_CLUSTER 0x0fffffffu

struct mode {
	const char *name;
	u32 dfr;
	bool x2apic;
};

static u32 cpus;
static volatile u32 counts[MAX], nmis[MAX], woken[MAX], ldrs[MAX], round;
static bool x2apic; /* all are */
static const struct mode *volatile mode;

/* This CPU: it switches before or after the first one. */
static bool
in_x2apic(void)
{
	return (rdmsr(MSR_IA32_APIC_BASE) & APIC_BASE_EXTD) != 0;
}

static u32
own_id(void)
{
	return in_x2apic() ? (u32)rdmsr(0x802) : apic_id();
}

static void
eoi(void)
{
	if (in_x2apic())
		wrmsr(X2_EOI, 0);
	else
		apic_eoi();
}

static void
take(struct trap *trap)
{
	(void)trap;
	counts[own_id()]++;
	eoi();
}

static void
take_nmi(struct trap *trap)
{
	(void)trap;
	nmis[own_id()]++;
}

static void
wake(struct trap *trap)
{
	(void)trap;
	eoi();
}

/* Flat: a bit each. Cluster: two to a cluster (SDM vol. 3, 11.6.2.2). */
static void
set_mode(u32 index)
{
	if (mode->x2apic) {
		wrmsr(MSR_IA32_APIC_BASE, rdmsr(MSR_IA32_APIC_BASE) | APIC_BASE_EXTD);
		ldrs[index] = (u32)rdmsr(X2_LDR);
		return;
	}
	ldrs[index] = mode->dfr == DFR_FLAT ? 1u << index : index / 2 << 4 | 1u << index % 2;
	apic_write(APIC_DFR, mode->dfr);
	apic_write(APIC_LDR, ldrs[index] << 24);
	CHECK_EQ(apic_read(APIC_LDR) >> 24, ldrs[index]);
}

static void
other(u32 index)
{
	for (;;) {
		while (woken[index] == round)
			__asm__ volatile("sti; hlt; cli" : : : "memory");
		set_mode(index);
		woken[index] = round;
	}
}

static void
send(u32 destination, u32 command)
{
	if (x2apic)
		wrmsr(X2_ICR, (u64)destination << 32 | command);
	else
		apic_send(destination, command);
}

static u32
total(const volatile u32 *of)
{
	u32 sum = 0;

	for (u32 n = 0; n < cpus; n++)
		sum += of[n];
	return sum;
}

static u32
ones(u64 mask)
{
	u32 count = 0;

	for (u32 n = 0; n < cpus; n++)
		count += mask >> n & 1;
	return count;
}

static void
expect_counts(const char *what, const volatile u32 *of, u64 expected)
{
	u64 end = deadline_us(WAIT_US);

	while (total(of) < ones(expected) && (s64)(end - rdtsc()) > 0)
		__asm__ volatile("sti; nop; nop; cli; pause" : : : "memory");
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
	for (u32 n = 0; n < cpus; n++)
		if (of[n] != (expected >> n & 1))
			guest_fail("%s, %s: CPU %u took %u", mode->name, what, n, of[n]);
}

/* Who gets it is a mask of CPUs; and nobody gets it twice. */
static void
check(const char *what, u32 destination, u32 command, u64 expected)
{
	for (u32 n = 0; n < cpus; n++)
		counts[n] = 0;
	send(destination, command | ICR_ASSERT | VECTOR);
	expect_counts(what, counts, expected);
	delay_us(SETTLE_US);
	expect_counts(what, counts, expected);
}

static void
check_lowest(u32 destination)
{
	for (u32 n = 0; n < cpus; n++)
		counts[n] = 0;
	send(destination, LOWEST | LOGICAL | ICR_ASSERT | VECTOR);
	for (u64 end = deadline_us(WAIT_US); total(counts) == 0 && (s64)(end - rdtsc()) > 0;)
		__asm__ volatile("sti; nop; nop; cli; pause" : : : "memory");
	delay_us(SETTLE_US);
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
	if (total(counts) != 1)
		guest_fail("%s: %u took what was for one", mode->name, total(counts));
}

static void
check_nmi(void)
{
	for (u32 n = 0; n < cpus; n++)
		nmis[n] = 0;
	send(1, ICR_NMI | ICR_ASSERT);
	expect_counts("NMI", nmis, 2);
	for (u32 n = 0; n < cpus; n++)
		nmis[n] = 0;
	send(0, OTHERS | ICR_NMI | ICR_ASSERT);
	expect_counts("NMI to the others", nmis, BIT(cpus) - 2);
}

/* A whole cluster, or in the flat model all. */
static u32
everybody_near(void)
{
	return x2apic ? (ldrs[0] & 0xffff0000) | 0xffff : mode->dfr == DFR_FLAT ? 0xff : 0x0f;
}

static u64
near(void)
{
	return mode->dfr == DFR_CLUSTER ? 3 : BIT(cpus) - 1;
}

static void
check_mode(void)
{
	u64 all = BIT(cpus) - 1;

	for (u32 n = 0; n < cpus; n++) {
		check("physical", n, 0, BIT(n));
		check("logical", ldrs[n], LOGICAL, BIT(n));
	}
	check("physical, nobody", 0x55, 0, 0);
	check("broadcast", x2apic ? ~0u : BROADCAST, 0, all);
	check("logical to a group", everybody_near(), LOGICAL, near());
	if (mode->dfr == DFR_FLAT || under_ashlar()) /* QEMU's clusters have no broadcast */
		check("logical broadcast", x2apic ? ~0u : BROADCAST, LOGICAL, all);
	check("self", 0, SELF, 1);
	check("all", 0, ALL, all);
	check("all but self", 0, OTHERS, all & ~1ul);
	check_lowest(everybody_near());
	check_nmi();
}

static void
enter(const struct mode *next)
{
	mode = next;
	round++;
	send(0, OTHERS | ICR_ASSERT | WAKE);
	for (u32 n = 1; n < cpus; n++)
		CHECK(wait_for(&woken[n], round, WAIT_US));
	set_mode(0);
	x2apic = next->x2apic;
}

void
ipi_check(void)
{
	static const struct mode modes[] = {
		{"flat",	 DFR_FLAT,	   false},
		{"cluster", DFR_CLUSTER, false},
		{"x2APIC",  DFR_FLAT,    true },
	};
	bool has_x2apic = (cpuid(CPUID_VERSION, 0).ecx & BIT32(X2APIC_BIT)) != 0;

	cpus = (u32)option("vcpus", 1);
	CHECK(cpus > 1 && cpus <= MAX);
	CHECK(has_x2apic || !under_ashlar());
	apic_enable();
	trap_on(VECTOR, take);
	trap_on(WAKE, wake);
	trap_on(NMI, take_nmi);
	for (u32 n = 1; n < cpus; n++)
		CHECK(smp_start(n, n, other));
	for (unsigned n = 0; n < ARRAY_SIZE(modes) - !has_x2apic; n++) {
		enter(&modes[n]);
		check_mode();
	}
}
