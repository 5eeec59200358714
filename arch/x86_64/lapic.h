/* SPDX-License-Identifier: MIT */
/*
 * The local APIC of this CPU (SDM vol. 3, chapter 11), by MMIO or, in x2APIC mode, by MSRs. All
 * CPUs use the mode that the boot CPU has chosen. Functions act on the calling CPU.
 */
#pragma once

#include "include/errors.h"
#include "include/types.h"

/* Physical address of the xAPIC's registers, from IA32_APIC_BASE. */
hpa_t lapic_base(void);

/* Whether this CPU was handed over, or has been put, in x2APIC mode. */
bool lapic_in_x2apic_mode(void);

/*
 * Once, on the boot CPU: chooses the mode, enables the APIC, and installs its own vectors. `regs`
 * is the mapped xAPIC, used unless the mode is x2APIC. A CPU that is in x2APIC mode already stays
 * so: the way back is not allowed (SDM vol. 3, 11.12.5).
 */
void lapic_init(volatile void *regs, bool want_x2apic);

/* The same for each further CPU, in the mode chosen. */
void lapic_init_cpu(void);

bool lapic_is_x2apic(void);
u32 lapic_id(void);
void lapic_eoi(void);

/* Tells the CPU once more what this APIC has pending: a TPR that stays 0. */
void lapic_look_again(void);

/* IPIs to one CPU by its APIC id (physical destination). Panics when the APIC does not take it. */
void lapic_send_ipi(u32 apic_id, u8 vector);
void lapic_send_init(u32 apic_id);
void lapic_send_startup(u32 apic_id, u8 page);
void lapic_nmi_others(void);

/*
 * The timer, one-shot. Calibration counts the timer against the TSC, whose rate is known by then.
 * Where the CPU has TSC-deadline and the TSC is the clock, that is used (SDM vol. 3, 11.5.4.1).
 */
void lapic_timer_calibrate(bool tsc_deadline);
void lapic_timer_init_cpu(void);
/* Fires VECTOR_TIMER in about `ns` from now, or earlier when the hardware can't count so far. */
void lapic_timer_arm(u64 ns);
void lapic_timer_stop(void);
const char *lapic_timer_name(void);
