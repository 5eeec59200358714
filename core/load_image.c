/* SPDX-License-Identifier: MIT */
/* A kernel's segments into guest memory. */
#include "core/load_bytes.h"
#include "core/load_elf.h"

static int
refuse_addresses(struct load_job *job, const struct load_addresses *a)
{
	return load_fail(
		job, -ERR_FORMAT,
		"its multiboot addresses are malformed: header %#x, load %#x to %#x, bss to "
		"%#x",
		a->header, a->load, a->load_end, a->bss_end);
}

int
image_from_addresses(struct load_job *job, const struct load_addresses *a, struct load_image *image)
{
	const struct load_file *file = &job->request->kernel;
	u64 load = a->load == ~0u ? a->header - a->header_at : a->load, before, len;

	if (a->header < load || a->header - load > a->header_at)
		return refuse_addresses(job, a);
	before = a->header_at - (a->header - load);
	len = a->load_end != 0 ? (u64)a->load_end - load : file->len - before;
	if (a->load_end != 0 && a->load_end < load)
		return refuse_addresses(job, a);
	if (!file_has(file, before, len))
		return load_fail(job, -ERR_FORMAT,
				 "truncated: its multiboot header asks for %#lx bytes at %#lx, the "
				 "file has %#lx",
				 len, before, file->len);
	if (a->bss_end != 0 && a->bss_end < load + len)
		return refuse_addresses(job, a);
	image->count = 1;
	image->segments[0] = (struct load_segment){
		.offset = before,
		.file_size = len,
		.address = load,
		.size = a->bss_end != 0 ? a->bss_end - load : len,
		.virt = load,
	};
	return 0;
}

int
image_entry(const struct load_image *image, u64 entry, u64 *physical)
{
	for (u32 i = 0; i < image->count; i++) {
		const struct load_segment *s = &image->segments[i];

		if (entry >= s->virt && entry - s->virt < s->size) {
			*physical = entry - s->virt + s->address;
			return 0;
		}
	}
	for (u32 i = 0; i < image->count; i++) {
		const struct load_segment *s = &image->segments[i];

		if (entry >= s->address && entry - s->address < s->size) {
			*physical = entry;
			return 0;
		}
	}
	return fail(-ERR_RANGE);
}

/* An end that wraps is as high as there is: no RAM reaches there. */
void
image_bounds(const struct load_image *image, u64 *low, u64 *end)
{
	*low = ~0ul;
	*end = 0;
	for (u32 i = 0; i < image->count; i++) {
		const struct load_segment *s = &image->segments[i];
		u64 last = s->size > ~0ul - s->address ? ~0ul : s->address + s->size;

		*low = MIN(*low, s->address);
		*end = MAX(*end, last);
	}
}

static int
refuse_place(struct load_job *job, int err, u64 base, u64 size)
{
	if (err == -ERR_EXISTS)
		return load_fail(job, -ERR_FORMAT,
				 "two segments overlap, one with %#lx bytes at %#lx", size, base);
	if (err == -ERR_RANGE)
		return load_fail(job, -ERR_NOMEM,
				 "a segment needs %#lx bytes at %#lx, which the VM with %lu MiB "
				 "does not have there",
				 size, base, guest_memory_size(job->request->memory) / MiB);
	return err;
}

int
image_take(struct load_job *job, const struct load_image *image, u64 delta)
{
	for (u32 i = 0; i < image->count; i++) {
		const struct load_segment *s = &image->segments[i];
		int err = load_take(job, s->address + delta, s->size);

		if (err != 0)
			return refuse_place(job, err, s->address + delta, s->size);
	}
	return 0;
}

int
image_put(struct load_job *job, const struct load_image *image, u64 delta)
{
	struct guest_memory *memory = job->request->memory;
	int err = 0;

	for (u32 i = 0; err == 0 && i < image->count; i++) {
		const struct load_segment *s = &image->segments[i];
		u64 base = s->address + delta;

		err = guest_write(memory, GPA(base), file_at(&job->request->kernel, s->offset),
				  s->file_size);
		if (err == 0)
			err = guest_fill(memory, GPA(base + s->file_size), 0,
					 s->size - s->file_size);
	}
	return err;
}
