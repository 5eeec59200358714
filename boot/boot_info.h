/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader has told us. Everything is copied: the boot loader's own memory may be
 * used again once this is filled, but for the modules themselves.
 */
#pragma once

#include "drivers/acpi.h"
#include "include/types.h"
#include "mm/memmap.h"

enum {
	BOOT_COMMAND_LINE_MAX = 4096,
	BOOT_MODULES_MAX = 128,
	BOOT_MODULE_NAME_MAX = 255,
	BOOT_LOADER_NAME_MAX = 63,
	BOOT_ERROR_MAX = 200,
};

/* A file that the boot loader has put into memory, anywhere below 4 GiB. */
struct boot_module {
	hpa_t base;
	u64 length;
	char name[BOOT_MODULE_NAME_MAX + 1];
};

enum boot_screen { BOOT_SCREEN_NONE, BOOT_SCREEN_RGB, BOOT_SCREEN_TEXT };

/* Where a colour is in a pixel. */
struct boot_color {
	u8 position, size; /* in bits */
};

struct boot_framebuffer {
	u8 kind; /* enum boot_screen */
	u8 bits_per_pixel;
	struct boot_color red, green, blue; /* BOOT_SCREEN_RGB */
	hpa_t base;
	u32 pitch;	   /* bytes from a line to the next */
	u32 width, height; /* pixels, or characters with BOOT_SCREEN_TEXT */
};

struct boot_info {
	struct acpi_rsdp_copy rsdp;
	struct memmap memmap;
	struct boot_framebuffer framebuffer;
	char command_line[BOOT_COMMAND_LINE_MAX + 1];
	char loader[BOOT_LOADER_NAME_MAX + 1]; /* "" when it has no name */
	unsigned module_count;
	struct boot_module modules[BOOT_MODULES_MAX];
	hpa_t load_base; /* where the image was loaded; as linked when has_load_base is false */
	bool has_load_base;
	bool efi;			/* started by UEFI firmware, not a BIOS */
	char error[BOOT_ERROR_MAX + 1]; /* the sentence for the person, when parsing has failed */
};
