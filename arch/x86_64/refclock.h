/* SPDX-License-Identifier: MIT */
/* Counters of a known rate, outside of the CPU: HPET, ACPI PM timer, PIT. */
#pragma once

#include "include/errors.h"
#include "include/types.h"

struct refclock {
	const char *name;
	u64 (*read)(void);
	u64 hz;
	u64 mask; /* the counter wraps after this value */
};

/*
 * The HPET at these mapped registers (IA-PC HPET specification 1.0a, 2.3), started here.
 * -ERR_NODEV when it is absent or says something impossible.
 */
__must_check int hpet_init(volatile void *regs, const struct refclock **out);

/* The PM timer (ACPI 4.8.3.3) at this port, of 24 or 32 bits. -ERR_NODEV when it stands still. */
__must_check int pm_timer_init(u16 port, bool wide, const struct refclock **out);

/* Channel 2 of the PIT, gated on by port 61h (8254 datasheet). Good for 50 ms at a time. */
__must_check int pit_init(const struct refclock **out);
