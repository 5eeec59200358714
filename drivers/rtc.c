/* SPDX-License-Identifier: MIT */
/* The machine's real-time clock. */
#include "drivers/rtc.h"

#include "arch/x86_64/io.h"
#include "arch/x86_64/time.h"

enum {
	PORT_INDEX = 0x70,
	PORT_DATA = 0x71,
	REG_A = 0x0a,
	REG_A_UIP = 0x80, /* an update is near, or under way */
	REG_B = 0x0b,
	REG_B_24H = 0x02,
	REG_B_BINARY = 0x04,
	HOUR_PM = 0x80,
	UPDATE_US = 10000, /* an update takes 2 ms, after a warning of 244 us */
	TRIES = 5,
};

enum field { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, FIELDS };

static const u8 registers[FIELDS] = {0x00, 0x02, 0x04, 0x07, 0x08, 0x09};

static u8
cmos(u8 index)
{
	out8(PORT_INDEX, index);
	return in8(PORT_DATA);
}

static bool
read_fields(u8 fields[FIELDS])
{
	if (!wait_until(UPDATE_US, (cmos(REG_A) & REG_A_UIP) == 0))
		return false;
	for (unsigned i = 0; i < FIELDS; i++)
		fields[i] = cmos(registers[i]);
	return true;
}

/* Two readings that agree were not cut by an update. */
static bool
read_stable(u8 fields[FIELDS])
{
	u8 again[FIELDS];

	for (unsigned n = 0; n < TRIES; n++) {
		bool same = read_fields(fields) && read_fields(again);

		for (unsigned i = 0; i < FIELDS && same; i++)
			same = fields[i] == again[i];
		if (same)
			return true;
	}
	return false;
}

static u64
decode(u8 value, bool binary)
{
	return binary ? value : (value >> 4) * 10u + (value & 15);
}

/* Days since 1970: the year begins in March, so that a leap day is its last. */
static u64
days(u64 year, u64 month, u64 day)
{
	u64 y = month <= 2 ? year - 1 : year;
	u64 m = month <= 2 ? month + 9 : month - 3;

	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

u64
rtc_seconds(u64 year, u64 month, u64 day, u64 hour, u64 minute, u64 second)
{
	return ((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
}

static u64
hour_of(u8 raw, u8 control)
{
	bool binary = (control & REG_B_BINARY) != 0;
	u64 hour;

	if (control & REG_B_24H)
		return decode(raw, binary);
	hour = decode(raw & (u8)~HOUR_PM, binary) % 12;
	return (raw & HOUR_PM) != 0 ? hour + 12 : hour;
}

int
rtc_read(u64 *seconds)
{
	u8 f[FIELDS], control = cmos(REG_B);
	bool binary = (control & REG_B_BINARY) != 0;
	u64 month, day, year;

	if (!read_stable(f))
		return fail(-ERR_TIMEOUT);
	month = decode(f[MONTH], binary);
	day = decode(f[DAY], binary);
	year = 2000 +
	       decode(f[YEAR], binary); /* the century's place differs, and this one will do */
	if (month < 1 || month > 12 || day < 1 || day > 31)
		return fail(-ERR_FORMAT);
	*seconds = rtc_seconds(year, month, day, hour_of(f[HOUR], control),
			       decode(f[MINUTE], binary), decode(f[SECOND], binary));
	return 0;
}
