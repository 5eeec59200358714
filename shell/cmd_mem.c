/* SPDX-License-Identifier: MIT */
/* mem: the accounts of frames, heap and tables, and the memory map. */
#include "shell/cmd_mem.h"

#include "arch/x86_64/irq.h"
#include "arch/x86_64/time.h"
#include "arch/x86_64/tsc.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/kmap.h"
#include "mm/memmap.h"
#include "sched/thread.h"
#include "sched/timer.h"
#include "shell/listing.h"

struct accounts {
	struct frame_stats frames;
	struct heap_stats heap;
	struct kmap_stats map;
	u64 ids; /* interrupt vectors in use */
};

static u64
vectors_in_use(void)
{
	struct irq_info info;
	u64 n = 0;

	for (unsigned vector = 0; vector <= 0xff; vector++)
		n += irq_info((u8)vector, &info);
	return n;
}

static void
read_accounts(struct accounts *a)
{
	frame_stats(&a->frames);
	heap_stats(&a->heap);
	kmap_stats(&a->map);
	a->ids = vectors_in_use();
}

struct size_text {
	char text[24];
};

/* Whole MiB from 10 MiB up, else KiB. */
static struct size_text
size_text(u64 bytes)
{
	struct size_text t;

	if (bytes >= 10 * MiB)
		format(t.text, sizeof(t.text), "%lu MiB", bytes / MiB);
	else
		format(t.text, sizeof(t.text), "%lu KiB", bytes / KiB);
	return t;
}

static struct size_text
pages_text(u64 pages)
{
	return size_text(pages * PAGE_SIZE);
}

/* The beginning of a line, to which the caller adds a note. */
static void
print_line(struct sink *out, const char *name, u64 bytes)
{
	sink_printf(out, "%-20s %10s", name, size_text(bytes).text);
}

static void
print_totals(struct sink *out, const struct frame_stats *f)
{
	print_line(out, "total", f->total * PAGE_SIZE);
	sink_printf(out, "\n");
	print_line(out, "free", f->free * PAGE_SIZE);
	sink_printf(out, "   %s of it scrubbed already; largest block %s\n",
		    pages_text(f->clean).text, pages_text(f->largest).text);
	print_line(out, "used", f->used * PAGE_SIZE);
	sink_printf(out, "   of which\n");
}

static u64
ticks_a_mib(void)
{
	u64 pages = frame_scrubbed();

	return pages > 0 ? frame_scrub_ticks() * (MiB / PAGE_SIZE) / pages : 0;
}

static void
print_use(struct sink *out, const struct accounts *a)
{
	print_line(out, "  frame table", a->frames.metadata * PAGE_SIZE);
	sink_printf(out, "   one byte a page\n");
	print_line(out, "  heap", a->heap.pages * PAGE_SIZE);
	sink_printf(out, "   %lu objects, %lu bytes\n", a->heap.objects, a->heap.bytes);
	print_line(out, "  own page tables", a->map.tables * PAGE_SIZE);
	sink_printf(out, "   direct map by %lu x 1 GiB, %lu x 2 MiB, %lu x 4 KiB\n",
		    a->map.direct[2], a->map.direct[1], a->map.direct[0]);
	print_line(out, "mapped at run time", a->map.area_bytes);
	sink_printf(out, "   %lu devices, tables and stacks\n", a->map.areas);
	print_line(out, "scrubbed so far", frame_scrubbed() * PAGE_SIZE);
	sink_printf(out, "   %lu us a MiB\n", tsc_to_ns(ticks_a_mib()) / NS_PER_US);
}

static void
print_map(struct sink *out, const struct memmap *map)
{
	sink_printf(out, "\nmemory map:\n");
	for (unsigned i = 0; i < map->count; i++) {
		const struct mem_range *r = &map->range[i];

		sink_printf(out, "  %012lx-%012lx %10s  %s\n", r->base, r->base + r->size - 1,
			    size_text(r->size).text, mem_type_name(r->type));
	}
}

/* All that must come back to its old value when what was started has been stopped. */
static void
json_used(struct json *j, const struct accounts *a)
{
	json_object(j, "used");
	json_number(j, "frames", a->frames.used);
	json_number(j, "heap", a->heap.bytes);
	json_number(j, "heap_objects", a->heap.objects);
	json_number(j, "tables", a->map.tables);
	json_number(j, "areas", a->map.areas);
	json_number(j, "ids", a->ids);
	json_number(j, "timers", timer_count());
	json_number(j, "threads", thread_count());
	json_close(j);
}

static void
json_direct_map(struct json *j, const struct kmap_stats *map)
{
	json_object(j, "direct_map");
	json_number(j, "4K", map->direct[0]);
	json_number(j, "2M", map->direct[1]);
	json_number(j, "1G", map->direct[2]);
	json_close(j);
}

static void
json_map(struct json *j, const struct memmap *map)
{
	json_array(j, "map");
	for (unsigned i = 0; i < map->count; i++) {
		json_object(j, NULL);
		json_number(j, "base", map->range[i].base);
		json_number(j, "size", map->range[i].size);
		json_text(j, "type", mem_type_name(map->range[i].type));
		json_close(j);
	}
	json_close(j);
}

static void
print_json(struct sink *out, const struct accounts *a)
{
	struct json j;

	json_init(&j, out);
	json_object(&j, NULL);
	json_number(&j, "total", a->frames.total * PAGE_SIZE);
	json_number(&j, "free", a->frames.free * PAGE_SIZE);
	json_number(&j, "clean", a->frames.clean * PAGE_SIZE);
	json_number(&j, "largest", a->frames.largest * PAGE_SIZE);
	json_number(&j, "scrubbed", frame_scrubbed() * PAGE_SIZE);
	json_number(&j, "scrub_ticks_per_mib", ticks_a_mib());
	json_used(&j, a);
	json_direct_map(&j, &a->map);
	json_map(&j, kmap_memmap());
	json_close(&j);
}

static int
run(const struct command_call *call)
{
	struct accounts a;

	read_accounts(&a);
	if (call->json) {
		print_json(call->out, &a);
		return 0;
	}
	print_totals(call->out, &a.frames);
	print_use(call->out, &a);
	print_map(call->out, kmap_memmap());
	return 0;
}

const struct command cmd_mem = {
	.name = "mem",
	.usage = "",
	.summary = "memory: how much there is, who uses it, and the memory map",
	.details =
		"total, free and used count the RAM that Ashlar manages. With -j, total and free "
		"are\n"
		"bytes, and used has a count of everything that can be allocated: frames (pages),\n"
		"heap (bytes), page tables, ids (interrupt vectors), threads, and timers but\n"
		"those of threads that sleep.\n",
	.has_json = true,
	.run = run,
};
