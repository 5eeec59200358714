/* SPDX-License-Identifier: MIT */
/* The HPET (IA-PC HPET specification 1.0a): counter, one-shot and periodic timers, legacy routing.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/ioapic.h"
#include "guests/lib/time.h"

#define HPET_BASE 0xfed00000ul

enum { CAPABILITIES = 0, CONFIG = 0x10, STATUS = 0x20, COUNTER = 0xf0 };
enum { ENABLE = 1, LEGACY = 2, LEGACY_INPUT = 2, LEVEL = 1 << 1, INTERRUPT = 1 << 2 };
enum { PERIODIC = 1 << 3, CAN_PERIODIC = 1 << 4, SET_VALUE = 1 << 6, BITS_32 = 1 << 8 };
enum { VECTOR = 0x71 };

#define TIMER_CONFIG(n)	    (0x100u + 0x20u * (n))
#define TIMER_COMPARATOR(n) (0x108u + 0x20u * (n))

static volatile u32 taken;

static void
take(struct trap *trap)
{
	(void)trap;
	taken++;
	apic_eoi();
}

static u32
get(u32 reg)
{
	return mmio_read32((void *)(HPET_BASE + reg));
}

static void
set(u32 reg, u32 value)
{
	mmio_write32((void *)(HPET_BASE + reg), value);
}

static u32
ticks_per_ms(void)
{
	u32 period = get(CAPABILITIES + 4); /* in femtoseconds */

	CHECK(period > 0 && period <= 100000000);
	return (u32)(1000000000000ul / period);
}

static void
check_counter(void)
{
	u32 begin, after;

	set(CONFIG, 0);
	set(COUNTER, 0x12345678);
	set(COUNTER + 4, 0);
	CHECK_EQ(get(COUNTER), 0x12345678);
	delay_us(100);
	CHECK_EQ(get(COUNTER), 0x12345678); /* it stands still */
	set(CONFIG, ENABLE);
	begin = get(COUNTER);
	delay_us(10000);
	after = get(COUNTER);
	CHECK(after - begin > ticks_per_ms() * 9);
	CHECK(mmio_read64((void *)(HPET_BASE + COUNTER)) >= after);
}

static void
route(u32 config)
{
	apic_enable();
	trap_on(VECTOR, take);
	set(CONFIG, LEGACY); /* before the input is open: the 8254 has it until then */
	ioapic_route(LEGACY_INPUT, apic_id(), VECTOR);
	set(COUNTER, 0);
	set(COUNTER + 4, 0);
	set(TIMER_CONFIG(0), config);
	/* An edge that came while the input was masked may have been kept. */
	__asm__ volatile("sti; nop; nop; cli");
	taken = 0;
}

static void
check_one_shot(void)
{
	u64 begin = rdtsc();

	route(INTERRUPT | BITS_32);
	set(TIMER_COMPARATOR(0), 10 * ticks_per_ms());
	set(CONFIG, ENABLE | LEGACY);
	__asm__ volatile("sti");
	CHECK(wait_for(&taken, 1, 10000000));
	check_elapsed(rdtsc() - begin, 10000);
	delay_us(5000);
	__asm__ volatile("cli");
	CHECK_EQ(taken, 1);
}

/* As Linux does it: first the comparator with SETVAL, then the period. */
static void
check_periodic(void)
{
	u32 period = ticks_per_ms();

	CHECK(get(TIMER_CONFIG(0)) & CAN_PERIODIC);
	route(INTERRUPT | PERIODIC | SET_VALUE | BITS_32);
	set(TIMER_COMPARATOR(0), period);
	delay_us(10);
	set(TIMER_COMPARATOR(0), period);
	set(CONFIG, ENABLE | LEGACY);
	__asm__ volatile("sti");
	CHECK(wait_for(&taken, 20, 20000000));
	__asm__ volatile("cli");
	CHECK(get(COUNTER) >= 20 * period - period / 10);
	set(CONFIG, 0);
}

/* The same with the counter already running, as when a kernel starts it early. */
static void
check_periodic_later(void)
{
	u32 period = ticks_per_ms();

	route(0);
	set(CONFIG, ENABLE | LEGACY);
	delay_us(3000);
	set(CONFIG, LEGACY);
	set(TIMER_CONFIG(0), INTERRUPT | PERIODIC | SET_VALUE | BITS_32);
	set(TIMER_COMPARATOR(0), get(COUNTER) + period);
	delay_us(10);
	set(TIMER_COMPARATOR(0), period);
	set(CONFIG, ENABLE | LEGACY);
	__asm__ volatile("sti");
	CHECK(wait_for(&taken, 20, 20000000));
	__asm__ volatile("cli");
	set(CONFIG, 0);
}

GUEST("hpet")
{
	tsc_hz();
	check_counter();
	check_one_shot();
	check_periodic();
	check_periodic_later();
}
