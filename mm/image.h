/* SPDX-License-Identifier: MIT */
/* The sections of the image, as linker.ld laid them out at KERNEL_BASE, and what each may be used
 * for. */
#pragma once

#include "include/types.h"

struct image_section {
	u64 va, size;  /* whole pages */
	unsigned attr; /* PT_READ, PT_WRITE, PT_EXEC */
};

enum { IMAGE_SECTIONS = 4 };

struct image_section image_section(unsigned index);
