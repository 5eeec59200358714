/* SPDX-License-Identifier: MIT */
/*
 * The 8042 keyboard controller (IBM PC AT technical reference, and what PS/2 added), at ports 60h
 * and 64h, with nothing plugged in: kernels reset the machine through it, and firmware sets A20.
 * The ACPI tables say that there is none, so that no kernel waits for a keyboard; one that looks
 * all the same finds a controller in order, whose keyboard and mouse do not answer.
 *
 * i8042->lock guards the state.
 */
#pragma once

#include "dev/bus.h"
#include "lib/lock.h"

struct i8042_config {
	struct irq_line *irq; /* IRQ 1, for bytes of the keyboard's */
	/* The guest resets its machine. Called without a lock, on the vCPU's thread. */
	void (*reset)(void *arg, const char *why);
	void *arg;
};

struct i8042_state {
	u8 command_byte;
	u8 output_port;
	u8 last_command; /* that waits for its byte at port 60h; 0: none does */
	u8 status;	 /* OBF, its source, time-out */
	u8 output;
};

struct i8042_model {
	struct device dev;
	struct i8042_config config;
	struct spinlock lock; /* RANK_VDEVICE */
	struct i8042_state state;
};

void i8042_model_init(struct i8042_model *i8042, const struct i8042_config *config);
__must_check int i8042_model_attach(struct i8042_model *i8042, struct bus *bus);
