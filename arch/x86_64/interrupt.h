/* SPDX-License-Identifier: MIT */
/*
 * What the vectors from 32 up do: a table of handlers, filled during boot and by drivers.
 * irq.h is the part of it for device drivers.
 */
#pragma once

#include "arch/x86_64/irq.h"

/* Puts a handler at a fixed vector: the local APIC's own interrupts and IPIs. */
void interrupt_set(u8 vector, irq_handler handler, void *arg, const char *name, const char *source);

/* A free device vector, reserved with this handler. -ERR_FULL when there is none. */
__must_check int interrupt_allocate(irq_handler handler, void *arg, const char *name,
				    const char *source, u32 gsi, u8 *vector);
void interrupt_release(u8 vector);

/* Of an I/O APIC's input: the same handler under another name, at another input. NULL: it is not
 * listed. */
void interrupt_relabel(u8 vector, const char *name, u32 gsi);

/* Whether a vector belongs to this input of the I/O APICs. */
bool interrupt_has_gsi(u32 gsi);

extern const char interrupt_source_ioapic[];

/*
 * Runs the handler, sends the EOI, and then, when the interrupted code had interrupts on and
 * another thread is due, the hook that the scheduler has set.
 */
void interrupt_handle(u8 vector, u64 rip, bool preemptible);
void interrupt_set_preempt_hook(void (*hook)(void));
