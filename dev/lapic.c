/* SPDX-License-Identifier: MIT */
/* The local APIC's life, and the way of an interrupt through it: IRR, ISR, PPR, EOI. */
#include "dev/lapic.h"

#include "dev/lapic_model.h"
#include "include/panic.h"
#include "lib/string.h"

/* The highest vector in 256 bits, -1 for none. */
static inline int
highest(const u64 bits[4])
{
#pragma GCC unroll 4
	for (int word = 3; word >= 0; word--) {
		u64 value = READ_ONCE(bits[word]);

		if (value != 0)
			return word * 64 + (int)high_bit(value);
	}
	return -1;
}

static void
set_bit(u64 bits[4], u8 vector)
{
	__atomic_fetch_or(&bits[vector / 64], BIT(vector % 64), __ATOMIC_SEQ_CST);
}

static void
clear_bit(u64 bits[4], u8 vector)
{
	__atomic_fetch_and(&bits[vector / 64], ~BIT(vector % 64), __ATOMIC_SEQ_CST);
}

static bool
test_bit(const u64 bits[4], u8 vector)
{
	return (READ_ONCE(bits[vector / 64]) & BIT(vector % 64)) != 0;
}

void
apic_update_ppr(struct lapic *l)
{
	int vector = highest(l->isr);
	u32 in_service = vector < 0 ? 0 : (u32)vector & TPR_CLASS;

	WRITE_ONCE(l->ppr, (l->tpr & TPR_CLASS) >= in_service ? l->tpr : in_service);
}

/* The trigger mode comes first: whoever sees the request sees how it came. */
static bool
request(struct lapic *l, u8 vector, bool level)
{
	u64 bit = BIT(vector % 64);

	if (level)
		set_bit(l->tmr, vector);
	else if (test_bit(l->tmr, vector))
		clear_bit(l->tmr, vector);
	return (__atomic_fetch_or(&l->irr[vector / 64], bit, __ATOMIC_SEQ_CST) & bit) == 0;
}

/* A request that was there already has had its kick, and still waits. */
bool
lapic_post(struct lapic *l, u8 vector, bool level)
{
	if (!apic_is_on(l))
		return false;
	if (vector < 16) {
		apic_error(l, ESR_RECEIVE_ILLEGAL);
		return false;
	}
	if (request(l, vector, level))
		l->config.ops->kick(l);
	return true;
}

static __noinline bool
pins_wait(const struct lapic *l, u32 pins)
{
	if ((pins & PIN_EXTINT) != 0)
		return true;
	for (unsigned pin = 0; pin < 2; pin++) {
		if ((pins & PIN_LINT(pin)) != 0 && apic_pin_is_extint(l, pin))
			return true;
	}
	return false;
}

/* ExtINT passes the APIC by: no priority holds it back. */
int
lapic_highest(const struct lapic *l)
{
	u32 pins = READ_ONCE(l->pins);
	int vector;

	if (pins != 0 && pins_wait(l, pins))
		return LAPIC_EXTINT;
	if (l->lent != NULL) /* all else is the CPU's */
		return LAPIC_NOTHING;
	vector = highest(l->irr);
	if (vector < 0)
		return LAPIC_NOTHING;
	return ((u32)vector & TPR_CLASS) > (l->ppr & TPR_CLASS) ? vector : LAPIC_LATER;
}

/*
 * What was pending may be gone: an INIT, or the 8259's input fell. The CPU gets a spurious vector
 * then, of the 8259 where that is who asks (SDM vol. 3, 11.9).
 */
int
lapic_take(struct lapic *l)
{
	int vector = lapic_pending(l);

	if (vector < 0)
		return apic_pin_is_extint(l, 0) ? LAPIC_EXTINT : (int)(l->svr & SVR_VECTOR);
	if (vector == LAPIC_EXTINT) {
		__atomic_fetch_and(&l->pins, ~PIN_EXTINT, __ATOMIC_SEQ_CST);
		return vector;
	}
	clear_bit(l->irr, (u8)vector);
	l->isr[vector / 64] |= BIT(vector % 64);
	apic_update_ppr(l);
	return vector;
}

void
apic_eoi_reaches(struct lapic *l, u8 vector)
{
	if (!test_bit(l->tmr, vector))
		return;
	apic_eoi_pins(l, vector);
	if (l->bus->eoi != NULL)
		l->bus->eoi(l->bus, vector);
}

void
lapic_end_interrupt(struct lapic *l)
{
	int vector = highest(l->isr);

	if (vector < 0)
		return;
	l->isr[vector / 64] &= ~BIT(vector % 64);
	apic_update_ppr(l);
	apic_eoi_reaches(l, (u8)vector);
}

bool
lapic_eoi_is_private(const struct lapic *l, int vector)
{
	return vector >= 0 && vector < LAPIC_EXTINT && test_bit(l->isr, (u8)vector) &&
	       !test_bit(l->tmr, (u8)vector) && lapic_pending(l) == LAPIC_NOTHING;
}

static void
clear_requests(struct lapic *l)
{
	for (unsigned word = 0; word < 4; word++) {
		__atomic_store_n(&l->irr[word], 0, __ATOMIC_SEQ_CST);
		__atomic_store_n(&l->tmr[word], 0, __ATOMIC_SEQ_CST);
		l->isr[word] = 0;
	}
	__atomic_fetch_and(&l->pins, ~PIN_EXTINT, __ATOMIC_SEQ_CST);
	__atomic_store_n(&l->remote_irr, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&l->errors, 0, __ATOMIC_SEQ_CST);
}

/* SDM vol. 3, 11.4.7.1. The levels of the pins are their drivers'. */
void
apic_reset_registers(struct lapic *l)
{
	apic_timer_reset(l);
	WRITE_ONCE(l->svr, SVR_VECTOR);
	for (unsigned n = 0; n < LAPIC_LVTS; n++)
		WRITE_ONCE(l->lvt[n], LVT_MASKED);
	WRITE_ONCE(l->tpr, 0);
	WRITE_ONCE(l->ldr, 0);
	WRITE_ONCE(l->dfr, ~0u);
	l->icr = 0;
	l->esr = 0;
	clear_requests(l);
	apic_update_ppr(l);
}

void
lapic_init_reset(struct lapic *l)
{
	l->lent = NULL;
	apic_reset_registers(l);
}

void
lapic_reset(struct lapic *l)
{
	u64 boot = l->config.id == 0 ? APIC_BASE_BSP : 0;

	l->lent = NULL;
	WRITE_ONCE(l->base, LAPIC_BASE_DEFAULT | APIC_BASE_ENABLE | boot);
	apic_reset_registers(l);
}

void
lapic_setup(struct lapic *l, struct lapic_bus *bus, const struct lapic_config *config)
{
	ASSERT(config->id < LAPIC_MAX && bus->lapics[config->id] == NULL);
	memset(l, 0, sizeof(*l));
	l->config = *config;
	l->bus = bus;
	apic_timer_setup(l);
	lapic_reset(l);
	bus->lapics[config->id] = l;
	bus->count = MAX(bus->count, config->id + 1);
}

void
lapic_virtual_wire(struct lapic *l)
{
	WRITE_ONCE(l->svr, SVR_VECTOR | SVR_ENABLE);
	WRITE_ONCE(l->lvt[LVT_LINT0], (u32)FIELD_PREP(LVT_DELIVERY, APIC_EXTINT));
	WRITE_ONCE(l->lvt[LVT_LINT1], (u32)FIELD_PREP(LVT_DELIVERY, APIC_NMI));
}

u64
lapic_cr8(const struct lapic *l)
{
	return l->tpr >> 4;
}

/* SDM vol. 3, 11.8.6: MOV CR8 clears TPR[3:0]. */
void
lapic_set_cr8(struct lapic *l, u64 value)
{
	WRITE_ONCE(l->tpr, (u32)(value & 0xf) << 4);
	apic_update_ppr(l);
}
