/* SPDX-License-Identifier: MIT */
/* The machine's real-time clock (MC146818A data sheet): what time it is, once, at boot. */
#pragma once

#include "include/errors.h"
#include "include/types.h"

/*
 * Seconds since 1970 as the clock shows them; it is taken to run on UTC. -ERR_TIMEOUT when it does
 * not stand still for a reading, -ERR_FORMAT when it shows no date.
 */
__must_check int rtc_read(u64 *seconds);

/* Pure: a date of the Gregorian calendar from 1970 on, in UTC. */
u64 rtc_seconds(u64 year, u64 month, u64 day, u64 hour, u64 minute, u64 second);
