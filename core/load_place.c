/* SPDX-License-Identifier: MIT */
/* Where in guest memory things go: free RAM, and what has it then. */
#include "core/load_job.h"
#include "lib/string.h"

static bool
overlap(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

/* What is taken of [base, base + size), or NULL. */
static const struct load_taken *
find_taken(const struct load_job *job, u64 base, u64 size)
{
	for (u32 i = 0; i < job->taken_count; i++) {
		if (overlap(base, size, job->taken[i].base, job->taken[i].size))
			return &job->taken[i];
	}
	return NULL;
}

static int
take(struct load_job *job, u64 base, u64 size)
{
	if (job->taken_count == LOAD_TAKEN_MAX)
		return fail(-ERR_FULL);
	job->taken[job->taken_count++] = (struct load_taken){base, size};
	return 0;
}

/* base and size come out of files: nothing may wrap. */
static bool
is_ram(const struct load_job *job, u64 base, u64 size)
{
	for (u32 i = 0; i < job->map_count; i++) {
		const struct load_map_entry *e = &job->map[i];

		if (e->type == LOAD_RAM && base >= e->base && base - e->base <= e->size &&
		    size <= e->size - (base - e->base))
			return true;
	}
	return false;
}

int
load_take(struct load_job *job, u64 base, u64 size)
{
	if (size == 0)
		return 0;
	if (!is_ram(job, base, size))
		return fail(-ERR_RANGE);
	if (find_taken(job, base, size) != NULL)
		return fail(-ERR_EXISTS);
	return take(job, base, size);
}

/* Each turn passes something that is taken, so there are at most as many. */
static bool
lowest_in(const struct load_job *job, u64 low, u64 high, u64 size, u64 align, u64 *base)
{
	const struct load_taken *t;

	for (;;) {
		u64 at = ALIGN_UP(low, align);

		if (at < low || at > high || size > high - at)
			return false;
		t = find_taken(job, at, size);
		*base = at;
		if (t == NULL)
			return true;
		low = t->base + t->size;
	}
}

static bool
highest_in(const struct load_job *job, u64 low, u64 high, u64 size, u64 align, u64 *base)
{
	const struct load_taken *t;

	for (;;) {
		if (high < low || size > high - low)
			return false;
		*base = ALIGN_DOWN(high - size, align);
		if (*base < low)
			return false;
		t = find_taken(job, *base, size);
		if (t == NULL)
			return true;
		high = t->base;
	}
}

/* Tries the n-th piece of the map, as far as it is RAM between low and high. */
static bool
try_piece(struct load_job *job, u32 n, bool highest, u64 size, u64 align, u64 low, u64 high,
	  u64 *base)
{
	const struct load_map_entry *e = &job->map[n];
	u64 begin = MAX(e->base, low), end = MIN(e->base + e->size, high);

	if (e->type != LOAD_RAM || begin >= end)
		return false;
	return highest ? highest_in(job, begin, end, size, align, base)
		       : lowest_in(job, begin, end, size, align, base);
}

int
load_place_low(struct load_job *job, u64 size, u64 align, u64 low, u64 high, u64 *base)
{
	for (u32 i = 0; i < job->map_count; i++) {
		if (try_piece(job, i, false, size, align, low, high, base))
			return take(job, *base, size);
	}
	return -ERR_NOMEM;
}

int
load_place_high(struct load_job *job, u64 size, u64 align, u64 low, u64 high, u64 *base)
{
	for (u32 i = job->map_count; i-- > 0;) {
		if (try_piece(job, i, true, size, align, low, high, base))
			return take(job, *base, size);
	}
	return -ERR_NOMEM;
}

int
load_place_data(struct load_job *job, u64 size, u64 align, u64 *base)
{
	int err = load_place_low(job, size, align, LOAD_LOW, LOAD_4G, base);

	if (err != 0)
		return load_fail(job, err, "no room in the VM's memory for what a kernel is told");
	return 0;
}

int
load_put_string(struct load_job *job, const char *text, u64 *base)
{
	u64 size = strlen(text) + 1;
	int err = load_place_data(job, size, 16, base);

	return err != 0 ? err : guest_write(job->request->memory, GPA(*base), text, size);
}

static int
put_module(struct load_job *job, const char *what, const struct load_file *file, const char *args,
	   u64 high)
{
	struct load_placed *p = &job->placed[job->placed_count];
	int err =
		load_place_high(job, MAX(file->len, 1ul), PAGE_SIZE, LOAD_ROM_END, high, &p->base);

	if (err != 0)
		return load_fail_file(job, err, what, file,
				      "%lu KiB don't fit into the VM's memory beside the kernel",
				      file->len / KiB + 1);
	p->size = file->len;
	p->args = args;
	job->placed_count++;
	return guest_write(job->request->memory, GPA(p->base), file->bytes, file->len);
}

int
load_put_modules(struct load_job *job, u64 high)
{
	const struct load_request *r = job->request;
	int err = 0;

	if (r->initrd.len > 0)
		err = put_module(job, "initrd", &r->initrd, "", high);
	for (u32 i = 0; err == 0 && i < r->module_count; i++)
		err = put_module(job, "module", &r->modules[i].file, r->modules[i].args, high);
	return err;
}
