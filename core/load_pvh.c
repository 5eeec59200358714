/* SPDX-License-Identifier: MIT */
/*
 * An ELF file with a PVH note: entered in 32-bit mode, EBX at hvm_start_info (Xen,
 * docs/misc/pvh.pandoc and xen/include/public/arch-x86/hvm/start_info.h). Debian's vmlinux is one.
 */
#include "core/load_bytes.h"
#include "core/load_elf.h"

enum {
	NOTE_PHYS32_ENTRY = 18,
	MAGIC = 0x336ec578,
	INFO_SIZE = 56,
	I_VERSION = 4,
	I_MODULES = 12,
	I_MODLIST = 16,
	I_CMDLINE = 24,
	I_RSDP = 32,
	I_MEMMAP = 40,
	I_MEMMAP_COUNT = 48,
	MODULE_SIZE = 32,
	MEMMAP_SIZE = 24,
};

static const u8 *
find_entry(const struct load_file *file, u64 *len)
{
	const u8 *note = elf_find_note(file, "Xen", NOTE_PHYS32_ENTRY, len);

	return note != NULL && *len >= 4 ? note : NULL;
}

bool
pvh_is(const struct load_file *file)
{
	u64 len;

	return find_entry(file, &len) != NULL;
}

/* The note has 4 bytes or 8, the entry is one of 32 bits. */
static int
read_entry(struct load_job *job, const struct load_image *image, u64 *entry)
{
	u64 len, wanted;
	const u8 *note = find_entry(&job->request->kernel, &len);

	wanted = len >= 8 ? get64(note) : get32(note);
	for (u32 i = 0; i < image->count; i++) {
		const struct load_segment *s = &image->segments[i];

		if (wanted >= s->address && wanted - s->address < s->size && wanted < LOAD_4G) {
			*entry = wanted;
			return 0;
		}
	}
	return load_fail(job, -ERR_FORMAT, "its PVH entry %#lx is in none of its segments", wanted);
}

static int
put_modules(struct load_job *job, u8 *info)
{
	u64 list = 0;
	int err = load_put_modules(job, LOAD_4G);

	if (err != 0 || job->placed_count == 0)
		return err;
	err = load_place_data(job, (u64)job->placed_count * MODULE_SIZE, 8, &list);
	for (u32 i = 0; err == 0 && i < job->placed_count; i++) {
		u8 entry[MODULE_SIZE] = {0};
		u64 args;

		err = load_put_string(job, job->placed[i].args, &args);
		if (err != 0)
			break;
		put64(entry, job->placed[i].base);
		put64(entry + 8, job->placed[i].size);
		put64(entry + 16, args);
		err = guest_write(job->request->memory, GPA(list + i * MODULE_SIZE), entry,
				  sizeof(entry));
	}
	put32(info + I_MODULES, job->placed_count);
	put64(info + I_MODLIST, list);
	return err;
}

static int
put_map(struct load_job *job, u8 *info)
{
	u64 at = 0;
	int err = load_place_data(job, (u64)job->map_count * MEMMAP_SIZE, 8, &at);

	for (u32 i = 0; err == 0 && i < job->map_count; i++) {
		u8 entry[MEMMAP_SIZE] = {0};

		put64(entry, job->map[i].base);
		put64(entry + 8, job->map[i].size);
		put32(entry + 16, job->map[i].type);
		err = guest_write(job->request->memory, GPA(at + i * MEMMAP_SIZE), entry,
				  sizeof(entry));
	}
	put64(info + I_MEMMAP, at);
	put32(info + I_MEMMAP_COUNT, job->map_count);
	return err;
}

static int
put_info(struct load_job *job, u64 *at)
{
	u8 info[INFO_SIZE] = {0};
	u64 cmdline = 0;
	int err = put_modules(job, info);

	if (err == 0)
		err = put_map(job, info);
	if (err == 0)
		err = load_put_string(job, job->request->cmdline, &cmdline);
	if (err == 0)
		err = load_place_data(job, sizeof(info), 8, at);
	put32(info, MAGIC);
	put32(info + I_VERSION, 1);
	put64(info + I_CMDLINE, cmdline);
	put64(info + I_RSDP, job->request->rsdp.v);
	return err != 0 ? err : guest_write(job->request->memory, GPA(*at), info, sizeof(info));
}

int
pvh_load(struct load_job *job)
{
	struct load_image image;
	int err = elf_read(job, &image);

	if (err == 0)
		err = read_entry(job, &image, &job->entry->rip);
	if (err == 0)
		err = image_take(job, &image, 0);
	if (err == 0)
		err = image_put(job, &image, 0);
	if (err == 0)
		err = put_info(job, &job->entry->rbx);
	job->entry->mode = LOAD_PROTECTED32;
	return err != 0 ? err : load_put_tables(job);
}
