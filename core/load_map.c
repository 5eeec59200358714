/* SPDX-License-Identifier: MIT */
/*
 * The guest's memory map: RAM, less the PC's ROM area and what the request reserves, plus that as
 * pieces of their own. C0000h to DFFFFh, for option ROMs, is told to nobody.
 */
#include "core/load_job.h"
#include "lib/string.h"

static int
insert(struct load_job *job, u32 at, struct load_map_entry entry)
{
	if (job->map_count == LOAD_MAP_MAX)
		return fail(-ERR_FULL);
	memmove(&job->map[at + 1], &job->map[at], (job->map_count - at) * sizeof(job->map[0]));
	job->map[at] = entry;
	job->map_count++;
	return 0;
}

static void
remove_at(struct load_job *job, u32 at)
{
	job->map_count--;
	memmove(&job->map[at], &job->map[at + 1], (job->map_count - at) * sizeof(job->map[0]));
}

/* Leaves of the piece at `at` what is outside of [base, end): 0 to 2 pieces. */
static int
cut_one(struct load_job *job, u32 at, u64 base, u64 end)
{
	struct load_map_entry whole = job->map[at], head = whole, tail = whole;
	u64 whole_end = whole.base + whole.size;
	int err = 0;

	remove_at(job, at);
	if (end < whole_end) {
		tail.base = end;
		tail.size = whole_end - end;
		err = insert(job, at, tail);
	}
	if (err == 0 && whole.base < base) {
		head.size = base - whole.base;
		err = insert(job, at, head);
	}
	return err;
}

/* From the last piece down, since cutting changes only what lies behind. */
static int
cut(struct load_job *job, u64 base, u64 size)
{
	int err = 0;

	for (u32 i = job->map_count; i-- > 0 && err == 0;) {
		const struct load_map_entry *e = &job->map[i];

		if (e->base < base + size && base < e->base + e->size)
			err = cut_one(job, i, base, base + size);
	}
	return err;
}

static int
add(struct load_job *job, u64 base, u64 size, u32 type)
{
	u32 at = 0;
	int err;

	if (size == 0)
		return 0;
	err = cut(job, base, size);
	while (at < job->map_count && job->map[at].base < base)
		at++;
	return err != 0 ? err : insert(job, at, (struct load_map_entry){base, size, type});
}

int
load_map_build(struct load_job *job)
{
	const struct load_request *r = job->request;
	struct guest_range ram;
	int err = 0;

	for (unsigned n = 0; err == 0 && guest_memory_range(r->memory, n, &ram); n++)
		err = add(job, ram.base, ram.size, LOAD_RAM);
	if (err == 0)
		err = cut(job, GUEST_LOW_END, LOAD_ROM_BASE - GUEST_LOW_END);
	if (err == 0)
		err = add(job, LOAD_ROM_BASE, LOAD_ROM_END - LOAD_ROM_BASE, LOAD_RESERVED);
	for (u32 i = 0; err == 0 && i < MIN(r->reserved_count, (u32)LOAD_RESERVED_MAX); i++)
		err = add(job, r->reserved[i].base, r->reserved[i].size, r->reserved[i].type);
	return err;
}

static u32
kib_from(const struct load_job *job, u64 base)
{
	for (u32 i = 0; i < job->map_count; i++) {
		const struct load_map_entry *e = &job->map[i];

		if (e->base == base && e->type == LOAD_RAM)
			return (u32)MIN(e->size / KiB, (u64)~0u);
	}
	return 0;
}

u32
load_map_lower(const struct load_job *job)
{
	return kib_from(job, 0);
}

u32
load_map_upper(const struct load_job *job)
{
	return kib_from(job, LOAD_ROM_END);
}
