/* SPDX-License-Identifier: MIT */
/* The local APIC's timer: one-shot by count, or TSC-deadline. */
#include "arch/x86_64/idt.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/lapic_regs.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/time.h"
#include "arch/x86_64/tsc.h"
#include "include/panic.h"

enum { CALIBRATION_US = 5000, COUNT_MAX = 0xffffffff };

static bool deadline_mode;
static u64 counts_per_ms; /* of the timer divided by 16 */

static void
measure_rate(void)
{
	u64 begin, ticks;
	u32 counted;

	lapic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_16);
	begin = rdtsc();
	lapic_write(LAPIC_TIMER_INITIAL, COUNT_MAX);
	calibration_delay_us(CALIBRATION_US);
	counted = COUNT_MAX - lapic_read(LAPIC_TIMER_CURRENT);
	ticks = rdtsc() - begin;
	lapic_write(LAPIC_TIMER_INITIAL, 0);
	counts_per_ms = (u64)counted * tsc_khz() / ticks;
	if (counts_per_ms == 0)
		panic("the local APIC's timer does not count");
}

void
lapic_timer_calibrate(bool tsc_deadline)
{
	deadline_mode = tsc_deadline;
	if (!deadline_mode)
		measure_rate();
}

/* After the LVT write that selects the mode, a fence before the first deadline: 11.5.4.1. */
void
lapic_timer_init_cpu(void)
{
	if (deadline_mode) {
		lapic_write(LAPIC_LVT_TIMER, LVT_TIMER_DEADLINE | VECTOR_TIMER);
		__asm__ volatile("mfence" : : : "memory");
	} else {
		lapic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_16);
		lapic_write(LAPIC_LVT_TIMER, LVT_TIMER_ONE_SHOT | VECTOR_TIMER);
	}
}

void
lapic_timer_arm(u64 ns)
{
	if (deadline_mode) {
		wrmsr(MSR_IA32_TSC_DEADLINE, rdtsc() + ns_to_tsc(ns) + 1);
	} else {
		u64 ms_max = COUNT_MAX / counts_per_ms;
		u64 count =
			ns / NS_PER_MS >= ms_max ? COUNT_MAX : ns * counts_per_ms / NS_PER_MS + 1;

		lapic_write(LAPIC_TIMER_INITIAL, (u32)count);
	}
}

void
lapic_timer_stop(void)
{
	if (deadline_mode)
		wrmsr(MSR_IA32_TSC_DEADLINE, 0);
	else
		lapic_write(LAPIC_TIMER_INITIAL, 0);
}

const char *
lapic_timer_name(void)
{
	return deadline_mode ? "TSC-deadline" : "one-shot count";
}
