/* SPDX-License-Identifier: MIT */
// SOURCES: core/flush.c
/*
 * Flushing the vCPUs of a VM: two of them, which leave their guests when they are waited for, or
 * don't. And the assertion by which a flush that was left out shows.
 */
#include "tests/unit/test.h"

#include "arch/x86_64/time.h"
#include "core/flush.h"
#include "core/guest_tables.h"
#include "include/bits.h"

static struct vm vm;
static struct vcpu vcpus[2];
static struct guest_tables tables;
static u32 asked;	  /* a bit a vCPU */
static unsigned patience; /* looks until the wait is over */
static unsigned leaving;  /* how many looks a vCPU stays in its guest */
static bool enters_again; /* it has flushed, and is back in its guest before anybody looked */

struct guest_tables *
guest_memory_tables(struct guest_memory *m)
{
	assert_ptr_equal(m, &tables);
	return &tables;
}

void
vcpu_request(struct vcpu *v, enum vcpu_request request)
{
	assert_int_equal(request, REQUEST_FLUSH);
	v->requests |= BIT32(request);
	asked |= BIT32(v->index);
}

struct wait
wait_begin(u64 us)
{
	return (struct wait){0};
}

/* What the other CPUs do meanwhile. */
bool
wait_goes_on(const struct wait *wait)
{
	if (leaving > 0 && --leaving == 0) {
		for (unsigned i = 0; i < ARRAY_SIZE(vcpus); i++) {
			struct vcpu *v = &vcpus[i];

			if (enters_again) {
				flush_prepare(v);
				virt_note_flush(&v->hw);
				virt_assert_flushed(&v->hw);
			} else {
				v->in_guest = false;
			}
		}
	}
	return --patience > 0;
}

void
wait_end(const struct wait *wait)
{
}

static int
begin(void **state)
{
	vm = (struct vm){.memory = (struct guest_memory *)&tables, .vcpu_count = 2};
	tables = (struct guest_tables){0};
	tables.pt.changes = tables.pt.flushed = 7;
	for (unsigned i = 0; i < ARRAY_SIZE(vcpus); i++) {
		vcpus[i] = (struct vcpu){.vm = &vm, .index = i};
		vm.vcpus[i] = &vcpus[i];
		flush_init(&vcpus[i]);
	}
	asked = 0;
	patience = 100;
	leaving = 0;
	enters_again = false;
	return 0;
}

/* As with an entry: the backend flushes, and says so. */
static void
enter(struct vcpu *v)
{
	if (v->hw.flush)
		virt_note_flush(&v->hw);
	virt_assert_flushed(&v->hw);
	v->in_guest = true;
}

static void
the_first_run_flushes(void **state)
{
	assert_true(vcpus[0].hw.flush);
	expect_panic(virt_assert_flushed(&vcpus[0].hw)); /* before the backend has */
	enter(&vcpus[0]);
	assert_false(vcpus[0].hw.flush);
	assert_int_equal(vcpus[0].hw.tables_flushed, 7);
}

static void
nobody_in_a_guest_is_not_waited_for(void **state)
{
	flush_all(&vm, 8);
	assert_int_equal(asked, 3);
	assert_int_equal(patience, 100);
	assert_true(flush_is_done(&vm, 8));
}

static void
waits_until_all_have_left(void **state)
{
	enter(&vcpus[0]);
	enter(&vcpus[1]);
	tables.pt.changes = 8;
	assert_false(flush_is_done(&vm, 8));
	leaving = 5;
	flush_all(&vm, 8);
	assert_int_equal(asked, 3);
	assert_int_equal(leaving, 0);
	assert_true(flush_is_done(&vm, 8));
}

static void
one_that_came_back_has_flushed(void **state)
{
	enter(&vcpus[0]);
	enter(&vcpus[1]);
	tables.pt.changes = 8;
	leaving = 5;
	enters_again = true;
	flush_all(&vm, 8);
	assert_true(vcpus[0].in_guest);
	assert_int_equal(vcpus[1].hw.tables_flushed, 8);
	assert_true(flush_is_done(&vm, 8));
	assert_false(flush_is_done(&vm, 9));
}

/*
 * One that has left shows as in its guest before it has looked at its requests, and again before a
 * run's first flush. Another that leaves late, or the freeing of tables, may find it so.
 */
static void
one_that_is_about_to_look_has_left(void **state)
{
	enter(&vcpus[0]);
	vcpus[0].in_guest = false;
	tables.pt.changes = 8;
	flush_all(&vm, 8);
	vcpus[0].in_guest = true;
	leaving = 5;
	assert_true(flush_is_done(&vm, 8));
	assert_int_equal(leaving, 0);
}

static void
one_that_is_about_to_flush_has_left(void **state)
{
	enter(&vcpus[0]);
	vcpus[0].in_guest = false;
	tables.pt.changes = 8;
	flush_all(&vm, 8);
	vcpus[0].requests = 0;
	flush_prepare(&vcpus[0]);
	vcpus[0].in_guest = true;
	assert_true(flush_is_done(&vm, 8));
	flush_all(&vm, 8);
	assert_int_equal(patience, 100);
}

static void
one_that_does_not_leave_is_a_panic(void **state)
{
	enter(&vcpus[0]);
	tables.pt.changes = 8;
	expect_panic(flush_all(&vm, 8));
}

static void
interrupts_have_to_be_on(void **state)
{
	u64 flags = irq_save();

	expect_panic(flush_all(&vm, 8));
	irq_restore(flags);
}

/* Neither the request nor the tag's end came through: the next entry shows it. */
static void
a_missing_flush_shows_at_the_entry(void **state)
{
	enter(&vcpus[0]);
	vcpus[0].in_guest = false;
	enter(&vcpus[0]);
	tables.pt.changes = tables.pt.flushed = 8;
	expect_panic(enter(&vcpus[0]));
	vcpus[0].hw.flush = true; /* a flush that was asked for before the change */
	expect_panic(enter(&vcpus[0]));
	flush_prepare(&vcpus[0]);
	enter(&vcpus[0]);
}

#define test(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(the_first_run_flushes),
		test(nobody_in_a_guest_is_not_waited_for),
		test(waits_until_all_have_left),
		test(one_that_came_back_has_flushed),
		test(one_that_is_about_to_look_has_left),
		test(one_that_is_about_to_flush_has_left),
		test(one_that_does_not_leave_is_a_panic),
		test(interrupts_have_to_be_on),
		test(a_missing_flush_shows_at_the_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
