/* SPDX-License-Identifier: MIT */
/*
 * The trace: per CPU a ring of fixed-size records, always on, of what happens too often for the
 * log. Recording takes no lock and is a few instructions; any context, NMI included. A CPU's ring
 * is handed over when the CPU starts; what comes before is dropped, and counted. The newest records
 * overwrite the oldest.
 */
#pragma once

#include "include/types.h"

enum trace_event_id {
	TRACE_IRQ,    /* an interrupt's handler begins: vector, interrupted RIP */
	TRACE_TIMER,  /* the one-shot timer fired: ns that it is late, timers that have expired */
	TRACE_SWITCH, /* a thread switch: from, to (thread ids) */
	TRACE_IPI,    /* an interrupt sent to another CPU: vector, CPU */
	TRACE_EVENTS
};

/* How an event is shown: its name, and what its two arguments mean. */
struct trace_kind {
	const char *name;
	const char *a, *b;
};

/* A ring and its memory; only trace.c looks inside. */
struct trace_slot {
	u64 tag; /* (sequence number + 1) << 16 | event; 0 while it is being written */
	u64 tsc, a, b;
};

struct trace_ring {
	struct trace_slot *slots;
	u32 count;
	u64 next; /* the number of the next record */
};

struct trace_record {
	u64 tsc;
	u64 a, b;
	enum trace_event_id event;
};

/*
 * Gives a CPU its ring, which stays its own; once a CPU. count is a power of two; neither the ring
 * nor the slots need an initial value.
 */
void trace_attach(u32 cpu, struct trace_ring *ring, struct trace_slot *slots, u32 count);

/* Records on this CPU. */
void trace_event(enum trace_event_id event, u64 a, u64 b);

/*
 * Copies a CPU's record with the number *seq, or the oldest one after it that is still there; *seq
 * then is the next one's number. False when there is none yet. From any CPU.
 */
bool trace_read(u32 cpu, u64 *seq, struct trace_record *out);

const struct trace_kind *trace_kind(enum trace_event_id event);
/* False when no event has this name. */
bool trace_event_from_name(const char *name, enum trace_event_id *out);
