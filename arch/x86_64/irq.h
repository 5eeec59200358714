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

/* What a device writes, and where, to interrupt a CPU. */
struct irq_message {
	u64 address;
	u32 data;
};

/*
 * A vector of its own for a device's messages to this CPU. -ERR_FULL without a free one, -ERR_RANGE
 * when the CPU's APIC id does not fit into the 8 bits of a message.
 */
__must_check int irq_install_msi(u32 cpu, irq_handler handler, void *arg, const char *name,
				 struct irq_message *out);

/* The same vector on another CPU: what the device is to write from now on. -ERR_RANGE as above. */
__must_check int irq_move_msi(u32 cpu, struct irq_message *message);

/*
 * A level-triggered input that several devices may share. Each handler looks whether its device has
 * asked, and answers that. An input that interrupts again and again while no handler takes it for
 * its own is masked, and stays so: irq_line_is_dead().
 */
typedef bool (*irq_line_handler)(void *arg);

/*
 * From here the handler is called on this CPU, or the one that an earlier handler of the input has
 * chosen, and the input is unmasked. -ERR_NODEV without such an input; -ERR_BUSY when it is
 * somebody else's, dead, or used with the other polarity; -ERR_FULL, -ERR_RANGE.
 */
__must_check int irq_line_join(u32 gsi, bool active_low, u32 cpu, irq_line_handler handler,
			       void *arg, const char *name);

/*
 * The handler may run once more, on another CPU, while this returns: arg stays valid. The last one
 * to leave masks the input.
 */
void irq_line_leave(u32 gsi, void *arg);
bool irq_line_is_dead(u32 gsi);

struct irq_info {
	u8 vector;
	const char *name;
	const char *source; /* "I/O APIC", "local APIC", "IPI", "MSI" */
	u32 gsi;	    /* with the source "I/O APIC" */
};

/* The interrupt at this vector, for a listing: also one that came though nobody handles it. */
bool irq_info(u8 vector, struct irq_info *out);
u64 irq_count(u8 vector, u32 cpu);
