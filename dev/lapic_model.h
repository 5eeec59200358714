/* SPDX-License-Identifier: MIT */
/* What the parts of the local APIC's model share: lapic.c, lapic_*.c. */
#pragma once

#include "dev/lapic.h"
#include "dev/lapic_regs.h"

/* In lapic->pins. */
#define PIN_LINT(n) BIT32(n)
#define PIN_EXTINT  BIT32(2) /* a message with delivery mode ExtINT waits */

static inline bool
apic_is_enabled(const struct lapic *l)
{
	return (READ_ONCE(l->base) & APIC_BASE_ENABLE) != 0;
}

static inline bool
apic_is_x2apic(const struct lapic *l)
{
	return (READ_ONCE(l->base) & APIC_BASE_X2APIC) != 0;
}

/* Neither IA32_APIC_BASE nor the SVR turns it off. */
static inline bool
apic_is_on(const struct lapic *l)
{
	return apic_is_enabled(l) && (READ_ONCE(l->svr) & SVR_ENABLE) != 0;
}

/* lapic.c: all registers but IA32_APIC_BASE as after a reset. */
void apic_reset_registers(struct lapic *l);
/* The PPR after a change of TPR or ISR (SDM vol. 3, 11.8.3.1). Own thread. */
void apic_update_ppr(struct lapic *l);
/* An EOI has ended this vector: to the I/O APIC and the pins, if it was level-triggered. */
void apic_eoi_reaches(struct lapic *l, u8 vector);

/* lapic_error.c: bits of the ESR, and the error interrupt (11.5.3). Any thread. */
void apic_error(struct lapic *l, u32 bits);
void apic_latch_errors(struct lapic *l);

/* lapic_ipi.c: a message has reached this APIC; whether it takes it. Any thread. */
bool apic_receive(struct lapic *l, const struct apic_message *message);
/* The ICR was written: sends. Own thread. */
void apic_send(struct lapic *l);
void apic_send_self(struct lapic *l, u8 vector);

/* lapic_lvt.c. A write to an entry, of its valid bits. Own thread. */
u32 apic_lvt_bits(const struct lapic *l, enum apic_lvt n);
u32 apic_read_lvt(const struct lapic *l, enum apic_lvt n);
void apic_write_lvt(struct lapic *l, enum apic_lvt n, u32 value);
/* The source of an entry has something: an edge. Any thread. */
void apic_fire_lvt(struct lapic *l, enum apic_lvt n);
/* Whether a pin passes the 8259's interrupt on, if it is high. */
bool apic_pin_is_extint(const struct lapic *l, unsigned pin);
void apic_mode_changed(struct lapic *l); /* it may be without an APIC now */
/* After an EOI: level-triggered pins that are still high come again. */
void apic_eoi_pins(struct lapic *l, u8 vector);

/* lapic_timer.c. Own thread. */
void apic_timer_setup(struct lapic *l);
void apic_timer_reset(struct lapic *l);
void apic_timer_set_mode(struct lapic *l, enum apic_timer_mode mode);
void apic_timer_set_initial(struct lapic *l, u32 count);
void apic_timer_set_divide(struct lapic *l, u32 divide);
u32 apic_timer_current(struct lapic *l);
u64 apic_timer_deadline(struct lapic *l);
void apic_timer_set_deadline(struct lapic *l, u64 tsc);

/* lapic_regs.c: by number, as both ways of access do. Own thread. */
u32 apic_read_register(struct lapic *l, unsigned reg);
void apic_write_register(struct lapic *l, unsigned reg, u32 value);
/* The LDR; in x2APIC mode it follows from the id (11.12.10.2). Any thread. */
u32 apic_logical_id(const struct lapic *l);
