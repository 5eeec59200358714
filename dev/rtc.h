/* SPDX-License-Identifier: MIT */
/*
 * The real-time clock and its CMOS RAM (Motorola MC146818A data sheet; PC AT), at ports 70h and
 * 71h. The time of day comes from a clock of its own, so that it goes on while the VM is paused;
 * the time of day is computed when somebody looks, and a timer runs only while an interrupt is
 * enabled. rtc->lock guards the state.
 */
#pragma once

#include "core/vclock.h"
#include "dev/bus.h"
#include "lib/lock.h"

enum { RTC_CMOS_SIZE = 128 };

struct rtc_config {
	struct vclock *clock; /* for its timer alone */
	struct irq_line *irq; /* IRQ 8 */
	/* Nanoseconds since 1970, UTC; goes on while the VM is paused. Called under the lock. */
	u64 (*wall_ns)(void *arg);
	void *arg;
	/* RAM, shown in the CMOS RAM as a PC's firmware leaves it: the address where that below
	 * 4 GiB ends, and the size of that above, in bytes. */
	u64 low_end, high_size;
};

struct rtc_state {
	u8 index;
	bool nmi_masked;
	/* Its time is (wall + phase) in whole seconds + offset. While it is frozen, by SET or the
	 * divider's reset, the registers in cmos[] hold it instead. */
	bool frozen;
	u64 phase_ns;	  /* below a second */
	u64 offset_s;	  /* modulo 2^64 */
	u8 weekday_shift; /* days that the guest's weekday is ahead of the date's */
	/* Register C, bits 6:4, and up to where they are right: its time, for the periodic flag
	 * whole periods since 1970. */
	u8 flags;
	u64 seen_s, seen_periods;
	u8 cmos[RTC_CMOS_SIZE];
};

struct rtc_model {
	struct device dev;
	struct rtc_config config;
	struct spinlock lock; /* RANK_VDEVICE: the state, and the timer's setting */
	struct vtimer timer;
	struct rtc_state state;
};

void rtc_model_init(struct rtc_model *rtc, const struct rtc_config *config);
__must_check int rtc_model_attach(struct rtc_model *rtc, struct bus *bus);

/* Bit 7 of port 70h: no NMI reaches the CPU while it is set. */
bool rtc_model_nmi_masked(struct rtc_model *rtc);
