/* SPDX-License-Identifier: MIT */
/*
 * The 8254 timer (Intel 82C54 data sheet), at ports 40h to 43h: three counters at 1.193182 MHz of
 * the VM's clock. A counter is no more than the tick at which it was loaded: what it shows is
 * computed when somebody looks. Only counter 0 has a timer, for the interrupt.
 *
 * Its gate is always high, as counter 1's; counter 2's is port 61h's. pit->lock guards the state.
 */
#pragma once

#include "core/vclock.h"
#include "dev/bus.h"
#include "lib/lock.h"

enum { PIT_HZ = 1193182, PIT_CHANNELS = 3 };

struct pit_channel {
	u8 control; /* the control word, bits 5:0: access, mode, BCD */
	bool gate;
	bool loaded;	/* it has its count; else it waits for one, or for its trigger */
	bool paused;	/* by the gate: it stands at `held` */
	bool has_count; /* one was written since the control word */
	u32 count;	/* the one written last: 1 to 65536 */
	u32 period;	/* the one that it counts down from */
	u64 start;	/* the tick at which that was loaded */
	u64 held;	/* ticks that had passed when the gate went low */
	bool has_next;	/* modes 2 and 3: `count` is loaded ... */
	u64 next_at;	/* ... at this tick */
	u64 next_start; /* and `start` is this then */
	bool write_high, read_high; /* the next byte is the upper one */
	u8 write_low;
	bool latched, status_latched;
	u16 latch;
	u8 status;
};

struct pit_state {
	struct pit_channel channels[PIT_CHANNELS];
	u64 edges;    /* of counter 0's output that have raised the interrupt, since `start` */
	u64 edged_ns; /* when the last did */
};

struct pit_model {
	struct device dev;
	struct vclock *clock;
	struct irq_line *irq; /* IRQ 0 */
	struct spinlock lock; /* RANK_VDEVICE: the state, and the timer's setting */
	struct vtimer timer;
	struct pit_state state;
};

void pit_model_init(struct pit_model *pit, struct vclock *clock, struct irq_line *irq);
__must_check int pit_model_attach(struct pit_model *pit, struct bus *bus);

/* For port 61h: counter 2's gate and its output. */
void pit_model_set_gate2(struct pit_model *pit, bool gate);
bool pit_model_out2(struct pit_model *pit);
