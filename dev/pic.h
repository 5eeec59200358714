/* SPDX-License-Identifier: MIT */
/*
 * The two 8259As of a PC, cascaded on input 2 of the first, and their edge/level control registers
 * (Intel 8259A datasheet; 82371AB, 7.3.2.3). The lock (RANK_VIRQ) guards all; devices set inputs
 * from any thread, below their own locks. The output is set under the lock: what hears it takes no
 * lock of RANK_VIRQ (the local APIC's LINT0 doesn't).
 *
 * An edge is kept until it is acknowledged, also when its line falls before that.
 */
#pragma once

#include "dev/bus.h"
#include "dev/i8259.h"
#include "lib/lock.h"

enum { PIC_INPUTS = 16 };

struct pic {
	struct device dev;
	struct spinlock lock; /* guards all below */
	struct i8259 chips[2];
	bool output_level;
	struct irq_line *output; /* INTR, constant */
};

void pic_setup(struct pic *pic, struct irq_line *output);
/* Registers 20h, A0h and 4D0h. */
__must_check int pic_attach(struct pic *pic, struct bus *bus);

/* Input 0 to 15 but 2, which is the cascade's and is ignored. */
void pic_set(struct pic *pic, unsigned input, bool level);

/* What the CPU gets, INTA: its vector; a spurious one (input 7) when the request has gone. */
u8 pic_acknowledge(struct pic *pic);
/* The vector that pic_acknowledge() would give now; changes nothing. */
u8 pic_vector(struct pic *pic);
