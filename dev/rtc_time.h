/* SPDX-License-Identifier: MIT */
/*
 * How the RTC writes a time of day into its registers: BCD or binary, 12 or 24 hours. Pure; for
 * dev/rtc.c alone. Its seconds are counted from a day before the year 0, so that what a guest
 * writes is never before them.
 */
#pragma once

#include "include/types.h"

enum {
	RTC_SECONDS = 0,
	RTC_SECONDS_ALARM = 1,
	RTC_MINUTES = 2,
	RTC_MINUTES_ALARM = 3,
	RTC_HOURS = 4,
	RTC_HOURS_ALARM = 5,
	RTC_WEEKDAY = 6,
	RTC_DAY = 7,
	RTC_MONTH = 8,
	RTC_YEAR = 9,
	RTC_A = 10,
	RTC_B = 11,
	RTC_C = 12,
	RTC_D = 13,
	RTC_CENTURY = 0x32,
};

/* Register B's bits that say how (MC146818A, "Register B"). */
#define RTC_B_BINARY   0x04u
#define RTC_B_24_HOURS 0x02u

enum { DAY_SECONDS = 86400 };

/* From our beginning to 1970. */
#define RTC_1970 (865565ul * DAY_SECONDS)

/* Writes the time into its registers. weekday_shift: days to be added to the date's. */
void rtc_time_encode(u64 seconds, u8 weekday_shift, u8 b, u8 *cmos);

/* Reads it; days and months that there are not are taken as what comes after. */
u64 rtc_time_decode(const u8 *cmos, u8 b, u8 *weekday_shift);

/*
 * The next second after `seconds` that the three alarm registers match ("Time, Calendar, and Alarm
 * Locations"); false when there is none.
 */
bool rtc_time_next_alarm(u64 seconds, const u8 *cmos, u8 b, u64 *when);
