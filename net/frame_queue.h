/* SPDX-License-Identifier: MIT */
/*
 * Copies of frames on their way to a thread: to a gateway's, or to a person who captures. One
 * producer at a time, under its switch's lock, and one consumer; no lock of its own. Memory is the
 * caller's. What finds no room is not taken, and counted.
 */
#pragma once

#include "net/port.h"

struct queued_frame {
	u64 when_ns;
	u32 len;			/* of the frame, with its tag */
	u32 kept;			/* of it, in data */
	u16 owner;			/* index of the port that sent it */
	bool sent;			/* whatever the producer says */
	char sender[PORT_NAME_MAX + 1]; /* that port's name */
	u8 data[];
};

enum { QUEUE_SENDERS = 72 /* slots of a switch */ };

struct frame_queue {
	u8 *memory;
	u32 count, stride, room; /* slots, a power of two; bytes of a slot, and of its data */
	u32 share;		 /* of the slots, at most so many for one sender at a time */
	u32 put, taken;		 /* ever; each written by one side */
	u32 put_by[QUEUE_SENDERS], taken_by[QUEUE_SENDERS];
	u32 stale_by[QUEUE_SENDERS]; /* of those that wait, the first ones; the consumer's */
	u64 lost;
};

/* Bytes of memory for so many frames of so many bytes each. */
size_t frame_queue_size(u32 count, u32 room);
void frame_queue_init(struct frame_queue *q, void *memory, u32 count, u32 room, u32 share);

/* The frame, its tag in its bytes, cut at the room. False when the queue is full, or the sender's
 * share of it. */
bool frame_queue_put(struct frame_queue *q, const struct frame *f, bool sent, u64 now_ns);

/* The oldest one, valid until it is released; NULL: none. The bytes are the consumer's to change.
 */
struct queued_frame *frame_queue_next(struct frame_queue *q);
void frame_queue_release(struct frame_queue *q);

/*
 * A sender has gone, and its index will be another's: what waits of it is stale. Not while it puts,
 * nor while the consumer takes: a lock of theirs is held, as for is_stale(), which is about the
 * oldest one, and release().
 */
void frame_queue_forget(struct frame_queue *q, u32 sender);
bool frame_queue_is_stale(const struct frame_queue *q);
