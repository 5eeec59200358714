/* SPDX-License-Identifier: MIT */
/*
 * The local vector table (SDM vol. 3, 11.5.1), and the pins LINT0 and LINT1. The polarity bit of
 * the pins is kept but means nothing: the wires are the VM's own, and their level says "asserted".
 */
#include "dev/lapic_model.h"

static const u32 valid_bits[LAPIC_LVTS] = {
	[LVT_TIMER] = LVT_MASKED | LVT_TIMER_MODE | LVT_VECTOR,
	[LVT_THERMAL] = LVT_MASKED | LVT_DELIVERY | LVT_VECTOR,
	[LVT_PERF] = LVT_MASKED | LVT_DELIVERY | LVT_VECTOR,
	[LVT_LINT0] = LVT_MASKED | LVT_LEVEL | LVT_LOW | LVT_DELIVERY | LVT_VECTOR,
	[LVT_LINT1] = LVT_MASKED | LVT_LEVEL | LVT_LOW | LVT_DELIVERY | LVT_VECTOR,
	[LVT_ERROR] = LVT_MASKED | LVT_VECTOR,
};

/* What can be set: without TSC-deadline the timer's mode has its lower bit alone. */
u32
apic_lvt_bits(const struct lapic *l, enum apic_lvt n)
{
	u32 bits = valid_bits[n];

	if (n == LVT_TIMER && l->config.tsc_hz == 0)
		bits &= ~(u32)FIELD_PREP(LVT_TIMER_MODE, TIMER_DEADLINE);
	return bits;
}

static u32
delivery_of(u32 entry)
{
	return (u32)FIELD_GET(LVT_DELIVERY, entry);
}

static unsigned
pin_of(enum apic_lvt n)
{
	return n - LVT_LINT0;
}

u32
apic_read_lvt(const struct lapic *l, enum apic_lvt n)
{
	bool pin = n == LVT_LINT0 || n == LVT_LINT1;
	bool waits = pin && (READ_ONCE(l->remote_irr) & BIT32(pin_of(n))) != 0;

	return l->lvt[n] | (waits ? LVT_REMOTE_IRR : 0);
}

/* A level-triggered one comes once, until its EOI. */
static void
deliver_fixed(struct lapic *l, unsigned pin, u32 entry)
{
	u32 bit = BIT32(pin);
	u8 vector = (u8)FIELD_GET(LVT_VECTOR, entry);

	if ((entry & LVT_LEVEL) == 0)
		lapic_post(l, vector, false);
	else if ((__atomic_fetch_or(&l->remote_irr, bit, __ATOMIC_SEQ_CST) & bit) == 0 &&
		 !lapic_post(l, vector, true))
		__atomic_fetch_and(&l->remote_irr, ~bit, __ATOMIC_SEQ_CST);
}

/* A pin has risen. What an ExtINT is about, lapic_pending() sees by the level. */
static void
deliver_pin(struct lapic *l, unsigned pin)
{
	u32 entry = READ_ONCE(l->lvt[LVT_LINT0 + pin]);
	const struct lapic_ops *ops = l->config.ops;

	if ((entry & LVT_MASKED) != 0)
		return;
	switch (delivery_of(entry)) {
	case APIC_FIXED: deliver_fixed(l, pin, entry); break;
	case APIC_NMI: ops->nmi(l); break;
	case APIC_INIT: ops->init(l); break;
	case APIC_EXTINT: ops->kick(l); break;
	default: break; /* SMI, and what is reserved */
	}
}

/* Without an APIC the pins are INTR and NMI (SDM vol. 3, 11.4.3). */
static void
deliver_without_apic(struct lapic *l, unsigned pin)
{
	if (pin == 0)
		l->config.ops->kick(l);
	else
		l->config.ops->nmi(l);
}

/* What the 8259 has asked for while its pin was masked comes now. */
void
apic_mode_changed(struct lapic *l)
{
	if (!apic_is_enabled(l) && (READ_ONCE(l->pins) & PIN_LINT(0)) != 0)
		l->config.ops->kick(l);
}

void
lapic_lint(struct lapic *l, unsigned pin, bool level)
{
	u32 bit = PIN_LINT(pin);

	if (!level) {
		__atomic_fetch_and(&l->pins, ~bit, __ATOMIC_SEQ_CST);
		return;
	}
	if ((__atomic_fetch_or(&l->pins, bit, __ATOMIC_SEQ_CST) & bit) != 0)
		return;
	if (apic_is_enabled(l))
		deliver_pin(l, pin);
	else
		deliver_without_apic(l, pin);
}

bool
apic_pin_is_extint(const struct lapic *l, unsigned pin)
{
	u32 entry = READ_ONCE(l->lvt[LVT_LINT0 + pin]);

	if (!apic_is_enabled(l))
		return pin == 0;
	return (entry & LVT_MASKED) == 0 && delivery_of(entry) == APIC_EXTINT;
}

static bool
pin_is_level(u32 entry)
{
	return (entry & (LVT_MASKED | LVT_LEVEL)) == LVT_LEVEL && delivery_of(entry) == APIC_FIXED;
}

static void
deliver_if_high(struct lapic *l, unsigned pin)
{
	if ((READ_ONCE(l->pins) & PIN_LINT(pin)) != 0)
		deliver_pin(l, pin);
}

void
apic_eoi_pins(struct lapic *l, u8 vector)
{
	for (unsigned pin = 0; pin < 2; pin++) {
		u32 entry = l->lvt[LVT_LINT0 + pin];

		if (FIELD_GET(LVT_VECTOR, entry) != vector)
			continue;
		__atomic_fetch_and(&l->remote_irr, ~BIT32(pin), __ATOMIC_SEQ_CST);
		if (pin_is_level(entry))
			deliver_if_high(l, pin);
	}
}

void
apic_write_lvt(struct lapic *l, enum apic_lvt n, u32 value)
{
	value &= apic_lvt_bits(l, n);
	if ((l->svr & SVR_ENABLE) == 0)
		value |= LVT_MASKED; /* 11.4.7.2 */
	WRITE_ONCE(l->lvt[n], value);
	if (n == LVT_TIMER)
		apic_timer_set_mode(l, (enum apic_timer_mode)FIELD_GET(LVT_TIMER_MODE, value));
	else if ((n == LVT_LINT0 || n == LVT_LINT1) &&
		 (pin_is_level(value) || apic_pin_is_extint(l, pin_of(n))))
		deliver_if_high(l, pin_of(n));
}

void
apic_fire_lvt(struct lapic *l, enum apic_lvt n)
{
	u32 entry = READ_ONCE(l->lvt[n]);

	if ((entry & LVT_MASKED) == 0)
		lapic_post(l, (u8)FIELD_GET(LVT_VECTOR, entry), false);
}
