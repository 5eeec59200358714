/* SPDX-License-Identifier: MIT */
/* The real-time clock (MC146818A data sheet), as a test guest drives it. */
#pragma once

#include "arch/x86_64/io.h"

enum { RTC_INDEX = 0x70, RTC_DATA = 0x71 };
enum { RTC_SECONDS = 0, RTC_MINUTES = 2, RTC_HOURS = 4, RTC_WEEKDAY = 6, RTC_DAY, RTC_MONTH };
enum { RTC_YEAR = 9, RTC_A, RTC_B, RTC_C, RTC_D, RTC_CENTURY = 0x32 };
enum { RTC_ALARM_SECONDS = 1, RTC_ALARM_MINUTES = 3, RTC_ALARM_HOURS = 5, RTC_ALARM_ANY = 0xc0 };
enum { RTC_A_UIP = 0x80, RTC_B_SET = 0x80, RTC_B_PERIODIC = 0x40, RTC_B_ALARM = 0x20 };
enum { RTC_B_UPDATE = 0x10, RTC_B_BINARY = 4, RTC_B_24 = 2, RTC_D_VALID = 0x80 };

static inline u8
rtc_read(u8 reg)
{
	out8(RTC_INDEX, reg);
	return in8(RTC_DATA);
}

static inline void
rtc_write(u8 reg, u8 value)
{
	out8(RTC_INDEX, reg);
	out8(RTC_DATA, value);
}
