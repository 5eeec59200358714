/* SPDX-License-Identifier: MIT */
/*
 * The trace's rings. Only its own CPU writes a ring, but an interrupt or NMI may record in the
 * middle of a record: so the number is taken by one atomic step, and each slot has a tag that is 0
 * while the slot is written. A reader, on any CPU, believes a copy only if the tag was that of the
 * number it wants, before and after.
 */
#include "lib/trace.h"

#include "include/bits.h"
#include "include/intrin.h"
#include "include/limits.h"
#include "include/panic.h"
#include "lib/string.h"

enum { TAG_EVENT_BITS = 16 };

static struct trace_ring *rings[MAX_CPUS]; /* NULL until trace_attach() */

static const struct trace_kind kinds[TRACE_EVENTS] = {
	[TRACE_IRQ] = {"irq",    "vector",	"rip"    },
	[TRACE_TIMER] = {"timer",  "late-ns", "expired"},
	[TRACE_SWITCH] = {"switch", "from",    "to"	},
	[TRACE_IPI] = {"ipi",    "vector",	"cpu"    },
};

void
trace_attach(u32 cpu, struct trace_ring *ring, struct trace_slot *slots, u32 count)
{
	ASSERT(cpu < MAX_CPUS && is_power_of_two(count) && rings[cpu] == NULL);
	for (u32 i = 0; i < count; i++)
		slots[i].tag = 0;
	*ring = (struct trace_ring){slots, count, 0};
	__atomic_store_n(&rings[cpu], ring, __ATOMIC_RELEASE);
}

void
trace_event(enum trace_event_id event, u64 a, u64 b)
{
	struct trace_ring *ring = rings[cpu_index()];
	struct trace_slot *slot;
	u64 number;

	if (ring == NULL)
		return;
	number = __atomic_fetch_add(&ring->next, 1, __ATOMIC_RELAXED);
	slot = &ring->slots[number & (ring->count - 1)];
	__atomic_store_n(&slot->tag, 0, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	WRITE_ONCE(slot->tsc, rdtsc());
	WRITE_ONCE(slot->a, a);
	WRITE_ONCE(slot->b, b);
	__atomic_store_n(&slot->tag, (number + 1) << TAG_EVENT_BITS | event, __ATOMIC_RELEASE);
}

/* False when the slot holds another record than this number's, or is being written. */
static bool
copy_record(const struct trace_ring *ring, u64 number, struct trace_record *out)
{
	const struct trace_slot *slot = &ring->slots[number & (ring->count - 1)];
	u64 tag = __atomic_load_n(&slot->tag, __ATOMIC_ACQUIRE);

	if (tag >> TAG_EVENT_BITS != number + 1)
		return false;
	out->tsc = READ_ONCE(slot->tsc);
	out->a = READ_ONCE(slot->a);
	out->b = READ_ONCE(slot->b);
	out->event = (enum trace_event_id)(tag & BITS(TAG_EVENT_BITS - 1, 0));
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&slot->tag, __ATOMIC_RELAXED) == tag;
}

bool
trace_read(u32 cpu, u64 *seq, struct trace_record *out)
{
	const struct trace_ring *ring;
	u64 next, at;

	ASSERT(cpu < MAX_CPUS);
	ring = __atomic_load_n(&rings[cpu], __ATOMIC_ACQUIRE);
	if (ring == NULL)
		return false;
	/* At most one ring's worth: a CPU that records faster than we read doesn't keep us here. */
	next = __atomic_load_n(&ring->next, __ATOMIC_ACQUIRE);
	at = MAX(*seq, next > ring->count ? next - ring->count : 0);
	for (; at < next; at++) {
		if (copy_record(ring, at, out)) {
			*seq = at + 1;
			return true;
		}
	}
	return false;
}

const struct trace_kind *
trace_kind(enum trace_event_id event)
{
	ASSERT(event < TRACE_EVENTS);
	return &kinds[event];
}

bool
trace_event_from_name(const char *name, enum trace_event_id *out)
{
	for (unsigned i = 0; i < TRACE_EVENTS; i++) {
		if (strcmp(name, kinds[i].name) == 0) {
			*out = (enum trace_event_id)i;
			return true;
		}
	}
	return false;
}
