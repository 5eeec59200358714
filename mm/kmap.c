/* SPDX-License-Identifier: MIT */
/* The hypervisor's own map: built once, then changed by areas. */
#include "mm/kmap.h"

#include "arch/x86_64/paging.h"
#include "lib/lock.h"
#include "lib/string.h"
#include "mm/area.h"
#include "mm/direct.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/image.h"
#include "mm/pt_x86.h"

/* Guards the tables and the areas. Not held while TLBs are flushed. */
static struct spinlock lock = SPINLOCK_INIT(RANK_KMAP, "map");

static struct pt kernel;
static const struct memmap *memory;
static u64 direct_pages[KMAP_LEVELS];

static void
flush_tlbs(struct pt *pt __unused, u64 first, u64 last)
{
	tlb_flush_range(first, last - first + 1);
}

/* A CPU without NX can execute everything; with the bit set it would fault. */
static unsigned
attr_here(unsigned attr)
{
	return paging_has_nx() ? attr : attr | PT_EXEC;
}

static int
map_direct(u64 base, u64 end, struct pt_flush *flush)
{
	if (base == end)
		return 0;
	return pt_map(&kernel, DIRECT_BASE + base, HPA(base), end - base,
		      attr_here(PT_READ | PT_WRITE | PT_GLOBAL), flush);
}

/* Pieces of RAM that touch are mapped as one, whatever their types; all are cut to pages outward.
 */
static int
map_all_ram(const struct memmap *map, struct pt_flush *flush)
{
	u64 base = 0, end = 0;
	int err = 0;

	for (unsigned i = 0; i < map->count && err == 0; i++) {
		const struct mem_range *r = &map->range[i];
		u64 first = ALIGN_DOWN(r->base, PAGE_SIZE);

		if (!mem_type_is_ram(r->type))
			continue;
		if (first > end) {
			err = map_direct(base, end, flush);
			base = first;
		}
		end = ALIGN_UP(r->base + r->size, PAGE_SIZE);
	}
	return err != 0 ? err : map_direct(base, end, flush);
}

static hpa_t
section_pa(const struct image_section *s, hpa_t image)
{
	return HPA(image.v + s->va - KERNEL_BASE);
}

/* What is read-only in the image is so in the direct map, too, if it is there at all. */
static int
protect_aliases(hpa_t image, struct pt_flush *flush)
{
	for (unsigned i = 0; i < IMAGE_SECTIONS; i++) {
		struct image_section s = image_section(i);
		int err;

		if ((s.attr & PT_WRITE) != 0)
			continue;
		err = pt_protect(&kernel, DIRECT_BASE + section_pa(&s, image).v, s.size,
				 attr_here(PT_READ | PT_GLOBAL), flush);
		if (err != 0 && err != -ERR_NOENT)
			return err;
	}
	return 0;
}

static int
map_image(hpa_t image, struct pt_flush *flush)
{
	int err = 0;

	for (unsigned i = 0; i < IMAGE_SECTIONS && err == 0; i++) {
		struct image_section s = image_section(i);

		err = pt_map(&kernel, s.va, section_pa(&s, image), s.size,
			     attr_here(s.attr | PT_GLOBAL), flush);
	}
	return err;
}

static int
build(const struct memmap *map, hpa_t image, struct pt_flush *flush)
{
	int err = map_all_ram(map, flush);

	if (err == 0)
		err = protect_aliases(image, flush);
	for (unsigned level = 0; level < KMAP_LEVELS; level++)
		direct_pages[level] = kernel.leaves[level];
	return err != 0 ? err : map_image(image, flush);
}

int
kmap_init(const struct memmap *map, hpa_t image, hpa_t *root)
{
	struct pt_flush flush = {0};
	int err = pt_init(&kernel, &pt_x86, paging_has_1g_pages() ? PT_X86_1G : PT_X86_2M,
			  flush_tlbs);

	if (err != 0)
		return err;
	memory = map;
	err = build(map, image, &flush);
	pt_flush(&kernel, &flush);
	if (err != 0) {
		pt_fini(&kernel);
		return err;
	}
	*root = kernel.root;
	return 0;
}

/* Maps whole pages at a new area. */
static int
map_area(struct area *area, unsigned attr)
{
	struct pt_flush flush = {0};
	u64 flags = spin_lock(&lock);
	int err = area_place(area);

	if (err == 0) {
		err = pt_map(&kernel, area->va, area->pa, area->size, attr_here(attr | PT_GLOBAL),
			     &flush);
		if (err != 0)
			area_remove(area);
	}
	spin_unlock(&lock, flags);
	pt_flush(&kernel, &flush);
	return err;
}

static int
map_pages(hpa_t pa, u64 size, unsigned attr, u64 *va)
{
	struct area *area = heap_alloc(sizeof(*area));
	int err;

	if (area == NULL)
		return fail(-ERR_NOMEM);
	area->pa = pa;
	area->size = size;
	err = map_area(area, attr);
	if (err != 0) {
		heap_free(area);
		return err;
	}
	*va = area->va;
	return 0;
}

/*
 * Unmaps the area around va. Answers its physical pages, *count of them. The address is free again
 * once no TLB knows it.
 */
static hpa_t
unmap_pages(u64 va, u64 *count)
{
	struct pt_flush flush = {0};
	u64 flags = spin_lock(&lock);
	struct area *area = area_around(va);
	hpa_t pa;

	if (area == NULL || area->leaving)
		panic("unmap of %#lx, where nothing is mapped", va);
	area->leaving = true;
	pa = area->pa;
	*count = area->size / PAGE_SIZE;
	if (pt_unmap(&kernel, area->va, area->size, &flush) != 0)
		panic("an area spans a large page");
	spin_unlock(&lock, flags);

	pt_flush(&kernel, &flush);

	flags = spin_lock(&lock);
	area_remove(area);
	spin_unlock(&lock, flags);
	heap_free(area);
	return pa;
}

static bool
is_addressable(hpa_t pa, u64 size)
{
	return size > 0 && pa.v < memory->limit && size <= memory->limit - pa.v;
}

/* Maps the pages around [pa, pa + size). */
static int
map_bytes(hpa_t pa, u64 size, unsigned attr, void **out)
{
	u64 base = ALIGN_DOWN(pa.v, PAGE_SIZE), va;
	int err = map_pages(HPA(base), ALIGN_UP(pa.v + size, PAGE_SIZE) - base, attr, &va);

	if (err == 0)
		*out = (void *)(va + (pa.v - base));
	return err;
}

/* The direct map has RAM cached, and two memory types for a page are undefined (SDM 12.12.4). */
int
kmap_device(hpa_t pa, u64 size, unsigned type, void **out)
{
	u64 base = ALIGN_DOWN(pa.v, PAGE_SIZE);

	if (!is_addressable(pa, size))
		return fail(-ERR_RANGE);
	if (memmap_has_ram(memory, base, ALIGN_UP(pa.v + size, PAGE_SIZE) - base))
		return fail(-ERR_RANGE);
	return map_bytes(pa, size, PT_READ | PT_WRITE | type, out);
}

int
kmap_table(hpa_t pa, u64 size, void **out)
{
	if (!is_addressable(pa, size))
		return fail(-ERR_RANGE);
	return map_bytes(pa, size, PT_READ, out);
}

void
kmap_unmap(const void *ptr)
{
	u64 count;

	unmap_pages((u64)(uintptr_t)ptr, &count);
}

int
kmap_stack(unsigned pages, void **top)
{
	u64 size = pages * PAGE_SIZE, va;
	hpa_t pa;
	int err = frame_alloc_range(pages, PAGE_SIZE, FRAME_ANYWHERE, &pa);

	if (err != 0)
		return err;
	err = map_pages(pa, size, PT_READ | PT_WRITE, &va);
	if (err != 0) {
		frame_free(pa, pages);
		return err;
	}
	*top = (void *)(va + size);
	return 0;
}

void
kmap_stack_free(void *top)
{
	u64 count;
	hpa_t pa = unmap_pages((u64)(uintptr_t)top - 1, &count);

	frame_free(pa, count);
}

int
kmap_identity_low(hpa_t page, bool on)
{
	struct pt_flush flush = {0};
	u64 flags = spin_lock(&lock);
	int err;

	ASSERT(page.v < MiB);
	if (on)
		err = pt_map(&kernel, page.v, page, PAGE_SIZE, PT_READ | PT_EXEC, &flush);
	else
		err = pt_unmap(&kernel, page.v, PAGE_SIZE, &flush);
	spin_unlock(&lock, flags);
	pt_flush(&kernel, &flush);
	return err;
}

void
kmap_stats(struct kmap_stats *out)
{
	u64 flags = spin_lock(&lock);

	*out = (struct kmap_stats){.tables = kernel.tables};
	memcpy(out->direct, direct_pages, sizeof(out->direct));
	area_totals(&out->areas, &out->area_bytes);
	spin_unlock(&lock, flags);
}

const struct memmap *
kmap_memmap(void)
{
	return memory;
}
