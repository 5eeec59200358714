/* SPDX-License-Identifier: MIT */
/*
 * ACPI's fixed power management hardware (ACPI 6.4, 4.8): the PM1a event and control blocks, the
 * 32-bit PM timer of the VM's clock, and one block of general-purpose events, which has none yet.
 * It is always in ACPI mode: there is no SMI command port, and SCI_EN is always set. The only sleep
 * state is S5, soft-off. pm->lock guards the state.
 */
#pragma once

#include "core/vclock.h"
#include "dev/bus.h"
#include "lib/lock.h"

/* Where the platform has it, for the FADT and the DSDT. */
enum {
	PM_BASE = 0x600,
	PM1_EVENT = PM_BASE,	   /* status, then enable: 4 bytes */
	PM1_CONTROL = PM_BASE + 4, /* 2 bytes */
	PM_TIMER = PM_BASE + 8,	   /* 4 bytes */
	PM_GPE0 = PM_BASE + 0x20,  /* status, then enable: 4 bytes */
	PM_PORTS = 0x40,
	PM_SCI_IRQ = 9,
	PM_TIMER_HZ = 3579545,
	PM_SLEEP_TYPE_S5 = 0, /* SLP_TYP for soft-off, as \_S5 says */
};

struct pm_config {
	struct vclock *clock;
	struct irq_line *sci; /* level, active high */
	/* The guest switches its machine off. Called without a lock, on the vCPU's thread. */
	void (*power_off)(void *arg);
	void *arg;
};

struct pm_state {
	u16 status; /* PM1_STS, but for TMR_STS, which is computed */
	u16 enable;
	u16 control;
	u64 timer_half; /* of the timer's 2^31 ticks, the one in which TMR_STS was last cleared */
	u16 gpe_enable;
};

struct pm_model {
	struct device dev;
	struct pm_config config;
	struct spinlock lock; /* RANK_VDEVICE: the state, and the timer's setting */
	struct vtimer timer;
	struct pm_state state;
};

void pm_model_init(struct pm_model *pm, const struct pm_config *config);
__must_check int pm_model_attach(struct pm_model *pm, struct bus *bus);

/* Presses the power button and lets it go. */
void pm_model_press_power_button(struct pm_model *pm);
