/* SPDX-License-Identifier: MIT */
// SOURCES: sched/turns.c sched/share.c
/* Fairness among threads of shares: one CPU, simulated in slices. */
#include "tests/unit/test.h"

#include <string.h>

#include "sched/turns.h"

enum { THREADS = 4, CPU = 1 };
#define MS	 1000000ul
#define RUN_NS	 (20000 * MS)
#define SLICE	 ((u64)SLICE_NS)
#define FIRST_NS (50 * MS) /* the simulation's clock does not begin at 0 */

static struct turns turns;
static struct share shares[THREADS];
static struct thread threads[THREADS];
static u64 now;

static int
begin(void **state)
{
	(void)state;
	turns_init(&turns);
	memset(threads, 0, sizeof(threads));
	now = FIRST_NS;
	return 0;
}

/* A thread that always wants to run; of a share of its own, or of another's. */
static void
add(unsigned n, struct share *share)
{
	threads[n].share = share;
	threads[n].virtual_ns = turns.clock;
	share_join(share);
	turns_put(&turns, &threads[n], now);
}

static struct share *
with(unsigned n, u32 weight, u32 cap)
{
	struct cpu_set all;

	memset(&all, 0xff, sizeof(all));
	share_init(&shares[n], weight, cap, &all);
	return &shares[n];
}

static void
run(struct thread *t, u64 ns)
{
	now += ns;
	t->run_ns += ns;
	t->virtual_ns += share_virtual_ns(t->share, ns);
	share_charge(t->share, ns, now);
}

/* Each has the CPU for a slice, until `until`. */
static void
simulate(u64 until)
{
	while (now < until) {
		struct thread *t = turns_first(&turns, CPU, now, NULL);

		if (t == NULL) {
			now = turns_release_ns(&turns, now);
			assert_true(now != ~0ul);
			continue;
		}
		turns_take(t, now);
		turns_tick(&turns, t, turns_first(&turns, CPU, now, NULL));
		run(t, SLICE);
		turns_put(&turns, t, now);
	}
}

static void
assert_part(unsigned n, double part, double tolerance)
{
	double got = (double)threads[n].run_ns / (double)(now - FIRST_NS);

	if (got < part * (1 - tolerance) || got > part * (1 + tolerance))
		fail_msg("thread %u got %f of the time, not %f", n, got, part);
}

static void
equal_weights(void **state)
{
	(void)state;
	for (unsigned n = 0; n < THREADS; n++)
		add(n, with(n, SHARE_WEIGHT, 0));
	simulate(RUN_NS);
	for (unsigned n = 0; n < THREADS; n++)
		assert_part(n, 1.0 / THREADS, 0.01);
}

static void
weights_one_two_four(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 3; n++)
		add(n, with(n, 100u << n, 0));
	simulate(RUN_NS);
	for (unsigned n = 0; n < 3; n++)
		assert_part(n, (1u << n) / 7.0, 0.01);
}

/* A VM's weight is the VM's, however many vCPUs it has. */
static void
vcpus_divide_their_weight(void **state)
{
	(void)state;
	with(0, SHARE_WEIGHT, 0);
	for (unsigned n = 0; n < 3; n++)
		add(n, &shares[0]);
	add(3, with(1, SHARE_WEIGHT, 0));
	simulate(RUN_NS);
	for (unsigned n = 0; n < 3; n++)
		assert_part(n, 1.0 / 6, 0.01);
	assert_part(3, 0.5, 0.01);
}

/* ... and of those that want to run now. */
static void
one_vcpu_has_all_its_weight(void **state)
{
	(void)state;
	with(0, SHARE_WEIGHT, 0);
	add(0, &shares[0]);
	share_join(&shares[0]);
	share_leave(&shares[0]);
	add(1, with(1, SHARE_WEIGHT, 0));
	simulate(RUN_NS);
	assert_part(0, 0.5, 0.01);
}

static void
a_cap_holds_alone(void **state)
{
	(void)state;
	add(0, with(0, SHARE_WEIGHT, 30));
	simulate(RUN_NS);
	assert_part(0, 0.3, 0.01);
}

static void
a_cap_holds_beside_others(void **state)
{
	(void)state;
	add(0, with(0, SHARE_WEIGHT_MAX, 20));
	add(1, with(1, SHARE_WEIGHT, 0));
	add(2, with(2, SHARE_WEIGHT, 0));
	simulate(RUN_NS);
	assert_part(0, 0.2, 0.05);
	assert_part(1, 0.4, 0.02);
	assert_part(2, 0.4, 0.02);
}

/* Who is let run late, and for a moment only, still gets it all. */
static void
a_cap_is_reached_late_and_in_pieces(void **state)
{
	struct share *s = with(0, SHARE_WEIGHT, 30);
	u64 ran = 0;

	(void)state;
	while (now < FIRST_NS + 1000 * MS) {
		now = MAX(now, share_runs_from(s)) + MS / 10; /* late */
		now += MS / 25;
		ran += MS / 25;
		share_charge(s, MS / 25, now);
	}
	assert_true(ran >= 250 * MS && ran <= 310 * MS);
}

/* Two of its threads at the same time on two CPUs owe twice as much. */
static void
a_cap_is_all_threads_together(void **state)
{
	struct share *s = with(0, SHARE_WEIGHT, 50);

	(void)state;
	now += 100 * MS;
	share_charge(s, SLICE, now);
	share_charge(s, SLICE, now);
	assert_int_equal(share_runs_from(s), now - SLICE - SHARE_CREDIT_NS + 4 * SLICE);
}

static void
time_that_went_by_pays_for_little(void **state)
{
	struct share *s = with(0, SHARE_WEIGHT, 50);

	(void)state;
	now += 1000 * MS;
	share_charge(s, SLICE, now);
	assert_int_equal(share_runs_from(s), now + SLICE - SHARE_CREDIT_NS);
}

/* Who has slept goes first, but not for as long as it has slept. */
static void
a_sleeper_goes_first_for_a_while(void **state)
{
	(void)state;
	with(0, SHARE_WEIGHT, 0);
	add(1, with(1, SHARE_WEIGHT, 0));
	add(2, with(2, SHARE_WEIGHT, 0));
	simulate(RUN_NS);
	threads[0].share = &shares[0];
	share_join(&shares[0]);
	turns_admit(&turns, &threads[0]);
	turns_put(&turns, &threads[0], now);
	assert_ptr_equal(turns_first(&turns, CPU, now, NULL), &threads[0]);
	simulate(now + 300 * MS);
	assert_true(threads[0].run_ns <= 100 * MS + 2 * SLEEPER_NS + 2 * SLICE);
}

static void
a_newcomer_waits_its_turn_but_not_for_ever(void **state)
{
	(void)state;
	with(0, SHARE_WEIGHT, 0);
	add(1, with(1, SHARE_WEIGHT, 0));
	simulate(RUN_NS);
	threads[0].share = &shares[0];
	threads[0].virtual_ns =
		turns.clock + 3600000 * MS; /* has run alone elsewhere for an hour */
	share_join(&shares[0]);
	turns_adopt(&turns, &threads[0]);
	turns_put(&turns, &threads[0], now);
	simulate(now + 4 * APART_NS);
	assert_true(threads[0].run_ns >= APART_NS);
}

/* Who is pulled for having had less keeps what it is owed. */
static void
who_comes_keeps_its_time(void **state)
{
	turns.clock = 1000 * MS;
	with(0, SHARE_WEIGHT, 0);
	threads[0].share = &shares[0];
	threads[0].virtual_ns = 1000 * MS - 3 * SLICE;
	turns_adopt(&turns, &threads[0]);
	assert_int_equal(threads[0].virtual_ns, 1000 * MS - 3 * SLICE);
	threads[0].virtual_ns = 5;
	turns_adopt(&turns, &threads[0]);
	assert_int_equal(threads[0].virtual_ns, 1000 * MS - APART_NS);
}

static void
waiting_is_counted(void **state)
{
	(void)state;
	add(0, with(0, SHARE_WEIGHT, 0));
	now += 7 * MS;
	turns_take(&threads[0], now);
	assert_int_equal(threads[0].wait_ns, 7 * MS);
}

static void
a_yield_lets_the_other_go_first(void **state)
{
	(void)state;
	add(0, with(0, SHARE_WEIGHT, 0));
	assert_ptr_equal(turns_first(&turns, CPU, now, &threads[0]), &threads[0]);
	threads[1].virtual_ns = SLICE;
	threads[1].share = with(1, SHARE_WEIGHT, 0);
	turns_put(&turns, &threads[1], now);
	assert_ptr_equal(turns_first(&turns, CPU, now, &threads[0]), &threads[1]);
	assert_ptr_equal(turns_first(&turns, CPU, now, NULL), &threads[0]);
	turns_take(&threads[1], now);
	threads[1].virtual_ns = SLICE + 1; /* enough is enough */
	turns_put(&turns, &threads[1], now);
	assert_ptr_equal(turns_first(&turns, CPU, now, &threads[0]), &threads[0]);
}

/* Spinning all the time costs nobody its part. */
static void
weights_of_those_that_yield(void **state)
{
	struct thread *last = NULL;

	for (unsigned n = 0; n < 3; n++)
		add(n, with(n, 100u << n, 0));
	while (now < RUN_NS) {
		struct thread *t = turns_first(&turns, CPU, now, last);

		turns_take(t, now);
		turns_tick(&turns, t, turns_first(&turns, CPU, now, NULL));
		run(t, MS / 10);
		turns_put(&turns, t, now);
		last = t;
	}
	for (unsigned n = 0; n < 3; n++)
		assert_part(n, (1u << n) / 7.0, 0.01);
}

static void
only_on_its_cpus(void **state)
{
	struct cpu_set set = {{0}};

	(void)state;
	cpu_set_add(&set, 0);
	cpu_set_add(&set, 200);
	share_init(&shares[0], SHARE_WEIGHT, 0, &set);
	add(0, &shares[0]);
	assert_null(turns_first(&turns, CPU, now, NULL));
	assert_ptr_equal(turns_first(&turns, 0, now, NULL), &threads[0]);
	assert_ptr_equal(turns_first(&turns, 200, now, NULL), &threads[0]);
	assert_int_equal(cpu_set_next(&set, 1), 200);
	assert_int_equal(cpu_set_next(&set, 201), MAX_CPUS);
}

static void
virtual_time_wraps(void **state)
{
	(void)state;
	turns.clock = ~0ul - 30 * MS;
	for (unsigned n = 0; n < THREADS; n++)
		add(n, with(n, SHARE_WEIGHT, 0));
	simulate(RUN_NS);
	for (unsigned n = 0; n < THREADS; n++)
		assert_part(n, 1.0 / THREADS, 0.01);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(equal_weights, begin),
		cmocka_unit_test_setup(weights_one_two_four, begin),
		cmocka_unit_test_setup(vcpus_divide_their_weight, begin),
		cmocka_unit_test_setup(one_vcpu_has_all_its_weight, begin),
		cmocka_unit_test_setup(a_cap_holds_alone, begin),
		cmocka_unit_test_setup(a_cap_holds_beside_others, begin),
		cmocka_unit_test_setup(a_cap_is_reached_late_and_in_pieces, begin),
		cmocka_unit_test_setup(a_cap_is_all_threads_together, begin),
		cmocka_unit_test_setup(time_that_went_by_pays_for_little, begin),
		cmocka_unit_test_setup(a_sleeper_goes_first_for_a_while, begin),
		cmocka_unit_test_setup(a_newcomer_waits_its_turn_but_not_for_ever, begin),
		cmocka_unit_test_setup(who_comes_keeps_its_time, begin),
		cmocka_unit_test_setup(waiting_is_counted, begin),
		cmocka_unit_test_setup(a_yield_lets_the_other_go_first, begin),
		cmocka_unit_test_setup(weights_of_those_that_yield, begin),
		cmocka_unit_test_setup(only_on_its_cpus, begin),
		cmocka_unit_test_setup(virtual_time_wraps, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
