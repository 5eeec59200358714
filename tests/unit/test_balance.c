/* SPDX-License-Identifier: MIT */
// SOURCES: sched/balance.c sched/turns.c sched/share.c
// SOURCES: lib/lock.c lib/log.c lib/error.c lib/format.c
/* How vCPUs go from CPU to CPU: three run queues, of which CPU 0's is looked at with its lock held.
 */
#include "tests/unit/test.h"

#include <string.h>

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/tsc.h"
#include "sched/run_queue.h"

enum { CPUS = 3 };
#define SLICE ((u64)SLICE_NS)

static struct run_queue queues[CPUS];
static struct thread threads[4], other;
static struct share share;
static bool tscs_agree;
static u64 now = 1000 * SLICE;

u32
cpu_count(void)
{
	return CPUS;
}

bool
tsc_agree(void)
{
	return tscs_agree;
}

struct run_queue *
run_queue_of(u32 cpu)
{
	return &queues[cpu];
}

static int
begin(void **state)
{
	struct cpu_set all;

	memset(&all, 0xff, sizeof(all));
	share_init(&share, SHARE_WEIGHT, 0, &all);
	memset(queues, 0, sizeof(queues));
	memset(threads, 0, sizeof(threads));
	memset(&other, 0, sizeof(other));
	tscs_agree = true;
	fake_flags = 0; /* interrupts are off */
	for (u32 cpu = 0; cpu < CPUS; cpu++) {
		spin_init(&queues[cpu].lock, RANK_SCHED, "run queue");
		queues[cpu].cpu = cpu;
		queues[cpu].current = &queues[cpu].idle;
		turns_init(&queues[cpu].turns);
		queues[cpu].turns.clock = 1000 * SLICE;
		balance_show(&queues[cpu], now);
	}
	spin_lock_irqoff(&queues[0].lock);
	return 0;
}

static int
end(void **state)
{
	spin_unlock_irqoff(&queues[0].lock);
	return 0;
}

static struct thread *
thread(unsigned n, u32 cpu, u64 virtual_ns)
{
	threads[n].share = &share;
	threads[n].cpu = cpu;
	threads[n].virtual_ns = virtual_ns;
	queues[cpu].members++;
	return &threads[n];
}

static void
waits(unsigned n, u32 cpu, u64 virtual_ns)
{
	turns_put(&queues[cpu].turns, thread(n, cpu, virtual_ns), now);
	balance_show(&queues[cpu], now);
}

static void
runs(unsigned n, u32 cpu, u64 virtual_ns)
{
	queues[cpu].current = thread(n, cpu, virtual_ns);
	balance_show(&queues[cpu], now);
}

static void
the_idle_take_who_waits(void **state)
{
	runs(0, 1, 1000 * SLICE);
	waits(1, 1, 1000 * SLICE);
	assert_ptr_equal(balance_pull(&queues[0], NULL, now), &threads[1]);
	assert_int_equal(threads[1].cpu, 0);
	assert_int_equal(queues[0].members, 1);
	assert_int_equal(queues[1].members, 1);
	assert_false(queues[1].waits);
	assert_false(spin_held(&queues[1].lock));
	assert_null(balance_pull(&queues[0], NULL, now));
}

/* CPUs' clocks differ a little, and one that waited for the lock read its own before. */
static void
time_that_goes_back_is_not_charged(void **state)
{
	runs(0, 0, 1000 * SLICE);
	threads[0].since_ns = now;
	share.cap = 50;
	balance_charge(&queues[0], now - 1);
	assert_int_equal(threads[0].since_ns, now);
	assert_int_equal(threads[0].run_ns, 0);
	assert_int_equal(threads[0].virtual_ns, 1000 * SLICE);
	assert_int_equal(share.paid_ns, 0);
	balance_charge(&queues[0], now + 1000);
	assert_int_equal(threads[0].run_ns, 1000);
	assert_int_equal(threads[0].virtual_ns, 1000 * SLICE + 1000);
	assert_int_equal(threads[0].since_ns, now + 1000);
}

/* Its own CPU has been woken for it. */
static void
not_from_an_idle_cpu(void **state)
{
	waits(0, 1, 1000 * SLICE);
	assert_null(balance_pull(&queues[0], NULL, now));
}

static void
the_busy_take_who_has_had_less(void **state)
{
	struct thread *own = thread(0, 0, 1000 * SLICE);

	runs(1, 1, 1000 * SLICE);
	waits(2, 1, 999 * SLICE);
	assert_null(balance_pull(&queues[0], own, now)); /* not by more than a slice */
	own->virtual_ns += 1;
	assert_ptr_equal(balance_pull(&queues[0], own, now), &threads[2]);
}

static void
only_where_it_may_run(void **state)
{
	memset(&share.cpus, 0, sizeof(share.cpus));
	cpu_set_add(&share.cpus, 1);
	cpu_set_add(&share.cpus, 2);
	runs(0, 1, 1000 * SLICE);
	waits(1, 1, 1000 * SLICE);
	assert_null(balance_pull(&queues[0], NULL, now));
	assert_int_equal(balance_taker(&queues[1], &threads[1], now), 2);
	share.cpus.bits[0] &= ~4ul;
	assert_int_equal(balance_taker(&queues[1], &threads[1], now), NO_CPU);
}

/* The guest's TSC would jump. */
static void
nowhere_where_tscs_differ(void **state)
{
	runs(0, 1, 1000 * SLICE);
	waits(1, 1, 1000 * SLICE);
	tscs_agree = false;
	assert_null(balance_pull(&queues[0], NULL, now));
	assert_int_equal(balance_taker(&queues[1], &threads[1], now), NO_CPU);
}

static void
a_locked_queue_is_not_waited_for(void **state)
{
	struct thread *own = thread(0, 0, 2000 * SLICE);

	runs(1, 1, 1000 * SLICE);
	waits(2, 1, 1000 * SLICE);
	assert_true(spin_try_second_irqoff(&queues[1].lock));
	assert_null(balance_pull(&queues[0], own, now));
	spin_unlock_irqoff(&queues[1].lock);
	assert_ptr_equal(balance_pull(&queues[0], own, now), &threads[2]);
}

static void
an_idle_cpu_is_called_first(void **state)
{
	runs(0, 1, 3000 * SLICE);
	runs(1, 0, 1000 * SLICE);
	waits(2, 0, 1000 * SLICE);
	assert_int_equal(balance_taker(&queues[0], &threads[2], now), 2);
	queues[2].current = &other; /* the shell's, or a device's */
	balance_show(&queues[2], now);
	assert_int_equal(balance_taker(&queues[0], &threads[2], now), 1);
}

/* Also one that has run alone for long, and has not been charged yet. */
static void
who_is_ahead_is_called(void **state)
{
	queues[2].current = &other;
	balance_show(&queues[2], now);
	runs(0, 1, 1000 * SLICE);
	runs(1, 0, 1000 * SLICE);
	waits(2, 0, 1000 * SLICE);
	assert_int_equal(balance_taker(&queues[0], &threads[2], now), NO_CPU);
	assert_int_equal(balance_taker(&queues[0], &threads[2], now + SLICE / 2), NO_CPU);
	assert_int_equal(balance_taker(&queues[0], &threads[2], now + 2 * SLICE), 1);
}

/* One that has just begun, by a clock that is ahead, has not had all the time there is. */
static void
who_has_just_begun_is_not_ahead(void **state)
{
	share.weight = 200; /* no power of two, which would wrap to a little less */
	queues[2].current = &other;
	balance_show(&queues[2], now);
	runs(0, 1, 1000 * SLICE);
	runs(1, 0, 1000 * SLICE);
	waits(2, 0, 1000 * SLICE);
	assert_int_equal(balance_taker(&queues[0], &threads[2], now - 1), NO_CPU);
}

static void
the_least_used_cpu_is_a_new_ones(void **state)
{
	assert_int_equal(balance_place(&share), 2);
	runs(0, 2, 1000 * SLICE);
	assert_int_equal(balance_place(&share), 1);
	runs(1, 1, 1000 * SLICE);
	assert_int_equal(balance_place(&share), 0);
	runs(2, 0, 1000 * SLICE);
	waits(3, 2, 1000 * SLICE);
	assert_int_equal(balance_place(&share), 1);
	memset(&share.cpus, 0, sizeof(share.cpus));
	cpu_set_add(&share.cpus, 2);
	assert_int_equal(balance_place(&share), 2);
}

/* Who waits for it there has had as much as the others. */
static void
virtual_time_goes_on_where_nobody_is(void **state)
{
	runs(0, 1, 5000 * SLICE);
	assert_int_equal(queues[2].turns.clock, 1000 * SLICE);
	balance_catch_up(&queues[2], now);
	assert_int_equal(queues[2].turns.clock, 5000 * SLICE);
	runs(1, 0, 1001 * SLICE);
	balance_catch_up(&queues[0], now);
	assert_int_equal(queues[0].turns.clock, 1001 * SLICE);
	threads[1].virtual_ns = 9000 * SLICE; /* has run alone since */
	balance_catch_up(&queues[0], now);
	assert_int_equal(queues[0].turns.clock, 9000 * SLICE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_idle_take_who_waits, begin, end),
		cmocka_unit_test_setup_teardown(not_from_an_idle_cpu, begin, end),
		cmocka_unit_test_setup_teardown(the_busy_take_who_has_had_less, begin, end),
		cmocka_unit_test_setup_teardown(only_where_it_may_run, begin, end),
		cmocka_unit_test_setup_teardown(nowhere_where_tscs_differ, begin, end),
		cmocka_unit_test_setup_teardown(a_locked_queue_is_not_waited_for, begin, end),
		cmocka_unit_test_setup_teardown(an_idle_cpu_is_called_first, begin, end),
		cmocka_unit_test_setup_teardown(who_is_ahead_is_called, begin, end),
		cmocka_unit_test_setup_teardown(who_has_just_begun_is_not_ahead, begin, end),
		cmocka_unit_test_setup_teardown(time_that_goes_back_is_not_charged, begin, end),
		cmocka_unit_test_setup_teardown(the_least_used_cpu_is_a_new_ones, begin, end),
		cmocka_unit_test_setup_teardown(virtual_time_goes_on_where_nobody_is, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
