/* SPDX-License-Identifier: MIT */
/*
 * A ring of bytes between one producer and one consumer, without a lock: each may be on any CPU,
 * the producer in an interrupt too. Nothing is lost in it: a byte that does not fit is refused.
 * Several producers, or several consumers, need a lock of their own among themselves.
 */
#pragma once

#include "include/types.h"

struct ring {
	u8 *bytes;
	u32 size;	/* a power of two: all of it can be used */
	u32 head, tail; /* bytes ever put and ever taken, modulo 2^32 */
};

/* The buffer belongs to the ring from here; size is a power of two, at most 2^31. */
void ring_init(struct ring *ring, u8 *buffer, u32 size);

/* False when the ring is full: the byte is still the caller's. */
__must_check bool ring_put(struct ring *ring, u8 byte);

/* Takes at most `len` bytes, oldest first; answers how many there were. */
size_t ring_get(struct ring *ring, u8 *bytes, size_t len);

/* How many bytes wait. The consumer's answer can only grow behind its back, the producer's shrink.
 */
u32 ring_used(const struct ring *ring);
