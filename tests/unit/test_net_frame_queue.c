/* SPDX-License-Identifier: MIT */
// SOURCES: net/frame_queue.c net/frame.c net/checksum.c lib/text.c lib/lock.c lib/format.c
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "net/frame_queue.h"

enum { COUNT = 4, ROOM = 400 };

static struct frame_queue queue;
static struct frame frame;
static struct net_port sender = {.name = "web.0"};
static u8 rest[2000];

static int
setup(void **state)
{
	void *memory = malloc(frame_queue_size(COUNT, ROOM));

	assert_non_null(memory);
	frame_queue_init(&queue, memory, COUNT, ROOM, COUNT);
	memset(&frame, 0, sizeof(frame));
	for (unsigned i = 0; i < FRAME_HEADER_MAX; i++)
		frame.header[i] = (u8)i;
	for (unsigned i = 0; i < sizeof(rest); i++)
		rest[i] = (u8)(i * 7);
	frame.from = &sender;
	sender.own.slot = 5;
	frame.header_len = 60;
	frame.len = 100;
	frame.spans[0] = (struct frame_span){rest, 40};
	frame.span_count = 1;
	return 0;
}

static int
teardown(void **state)
{
	free(queue.memory);
	return 0;
}

static void
whole_frames_in_order(void **state)
{
	for (u32 n = 0; n < 3 * COUNT; n++) {
		const struct queued_frame *q;

		frame.header[20] = (u8)n;
		assert_true(frame_queue_put(&queue, &frame, n % 2 == 0, n));
		q = frame_queue_next(&queue);
		assert_non_null(q);
		assert_int_equal(q->when_ns, n);
		assert_int_equal(q->len, 100);
		assert_int_equal(q->kept, 100);
		assert_int_equal(q->owner, 5);
		assert_int_equal(q->sent, n % 2 == 0);
		assert_string_equal(q->sender, "web.0");
		assert_memory_equal(q->data, frame.header, 60);
		assert_memory_equal(q->data + 60, rest, 40);
		frame_queue_release(&queue);
		assert_null(frame_queue_next(&queue));
	}
}

static void
no_room_is_counted(void **state)
{
	for (u32 n = 0; n < COUNT; n++)
		assert_true(frame_queue_put(&queue, &frame, true, n));
	assert_false(frame_queue_put(&queue, &frame, true, 9));
	assert_int_equal(queue.lost, 1);
	assert_int_equal(frame_queue_next(&queue)->when_ns, 0);
	frame_queue_release(&queue);
	assert_true(frame_queue_put(&queue, &frame, true, COUNT));
	for (u32 n = 1; n <= COUNT; n++) {
		assert_int_equal(frame_queue_next(&queue)->when_ns, n);
		frame_queue_release(&queue);
	}
	assert_null(frame_queue_next(&queue));
}

static void
one_sender_leaves_room_for_others(void **state)
{
	static struct net_port other = {.name = "other.0"};

	other.own.slot = 6;
	queue.share = 3;
	for (u32 n = 0; n < 3; n++)
		assert_true(frame_queue_put(&queue, &frame, true, n));
	assert_false(frame_queue_put(&queue, &frame, true, 3));
	frame.from = &other;
	assert_true(frame_queue_put(&queue, &frame, true, 4));
	frame_queue_release(&queue);
	assert_true(frame_queue_put(&queue, &frame, true, 5));
	frame_queue_release(&queue);
	frame.from = &sender;
	assert_true(frame_queue_put(&queue, &frame, true, 6));
	assert_int_equal(queue.lost, 1);
}

/* Its slot is another one's next, who answers for none of what still waits. */
static void
what_waits_of_one_that_has_gone_is_stale(void **state)
{
	static struct net_port other = {.name = "other.0"};

	other.own.slot = 6;
	assert_true(frame_queue_put(&queue, &frame, true, 0));
	frame.from = &other;
	assert_true(frame_queue_put(&queue, &frame, true, 1));
	frame.from = &sender;
	assert_true(frame_queue_put(&queue, &frame, true, 2));
	frame_queue_forget(&queue, 5);
	assert_true(frame_queue_put(&queue, &frame, true, 3));
	for (u32 n = 0; n < 4; n++) {
		assert_int_equal(frame_queue_next(&queue)->when_ns, n);
		assert_int_equal(frame_queue_is_stale(&queue), n == 0 || n == 2);
		frame_queue_release(&queue);
	}
	frame_queue_forget(&queue, 6);
	frame.from = &other;
	assert_true(frame_queue_put(&queue, &frame, true, 4));
	assert_non_null(frame_queue_next(&queue));
	assert_false(frame_queue_is_stale(&queue));
}

static void
a_long_one_is_cut(void **state)
{
	const struct queued_frame *q;

	frame.spans[0].len = sizeof(rest);
	frame.len = 60 + sizeof(rest);
	assert_true(frame_queue_put(&queue, &frame, true, 0));
	q = frame_queue_next(&queue);
	assert_int_equal(q->len, 60 + sizeof(rest));
	assert_int_equal(q->kept, ROOM);
	assert_memory_equal(q->data + 60, rest, ROOM - 60);
}

static void
the_tag_is_in_the_bytes(void **state)
{
	static const u8 tag[] = {0x81, 0x00, 0x20, 0x07};
	const struct queued_frame *q;

	frame.tagged = true;
	frame.tag = 0x2007;
	assert_true(frame_queue_put(&queue, &frame, true, 0));
	q = frame_queue_next(&queue);
	assert_int_equal(q->len, 104);
	assert_memory_equal(q->data, frame.header, 12);
	assert_memory_equal(q->data + 12, tag, 4);
	assert_memory_equal(q->data + 16, frame.header + 12, 48);
	assert_memory_equal(q->data + 64, rest, 40);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole_frames_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(no_room_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(one_sender_leaves_room_for_others, setup, teardown),
		cmocka_unit_test_setup_teardown(what_waits_of_one_that_has_gone_is_stale, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_long_one_is_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(the_tag_is_in_the_bytes, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
