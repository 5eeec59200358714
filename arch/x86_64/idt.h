/* SPDX-License-Identifier: MIT */
/*
 * Interrupts and exceptions as they arrive: the IDT, shared by all CPUs, and the frame that
 * vectors.asm leaves. An exception is a mistake of ours and panics; NMIs stop a CPU for a panic, or
 * are counted; all else is an interrupt (interrupt.h).
 */
#pragma once

#include "include/types.h"

/* What vectors.asm has pushed, from the lowest address. */
struct interrupt_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rbp, rdi, rsi, rdx, rcx, rbx, rax;
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss; /* by the CPU, SDM vol. 3, 6.14.2 */
};

_Static_assert(sizeof(struct interrupt_frame) == 22 * 8, "arch/x86_64/vectors.asm");

enum {
	VECTOR_NMI = 2,
	VECTOR_DOUBLE_FAULT = 8,
	VECTOR_PAGE_FAULT = 14,
	VECTOR_MACHINE_CHECK = 18,
	VECTOR_EXCEPTIONS = 32, /* vectors below are the CPU's own */
	VECTOR_FIRST_DEVICE = 0x30,
	VECTOR_LAST_DEVICE = 0xef,
	VECTOR_TIMER = 0xf0,
	VECTOR_RESCHEDULE = 0xf1,
	VECTOR_CALL = 0xf2,
	VECTOR_FLUSH = 0xf3,
	VECTOR_APIC_ERROR = 0xfe,
	VECTOR_SPURIOUS = 0xff, /* its low four bits must be set on old CPUs, SDM vol. 3, 11.9 */
};

void idt_init(void); /* once, by the boot CPU */
void idt_load(void);

/* Called by vectors.asm. */
void interrupt_dispatch(struct interrupt_frame *frame);
