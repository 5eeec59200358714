/* SPDX-License-Identifier: MIT */
/*
 * What every device model is made of. A model is pure: it knows guest memory only through
 * core/guest_memory.h, interrupts only through an irq_line, time only through core/vclock.h, and
 * gets its accesses as struct io. It never sees a vCPU, an instruction or a host address.
 *
 * A model's own spinlock (RANK_VDEVICE) guards its registers: vCPUs and timers come at any time.
 * Interrupt controllers are below them (RANK_VIRQ). All state that a guest can reach is in one
 * struct, which reset() puts back to power-on.
 */
#pragma once

#include "include/errors.h"
#include "include/list.h"
#include "include/types.h"

enum space { SPACE_IO, SPACE_MMIO };

/* One access, whole inside its region: size is 1, 2, 4 or 8. */
struct io {
	u64 offset; /* from the region's base */
	u8 size;
	bool write;
	u64 value; /* written, or to be filled in: the upper bytes beyond size are ignored */
};

struct device {
	const char *name; /* for `vm info` and the log */
	u32 irqs; /* ISA interrupts, and from 16 I/O APIC inputs, that it is wired to, a bit each:
		     for `vm info` */
	void (*reset)(struct device *dev);
	struct list link; /* in its bus */
};

/* All that a device shows the bus. */
struct region {
	enum space space;
	u64 base, len;
	struct device *dev;
	/* Fills io->value of a read. A device can't fail an access; what it does not know reads
	 * as its hardware does. */
	void (*access)(struct device *dev, struct io *io);
};

/* An interrupt pin, as the device sees it: its level. Edges are the controller's business. */
struct irq_line {
	void (*set)(struct irq_line *line, bool level);
};

static inline void
irq_set(struct irq_line *line, bool level)
{
	if (line != NULL)
		line->set(line, level);
}

static inline void
irq_pulse(struct irq_line *line)
{
	irq_set(line, true);
	irq_set(line, false);
}
