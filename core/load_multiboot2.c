/* SPDX-License-Identifier: MIT */
/*
 * multiboot2 (Multiboot2 Specification 2.0): the header with its tags. What the kernel is told is
 * in load_multiboot2_info.c.
 */
#include "core/load_multiboot2.h"
#include "core/load_bytes.h"
#include "core/load_elf.h"

enum {
	SEARCH = 32768, /* the header is whole in the first bytes ... */
	ALIGN = 8,	/* ... at a multiple of this */
	MAGIC = 0xe85250d6,
	HANDED_OVER = 0x36d76289, /* in EAX */
	HEADER_SIZE = 16,
	TAG_SIZE = 8,
	TAG_OPTIONAL = 1 << 0,
	INFORMATION_MAX = 21, /* the highest type of information in the specification */
	CONSOLE_REQUIRED = 1 << 0,
};

enum tag {
	TAG_END,
	TAG_INFORMATION,
	TAG_ADDRESS,
	TAG_ENTRY,
	TAG_CONSOLE,
	TAG_FRAMEBUFFER,
	TAG_MODULE_ALIGN,
	TAG_EFI_SERVICES,
	TAG_EFI32_ENTRY,
	TAG_EFI64_ENTRY,
	TAG_RELOCATABLE,
};

/* What the header says. */
struct header {
	u64 at, len;
	bool has_addresses, has_entry, relocatable;
	struct load_addresses addresses;
	u32 entry;
	u32 min, max, align, preference; /* of a relocatable kernel: 1 low, 2 high, 0 anywhere */
};

static bool
find_header(const struct load_file *file, struct header *out)
{
	u64 end = MIN(file->len, (u64)SEARCH);

	for (u64 at = 0; at + HEADER_SIZE <= end; at += ALIGN) {
		const u8 *h = file_at(file, at);
		u32 len = get32(h + 8);

		if (get32(h) != MAGIC ||
		    get32(h) + get32(h + 4) + get32(h + 8) + get32(h + 12) != 0)
			continue;
		if (get32(h + 4) != 0 || len < HEADER_SIZE || len > end - at)
			continue;
		*out = (struct header){.at = at, .len = len};
		return true;
	}
	return false;
}

bool
multiboot2_is(const struct load_file *file)
{
	struct header header;

	return find_header(file, &header);
}

/* What is asked for by number has to be known, not there: "if it is available". */
static bool
read_information(struct header *h __unused, const u8 *tag, u32 size)
{
	for (u32 at = TAG_SIZE; at + 4 <= size; at += 4) {
		if (get32(tag + at) > INFORMATION_MAX)
			return false;
	}
	return true;
}

static bool
read_address(struct header *h, const u8 *tag, u32 size __unused)
{
	h->has_addresses = true;
	h->addresses = (struct load_addresses){
		.header_at = h->at,
		.header = get32(tag + 8),
		.load = get32(tag + 12),
		.load_end = get32(tag + 16),
		.bss_end = get32(tag + 20),
	};
	return true;
}

static bool
read_entry(struct header *h, const u8 *tag, u32 size __unused)
{
	h->has_entry = true;
	h->entry = get32(tag + 8);
	return true;
}

/* A VM has no screen. */
static bool
read_console(struct header *h __unused, const u8 *tag, u32 size __unused)
{
	return (get32(tag + 8) & CONSOLE_REQUIRED) == 0;
}

static bool
read_relocatable(struct header *h, const u8 *tag, u32 size __unused)
{
	h->relocatable = true;
	h->min = get32(tag + 8);
	h->max = get32(tag + 12);
	h->align = get32(tag + 16);
	h->preference = get32(tag + 20);
	return (h->align & (h->align - 1)) == 0;
}

/* The machine has neither EFI nor a screen, and modules are on pages of their own anyway. */
static bool
accept(struct header *h __unused, const u8 *tag __unused, u32 size __unused)
{
	return true;
}

static const struct reader {
	u32 least;
	bool (*read)(struct header *h, const u8 *tag, u32 size);
} readers[] = {
	[TAG_INFORMATION] = {8,	read_information},
	[TAG_ADDRESS] = {24, read_address	 },
	[TAG_ENTRY] = {12, read_entry	     },
	[TAG_CONSOLE] = {12, read_console	 },
	[TAG_FRAMEBUFFER] = {8,	accept	      },
	[TAG_MODULE_ALIGN] = {8,	 accept	       },
	[TAG_EFI_SERVICES] = {8,	 accept	       },
	[TAG_EFI32_ENTRY] = {8,	accept	      },
	[TAG_EFI64_ENTRY] = {8,	accept	      },
	[TAG_RELOCATABLE] = {24, read_relocatable},
};

static int
read_tag(struct load_job *job, struct header *h, const u8 *tag, u32 size)
{
	u32 type = get16(tag);
	const struct reader *r = type < ARRAY_SIZE(readers) ? &readers[type] : NULL;

	if (r != NULL && r->read != NULL && size >= r->least && r->read(h, tag, size))
		return 0;
	if ((get16(tag + 2) & TAG_OPTIONAL) != 0)
		return 0;
	return load_fail(job, -ERR_FORMAT,
			 "its multiboot2 header requires what can't be given (tag %u of %u bytes)",
			 type, size);
}

/* Every tag has at least 8 bytes, so the walk ends. */
static int
read_tags(struct load_job *job, struct header *h)
{
	u64 at = HEADER_SIZE;
	int err = 0;

	while (err == 0 && h->len - at >= TAG_SIZE) {
		const u8 *tag = file_at(&job->request->kernel, h->at + at);
		u32 size = get32(tag + 4);

		if (get16(tag) == TAG_END)
			return 0;
		if (size < TAG_SIZE || size > h->len - at)
			return load_fail(job, -ERR_FORMAT,
					 "a tag of %u bytes in its multiboot2 header of %lu is "
					 "malformed",
					 size, h->len);
		err = read_tag(job, h, tag, size);
		at = MIN(at + ALIGN_UP((u64)size, ALIGN), h->len);
	}
	return err;
}

static int
read_image(struct load_job *job, const struct header *h, struct load_image *image)
{
	int err;

	if (!h->has_addresses && !elf_is(&job->request->kernel))
		return load_fail(job, -ERR_FORMAT,
				 "has a multiboot2 header, but is no ELF file and gives no "
				 "addresses");
	if (h->has_addresses && !h->has_entry)
		return load_fail(job, -ERR_FORMAT,
				 "its multiboot2 header gives addresses, but no entry");
	err = h->has_addresses ? image_from_addresses(job, &h->addresses, image)
			       : elf_read(job, image);
	if (h->has_entry)
		image->entry = h->entry;
	if (err == 0 && image_entry(image, image->entry, &job->entry->rip) != 0)
		return load_fail(job, -ERR_FORMAT, "its entry %#lx is in none of its segments",
				 image->entry);
	return err;
}

/*
 * A relocatable kernel is moved as a whole. The run of memory that holds all of it is looked for,
 * and let go again: its segments then take their places in it.
 */
static int
place_relocatable(struct load_job *job, const struct header *h, const struct load_image *image,
		  u64 *delta)
{
	u64 low, end, base, top = (u64)h->max + 1, align = MAX((u64)h->align, PAGE_SIZE);
	int err;

	image_bounds(image, &low, &end);
	if (h->preference == 2)
		err = load_place_high(job, end - low, align, h->min, top, &base);
	else
		err = load_place_low(job, end - low, align, MAX((u64)h->min, LOAD_ROM_END), top,
				     &base);
	if (err != 0)
		return load_fail(job, -ERR_NOMEM,
				 "needs %lu KiB of memory between %#x and %#x; the VM has %lu MiB "
				 "in all",
				 (end - low) / KiB + 1, h->min, h->max,
				 guest_memory_size(job->request->memory) / MiB);
	job->taken_count--;
	*delta = base - low;
	return 0;
}

static int
put_kernel(struct load_job *job, const struct header *h, const struct load_image *image)
{
	u64 low, end, delta = 0;
	int err = 0;

	if (h->relocatable)
		err = place_relocatable(job, h, image, &delta);
	if (err == 0)
		err = image_take(job, image, delta);
	if (err == 0)
		err = image_put(job, image, delta);
	if (err != 0)
		return err;
	image_bounds(image, &low, &end);
	job->entry->rip += delta;
	return multiboot2_put_info(job, h->relocatable, low + delta);
}

int
multiboot2_load(struct load_job *job)
{
	struct load_image image = {.count = 0};
	struct header h;
	int err = find_header(&job->request->kernel, &h) ? 0 : fail(-ERR_FORMAT);

	if (err == 0)
		err = read_tags(job, &h);
	if (err == 0)
		err = read_image(job, &h, &image);
	if (err == 0)
		err = put_kernel(job, &h, &image);
	job->entry->mode = LOAD_PROTECTED32;
	job->entry->rax = HANDED_OVER;
	return err != 0 ? err : load_put_tables(job);
}
