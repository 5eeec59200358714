/* SPDX-License-Identifier: MIT */
/* Memory: from the boot loader's map to frames, our own page tables, and a trace for this CPU. */
#include "arch/x86_64/features.h"
#include "arch/x86_64/paging.h"
#include "boot/boot.h"
#include "mm/direct.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/kmap.h"

enum { LOG_LINES = 1024 };

extern const char __image_end[];

static void
take(struct memmap *map, u64 base, u64 size, const char *what)
{
	if (memmap_take(map, base, size) != 0)
		log_warn("memory map: %s at %#lx, %lu bytes, is not all in RAM", what, base, size);
}

static void
finish_map(struct boot_info *info, hpa_t image)
{
	struct memmap *map = &info->memmap;

	take(map, image.v, (u64)(uintptr_t)__image_end - KERNEL_BASE, "the image");
	take(map, ptr_to_hpa(info->bytes).v, info->length, "the boot loader's information");
	for (unsigned i = 0; i < info->module_count; i++)
		take(map, info->modules[i].base.v, info->modules[i].length, info->modules[i].name);
	memmap_finish(map);
}

static void
enlarge_log(void)
{
	struct log_line *lines = heap_alloc(LOG_LINES * sizeof(*lines));

	if (lines == NULL)
		log_warn("log: no memory for more than %u lines", LOG_RING_LINES);
	else
		log_enlarge(lines, LOG_LINES);
}

static void
report(void)
{
	struct frame_stats s;

	frame_stats(&s);
	log_info("memory: %lu MiB, %lu MiB free", s.total >> (20 - PAGE_SHIFT),
		 s.free >> (20 - PAGE_SHIFT));
}

/*
 * No line may be logged between loading the tables and console_use_screen(): the screen is not
 * where it was.
 */
void
memory_init(struct boot_info *info, hpa_t image)
{
	hpa_t root;

	finish_map(info, image);
	if (frame_init(&info->memmap) != 0)
		refuse("no usable memory below 4 GiB in the boot loader's memory map");
	if (kmap_init(&info->memmap, image, &root) != 0)
		refuse("not enough memory below 4 GiB for the page tables");
	console_map_screen(&info->framebuffer);
	paging_load(root);
	console_use_screen(&info->framebuffer);
	if (frame_add(&info->memmap) != 0)
		log_warn("memory: what is above 4 GiB could not be added");
	enlarge_log();
	report();
}
