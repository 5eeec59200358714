/* SPDX-License-Identifier: MIT */
/*
 * Linux bzImage, by its 64-bit entry where it has one, else by the 32-bit one (Linux,
 * Documentation/arch/x86/boot.rst): the setup header is copied into boot_params, the "zero page",
 * and completed there. The 16-bit setup code is not run.
 */
#include "core/load_bytes.h"
#include "core/load_job.h"

/* Offsets in the file, and in boot_params, which has its setup header at the same place. */
enum {
	P_ACPI_RSDP = 0x070,
	P_E820_COUNT = 0x1e8,
	H_BEGIN = 0x1f1,
	H_SETUP_SECTS = 0x1f1,
	H_SYSSIZE = 0x1f4,
	H_BOOT_FLAG = 0x1fe,
	H_LENGTH = 0x201, /* of what follows 0x202 */
	H_MAGIC = 0x202,
	H_VERSION = 0x206,
	H_LOADER = 0x210,
	H_LOADFLAGS = 0x211,
	H_CODE32_START = 0x214,
	H_RAMDISK = 0x218,
	H_RAMDISK_SIZE = 0x21c,
	H_CMDLINE = 0x228,
	H_INITRD_MAX = 0x22c,
	H_ALIGNMENT = 0x230,
	H_RELOCATABLE = 0x234,
	H_XLOADFLAGS = 0x236,
	H_CMDLINE_SIZE = 0x238,
	H_SETUP_DATA = 0x250,
	H_PREF_ADDRESS = 0x258,
	H_INIT_SIZE = 0x260,
	H_END_MAX = 0x290, /* where boot_params goes on with something else */
	P_E820 = 0x2d0,
	P_E820_ENTRY = 20,
};

enum {
	MAGIC = 0x53726448, /* "HdrS" */
	BOOT_FLAG = 0xaa55,
	LOADER_UNKNOWN = 0xff,
	LOADED_HIGH = 1 << 0,
	KEEP_SEGMENTS = 1 << 6,
	CAN_USE_HEAP = 1 << 7,
	XLF_KERNEL_64 = 1 << 0,
	SECTOR = 512,
	ENTRY_64 = 0x200,
	VERSION_MIN = 0x206,   /* tells the longest command line (2007) */
	VERSION_RELOC = 0x20a, /* pref_address and init_size */
	VERSION_64 = 0x20c,    /* xloadflags */
	CMDLINE_DEFAULT = 255,
};

#define ALIGNMENT_MAX GiB

struct linux_image {
	u8 setup[P_E820]; /* boot_params up to the memory map, with the file's header in it */
	u64 header_end;
	u16 version;
	const u8 *code;
	u64 code_len;
	bool long_mode;
	u64 base, size; /* where the kernel is, and what it needs there */
	u64 cmdline, params;
};

bool
linux_is(const struct load_file *file)
{
	return file_has(file, 0, H_VERSION + 2) && get16(file_at(file, H_BOOT_FLAG)) == BOOT_FLAG &&
	       get32(file_at(file, H_MAGIC)) == MAGIC;
}

/* Copies the header: what lies behind its end, as it says, is 0. */
static int
read_header(struct load_job *job, struct linux_image *image)
{
	const struct load_file *file = &job->request->kernel;
	u64 end = (u64)H_MAGIC + *file_at(file, H_LENGTH);

	end = MIN(end, (u64)H_END_MAX);
	image->version = get16(file_at(file, H_VERSION));
	if (image->version < VERSION_MIN)
		return load_fail(job, -ERR_FORMAT,
				 "its boot protocol is %u.%02u; expected 2.06 or later",
				 image->version >> 8, image->version & 0xffu);
	if (!file_has(file, 0, end))
		return load_fail(job, -ERR_FORMAT,
				 "truncated: the setup header ends at byte %lu, the file has %lu",
				 end, file->len);
	memcpy(image->setup + H_BEGIN, file_at(file, H_BEGIN), end - H_BEGIN);
	if (image->version < VERSION_RELOC)
		memset(image->setup + H_PREF_ADDRESS, 0, H_END_MAX - H_PREF_ADDRESS);
	if ((image->setup[H_LOADFLAGS] & LOADED_HIGH) == 0)
		return load_fail(job, -ERR_FORMAT, "is a zImage for low memory, not a bzImage");
	image->long_mode = image->version >= VERSION_64 &&
			   (get16(image->setup + H_XLOADFLAGS) & XLF_KERNEL_64) != 0;
	return 0;
}

/* syssize counts units of 16 bytes; a signature may follow. */
static int
find_code(struct load_job *job, struct linux_image *image)
{
	const struct load_file *file = &job->request->kernel;
	u64 sectors = image->setup[H_SETUP_SECTS];
	u64 at = ((sectors == 0 ? 4 : sectors) + 1) * SECTOR;
	u64 said = (u64)get32(image->setup + H_SYSSIZE) * 16;

	if (at >= file->len || said > ALIGN_UP(file->len - at, 16))
		return load_fail(job, -ERR_FORMAT,
				 "truncated: its kernel ends at byte %lu, the file has %lu",
				 at + said, file->len);
	image->code = file_at(file, at);
	image->code_len = file->len - at;
	if (image->long_mode && image->code_len <= ENTRY_64)
		return load_fail(job, -ERR_FORMAT, "truncated: it ends before its 64-bit entry");
	return 0;
}

/* Where it would like to be, or where it can be. */
static int
place_kernel(struct load_job *job, struct linux_image *image)
{
	u64 wanted = get64(image->setup + H_PREF_ADDRESS);
	u64 align = get32(image->setup + H_ALIGNMENT);
	bool relocatable = image->setup[H_RELOCATABLE] != 0;
	int err = -ERR_NOMEM;

	if (image->version < VERSION_RELOC)
		wanted = LOAD_ROM_END;
	image->size = MAX((u64)get32(image->setup + H_INIT_SIZE), image->code_len);
	if (relocatable && (align == 0 || (align & (align - 1)) != 0 || align > ALIGNMENT_MAX))
		return load_fail(job, -ERR_FORMAT,
				 "its header asks for an alignment of %#lx; expected a power of "
				 "two up to 1G",
				 align);
	if (wanted >= LOAD_ROM_END && wanted < LOAD_4G && image->size <= LOAD_4G - wanted)
		err = load_take(job, wanted, image->size);
	image->base = wanted;
	if (err != 0 && relocatable)
		err = load_place_low(job, image->size, MAX(align, PAGE_SIZE), LOAD_ROM_END, LOAD_4G,
				     &image->base);
	if (err != 0)
		return load_fail(job, -ERR_NOMEM,
				 "needs %lu MiB of memory at %#lx; the VM has %lu MiB in all",
				 ALIGN_UP(image->size, MiB) / MiB, wanted,
				 guest_memory_size(job->request->memory) / MiB);
	return 0;
}

static int
put_kernel(struct load_job *job, const struct linux_image *image)
{
	return guest_write(job->request->memory, GPA(image->base), image->code, image->code_len);
}

static int
put_cmdline(struct load_job *job, struct linux_image *image)
{
	const char *cmdline = job->request->cmdline;
	u64 max = get32(image->setup + H_CMDLINE_SIZE), len = strlen(cmdline);

	if (max == 0)
		max = CMDLINE_DEFAULT;
	if (len > max)
		return load_fail(job, -ERR_FORMAT,
				 "cmdline has %lu bytes; this kernel takes at most %lu", len, max);
	return load_put_string(job, cmdline, &image->cmdline);
}

/* As high as the kernel allows, so that it stays away from where the kernel unpacks itself. */
static int
put_initrd(struct load_job *job, struct linux_image *image)
{
	u64 max = (u64)get32(image->setup + H_INITRD_MAX) + 1;
	int err;

	if (job->request->module_count > 0)
		return load_fail(job, -ERR_FORMAT,
				 "is a bzImage, which takes an initrd but no modules");
	err = load_put_modules(job, max);
	if (err != 0 || job->placed_count == 0)
		return err;
	put32(image->setup + H_RAMDISK, (u32)job->placed[0].base);
	put32(image->setup + H_RAMDISK_SIZE, (u32)job->placed[0].size);
	return 0;
}

static void
fill_header(const struct load_job *job, struct linux_image *image)
{
	u8 *setup = image->setup;

	setup[H_LOADER] = LOADER_UNKNOWN;
	setup[H_LOADFLAGS] &= (u8) ~(KEEP_SEGMENTS | CAN_USE_HEAP);
	put32(setup + H_CODE32_START, (u32)image->base);
	put32(setup + H_CMDLINE, (u32)image->cmdline);
	put64(setup + H_SETUP_DATA, 0);
	put64(setup + P_ACPI_RSDP, job->request->rsdp.v);
	setup[P_E820_COUNT] = (u8)job->map_count;
}

static int
put_map(struct load_job *job, u64 at)
{
	int err = 0;

	for (u32 i = 0; err == 0 && i < job->map_count; i++) {
		u8 entry[P_E820_ENTRY];

		put64(entry, job->map[i].base);
		put64(entry + 8, job->map[i].size);
		put32(entry + 16, job->map[i].type);
		err = guest_write(job->request->memory, GPA(at + i * P_E820_ENTRY), entry,
				  sizeof(entry));
	}
	return err;
}

static int
put_params(struct load_job *job, struct linux_image *image)
{
	struct guest_memory *memory = job->request->memory;
	int err = load_place_data(job, PAGE_SIZE, PAGE_SIZE, &image->params);

	if (err == 0)
		err = guest_fill(memory, GPA(image->params), 0, PAGE_SIZE);
	fill_header(job, image);
	if (err == 0)
		err = guest_write(memory, GPA(image->params), image->setup, sizeof(image->setup));
	return err != 0 ? err : put_map(job, image->params + P_E820);
}

/* In this order: the kernel may be wherever it must, the rest goes where it is not. */
static int (*const steps[])(struct load_job *job, struct linux_image *image) = {
	read_header, find_code, place_kernel, put_initrd, put_cmdline, put_params,
};

int
linux_load(struct load_job *job)
{
	struct linux_image image = {.version = 0};
	struct load_entry *entry = job->entry;
	int err = 0;

	for (size_t i = 0; err == 0 && i < ARRAY_SIZE(steps); i++)
		err = steps[i](job, &image);
	if (err == 0)
		err = put_kernel(job, &image);
	if (err != 0)
		return err;
	entry->mode = image.long_mode ? LOAD_LONG64 : LOAD_PROTECTED32;
	if (!image.long_mode)
		entry->kind = "bzImage (32-bit)";
	entry->rip = image.base + (image.long_mode ? ENTRY_64 : 0);
	entry->rsi = image.params;
	return load_put_tables(job);
}
