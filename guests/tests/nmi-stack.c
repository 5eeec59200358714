/* SPDX-License-Identifier: MIT */
/*
 * NMIs from another CPU, as many as it can send, into code that changes its stack: none comes
 * between MOV SS and the instruction behind it (SDM vol. 3, 6.8.3), none before the last one's end.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/smp.h"
#include "guests/lib/time.h"

enum { NMIS = 300 };

static volatile u32 count, depth, between, done;
static volatile u64 shadow_rip;

static void
nmi(struct trap *trap)
{
	CHECK_EQ(depth, 0);
	depth = 1;
	between += trap->rip == shadow_rip ? 1 : 0;
	count++;
	depth = 0;
}

static void
sender(u32 index)
{
	(void)index;
	while (!done) {
		apic_write(LAPIC_ICR_HIGH, 0);
		apic_write(LAPIC_ICR_LOW, ICR_NMI | ICR_ASSERT);
		cpu_relax(); /* where CPUs run in turn, this ends one */
	}
}

GUEST("nmi-stack")
{
	u64 deadline;

	apic_enable();
	trap_on(NMI, nmi);
	CHECK(smp_start(1, 1, sender));
	deadline = deadline_us(20000000);
	while (count < NMIS && rdtsc() < deadline) {
		u64 at, rounds = 1000;

		__asm__ volatile("leaq 2f(%%rip), %0; movq %0, %2\n"
				 "1:\tmovl %%ss, %%eax; movl %%eax, %%ss\n"
				 "2:\tnop; decq %1; jnz 1b"
				 : "=&r"(at), "+r"(rounds), "=m"(shadow_rip)
				 :
				 : "rax", "memory", "cc");
		cpu_relax();
	}
	done = 1;
	print("%u NMIs\n", count);
	CHECK(count >= NMIS);
	if (under_ashlar()) /* QEMU's CPU lets them in */
		CHECK_EQ(between, 0);
}
