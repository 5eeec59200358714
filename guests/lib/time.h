/* SPDX-License-Identifier: MIT */
/*
 * Time for test guests: the TSC, calibrated once against the 8254's channel 2 (port 61h).
 *
 * A guest may lose its CPU between any two instructions, for as long as its host likes. So what two
 * counters say is compared by looks: each is a counter's value between two values of the TSC, and
 * how far these are apart bounds the error, whatever happened in between.
 */
#pragma once

#include "include/types.h"

enum { PIT_HZ = 1193182, PIT_CH0 = 0x40, PIT_CH2 = 0x42, PIT_COMMAND = 0x43, PORT_61 = 0x61 };

struct look {
	u64 begin, end; /* the TSC around it */
	u64 value;
};

/* The closest look of some. latch: what fixes the value, where that is not the reading itself. */
struct look look_at(void (*latch)(void), u64 (*read)(void));
/* TSC ticks between two looks, from the middle of one to that of the other. */
u64 look_ticks(const struct look *from, const struct look *to);

/* Right to one part in CALIBRATION_ERROR, or the test fails. */
u64 tsc_hz(void);
enum { CALIBRATION_ERROR = 500 }; /* a part in so many */

void delay_us(u64 us);
/* The TSC so many microseconds from now. */
u64 deadline_us(u64 us);
/* Waits until *flag is at least `value`: false when it isn't within so many microseconds. With
 * interrupts as they are. */
bool wait_for(const volatile u32 *flag, u32 value, u64 us);

/* That so many ticks of the TSC are at least so many microseconds, less 1 % for what tsc_hz() and
 * the guest's timer are off; and less than ten seconds more: a busy machine makes things late. */
void check_elapsed(u64 ticks, u64 us);

/* Channel 0 in a mode (0: one interrupt, 2: periodic), from `count`. */
void pit_start(u8 mode, u16 count);
u16 pit_count(void); /* channel 0's, latched */
