/* SPDX-License-Identifier: MIT */
/* ELF files of 32 and 64 bits: what is to be loaded, and the notes. */
#include "core/load_elf.h"

#include "core/load_bytes.h"

enum {
	IDENT_CLASS = 4,
	CLASS_32 = 1,
	CLASS_64 = 2,
	IDENT_DATA = 5,
	DATA_LITTLE = 1,
	AT_MACHINE = 18,
	MACHINE_386 = 3,
	MACHINE_X86_64 = 62,
	PT_LOAD = 1,
	PT_NOTE = 4,
	HEADERS_MAX = 64,
	NOTES_MAX = 1024,
	NOTE_HEAD = 12,
};

/* Where the two classes have their fields; those marked * are of 8 bytes in ELF64, else of 4. */
static const struct layout {
	u8 size, entry /* * */, phoff /* * */, phentsize, phnum;
	u8 ph_size, offset /* * */, virt /* * */, physical /* * */, file_size /* * */,
		memory_size /* * */, align /* * */;
	bool wide;
} layouts[] = {
	[CLASS_32] = {52, 24, 28, 42, 44, 32, 4, 8,  12, 16, 20, 28, false},
	[CLASS_64] = {64, 24, 32, 54, 56, 56, 8, 16, 24, 32, 40, 48, true },
};

struct headers {
	const struct layout *layout;
	u64 offset;
	u32 count, each; /* bytes of each */
};

bool
elf_is(const struct load_file *file)
{
	const u8 *b = file->bytes;

	return file_has(file, 0, 16) && get32(b) == 0x464c457f &&
	       (b[IDENT_CLASS] == CLASS_32 || b[IDENT_CLASS] == CLASS_64) &&
	       b[IDENT_DATA] == DATA_LITTLE;
}

static u64
word(const struct layout *l, const u8 *at)
{
	return l->wide ? get64(at) : get32(at);
}

/* False when the headers are not wholly in the file, or there are too many. */
static bool
find_headers(const struct load_file *file, struct headers *h)
{
	const u8 *b = file->bytes;
	const struct layout *l = &layouts[b[IDENT_CLASS]];

	*h = (struct headers){.layout = l};
	if (!file_has(file, 0, l->size))
		return false;
	h->offset = word(l, b + l->phoff);
	h->count = get16(b + l->phnum);
	h->each = get16(b + l->phentsize);
	return h->count <= HEADERS_MAX && h->each >= l->ph_size &&
	       file_has(file, h->offset, (u64)h->count * h->each);
}

static const u8 *
header_at(const struct load_file *file, const struct headers *h, u32 n)
{
	return file_at(file, h->offset + (u64)n * h->each);
}

static int
add_segment(struct load_job *job, struct load_image *image, const struct layout *l, const u8 *ph)
{
	struct load_segment s = {
		.offset = word(l, ph + l->offset),
		.file_size = word(l, ph + l->file_size),
		.address = word(l, ph + l->physical),
		.size = word(l, ph + l->memory_size),
		.virt = word(l, ph + l->virt),
	};

	if (s.size == 0 && s.file_size == 0)
		return 0;
	if (image->count == LOAD_SEGMENTS_MAX)
		return load_fail(job, -ERR_FORMAT, "has more than %u segments",
				 (unsigned)LOAD_SEGMENTS_MAX);
	if (!file_has(&job->request->kernel, s.offset, s.file_size))
		return load_fail(job, -ERR_FORMAT,
				 "truncated: a segment has %#lx bytes at %#lx, the file has %#lx",
				 s.file_size, s.offset, job->request->kernel.len);
	if (s.file_size > s.size)
		return load_fail(job, -ERR_FORMAT,
				 "a segment has %#lx bytes in the file, for %#lx of memory",
				 s.file_size, s.size);
	image->segments[image->count++] = s;
	return 0;
}

int
elf_read(struct load_job *job, struct load_image *image)
{
	const struct load_file *file = &job->request->kernel;
	const u8 *b = file->bytes;
	struct headers h;
	int err = 0;

	image->count = 0;
	if (!find_headers(file, &h))
		return load_fail(job, -ERR_FORMAT,
				 "truncated or malformed: %u program headers of %u bytes at %#lx, "
				 "the file has %#lx",
				 h.count, h.each, h.offset, file->len);
	if (get16(b + AT_MACHINE) != MACHINE_386 && get16(b + AT_MACHINE) != MACHINE_X86_64)
		return load_fail(job, -ERR_FORMAT,
				 "is an ELF file for another processor (machine %u)",
				 get16(b + AT_MACHINE));
	image->entry = word(h.layout, b + h.layout->entry);
	for (u32 i = 0; err == 0 && i < h.count; i++) {
		const u8 *ph = header_at(file, &h, i);

		if (get32(ph) == PT_LOAD)
			err = add_segment(job, image, h.layout, ph);
	}
	if (err == 0 && image->count == 0)
		return load_fail(job, -ERR_FORMAT, "is an ELF file with nothing to load");
	return err;
}

/* Goes through the notes of one segment; *budget bounds all of them together. */
static const u8 *
find_in(const u8 *at, u64 left, u64 align, const char *name, u32 type, u32 *budget, u64 *len)
{
	u64 name_len = strlen(name) + 1;

	while (left >= NOTE_HEAD && (*budget)-- > 0) {
		u64 n = get32(at), d = get32(at + 4);
		u64 desc = ALIGN_UP(NOTE_HEAD + n, align), next = ALIGN_UP(desc + d, align);

		if (desc > left || d > left - desc)
			return NULL;
		if (n == name_len && get32(at + 8) == type &&
		    memcmp(at + NOTE_HEAD, name, name_len) == 0) {
			*len = d;
			return at + desc;
		}
		next = MIN(next, left);
		at += next;
		left -= next;
	}
	return NULL;
}

const u8 *
elf_find_note(const struct load_file *file, const char *name, u32 type, u64 *len)
{
	u32 budget = NOTES_MAX;
	const u8 *found = NULL;
	struct headers h;

	if (!elf_is(file) || !find_headers(file, &h))
		return NULL;
	for (u32 i = 0; found == NULL && i < h.count; i++) {
		const u8 *ph = header_at(file, &h, i);
		u64 offset = word(h.layout, ph + h.layout->offset);
		u64 size = word(h.layout, ph + h.layout->file_size);
		u64 align = word(h.layout, ph + h.layout->align) == 8 ? 8 : 4;

		if (get32(ph) == PT_NOTE && file_has(file, offset, size))
			found = find_in(file_at(file, offset), size, align, name, type, &budget,
					len);
	}
	return found;
}
