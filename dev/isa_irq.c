/* SPDX-License-Identifier: MIT */
/* The wires between ISA devices, the 8259s, the I/O APIC and the boot processor. */
#include "dev/isa_irq.h"

#include "include/panic.h"

enum { ISA_TIMER = 0, ISA_CASCADE = 2 };

static void
line_set(struct irq_line *line, bool level)
{
	struct isa_line *isa = container_of(line, struct isa_line, line);
	struct isa_irqs *irqs = isa->irqs;

	/* Devices say their level whenever it may have changed. A line is one device's, which has
	 * its lock. */
	if (isa->level == level)
		return;
	isa->level = level;
	pic_set(irqs->pic, isa->number, level);
	ioapic_set(irqs->ioapic, isa->number == ISA_TIMER ? ISA_TIMER_GSI : isa->number, level);
}

static void
intr_set(struct irq_line *line, bool level)
{
	lapic_lint(container_of(line, struct isa_irqs, intr)->boot, 0, level);
}

void
isa_irqs_setup(struct isa_irqs *irqs, struct pic *pic, struct ioapic *ioapic, struct lapic *boot)
{
	*irqs = (struct isa_irqs){.pic = pic, .ioapic = ioapic, .boot = boot, .intr = {intr_set}};
	for (unsigned n = 0; n < ISA_LINES; n++)
		irqs->lines[n] = (struct isa_line){{line_set}, irqs, (u8)n, false};
}

struct irq_line *
isa_irq_line(struct isa_irqs *irqs, unsigned number)
{
	ASSERT(number < ISA_LINES && number != ISA_CASCADE);
	return &irqs->lines[number].line;
}
