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
	ONLINE_DEADLINE_US = 1000000,
	CALL_DEADLINE_US = 10000000, /* an emulated CPU may wait seconds for its turn */
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

static void
run_call(void *unused __unused)
{
	struct cpu *cpu = this_cpu();
	void (*fn)(void *) = __atomic_load_n(&cpu->call_fn, __ATOMIC_ACQUIRE);

	if (fn == NULL)
		return;
	fn(cpu->call_arg);
	__atomic_store_n(&cpu->call_fn, NULL, __ATOMIC_RELEASE);
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

/* One caller at a time: the word that says who calls is the target's call_fn itself. */
static void
call_placeholder(void *unused __unused)
{
}

int
cpu_call(u32 index, void (*fn)(void *), void *arg)
{
	struct cpu *cpu = cpu_get(index);
	void (*free)(void *) = NULL;

	ASSERT(irqs_enabled());
	if (cpu == this_cpu()) {
		fn(arg);
		return 0;
	}
	if (!READ_ONCE(cpu->online))
		return fail(-ERR_NODEV);
	if (!wait_until(CALL_DEADLINE_US,
			(free = NULL,
			 __atomic_compare_exchange_n(&cpu->call_fn, &free, call_placeholder, false,
						     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))))
		panic("CPU %u is busy with a call for good", index);
	cpu->call_arg = arg;
	__atomic_store_n(&cpu->call_fn, fn, __ATOMIC_RELEASE);
	smp_send(cpu, VECTOR_CALL);
	if (!wait_until(CALL_DEADLINE_US, __atomic_load_n(&cpu->call_fn, __ATOMIC_ACQUIRE) != fn))
		panic("CPU %u does not answer a call", index);
	return 0;
}

void
smp_reschedule(u32 index)
{
	smp_send(cpu_get(index), VECTOR_RESCHEDULE);
}
