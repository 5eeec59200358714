/* SPDX-License-Identifier: MIT */
/* The end of the hypervisor, from the CPU's side; include/panic.h is what all others use. */
#pragma once

#include "arch/x86_64/idt.h"
#include "include/panic.h"

/* An output for the panic's text. It takes no locks, waits with bounds, and survives any state. */
struct panic_output {
	void (*write)(const char *bytes, size_t len);
	struct panic_output *next;
};

void panic_add_output(struct panic_output *out);

__noreturn void panic_exception(const struct interrupt_frame *frame);

/* An NMI: this CPU stops if another one has panicked; else the NMI was counted and that is all. */
void panic_nmi(const struct interrupt_frame *frame);
