/* SPDX-License-Identifier: MIT */
/* What the loader told the guest, whichever way it came: PVH, multiboot1, multiboot2 or Linux's. */
#pragma once

#include "include/types.h"

enum { MEMORY_RANGES_MAX = 32, MEMORY_RAM = 1 };
enum boot_protocol { BOOT_PVH, BOOT_MULTIBOOT1, BOOT_MULTIBOOT2, BOOT_LINUX };

struct memory_range {
	u64 base, size;
	u32 type; /* as in an e820 map: 1 is RAM */
};

struct boot_info {
	enum boot_protocol protocol;
	const char *cmdline; /* never NULL */
	const char *module;  /* the first one; NULL: none */
	u64 module_size;
	const char *module_cmdline;
	u64 rsdp; /* 0: not told */
	unsigned ranges;
	struct memory_range memory[MEMORY_RANGES_MAX];
};

extern struct boot_info boot_info;

void boot_info_read(u32 magic, u32 info);
u64 boot_info_ram(void); /* bytes in all */
