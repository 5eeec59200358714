/* SPDX-License-Identifier: MIT */
/*
 * The information of a multiboot2 kernel: a run of tags, each at a multiple of 8. Its size is known
 * before, so that it is written to guest memory piece by piece.
 */
#include "core/load_multiboot2.h"

#include "core/load_bytes.h"

enum tag {
	TAG_END,
	TAG_CMDLINE = 1,
	TAG_LOADER = 2,
	TAG_MODULE = 3,
	TAG_MEMINFO = 4,
	TAG_MMAP = 6,
	TAG_RSDP_OLD = 14,
	TAG_RSDP_NEW = 15,
	TAG_LOAD_BASE = 21,
};

/* ACPI 6.5, 5.2.5.3. */
enum { HEAD = 8, MMAP_ENTRY = 24, RSDP_MAX = 36, RSDP_OLD = 20, RSDP_REVISION = 15 };

struct writer {
	struct guest_memory *memory; /* NULL: only add the sizes up */
	u64 base, at;
	int err;
};

static void
put(struct writer *w, const void *bytes, u64 len)
{
	if (w->memory != NULL && w->err == 0)
		w->err = guest_write(w->memory, GPA(w->base + w->at), bytes, len);
	w->at += len;
}

static void
put_u32(struct writer *w, u32 value)
{
	put(w, &value, sizeof(value));
}

/* The head of a tag with so many bytes behind it; tags begin at multiples of 8. */
static void
put_head(struct writer *w, u32 type, u64 len)
{
	static const u8 zeros[8];

	put(w, zeros, ALIGN_UP(w->at, 8) - w->at);
	put_u32(w, type);
	put_u32(w, (u32)(HEAD + len));
}

static void
put_string(struct writer *w, u32 type, const char *text)
{
	u64 len = strlen(text) + 1;

	put_head(w, type, len);
	put(w, text, len);
}

static void
put_module(struct writer *w, const struct load_placed *p)
{
	u64 len = strlen(p->args) + 1;

	put_head(w, TAG_MODULE, 8 + len);
	put_u32(w, (u32)p->base);
	put_u32(w, (u32)(p->base + p->size));
	put(w, p->args, len);
}

static void
put_meminfo(struct writer *w, const struct load_job *job)
{
	put_head(w, TAG_MEMINFO, 8);
	put_u32(w, load_map_lower(job));
	put_u32(w, load_map_upper(job));
}

static void
put_map(struct writer *w, const struct load_job *job)
{
	put_head(w, TAG_MMAP, 8 + (u64)job->map_count * MMAP_ENTRY);
	put_u32(w, MMAP_ENTRY);
	put_u32(w, 0);
	for (u32 i = 0; i < job->map_count; i++) {
		u8 entry[MMAP_ENTRY] = {0};

		put64(entry, job->map[i].base);
		put64(entry + 8, job->map[i].size);
		put32(entry + 16, job->map[i].type);
		put(w, entry, sizeof(entry));
	}
}

/* A copy of the RSDP: of 20 bytes before ACPI 2.0. */
static void
put_rsdp(struct writer *w, const struct load_job *job)
{
	gpa_t at = job->request->rsdp;
	u8 rsdp[RSDP_MAX];
	bool old;

	if (at.v == 0)
		return;
	if (guest_read(job->request->memory, at, rsdp, sizeof(rsdp)) != 0)
		return;
	old = rsdp[RSDP_REVISION] < 2;
	put_head(w, old ? TAG_RSDP_OLD : TAG_RSDP_NEW, old ? RSDP_OLD : RSDP_MAX);
	put(w, rsdp, old ? RSDP_OLD : RSDP_MAX);
}

/* All of it; the total size is known from the first time. */
static void
put_all(struct writer *w, const struct load_job *job, u64 total, const u64 *load_base)
{
	put_u32(w, (u32)total);
	put_u32(w, 0);
	put_string(w, TAG_CMDLINE, job->request->cmdline);
	put_string(w, TAG_LOADER, LOAD_NAME);
	for (u32 i = 0; i < job->placed_count; i++)
		put_module(w, &job->placed[i]);
	put_meminfo(w, job);
	put_map(w, job);
	put_rsdp(w, job);
	if (load_base != NULL) {
		put_head(w, TAG_LOAD_BASE, 4);
		put_u32(w, (u32)*load_base);
	}
	put_head(w, TAG_END, 0);
}

int
multiboot2_put_info(struct load_job *job, bool relocatable, u64 load_base)
{
	struct writer w = {.memory = NULL};
	int err = load_put_modules(job, LOAD_4G);
	u64 total;

	if (err != 0)
		return err;
	put_all(&w, job, 0, relocatable ? &load_base : NULL);
	total = w.at;
	err = load_place_data(job, total, 8, &job->entry->rbx);
	if (err != 0)
		return err;
	w = (struct writer){.memory = job->request->memory, .base = job->entry->rbx};
	put_all(&w, job, total, relocatable ? &load_base : NULL);
	return w.err;
}
