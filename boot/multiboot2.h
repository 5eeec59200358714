/* SPDX-License-Identifier: MIT */
/*
 * The information that a multiboot2 boot loader hands over (Multiboot2 Specification 2.0, 3.6).
 * Pure: reads the bounded buffer, and writes only *out and the log. The texts in *out stay in the
 * buffer; nobody changes it any more.
 */
#pragma once

#include "boot/boot_info.h"

#define MULTIBOOT2_MAGIC 0x36d76289u /* in EAX at the entry */

/*
 * Reads what is at info, of which at most limit bytes may be touched. What Ashlar can run without
 * is reported in the log when it is missing or malformed, and left out. Without the rest the
 * answer is -ERR_FORMAT and out->error has a sentence that says what is wrong and what to do;
 * the other tags are then in *out all the same, so that there is a screen to say it on. phys_bits
 * is for memmap_init(); memmap_finish() is left to the caller.
 */
__must_check int multiboot2_parse(u32 magic, const void *info, size_t limit, unsigned phys_bits,
				  struct boot_info *out);
