/* SPDX-License-Identifier: MIT */
/*
 * What the boot loader has told us. Texts stay where it has put them: memory_init() takes its
 * information out of the usable RAM, as it does with the modules.
 */
#pragma once

#include "drivers/acpi.h"
#include "include/types.h"
#include "mm/memmap.h"

enum {
	BOOT_MODULES_MAX = 128,
	BOOT_ERROR_MAX = 200,
};

/* A file that the boot loader has put into memory, anywhere below 4 GiB. */
struct boot_module {
	hpa_t base;
	u64 length;
	const char *name;
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
	const void *bytes; /* the boot loader's information, in which the texts are */
	u32 length;
	struct acpi_rsdp_copy rsdp;
	struct memmap memmap;
	struct boot_framebuffer framebuffer;
	const char *command_line;
	const char *loader; /* "" when it has no name */
	unsigned module_count;
	struct boot_module modules[BOOT_MODULES_MAX];
	hpa_t load_base; /* where the image was loaded; as linked when has_load_base is false */
	bool has_load_base;
	bool efi;			/* started by UEFI firmware, not a BIOS */
	char error[BOOT_ERROR_MAX + 1]; /* the sentence for the person, when parsing has failed */
};
