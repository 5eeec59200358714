/* SPDX-License-Identifier: MIT */
/*
 * The information of a multiboot2 boot loader: a run of tags, each checked for its place and its
 * least size here, and then handed to its reader by the table.
 */
#include "boot/multiboot2.h"

#include "boot/multiboot2_tags.h"
#include "include/bits.h"
#include "lib/log.h"

/* Head: total size, reserved. Boot loaders need a few KiB; with modules by the dozen, tens of them.
 */
enum { INFO_HEAD = 8, INFO_SIZE_MAX = 1 << 20 };

struct tag_kind {
	const char *name;
	u32 least; /* size that every tag of this type has */
	void (*read)(struct tag tag, struct boot_info *out);
};

/* clang-format off */
static const struct tag_kind kinds[TAG_TYPES] = {
	[TAG_COMMAND_LINE]	= {"command line", 8, read_command_line},
	[TAG_LOADER_NAME]	= {"boot loader name", 8, read_loader_name},
	[TAG_MODULE]		= {"module", 16, read_module},
	[TAG_MEMORY_MAP]	= {"memory map", 16, read_memory_map},
	[TAG_FRAMEBUFFER]	= {"framebuffer", 32, read_framebuffer},
	[TAG_EFI32]		= {"EFI 32-bit system table", 8, read_efi},
	[TAG_EFI64]		= {"EFI 64-bit system table", 8, read_efi},
	[TAG_RSDP_OLD]		= {"ACPI 1.0 RSDP", 8 + ACPI_RSDP_SIZE_V1, read_rsdp},
	[TAG_RSDP_NEW]		= {"ACPI 2.0 RSDP", 8 + ACPI_RSDP_SIZE, read_rsdp},
	[TAG_EFI_MEMORY_MAP]	= {"EFI memory map", 8, read_efi},
	[TAG_EFI_BOOT_SERVICES] = {"EFI boot services", 8, read_boot_services},
	[TAG_EFI32_IMAGE]	= {"EFI 32-bit image handle", 8, read_efi},
	[TAG_EFI64_IMAGE]	= {"EFI 64-bit image handle", 8, read_efi},
	[TAG_LOAD_BASE]		= {"load base address", 12, read_load_base},
};
/* clang-format on */

static void
read_tag(struct tag tag, u32 *seen, struct boot_info *out)
{
	u32 type = load32(tag.at);
	const struct tag_kind *kind = type < TAG_TYPES ? &kinds[type] : NULL;

	if (kind == NULL || kind->read == NULL)
		return;
	if (tag.size < kind->least) {
		log_warn("boot: the boot loader's %s tag has %u bytes, not the %u it needs; it is "
			 "not used",
			 kind->name, tag.size, kind->least);
		return;
	}
	if ((*seen & BIT32(type)) != 0 && type != TAG_MODULE) {
		log_warn("boot: the boot loader's second %s tag is not used", kind->name);
		return;
	}
	*seen |= BIT32(type);
	kind->read(tag, out);
}

/* Every tag begins at a multiple of 8 and is at least 8 bytes long, so the walk ends. */
static void
read_tags(const u8 *info, u32 total, struct boot_info *out)
{
	u64 at = INFO_HEAD;
	u32 seen = 0;

	while (at < total && total - at >= TAG_HEAD) {
		struct tag tag = {info + at, load32(info + at + TAG_SIZE)};

		if (tag.size < TAG_HEAD || tag.size > total - at) {
			boot_refuse(out,
				    "The boot loader's tag at offset %lu is malformed: it says it "
				    "has %u bytes, of %lu that are left. " MULTIBOOT2_ADVICE,
				    at, tag.size, total - at);
			return;
		}
		if (load32(tag.at) == TAG_END)
			return;
		read_tag(tag, &seen, out);
		at += ALIGN_UP((u64)tag.size, 8);
	}
	boot_refuse(
		out,
		"The boot loader's information is cut off: it has no end tag. " MULTIBOOT2_ADVICE);
}

static void
read_info(const void *info, size_t limit, struct boot_info *out)
{
	size_t most = MIN(limit, (size_t)INFO_SIZE_MAX);
	u32 total;

	if (info == NULL || most < INFO_HEAD + TAG_HEAD) {
		boot_refuse(out, "The boot loader handed over no information. " MULTIBOOT2_ADVICE);
		return;
	}
	total = load32(info);
	if (total < INFO_HEAD + TAG_HEAD || total > most) {
		boot_refuse(out,
			    "The boot loader's information is malformed: it says it has %u bytes; "
			    "expected %u to %zu. " MULTIBOOT2_ADVICE,
			    total, INFO_HEAD + TAG_HEAD, most);
		return;
	}
	out->bytes = info;
	out->length = total;
	read_tags(info, total, out);
}

static void
check_complete(struct boot_info *out)
{
	bool usable = false;

	for (unsigned i = 0; i < out->memmap.count; i++)
		usable |= out->memmap.range[i].type == MEM_USABLE;
	if (!usable)
		boot_refuse(out, "The boot loader's memory map is missing or has no usable "
				 "memory. " MULTIBOOT2_ADVICE);
	if (out->rsdp.length == 0)
		log_warn("boot: the boot loader has found no ACPI tables (no RSDP tag)");
}

int
multiboot2_parse(u32 magic, const void *info, size_t limit, unsigned phys_bits,
		 struct boot_info *out)
{
	*out = (struct boot_info){.command_line = "", .loader = ""};
	memmap_init(&out->memmap, phys_bits);
	if (magic != MULTIBOOT2_MAGIC) {
		boot_refuse(out,
			    "Ashlar was not started by multiboot2 (EAX is %#x, not %#x). In GRUB, "
			    "type multiboot2 /boot/ashlar.elf, not multiboot or linux.",
			    magic, MULTIBOOT2_MAGIC);
		return fail(-ERR_FORMAT);
	}
	read_info(info, limit, out);
	check_complete(out);
	return out->error[0] == '\0' ? 0 : fail(-ERR_FORMAT);
}
