/* SPDX-License-Identifier: MIT */
/*
 * NMIs that a CPU sends itself: the next one waits until the handler's IRET has been carried out
 * (SDM vol. 3, 6.7.1; APM vol. 2, 8.2.3), and nothing of how a hypervisor waits for that shows.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum { MANY = 200, FRAMES = 4 };

#define RFLAGS_TF BIT(8)

static volatile u32 count, depth, wanted, steps;
static volatile u64 rips[FRAMES], step_rip;
static volatile bool ask_for_step;

static void
send_nmi(void)
{
	apic_write(LAPIC_ICR_HIGH, apic_id() << 24);
	apic_write(LAPIC_ICR_LOW, ICR_NMI | ICR_ASSERT);
}

static void
nmi(struct trap *trap)
{
	CHECK_EQ(depth, 0);
	depth = 1;
	if (count < FRAMES)
		rips[count] = trap->rip;
	count++;
	if (count < wanted)
		send_nmi();
	cpuid(0, 0); /* time, and exits, for the next one to come too early */
	delay_us(20);
	if (ask_for_step)
		trap->rflags |= RFLAGS_TF;
	ask_for_step = false;
	depth = 0;
}

static void
begin(u32 how_many)
{
	count = steps = 0;
	wanted = how_many;
}

/* The second returns to where the first did: it came when that was over, and no later. */
static void
check_one_after_the_other(void)
{
	begin(2);
	send_nmi();
	CHECK(wait_for(&count, 2, 1000000));
	CHECK_EQ(rips[1], rips[0]);
	begin(MANY);
	send_nmi();
	CHECK(wait_for(&count, MANY, 10000000));
}

/* IF does not matter, and comes back. */
static void
check_flags(void)
{
	u64 before, after;

	__asm__ volatile("pushfq; popq %0" : "=r"(before));
	begin(1);
	send_nmi();
	CHECK(wait_for(&count, 1, 1000000));
	__asm__ volatile("pushfq; popq %0" : "=r"(after));
	CHECK_EQ(after & ~0x8d5ul, before & ~0x8d5ul); /* but the arithmetic ones */
}

static void
step(struct trap *trap)
{
	steps++;
	step_rip = trap->rip;
	trap->rflags &= ~RFLAGS_TF;
}

/* A handler that returns with TF set gets one trap, behind the first instruction. */
static void
check_step_of_the_guest(void)
{
	u64 dr6;

	trap_on(DB, step);
	begin(1);
	ask_for_step = true;
	send_nmi();
	CHECK(wait_for(&count, 1, 1000000));
	CHECK_EQ(steps, 1);
	CHECK(step_rip != rips[0]);
	__asm__ volatile("movq %%dr6, %0" : "=r"(dr6));
	CHECK_EQ(dr6, 0xffff4ff0);
	__asm__ volatile("movq %0, %%dr6" : : "r"(0xffff0ff0ul));
	trap_on(DB, NULL);
}

/* An IRET of something else within the handler lets the next one in: into this handler. */
static volatile u32 nested;

static void
breakpoint(struct trap *trap)
{
	(void)trap;
	CHECK_EQ(nested, 1);
}

static void
nmi_with_breakpoint(struct trap *trap)
{
	(void)trap;
	nested++;
	if (nested > 1)
		return;
	send_nmi();
	cpuid(0, 0);
	CHECK_EQ(nested, 1);
	__asm__ volatile("int3");
	CHECK(wait_for(&nested, 2, 1000000));
}

static void
check_other_iret(void)
{
	trap_on(NMI, nmi_with_breakpoint);
	trap_on(BP, breakpoint);
	send_nmi();
	CHECK(wait_for(&nested, 2, 1000000));
	CHECK_EQ(nested, 2);
}

GUEST("nmi")
{
	apic_enable();
	trap_on(NMI, nmi);
	check_one_after_the_other();
	check_flags();
	check_step_of_the_guest();
	check_other_iret();
}
