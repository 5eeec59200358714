/* SPDX-License-Identifier: MIT */
// clang-format off
// SOURCES: mm/kmap.c mm/area.c mm/pt.c mm/pt_table.c mm/pt_x86.c mm/heap.c mm/frame.c mm/buddy.c mm/zone.c mm/memmap.c lib/log.c lib/error.c lib/lock.c lib/format.c
// clang-format on
#include "tests/unit/test.h"

#include "arch/x86_64/paging.h"
#include "include/intrin.h"
#include "lib/lock.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/image.h"
#include "mm/kmap.h"
#include "mm/pt_x86.h"
#include "tests/unit/fake/memory.h"

/* What lies below: a CPU with 1 GiB pages, whose flushes are counted, and an image. */
static bool has_nx = true;
static unsigned flushes;

bool
paging_has_1g_pages(void)
{
	return true;
}

bool
paging_has_nx(void)
{
	return has_nx;
}

/* The real one waits for other CPUs, so no lock may be held. */
void
tlb_flush_range(u64 va, size_t len)
{
	assert_true(len > 0 && va + len - 1 >= va);
	assert_int_not_equal(fake_flags & RFLAGS_IF, 0);
	flushes++;
}

static const struct image_section sections[IMAGE_SECTIONS] = {
	{KERNEL_BASE,		      5 * PAGE_SIZE, PT_READ | PT_EXEC },
	{KERNEL_BASE + 5 * PAGE_SIZE,  2 * PAGE_SIZE, PT_READ	    },
	{KERNEL_BASE + 7 * PAGE_SIZE,  9 * PAGE_SIZE, PT_READ | PT_WRITE},
	{KERNEL_BASE + 16 * PAGE_SIZE, PAGE_SIZE,	  PT_READ		 },
};

struct image_section
image_section(unsigned index)
{
	return sections[index];
}

#define IMAGE (14 * MiB)

static struct memmap map;
static struct pt view; /* the same tables, read by the walker */

static int
begin(void **state)
{
	memmap_init(&map, 40);
	memmap_add(&map, 0, 0x9fc00, MEM_USABLE);
	memmap_add(&map, 12 * MiB, 3 * GiB - 12 * MiB, MEM_USABLE);
	memmap_add(&map, 4 * GiB, GiB, MEM_USABLE);
	memmap_add(&map, 100 * MiB + 0x800, 0x1800, MEM_ACPI);
	memmap_add(&map, 200 * MiB, MiB, MEM_RESERVED);
	assert_int_equal(memmap_take(&map, IMAGE, 17 * PAGE_SIZE), 0);
	memmap_finish(&map);
	fake_memory_of(&map);
	assert_int_equal(frame_init(&map), 0);
	view = (struct pt){.format = &pt_x86};
	assert_int_equal(kmap_init(&map, HPA(IMAGE), &view.root), 0);
	assert_true(view.root.v < 4 * GiB);
	return 0;
}

static int
end(void **state)
{
	fake_memory_drop(&map);
	return 0;
}

/* -1: not mapped; else the attributes, when it is mapped to pa. */
static int
attr_of(u64 va, u64 pa)
{
	struct pt_mapping m;

	if (!pt_lookup(&view, va, &m))
		return -1;
	assert_int_equal(m.pa.v, pa);
	return (int)m.attr;
}

static int
attr_of_ptr(const void *ptr, u64 pa)
{
	return attr_of((u64)(uintptr_t)ptr, pa);
}

static int
direct(u64 pa)
{
	return attr_of(DIRECT_BASE + pa, pa);
}

enum { G = PT_GLOBAL, RW = PT_READ | PT_WRITE };

static void
image_is_write_xor_execute(void **state)
{
	for (unsigned i = 0; i < IMAGE_SECTIONS; i++) {
		const struct image_section *s = &sections[i];
		u64 pa = IMAGE + s->va - KERNEL_BASE;

		assert_int_equal(attr_of(s->va, pa), s->attr | G);
		assert_int_equal(attr_of(s->va + s->size - 1, pa + s->size - 1), s->attr | G);
		assert_int_equal(direct(pa), (s->attr & ~(unsigned)PT_EXEC) | G);
	}
	assert_int_equal(attr_of(KERNEL_BASE - 1, 0), -1);
	assert_int_equal(attr_of(KERNEL_BASE + 17 * PAGE_SIZE, 0), -1);
}

static void
direct_map_is_ram(void **state)
{
	struct kmap_stats s;

	assert_int_equal(direct(0), RW | G); /* taken, but RAM */
	assert_int_equal(direct(0x9efff), RW | G);
	assert_int_equal(direct(0xa0000), -1);
	assert_int_equal(direct(12 * MiB - 1), -1);
	assert_int_equal(direct(12 * MiB), RW | G);
	assert_int_equal(direct(100 * MiB + 0x800), RW | G);
	assert_int_equal(direct(100 * MiB), RW | G);
	assert_int_equal(direct(200 * MiB - 1), RW | G);
	assert_int_equal(direct(200 * MiB), -1);
	assert_int_equal(direct(201 * MiB), RW | G);
	assert_int_equal(direct(5 * GiB - 1), RW | G);
	assert_int_equal(direct(5 * GiB), -1);
	kmap_stats(&s);
	assert_int_equal(s.direct[2], 3);
	assert_int_equal(s.direct[0] * PAGE_SIZE + s.direct[1] * 2 * MiB + s.direct[2] * GiB,
			 4 * GiB - 12 * MiB - MiB + 0x9f000);
	assert_int_equal(s.areas, 0);
}

static void
nothing_else(void **state)
{
	assert_int_equal(attr_of(0, 0), -1);
	assert_int_equal(attr_of(IMAGE, 0), -1);
	assert_int_equal(attr_of(MAP_BASE, 0), -1);
}

static void
devices(void **state)
{
	void *apic, *screen;

	assert_int_equal(kmap_device(HPA(0xfee00020), 0x10, PT_UC, &apic), 0);
	assert_int_equal((uintptr_t)apic % PAGE_SIZE, 0x20);
	assert_int_equal(attr_of_ptr(apic, 0xfee00020), RW | PT_UC | G);
	/* Aligned so that large pages fit. */
	assert_int_equal(kmap_device(HPA(6 * GiB + 0x1000), 8 * MiB, PT_WC, &screen), 0);
	assert_int_equal(attr_of_ptr((u8 *)screen + 8 * MiB - 1, 6 * GiB + 0x1000 + 8 * MiB - 1),
			 RW | PT_WC | G);
	assert_int_equal(((uintptr_t)screen - 0x1000) % (2 * MiB), 0);
	/* Nothing lies between. */
	assert_int_equal(attr_of_ptr((u8 *)apic - PAGE_SIZE, 0), -1);
	assert_int_equal(attr_of_ptr((u8 *)apic + PAGE_SIZE, 0), -1);
	flushes = 0;
	kmap_unmap(apic);
	assert_int_equal(flushes, 1);
	assert_int_equal(attr_of_ptr(apic, 0), -1);
	kmap_unmap((u8 *)screen + MiB);
	assert_int_equal(attr_of_ptr(screen, 0), -1);
}

static void
refused_devices(void **state)
{
	void *out;

	assert_int_equal(kmap_device(HPA(12 * MiB), 0x1000, PT_UC, &out), -ERR_RANGE);
	assert_int_equal(kmap_device(HPA(12 * MiB - 1), 1, PT_UC, &out), 0); /* right below RAM */
	kmap_unmap(out);
	assert_int_equal(kmap_device(HPA(12 * MiB - 1), 2, PT_UC, &out), -ERR_RANGE);
	assert_int_equal(kmap_device(HPA(0x9f800), 0x10, PT_UC, &out), 0); /* the EBDA */
	kmap_unmap(out);
	assert_int_equal(kmap_device(HPA(0xfee00000), 0, PT_UC, &out), -ERR_RANGE);
	assert_int_equal(kmap_device(HPA(1ul << 40), 1, PT_UC, &out), -ERR_RANGE);
	assert_int_equal(kmap_device(HPA((1ul << 40) - 1), 2, PT_UC, &out), -ERR_RANGE);
	assert_int_equal(kmap_device(HPA(~0ul), ~0ul, PT_UC, &out), -ERR_RANGE);
	assert_int_equal(kmap_device(HPA(5 * GiB), 800 * GiB, PT_UC, &out), -ERR_NOMEM);
}

/* A firmware table may lie in RAM or not. */
static void
tables(void **state)
{
	void *in_ram, *in_rom;

	assert_int_equal(kmap_table(HPA(100 * MiB + 0x804), 0x1000, &in_ram), 0);
	assert_int_equal(attr_of_ptr(in_ram, 100 * MiB + 0x804), PT_READ | G);
	assert_int_equal(kmap_table(HPA(0xf0000), 0x10000, &in_rom), 0);
	assert_int_equal(attr_of_ptr(in_rom, 0xf0000), PT_READ | G);
	assert_int_equal(kmap_table(HPA(~0ul - 4), 8, &in_ram), -ERR_RANGE);
	kmap_unmap(in_ram);
	kmap_unmap(in_rom);
}

static void
stacks(void **state)
{
	enum { COUNT = 20 };
	struct frame_stats before, after;
	struct heap_stats heap;
	void *top[COUNT];

	frame_stats(&before);
	for (unsigned i = 0; i < COUNT; i++) {
		struct pt_mapping m;

		assert_int_equal(kmap_stack(3, &top[i]), 0);
		assert_int_equal((uintptr_t)top[i] % PAGE_SIZE, 0);
		for (u64 at = 1; at <= 3; at++) {
			assert_true(pt_lookup(&view, (u64)(uintptr_t)top[i] - at * PAGE_SIZE, &m));
			assert_int_equal(m.attr, RW | G);
		}
		assert_int_equal(attr_of_ptr((u8 *)top[i] - 3 * PAGE_SIZE - 1, 0), -1);
		assert_int_equal(attr_of_ptr(top[i], 0), -1);
	}
	for (unsigned i = 0; i < COUNT; i += 2)
		kmap_stack_free(top[i]);
	/* Freed addresses are used again. */
	for (unsigned i = 0; i < COUNT; i += 2) {
		assert_int_equal(kmap_stack(3, &top[i]), 0);
		assert_true((uintptr_t)top[i] < MAP_BASE + 5 * (COUNT + 1) * PAGE_SIZE);
	}
	for (unsigned i = 0; i < COUNT; i++)
		kmap_stack_free(top[i]);
	frame_stats(&after);
	heap_stats(&heap);
	assert_int_equal(after.used, before.used);
	assert_int_equal(heap.objects, 0);
}

/* A gap that fits but for the page that must stay free is not used. */
static void
a_gap_that_is_too_small(void **state)
{
	void *a, *gap, *c, *four, *three;

	assert_int_equal(kmap_stack(3, &a), 0);
	assert_int_equal(kmap_stack(3, &gap), 0);
	assert_int_equal(kmap_stack(3, &c), 0);
	kmap_stack_free(gap);
	assert_int_equal(kmap_stack(4, &four), 0);
	assert_true(four > c);
	assert_int_equal(kmap_stack(3, &three), 0);
	assert_ptr_equal(three, gap);
	kmap_stack_free(a);
	kmap_stack_free(three);
	kmap_stack_free(c);
	kmap_stack_free(four);
}

static void
identity(void **state)
{
	assert_int_equal(kmap_identity_low(HPA(0x8000), true), 0);
	assert_int_equal(attr_of(0x8000, 0x8000), PT_READ | PT_EXEC);
	assert_int_equal(attr_of(0x9000, 0), -1);
	assert_int_equal(kmap_identity_low(HPA(0x8000), true), -ERR_EXISTS);
	assert_int_equal(kmap_identity_low(HPA(0x8000), false), 0);
	assert_int_equal(attr_of(0x8000, 0), -1);
}

/* The NX bit is reserved then: nothing would run at all with it. */
static void
without_nx(void **state)
{
	assert_int_equal(direct(12 * MiB), RW | PT_EXEC | G);
}

static int
begin_without_nx(void **state)
{
	has_nx = false;
	begin(state);
	has_nx = true;
	return 0;
}

/* Last: the panics leave the lock held. */
static void
mistakes(void **state)
{
	void *out;

	assert_int_equal(kmap_device(HPA(0xfee00000), 0x1000, PT_UC, &out), 0);
	kmap_unmap(out);
	locks_disable();
	expect_panic(kmap_unmap(out));
	expect_panic(kmap_stack_free((void *)MAP_BASE));
}

#define test(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(image_is_write_xor_execute),
		test(direct_map_is_ram),
		test(nothing_else),
		test(devices),
		test(refused_devices),
		test(tables),
		test(stacks),
		test(a_gap_that_is_too_small),
		test(identity),
		cmocka_unit_test_setup_teardown(without_nx, begin_without_nx, end),
		test(mistakes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
