/* SPDX-License-Identifier: MIT */
/*
 * How a PC's interrupt controllers are wired: ISA line n drives input n of the 8259s and of the
 * I/O APIC, but line 0, the 8254's, input 2 of the latter, as the MADT says; line 2 does not exist.
 * The 8259s' output drives LINT0 of the boot processor. Constant once made: no lock.
 */
#pragma once

#include "dev/ioapic.h"
#include "dev/lapic.h"
#include "dev/pic.h"

enum { ISA_LINES = 16, ISA_TIMER_GSI = 2 };

struct isa_line {
	struct irq_line line;
	struct isa_irqs *irqs;
	u8 number;
	bool level;
};

struct isa_irqs {
	struct pic *pic;
	struct ioapic *ioapic;
	struct lapic *boot;
	struct irq_line intr; /* the 8259s' output */
	struct isa_line lines[ISA_LINES];
};

/* Before pic_setup(), which gets &irqs->intr. */
void isa_irqs_setup(struct isa_irqs *irqs, struct pic *pic, struct ioapic *ioapic,
		    struct lapic *boot);

/* The handle for the device on ISA line `number`, not 2. */
struct irq_line *isa_irq_line(struct isa_irqs *irqs, unsigned number);
