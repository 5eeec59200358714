/* SPDX-License-Identifier: MIT */
/* The real-time clock: its registers and CMOS RAM, setting it, and its three interrupts. */
#include "guests/lib/rtc.h"

#include "guests/lib/guest.h"
#include "guests/lib/pic.h"
#include "guests/lib/time.h"

enum { MODE = RTC_B_24 | RTC_B_BINARY, RATE_1024 = 0x26, IRQ = 8, PM = 0x80 };

static volatile u32 interrupts;
static volatile u8 causes;

static void
interrupt(struct trap *trap)
{
	(void)trap;
	causes |= rtc_read(RTC_C);
	interrupts++;
	pic_eoi(IRQ);
}

struct moment {
	u8 second, minute, hour, weekday, day, month, year;
};

/* SET holds the clock while it is written ("Register B"). */
static void
set_clock(struct moment m, u8 mode)
{
	rtc_write(RTC_B, RTC_B_SET | mode);
	rtc_write(RTC_SECONDS, m.second);
	rtc_write(RTC_MINUTES, m.minute);
	rtc_write(RTC_HOURS, m.hour);
	rtc_write(RTC_WEEKDAY, m.weekday);
	rtc_write(RTC_DAY, m.day);
	rtc_write(RTC_MONTH, m.month);
	rtc_write(RTC_YEAR, m.year);
	rtc_write(RTC_CENTURY, mode & RTC_B_BINARY ? 20 : 0x20);
	rtc_write(RTC_B, mode);
}

/* Waits until the seconds read so. False: the CPU was lost for so long that they may have passed
 * unseen. last: TSC when nobody waited yet. */
static bool
wait_second(u8 second, u64 last)
{
	u64 end = deadline_us(3000000), now;

	while (rtc_read(RTC_SECONDS) != second || (rtc_read(RTC_A) & RTC_A_UIP) != 0) {
		now = rdtsc();
		if (now - last > tsc_hz() / 2)
			return false;
		if ((s64)(end - now) <= 0)
			guest_fail("second %u (mode 0x%x), waiting for %u", rtc_read(RTC_SECONDS),
				   rtc_read(RTC_B), second);
		last = now;
	}
	return true;
}

/* A second before m it is set to `from`. */
static void
check_second(struct moment from, u8 mode, struct moment m)
{
	u64 begin;

	do {
		begin = rdtsc();
		set_clock(from, mode);
	} while (!wait_second(m.second, begin));
	CHECK_EQ(rtc_read(RTC_MINUTES), m.minute);
	CHECK_EQ(rtc_read(RTC_HOURS), m.hour);
	CHECK_EQ(rtc_read(RTC_WEEKDAY), m.weekday);
	CHECK_EQ(rtc_read(RTC_DAY), m.day);
	CHECK_EQ(rtc_read(RTC_MONTH), m.month);
	CHECK_EQ(rtc_read(RTC_YEAR), m.year);
}

static bool
is_bcd(u8 value, u8 max)
{
	return (value & 0xf) <= 9 && value <= max;
}

/* As firmware leaves it: BCD, 24 hours, running. */
static void
check_start(void)
{
	CHECK_EQ(rtc_read(RTC_D), RTC_D_VALID);
	CHECK_EQ(rtc_read(RTC_B) & (RTC_B_SET | MODE), RTC_B_24);
	CHECK_EQ(rtc_read(RTC_A) & 0x7f, RATE_1024);
	CHECK(is_bcd(rtc_read(RTC_SECONDS), 0x59));
	CHECK(is_bcd(rtc_read(RTC_MINUTES), 0x59));
	CHECK(is_bcd(rtc_read(RTC_HOURS), 0x23));
	CHECK(is_bcd(rtc_read(RTC_DAY), 0x31));
	CHECK(is_bcd(rtc_read(RTC_MONTH), 0x12));
	CHECK(is_bcd(rtc_read(RTC_YEAR), 0x99));
}

static void
check_ram(void)
{
	for (u8 at = 0x40; at < 0x50; at++)
		rtc_write(at, (u8)(at * 3));
	for (u8 at = 0x40; at < 0x50; at++)
		CHECK_EQ(rtc_read(at), (u8)(at * 3));
	CHECK_EQ(rtc_read(0x40 | 0x80), 0x40 * 3); /* bit 7 of the index masks NMIs */
}

/* Over the end of a leap year's February, in binary, in BCD, and with 12 hours. */
static void
check_modes(void)
{
	check_second((struct moment){59, 59, 23, 4, 28, 2, 24}, MODE,
		     (struct moment){0, 0, 0, 5, 29, 2, 24});
	check_second((struct moment){0x59, 0x59, 0x23, 1, 0x31, 0x12, 0x23}, RTC_B_24,
		     (struct moment){0x00, 0x00, 0x00, 2, 0x01, 0x01, 0x24});
	check_second((struct moment){59, 59, 11, 3, 5, 3, 24}, RTC_B_BINARY,
		     (struct moment){0, 0, 12 | PM, 3, 5, 3, 24});
}

/* Held by SET, it stands still. */
static void
check_set(void)
{
	rtc_write(RTC_B, RTC_B_SET | MODE);
	rtc_write(RTC_SECONDS, 30);
	delay_us(1200000);
	CHECK_EQ(rtc_read(RTC_SECONDS), 30);
	rtc_write(RTC_B, MODE);
}

/* Runs until `count` interrupts for this cause. at: what the clock is set to; NULL: it goes on. The
 * answer: whole seconds that passed. */
static u64
check_interrupt(u8 cause, u32 count, u64 us, const struct moment *at)
{
	u64 begin = rdtsc();

	rtc_write(RTC_B, MODE);
	rtc_read(RTC_C);
	interrupts = 0;
	causes = 0;
	if (at != NULL)
		set_clock(*at, MODE | cause);
	else
		rtc_write(RTC_B, MODE | cause);
	__asm__ volatile("sti");
	CHECK(wait_for(&interrupts, count, us));
	__asm__ volatile("cli");
	rtc_write(RTC_B, MODE);
	CHECK_EQ(causes & (cause | 0x80), cause | 0x80);
	return (rdtsc() - begin) / tsc_hz();
}

static void
check_interrupts(void)
{
	struct moment before_alarm = {10, 20, 12, 2, 1, 1, 24};
	u64 seconds;

	pic_init();
	trap_on(PIC_VECTOR + IRQ, interrupt);
	pic_unmask(IRQ);
	rtc_write(RTC_A, RATE_1024);
	check_interrupt(RTC_B_PERIODIC, 20, 2000000, NULL);
	seconds = check_interrupt(RTC_B_UPDATE, 1, 3000000, NULL);
	CHECK(interrupts <= 1 + seconds);
	rtc_write(RTC_ALARM_SECONDS, 11);
	rtc_write(RTC_ALARM_MINUTES, 20);
	rtc_write(RTC_ALARM_HOURS, RTC_ALARM_ANY);
	seconds = check_interrupt(RTC_B_ALARM, 1, 3000000, &before_alarm);
	CHECK(rtc_read(RTC_SECONDS) >= 11 && rtc_read(RTC_SECONDS) <= 11 + seconds);
	rtc_read(RTC_C);
	CHECK_EQ(rtc_read(RTC_C) & 0xa0, 0); /* reading clears */
}

GUEST("rtc")
{
	tsc_hz();
	check_start();
	check_ram();
	check_modes();
	check_set();
	check_interrupts();
}
