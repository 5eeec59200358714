/* SPDX-License-Identifier: MIT */
/* The error status register (SDM vol. 3, 11.5.3): errors gather, and a write to it shows them. */
#include "dev/lapic_model.h"

/*
 * The first error since the last write to the ESR raises the interrupt. When its own vector is
 * illegal, that is one more error, but no longer the first.
 */
void
apic_error(struct lapic *l, u32 bits)
{
	if (__atomic_fetch_or(&l->errors, bits, __ATOMIC_SEQ_CST) == 0)
		apic_fire_lvt(l, LVT_ERROR);
}

void
apic_latch_errors(struct lapic *l)
{
	l->esr = __atomic_exchange_n(&l->errors, 0, __ATOMIC_SEQ_CST);
}
