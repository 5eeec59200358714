/* SPDX-License-Identifier: MIT */
/*
 * One 8259A (Intel datasheet 231468): requests, priorities, and its two ports. Part of dev/pic.c,
 * which owns the chips and holds their lock.
 */
#pragma once

#include "include/types.h"

/* Which word of the initialisation the next write to the odd port is. */
enum i8259_expect { EXPECT_NOTHING, EXPECT_ICW2, EXPECT_ICW3, EXPECT_ICW4 };

struct i8259 {
	u8 lines;			   /* levels of its inputs */
	u8 irr, isr, imr;		   /* requested, in service, masked */
	u8 level_inputs;		   /* ELCR */
	u8 cascade;			   /* the input with another chip's output; constant */
	u8 base;			   /* ICW2: vector of input 0 */
	u8 lowest;			   /* the input of lowest priority */
	u8 expect;			   /* enum i8259_expect */
	bool single, wants_icw4;	   /* ICW1 */
	bool auto_eoi, nested_all;	   /* ICW4: AEOI, SFNM */
	bool rotate_auto;		   /* OCW2: rotate in automatic EOI mode */
	bool special_mask, read_isr, poll; /* OCW3 */
};

/* Power-on; its inputs' levels stay. Before the ICWs come it requests nothing. */
void i8259_reset(struct i8259 *chip);

void i8259_set(struct i8259 *chip, unsigned input, bool level);
void i8259_set_elcr(struct i8259 *chip, u8 level_inputs);

/* The input that it requests an interrupt for now, -1 for none. */
int i8259_pending(const struct i8259 *chip);
/* INTA for that input. */
void i8259_acknowledge(struct i8259 *chip, unsigned input);

/* Its ports: the even and the odd one. */
void i8259_write(struct i8259 *chip, bool odd, u8 value);
u8 i8259_read(struct i8259 *chip, bool odd);
