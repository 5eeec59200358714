/* SPDX-License-Identifier: MIT */
/* The second-level tables of a VM. */
#include "core/guest_tables.h"

#include "arch/x86_64/virt.h"
#include "include/bits.h"
#include "include/panic.h"
#include "mm/ept/ept.h"
#include "mm/ept/npt.h"

enum { LEVEL_4K, LEVEL_2M, LEVEL_1G };

/* Tables for RAM that is added after the reservation: its ends may lie in new ones. */
enum { SLACK = 4 };

static struct guest_tables *
tables_of(const struct pt *pt)
{
	return container_of((struct pt *)(uintptr_t)pt, struct guest_tables, pt);
}

static void
flush(struct pt *pt, u64 first __unused, u64 last __unused)
{
	struct guest_tables *t = tables_of(pt);

	if (t->users.flush != NULL)
		t->users.flush(t->users.owner, __atomic_load_n(&pt->changes, __ATOMIC_SEQ_CST));
}

static bool
is_flushed(const struct pt *pt, u64 changes)
{
	const struct guest_tables *t = tables_of(pt);

	return t->users.is_flushed == NULL || t->users.is_flushed(t->users.owner, changes);
}

static bool
executes_by_4k(const struct guest_tables *t)
{
	return t->pt.exec_max == LEVEL_4K && t->pt.leaf_max > LEVEL_4K;
}

int
guest_tables_init(struct guest_tables *t)
{
	const struct virt_caps *caps = virt_caps();
	const struct pt_format *format = caps->kind == VIRT_VMX ? &pt_ept : &pt_npt;
	unsigned leaf_max = LEVEL_4K;
	int err;

	if (caps->nested_1g)
		leaf_max = LEVEL_1G;
	else if (caps->nested_2m)
		leaf_max = LEVEL_2M;
	*t = (struct guest_tables){0};
	wait_queue_init(&t->turn);
	err = pt_init(&t->pt, format, leaf_max, flush);
	t->pt.is_flushed = is_flushed;
	if (caps->exec_by_4k)
		t->pt.exec_max = LEVEL_4K;
	return err;
}

void
guest_tables_fini(struct guest_tables *t)
{
	pt_fini(&t->pt);
}

/* Where it can be a large page it must not be executable, if that is not for large pages. */
static unsigned
attr_for(const struct guest_tables *t, u64 base, hpa_t pa, u64 size)
{
	bool large = IS_ALIGNED(base | pa.v | size, pt_page_size(LEVEL_2M));
	unsigned attr = PT_READ | PT_WRITE | PT_WB;

	return executes_by_4k(t) && large ? attr : attr | PT_EXEC;
}

int
guest_tables_map(struct guest_tables *t, u64 base, hpa_t pa, u64 size, bool writable)
{
	unsigned attr = attr_for(t, base, pa, size);
	struct pt_flush f = {0};
	int err;

	if (!writable)
		attr &= ~(unsigned)PT_WRITE;
	err = pt_map(&t->pt, base, pa, size, attr, &f);

	pt_flush(&t->pt, &f);
	return err;
}

/* One for each page of 2 MiB, also of those that a page of 1 GiB is split into. */
int
guest_tables_reserve(struct guest_tables *t)
{
	u64 large = t->pt.leaves[LEVEL_2M], huge = t->pt.leaves[LEVEL_1G];

	if (!executes_by_4k(t))
		return 0;
	return pt_reserve(&t->pt, large + huge * (1 + PT_ENTRIES) + SLACK);
}

/* The page of at most 2 MiB around gpa. The tables are there, so it can't fail. */
static void
make_executable(struct guest_tables *t, gpa_t gpa, const struct pt_mapping *m)
{
	u64 size = pt_page_size(MIN(m->level, (unsigned)LEVEL_2M));
	struct pt_flush f = {0};

	if (pt_protect(&t->pt, ALIGN_DOWN(gpa.v, size), size, m->attr | PT_EXEC, &f) != 0)
		panic("no table is left to split a guest's page");
	pt_flush(&t->pt, &f);
}

static void
take_turn(struct guest_tables *t)
{
	wait_event(&t->turn, !__atomic_exchange_n(&t->busy, true, __ATOMIC_ACQUIRE));
}

static void
end_turn(struct guest_tables *t)
{
	__atomic_store_n(&t->busy, false, __ATOMIC_RELEASE);
	wait_wake_all(&t->turn);
}

int
guest_tables_allow_fetch(struct guest_tables *t, gpa_t gpa)
{
	struct pt_mapping m;
	bool mapped;

	if (!executes_by_4k(t))
		return -ERR_NOENT;
	take_turn(t);
	mapped = pt_lookup(&t->pt, gpa.v, &m);
	/* Another vCPU may have been faster. */
	if (mapped && (m.attr & PT_EXEC) == 0)
		make_executable(t, gpa, &m);
	end_turn(t);
	return mapped ? 0 : -ERR_NOENT;
}
