/* SPDX-License-Identifier: MIT */
/*
 * The byte ring. head and tail run freely: their difference is what is in the ring, so that all of
 * the buffer can be used. Each index has one writer, which publishes it with release after it has
 * written (or read) the bytes; the other side looks at it with acquire.
 */
#include "lib/ring.h"

#include "include/bits.h"
#include "include/panic.h"

void
ring_init(struct ring *ring, u8 *buffer, u32 size)
{
	ASSERT(is_power_of_two(size));
	*ring = (struct ring){.bytes = buffer, .size = size};
}

bool
ring_put(struct ring *ring, u8 byte)
{
	u32 head = ring->head;

	if (head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) == ring->size)
		return false;
	ring->bytes[head & (ring->size - 1)] = byte;
	__atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
	return true;
}

size_t
ring_get(struct ring *ring, u8 *bytes, size_t len)
{
	u32 tail = ring->tail;
	u32 there = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) - tail;
	u32 taken = (u32)MIN(len, there);

	for (u32 i = 0; i < taken; i++)
		bytes[i] = ring->bytes[(tail + i) & (ring->size - 1)];
	__atomic_store_n(&ring->tail, tail + taken, __ATOMIC_RELEASE);
	return taken;
}

u32
ring_used(const struct ring *ring)
{
	u32 tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE) - tail;
}
