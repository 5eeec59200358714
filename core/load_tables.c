/* SPDX-License-Identifier: MIT */
/*
 * What a kernel stands on until it has its own: a GDT with flat segments where Linux expects them,
 * and for a 64-bit entry page tables that map the first 4 GiB to themselves (SDM vol. 3, 4.5).
 */
#include "core/load_job.h"

enum { ENTRIES = 512, TABLES = 6 /* PML4, PDPT, 4 page directories */, CHUNK = 64 };

enum { PTE_TABLE = 0x3 /* P, RW */, PTE_2M = 0xe3 /* and A, D, PS */ };

/* Null, null, code at 10h, data at 18h, the TSS that LTR would have loaded at 20h. */
static const u64 gdt32[LOAD_GDT_SIZE / 8] = {
	0, 0, 0x00cf9b000000ffff, 0x00cf93000000ffff, 0x00008b0000000067, 0,
};
static const u64 gdt64[LOAD_GDT_SIZE / 8] = {
	0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00008b0000000067, 0,
};

static int
put_entry(struct load_job *job, u64 table, u32 index, u64 next)
{
	u64 entry = next | PTE_TABLE;

	return guest_write(job->request->memory, GPA(table + index * 8), &entry, sizeof(entry));
}

/* The four page directories lie together: one run of 2 MiB pages. */
static int
put_directories(struct load_job *job, u64 base)
{
	u64 chunk[CHUNK];
	int err = 0;

	for (u32 first = 0; err == 0 && first < 4 * ENTRIES; first += CHUNK) {
		for (u32 i = 0; i < CHUNK; i++)
			chunk[i] = (u64)(first + i) * 2 * MiB | PTE_2M;
		err = guest_write(job->request->memory, GPA(base + first * 8), chunk,
				  sizeof(chunk));
	}
	return err;
}

static int
put_page_tables(struct load_job *job)
{
	u64 base, directories;
	int err = load_place_data(job, TABLES * PAGE_SIZE, PAGE_SIZE, &base);

	if (err == 0)
		err = guest_fill(job->request->memory, GPA(base), 0, 2 * PAGE_SIZE);
	if (err != 0)
		return err;
	directories = base + 2 * PAGE_SIZE;
	job->entry->cr3 = GPA(base);
	err = put_entry(job, base, 0, base + PAGE_SIZE);
	for (u32 i = 0; err == 0 && i < 4; i++)
		err = put_entry(job, base + PAGE_SIZE, i, directories + i * PAGE_SIZE);
	return err != 0 ? err : put_directories(job, directories);
}

int
load_put_tables(struct load_job *job)
{
	bool long_mode = job->entry->mode == LOAD_LONG64;
	u64 base;
	int err = load_place_data(job, LOAD_GDT_SIZE, 16, &base);

	if (err != 0)
		return err;
	job->entry->gdt = GPA(base);
	err = guest_write(job->request->memory, GPA(base), long_mode ? gdt64 : gdt32,
			  LOAD_GDT_SIZE);
	return err == 0 && long_mode ? put_page_tables(job) : err;
}
