/* SPDX-License-Identifier: MIT */
/* The protocols' structures, read into one. Anything odd in them fails the test. */
#include "guests/lib/boot_info.h"

#include "guests/lib/guest.h"

struct boot_info boot_info = {.cmdline = "", .module_cmdline = ""};

static void
add_memory(u64 base, u64 size, u32 type)
{
	CHECK(boot_info.ranges < MEMORY_RANGES_MAX);
	boot_info.memory[boot_info.ranges++] = (struct memory_range){base, size, type};
}

static void *
low(u64 address)
{
	CHECK(address < 4 * GiB);
	return (void *)address;
}

/* Xen's public/arch-x86/hvm/start_info.h */
enum { PVH_MAGIC = 0x336ec578 };

struct pvh_start_info {
	u32 magic, version, flags, modules;
	u64 module_list, cmdline, rsdp, memory_map;
	u32 memory_entries, reserved;
};

struct pvh_module {
	u64 address, size, cmdline, reserved;
};

struct pvh_memory {
	u64 base, size;
	u32 type, reserved;
};

_Static_assert(sizeof(struct pvh_start_info) == 56, "start_info.h, version 1");

static void
read_pvh(const struct pvh_start_info *info)
{
	const struct pvh_module *module = low(info->module_list);
	const struct pvh_memory *memory = low(info->memory_map);

	CHECK(info->version >= 1);
	boot_info.protocol = BOOT_PVH;
	boot_info.rsdp = info->rsdp;
	if (info->cmdline != 0)
		boot_info.cmdline = low(info->cmdline);
	if (info->modules > 0) {
		boot_info.module = low(module->address);
		boot_info.module_size = module->size;
		if (module->cmdline != 0)
			boot_info.module_cmdline = low(module->cmdline);
	}
	for (u32 n = 0; n < info->memory_entries; n++)
		add_memory(memory[n].base, memory[n].size, memory[n].type);
}

/* Multiboot 0.6.96, 3.3 */
enum { MB1_MAGIC = 0x2badb002, MB1_CMDLINE = 1 << 2, MB1_MODULES = 1 << 3, MB1_MEMORY = 1 << 6 };

struct mb1_info {
	u32 flags, mem_lower, mem_upper, boot_device, cmdline, modules, module_list, syms[4];
	u32 memory_length, memory_map;
};

struct mb1_module {
	u32 begin, end, cmdline, reserved;
};

struct __packed mb1_memory {
	u32 size; /* of what follows */
	u64 base, length;
	u32 type;
};

static void
read_multiboot1(const struct mb1_info *info)
{
	const struct mb1_module *module = low(info->module_list);
	u32 entry = info->memory_map, end = info->memory_map + info->memory_length;

	boot_info.protocol = BOOT_MULTIBOOT1;
	CHECK(info->flags & MB1_MEMORY);
	if (info->flags & MB1_CMDLINE)
		boot_info.cmdline = low(info->cmdline);
	if ((info->flags & MB1_MODULES) != 0 && info->modules > 0) {
		boot_info.module = low(module->begin);
		boot_info.module_size = module->end - module->begin;
		if (module->cmdline != 0)
			boot_info.module_cmdline = low(module->cmdline);
	}
	while (entry < end) {
		const struct mb1_memory *memory = low(entry);

		add_memory(memory->base, memory->length, memory->type);
		entry += memory->size + 4;
	}
}

/* Multiboot2, 3.6 */
enum { MB2_MAGIC = 0x36d76289 };
enum { MB2_END, MB2_CMDLINE, MB2_MODULE = 3, MB2_MEMORY = 6, MB2_RSDP1 = 14, MB2_RSDP2 = 15 };

struct mb2_tag {
	u32 type, size;
};

struct mb2_module {
	struct mb2_tag tag;
	u32 begin, end;
	char cmdline[];
};

struct mb2_memory {
	struct mb2_tag tag;
	u32 entry_size, version;
	struct {
		u64 base, length;
		u32 type, reserved;
	} entries[];
};

static void
read_tag(const struct mb2_tag *tag)
{
	const struct mb2_module *module = (const void *)tag;
	const struct mb2_memory *memory = (const void *)tag;

	switch (tag->type) {
	case MB2_CMDLINE: boot_info.cmdline = (const char *)(tag + 1); break;
	case MB2_MODULE:
		if (boot_info.module != NULL)
			break;
		boot_info.module = low(module->begin);
		boot_info.module_size = module->end - module->begin;
		boot_info.module_cmdline = module->cmdline;
		break;
	case MB2_MEMORY:
		CHECK_EQ(memory->entry_size, sizeof(memory->entries[0]));
		for (u32 n = 0; n < (tag->size - sizeof(*memory)) / memory->entry_size; n++)
			add_memory(memory->entries[n].base, memory->entries[n].length,
				   memory->entries[n].type);
		break;
	case MB2_RSDP1:
	case MB2_RSDP2: boot_info.rsdp = (u64)(tag + 1); break;
	default: break;
	}
}

static void
read_multiboot2(u32 info)
{
	const u32 *total = low(info);
	u32 at = info + 8, end = info + *total;

	CHECK(IS_ALIGNED(info, 8));
	boot_info.protocol = BOOT_MULTIBOOT2;
	while (at < end) {
		const struct mb2_tag *tag = low(at);

		CHECK(tag->size >= sizeof(*tag) && tag->size <= end - at);
		if (tag->type == MB2_END)
			return;
		read_tag(tag);
		at += ALIGN_UP(tag->size, 8u);
	}
	guest_fail("the multiboot2 information has no end tag");
}

/* Linux, Documentation/arch/x86/zero-page.rst */
enum { LINUX_MAGIC = 0x4c6e7578 }; /* our own, guests/lib/header_bzimage64.asm */
enum { P_RSDP = 0x70, P_E820_COUNT = 0x1e8, P_RAMDISK = 0x218, P_CMDLINE = 0x228, P_E820 = 0x2d0 };
enum { E820_ENTRY = 20 };

static void
read_linux(u32 zero_page)
{
	const u8 *p = low(zero_page), *entry = p + P_E820;

	boot_info.protocol = BOOT_LINUX;
	memcpy(&boot_info.rsdp, p + P_RSDP, sizeof(boot_info.rsdp));
	boot_info.cmdline = low(*(const u32 *)(p + P_CMDLINE));
	boot_info.module = low(*(const u32 *)(p + P_RAMDISK));
	boot_info.module_size = *(const u32 *)(p + P_RAMDISK + 4);
	for (u32 n = 0; n < p[P_E820_COUNT]; n++, entry += E820_ENTRY) {
		struct memory_range range;

		memcpy(&range, entry, E820_ENTRY);
		add_memory(range.base, range.size, range.type);
	}
}

void
boot_info_read(u32 magic, u32 info)
{
	if (magic == MB1_MAGIC)
		read_multiboot1(low(info));
	else if (magic == MB2_MAGIC)
		read_multiboot2(info);
	else if (magic == LINUX_MAGIC)
		read_linux(info);
	else if (*(const u32 *)low(info) == PVH_MAGIC)
		read_pvh(low(info));
	else
		guest_fail("entered with eax 0x%x and ebx 0x%x, which is no protocol known here",
			   magic, info);
}

u64
boot_info_ram(void)
{
	u64 total = 0;

	for (unsigned n = 0; n < boot_info.ranges; n++)
		if (boot_info.memory[n].type == MEMORY_RAM)
			total += boot_info.memory[n].size;
	return total;
}
