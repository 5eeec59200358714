/* SPDX-License-Identifier: MIT */
/* A ring of copied frames between one producer and one consumer. */
#include "net/frame_queue.h"

#include "include/panic.h"
#include "lib/text.h"

static u32
stride_of(u32 room)
{
	return ALIGN_UP((u32)sizeof(struct queued_frame) + room, 8u);
}

size_t
frame_queue_size(u32 count, u32 room)
{
	return (size_t)count * stride_of(room);
}

void
frame_queue_init(struct frame_queue *q, void *memory, u32 count, u32 room, u32 share)
{
	ASSERT((count & (count - 1)) == 0 && room >= FRAME_HEADER_MAX && share > 0);
	*q = (struct frame_queue){
		.memory = memory,
		.count = count,
		.stride = stride_of(room),
		.room = room,
		.share = share,
	};
}

static struct queued_frame *
slot(const struct frame_queue *q, u32 n)
{
	return (void *)(q->memory + (size_t)(n & (q->count - 1)) * q->stride);
}

bool
frame_queue_put(struct frame_queue *q, const struct frame *f, bool sent, u64 now_ns)
{
	u32 put = q->put;
	struct queued_frame *c = slot(q, put);

	u16 owner = f->from != NULL ? f->from->own.slot : 0;

	if (put - __atomic_load_n(&q->taken, __ATOMIC_ACQUIRE) == q->count ||
	    q->put_by[owner] - READ_ONCE(q->taken_by[owner]) >= q->share) {
		q->lost++;
		return false;
	}
	c->when_ns = now_ns;
	c->len = f->len + (f->tagged ? ETH_TAG : 0);
	c->owner = owner;
	q->put_by[owner]++;
	c->sent = sent;
	copy_string(c->sender, f->from != NULL ? f->from->name : "", sizeof(c->sender));
	c->kept = frame_copy_tagged(f, c->data, q->room);
	__atomic_store_n(&q->put, put + 1, __ATOMIC_RELEASE);
	return true;
}

struct queued_frame *
frame_queue_next(struct frame_queue *q)
{
	if (__atomic_load_n(&q->put, __ATOMIC_ACQUIRE) == q->taken)
		return NULL;
	return slot(q, q->taken);
}

void
frame_queue_release(struct frame_queue *q)
{
	u16 owner = slot(q, q->taken)->owner;

	ASSERT(READ_ONCE(q->put) != q->taken);
	if (q->stale_by[owner] > 0)
		q->stale_by[owner]--;
	WRITE_ONCE(q->taken_by[owner], q->taken_by[owner] + 1);
	__atomic_store_n(&q->taken, q->taken + 1, __ATOMIC_RELEASE);
}

void
frame_queue_forget(struct frame_queue *q, u32 sender)
{
	q->stale_by[sender] = q->put_by[sender] - q->taken_by[sender];
}

bool
frame_queue_is_stale(const struct frame_queue *q)
{
	return q->stale_by[slot(q, q->taken)->owner] > 0;
}
