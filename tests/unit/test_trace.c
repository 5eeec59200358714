/* SPDX-License-Identifier: MIT */
// SOURCES: lib/trace.c
#include "tests/unit/test.h"

#include <pthread.h>

#include "include/intrin.h"
#include "include/limits.h"
#include "lib/trace.h"

enum { SLOTS = 8 };

/* Each test has a CPU of its own: a ring is attached once. */
enum { CPU_PLAIN, CPU_EARLY, CPU_WRAP, CPU_TORN, CPU_RACE, CPU_LAST = MAX_CPUS - 1 };

static void
plain(void **state)
{
	static struct trace_ring ring;
	static struct trace_slot slots[SLOTS];
	struct trace_record r;
	u64 seq = 0;

	fake_cpu = CPU_PLAIN;
	trace_attach(CPU_PLAIN, &ring, slots, SLOTS);
	assert_false(trace_read(CPU_PLAIN, &seq, &r));
	fake_tsc = 1000;
	trace_event(TRACE_IRQ, 0x21, ~0ul);
	trace_event(TRACE_IPI, 3, 4);
	assert_true(trace_read(CPU_PLAIN, &seq, &r));
	assert_int_equal(r.tsc, 1000);
	assert_int_equal(r.event, TRACE_IRQ);
	assert_int_equal(r.a, 0x21);
	assert_int_equal(r.b, ~0ul);
	assert_true(trace_read(CPU_PLAIN, &seq, &r));
	assert_int_equal(r.event, TRACE_IPI);
	assert_int_equal(seq, 2);
	assert_false(trace_read(CPU_PLAIN, &seq, &r));
	assert_int_equal(seq, 2);
}

/* Before a CPU has a ring, its events are nowhere, and what the slots held is never shown. */
static void
early(void **state)
{
	static struct trace_ring ring;
	static struct trace_slot slots[SLOTS];
	struct trace_record r;
	u64 seq = 0;

	fake_cpu = CPU_EARLY;
	trace_event(TRACE_TIMER, 1, 2);
	trace_event(TRACE_TIMER, 1, 2);
	assert_false(trace_read(CPU_EARLY, &seq, &r));
	assert_false(trace_read(CPU_LAST, &seq, &r));
	for (unsigned i = 0; i < SLOTS; i++)
		slots[i].tag = (i + 1) << 16;
	trace_attach(CPU_EARLY, &ring, slots, SLOTS);
	for (unsigned i = 0; i < SLOTS; i++)
		assert_int_equal(slots[i].tag, 0);
	assert_false(trace_read(CPU_EARLY, &seq, &r));
	trace_event(TRACE_TIMER, 1, 2);
	assert_true(trace_read(CPU_EARLY, &seq, &r));
	assert_false(trace_read(CPU_EARLY, &seq, &r));
	expect_panic(trace_attach(CPU_EARLY, &ring, slots, SLOTS));
	expect_panic(trace_attach(CPU_LAST, &ring, slots, SLOTS - 1));
}

/* A reader that was too slow goes on with the oldest record that is still there. */
static void
wraps(void **state)
{
	static struct trace_ring ring;
	static struct trace_slot slots[SLOTS];
	struct trace_record r;
	u64 seq = 0;

	fake_cpu = CPU_WRAP;
	trace_attach(CPU_WRAP, &ring, slots, SLOTS);
	for (u64 i = 0; i < 3 * SLOTS + 3; i++)
		trace_event(TRACE_SWITCH, i, i * 2);
	for (u64 i = 2 * SLOTS + 3; i < 3 * SLOTS + 3; i++) {
		assert_true(trace_read(CPU_WRAP, &seq, &r));
		assert_int_equal(r.a, i);
		assert_int_equal(r.b, i * 2);
		assert_int_equal(seq, i + 1);
	}
	assert_false(trace_read(CPU_WRAP, &seq, &r));
}

/* A record that is being written, or an older one in its place, is passed over. */
static void
torn(void **state)
{
	static struct trace_ring ring;
	static struct trace_slot slots[SLOTS];
	struct trace_record r;
	u64 seq = 0;

	fake_cpu = CPU_TORN;
	trace_attach(CPU_TORN, &ring, slots, SLOTS);
	for (u64 i = 0; i < 3; i++)
		trace_event(TRACE_SWITCH, i, 0);
	slots[0].tag = 0;
	slots[1].tag += (u64)SLOTS << 16;
	assert_true(trace_read(CPU_TORN, &seq, &r));
	assert_int_equal(r.a, 2);
	assert_int_equal(seq, 3);
}

static bool race_over;

static void *
record_all_the_time(void *arg)
{
	fake_cpu = CPU_RACE;
	for (u64 i = 0; !__atomic_load_n(&race_over, __ATOMIC_RELAXED); i++)
		trace_event(TRACE_SWITCH, i, ~i);
	return NULL;
}

/* Whatever a reader gets while the CPU records is whole, and in order; one slot, to meet often. */
static void
race(void **state)
{
	static struct trace_ring ring;
	static struct trace_slot slots[1];
	struct trace_record r;
	pthread_t writer;
	u64 seq = 0, last = 0;

	fake_cpu = CPU_RACE;
	trace_attach(CPU_RACE, &ring, slots, 1);
	assert_int_equal(pthread_create(&writer, NULL, record_all_the_time, NULL), 0);
	for (unsigned n = 0; n < 50000;) {
		if (!trace_read(CPU_RACE, &seq, &r))
			continue;
		assert_int_equal(r.a, ~r.b);
		assert_int_equal(r.a, seq - 1);
		assert_true(n == 0 || r.a > last);
		last = r.a;
		n++;
	}
	__atomic_store_n(&race_over, true, __ATOMIC_RELAXED);
	pthread_join(writer, NULL);
}

static void
names(void **state)
{
	enum trace_event_id event = TRACE_EVENTS;

	for (unsigned i = 0; i < TRACE_EVENTS; i++) {
		const struct trace_kind *kind = trace_kind((enum trace_event_id)i);

		assert_non_null(kind->name);
		assert_non_null(kind->a);
		assert_non_null(kind->b);
		assert_true(trace_event_from_name(kind->name, &event));
		assert_int_equal(event, i);
	}
	assert_false(trace_event_from_name("", &event));
	assert_false(trace_event_from_name("irqs", &event));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain), cmocka_unit_test(early), cmocka_unit_test(wraps),
		cmocka_unit_test(torn),	 cmocka_unit_test(race),  cmocka_unit_test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
