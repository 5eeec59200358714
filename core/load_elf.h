/* SPDX-License-Identifier: MIT */
/*
 * The pieces of a kernel that go to addresses of their own: an ELF file's segments (System V gABI,
 * chapters 4 and 5), or the one piece that a multiboot header describes. For core/load*.c.
 */
#pragma once

#include "core/load_job.h"

enum { LOAD_SEGMENTS_MAX = 32 };

struct load_segment {
	u64 offset, file_size; /* in the file */
	u64 address, size;     /* physical; what the file does not fill is zero */
	u64 virt;
};

struct load_image {
	u32 count;
	struct load_segment segments[LOAD_SEGMENTS_MAX];
	u64 entry; /* as the file has it: for ELF, physical or virtual */
};

/* A piece as multiboot headers describe it: addresses, of which load_end and bss_end may be 0. */
struct load_addresses {
	u64 header_at; /* in the file */
	u32 header, load, load_end, bss_end;
};

/* The one segment of it. load_end 0: to the end of the file; bss_end 0: no bss; load ~0: the file
 * from its beginning. Fails with a sentence. */
__must_check int image_from_addresses(struct load_job *job, const struct load_addresses *a,
				      struct load_image *image);

bool elf_is(const struct load_file *file);
/* The segments to load, checked against the file. Fails with a sentence. */
__must_check int elf_read(struct load_job *job, struct load_image *image);

/* The first note of this name and type: its bytes, or NULL; *len of them. */
const u8 *elf_find_note(const struct load_file *file, const char *name, u32 type, u64 *len);

/* An entry's physical address, from a virtual one or one that is physical already. -ERR_RANGE. */
__must_check int image_entry(const struct load_image *image, u64 entry, u64 *physical);

/* The lowest address, and the end of the highest. */
void image_bounds(const struct load_image *image, u64 *low, u64 *end);

/* Takes the segments' places, each moved by `delta`, and fills them. Fails with a sentence. */
__must_check int image_take(struct load_job *job, const struct load_image *image, u64 delta);
__must_check int image_put(struct load_job *job, const struct load_image *image, u64 delta);
