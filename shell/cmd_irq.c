/* SPDX-License-Identifier: MIT */
/* irq: the interrupts that are installed, and how often each CPU got them. */
#include "shell/cmd_irq.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/irq.h"
#include "lib/string.h"
#include "shell/listing.h"

static const struct column columns[] = {
	{"vector",  COLUMN_HEX,     6,  2},
	 {"name",	  COLUMN_TEXT,    14, 0},
	{"source",  COLUMN_TEXT,	10, 0},
	 {"gsi",	 COLUMN_NUMBER,	3,  0},
	{"total",	  COLUMN_NUMBER,	 10, 0},
	 {"per_cpu", COLUMN_NUMBERS, 0,	0},
};

static void
put_row(struct listing *l, const struct irq_info *info)
{
	static u64 counts[MAX_CPUS]; /* the shell's thread alone */
	u32 cpus = cpu_count();
	u64 total = 0;

	for (u32 cpu = 0; cpu < cpus; cpu++)
		total += counts[cpu] = irq_count(info->vector, cpu);
	listing_row(l);
	listing_number(l, info->vector);
	listing_text(l, info->name);
	listing_text(l, info->source);
	if (strcmp(info->source, "I/O APIC") == 0)
		listing_number(l, info->gsi);
	else
		listing_text(l, NULL);
	listing_number(l, total);
	listing_numbers(l, counts, cpus);
}

static int
run(const struct command_call *call)
{
	struct irq_info info;
	struct listing l;
	int err = command_list_only(call);

	if (err != 0)
		return err;
	listing_begin(&l, call->out, call->json, columns, ARRAY_SIZE(columns));
	for (unsigned vector = 0; vector <= 0xff; vector++) {
		if (irq_info((u8)vector, &info))
			put_row(&l, &info);
	}
	listing_end(&l);
	return 0;
}

const struct command cmd_irq = {
	.name = "irq",
	.usage = "[list]",
	.summary = "interrupts, and how often each CPU got them",
	.details = "GSI is the input of the I/O APICs; the counts per CPU begin with CPU 0.\n",
	.args_max = 1,
	.has_json = true,
	.run = run,
	.completion = command_list_completion,
};
