/* SPDX-License-Identifier: MIT */
// SOURCES: arch/x86_64/irq_line.c lib/log.c lib/lock.c lib/format.c lib/error.c
#include "tests/unit/test.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/interrupt.h"
#include "arch/x86_64/ioapic.h"
#include "arch/x86_64/time.h"
#include "include/intrin.h"

enum { INPUTS = 24, VECTORS = 32 };

static u64 now_ns;
static struct cpu cpus[2] = {{.apic_id = 4}, {.apic_id = 6}};
static struct {
	bool routed, active_low;
	u8 vector;
	u32 apic_id;
} inputs[INPUTS];
static struct {
	irq_handler handler;
	void *arg;
	const char *name;
	u32 gsi;
} vectors[VECTORS];
static unsigned vector_count;
static bool no_vector;

/* A device: whether it has asked, and how often it was asked. */
struct asker {
	bool asks;
	unsigned calls;
};

static struct asker a, b;

const char interrupt_source_ioapic[] = "I/O APIC";

u64
clock_ns(void)
{
	return now_ns;
}

struct cpu *
cpu_get(u32 index)
{
	return &cpus[index];
}

int
ioapic_route(u32 gsi, bool level, bool active_low, u8 vector, u32 apic_id)
{
	assert_true(level);
	if (gsi >= INPUTS)
		return -ERR_NODEV;
	inputs[gsi].routed = true;
	inputs[gsi].active_low = active_low;
	inputs[gsi].vector = vector;
	inputs[gsi].apic_id = apic_id;
	return 0;
}

void
ioapic_mask(u32 gsi)
{
	if (gsi >= INPUTS)
		return;
	inputs[gsi].routed = false;
}

int
interrupt_allocate(irq_handler handler, void *arg, const char *name, const char *source, u32 gsi,
		   u8 *vector)
{
	if (no_vector)
		return -ERR_FULL;
	assert_true(vector_count < VECTORS);
	*vector = (u8)(vector_count + 1);
	vectors[vector_count].handler = handler;
	vectors[vector_count].arg = arg;
	vectors[vector_count].name = name;
	vectors[vector_count++].gsi = gsi;
	return 0;
}

void
interrupt_relabel(u8 vector, const char *name, u32 gsi)
{
	vectors[vector - 1].name = name;
	vectors[vector - 1].gsi = gsi;
}

bool
interrupt_has_gsi(u32 gsi)
{
	return gsi == 4; /* a serial line's */
}

static bool
handler(void *arg)
{
	struct asker *asker = arg;

	asker->calls++;
	return asker->asks;
}

static void
interrupt(u32 gsi)
{
	unsigned v = inputs[gsi].vector - 1u;

	assert_true(inputs[gsi].routed);
	vectors[v].handler(vectors[v].arg);
}

static int
teardown(void **state)
{
	for (u32 gsi = 0; gsi < INPUTS; gsi++) {
		irq_line_leave(gsi, &a);
		irq_line_leave(gsi, &b);
		assert_false(inputs[gsi].routed);
	}
	a = b = (struct asker){0};
	no_vector = false;
	return 0;
}

static void
two_share_an_input(void **state)
{
	assert_int_equal(irq_line_join(17, true, 1, handler, &a, "a"), 0);
	assert_int_equal(inputs[17].apic_id, 6);
	assert_true(inputs[17].active_low);
	assert_int_equal(irq_line_join(17, true, 0, handler, &b, "b"), 0);
	interrupt(17);
	assert_true(a.calls == 1 && b.calls == 1);
	irq_line_leave(17, &a);
	interrupt(17);
	assert_true(a.calls == 1 && b.calls == 2);
	irq_line_leave(17, &b);
	assert_false(inputs[17].routed);
}

static void
what_can_not_be_shared_is_refused(void **state)
{
	assert_int_equal(irq_line_join(4, true, 0, handler, &a, "a"), -ERR_BUSY);
	assert_int_equal(irq_line_join(99, true, 0, handler, &a, "a"), -ERR_NODEV);
	assert_int_equal(irq_line_join(16, true, 0, handler, &a, "a"), 0);
	assert_int_equal(irq_line_join(16, false, 0, handler, &b, "b"), -ERR_BUSY);
	no_vector = true;
	assert_int_equal(irq_line_join(18, true, 0, handler, &b, "b"), -ERR_FULL);
}

static void
trials_need_one_vector(void **state)
{
	unsigned before;

	assert_int_equal(irq_line_join(16, true, 0, handler, &a, "a"), 0);
	irq_line_leave(16, &a);
	before = vector_count;
	for (u32 gsi = 16; gsi < INPUTS; gsi++) {
		assert_int_equal(irq_line_join(gsi, false, 0, handler, &a, "a"), 0);
		assert_int_equal(vectors[inputs[gsi].vector - 1u].gsi, gsi);
		assert_string_equal(vectors[inputs[gsi].vector - 1u].name, "a");
		irq_line_leave(gsi, &a);
		assert_null(vectors[inputs[gsi].vector - 1u].name); /* not listed */
	}
	assert_int_equal(vector_count, before);
	/* One that was still on its way finds a handler, and nobody to ask. */
	a.calls = 0;
	vectors[before - 1].handler(vectors[before - 1].arg);
	assert_int_equal(a.calls, 0);
}

static void
a_storm_masks_the_input(void **state)
{
	unsigned n = 0;

	assert_int_equal(irq_line_join(20, true, 0, handler, &a, "a"), 0);
	for (; n < 100000 && inputs[20].routed; n++) {
		interrupt(20);
		now_ns += 10 * NS_PER_US;
	}
	assert_in_range(n, 100, 1000);
	assert_true(irq_line_is_dead(20));
	assert_int_equal(irq_line_join(20, true, 0, handler, &b, "b"), -ERR_BUSY);
	irq_line_leave(20, &a);
	assert_false(irq_line_is_dead(20));
	assert_int_equal(irq_line_join(20, true, 0, handler, &b, "b"), 0); /* another chance */
	interrupt(20);
	assert_true(inputs[20].routed);
}

static void
interrupts_that_are_somebody_s_or_rare_are_no_storm(void **state)
{
	assert_int_equal(irq_line_join(20, true, 0, handler, &a, "a"), 0);
	a.asks = true;
	for (unsigned i = 0; i < 100000; i++)
		interrupt(20);
	a.asks = false;
	for (unsigned i = 0; i < 100000; i++) {
		interrupt(20);
		now_ns += NS_PER_MS;
	}
	assert_false(irq_line_is_dead(20));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(two_share_an_input, teardown),
		cmocka_unit_test_teardown(what_can_not_be_shared_is_refused, teardown),
		cmocka_unit_test_teardown(trials_need_one_vector, teardown),
		cmocka_unit_test_teardown(a_storm_masks_the_input, teardown),
		cmocka_unit_test_teardown(interrupts_that_are_somebody_s_or_rare_are_no_storm,
					  teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
