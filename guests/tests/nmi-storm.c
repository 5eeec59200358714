/* SPDX-License-Identifier: MIT */
/* Another CPU sends NMIs without end, while this one does nothing but exit, in their handler too.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/smp.h"
#include "guests/lib/time.h"

enum { SENT = 3000, NOBODY = 0x278 };

static volatile u32 received, sent;

static void
nmi(struct trap *trap)
{
	(void)trap;
	received++;
	cpuid(0, 0);
	in8(NOBODY);
}

static void
send(u32 index)
{
	(void)index;
	while (sent < SENT) {
		apic_send(0, ICR_NMI | ICR_ASSERT);
		sent++;
		for (unsigned n = 0; n < 20; n++)
			cpu_relax();
	}
}

GUEST("nmi-storm")
{
	trap_on(NMI, nmi);
	apic_enable();
	CHECK(smp_start(1, 1, send));
	while (sent < SENT) {
		cpuid(0, 0);
		out8(NOBODY, 0);
		apic_read(LAPIC_ID);
		rdmsr(MSR_IA32_PAT);
		cpu_relax(); /* where CPUs run in turn, this ends one */
	}
	apic_send(0, ICR_NMI | ICR_ASSERT); /* to itself: the last one isn't lost */
	CHECK(wait_for(&received, 1, 1000000));
	print("nmi-storm: %u of %u received\n", received, sent + 1);
	CHECK(received > 1 && received <= SENT + 1);
}
