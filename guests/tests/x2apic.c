/* SPDX-License-Identifier: MIT */
/* The local APIC's x2APIC mode by its MSRs (SDM vol. 3, 11.12): registers, faults, the timer. */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum { X2APIC_BIT = 21, DEADLINE_BIT = 24, VECTOR = 0x61 };
enum { ID = 0x802, VERSION, TPR = 0x808, PPR = 0x80a, EOI, LDR = 0x80d, DFR, SVR, ISR = 0x810 };
enum { IRR = 0x820, ESR = 0x828, ICR = 0x830, ICR_HIGH, TIMER = 0x832, INITIAL = 0x838 };
enum { CURRENT = 0x839, DIVIDE = 0x83e, SELF_IPI = 0x83f, LAST = 0x8ff };

static volatile u32 taken;

static int
try_write(u32 msr, u64 value)
{
	return TRY("wrmsr", OUT(), "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)));
}

static int
try_read(u32 msr)
{
	u64 a = 0, d = 0;

	return TRY("rdmsr", OUT("+a"(a), "+d"(d)), "c"(msr));
}

static bool
bit(u32 first, u8 vector)
{
	return (rdmsr(first + vector / 32) >> vector % 32 & 1) != 0;
}

static void
take(struct trap *trap)
{
	CHECK(bit(ISR, (u8)trap->vector));
	taken++;
	wrmsr(EOI, 0);
}

static void
let_in(void)
{
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
}

/* Between the modes only as figure 11-27 allows. */
static void
check_switch(void)
{
	u64 base = rdmsr(MSR_IA32_APIC_BASE);

	CHECK_EQ(try_read(ID), GP); /* not in xAPIC mode */
	CHECK_EQ(try_write(MSR_IA32_APIC_BASE, (base & ~APIC_BASE_EN) | APIC_BASE_EXTD), GP);
	wrmsr(MSR_IA32_APIC_BASE, base | APIC_BASE_EXTD);
	CHECK_EQ(rdmsr(MSR_IA32_APIC_BASE), base | APIC_BASE_EXTD);
	CHECK_EQ(try_write(MSR_IA32_APIC_BASE, base), GP); /* back to xAPIC at once */
	CHECK_EQ(rdmsr(MSR_IA32_APIC_BASE), base | APIC_BASE_EXTD);
}

static void
check_registers(void)
{
	u32 id = (u32)rdmsr(ID);

	CHECK_EQ(rdmsr(LDR), (id >> 4) << 16 | 1u << (id & 15)); /* 11.12.10.2 */
	CHECK((rdmsr(VERSION) & 0xff) >= 0x10);
	wrmsr(TPR, 0x45);
	CHECK_EQ(rdmsr(TPR), 0x45);
	CHECK_EQ(rdmsr(PPR), 0x45);
	wrmsr(TPR, 0);
	CHECK_EQ(rdmsr(SVR) & SVR_ENABLE, SVR_ENABLE);	   /* as it was in xAPIC mode */
	wrmsr(ICR, 0x0000001200000000 | LVT_DELIVERY_NMI); /* to nobody */
	CHECK_EQ(rdmsr(ICR) & ~(u64)ICR_PENDING, 0x0000001200000000 | LVT_DELIVERY_NMI);
}

/* What is not there, what is for one direction alone, and reserved bits (11.12.1.3). */
static void
check_faults(void)
{
	static const u32 read_only[] = {ID, VERSION, PPR, LDR, ISR, IRR, CURRENT};

	for (unsigned n = 0; n < ARRAY_SIZE(read_only); n++)
		CHECK_EQ(try_write(read_only[n], 0), GP);
	CHECK_EQ(try_read(EOI), GP);
	CHECK_EQ(try_read(SELF_IPI), GP);
	CHECK_EQ(try_read(DFR), GP);
	CHECK_EQ(try_write(DFR, 0), GP);
	CHECK_EQ(try_read(ICR_HIGH), GP);
	CHECK_EQ(try_read(LAST), GP);
	CHECK_EQ(try_write(EOI, 1), GP);
	CHECK_EQ(try_write(ESR, 1), GP);
	CHECK_EQ(try_write(TPR, 0x100), GP);
	CHECK_EQ(try_write(TPR, BIT(32)), GP);
	CHECK_EQ(try_write(SVR, BIT(20)), GP);
	CHECK_EQ(try_write(TIMER, BIT(31)), GP);
	CHECK_EQ(try_write(SELF_IPI, 0x100), GP);
	CHECK_EQ(rdmsr(TPR), 0);
}

static void
check_interrupts(void)
{
	trap_on(VECTOR, take);
	wrmsr(SELF_IPI, VECTOR);
	CHECK(bit(IRR, VECTOR));
	let_in();
	CHECK_EQ(taken, 1);
	CHECK(!bit(IRR, VECTOR) && !bit(ISR, VECTOR));
	wrmsr(ICR, (rdmsr(ID) << 32) | ICR_ASSERT | VECTOR);
	let_in();
	CHECK_EQ(taken, 2);
	__asm__ volatile("movq %0, %%cr8" : : "r"(7ul));
	CHECK_EQ(rdmsr(TPR), 0x70);
	wrmsr(SELF_IPI, VECTOR);
	let_in();
	CHECK_EQ(taken, 2);
	wrmsr(TPR, 0);
	let_in();
	CHECK_EQ(taken, 3);
}

static void
expect_timer(u32 count)
{
	__asm__ volatile("sti");
	CHECK(wait_for(&taken, count, 5000000));
	__asm__ volatile("cli");
	CHECK_EQ(taken, count);
}

static void
check_timer(void)
{
	u64 when;

	wrmsr(DIVIDE, TIMER_DIVIDE_BY_16);
	wrmsr(TIMER, VECTOR);
	wrmsr(INITIAL, 5000);
	CHECK(rdmsr(CURRENT) <= 5000);
	expect_timer(4);
	CHECK_EQ(rdmsr(CURRENT), 0);
	if ((cpuid(CPUID_VERSION, 0).ecx & BIT32(DEADLINE_BIT)) == 0)
		return;
	wrmsr(TIMER, LVT_TIMER_DEADLINE | VECTOR);
	when = deadline_us(2000);
	wrmsr(MSR_IA32_TSC_DEADLINE, when);
	CHECK(rdmsr(MSR_IA32_TSC_DEADLINE) != 0 || rdtsc() > when);
	wrmsr(INITIAL, 1); /* not of this mode */
	expect_timer(5);
	CHECK_EQ(rdmsr(MSR_IA32_TSC_DEADLINE), 0);
	wrmsr(MSR_IA32_TSC_DEADLINE, 1); /* long past */
	expect_timer(6);
	wrmsr(MSR_IA32_TSC_DEADLINE, deadline_us(10000000));
	wrmsr(MSR_IA32_TSC_DEADLINE, 0); /* disarmed */
	delay_us(3000);
	let_in();
	CHECK_EQ(taken, 6);
}

/* Off, and from there to xAPIC mode again; the registers are as after a reset (11.12.5). */
static void
check_off(void)
{
	u64 base = rdmsr(MSR_IA32_APIC_BASE);

	wrmsr(MSR_IA32_APIC_BASE, base & ~(APIC_BASE_EN | APIC_BASE_EXTD));
	CHECK_EQ(try_read(ID), GP);
	CHECK((cpuid(CPUID_VERSION, 0).edx & BIT32(9)) == 0); /* CPUID shows it */
	wrmsr(MSR_IA32_APIC_BASE, base & ~APIC_BASE_EXTD);
	CHECK(cpuid(CPUID_VERSION, 0).edx & BIT32(9));
	CHECK_EQ(apic_read(LAPIC_SVR), 0xff);
	CHECK_EQ(apic_id(), 0);
	CHECK_EQ(apic_read(LAPIC_LVT_TIMER), LVT_MASKED);
}

/* QEMU's own CPUs have no such mode; what a machine does was seen in Bochs. */
GUEST("x2apic")
{
	bool there = (cpuid(CPUID_VERSION, 0).ecx & BIT32(X2APIC_BIT)) != 0;

	CHECK_EQ(there, under_ashlar());
	if (!there)
		return;
	tsc_hz();
	apic_enable();
	check_switch();
	check_registers();
	check_faults();
	check_interrupts();
	check_timer();
	check_off();
}
