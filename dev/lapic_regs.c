/* SPDX-License-Identifier: MIT */
/* The registers by their number, whichever way they are accessed. */
#include "dev/lapic_regs.h"

#include "dev/lapic_model.h"

/* Word `n`, of 32 bits, of 256 bits. */
static u32
word_of(const u64 bits[4], unsigned n)
{
	return (u32)(READ_ONCE(bits[n / 2]) >> 32 * (n % 2));
}

u32
apic_logical_id(const struct lapic *l)
{
	u32 id = l->config.id;

	return apic_is_x2apic(l) ? (id >> 4) << 16 | BIT32(id & 0xf) : READ_ONCE(l->ldr);
}

static u32
read_simple(struct lapic *l, unsigned reg)
{
	switch (reg) {
	case APIC_REG_ID: return apic_is_x2apic(l) ? l->config.id : l->config.id << 24;
	case APIC_REG_VERSION: return APIC_VERSION;
	case APIC_REG_TPR: return l->tpr;
	case APIC_REG_PPR: return l->ppr;
	case APIC_REG_LDR: return apic_logical_id(l);
	case APIC_REG_DFR: return l->dfr;
	case APIC_REG_SVR: return l->svr;
	case APIC_REG_ESR: return l->esr;
	case APIC_REG_ICR: return (u32)l->icr;
	case APIC_REG_ICR_HIGH: return (u32)(l->icr >> 32);
	case APIC_REG_INITIAL: return l->timer.initial;
	case APIC_REG_CURRENT: return apic_timer_current(l);
	case APIC_REG_DIVIDE: return l->timer.divide;
	default: return 0; /* APR, RRD: not in this version; EOI: write-only */
	}
}

u32
apic_read_register(struct lapic *l, unsigned reg)
{
	if (reg >= APIC_REG_LVT && reg <= APIC_REG_LVT_LAST)
		return apic_read_lvt(l, (enum apic_lvt)(reg - APIC_REG_LVT));
	if (reg >= APIC_REG_ISR && reg < APIC_REG_TMR)
		return word_of(l->isr, reg - APIC_REG_ISR);
	if (reg >= APIC_REG_TMR && reg < APIC_REG_IRR)
		return word_of(l->tmr, reg - APIC_REG_TMR);
	if (reg >= APIC_REG_IRR && reg < APIC_REG_ESR)
		return word_of(l->irr, reg - APIC_REG_IRR);
	return read_simple(l, reg);
}

/* Turned off by software, all LVT entries are masked, and stay so until it is on (11.4.7.2). */
static void
write_svr(struct lapic *l, u32 value)
{
	WRITE_ONCE(l->svr, value & SVR_WRITABLE);
	if ((value & SVR_ENABLE) != 0)
		return;
	for (unsigned n = 0; n < LAPIC_LVTS; n++)
		WRITE_ONCE(l->lvt[n], l->lvt[n] | LVT_MASKED);
}

static void
write_tpr(struct lapic *l, u32 value)
{
	WRITE_ONCE(l->tpr, value & 0xff);
	apic_update_ppr(l);
}

static void
write_icr(struct lapic *l, u32 value)
{
	l->icr = (l->icr & ~0xfffffffful) | (value & ICR_LOW_BITS);
	apic_send(l);
}

static void
write_icr_high(struct lapic *l, u32 value)
{
	l->icr = (l->icr & 0xfffffffful) | ((u64)value << 32 & ICR_DEST);
}

void
apic_write_register(struct lapic *l, unsigned reg, u32 value)
{
	if (reg >= APIC_REG_LVT && reg <= APIC_REG_LVT_LAST) {
		apic_write_lvt(l, (enum apic_lvt)(reg - APIC_REG_LVT), value);
		return;
	}
	switch (reg) {
	case APIC_REG_TPR: write_tpr(l, value); break;
	case APIC_REG_EOI: lapic_end_interrupt(l); break;
	case APIC_REG_LDR: WRITE_ONCE(l->ldr, value & (u32)LDR_ID); break;
	case APIC_REG_DFR: WRITE_ONCE(l->dfr, value | DFR_FIXED); break;
	case APIC_REG_SVR: write_svr(l, value); break;
	case APIC_REG_ESR: apic_latch_errors(l); break;
	case APIC_REG_ICR: write_icr(l, value); break;
	case APIC_REG_ICR_HIGH: write_icr_high(l, value); break;
	case APIC_REG_INITIAL: apic_timer_set_initial(l, value); break;
	case APIC_REG_DIVIDE: apic_timer_set_divide(l, value & DIVIDE_BITS); break;
	case APIC_REG_SELF_IPI: apic_send_self(l, (u8)value); break;
	default: break; /* read-only */
	}
}
