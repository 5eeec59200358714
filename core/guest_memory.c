/* SPDX-License-Identifier: MIT */
/*
 * Guest memory: slots of contiguous frames, sorted by guest-physical address and without a gap in
 * each piece of RAM.
 */
#include "core/guest_memory.h"

#include "core/guest_tables.h"
#include "include/bits.h"
#include "lib/string.h"
#include "mm/direct.h"
#include "mm/frame.h"
#include "mm/heap.h"

#define SIZE_MIN  MiB		      /* what is below 1 MiB is there */
#define SIZE_MAX_ (64ul * 1024 * GiB) /* of any address space; no machine has that */

struct slot {
	u64 base, size;
	hpa_t pa;
};

struct guest_memory {
	u64 size;
	struct guest_range ranges[GUEST_RAM_RANGES];
	struct guest_range added; /* by guest_memory_add(); size 0: none */
	unsigned range_count, slot_count;
	unsigned largest;    /* of the slots: where most addresses are */
	unsigned apic_pages; /* of 4 KiB, that are mapped and no RAM */
	struct guest_tables tables;
	struct slot slots[GUEST_SLOTS_MAX];
};

static void
add_range(struct guest_memory *m, u64 base, u64 end)
{
	if (base < end)
		m->ranges[m->range_count++] = (struct guest_range){base, end - base};
}

static void
lay_out(struct guest_memory *m, u64 size)
{
	u64 low = MIN(size, GUEST_HOLE);

	m->size = size;
	add_range(m, 0, GUEST_LOW_END);
	add_range(m, GUEST_ROM_BASE, low);
	add_range(m, GUEST_HIGH, GUEST_HIGH + (size - low));
}

/* As many pieces of this size as there are in one run of frames, up to max; 0: not even one. */
static u64
alloc_run(u64 max, u64 piece, hpa_t *pa)
{
	for (u64 n = max; n > 0; n /= 2) {
		if (frame_alloc_range(n * piece / PAGE_SIZE, piece, FRAME_ANYWHERE, pa) == 0)
			return n;
	}
	return 0;
}

/*
 * Frames for the beginning of [base, end), aligned so that it can be mapped by the largest pages:
 * 1 GiB where those begin, else 2 MiB up to there, else 4 KiB up to there.
 */
static int
alloc_slot(u64 base, u64 end, struct slot *out)
{
	static const u64 pieces[] = {GiB, 2 * MiB, PAGE_SIZE};
	u64 stop = end;

	out->base = base;
	for (unsigned i = 0; i < ARRAY_SIZE(pieces); i++) {
		u64 piece = pieces[i], n;

		if (IS_ALIGNED(base, piece) && stop - base >= piece) {
			n = alloc_run((stop - base) / piece, piece, &out->pa);
			out->size = n * piece;
			if (n > 0)
				return 0;
		}
		/* Smaller frames only up to where larger ones may begin. */
		stop = MIN(stop, ALIGN_DOWN(base, piece) + piece);
	}
	return fail(-ERR_NOMEM);
}

int
guest_memory_map_apic(struct guest_memory *m, gpa_t gpa, hpa_t page, bool writable)
{
	int err = guest_tables_map(&m->tables, gpa.v, page, PAGE_SIZE, writable);

	if (err == 0)
		m->apic_pages = 1;
	return err;
}

static int
fill_range(struct guest_memory *m, const struct guest_range *range)
{
	u64 end = range->base + range->size;

	for (u64 base = range->base; base < end;) {
		struct slot *slot = &m->slots[m->slot_count];
		int err;

		/* So fragmented that it would be slow, too. */
		if (m->slot_count == GUEST_SLOTS_MAX)
			return fail(-ERR_NOMEM);
		err = alloc_slot(base, end, slot);
		if (err != 0)
			return err;
		m->slot_count++;
		err = guest_tables_map(&m->tables, slot->base, slot->pa, slot->size, true);
		if (err != 0)
			return err;
		base += slot->size;
	}
	return 0;
}

static void
find_largest(struct guest_memory *m)
{
	m->largest = 0;
	for (unsigned i = 1; i < m->slot_count; i++) {
		if (m->slots[i].size > m->slots[m->largest].size)
			m->largest = i;
	}
}

int
guest_memory_create(u64 size, struct guest_memory **out)
{
	struct guest_memory *m;
	int err;

	if (size < SIZE_MIN || !IS_ALIGNED(size, PAGE_SIZE))
		return fail(-ERR_INVAL);
	if (size > SIZE_MAX_)
		return fail(-ERR_NOMEM);
	m = heap_alloc(sizeof(*m));
	if (m == NULL)
		return fail(-ERR_NOMEM);
	lay_out(m, size);
	err = guest_tables_init(&m->tables);
	if (err != 0) {
		heap_free(m);
		return err;
	}
	for (unsigned i = 0; i < m->range_count && err == 0; i++)
		err = fill_range(m, &m->ranges[i]);
	if (err == 0)
		err = guest_tables_reserve(&m->tables);
	if (err != 0) {
		guest_memory_free(m);
		return err;
	}
	find_largest(m);
	*out = m;
	return 0;
}

/* Look-ups want slots by rising base; what was added last is out of place. */
static void
sort(struct guest_memory *m)
{
	for (unsigned i = 1; i < m->slot_count; i++) {
		struct slot s = m->slots[i];
		unsigned at = i;

		for (; at > 0 && m->slots[at - 1].base > s.base; at--)
			m->slots[at] = m->slots[at - 1];
		m->slots[at] = s;
	}
}

static bool
overlaps(const struct guest_memory *m, const struct guest_range *range)
{
	for (unsigned i = 0; i < m->range_count; i++) {
		const struct guest_range *r = &m->ranges[i];

		if (range->base < r->base + r->size && r->base < range->base + range->size)
			return true;
	}
	return false;
}

int
guest_memory_add(struct guest_memory *m, gpa_t base, u64 size)
{
	struct guest_range range = {base.v, size};
	int err;

	if (size == 0 || !IS_ALIGNED(base.v | size, PAGE_SIZE) || base.v + size < base.v)
		return fail(-ERR_INVAL);
	if (m->added.base == base.v && m->added.size == size)
		return 0;
	if (m->added.size != 0 || overlaps(m, &range))
		return fail(-ERR_EXISTS);
	err = fill_range(m, &range);
	if (err == 0)
		err = guest_tables_reserve(&m->tables);
	if (err == 0)
		m->added = range;
	sort(m);
	find_largest(m);
	return err;
}

void
guest_memory_free(struct guest_memory *m)
{
	if (m == NULL)
		return;
	guest_tables_fini(&m->tables);
	for (unsigned i = 0; i < m->slot_count; i++)
		frame_free(m->slots[i].pa, m->slots[i].size / PAGE_SIZE);
	heap_free(m);
}

u64
guest_memory_size(const struct guest_memory *m)
{
	return m->size;
}

bool
guest_memory_range(const struct guest_memory *m, unsigned n, struct guest_range *out)
{
	if (n >= m->range_count)
		return false;
	*out = m->ranges[n];
	return true;
}

void
guest_memory_pages(const struct guest_memory *m, u64 pages[3])
{
	for (unsigned i = 0; i < 3; i++)
		pages[i] = READ_ONCE(m->tables.pt.leaves[i]);
	pages[0] -= m->apic_pages;
}

hpa_t
guest_memory_root(const struct guest_memory *m)
{
	return m->tables.pt.root;
}

struct guest_tables *
guest_memory_tables(struct guest_memory *m)
{
	return &m->tables;
}

static bool
is_ram(const struct guest_memory *m, u64 base, u64 len)
{
	for (unsigned i = 0; i < m->range_count; i++) {
		const struct guest_range *r = &m->ranges[i];

		if (base >= r->base && base - r->base < r->size)
			return len <= r->size - (base - r->base);
	}
	return base >= m->added.base && base - m->added.base < m->added.size &&
	       len <= m->added.size - (base - m->added.base);
}

bool
guest_is_ram(const struct guest_memory *m, gpa_t gpa, u64 len)
{
	return is_ram(m, gpa.v, len);
}

/* The slot of an address that is RAM: the last one that begins at or below it. */
static const struct slot *
slot_of(const struct guest_memory *m, u64 addr)
{
	unsigned low = 0, high = m->slot_count;

	while (high - low > 1) {
		unsigned middle = (low + high) / 2;

		if (m->slots[middle].base <= addr)
			low = middle;
		else
			high = middle;
	}
	return &m->slots[low];
}

/* The bytes at an address that is RAM, and how many of them lie together. */
static void *
bytes_at(const struct guest_memory *m, u64 addr, u64 *together)
{
	const struct slot *slot = slot_of(m, addr);
	u64 offset = addr - slot->base;

	*together = slot->size - offset;
	return (u8 *)hpa_to_ptr(slot->pa) + offset;
}

/* The short way, for what is all in the largest slot; else NULL. */
static void *
in_largest(const struct guest_memory *m, u64 addr, size_t len)
{
	const struct slot *s = &m->slots[m->largest];
	u64 offset = addr - s->base;

	if (offset >= s->size || len > s->size - offset)
		return NULL;
	return (u8 *)hpa_to_ptr(s->pa) + offset;
}

/* Apart, so that the short way saves no registers for it. */
static __noinline int
span_anywhere(const struct guest_memory *m, gpa_t gpa, size_t len, void **out)
{
	u64 together;

	if (len == 0 || !is_ram(m, gpa.v, len))
		return -ERR_RANGE;
	*out = bytes_at(m, gpa.v, &together);
	return len <= together ? 0 : -ERR_RANGE;
}

int
guest_span(const struct guest_memory *m, gpa_t gpa, size_t len, void **out)
{
	*out = in_largest(m, gpa.v, len);
	return *out != NULL && len > 0 ? 0 : span_anywhere(m, gpa, len, out);
}

static __noinline int
word_anywhere(const struct guest_memory *m, gpa_t gpa, struct guest_word *out)
{
	void *at = NULL;
	int err = span_anywhere(m, gpa, sizeof(u64), &at);

	out->at = at;
	return err;
}

int
guest_word(const struct guest_memory *m, gpa_t gpa, struct guest_word *out)
{
	out->at = in_largest(m, gpa.v, sizeof(u64));
	return out->at != NULL ? 0 : word_anywhere(m, gpa, out);
}

int
guest_byte(const struct guest_memory *m, gpa_t gpa, struct guest_byte *out)
{
	void *at;
	int err = guest_span(m, gpa, 1, &at);

	out->at = at;
	return err;
}

/*
 * Aligned words in one go, as the CPU accesses them: another vCPU may be changing a page-table
 * entry or a ring's index right now.
 */
static void
copy(void *to, const void *from, size_t len)
{
	uintptr_t ends = (uintptr_t)to | (uintptr_t)from;

	if (len == 8 && IS_ALIGNED(ends, 8))
		WRITE_ONCE(*(u64 *)to, READ_ONCE(*(const u64 *)from));
	else if (len == 4 && IS_ALIGNED(ends, 4))
		WRITE_ONCE(*(u32 *)to, READ_ONCE(*(const u32 *)from));
	else if (len == 2 && IS_ALIGNED(ends, 2))
		WRITE_ONCE(*(u16 *)to, READ_ONCE(*(const u16 *)from));
	else
		memcpy(to, from, len);
}

int
guest_read(const struct guest_memory *m, gpa_t gpa, void *out, size_t len)
{
	u8 *to = out;
	u64 addr = gpa.v, rest = len, n;

	if (len != 0 && !is_ram(m, addr, len))
		return -ERR_RANGE;
	for (; rest > 0; rest -= n, addr += n, to += n) {
		const void *from = bytes_at(m, addr, &n);

		n = MIN(n, rest);
		copy(to, from, n);
	}
	return 0;
}

int
guest_write(struct guest_memory *m, gpa_t gpa, const void *in, size_t len)
{
	const u8 *from = in;
	u64 addr = gpa.v, rest = len, n;

	if (len != 0 && !is_ram(m, addr, len))
		return -ERR_RANGE;
	for (; rest > 0; rest -= n, addr += n, from += n) {
		void *to = bytes_at(m, addr, &n);

		n = MIN(n, rest);
		copy(to, from, n);
	}
	return 0;
}

int
guest_fill(struct guest_memory *m, gpa_t gpa, u8 byte, size_t len)
{
	u64 addr = gpa.v, rest = len, n;

	if (len != 0 && !is_ram(m, addr, len))
		return -ERR_RANGE;
	for (; rest > 0; rest -= n, addr += n) {
		void *to = bytes_at(m, addr, &n);

		n = MIN(n, rest);
		memset(to, byte, n);
	}
	return 0;
}
