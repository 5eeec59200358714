/* SPDX-License-Identifier: MIT */
/* Nothing in the image is both writable and executable. */
#include "mm/image.h"

#include "include/panic.h"
#include "mm/pt.h"

extern const char __text_start[], __text_end[];
extern const char __rodata_start[], __rodata_end[];
extern const char __data_start[], __data_end[];
extern const char __symbols_start[], __symbols_end[];

struct image_section
image_section(unsigned index)
{
	static const struct {
		const char *start, *end;
		unsigned attr;
	} sections[IMAGE_SECTIONS] = {
		{__text_start,    __text_end,	   PT_READ | PT_EXEC },
		{__rodata_start,	 __rodata_end,  PT_READ	      },
		{__data_start,    __data_end,	   PT_READ | PT_WRITE},
		{__symbols_start, __symbols_end, PT_READ		},
	};

	ASSERT(index < IMAGE_SECTIONS);
	return (struct image_section){
		.va = (u64)(uintptr_t)sections[index].start,
		.size = (u64)(sections[index].end - sections[index].start),
		.attr = sections[index].attr,
	};
}
