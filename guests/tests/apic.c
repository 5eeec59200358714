/* SPDX-License-Identifier: MIT */
/* The local APIC by MMIO: registers, self-IPIs by priority, and its timer (SDM vol. 3, chapter 11).
 */
#include "guests/lib/apic.h"

#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum { LOW = 0x41, HIGH = 0x82, TIMER = 0x93, ICR_SELF = 1 << 18 };

static volatile u32 taken[256], order[8], count;

static void
take(struct trap *trap)
{
	CHECK(apic_bit(APIC_ISR, (u8)trap->vector));
	if (trap->vector != TIMER) /* whose next period may be over already, on a busy machine */
		CHECK(!apic_bit(APIC_IRR, (u8)trap->vector));
	CHECK_EQ(apic_read(APIC_PPR) & 0xf0, trap->vector & 0xf0);
	taken[trap->vector]++;
	order[count++ % ARRAY_SIZE(order)] = (u32)trap->vector;
	apic_eoi();
}

/* Long enough for whatever is pending to be taken. */
static void
let_in(void)
{
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
}

static void
check_registers(void)
{
	u32 version = apic_read(LAPIC_VERSION);

	CHECK((version & 0xff) >= 0x10 && (version & 0xff) <= 0x1f);
	CHECK((version >> 16 & 0xff) >= 3);
	CHECK_EQ(apic_id(), 0);
	apic_write(LAPIC_TPR, 0x35);
	CHECK_EQ(apic_read(LAPIC_TPR), 0x35);
	CHECK_EQ(apic_read(APIC_PPR), 0x35);
	apic_write(LAPIC_TPR, 0);
	apic_write(APIC_LDR, 0x5a000000);
	CHECK_EQ(apic_read(APIC_LDR) >> 24, 0x5a);
	CHECK_EQ(apic_read(APIC_DFR) >> 28, 0xf);
	apic_write(LAPIC_LVT_TIMER, LVT_MASKED | TIMER);
	CHECK_EQ(apic_read(LAPIC_LVT_TIMER), LVT_MASKED | TIMER);
}

static void
send_self(u8 vector)
{
	apic_write(LAPIC_ICR_LOW, ICR_SELF | ICR_ASSERT | vector);
}

static void
check_self_ipi(void)
{
	send_self(LOW);
	CHECK(apic_bit(APIC_IRR, LOW));
	CHECK_EQ(taken[LOW], 0);
	let_in();
	CHECK_EQ(taken[LOW], 1);
	CHECK(!apic_bit(APIC_IRR, LOW) && !apic_bit(APIC_ISR, LOW));

	apic_send(apic_id(), ICR_ASSERT | LOW); /* by its id */
	let_in();
	CHECK_EQ(taken[LOW], 2);
}

/* The higher one first, whichever was sent first; and nothing at or below the TPR's class. */
static void
check_priority(void)
{
	count = 0;
	send_self(LOW);
	send_self(HIGH);
	let_in();
	CHECK_EQ(count, 2);
	CHECK_EQ(order[0], HIGH);
	CHECK_EQ(order[1], LOW);

	apic_write(LAPIC_TPR, LOW);
	send_self(LOW);
	send_self(HIGH);
	let_in();
	CHECK_EQ(count, 3);
	CHECK_EQ(order[2], HIGH);
	CHECK(apic_bit(APIC_IRR, LOW));
	apic_write(LAPIC_TPR, 0);
	let_in();
	CHECK_EQ(count, 4);
}

/* CR8 is the TPR's upper half. */
static void
check_cr8(void)
{
	u64 cr8;

	__asm__ volatile("movq %0, %%cr8" : : "r"(5ul));
	CHECK_EQ(apic_read(LAPIC_TPR), 0x50);
	send_self(LOW);
	let_in();
	CHECK_EQ(count, 4);
	apic_write(LAPIC_TPR, 0x30);
	__asm__ volatile("movq %%cr8, %0" : "=r"(cr8));
	CHECK_EQ(cr8, 3);
	let_in();
	CHECK_EQ(count, 5);
	__asm__ volatile("movq %0, %%cr8" : : "r"(0ul));
}

static u64
timer_count(void)
{
	return apic_read(LAPIC_TIMER_CURRENT);
}

/* Its rate divided by 16, within what tsc_hz() is right to. */
static u64
timer_hz_by_16(void)
{
	struct look begin, end;

	apic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_16);
	apic_write(LAPIC_LVT_TIMER, LVT_MASKED | TIMER);
	apic_write(LAPIC_TIMER_INITIAL, ~0u);
	begin = look_at(NULL, timer_count);
	delay_us(50000);
	end = look_at(NULL, timer_count);
	CHECK(end.value != 0 && end.value < begin.value);
	apic_write(LAPIC_TIMER_INITIAL, 0);
	return (begin.value - end.value) * tsc_hz() / look_ticks(&begin, &end);
}

static void
check_timer(void)
{
	u64 hz = timer_hz_by_16();
	u64 begin;

	apic_write(LAPIC_LVT_TIMER, TIMER); /* one-shot */
	begin = rdtsc();
	apic_write(LAPIC_TIMER_INITIAL, (u32)(hz / 100));
	while (taken[TIMER] == 0)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
	check_elapsed(rdtsc() - begin, 10000);
	CHECK_EQ(apic_read(LAPIC_TIMER_CURRENT), 0);
	delay_us(20000);
	let_in();
	CHECK_EQ(taken[TIMER], 1);

	apic_write(LAPIC_LVT_TIMER, 1u << 17 | TIMER); /* periodic */
	apic_write(LAPIC_TIMER_INITIAL, (u32)(hz / 1000));
	while (taken[TIMER] < 11)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
	apic_write(LAPIC_LVT_TIMER, LVT_MASKED | TIMER);
	let_in();
	count = taken[TIMER];
	delay_us(5000);
	let_in();
	CHECK_EQ(taken[TIMER], count);
}

static void
check_errors(void)
{
	apic_write(LAPIC_ESR, 0);
	send_self(5); /* below 16: 11.5.3 */
	apic_write(LAPIC_ESR, 0);
	CHECK(apic_read(LAPIC_ESR) & (BIT32(5) | BIT32(6)));
	apic_write(LAPIC_ESR, 0);
	CHECK_EQ(apic_read(LAPIC_ESR), 0);
}

GUEST("apic")
{
	apic_enable();
	trap_on(LOW, take);
	trap_on(HIGH, take);
	trap_on(TIMER, take);
	check_registers();
	check_self_ipi();
	check_priority();
	check_cr8();
	check_timer();
	if (under_ashlar())
		check_errors();
}
