/* SPDX-License-Identifier: MIT */
/* The local APIC by MMIO (SDM vol. 3, chapter 11), as a test guest drives it: no error handling. */
#pragma once

#include "arch/x86_64/lapic_regs.h"

#define APIC_BASE 0xfee00000ul

enum { APIC_LDR = 0xd0, APIC_DFR = 0xe0, APIC_ISR = 0x100, APIC_TMR = 0x180, APIC_IRR = 0x200 };
enum { APIC_PPR = 0xa0, APIC_SPURIOUS_VECTOR = 0xff };

u32 apic_read(u32 reg);
void apic_write(u32 reg, u32 value);
void apic_enable(void);
u32 apic_id(void);
void apic_eoi(void);
/* command: the ICR's low half. Waits until it is sent. */
void apic_send(u32 id, u32 command);
/* Whether a vector's bit is set in ISR, TMR or IRR. */
bool apic_bit(u32 reg, u8 vector);
