/* SPDX-License-Identifier: MIT */
/* The RTC's registers of time: see dev/rtc_time.h. The calendar is the Gregorian one. */
#include "dev/rtc_time.h"

enum {
	ERA_YEARS = 400,
	ERA_DAYS = 146097,
	MARCH = 3,
	PM = 0x80,	   /* with 12 hours */
	DONT_CARE = 0xc0,  /* both bits, in an alarm register */
	BEGIN_WEEKDAY = 3, /* of our first day, 0: Sunday */
};

struct date {
	u64 year; /* ERA_YEARS more than it is called */
	u64 month, day;
};

/*
 * Years begin with March here, so that the leap day is the last: day 0 is 1 March of the year -400.
 * Then (153 * month + 2) / 5 days are before a month, and y / 4 - y / 100 leap days before a year.
 */
static u64
days_of_date(struct date date)
{
	u64 months = date.month + 12 - MARCH; /* since March of the year before */
	u64 year = date.year - 1 + months / 12;

	return year * 365 + year / 4 - year / 100 + year / 400 + (153 * (months % 12) + 2) / 5 +
	       date.day - 1;
}

static struct date
date_of_days(u64 days)
{
	u64 of_era = days % ERA_DAYS;
	u64 year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	u64 of_year = of_era - (year * 365 + year / 4 - year / 100);
	u64 month = (5 * of_year + 2) / 153;
	struct date date = {
		.year = days / ERA_DAYS * ERA_YEARS + year + (month >= 10),
		.month = month < 10 ? month + MARCH : month + MARCH - 12,
		.day = of_year - (153 * month + 2) / 5 + 1,
	};

	return date;
}

static u8
encode(u64 value, u8 b)
{
	return (u8)(b & RTC_B_BINARY ? value : value / 10 % 10 << 4 | value % 10);
}

static u64
decode(u8 reg, u8 b)
{
	return b & RTC_B_BINARY ? reg : (reg >> 4) * 10u + (reg & 15);
}

/* 12 hours: 12, 1 to 11, and again with the PM bit. */
static u8
encode_hour(u64 hour, u8 b)
{
	if (b & RTC_B_24_HOURS)
		return encode(hour, b);
	return (u8)(encode(hour % 12 == 0 ? 12 : hour % 12, b) | (hour >= 12 ? PM : 0));
}

static u64
decode_hour(u8 reg, u8 b)
{
	if (b & RTC_B_24_HOURS)
		return decode(reg, b);
	return decode(reg & (u8)~PM, b) % 12 + (reg & PM ? 12 : 0);
}

void
rtc_time_encode(u64 seconds, u8 weekday_shift, u8 b, u8 *cmos)
{
	u64 days = seconds / DAY_SECONDS, second = seconds % DAY_SECONDS;
	struct date date = date_of_days(days);
	u64 year = date.year - ERA_YEARS;

	cmos[RTC_SECONDS] = encode(second % 60, b);
	cmos[RTC_MINUTES] = encode(second / 60 % 60, b);
	cmos[RTC_HOURS] = encode_hour(second / 3600, b);
	cmos[RTC_WEEKDAY] = encode((days + BEGIN_WEEKDAY + weekday_shift) % 7 + 1, b);
	cmos[RTC_DAY] = encode(date.day, b);
	cmos[RTC_MONTH] = encode(date.month, b);
	cmos[RTC_YEAR] = encode(year % 100, b);
	cmos[RTC_CENTURY] = encode(year / 100 % 100, b);
}

u64
rtc_time_decode(const u8 *cmos, u8 b, u8 *weekday_shift)
{
	struct date date = {
		.year = decode(cmos[RTC_CENTURY], b) * 100 + decode(cmos[RTC_YEAR], b) + ERA_YEARS,
		.month = decode(cmos[RTC_MONTH], b),
		.day = decode(cmos[RTC_DAY], b),
	};
	u64 days = days_of_date(date);
	u64 weekday = decode(cmos[RTC_WEEKDAY], b) + 6; /* 1 is Sunday */

	*weekday_shift = (u8)((weekday + 7 - (days + BEGIN_WEEKDAY) % 7) % 7);
	return days * DAY_SECONDS + decode_hour(cmos[RTC_HOURS], b) * 3600 +
	       decode(cmos[RTC_MINUTES], b) * 60 + decode(cmos[RTC_SECONDS], b);
}

/* The first value from `from` on, below `end`, that an alarm register matches; `end`: none. */
static u64
first_match(u8 alarm, u64 from, u64 end, u8 b, u8 (*encoder)(u64 value, u8 b))
{
	if ((alarm & DONT_CARE) == DONT_CARE)
		return from;
	while (from < end && encoder(from, b) != alarm)
		from++;
	return from;
}

/* Each field goes on from where the time is; when one has moved, the smaller ones begin again. */
bool
rtc_time_next_alarm(u64 seconds, const u8 *cmos, u8 b, u64 *when)
{
	u8 sec = cmos[RTC_SECONDS_ALARM], min = cmos[RTC_MINUTES_ALARM];
	u8 hour = cmos[RTC_HOURS_ALARM];
	u64 first_s = first_match(sec, 0, 60, b, encode);
	u64 first_m = first_match(min, 0, 60, b, encode);
	u64 first_h = first_match(hour, 0, 24, b, encode_hour);
	u64 from = seconds + 1, day = from / DAY_SECONDS * DAY_SECONDS;
	u64 h0 = from % DAY_SECONDS / 3600, m0 = from / 60 % 60, h, m, s;
	bool next_day, next_hour, next_minute;

	if (first_s == 60 || first_m == 60 || first_h == 24)
		return false;
	s = first_match(sec, from % 60, 60, b, encode);
	m = first_match(min, s == 60 ? m0 + 1 : m0, 60, b, encode);
	h = first_match(hour, m == 60 ? h0 + 1 : h0, 24, b, encode_hour);
	next_day = h == 24;
	next_hour = h != h0;
	next_minute = next_hour || m != m0;
	*when = day + (next_day ? DAY_SECONDS + first_h * 3600 : h * 3600) +
		(next_hour ? first_m : m) * 60 + (next_minute ? first_s : s);
	return true;
}
