/* SPDX-License-Identifier: MIT */
/* The IDT, and what an interrupt or exception leads to. */
#include "arch/x86_64/idt.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/interrupt.h"
#include "arch/x86_64/panic.h"
#include "arch/x86_64/probe.h"
#include "include/bits.h"

/* SDM vol. 3, 6.14.1: a gate descriptor of 16 bytes. */
struct gate {
	u64 low, high;
};

enum { GATE_INTERRUPT = 0x8e };

/* In vectors.asm: where each vector leads. */
extern const u8 vectors_begin[IRQ_VECTORS][8];

static struct gate idt[IRQ_VECTORS] __aligned(16);

static u64
gate_ist(unsigned vector)
{
	switch (vector) {
	case VECTOR_NMI: return IST_NMI;
	case VECTOR_DOUBLE_FAULT: return IST_DOUBLE_FAULT;
	case VECTOR_MACHINE_CHECK: return IST_MACHINE_CHECK;
	default: return 0;
	}
}

void
idt_init(void)
{
	for (unsigned v = 0; v < IRQ_VECTORS; v++) {
		u64 entry = (u64)(uintptr_t)vectors_begin[v];

		idt[v].low = FIELD_PREP(BITS(15, 0), entry) |
			     FIELD_PREP(BITS(31, 16), SELECTOR_CODE) |
			     FIELD_PREP(BITS(34, 32), gate_ist(v)) |
			     FIELD_PREP(BITS(47, 40), GATE_INTERRUPT) |
			     FIELD_PREP(BITS(63, 48), entry >> 16);
		idt[v].high = entry >> 32;
	}
}

void
idt_load(void)
{
	struct {
		u16 limit;
		u64 base;
	} __packed pointer = {sizeof(idt) - 1, (u64)(uintptr_t)idt};

	__asm__ volatile("lidt %0" : : "m"(pointer));
}

void
interrupt_dispatch(struct interrupt_frame *frame)
{
	u8 vector = (u8)frame->vector;

	this_cpu()->irq_counts[vector]++;
	if (vector == VECTOR_NMI)
		panic_nmi(frame);
	else if (vector < VECTOR_EXCEPTIONS && !probe_recover(frame))
		panic_exception(frame);
	else if (vector < VECTOR_EXCEPTIONS)
		return;
	else
		interrupt_handle(vector, frame->rip, (frame->rflags & BIT(9)) != 0);
}
