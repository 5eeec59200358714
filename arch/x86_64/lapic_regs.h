/* SPDX-License-Identifier: MIT */
/* Registers of the local APIC, SDM vol. 3, table 11-1; in x2APIC mode MSR 0x800 + (offset >> 4). */
#pragma once

#include "include/bits.h"

enum {
	LAPIC_ID = 0x20,
	LAPIC_VERSION = 0x30,
	LAPIC_TPR = 0x80,
	LAPIC_EOI = 0xb0,
	LAPIC_SVR = 0xf0,
	LAPIC_ESR = 0x280,
	LAPIC_ICR_LOW = 0x300,
	LAPIC_ICR_HIGH = 0x310,
	LAPIC_LVT_TIMER = 0x320,
	LAPIC_LVT_THERMAL = 0x330,
	LAPIC_LVT_PERF = 0x340,
	LAPIC_LVT_LINT0 = 0x350,
	LAPIC_LVT_LINT1 = 0x360,
	LAPIC_LVT_ERROR = 0x370,
	LAPIC_TIMER_INITIAL = 0x380,
	LAPIC_TIMER_CURRENT = 0x390,
	LAPIC_TIMER_DIVIDE = 0x3e0,
};

#define VERSION_MAX_LVT	   BITS(23, 16) /* 11.4.8 */

#define SVR_ENABLE	   BIT32(8) /* 11.9 */

/* LVT, figure 11-8 */
#define LVT_MASKED	   BIT32(16)
#define LVT_DELIVERY	   (7u << 8)
#define LVT_DELIVERY_SMI   (2u << 8)
#define LVT_DELIVERY_NMI   (4u << 8)
#define LVT_TIMER_ONE_SHOT 0u
#define LVT_TIMER_DEADLINE (2u << 17)

/* ICR, figure 11-12 */
#define ICR_FIXED	   0u
#define ICR_NMI		   (4u << 8)
#define ICR_INIT	   (5u << 8)
#define ICR_STARTUP	   (6u << 8)
#define ICR_PENDING	   BIT32(12)
#define ICR_ASSERT	   BIT32(14)
#define ICR_LEVEL	   BIT32(15)
#define ICR_ALL_BUT_SELF   (3u << 18)

#define TIMER_DIVIDE_BY_16 3u /* figure 11-10 */

u32 lapic_read(u32 reg);
void lapic_write(u32 reg, u32 value);
