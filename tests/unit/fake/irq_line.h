/* SPDX-License-Identifier: MIT */
/* An interrupt pin whose level and rising edges a test looks at. */
#pragma once

#include "dev/device.h"

struct fake_irq {
	struct irq_line line;
	bool level;
	u64 edges; /* rising */
};

static inline void
fake_irq_set(struct irq_line *line, bool level)
{
	struct fake_irq *irq = container_of(line, struct fake_irq, line);

	if (level && !irq->level)
		irq->edges++;
	__atomic_store_n(&irq->level, level, __ATOMIC_RELEASE);
}

static inline struct irq_line *
fake_irq_init(struct fake_irq *irq)
{
	*irq = (struct fake_irq){.line.set = fake_irq_set};
	return &irq->line;
}
