/* SPDX-License-Identifier: MIT */
/* vm top: which VMs take the machine's time, from one second to the next. */
#include "arch/x86_64/time.h"
#include "core/vcpu.h"
#include "include/bits.h"
#include "mm/heap.h"
#include "sched/thread.h"
#include "shell/cmd_vm_parts.h"
#include "shell/listing.h"
#include "shell/shell.h"

enum { ROWS_MAX = 20 }; /* of 24, with the heading and what ends it */

/* How often it looks for Ctrl-C where it doesn't wait for keys. */
#define LOOK_NS	     (50 * NS_PER_MS)

/* The only ones outside of the line editor. */
#define CLEAR_SCREEN "\x1b[2J"
#define CURSOR_HOME  "\x1b[H"
#define CLEAR_LINE   "\x1b[K"
#define CLEAR_BELOW  "\x1b[J"

struct sample {
	u64 cpu_ns, stolen_ns, exits;
};

/* All VMs, then and now. */
struct samples {
	u64 at_ns, took_ns;
	unsigned count;
	struct {
		struct vm *vm;
		struct sample total, since;
	} vms[];
};

static const struct column json_columns[] = {
	{"name",		 COLUMN_TEXT,   16, 0},
	       {"state",		 COLUMN_TEXT,   8,	 0},
	{"cpu_permille",	 COLUMN_NUMBER, 6,  0},
	       {"stolen_permille", COLUMN_NUMBER, 8,  0},
	{"exits_per_s",	COLUMN_NUMBER, 10, 0},
	       {"memory",	  COLUMN_NUMBER, 0,  0},
};

static struct samples *
samples_begin(void)
{
	struct samples *s;
	unsigned count = 0;

	while (vm_name_at(count) != NULL)
		count++;
	s = heap_alloc(sizeof(*s) + count * sizeof(s->vms[0]));
	if (s == NULL)
		return NULL;
	for (struct vm *vm = vm_next(NULL); vm != NULL; vm = vm_next(vm))
		s->vms[s->count++].vm = vm;
	return s;
}

/* A VM that has started anew counts from 0. */
static u64
grown(u64 now, u64 before)
{
	return now >= before ? now - before : now;
}

static void
look_at_vm(struct vm *vm, struct sample *total, struct sample *since)
{
	struct sample before = *total;
	struct vm_cost cost;

	*total = (struct sample){0};
	if (vm_cost(vm, &cost)) {
		*total = (struct sample){.cpu_ns = cost.cpu_ns, .stolen_ns = cost.stolen_ns};
		for (unsigned kind = 0; kind < EXIT_KINDS; kind++)
			total->exits += cost.exits[kind];
	}
	since->cpu_ns = grown(total->cpu_ns, before.cpu_ns);
	since->stolen_ns = grown(total->stolen_ns, before.stolen_ns);
	since->exits = grown(total->exits, before.exits);
}

static void
look(struct samples *s)
{
	u64 now = clock_ns();

	s->took_ns = MAX(now - s->at_ns, 1ul);
	s->at_ns = now;
	for (unsigned i = 0; i < s->count; i++)
		look_at_vm(s->vms[i].vm, &s->vms[i].total, &s->vms[i].since);
}

/* Of one CPU, in tenths of a percent: two vCPUs may have 2000. */
static u64
permille(const struct samples *s, u64 ns)
{
	return ns / MAX(s->took_ns / 1000, 1ul);
}

static u64
per_second(const struct samples *s, u64 count)
{
	return count * 1000 / MAX(s->took_ns / NS_PER_MS, 1ul);
}

static void
print_row(struct sink *out, const struct samples *s, unsigned i)
{
	const struct vm *vm = s->vms[i].vm;
	u64 cpu = permille(s, s->vms[i].since.cpu_ns);
	u64 stolen = permille(s, s->vms[i].since.stolen_ns);

	sink_printf(out, "%-31s %-8s %5lu.%lu %5lu.%lu %9lu  %s" CLEAR_LINE "\n", vm->name,
		    vm_state_name((enum vm_state)READ_ONCE(vm->state)), cpu / 10, cpu % 10,
		    stolen / 10, stolen % 10, per_second(s, s->vms[i].since.exits),
		    vm_size_text(vm->config->memory).text);
}

/* One that has had more CPU time in the last second stands before. */
static unsigned
next_row(const struct samples *s, unsigned last)
{
	unsigned best = s->count;

	for (unsigned i = 0; i < s->count; i++) {
		u64 ns = s->vms[i].since.cpu_ns,
		    limit = last < s->count ? s->vms[last].since.cpu_ns : ~0ul;

		if (ns > limit || (ns == limit && last < s->count && i <= last))
			continue;
		if (best == s->count || ns > s->vms[best].since.cpu_ns)
			best = i;
	}
	return best;
}

static void
print(struct sink *out, const struct samples *s)
{
	unsigned row = s->count, rows = 0;

	sink_printf(out, CURSOR_HOME "%-31s %-8s %7s %7s %9s  %s" CLEAR_LINE "\n", "VM", "STATE",
		    "%CPU", "%STOLEN", "EXITS/S", "MEMORY");
	while (rows++ < ROWS_MAX && (row = next_row(s, row)) < s->count)
		print_row(out, s, row);
	if (s->count > ROWS_MAX)
		sink_printf(out, "and %u others; ", s->count - ROWS_MAX);
	sink_printf(out, "q or Ctrl-C ends" CLEAR_BELOW);
}

static void
print_json(struct sink *out, const struct samples *s)
{
	struct listing l;

	listing_begin(&l, out, true, json_columns, ARRAY_SIZE(json_columns));
	for (unsigned i = 0; i < s->count; i++) {
		const struct vm *vm = s->vms[i].vm;

		listing_row(&l);
		listing_text(&l, vm->name);
		listing_text(&l, vm_state_name((enum vm_state)READ_ONCE(vm->state)));
		listing_number(&l, permille(s, s->vms[i].since.cpu_ns));
		listing_number(&l, permille(s, s->vms[i].since.stolen_ns));
		listing_number(&l, per_second(s, s->vms[i].since.exits));
		listing_number(&l, vm->config->memory);
	}
	listing_end(&l);
}

/* With -j it asks for no key: what is typed meanwhile are the next commands. */
static bool
ended_within(u64 ns, bool json)
{
	if (!json)
		return command_quit_within(ns);
	thread_sleep_ns(MIN(ns, LOOK_NS));
	return command_interrupted();
}

/* True: a second has passed, and nobody has ended it. */
static bool
wait_a_second(u64 from_ns, bool json)
{
	u64 passed;

	while ((passed = clock_ns() - from_ns) < NS_PER_S) {
		if (ended_within(NS_PER_S - passed, json))
			return false;
	}
	return true;
}

int
vm_top(const struct command_call *call)
{
	struct samples *s = samples_begin();

	if (s == NULL)
		return command_error(call, fail(-ERR_NOMEM), "no memory for it; stop a VM");
	look(s);
	if (!call->json)
		sink_printf(call->out, CLEAR_SCREEN);
	while (wait_a_second(s->at_ns, call->json)) {
		look(s);
		if (call->json) {
			print_json(call->out, s);
			break;
		}
		print(call->out, s);
	}
	if (!call->json)
		sink_printf(call->out, "\n");
	heap_free(s);
	return 0;
}
