/* SPDX-License-Identifier: MIT */
/*
 * The clocks of a machine agree: TSC, HPET, PM timer, 8254, APIC timer and RTC, over a time in
 * which the CPU idles, is busy, and is kept from running (by other VMs; here it only notices).
 *
 * Each clock's elapsed ticks give a rate of the TSC; all of these have to be within 0.1 % of the
 * one that the HPET gave at the beginning, beyond what the looks leave unsure. Options: seconds=,
 * of the whole; gap=, milliseconds for which it has to be kept off its CPU at once; ask=1: it
 * answers each `p` on COM1 with the HPET's nanoseconds, at the beginning and at the end, until a
 * `g` comes.
 */
#include "guests/lib/acpi.h"
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/pic.h"
#include "guests/lib/time.h"

#define HPET_BASE 0xfed00000ul

enum { HPET_PERIOD = 4, HPET_CONFIG = 0x10, HPET_COUNTER = 0xf0, HPET_ENABLE = 1 };
enum { PM_HZ = 3579545, PPM_MAX = 1000, MILLION = 1000000, GAPS_MAX_S = 600, WIDE_TRIES = 1000 };
enum { CH2_RATE = 0xb4, CH2_LATCH = 0x80, GATE2 = 1, TIMER_DIVIDE_BY_128 = 10, VECTOR = 0x51 };
enum { COM1 = 0x3f8, UART_LSR = 5, LSR_READY = 1 };
enum { RTC_INDEX = 0x70, RTC_DATA, RTC_SECONDS = 0, RTC_MINUTES = 2, RTC_B = 11, RTC_B_BINARY = 4 };

static u16 pm_port;

static u64
read_hpet(void)
{
	return mmio_read32((void *)(HPET_BASE + HPET_COUNTER));
}

static u64
read_pm(void)
{
	return in32(pm_port);
}

static void
latch_pit(void)
{
	out8(PIT_COMMAND, CH2_LATCH);
}

/* Counts down from 65536, again and again. */
static u64
read_pit(void)
{
	u8 low = in8(PIT_CH2);

	return 0 - (u64)(low | in8(PIT_CH2) << 8);
}

static u64
read_apic(void)
{
	return 0 - (u64)apic_read(LAPIC_TIMER_CURRENT);
}

enum { HPET, PM, PIT, APIC, CLOCKS };

static struct counter {
	const char *name;
	void (*latch)(void);
	u64 (*read)(void);
	u64 hz, mask;
} counters[CLOCKS] = {
	[HPET] = {.name = "HPET",	  .read = read_hpet, .mask = 0xffffffff},
	[PM] = {.name = "PM timer", .read = read_pm,   .hz = PM_HZ	},
	[PIT] = {"PIT",		latch_pit,	   read_pit,	     PIT_HZ, 0xffff},
	[APIC] = {.name = "APIC timer",		.read = read_apic,				   .mask = 0xffffffff			     },
};

static u64 tsc_rate; /* by the HPET */
static volatile u32 ticks;

/* a * b / c, where the result has 64 bits. */
static u64
scale(u64 a, u64 b, u64 c)
{
	u64 low, high;

	__asm__("mulq %3" : "=a"(low), "=d"(high) : "a"(a), "r"(b));
	CHECK(high < c);
	__asm__("divq %2" : "+a"(low), "+d"(high) : "r"(c));
	return low;
}

static void
look_at_all(struct look looks[CLOCKS])
{
	for (unsigned i = 0; i < CLOCKS; i++) {
		struct look *look = &looks[i];

		*look = look_at(counters[i].latch, counters[i].read);
		for (unsigned n = 0; look->end - look->begin > tsc_hz() / 5000; n++) {
			CHECK(n < WIDE_TRIES);
			*look = look_at(counters[i].latch, counters[i].read);
		}
	}
}

/* So many parts in a million of the ticks between two looks are unsure. */
static u64
unsure_ppm(const struct look *from, const struct look *to)
{
	u64 width = from->end - from->begin + to->end - to->begin;

	return scale(width, MILLION / 2, look_ticks(from, to)) + 1;
}

/* What a counter has counted, beyond its width: as near as can be to what is expected. */
static u64
counted(const struct counter *c, const struct look *from, const struct look *to)
{
	u64 expected = scale(look_ticks(from, to), c->hz, tsc_rate);
	u64 off = (to->value - from->value - expected) & c->mask;

	return off > c->mask / 2 ? expected - (c->mask + 1 - off) : expected + off;
}

static void
check_rate(const char *phase, const char *name, const struct look *from, const struct look *to,
	   u64 hz, u64 counts, u64 slack)
{
	u64 ticks_taken = look_ticks(from, to), unsure = unsure_ppm(from, to);
	u64 rate = scale(ticks_taken, hz, counts);
	u64 apart = rate > tsc_rate ? rate - tsc_rate : tsc_rate - rate;
	u64 ppm = scale(apart, MILLION, tsc_rate);

	print("%s: %s: %s%lu ppm, unsure %lu\n", phase, name, rate < tsc_rate ? "+" : "-", ppm,
	      unsure);
	if (ppm > PPM_MAX + unsure + slack)
		guest_fail("%s: the %s is %lu ppm off the TSC (%lu, %lu Hz)", phase, name, ppm,
			   rate, tsc_rate);
}

static void
check_phase(const char *phase, const struct look from[CLOCKS], const struct look to[CLOCKS])
{
	for (unsigned i = 0; i < CLOCKS; i++) {
		const struct counter *c = &counters[i];

		check_rate(phase, c->name, &from[i], &to[i], c->hz, counted(c, &from[i], &to[i]),
			   0);
	}
}

static u8
cmos(u8 index)
{
	out8(RTC_INDEX, index);
	return in8(RTC_DATA);
}

static u64
rtc_number(u8 index)
{
	u8 value = cmos(index);

	return cmos(RTC_B) & RTC_B_BINARY ? value : (value >> 4) * 10u + (value & 15);
}

/* The moment at which a second begins: nothing else of an RTC is exact. It lies between the last
 * read that showed the old second and the first that shows the new one: the CPU may be lost between
 * the two. */
static struct look
rtc_second_begins(void)
{
	u64 before = rdtsc();
	u8 second = cmos(RTC_SECONDS);
	struct look look;

	do {
		look.begin = before;
		before = rdtsc();
		look.value = cmos(RTC_SECONDS);
		look.end = rdtsc();
	} while (look.value == second);
	look.value = rtc_number(RTC_MINUTES) * 60 + rtc_number(RTC_SECONDS);
	return look;
}

/* Where the CPU was lost meanwhile, the next second may be better. */
static struct look
look_at_rtc(void)
{
	struct look best = rtc_second_begins();

	for (unsigned n = 0; best.end - best.begin > tsc_hz() / 500 && n < 10; n++) {
		struct look look = rtc_second_begins();

		if (look.end - look.begin < best.end - best.begin)
			best = look;
	}
	return best;
}

/* ACPI 6.4, 5.2.9. */
static void
find_pm_timer(void)
{
	enum { FADT_PM_TIMER = 76, FADT_FLAGS = 112, FLAG_TIMER_32 = 1 << 8 };
	const u8 *fadt = acpi_table("FACP");

	CHECK(fadt != NULL);
	pm_port = (u16)acpi_u32(fadt + FADT_PM_TIMER);
	counters[PM].mask = acpi_u32(fadt + FADT_FLAGS) & FLAG_TIMER_32 ? 0xffffffff : 0xffffff;
	CHECK(pm_port != 0);
}

static void
start_counters(void)
{
	u64 period = mmio_read32((void *)(HPET_BASE + HPET_PERIOD));

	mmio_write32((void *)(HPET_BASE + HPET_CONFIG), HPET_ENABLE);
	counters[HPET].hz = 1000000000000000ul / period;
	find_pm_timer();
	out8(PORT_61, (in8(PORT_61) & 0xfc) | GATE2);
	out8(PIT_COMMAND, CH2_RATE);
	out8(PIT_CH2, 0);
	out8(PIT_CH2, 0);
	apic_enable();
	apic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_128);
	apic_write(LAPIC_LVT_TIMER, LVT_MASKED | VECTOR);
	apic_write(LAPIC_TIMER_INITIAL, ~0u);
}

static void
tick(struct trap *trap)
{
	(void)trap;
	ticks++;
	pic_eoi(0);
}

/* HLT, with 100 interrupts a second to end it. */
static void
idle(u64 us)
{
	u64 end = deadline_us(us);

	pic_init();
	trap_on(PIC_VECTOR, tick);
	pit_start(2, PIT_HZ / 100);
	pic_unmask(0);
	while ((s64)(end - rdtsc()) > 0)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
	pic_mask(0);
	CHECK(ticks > 0);
}

/* Computes, and makes exits of several kinds. */
static void
busy(u64 us)
{
	u64 end = deadline_us(us);

	for (u32 n = 0; (s64)(end - rdtsc()) > 0; n++) {
		if (n % 64 == 0)
			(void)in8(COM1 + UART_LSR);
		if (n % 256 == 0)
			(void)apic_read(APIC_PPR);
		cpu_relax();
	}
}

/* Until it has been kept off its CPU for as long, and then half a second more. */
static void
wait_kept_off(u64 gap_ms)
{
	u64 last = rdtsc(), give_up = last + GAPS_MAX_S * tsc_hz(), longest = 0;

	while (longest < gap_ms * (tsc_hz() / 1000)) {
		u64 now = rdtsc();

		longest = MAX(longest, now - last);
		last = now;
		if (now > give_up)
			guest_fail("never off its CPU for %lu ms, at most for %lu", gap_ms,
				   longest / (tsc_hz() / 1000));
		cpu_relax();
	}
	print("kept off for %lu ms\n", longest / (tsc_hz() / 1000));
	busy(500000);
}

/* Until the RTC has gone on for two seconds more than the TSC. */
static void
wait_paused(const struct look *from)
{
	u64 give_up = rdtsc() + GAPS_MAX_S * tsc_hz(), seconds, passed;

	do {
		struct look now;

		CHECK(rdtsc() < give_up);
		now = look_at_rtc();
		seconds = (now.value + 3600 - from->value) % 3600;
		passed = (look_ticks(from, &now) + tsc_hz() / 2) / tsc_hz();
	} while (seconds < passed + 2);
	print("paused for %lu s\n", seconds - passed);
}

static u64 asked_total;

static u64
hpet_total_ns(void)
{
	static u64 last;
	u64 now = read_hpet();

	asked_total += (now - last) & 0xffffffff;
	last = now;
	return scale(asked_total, 1000000000, counters[HPET].hz);
}

static void
answer(void)
{
	for (;;) {
		u8 byte;

		while ((in8(COM1 + UART_LSR) & LSR_READY) == 0)
			(void)hpet_total_ns();
		byte = in8(COM1);
		if (byte == 'g')
			return;
		if (byte == 'p')
			print("hpet %lu\n", hpet_total_ns());
	}
}

static void
phase(const char *name, const struct look from[CLOCKS], struct look to[CLOCKS])
{
	look_at_all(to);
	check_phase(name, from, to);
}

/* CPUID 80000007h, EDX bit 8 (SDM vol. 3, 18.17.1). */
static bool
tsc_is_invariant(void)
{
	return cpuid(0x80000000, 0).eax >= 0x80000007 && (cpuid(0x80000007, 0).edx & BIT32(8)) != 0;
}

/* The first second gives the rates that are not known. */
static void
calibrate(struct look from[CLOCKS], struct look to[CLOCKS])
{
	look_at_all(from);
	busy(1000000);
	look_at_all(to);
	tsc_rate = scale(look_ticks(&from[HPET], &to[HPET]), counters[HPET].hz,
			 (to[HPET].value - from[HPET].value) & counters[HPET].mask);
	counters[APIC].hz = scale((to[APIC].value - from[APIC].value) & counters[APIC].mask,
				  tsc_rate, look_ticks(&from[APIC], &to[APIC]));
	print("TSC %lu Hz, APIC timer %lu Hz\n", tsc_rate, counters[APIC].hz);
	print("TSC: %s\n", tsc_is_invariant() ? "invariant" : "not invariant");
	check_phase("first second", from, to);
}

static void
check_rtc(const struct look *from)
{
	struct look to = look_at_rtc();

	/* A second may show some ms late on an emulated machine that is busy. */
	check_rate("whole", "RTC", from, &to, 1, (to.value + 3600 - from->value) % 3600,
		   scale(tsc_hz() / 200, 1000000, look_ticks(from, &to)));
}

GUEST("drift")
{
	u64 half_us = MAX(option("seconds", 6), 4ul) * 500000 - 1000000, gap_ms = option("gap", 0);
	bool ask = option("ask", 0) != 0;
	struct look looks[5][CLOCKS], rtc;

	start_counters();
	calibrate(looks[0], looks[1]);
	if (ask) {
		print("begin\n");
		answer();
		look_at_all(looks[1]);
	}
	rtc = look_at_rtc();
	look_at_all(looks[1]);
	while (half_us > 0) {
		u64 us = MIN(half_us, 15000000ul); /* the PIT's wraps stay certain */

		half_us -= us;
		idle(us);
		phase("idle", looks[1], looks[2]);
		busy(us);
		phase("busy", looks[2], looks[1]);
		hpet_total_ns();
	}
	if (gap_ms != 0) {
		print("keep me off\n");
		wait_kept_off(gap_ms);
		phase("kept off", looks[1], looks[2]);
	}
	if (option("paused", 0) != 0) {
		print("pause me\n");
		wait_paused(&rtc);
		phase("paused", looks[1], looks[2]);
		return;
	}
	check_rtc(&rtc);
	if (ask) {
		print("end\n");
		answer();
	}
}
