/* SPDX-License-Identifier: MIT */
// SOURCES: lib/lock.c
#include "tests/unit/test.h"

#include <string.h>

#include "include/intrin.h"
#include "lib/lock.h"

/*
 * The lock's checks keep what each CPU holds, and a panic leaves it so: each test that panics is a
 * CPU of its own.
 */
static struct spinlock low, high;

static int
begin(void **state)
{
	spin_init(&low, RANK_SHELL, "low");
	spin_init(&high, RANK_HEAP, "high");
	fake_flags = RFLAGS_IF;
	fake_cpu++;
	return 0;
}

static void
interrupts_are_off_while_held(void **state)
{
	u64 flags = spin_lock(&low), inner;

	assert_false(irqs_enabled());
	inner = spin_lock(&high);
	spin_unlock(&high, inner);
	assert_false(irqs_enabled());
	spin_unlock(&low, flags);
	assert_true(irqs_enabled());

	fake_flags = 0;
	flags = spin_lock(&low);
	spin_unlock(&low, flags);
	assert_false(irqs_enabled());
}

static void
without_touching_interrupts(void **state)
{
	fake_flags = 0;
	spin_lock_irqoff(&low);
	assert_true(spin_held(&low));
	spin_unlock_irqoff(&low);
	assert_false(spin_held(&low));
	assert_false(irqs_enabled());
}

static void
held_by_this_cpu(void **state)
{
	u64 flags = spin_lock(&low);

	assert_true(spin_held(&low));
	assert_false(spin_held(&high));
	fake_cpu++;
	assert_false(spin_held(&low));
	fake_cpu--;
	spin_unlock(&low, flags);
	assert_false(spin_held(&low));
}

static void
rising_rank_only(void **state)
{
	u64 flags = spin_lock(&high);

	expect_panic(flags = spin_lock(&low));
	assert_non_null(strstr(panic_text, "low"));
	(void)flags;
}

static void
not_the_same_rank(void **state)
{
	struct spinlock other = SPINLOCK_INIT(RANK_HEAP, "other");
	u64 flags = spin_lock(&high);

	expect_panic(flags = spin_lock(&other));
	(void)flags;
}

static void
not_twice(void **state)
{
	u64 flags = spin_lock(&high);

	expect_panic(flags = spin_lock(&high));
	assert_non_null(strstr(panic_text, "twice"));
	(void)flags;
}

static void
only_the_holder_releases(void **state)
{
	u64 flags = spin_lock(&high);

	spin_unlock(&high, flags);
	expect_panic(spin_unlock(&high, flags));
	flags = spin_lock(&high);
	fake_cpu++;
	expect_panic(spin_unlock(&high, flags));
}

/* Locks may be released in any order. */
static void
released_in_any_order(void **state)
{
	u64 outer = spin_lock(&low), inner = spin_lock(&high);

	spin_unlock(&low, inner);
	assert_true(spin_held(&high));
	spin_unlock(&high, outer);
	assert_true(irqs_enabled());
	outer = spin_lock(&low);
	spin_unlock(&low, outer);
}

/* Tickets wrap around. */
static void
many_times(void **state)
{
	low.next = low.serving = ~0u - 5;
	for (int i = 0; i < 12; i++) {
		u64 flags = spin_lock(&low);

		spin_unlock(&low, flags);
	}
	assert_int_equal(low.next, 6);
	assert_int_equal(low.serving, 6);
}

/* Last: it can't be undone. Another's lock no longer stops anyone. */
static void
disabled_after_a_panic(void **state)
{
	u64 flags;

	low.next = low.serving + 1;
	low.holder = 77;
	locks_disable();
	flags = spin_lock(&low);
	assert_true(spin_held(&low));
	spin_unlock(&low, flags);
}

#define test(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(interrupts_are_off_while_held),
		test(without_touching_interrupts),
		test(held_by_this_cpu),
		test(rising_rank_only),
		test(not_the_same_rank),
		test(not_twice),
		test(only_the_holder_releases),
		test(released_in_any_order),
		test(many_times),
		test(disabled_after_a_panic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
