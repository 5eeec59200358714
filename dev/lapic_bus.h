/* SPDX-License-Identifier: MIT */
/*
 * What carries interrupt messages: from local APICs (IPIs) and I/O APICs to the local APICs of a
 * VM's vCPUs, and the EOI of a level-triggered interrupt back to the I/O APIC (SDM vol. 3, 11.6).
 * The APICs join while the VM is made; then the bus is constant but for atomics: any thread sends,
 * without a lock.
 */
#pragma once

#include "include/types.h"

enum { LAPIC_MAX = 64 };

struct lapic;

/* SDM vol. 3, figure 11-12; the 82093AA has the same numbers. */
enum apic_delivery {
	APIC_FIXED = 0,
	APIC_LOWEST = 1,
	APIC_SMI = 2,
	APIC_NMI = 4,
	APIC_INIT = 5,
	APIC_STARTUP = 6, /* of IPIs only */
	APIC_EXTINT = 7,  /* of LINT pins and I/O APICs only */
};

struct apic_message {
	u32 dest;
	u8 vector;   /* with APIC_STARTUP: the page */
	u8 delivery; /* enum apic_delivery */
	bool logical, level;
	bool wide; /* dest has the 32 bits of x2APIC, not the 8 of xAPIC and I/O APIC */
};

struct lapic_bus {
	struct lapic *lapics[LAPIC_MAX]; /* by APIC id */
	u32 count;
	u32 turn; /* atomic: where the search for the lowest priority begins */
	void (*eoi)(struct lapic_bus *bus, u8 vector); /* of the I/O APIC; NULL without one */
	void *ioapic;
};

void lapic_bus_init(struct lapic_bus *bus);

/* Whether any local APIC took it. Any thread. */
bool lapic_bus_send(struct lapic_bus *bus, const struct apic_message *message);
