/* SPDX-License-Identifier: MIT */
/* Starting the other CPUs, and calling functions on them. */
#include "arch/x86_64/smp.h"

#include "arch/x86_64/idt.h"
#include "arch/x86_64/interrupt.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/time.h"
#include "include/intrin.h"
#include "include/panic.h"
#include "lib/trace.h"

enum {
	INIT_DELAY_US = 10000, /* SDM vol. 3, 9.4.4.1 */
	STARTUP_DELAY_US = 200,
	ONLINE_DEADLINE_US = 10000000,
	CALL_DEADLINE_US = 10000000, /* both: an emulated CPU may wait seconds for its turn */
};

static bool
came_up(const struct cpu *cpu, u64 us)
{
	return wait_until(us, __atomic_load_n(&cpu->online, __ATOMIC_ACQUIRE));
}

/*
 * A CPU that begins too late would find the page in use by the next one, or as anybody's memory.
 * After INIT it waits for a start-up IPI again, and none comes.
 */
static void
hold_back(struct cpu *cpu)
{
	lapic_send_init(cpu->apic_id);
	delay_us(INIT_DELAY_US);
	__atomic_store_n(&cpu->online, false, __ATOMIC_RELEASE);
}

int
smp_start_cpu(struct cpu *cpu, hpa_t page)
{
	u8 number = (u8)(page.v >> PAGE_SHIFT);

	ASSERT(IS_ALIGNED(page.v, PAGE_SIZE) && page.v < MiB);
	lapic_send_init(cpu->apic_id);
	delay_us(INIT_DELAY_US);
	lapic_send_startup(cpu->apic_id, number);
	if (came_up(cpu, STARTUP_DELAY_US))
		return 0;
	lapic_send_startup(cpu->apic_id, number);
	if (came_up(cpu, ONLINE_DEADLINE_US))
		return 0;
	hold_back(cpu);
	return fail(-ERR_TIMEOUT);
}

void
smp_send(const struct cpu *cpu, u8 vector)
{
	trace_event(TRACE_IPI, vector, cpu->index);
	lapic_send_ipi(cpu->apic_id, vector);
}

/* On the caller's stack, as long as it waits. */
struct cpu_call {
	void (*fn)(void *);
	void *arg;
	bool done;
};

/* The slot is free again before the caller knows, and may call once more. */
static void
run_call(void *unused __unused)
{
	struct cpu *cpu = this_cpu();
	struct cpu_call *call = __atomic_load_n(&cpu->call, __ATOMIC_ACQUIRE);

	if (call == NULL)
		return;
	call->fn(call->arg);
	__atomic_store_n(&cpu->call, NULL, __ATOMIC_RELEASE);
	__atomic_add_fetch(&cpu->calls, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&call->done, true, __ATOMIC_RELEASE);
}

static void
reschedule(void *unused __unused)
{
	this_cpu()->need_resched = true;
}

void
smp_init(void)
{
	interrupt_set(VECTOR_CALL, run_call, NULL, "call", "IPI");
	interrupt_set(VECTOR_RESCHEDULE, reschedule, NULL, "reschedule", "IPI");
}

/* The caller's thread may be moved to another CPU wherever interrupts are on. */
static bool
called_here(const struct cpu *cpu, void (*fn)(void *), void *arg)
{
	u64 flags = irq_save();
	bool here = cpu == this_cpu();

	if (here)
		fn(arg);
	irq_restore(flags);
	return here;
}

/* One caller at a time. In one go: who has the slot must not be kept from asking. */
static bool
ask(struct cpu *cpu, struct cpu_call *call)
{
	struct cpu_call *nobody = NULL;
	u64 flags = irq_save();
	bool asked = __atomic_compare_exchange_n(&cpu->call, &nobody, call, false, __ATOMIC_ACQ_REL,
						 __ATOMIC_ACQUIRE);

	if (asked)
		smp_send(cpu, VECTOR_CALL);
	irq_restore(flags);
	return asked;
}

/*
 * Who waits may be kept off its own CPU for longer than any deadline: then a look tells that the
 * other one has gone on meanwhile.
 */
int
cpu_call(u32 index, void (*fn)(void *), void *arg)
{
	struct cpu *cpu = cpu_get(index);
	struct cpu_call call = {.fn = fn, .arg = arg};
	bool asked;
	u32 calls;

	ASSERT(irqs_enabled());
	if (called_here(cpu, fn, arg))
		return 0;
	if (!READ_ONCE(cpu->online))
		return fail(-ERR_NODEV);
	do {
		calls = __atomic_load_n(&cpu->calls, __ATOMIC_ACQUIRE);
		asked = ask(cpu, &call);
	} while (!asked && wait_until(CALL_DEADLINE_US,
				      __atomic_load_n(&cpu->calls, __ATOMIC_ACQUIRE) != calls));
	if (!asked)
		panic("CPU %u is busy with a call for good", index);
	if (!wait_until(CALL_DEADLINE_US, __atomic_load_n(&call.done, __ATOMIC_ACQUIRE)))
		panic("CPU %u does not answer a call", index);
	return 0;
}

void
smp_reschedule(u32 index)
{
	smp_send(cpu_get(index), VECTOR_RESCHEDULE);
}
