/* SPDX-License-Identifier: MIT */
/* vm stats: what a VM that runs has cost since its start, and for what. */
#include "arch/x86_64/time.h"
#include "arch/x86_64/tsc.h"
#include "core/vcpu.h"
#include "shell/cmd_vm_parts.h"
#include "shell/listing.h"

struct stats {
	struct vm_cost cost;
	struct vm_unclaimed unclaimed;
	u64 exits, exits_ns; /* of all kinds */
};

static const struct column columns[] = {
	{"exit",	 COLUMN_TEXT,   22, 0},
	 {"count",	   COLUMN_NUMBER, 12, 0},
	{"of_exits", COLUMN_TEXT,	  8,  0},
	 {"ticks",	   COLUMN_NUMBER, 10, 0},
	{"of_time",  COLUMN_TEXT,	 0,  0},
};

/* In tenths of a percent. */
static u64
permille(u64 part, u64 whole)
{
	while (part > ~0ul / 1000) {
		part /= 2;
		whole /= 2;
	}
	return whole == 0 ? 0 : MIN(part * 1000 / whole, 1000ul);
}

struct percent_text {
	char text[8];
};

static struct percent_text
percent(u64 part, u64 whole)
{
	u64 tenths = permille(part, whole);
	struct percent_text t;

	format(t.text, sizeof(t.text), "%3lu.%lu%%", tenths / 10, tenths % 10);
	return t;
}

/* False when the VM does not run. */
static bool
gather(struct vm *vm, struct stats *s)
{
	u64 flags, ticks = 0;
	bool alive;

	s->exits = 0;
	if (!vm_cost(vm, &s->cost))
		return false;
	for (unsigned kind = 0; kind < EXIT_KINDS; kind++) {
		s->exits += s->cost.exits[kind];
		ticks += s->cost.ticks[kind];
	}
	s->exits_ns = tsc_to_ns(ticks);
	flags = spin_lock(&vm->lock);
	alive = vm->state == VM_RUNNING || vm->state == VM_PAUSED;
	if (alive)
		s->unclaimed = vm->platform->unclaimed(vm);
	spin_unlock(&vm->lock, flags);
	return alive;
}

static void
print_time(struct sink *out, const char *label, u64 ns, u64 whole)
{
	sink_printf(out, "%-16s%lu.%03lu s", label, ns / NS_PER_S, ns / NS_PER_MS % 1000);
	if (whole != 0)
		sink_printf(out, "  %s", percent(ns, whole).text);
	sink_printf(out, "\n");
}

static void
print(struct sink *out, const struct stats *s)
{
	const struct vm_cost *c = &s->cost;
	struct listing l;

	print_time(out, "CPU time", c->cpu_ns, 0);
	print_time(out, "of it for exits", s->exits_ns, c->cpu_ns);
	print_time(out, "stolen", c->stolen_ns, 0);
	sink_printf(out, "interrupts      %lu\n", c->interrupts);
	sink_printf(out, "unclaimed       %lu, and %lu in part\n", s->unclaimed.unclaimed,
		    s->unclaimed.partial);
	listing_begin(&l, out, false, columns, ARRAY_SIZE(columns));
	for (unsigned kind = 0; kind < EXIT_KINDS; kind++) {
		u64 count = c->exits[kind], ticks = c->ticks[kind];

		if (count == 0)
			continue;
		listing_row(&l);
		listing_text(&l, exit_name((enum exit_kind)kind));
		listing_number(&l, count);
		listing_text(&l, percent(count, s->exits).text);
		listing_number(&l, ticks / count);
		listing_text(&l, percent(tsc_to_ns(ticks), c->cpu_ns).text);
	}
	listing_end(&l);
}

static void
json_exits(struct json *j, const struct stats *s)
{
	const struct vm_cost *c = &s->cost;

	json_array(j, "exits");
	for (unsigned kind = 0; kind < EXIT_KINDS; kind++) {
		u64 count = c->exits[kind], ticks = c->ticks[kind];

		if (count == 0)
			continue;
		json_object(j, NULL);
		json_text(j, "kind", exit_name((enum exit_kind)kind));
		json_number(j, "count", count);
		json_number(j, "count_permille", permille(count, s->exits));
		json_number(j, "ticks", ticks);
		json_number(j, "mean_ticks", ticks / count);
		json_number(j, "time_permille", permille(tsc_to_ns(ticks), c->cpu_ns));
		json_close(j);
	}
	json_close(j);
}

static void
print_json(struct sink *out, const struct vm *vm, const struct stats *s)
{
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_text(&j, "name", vm->name);
	json_number(&j, "now_ns", clock_ns());
	json_number(&j, "cpu_ns", s->cost.cpu_ns);
	json_number(&j, "stolen_ns", s->cost.stolen_ns);
	json_number(&j, "exits_ns", s->exits_ns);
	json_number(&j, "interrupts", s->cost.interrupts);
	json_number(&j, "unclaimed", s->unclaimed.unclaimed);
	json_number(&j, "unclaimed_in_part", s->unclaimed.partial);
	json_number(&j, "exit_count", s->exits);
	json_exits(&j, s);
	json_close(&j);
}

int
vm_stats(const struct command_call *call)
{
	struct vm *vm = vm_named(call, call->argv[2]);
	struct stats stats;

	if (vm == NULL)
		return fail(-ERR_NOENT);
	if (!gather(vm, &stats))
		return command_error(call, fail(-ERR_NOENT),
				     "%s is not running: there are no figures", vm->name);
	if (call->json)
		print_json(call->out, vm, &stats);
	else
		print(call->out, &stats);
	return 0;
}
