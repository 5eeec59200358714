/* SPDX-License-Identifier: MIT */
/*
 * The registers of a local APIC in the layout of the xAPIC's page, lent to a CPU that carries out
 * by itself most of what a guest does to them (SDM vol. 3, ch. 30): while it has them, TPR, PPR,
 * ISR, ICR and the requests that were there when it got them are in the page alone. New requests
 * come to the IRR of struct lapic from any thread as ever, and into the page by the next
 * lapic_lend(). All functions: own thread, with the guest not running.
 *
 * Other threads that look for the lowest priority see PPR and ISR as they were when lent, which is
 * as good as any: arbitration is a hint (11.6.2.4).
 */
#pragma once

#include "dev/lapic.h"

enum lapic_mode { LAPIC_ELSEWHERE, LAPIC_XAPIC, LAPIC_X2APIC };

struct lapic_page {
	u32 *regs;	  /* 4 KiB; register n is at word 4 * n */
	u64 eoi_exits[4]; /* vectors whose EOI somebody waits for: the level-triggered ones */
	u8 requested, in_service; /* the highest in IRR and ISR; 0: none */
};

/* Elsewhere: turned off, or the page is not at its usual address. */
enum lapic_mode lapic_mode(const struct lapic *l);

/* Answers whether anything in *page has changed. */
bool lapic_lend(struct lapic *l, struct lapic_page *page);

/* The guest has written the register at this offset in the page, which the CPU leaves to us. */
void lapic_written(struct lapic *l, unsigned offset);

/* The CPU has carried out the EOI of a vector in page->eoi_exits. */
void lapic_eoi_done(struct lapic *l, u8 vector);
