/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of devices: a vector, a handler, a count per CPU. Handlers run with interrupts off
 * and must not sleep; the local APIC's EOI is sent after the handler returns.
 */
#pragma once

#include "include/errors.h"
#include "include/types.h"

typedef void (*irq_handler)(void *arg);

/*
 * Routes an I/O APIC input to a vector of its own on the boot CPU, with the trigger mode and
 * polarity that the MADT gives, and unmasks it. `isa` numbers go through the MADT's overrides.
 * The name is kept, not copied. -ERR_NODEV without such an input, -ERR_FULL without a free vector.
 */
__must_check int irq_install_isa(u8 isa, irq_handler handler, void *arg, const char *name);
__must_check int irq_install_gsi(u32 gsi, bool level, bool active_low, irq_handler handler,
				 void *arg, const char *name);

struct irq_info {
	u8 vector;
	const char *name;
	const char *source; /* "I/O APIC", "local APIC", "IPI" */
	u32 gsi;	    /* with the source "I/O APIC" */
};

/* The interrupt at this vector, for a listing: also one that came though nobody handles it. */
bool irq_info(u8 vector, struct irq_info *out);
u64 irq_count(u8 vector, u32 cpu);
