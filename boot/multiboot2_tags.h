/* SPDX-License-Identifier: MIT */
/*
 * Readers of the tags of multiboot2's information, one for each kind. Only for multiboot2.c: it
 * gives a reader a tag that is whole and has at least the fixed part of its kind.
 */
#pragma once

#include "boot/boot_info.h"
#include "lib/load.h"

/* What a person whose boot loader hands over nonsense can do. */
#define MULTIBOOT2_ADVICE "Please boot with GRUB 2.02 or newer."

enum tag_type {
	TAG_END = 0,
	TAG_COMMAND_LINE = 1,
	TAG_LOADER_NAME = 2,
	TAG_MODULE = 3,
	TAG_MEMORY_MAP = 6,
	TAG_FRAMEBUFFER = 8,
	TAG_EFI32 = 11,
	TAG_EFI64 = 12,
	TAG_RSDP_OLD = 14,
	TAG_RSDP_NEW = 15,
	TAG_EFI_MEMORY_MAP = 17,
	TAG_EFI_BOOT_SERVICES = 18,
	TAG_EFI32_IMAGE = 19,
	TAG_EFI64_IMAGE = 20,
	TAG_LOAD_BASE = 21,
	TAG_TYPES
};

enum { TAG_SIZE = 4, TAG_HEAD = 8 }; /* of every tag: its type, and its size from offset 4 */

struct tag {
	const u8 *at;
	u32 size;
};

/* Keeps the first sentence given, for out->error: what we can't run without. */
void boot_refuse(struct boot_info *out, const char *fmt, ...) __printf_like(2, 3);

void read_command_line(struct tag tag, struct boot_info *out);
void read_loader_name(struct tag tag, struct boot_info *out);
void read_module(struct tag tag, struct boot_info *out);
void read_memory_map(struct tag tag, struct boot_info *out);
void read_framebuffer(struct tag tag, struct boot_info *out);
void read_rsdp(struct tag tag, struct boot_info *out);
void read_efi(struct tag tag, struct boot_info *out);
void read_boot_services(struct tag tag, struct boot_info *out);
void read_load_base(struct tag tag, struct boot_info *out);
