/* SPDX-License-Identifier: MIT */
// SOURCES: lib/ring.c
#include "tests/unit/test.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "lib/ring.h"

static void
keeps_order(void **state)
{
	u8 buffer[8], out[8];
	struct ring ring;

	ring_init(&ring, buffer, sizeof(buffer));
	for (u8 i = 0; i < 100; i++) {
		assert_true(ring_put(&ring, i));
		assert_true(ring_put(&ring, (u8)(i + 100)));
		assert_int_equal(ring_used(&ring), 2);
		assert_int_equal(ring_get(&ring, out, sizeof(out)), 2);
		assert_int_equal(out[0], i);
		assert_int_equal(out[1], i + 100);
	}
	assert_int_equal(ring_get(&ring, out, sizeof(out)), 0);
}

/* All of the buffer can be used; what does not fit is refused and changes nothing. */
static void
full(void **state)
{
	u8 buffer[4], out[8];
	struct ring ring;

	ring_init(&ring, buffer, sizeof(buffer));
	for (u8 i = 0; i < 4; i++)
		assert_true(ring_put(&ring, i));
	assert_false(ring_put(&ring, 99));
	assert_int_equal(ring_used(&ring), 4);
	assert_int_equal(ring_get(&ring, out, 1), 1);
	assert_int_equal(out[0], 0);
	assert_true(ring_put(&ring, 4));
	assert_int_equal(ring_get(&ring, out, sizeof(out)), 4);
	for (u8 i = 0; i < 4; i++)
		assert_int_equal(out[i], i + 1);
}

/* The indices run freely through 2^32. */
static void
index_wraps(void **state)
{
	u8 buffer[4], out[4];
	struct ring ring;

	ring_init(&ring, buffer, sizeof(buffer));
	ring.head = ring.tail = 0xfffffffe;
	for (u8 i = 0; i < 4; i++)
		assert_true(ring_put(&ring, i));
	assert_false(ring_put(&ring, 4));
	assert_int_equal(ring.head, 2);
	assert_int_equal(ring_used(&ring), 4);
	assert_int_equal(ring_get(&ring, out, 4), 4);
	for (u8 i = 0; i < 4; i++)
		assert_int_equal(out[i], i);
}

static void
odd_size(void **state)
{
	u8 buffer[6];
	struct ring ring;

	expect_panic(ring_init(&ring, buffer, 6));
}

enum { STREAM = 200000 };

static u8
stream_byte(u32 at)
{
	return (u8)(at * 2654435761u >> 13);
}

static void *
produce(void *arg)
{
	for (u32 at = 0; at < STREAM;) {
		if (ring_put(arg, stream_byte(at)))
			at++;
		else
			sched_yield();
	}
	return NULL;
}

/* A thread on each side, for every size and with reads of random length: the stream comes whole. */
static void
two_threads(void **state)
{
	unsigned seed = 1;

	for (u32 size = 1; size <= 1024; size *= 4) {
		u8 buffer[1024], out[300];
		struct ring ring;
		pthread_t producer;
		u32 at = 0;

		ring_init(&ring, buffer, size);
		assert_int_equal(pthread_create(&producer, NULL, produce, &ring), 0);
		while (at < STREAM) {
			size_t want = 1 + (size_t)rand_r(&seed) % sizeof(out);
			size_t got = ring_get(&ring, out, want);

			if (got == 0)
				sched_yield();
			assert_true(got <= want);
			for (size_t i = 0; i < got; i++)
				assert_int_equal(out[i], stream_byte(at++));
		}
		pthread_join(producer, NULL);
		assert_int_equal(ring_used(&ring), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_order), cmocka_unit_test(full),
		cmocka_unit_test(index_wraps), cmocka_unit_test(odd_size),
		cmocka_unit_test(two_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
