/* SPDX-License-Identifier: MIT */
/* The vectors from 32 up: who handles them. */
#include "arch/x86_64/interrupt.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/idt.h"
#include "arch/x86_64/ioapic.h"
#include "arch/x86_64/lapic.h"
#include "include/intrin.h"
#include "include/panic.h"
#include "lib/lock.h"
#include "lib/log.h"
#include "lib/trace.h"

struct vector {
	irq_handler handler; /* NULL: free */
	void *arg;
	const char *name, *source;
	u32 gsi;
};

static struct spinlock lock = SPINLOCK_INIT(RANK_IRQ, "irq"); /* guards changes of the table */
static struct vector vectors[IRQ_VECTORS];
static void (*preempt_hook)(void);

const char interrupt_source_ioapic[] = "I/O APIC";

/* The handler last: an interrupt may come as soon as it is there. */
static void
fill(u8 vector, irq_handler handler, void *arg, const char *name, const char *source, u32 gsi)
{
	struct vector *v = &vectors[vector];

	v->arg = arg;
	v->name = name;
	v->source = source;
	v->gsi = gsi;
	__atomic_store_n(&v->handler, handler, __ATOMIC_RELEASE);
}

void
interrupt_set(u8 vector, irq_handler handler, void *arg, const char *name, const char *source)
{
	u64 flags = spin_lock(&lock);

	ASSERT(vectors[vector].handler == NULL);
	fill(vector, handler, arg, name, source, 0);
	spin_unlock(&lock, flags);
}

/*
 * The local APIC ranks by the upper four bits of a vector, and old ones hold two a rank
 * (SDM vol. 3, 11.8.4): spread them, one to each rank first.
 */
int
interrupt_allocate(irq_handler handler, void *arg, const char *name, const char *source, u32 gsi,
		   u8 *vector)
{
	u64 flags = spin_lock(&lock);
	int err = -ERR_FULL;

	for (unsigned low = 0; low < 16 && err != 0; low++) {
		for (unsigned v = VECTOR_FIRST_DEVICE + low; v <= VECTOR_LAST_DEVICE; v += 16) {
			if (vectors[v].handler != NULL)
				continue;
			fill((u8)v, handler, arg, name, source, gsi);
			*vector = (u8)v;
			err = 0;
			break;
		}
	}
	spin_unlock(&lock, flags);
	return err;
}

void
interrupt_release(u8 vector)
{
	u64 flags = spin_lock(&lock);

	vectors[vector] = (struct vector){0};
	spin_unlock(&lock, flags);
}

void
interrupt_relabel(u8 vector, const char *name, u32 gsi)
{
	u64 flags = spin_lock(&lock);

	vectors[vector].name = name;
	vectors[vector].gsi = gsi;
	spin_unlock(&lock, flags);
}

bool
interrupt_has_gsi(u32 gsi)
{
	u64 flags = spin_lock(&lock);
	bool found = false;

	for (unsigned v = VECTOR_FIRST_DEVICE; v <= VECTOR_LAST_DEVICE && !found; v++)
		found = vectors[v].name != NULL && vectors[v].source == interrupt_source_ioapic &&
			vectors[v].gsi == gsi;
	spin_unlock(&lock, flags);
	return found;
}

void
interrupt_set_preempt_hook(void (*hook)(void))
{
	preempt_hook = hook;
}

/* Once a vector; how often is in the listing. */
static void
log_stray(u8 vector)
{
	if (this_cpu()->irq_counts[vector] == 1)
		log_warn("CPU %u got interrupt %#x, which nobody handles", cpu_index(), vector);
}

void
interrupt_handle(u8 vector, u64 rip, bool preemptible)
{
	const struct vector *v = &vectors[vector];
	irq_handler handler = __atomic_load_n(&v->handler, __ATOMIC_ACQUIRE);

	trace_event(TRACE_IRQ, vector, rip);
	if (handler != NULL)
		handler(v->arg);
	else
		log_stray(vector);
	if (vector != VECTOR_SPURIOUS) /* it wants none, SDM vol. 3, 11.9 */
		lapic_eoi();
	if (preemptible && this_cpu()->need_resched && preempt_hook != NULL)
		preempt_hook();
}

static u64
count_on_all(u8 vector)
{
	u64 sum = 0;

	for (u32 i = 0; i < cpu_count(); i++)
		sum += irq_count(vector, i);
	return sum;
}

bool
irq_info(u8 vector, struct irq_info *out)
{
	const struct vector *v = &vectors[vector];

	if (v->handler != NULL && v->name != NULL)
		*out = (struct irq_info){vector, v->name, v->source, v->gsi};
	else if (vector == VECTOR_NMI)
		*out = (struct irq_info){vector, "NMI", "CPU", 0};
	else if (v->handler == NULL && vector >= VECTOR_EXCEPTIONS && count_on_all(vector) > 0)
		*out = (struct irq_info){vector, "stray", "unknown", 0};
	else
		return false;
	return true;
}

u64
irq_count(u8 vector, u32 cpu)
{
	return READ_ONCE(cpu_get(cpu)->irq_counts[vector]);
}

int
irq_install_gsi(u32 gsi, bool level, bool active_low, irq_handler handler, void *arg,
		const char *name)
{
	u8 vector;
	int err = interrupt_allocate(handler, arg, name, interrupt_source_ioapic, gsi, &vector);

	if (err != 0)
		return err;
	err = ioapic_route(gsi, level, active_low, vector, boot_cpu.apic_id);
	if (err != 0)
		interrupt_release(vector);
	return err;
}

int
irq_install_isa(u8 isa, irq_handler handler, void *arg, const char *name)
{
	struct isa_route route = ioapic_isa_route(isa);

	return irq_install_gsi(route.gsi, route.level, route.active_low, handler, arg, name);
}

/* SDM vol. 3, 11.11.1 and 11.11.2: physical destination, fixed delivery, edge: all zeros. */
int
irq_move_msi(u32 cpu, struct irq_message *message)
{
	enum { MSI_DEST_SHIFT = 12 };
	u32 apic_id = cpu_get(cpu)->apic_id;

	if (apic_id > 0xff)
		return fail(-ERR_RANGE);
	message->address = 0xfee00000 | apic_id << MSI_DEST_SHIFT;
	return 0;
}

int
irq_install_msi(u32 cpu, irq_handler handler, void *arg, const char *name, struct irq_message *out)
{
	u8 vector;
	int err = irq_move_msi(cpu, out);

	if (err == 0)
		err = interrupt_allocate(handler, arg, name, "MSI", 0, &vector);
	if (err == 0)
		out->data = vector;
	return err;
}
