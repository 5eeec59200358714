/* SPDX-License-Identifier: MIT */
/*
 * Registers of the emulated local APIC (SDM vol. 3, table 11-1). A register's number is its offset
 * in the xAPIC's page / 16, and its MSR in x2APIC mode - 800h (table 11-6).
 */
#pragma once

#include "include/bits.h"

enum apic_reg {
	APIC_REG_ID = 0x02,
	APIC_REG_VERSION = 0x03,
	APIC_REG_TPR = 0x08,
	APIC_REG_APR = 0x09,
	APIC_REG_PPR = 0x0a,
	APIC_REG_EOI = 0x0b,
	APIC_REG_RRD = 0x0c,
	APIC_REG_LDR = 0x0d,
	APIC_REG_DFR = 0x0e,
	APIC_REG_SVR = 0x0f,
	APIC_REG_ISR = 0x10, /* eight each */
	APIC_REG_TMR = 0x18,
	APIC_REG_IRR = 0x20,
	APIC_REG_ESR = 0x28,
	APIC_REG_ICR = 0x30,
	APIC_REG_ICR_HIGH = 0x31,
	APIC_REG_LVT = 0x32, /* six: enum apic_lvt */
	APIC_REG_LVT_LAST = 0x37,
	APIC_REG_INITIAL = 0x38,
	APIC_REG_CURRENT = 0x39,
	APIC_REG_DIVIDE = 0x3e,
	APIC_REG_SELF_IPI = 0x3f,
	APIC_REGS = 0x40,
};

/* In the order of their registers. */
enum apic_lvt { LVT_TIMER, LVT_THERMAL, LVT_PERF, LVT_LINT0, LVT_LINT1, LVT_ERROR };

/* An integrated APIC with six LVT entries, without EOI-broadcast suppression (11.4.8). */
#define APIC_VERSION	 (0x14u | (LAPIC_LVTS - 1) << 16)

#define APIC_BASE_BSP	 BIT(8) /* 11.4.4 */
#define APIC_BASE_X2APIC BIT(10)
#define APIC_BASE_ENABLE BIT(11)

#define SVR_VECTOR	 BITS(7, 0) /* 11.9 */
#define SVR_ENABLE	 BIT32(8)
#define SVR_NO_FOCUS	 BIT32(9)

#define SVR_WRITABLE	 ((u32)SVR_VECTOR | SVR_ENABLE | SVR_NO_FOCUS)

#define LDR_ID		 BITS(31, 24) /* 11.6.2.2 */
#define DFR_FIXED	 0x0fffffffu

#define LVT_VECTOR	 BITS(7, 0) /* figure 11-8 */
#define LVT_DELIVERY	 BITS(10, 8)
#define LVT_STATUS	 BIT32(12) /* always idle */
#define LVT_LOW		 BIT32(13)
#define LVT_REMOTE_IRR	 BIT32(14)
#define LVT_LEVEL	 BIT32(15)
#define LVT_MASKED	 BIT32(16)
#define LVT_TIMER_MODE	 BITS(18, 17)

enum apic_timer_mode { TIMER_ONE_SHOT, TIMER_PERIODIC, TIMER_DEADLINE, TIMER_RESERVED };

#define ICR_VECTOR    BITS(7, 0) /* figures 11-12 and 11-28 */
#define ICR_DELIVERY  BITS(10, 8)
#define ICR_LOGICAL   BIT(11)
#define ICR_ASSERT    BIT(14)
#define ICR_LEVEL     BIT(15)
#define ICR_SHORTHAND BITS(19, 18)
#define ICR_DEST      BITS(63, 56)
#define ICR_DEST_WIDE BITS(63, 32)
#define ICR_LOW_BITS                                                                               \
	(ICR_VECTOR | ICR_DELIVERY | ICR_LOGICAL | ICR_ASSERT | ICR_LEVEL | ICR_SHORTHAND)

enum apic_shorthand { TO_DEST, TO_SELF, TO_ALL, TO_OTHERS };

#define ESR_SEND_ILLEGAL     BIT32(5) /* figure 11-9 */
#define ESR_RECEIVE_ILLEGAL  BIT32(6)
#define ESR_ILLEGAL_REGISTER BIT32(7)

#define TPR_CLASS	     0xf0u
#define DIVIDE_BITS	     0xbu /* figure 11-10 */
