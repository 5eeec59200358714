/* SPDX-License-Identifier: MIT */
#include "dev/lapic_page.h"

#include "dev/lapic_model.h"

enum { WORDS = 8 }; /* registers that make up 256 bits */

/* What a CPU answers from the page (30.4.2, 30.5); it reads nothing else there but IRR and ISR. */
static const u8 constant_regs[] = {
	APIC_REG_ID,	  APIC_REG_VERSION, APIC_REG_TPR,      APIC_REG_PPR, APIC_REG_EOI,
	APIC_REG_LDR,	  APIC_REG_DFR,	    APIC_REG_SVR,      APIC_REG_ESR, APIC_REG_ICR,
	APIC_REG_INITIAL, APIC_REG_DIVIDE,  APIC_REG_SELF_IPI,
};

static u32 *
reg_in(u32 *regs, unsigned reg)
{
	return &regs[4 * reg];
}

enum lapic_mode
lapic_mode(const struct lapic *l)
{
	if (!apic_is_enabled(l))
		return LAPIC_ELSEWHERE;
	if (apic_is_x2apic(l))
		return LAPIC_X2APIC;
	return (l->base & PAGE_MASK) == LAPIC_BASE_DEFAULT ? LAPIC_XAPIC : LAPIC_ELSEWHERE;
}

/* The high half of the ICR is a register of its own in xAPIC mode alone (11.12.9). */
static void
write_icr(const struct lapic *l, u32 *regs)
{
	u32 high = (u32)(l->icr >> 32);

	if (apic_is_x2apic(l))
		regs[4 * APIC_REG_ICR + 1] = high;
	else
		*reg_in(regs, APIC_REG_ICR_HIGH) = high;
}

static void
write_registers(struct lapic *l, u32 *regs)
{
	for (unsigned i = 0; i < ARRAY_SIZE(constant_regs); i++)
		*reg_in(regs, constant_regs[i]) = apic_read_register(l, constant_regs[i]);
	for (unsigned reg = APIC_REG_LVT; reg <= APIC_REG_LVT_LAST; reg++)
		*reg_in(regs, reg) = apic_read_register(l, reg);
	for (unsigned n = 0; n < WORDS; n++) {
		*reg_in(regs, APIC_REG_ISR + n) = (u32)(l->isr[n / 2] >> 32 * (n % 2));
		*reg_in(regs, APIC_REG_IRR + n) = 0;
	}
	write_icr(l, regs);
}

/* Whether there were any. How a request came is known before it is seen: see lapic_post(). */
static bool
move_requests(struct lapic *l, u32 *regs)
{
	bool moved = false;

	for (unsigned i = 0; i < ARRAY_SIZE(l->irr); i++) {
		u64 bits;

		if (READ_ONCE(l->irr[i]) == 0)
			continue;
		bits = __atomic_exchange_n(&l->irr[i], 0, __ATOMIC_SEQ_CST);
		*reg_in(regs, APIC_REG_IRR + 2 * i) |= (u32)bits;
		*reg_in(regs, APIC_REG_IRR + 2 * i + 1) |= (u32)(bits >> 32);
		moved = true;
	}
	return moved;
}

static void
write_trigger_modes(const struct lapic *l, struct lapic_page *page)
{
	for (unsigned i = 0; i < ARRAY_SIZE(l->tmr); i++) {
		u64 bits = READ_ONCE(l->tmr[i]);

		page->eoi_exits[i] = bits;
		*reg_in(page->regs, APIC_REG_TMR + 2 * i) = (u32)bits;
		*reg_in(page->regs, APIC_REG_TMR + 2 * i + 1) = (u32)(bits >> 32);
	}
}

static u8
highest(u32 *regs, unsigned reg)
{
	for (unsigned n = WORDS; n-- > 0;) {
		u32 bits = *reg_in(regs, reg + n);

		if (bits != 0)
			return (u8)(32 * n + high_bit(bits));
	}
	return 0;
}

bool
lapic_lend(struct lapic *l, struct lapic_page *page)
{
	bool fresh = l->lent == NULL;

	if (fresh)
		write_registers(l, page->regs);
	l->lent = page->regs;
	if (!move_requests(l, page->regs) && !fresh)
		return false;
	write_trigger_modes(l, page);
	page->requested = highest(page->regs, APIC_REG_IRR);
	page->in_service = highest(page->regs, APIC_REG_ISR);
	return true;
}

static u64
wide_word(u32 *regs, unsigned reg, unsigned i)
{
	return *reg_in(regs, reg + 2 * i) | (u64)*reg_in(regs, reg + 2 * i + 1) << 32;
}

void
lapic_reclaim_slowly(struct lapic *l)
{
	u32 *regs = l->lent;

	l->lent = NULL;
	WRITE_ONCE(l->tpr, *reg_in(regs, APIC_REG_TPR) & 0xff);
	if (!apic_is_x2apic(l))
		l->icr = (*reg_in(regs, APIC_REG_ICR) & ICR_LOW_BITS) |
			 ((u64)*reg_in(regs, APIC_REG_ICR_HIGH) << 32 & ICR_DEST);
	for (unsigned i = 0; i < ARRAY_SIZE(l->irr); i++) {
		u64 requests = wide_word(regs, APIC_REG_IRR, i);

		l->isr[i] = wide_word(regs, APIC_REG_ISR, i);
		if (requests != 0)
			__atomic_fetch_or(&l->irr[i], requests, __ATOMIC_SEQ_CST);
	}
	apic_update_ppr(l);
}

void
lapic_written(struct lapic *l, unsigned offset)
{
	struct io io = {.offset = offset, .size = 4, .write = true};

	if (l->lent == NULL || offset > PAGE_SIZE - 4)
		return;
	io.value = l->lent[offset / 4];
	lapic_reclaim(l);
	lapic_mmio(l, &io);
}

void
lapic_eoi_done(struct lapic *l, u8 vector)
{
	apic_eoi_reaches(l, vector);
}
