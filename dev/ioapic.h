/* SPDX-License-Identifier: MIT */
/*
 * The I/O APIC: Intel 82093AA, version 11h (no EOI register), with 24 inputs. Its lock (RANK_VIRQ)
 * guards all; devices set inputs from any thread, below their own locks.
 *
 * A line's level says whether the device asserts it. An input that is wired active low is
 * electrically low then, which is what the guest's polarity bit is about: with the wrong one it
 * sees the inverse, as on hardware.
 */
#pragma once

#include "dev/bus.h"
#include "dev/lapic_bus.h"
#include "lib/lock.h"

#define IOAPIC_BASE 0xfec00000ul

enum { IOAPIC_INPUTS = 24, IOAPIC_LEN = 0x1000 };

/* How a PC is wired: ISA on 0 to 15 active high, PCI on 16 to 23 active low. */
#define IOAPIC_PC_ACTIVE_LOW 0xff0000u

struct ioapic_input {
	struct irq_line line;
	struct ioapic *ioapic;
	u8 number;
};

struct ioapic {
	struct device dev;
	struct spinlock lock; /* guards all below */
	struct lapic_bus *bus;
	u32 active_low; /* constant: inputs that are wired so */
	u32 asserted;	/* by their devices */
	u8 select, id;
	u64 entries[IOAPIC_INPUTS];
	struct ioapic_input inputs[IOAPIC_INPUTS];
};

/* Takes EOIs from the local APICs' bus. */
void ioapic_setup(struct ioapic *io, struct lapic_bus *bus, u32 active_low);
/* Registers it at IOAPIC_BASE. */
__must_check int ioapic_attach(struct ioapic *io, struct bus *bus);

/* The handle for a device on input `number`. */
struct irq_line *ioapic_line(struct ioapic *io, unsigned number);
void ioapic_set(struct ioapic *io, unsigned number, bool level);

/* A local APIC's EOI broadcast. */
void ioapic_eoi(struct ioapic *io, u8 vector);
