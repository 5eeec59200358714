/* SPDX-License-Identifier: MIT */
// SOURCES:
#include "tests/unit/test.h"

#include "include/list.h"

struct item {
	int value;
	struct list link;
};

static struct list head;
static struct item items[5];

static int
begin(void **state)
{
	list_init(&head);
	for (int i = 0; i < 5; i++) {
		items[i].value = i;
		list_init(&items[i].link);
	}
	return 0;
}

/* The values in the list as the digits of a number, in both directions. */
static int
digits(void)
{
	struct list *pos;
	int forward = 0, place = 1, backward = 0;

	list_for_each (pos, &head)
		forward = forward * 10 + list_entry(pos, struct item, link)->value;
	for (pos = head.prev; pos != &head; pos = pos->prev) {
		backward += place * list_entry(pos, struct item, link)->value;
		place *= 10;
	}
	assert_int_equal(forward, backward);
	return forward;
}

static void
starts_empty(void **state)
{
	static struct list fixed = LIST_INIT(fixed);

	assert_true(list_empty(&head));
	assert_true(list_empty(&fixed));
	assert_int_equal(digits(), 0);
}

static void
keeps_order(void **state)
{
	list_append(&head, &items[1].link);
	list_append(&head, &items[2].link);
	list_prepend(&head, &items[4].link);
	assert_int_equal(digits(), 412);
	list_insert_before(&items[2].link, &items[3].link);
	assert_int_equal(digits(), 4132);
	assert_false(list_empty(&head));
	assert_ptr_equal(list_first(&head, struct item, link), &items[4]);
}

static void
removes_anywhere(void **state)
{
	for (int i = 1; i < 5; i++)
		list_append(&head, &items[i].link);
	list_remove(&items[1].link);
	assert_int_equal(digits(), 234);
	list_remove(&items[3].link);
	assert_int_equal(digits(), 24);
	list_remove(&items[3].link); /* in no list: nothing happens */
	assert_int_equal(digits(), 24);
	list_remove(&items[4].link);
	list_remove(&items[2].link);
	assert_true(list_empty(&head));
	assert_true(list_empty(&items[2].link));
}

#define test(name) cmocka_unit_test_setup(name, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(starts_empty),
		test(keeps_order),
		test(removes_anywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
