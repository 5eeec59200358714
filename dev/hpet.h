/* SPDX-License-Identifier: MIT */
/*
 * The HPET (IA-PC HPET specification 1.0a) at FED00000h: a 64-bit counter of the VM's clock at
 * 100 MHz, and three timers, each one-shot or periodic, 32 or 64 bits wide, edge or level.
 *
 * With legacy replacement timer 0 takes the place of the 8254's IRQ 0 and timer 1 that of the RTC's
 * IRQ 8: their lines go through this model, by hpet->through. hpet->lock guards the state.
 */
#pragma once

#include "core/vclock.h"
#include "dev/bus.h"
#include "lib/lock.h"

#define HPET_BASE 0xfed00000ul

enum {
	HPET_SIZE = 0x400,
	HPET_TIMERS = 3,
	HPET_PERIOD_FS = 10000000, /* 10 ns */
	HPET_TICK_NS = 10,
	HPET_MINIMUM_TICK = 10000, /* periods below 100 us lose ticks; for the ACPI table */
	HPET_ROUTES = 0x00f00000,  /* I/O APIC inputs 20 to 23 */
	HPET_INPUTS = 24,
};

/* General capabilities, bits 31:0; the HPET table has the same value (2.3.4). */
#define HPET_BLOCK_ID 0x8086a201u

struct hpet_timer_state {
	u64 config; /* its read-write bits */
	u64 comparator;
	u64 period;
	u64 checked;	/* the counter's value up to which matches were handled */
	u64 matched_ns; /* when the last match was */
};

struct hpet_state {
	u64 config;
	u64 status;
	u64 counter;  /* its value while halted; else the value ... */
	u64 start_ns; /* ... at this time */
	struct hpet_timer_state timers[HPET_TIMERS];
};

struct hpet_model;

/* A line of the 8254 or the RTC on its way to the interrupt controllers. */
struct hpet_through {
	struct irq_line line; /* for who raises it */
	struct irq_line *out;
	struct hpet_model *hpet;
	bool level;
};

struct hpet_timer {
	struct hpet_model *hpet;
	struct vtimer timer;
};

struct hpet_config {
	struct vclock *clock;
	struct irq_line *legacy[2];	      /* IRQ 0 and IRQ 8 */
	struct irq_line *inputs[HPET_INPUTS]; /* I/O APIC inputs; those in HPET_ROUTES are used */
};

struct hpet_model {
	struct device dev;
	struct hpet_config config;
	struct hpet_through through[2]; /* what the 8254 and the RTC drive */
	struct spinlock lock;		/* RANK_VDEVICE: the state, and the timers' settings */
	struct hpet_timer timers[HPET_TIMERS];
	struct hpet_state state;
};

void hpet_model_init(struct hpet_model *hpet, const struct hpet_config *config);
__must_check int hpet_model_attach(struct hpet_model *hpet, struct bus *bus);
