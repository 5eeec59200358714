/* SPDX-License-Identifier: MIT */
/* trace: the records of all CPUs' rings, merged by their time. */
#include "shell/cmd_trace.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/time.h"
#include "include/intrin.h"
#include "lib/trace.h"
#include "mm/heap.h"
#include "shell/json.h"

enum { NEWEST = 200 }; /* records that are shown: all would be minutes on a serial line */

/* The oldest record of a CPU that is not shown yet. */
struct head {
	u64 next; /* what trace_read() goes on with */
	bool there;
	u64 time_ns;
	struct trace_record record;
};

static struct head *heads; /* one a CPU, while the command runs; the shell's thread alone */

/* Which records are wanted: those up to when the command began, of one event or of all. */
struct filter {
	bool one;
	enum trace_event_id event;
	u64 end_ns; /* recording goes on while we print */
};

/* A reading of a CPU's TSC on the clock; the TSCs need not have started together. */
static u64
time_of(u32 cpu, u64 tsc)
{
	return clock_from_tsc(tsc - (u64)cpu_get(cpu)->tsc_offset);
}

static void
advance(u32 cpu, const struct filter *filter)
{
	struct head *head = &heads[cpu];

	do {
		head->there = trace_read(cpu, &head->next, &head->record);
		head->time_ns = time_of(cpu, head->record.tsc);
		head->there = head->there && head->time_ns < filter->end_ns;
	} while (head->there && filter->one && head->record.event != filter->event);
}

static void
begin(u32 cpu, const struct filter *filter)
{
	heads[cpu] = (struct head){0};
	advance(cpu, filter);
}

/* The CPU with the oldest record; cpu_count() when there is none left. */
static u32
oldest(void)
{
	u32 cpus = cpu_count(), best = cpus;

	for (u32 cpu = 0; cpu < cpus; cpu++) {
		if (heads[cpu].there && (best == cpus || heads[cpu].time_ns < heads[best].time_ns))
			best = cpu;
	}
	return best;
}

static void
put_text(struct sink *out, u32 cpu, const struct head *head)
{
	const struct trace_record *r = &head->record;
	const struct trace_kind *kind = trace_kind(r->event);

	sink_printf(out, "[%5lu.%09lu] CPU %-3u %-8s %s %#lx, %s %#lx\n", head->time_ns / NS_PER_S,
		    head->time_ns % NS_PER_S, cpu, kind->name, kind->a, r->a, kind->b, r->b);
}

static void
put_json(struct json *j, u32 cpu, const struct head *head)
{
	const struct trace_record *r = &head->record;
	const struct trace_kind *kind = trace_kind(r->event);

	json_object(j, NULL);
	json_number(j, "time_ns", head->time_ns);
	json_number(j, "cpu", cpu);
	json_text(j, "event", kind->name);
	json_number(j, "a", r->a);
	json_text(j, "a_is", kind->a);
	json_number(j, "b", r->b);
	json_text(j, "b_is", kind->b);
	json_close(j);
}

/* How many records there are beyond those that are shown. */
static u64
count_older(const struct filter *filter)
{
	u64 count = 0;

	for (u32 cpu = 0; cpu < cpu_count(); cpu++) {
		for (begin(cpu, filter); heads[cpu].there; advance(cpu, filter))
			count++;
	}
	return count > NEWEST ? count - NEWEST : 0;
}

static void
put_newest(const struct command_call *call, const struct filter *filter)
{
	u64 skip = count_older(filter);
	struct json j;
	u32 cpu;

	json_init(&j, call->out);
	if (call->json)
		json_array(&j, NULL);
	for (cpu = 0; cpu < cpu_count(); cpu++)
		begin(cpu, filter);
	for (; (cpu = oldest()) < cpu_count(); advance(cpu, filter)) {
		if (skip > 0)
			skip--;
		else if (call->json)
			put_json(&j, cpu, &heads[cpu]);
		else
			put_text(call->out, cpu, &heads[cpu]);
	}
	if (call->json)
		json_close(&j);
}

static const char *
completion(unsigned arg, unsigned n)
{
	return arg == 1 && n < TRACE_EVENTS ? trace_kind((enum trace_event_id)n)->name : NULL;
}

/* "a, b and c" of all events. */
static void
put_names(struct sink *out)
{
	for (unsigned n = 0; n < TRACE_EVENTS; n++) {
		const char *before = n == 0 ? "" : n + 1 < TRACE_EVENTS ? ", " : " and ";

		sink_printf(out, "%s%s", before, completion(1, n));
	}
}

static int
run(const struct command_call *call)
{
	struct filter filter = {.one = call->argc > 1, .end_ns = time_of(cpu_index(), rdtsc())};

	if (filter.one && !trace_event_from_name(call->argv[1], &filter.event)) {
		sink_printf(call->out, "error: no event \"%s\"; there are ", call->argv[1]);
		put_names(call->out);
		sink_printf(call->out, "\n");
		return fail(-ERR_NOENT);
	}
	heads = heap_alloc(cpu_count() * sizeof(*heads));
	if (heads == NULL)
		return command_error(call, fail(-ERR_NOMEM), "no memory for it; stop a VM");
	put_newest(call, &filter);
	heap_free(heads);
	return 0;
}

const struct command cmd_trace = {
	.name = "trace",
	.usage = "[NAME]",
	.summary = "the newest interrupts, timers and thread switches; NAME: these alone",
	.details =
		"The newest 200 records of all CPUs in the order of their time, the newest last.\n",
	.args_max = 1,
	.has_json = true,
	.run = run,
	.completion = completion,
};
