/* SPDX-License-Identifier: MIT */
/* The I/O APIC (Intel's 82093AA datasheet), as a test guest drives it. */
#pragma once

#include "include/types.h"

#define IOAPIC_BASE 0xfec00000ul

enum { IOAPIC_ID = 0, IOAPIC_VERSION = 1, IOAPIC_TABLE = 0x10 };
enum {
	IOAPIC_LOW_ACTIVE = 1 << 13,
	IOAPIC_REMOTE_IRR = 1 << 14,
	IOAPIC_LEVEL = 1 << 15,
	IOAPIC_MASKED = 1 << 16,
};

u32 ioapic_read(u8 reg);
void ioapic_write(u8 reg, u32 value);
unsigned ioapic_inputs(void);
/* An entry of the table: to the APIC id given, with the low half given. */
void ioapic_route(u8 input, u32 apic_id, u32 low);
u32 ioapic_entry(u8 input); /* its low half */
