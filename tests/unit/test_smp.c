/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/smp.c lib/error.c lib/log.c lib/lock.c lib/format.c
/* Calls of another CPU, which answers while it is waited for, or just before. */
#include "tests/unit/test.h"

#include <asm/prctl.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "arch/x86_64/idt.h"
#include "arch/x86_64/interrupt.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/time.h"
#include "lib/trace.h"

struct cpu_call { /* as smp.c has it */
	void (*fn)(void *);
	void *arg;
	bool done;
};

static struct cpu cpus[2];
static struct cpu_call *taken; /* by the other CPU, which has not said yet that it is done */
static bool quick;	       /* it gives its slot back before the caller looks */
static unsigned calls;

struct cpu *
cpu_get(u32 index)
{
	return &cpus[index];
}

/* What the other CPU does of a call but for the last thing. */
static void
begin_call(void)
{
	taken = cpus[1].call;
	taken->fn(taken->arg);
	cpus[1].call = NULL;
	cpus[1].calls++;
}

void
lapic_send_ipi(u32 apic_id, u8 vector)
{
	assert_int_equal(vector, VECTOR_CALL);
	if (quick)
		begin_call();
}

void
lapic_send_init(u32 apic_id)
{
}

void
lapic_send_startup(u32 apic_id, u8 page)
{
}

void
interrupt_set(u8 vector, irq_handler handler, void *arg, const char *name, const char *source)
{
}

void
trace_event(enum trace_event_id event, u64 a, u64 b)
{
}

struct wait
wait_begin(u64 us)
{
	return (struct wait){0};
}

bool
wait_goes_on(const struct wait *wait)
{
	if (taken == NULL)
		begin_call();
	else
		taken->done = true;
	return true;
}

void
wait_end(const struct wait *wait)
{
}

void
delay_us(u64 us)
{
}

static void
count(void *arg)
{
	*(unsigned *)arg += 1;
}

static int
setup(void **state)
{
	memset(cpus, 0, sizeof(cpus));
	for (u32 i = 0; i < 2; i++)
		cpus[i] = (struct cpu){.self = &cpus[i], .index = i, .online = true};
	taken = NULL;
	quick = false;
	calls = 0;
	return (int)syscall(SYS_arch_prctl, ARCH_SET_GS, &cpus[0]);
}

static void
waits_for_the_end(void **state)
{
	assert_int_equal(cpu_call(1, count, &calls), 0);
	assert_int_equal(calls, 1);
	assert_true(taken->done);
}

/* An interrupt has kept the caller from looking meanwhile: the slot is free, and may be another's.
 */
static void
slot_is_free_before_the_end(void **state)
{
	quick = true;
	assert_int_equal(cpu_call(1, count, &calls), 0);
	assert_int_equal(calls, 1);
	assert_true(taken->done);
}

static void
calls_itself_at_once(void **state)
{
	assert_int_equal(cpu_call(0, count, &calls), 0);
	assert_int_equal(calls, 1);
	assert_null(taken);
}

static void
not_one_that_is_not_up(void **state)
{
	cpus[1].online = false;
	assert_int_equal(cpu_call(1, count, &calls), -ERR_NODEV);
	assert_int_equal(calls, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(waits_for_the_end, setup),
		cmocka_unit_test_setup(slot_is_free_before_the_end, setup),
		cmocka_unit_test_setup(calls_itself_at_once, setup),
		cmocka_unit_test_setup(not_one_that_is_not_up, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
