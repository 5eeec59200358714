/* SPDX-License-Identifier: MIT */
/*
 * When an interrupt is taken: not before the instruction after STI, at once after POPF
 * and IRET, and while the guest computes without an exit; NMIs block until IRET.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum { VECTOR = 0x61, ICR_SELF = 1 << 18, ICR_SELF_NMI = ICR_NMI | ICR_ASSERT };

static volatile u32 taken, nmis;
static volatile u64 taken_rip;

static void
take(struct trap *trap)
{
	taken++;
	taken_rip = trap->rip;
	apic_eoi();
}

static void
make_pending(void)
{
	apic_write(LAPIC_ICR_LOW, ICR_SELF | ICR_ASSERT | VECTOR);
	CHECK(apic_bit(APIC_IRR, VECTOR));
}

/* The instruction before which it was taken must be the one at label 2. */
#define CHECK_TAKEN_AT(code)                                                                       \
	do {                                                                                       \
		u64 place;                                                                         \
                                                                                                   \
		taken = 0;                                                                         \
		make_pending();                                                                    \
		__asm__ volatile("leaq 2f(%%rip), %0\n\t" code                                     \
				 : "=&b"(place)                                                    \
				 :                                                                 \
				 : "rax", "rcx", "rdx", "rsi", "memory", "cc");                    \
		CHECK_EQ(taken, 1);                                                                \
		CHECK_EQ(taken_rip, place);                                                        \
	} while (0)

static void
check_shadows(void)
{
	CHECK_TAKEN_AT("sti; nop\n2: nop; cli");
	CHECK_TAKEN_AT("pushfq; orl $0x200, (%%rsp); popfq\n2: nop; cli");
	/* An instruction that exits, in STI's shadow: the shadow ends with it. */
	CHECK_TAKEN_AT("xorl %%edx, %%edx; movl $0x278, %%edx; sti; inb %%dx, %%al\n2: nop; cli");
	CHECK_TAKEN_AT("movl $0x277, %%ecx; sti; rdmsr\n2: nop; cli");
	CHECK_TAKEN_AT("sti; hlt\n2: nop; cli");
}

/* By IRET to the instruction at 2. */
static void
check_iret(void)
{
	CHECK_TAKEN_AT("movq %%rsp, %%rsi; pushq $16; pushq %%rsi; pushq $0x202; pushq $8\n\t"
		       "leaq 2f(%%rip), %%rax; pushq %%rax; iretq\n2: nop; cli");
}

/* The timer reaches a guest that does nothing but compute. */
static void
check_busy(void)
{
	u64 end;

	taken = 0;
	apic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_16);
	apic_write(LAPIC_LVT_TIMER, VECTOR);
	apic_write(LAPIC_TIMER_INITIAL, 10000);
	end = rdtsc() + 5 * tsc_hz();
	__asm__ volatile("sti");
	while (taken == 0 && rdtsc() < end)
		cpu_relax();
	__asm__ volatile("cli");
	CHECK_EQ(taken, 1);
}

static volatile u32 depth, depth_max;

static void
nmi(struct trap *trap)
{
	(void)trap;
	depth++;
	depth_max = MAX(depth_max, depth);
	if (nmis++ == 0) {
		/* Another one waits until this handler's IRET, also over an exit. */
		apic_write(LAPIC_ICR_LOW, ICR_SELF_NMI);
		cpuid(0, 0);
		for (unsigned n = 0; n < 1000; n++)
			cpu_relax();
		CHECK_EQ(nmis, 1);
	}
	depth--;
}

/* To its own id, because the shorthand "self" is for fixed vectors alone. */
static void
check_nmi(void)
{
	trap_on(NMI, nmi);
	apic_write(LAPIC_ICR_HIGH, apic_id() << 24);
	apic_write(LAPIC_ICR_LOW, ICR_SELF_NMI);
	CHECK(wait_for(&nmis, 2, 1000000)); /* interrupts are off: no matter */
	CHECK_EQ(nmis, 2);
	CHECK_EQ(depth_max, 1);
}

/* An exception in an NMI's handler returns by IRET too, and so opens for the next. */
static void
nmi_with_exception(struct trap *trap)
{
	(void)trap;
	nmis++;
	if (nmis == 1) {
		apic_write(LAPIC_ICR_LOW, ICR_SELF_NMI);
		CHECK_EQ(TRY("ud2", OUT()), UD);
		CHECK_EQ(nmis, 2);
	}
}

static void
check_nmi_and_exception(void)
{
	nmis = 0;
	trap_on(NMI, nmi_with_exception);
	apic_write(LAPIC_ICR_LOW, ICR_SELF_NMI);
	CHECK(wait_for(&nmis, 2, 1000000));
	CHECK_EQ(nmis, 2);
}

GUEST("interrupts")
{
	apic_enable();
	trap_on(VECTOR, take);
	check_shadows();
	check_iret();
	check_busy();
	check_nmi();
	check_nmi_and_exception();
}
