/* SPDX-License-Identifier: MIT */
/*
 * multiboot, version 1 (Multiboot Specification 0.6.96): an ELF file, or one whose header says by
 * addresses what goes where. Entered in 32-bit mode, EBX at the information.
 */
#include "core/load_bytes.h"
#include "core/load_elf.h"

enum {
	SEARCH = 8192, /* the header is whole in the first bytes ... */
	ALIGN = 4,     /* ... at a multiple of this */
	MAGIC = 0x1badb002,
	HANDED_OVER = 0x2badb002, /* in EAX */
	HEADER_SIZE = 12,
	H_ADDRESSES = 12,
	H_ADDRESSES_END = 32,
	FLAG_ADDRESSES = 1 << 16,
	FLAGS_KNOWN = 0x7, /* of those that must be honoured, bits 0 to 15: we have no screen, and
			      the information says so */
};

enum {
	INFO_SIZE = 120,
	INFO_MEMORY = 1 << 0,
	INFO_CMDLINE = 1 << 2,
	INFO_MODULES = 1 << 3,
	INFO_MMAP = 1 << 6,
	INFO_LOADER = 1 << 9,
	I_LOWER = 4,
	I_UPPER = 8,
	I_CMDLINE = 16,
	I_MODULES = 20,
	I_MODULE_LIST = 24,
	I_MMAP_SIZE = 44,
	I_MMAP = 48,
	I_LOADER = 64,
	MODULE_SIZE = 16,
	MMAP_SIZE = 24,
};

/* The header's offset, or ~0. */
static u64
find_header(const struct load_file *file)
{
	u64 end = MIN(file->len, (u64)SEARCH);

	for (u64 at = 0; at + HEADER_SIZE <= end; at += ALIGN) {
		const u8 *h = file_at(file, at);

		if (get32(h) == MAGIC && get32(h) + get32(h + 4) + get32(h + 8) == 0)
			return at;
	}
	return ~0ul;
}

bool
multiboot_is(const struct load_file *file)
{
	u64 at = find_header(file);

	return at != ~0ul && (elf_is(file) || (get32(file_at(file, at) + 4) & FLAG_ADDRESSES) != 0);
}

static int
read_addresses(struct load_job *job, u64 at, struct load_image *image)
{
	const u8 *h = file_at(&job->request->kernel, at);
	struct load_addresses a;

	if (!file_has(&job->request->kernel, at, H_ADDRESSES_END))
		return load_fail(job, -ERR_FORMAT, "truncated: it ends in its multiboot header");
	a = (struct load_addresses){
		.header_at = at,
		.header = get32(h + H_ADDRESSES),
		.load = get32(h + H_ADDRESSES + 4),
		.load_end = get32(h + H_ADDRESSES + 8),
		.bss_end = get32(h + H_ADDRESSES + 12),
	};
	image->entry = get32(h + H_ADDRESSES + 16);
	return image_from_addresses(job, &a, image);
}

static int
read_image(struct load_job *job, struct load_image *image)
{
	const struct load_file *file = &job->request->kernel;
	u64 at = find_header(file);
	u32 flags = get32(file_at(file, at) + 4);
	int err;

	if ((flags & 0xffff & ~(u32)FLAGS_KNOWN) != 0)
		return load_fail(job, -ERR_FORMAT,
				 "its multiboot header asks for what nobody knows (flags %#x)",
				 flags);
	err = (flags & FLAG_ADDRESSES) != 0 ? read_addresses(job, at, image) : elf_read(job, image);
	if (err == 0 && image_entry(image, image->entry, &job->entry->rip) != 0)
		return load_fail(job, -ERR_FORMAT, "its entry %#lx is in none of its segments",
				 image->entry);
	return err;
}

static int
put_modules(struct load_job *job, u8 *info)
{
	u64 list = 0;
	int err = load_put_modules(job, LOAD_4G);

	if (err == 0 && job->placed_count > 0)
		err = load_place_data(job, (u64)job->placed_count * MODULE_SIZE, 8, &list);
	for (u32 i = 0; err == 0 && i < job->placed_count; i++) {
		const struct load_placed *p = &job->placed[i];
		u8 entry[MODULE_SIZE] = {0};
		u64 args;

		err = load_put_string(job, p->args, &args);
		if (err != 0)
			break;
		put32(entry, (u32)p->base);
		put32(entry + 4, (u32)(p->base + p->size));
		put32(entry + 8, (u32)args);
		err = guest_write(job->request->memory, GPA(list + i * MODULE_SIZE), entry,
				  sizeof(entry));
	}
	put32(info + I_MODULES, job->placed_count);
	put32(info + I_MODULE_LIST, (u32)list);
	return err;
}

/* Each entry begins with the size of what follows. */
static int
put_map(struct load_job *job, u8 *info)
{
	u64 at = 0;
	int err = load_place_data(job, (u64)job->map_count * MMAP_SIZE, 8, &at);

	for (u32 i = 0; err == 0 && i < job->map_count; i++) {
		u8 entry[MMAP_SIZE];

		put32(entry, MMAP_SIZE - 4);
		put64(entry + 4, job->map[i].base);
		put64(entry + 12, job->map[i].size);
		put32(entry + 20, job->map[i].type);
		err = guest_write(job->request->memory, GPA(at + i * MMAP_SIZE), entry,
				  sizeof(entry));
	}
	put32(info + I_MMAP_SIZE, job->map_count * MMAP_SIZE);
	put32(info + I_MMAP, (u32)at);
	return err;
}

static int
put_strings(struct load_job *job, u8 *info)
{
	u64 cmdline = 0, loader = 0;
	int err = load_put_string(job, job->request->cmdline, &cmdline);

	if (err == 0)
		err = load_put_string(job, LOAD_NAME, &loader);
	put32(info + I_CMDLINE, (u32)cmdline);
	put32(info + I_LOADER, (u32)loader);
	return err;
}

static int
put_info(struct load_job *job)
{
	u8 info[INFO_SIZE] = {0};
	int err = put_modules(job, info);

	if (err == 0)
		err = put_map(job, info);
	if (err == 0)
		err = put_strings(job, info);
	if (err == 0)
		err = load_place_data(job, sizeof(info), 8, &job->entry->rbx);
	put32(info, INFO_MEMORY | INFO_CMDLINE | INFO_MODULES | INFO_MMAP | INFO_LOADER);
	put32(info + I_LOWER, load_map_lower(job));
	put32(info + I_UPPER, load_map_upper(job));
	return err != 0 ? err
			: guest_write(job->request->memory, GPA(job->entry->rbx), info,
				      sizeof(info));
}

int
multiboot_load(struct load_job *job)
{
	struct load_image image = {.count = 0};
	int err = read_image(job, &image);

	if (err == 0)
		err = image_take(job, &image, 0);
	if (err == 0)
		err = image_put(job, &image, 0);
	if (err == 0)
		err = put_info(job);
	job->entry->mode = LOAD_PROTECTED32;
	job->entry->rax = HANDED_OVER;
	return err != 0 ? err : load_put_tables(job);
}
