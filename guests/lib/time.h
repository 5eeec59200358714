/* SPDX-License-Identifier: MIT */
/* Time for test guests: the TSC, calibrated once against the 8254's channel 2 (port 61h). */
#pragma once

#include "include/types.h"

enum { PIT_HZ = 1193182, PIT_CH0 = 0x40, PIT_CH2 = 0x42, PIT_COMMAND = 0x43, PORT_61 = 0x61 };

u64 tsc_hz(void);
void delay_us(u64 us);
/* The TSC so many microseconds from now. */
u64 deadline_us(u64 us);
/* Waits until *flag is at least `value`: false when it isn't within so many microseconds. With
 * interrupts as they are. */
bool wait_for(const volatile u32 *flag, u32 value, u64 us);

/* That so many ticks of the TSC are at least so many microseconds, by a clock of its own that may
 * be 1 % off; and less than a second more, which is a busy machine. */
void check_elapsed(u64 ticks, u64 us);

/* Channel 2 counts down once from `count`, and this waits for it: by polling port 61h. */
void pit_wait(u16 count);
/* Channel 0 in a mode (0: one interrupt, 2: periodic), from `count`. */
void pit_start(u8 mode, u16 count);
u16 pit_count(void); /* channel 0's, latched */
