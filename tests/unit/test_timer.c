/* SPDX-License-Identifier: MIT */
// SOURCES: sched/timer.c lib/log.c lib/error.c lib/lock.c lib/format.c
/* The timers of one CPU, on a hardware timer that is only noted. */
#include "tests/unit/test.h"

#include <string.h>

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/idt.h"
#include "arch/x86_64/interrupt.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/time.h"
#include "lib/trace.h"
#include "mm/heap.h"
#include "sched/timer.h"

enum { WORK_NS = 3000 };

static u64 now_ns, armed_ns;
static bool armed;
static irq_handler interrupt;
static unsigned fired;
static struct timer timer, other;

/* The one CPU's queue. */
void *
heap_alloc(size_t size)
{
	static u64 memory[64];

	assert_true(size <= sizeof(memory));
	return memset(memory, 0, size);
}

u64
clock_ns(void)
{
	return now_ns;
}

u32
cpu_count(void)
{
	return 1;
}

void
lapic_timer_init_cpu(void)
{
}

void
lapic_timer_arm(u64 ns)
{
	armed = true;
	armed_ns = ns;
}

void
lapic_timer_stop(void)
{
	armed = false;
}

void
interrupt_set(u8 vector, irq_handler fn, void *arg, const char *name, const char *source)
{
	interrupt = fn;
}

void
trace_event(enum trace_event_id event, u64 a, u64 b)
{
}

static void
count(struct timer *t)
{
	fired++;
}

/* One that is due again before it has done its work. */
static void
always_due(struct timer *t)
{
	fired++;
	now_ns += WORK_NS;
	timer_set(t, now_ns - 1);
}

static int
setup(void **state)
{
	now_ns = 1000000;
	armed = false;
	fired = 0;
	timers_init();
	timer_init(&timer, count);
	timer_init(&other, count);
	return timers_init_cpu();
}

static void
in_order(void **state)
{
	timer_set(&timer, now_ns + 500);
	assert_int_equal(armed_ns, 500);
	timer_set(&other, now_ns + 200);
	assert_int_equal(armed_ns, 200);
	now_ns += 200;
	interrupt(NULL);
	assert_int_equal(fired, 1);
	assert_true(armed);
	assert_int_equal(armed_ns, 300);
	now_ns += 300;
	interrupt(NULL);
	assert_int_equal(fired, 2);
	assert_false(armed);
	assert_int_equal(timer_count(), 0);
}

static void
in_the_past(void **state)
{
	timer_set(&timer, now_ns - 500);
	assert_int_equal(armed_ns, 0);
	assert_true(timer_cancel(&timer));
	assert_false(timer_cancel(&timer));
}

/* Threads get as much of the CPU as timers that are always due. */
static void
no_more_than_half_of_the_time(void **state)
{
	timer_init(&timer, always_due);
	timer_set(&timer, now_ns);
	for (unsigned n = 1; n < 10; n++) {
		interrupt(NULL);
		assert_int_equal(fired, n);
		assert_int_equal(armed_ns, WORK_NS);
		now_ns += armed_ns;
	}
}

/*
 * A guest may set a timer centuries from now. In ticks of a fast TSC that is more than 64 bits
 * have, and a deadline cut to these may lie in the past: an interrupt that comes again and again.
 */
static void
far_timers_are_armed_in_steps(void **state)
{
	const u64 fast_tsc = 16; /* ticks a nanosecond */

	timer_set(&timer, ~0ul);
	assert_true(armed);
	assert_true(armed_ns <= ~0ul / fast_tsc);
	assert_true(armed_ns > 3600 * (u64)NS_PER_S);
	now_ns += armed_ns;
	armed = false;
	interrupt(NULL);
	assert_int_equal(fired, 0);
	assert_true(armed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(in_order, setup),
		cmocka_unit_test_setup(in_the_past, setup),
		cmocka_unit_test_setup(no_more_than_half_of_the_time, setup),
		cmocka_unit_test_setup(far_timers_are_armed_in_steps, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
