/* SPDX-License-Identifier: MIT */
// clang-format off
// SOURCES: core/guest_memory.c core/guest_tables.c mm/ept/ept.c mm/ept/npt.c mm/pt.c mm/pt_table.c mm/pt_x86.c lib/log.c lib/error.c lib/lock.c lib/format.c
// clang-format on
/*
 * Guest memory on frames that the test hands out: from 64 GiB of address space, untouched memory,
 * so that large VMs cost nothing; with limits that stand for a small or fragmented machine.
 */
#include "tests/unit/test.h"

#include "arch/x86_64/virt.h"
#include "core/guest_memory.h"
#include "core/guest_tables.h"
#include "include/bits.h"
#include "mm/ept/ept.h"
#include "mm/ept/npt.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "tests/unit/fake/memory.h"
#include "tests/unit/fake/wait.h"

#define MACHINE (64 * GiB)

enum { RUNS_MAX = 4096 };

static struct {
	u64 next;      /* end of what was handed out */
	u64 left;      /* bytes that may still be handed out */
	u64 largest;   /* bytes in one piece */
	unsigned skew; /* pages left out before each piece */
	unsigned count;
	struct {
		u64 pa, pages;
	} run[RUNS_MAX];
} frames;

static struct virt_caps caps;
static unsigned objects;
static struct guest_memory *m;

const struct virt_caps *
virt_caps(void)
{
	return &caps;
}

void *
heap_alloc(size_t size)
{
	objects++;
	return calloc(1, size);
}

void
heap_free(void *object)
{
	objects -= object != NULL ? 1 : 0;
	free(object);
}

int
frame_alloc_range(u64 pages, u64 align, u64 limit, hpa_t *out)
{
	u64 size = pages * PAGE_SIZE, pa;

	assert_int_equal(limit, FRAME_ANYWHERE);
	if (size > frames.left || size > frames.largest || frames.count == RUNS_MAX)
		return -ERR_NOMEM;
	pa = ALIGN_UP(frames.next + frames.skew * PAGE_SIZE, align);
	assert_true(pa + size <= MACHINE);
	frames.run[frames.count].pa = pa;
	frames.run[frames.count++].pages = pages;
	frames.left -= size;
	frames.next = pa + size;
	*out = HPA(pa);
	return 0;
}

int
frame_alloc(unsigned order, hpa_t *out)
{
	return frame_alloc_range(BIT(order), PAGE_SIZE << order, FRAME_ANYWHERE, out);
}

void
frame_free(hpa_t pa, u64 pages)
{
	for (unsigned i = 0; i < frames.count; i++) {
		if (frames.run[i].pa == pa.v && frames.run[i].pages == pages) {
			frames.run[i] = frames.run[--frames.count];
			return;
		}
	}
	fail_msg("free of %lu pages at %#lx", pages, pa.v);
}

static int
begin(void **state)
{
	fake_memory_map(0, MACHINE);
	frames.next = PAGE_SIZE;
	frames.left = frames.largest = MACHINE;
	frames.skew = 0;
	caps = (struct virt_caps){.kind = VIRT_SVM, .nested_2m = true, .nested_1g = true};
	m = NULL;
	return 0;
}

/* Nothing is left of a VM's memory. */
static int
end(void **state)
{
	guest_memory_free(m);
	assert_int_equal(frames.count, 0);
	assert_int_equal(objects, 0);
	fake_memory_unmap(0, MACHINE);
	return 0;
}

static void
create(u64 size)
{
	assert_int_equal(guest_memory_create(size, &m), 0);
	assert_int_equal(guest_memory_size(m), size);
}

static void
expect_range(unsigned n, u64 base, u64 size)
{
	struct guest_range r;

	assert_true(guest_memory_range(m, n, &r));
	assert_int_equal(r.base, base);
	assert_int_equal(r.size, size);
}

static void
has_a_hole_for_the_vga_window(void **state)
{
	struct guest_range r;

	create(256 * MiB);
	expect_range(0, 0, 0xa0000);
	expect_range(1, 0xc0000, 256 * MiB - 0xc0000);
	assert_false(guest_memory_range(m, 2, &r));
}

static void
goes_on_at_4_gib_behind_the_devices(void **state)
{
	create(5 * GiB);
	expect_range(1, 0xc0000, 3 * GiB - 0xc0000);
	expect_range(2, 4 * GiB, 2 * GiB);
}

static void
just_fits_below_the_devices(void **state)
{
	struct guest_range r;

	create(3 * GiB);
	expect_range(1, 0xc0000, 3 * GiB - 0xc0000);
	assert_false(guest_memory_range(m, 2, &r));
}

/* The walker over the tables must find for each page what guest_span() gives. */
static void
expect_mapped(const struct pt_format *format, u64 gpa, bool mapped)
{
	const struct pt pt = {.format = format, .root = guest_memory_root(m)};
	struct pt_mapping at;
	void *ptr;

	assert_int_equal(pt_lookup(&pt, gpa, &at), mapped);
	assert_int_equal(guest_span(m, GPA(gpa), 1, &ptr), mapped ? 0 : -ERR_RANGE);
	if (!mapped)
		return;
	assert_int_equal(at.attr, PT_READ | PT_WRITE | PT_EXEC | PT_WB);
	assert_ptr_equal(hpa_to_ptr(at.pa), ptr);
}

static void
expect_tables(const struct pt_format *format)
{
	static const u64 ram[] = {
		0,   0x9ffff, 0xc0000,	   0xe0000, 0xfffff,
		MiB, 2 * MiB, 3 * GiB - 1, 4 * GiB, 5 * GiB - 1,
	};
	static const u64 other[] = {
		0xa0000, 0xb8000, 0xbffff, 3 * GiB, 0xfee00000, 4 * GiB - 1, 5 * GiB, 1ul << 47,
	};

	create(4 * GiB);
	for (unsigned i = 0; i < ARRAY_SIZE(ram); i++)
		expect_mapped(format, ram[i], true);
	for (unsigned i = 0; i < ARRAY_SIZE(other); i++)
		expect_mapped(format, other[i], false);
}

static void
is_mapped_by_npt_on_amd(void **state)
{
	expect_tables(&pt_npt);
}

static void
is_mapped_by_ept_on_intel(void **state)
{
	caps.kind = VIRT_VMX;
	expect_tables(&pt_ept);
}

static void
expect_pages(u64 small, u64 middle, u64 large)
{
	u64 pages[3];

	guest_memory_pages(m, pages);
	assert_int_equal(pages[0], small);
	assert_int_equal(pages[1], middle);
	assert_int_equal(pages[2], large);
}

/* The first 2 MiB have the hole; of the first GiB 511 large pages are left, then whole GiBs. */
static void
is_mapped_by_the_largest_pages(void **state)
{
	create(5 * GiB);
	expect_pages(512 - 32, 511, 2 + 2);
}

static void
uses_no_larger_pages_than_the_cpu_has(void **state)
{
	caps.nested_1g = false;
	create(2 * GiB);
	expect_pages(512 - 32, 1023, 0);
	guest_memory_free(m);
	caps.nested_2m = false;
	create(16 * MiB);
	expect_pages(4096 - 32, 0, 0);
}

static void
ends_with_small_pages_when_its_size_does(void **state)
{
	create(6 * MiB + 3 * PAGE_SIZE);
	expect_pages(512 - 32 + 3, 2, 0);
}

/* Pieces of 2 MiB still make large pages; smaller ones still make memory. */
static void
takes_smaller_pieces_of_a_fragmented_machine(void **state)
{
	frames.largest = 2 * MiB;
	frames.skew = 1;
	create(256 * MiB);
	expect_pages(512 - 32, 127, 0);
	guest_memory_free(m);
	frames.largest = 64 * KiB;
	create(8 * MiB);
	expect_pages(2048 - 32, 0, 0);
}

static void
reads_and_writes_across_pieces(void **state)
{
	u8 in[3 * 64 * 1024], out[sizeof(in)];
	u64 seed = 1, at = MiB + 12345;

	frames.largest = 64 * KiB;
	frames.skew = 1;
	create(8 * MiB);
	for (unsigned i = 0; i < sizeof(in); i++)
		in[i] = (u8)fake_random(&seed);
	assert_int_equal(guest_write(m, GPA(at), in, sizeof(in)), 0);
	assert_int_equal(guest_read(m, GPA(at), out, sizeof(out)), 0);
	assert_memory_equal(in, out, sizeof(in));
	assert_int_equal(guest_fill(m, GPA(at + 1), 0x5a, sizeof(in) - 2), 0);
	assert_int_equal(guest_read(m, GPA(at), out, sizeof(out)), 0);
	assert_int_equal(out[0], in[0]);
	assert_int_equal(out[1], 0x5a);
	assert_int_equal(out[sizeof(out) - 2], 0x5a);
	assert_int_equal(out[sizeof(out) - 1], in[sizeof(in) - 1]);
}

static void
words_of_every_size_and_alignment(void **state)
{
	u64 value;

	create(8 * MiB);
	for (unsigned size = 1; size <= 8; size++) {
		for (unsigned offset = 0; offset < 8; offset++) {
			value = 0x8877665544332211 + offset;
			assert_int_equal(guest_write(m, GPA(0x2000 + offset), &value, size), 0);
			value = 0;
			assert_int_equal(guest_read(m, GPA(0x2000 + offset), &value, size), 0);
			assert_int_equal(value,
					 (0x8877665544332211 + offset) & BITS(size * 8 - 1, 0));
		}
	}
}

/* A span never reaches over frames that do not lie together. */
static void
spans_lie_in_one_piece(void **state)
{
	const u64 piece = 640 * KiB / 16;
	void *first, *second;

	frames.largest = piece;
	frames.skew = 1;
	create(2 * MiB);
	assert_int_equal(guest_span(m, GPA(0), piece, &first), 0);
	assert_int_equal(guest_span(m, GPA(piece), 1, &second), 0);
	assert_ptr_not_equal((u8 *)first + piece, second);
	assert_int_equal(guest_span(m, GPA(0), piece + 1, &first), -ERR_RANGE);
	assert_int_equal(guest_span(m, GPA(piece - 1), 2, &first), -ERR_RANGE);
}

/* Ends of RAM, holes, and sums that overflow: every way into memory, none of it touched. */
static void
hostile_ranges_are_refused_whole(void **state)
{
	static const struct guest_range bad[] = {
		{0x9ffff,	  2		   },
		{0xa0000,	  1		   },
		{0xbffff,	  2		   },
		{0x90000,	  0x40000	 },
		{3 * GiB - 1, 2	       },
		{3 * GiB,	  8		   },
		{4 * GiB - 1, 2	       },
		{5 * GiB - 1, 2	       },
		{5 * GiB,	  1		   },
		{0,	    6 * GiB	   },
		{~0ul,	       1		},
		{~0ul,	       2		},
		{~0ul - 7,	   16	     },
		{4 * GiB,	  ~0ul	      },
		{5 * GiB - 8, ~0ul - 7      },
		{MiB,	      ~0ul - MiB + 1},
		{1ul << 63,   8	     },
		{1ul << 52,   4096		},
		{5 * GiB - 8, 1ul << 63     },
		{0xfee00000,  4	      },
	};
	u8 byte = 0xee;
	void *ptr;

	create(4 * GiB);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		gpa_t at = GPA(bad[i].base);
		u64 len = bad[i].size;

		assert_int_equal(guest_read(m, at, &byte, len), -ERR_RANGE);
		assert_int_equal(guest_write(m, at, &byte, len), -ERR_RANGE);
		assert_int_equal(guest_fill(m, at, 1, len), -ERR_RANGE);
		assert_int_equal(guest_span(m, at, len, &ptr), -ERR_RANGE);
		assert_false(guest_is_ram(m, at, len));
	}
	assert_int_equal(byte, 0xee);
	assert_int_equal(guest_read(m, GPA(0x9ffff), &byte, 1), 0);
	assert_int_equal(byte, 0);
}

/* A byte that stays where it is, for as long as the memory. */
static void
bytes_are_checked_once(void **state)
{
	struct guest_byte byte;
	u8 seen;

	create(4 * GiB);
	assert_int_equal(guest_byte(m, GPA(0xa0000), &byte), -ERR_RANGE);
	assert_int_equal(guest_byte(m, GPA(5 * GiB), &byte), -ERR_RANGE);
	assert_int_equal(guest_byte(m, GPA(5 * GiB - 1), &byte), 0);
	guest_byte_write(byte, 0x3c);
	assert_int_equal(guest_byte_exchange(byte, 0x5a), 0x3c);
	assert_int_equal(guest_byte_read(byte), 0x5a);
	assert_int_equal(guest_read(m, GPA(5 * GiB - 1), &seen, 1), 0);
	assert_int_equal(seen, 0x5a);
}

static void
nothing_is_always_allowed_but_no_span(void **state)
{
	void *ptr;

	create(MiB);
	assert_int_equal(guest_read(m, GPA(~0ul), NULL, 0), 0);
	assert_int_equal(guest_write(m, GPA(~0ul), NULL, 0), 0);
	assert_int_equal(guest_span(m, GPA(0), 0, &ptr), -ERR_RANGE);
}

static void
sizes_that_no_vm_can_have(void **state)
{
	assert_int_equal(guest_memory_create(0, &m), -ERR_INVAL);
	assert_int_equal(guest_memory_create(640 * KiB, &m), -ERR_INVAL);
	assert_int_equal(guest_memory_create(MiB + 1, &m), -ERR_INVAL);
	assert_int_equal(guest_memory_create(~0ul & PAGE_MASK, &m), -ERR_NOMEM);
}

/* Whatever is missing at the end, all that was taken comes back (checked by end()). */
static void
too_little_memory_leaves_nothing_behind(void **state)
{
	for (u64 left = 0; left < 20; left++) {
		frames.left = left * 256 * KiB + left * PAGE_SIZE;
		assert_int_equal(guest_memory_create(8 * MiB, &m), -ERR_NOMEM);
		assert_int_equal(frames.count, 0);
	}
	m = NULL;
	frames.left = MACHINE;
	frames.largest = PAGE_SIZE;
	assert_int_equal(guest_memory_create(8 * MiB, &m), -ERR_NOMEM);
}

static struct guest_tables *tables;
static unsigned flushes;
static u64 flushed_to;
static bool flush_fails;

static void
record_flush(void *owner, u64 changes)
{
	assert_ptr_equal(owner, &flushes);
	flushes++;
	flushed_to = flush_fails ? flushed_to : changes;
}

static bool
is_flushed(void *owner, u64 changes)
{
	assert_ptr_equal(owner, &flushes);
	return flushed_to >= changes;
}

/* A VM that executes by 4 KiB pages, and whose vCPUs are there. */
static void
create_for_small_pages(u64 size)
{
	caps.exec_by_4k = true;
	create(size);
	tables = guest_memory_tables(m);
	tables->users = (struct guest_tables_users){&flushes, record_flush, is_flushed};
	flushes = 0;
	flushed_to = 0;
	flush_fails = false;
}

static unsigned
attr_of(u64 gpa)
{
	struct pt_mapping mapping;

	assert_true(pt_lookup(&tables->pt, gpa, &mapping));
	assert_true((mapping.attr & PT_EXEC) == 0 || mapping.level == 0);
	return mapping.attr;
}

/* CVE-2018-12207: executable pages are small ones, from the first fetch on. THREATS C5. */
static void
c5_executed_pages_are_small(void **state)
{
	const unsigned rw = PT_READ | PT_WRITE, rwx = rw | PT_EXEC;

	create_for_small_pages(3 * GiB);
	/* 0 to 640 KiB and 768 KiB to 2 MiB; then to 1 GiB; then two pages of 1 GiB. */
	expect_pages(160 + 320, 511, 2);
	assert_int_equal(attr_of(0x1000), rwx);
	assert_int_equal(attr_of(2 * MiB), rw);
	assert_int_equal(attr_of(2 * GiB), rw);
	frames.left = 0; /* nothing is allocated from here on */

	assert_int_equal(guest_tables_allow_fetch(tables, GPA(4 * MiB + 0x123)), 0);
	expect_pages(480 + 512, 510, 2);
	assert_int_equal(flushes, 1);
	assert_int_equal(attr_of(4 * MiB), rwx);
	assert_int_equal(attr_of(6 * MiB - 1), rwx);
	assert_int_equal(attr_of(6 * MiB), rw);

	assert_int_equal(guest_tables_allow_fetch(tables, GPA(2 * GiB + 5 * MiB)), 0);
	expect_pages(480 + 1024, 510 + 511, 1);
	assert_int_equal(attr_of(2 * GiB + 4 * MiB), rwx);
	assert_int_equal(attr_of(2 * GiB + 3 * MiB), rw);
	assert_int_equal(flushes, 2);

	/* Again, as by another vCPU that faulted meanwhile: nothing is to do. */
	assert_int_equal(guest_tables_allow_fetch(tables, GPA(4 * MiB)), 0);
	assert_int_equal(flushes, 2);
	/* What is no RAM stays so. */
	assert_int_equal(guest_tables_allow_fetch(tables, GPA(0xa0000)), -ERR_NOENT);
	assert_int_equal(guest_tables_allow_fetch(tables, GPA(GUEST_HOLE)), -ERR_NOENT);
	assert_int_equal(guest_tables_allow_fetch(tables, GPA(~0ul)), -ERR_NOENT);
	assert_int_equal(flushes, 2);
}

/* A guest that executes everywhere finds all the tables that it takes. */
static void
c5_all_memory_can_be_executed(void **state)
{
	for (unsigned huge = 0; huge < 2; huge++) {
		caps.nested_1g = huge == 1;
		create_for_small_pages(2 * GiB);
		assert_int_equal(guest_memory_add(m, GPA(4 * GiB - MiB), MiB), 0);
		frames.left = 0;
		for (u64 gpa = GUEST_ROM_BASE; gpa < 2 * GiB; gpa += MiB)
			assert_int_equal(guest_tables_allow_fetch(tables, GPA(gpa)), 0);
		expect_pages((2 * GiB + MiB) / PAGE_SIZE - 32, 0, 0);
		assert_int_equal(attr_of(4 * GiB - 1) & PT_EXEC, PT_EXEC);
		pt_assert_flushed(&tables->pt);
		frames.left = MACHINE;
		guest_memory_free(m);
		m = NULL;
	}
}

/* Without the flaw large pages are executable, and a fetch is nothing special. */
static void
c5_large_pages_elsewhere(void **state)
{
	create(3 * GiB);
	tables = guest_memory_tables(m);
	assert_int_equal(guest_tables_allow_fetch(tables, GPA(4 * MiB)), -ERR_NOENT);
	expect_pages(480, 511, 2);
	assert_int_equal(tables->pt.spares, 0);
}

static void
a_split_without_a_flush_is_noticed(void **state)
{
	create_for_small_pages(16 * MiB);
	flush_fails = true;
	expect_panic((void)guest_tables_allow_fetch(tables, GPA(4 * MiB)));
	/* The test's own end: what the panic has left half done. */
	tables->pt.unflushed = 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(has_a_hole_for_the_vga_window, begin, end),
		cmocka_unit_test_setup_teardown(goes_on_at_4_gib_behind_the_devices, begin, end),
		cmocka_unit_test_setup_teardown(just_fits_below_the_devices, begin, end),
		cmocka_unit_test_setup_teardown(is_mapped_by_npt_on_amd, begin, end),
		cmocka_unit_test_setup_teardown(is_mapped_by_ept_on_intel, begin, end),
		cmocka_unit_test_setup_teardown(is_mapped_by_the_largest_pages, begin, end),
		cmocka_unit_test_setup_teardown(uses_no_larger_pages_than_the_cpu_has, begin, end),
		cmocka_unit_test_setup_teardown(ends_with_small_pages_when_its_size_does, begin,
						end),
		cmocka_unit_test_setup_teardown(takes_smaller_pieces_of_a_fragmented_machine, begin,
						end),
		cmocka_unit_test_setup_teardown(reads_and_writes_across_pieces, begin, end),
		cmocka_unit_test_setup_teardown(words_of_every_size_and_alignment, begin, end),
		cmocka_unit_test_setup_teardown(spans_lie_in_one_piece, begin, end),
		cmocka_unit_test_setup_teardown(hostile_ranges_are_refused_whole, begin, end),
		cmocka_unit_test_setup_teardown(bytes_are_checked_once, begin, end),
		cmocka_unit_test_setup_teardown(nothing_is_always_allowed_but_no_span, begin, end),
		cmocka_unit_test_setup_teardown(sizes_that_no_vm_can_have, begin, end),
		cmocka_unit_test_setup_teardown(too_little_memory_leaves_nothing_behind, begin,
						end),
		cmocka_unit_test_setup_teardown(c5_executed_pages_are_small, begin, end),
		cmocka_unit_test_setup_teardown(c5_all_memory_can_be_executed, begin, end),
		cmocka_unit_test_setup_teardown(c5_large_pages_elsewhere, begin, end),
		cmocka_unit_test_setup_teardown(a_split_without_a_flush_is_noticed, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
