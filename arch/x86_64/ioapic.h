/* SPDX-License-Identifier: MIT */
/*
 * The machine's I/O APICs (82093AA datasheet; ICH9 datasheet 13.5), and the old 8259s, which are
 * masked for good. Filled from the MADT during boot; all inputs are masked until routed.
 */
#pragma once

#include "include/errors.h"
#include "include/types.h"

enum { IOAPICS_MAX = 16 };

/* An I/O APIC at these mapped registers, whose inputs begin at this GSI. -ERR_FULL, -ERR_NODEV. */
__must_check int ioapic_add(volatile void *regs, u32 gsi_base);

/* An ISA interrupt is on another GSI, or of another kind, than ISA's own (MADT type 2). */
void ioapic_override(u8 isa, u32 gsi, bool level, bool active_low);

struct isa_route {
	u32 gsi;
	bool level, active_low;
};

struct isa_route ioapic_isa_route(u8 isa);

/*
 * Routes an input to a vector of one CPU, and unmasks it. -ERR_NODEV without such an input,
 * -ERR_RANGE when the APIC id does not fit into the 8 bits of a redirection entry.
 */
__must_check int ioapic_route(u32 gsi, bool level, bool active_low, u8 vector, u32 apic_id);

/* Masks an input again. */
void ioapic_mask(u32 gsi);

/* Masks every line of the two 8259s, moved away from the exceptions' vectors first. */
void pic_disable(void);
