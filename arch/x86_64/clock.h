/* SPDX-License-Identifier: MIT */
/* The set-up of clock_ns() (time.h), by boot/. */
#pragma once

#include "arch/x86_64/refclock.h"

/* The clock's zero; from then on it runs by the TSC, whatever its rate is known to be. */
void clock_init(u64 tsc_at_start);

/* From here the clock is this counter, or stays the TSC (NULL). Once, on the boot CPU. */
void clock_use(const struct refclock *ref);

const char *clock_source_name(void);
bool clock_is_tsc(void);

/* The clock must be read at least this often, or it misses a wrap of its counter; 0: no need. */
u64 clock_keepalive_ns(void);
