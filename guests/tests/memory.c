/* SPDX-License-Identifier: MIT */
/* All RAM below 4 GiB: nothing of an earlier guest is in it, and each page keeps what is written.
 */
#include "guests/lib/guest.h"

extern u8 image_begin[], image_end[];

/* The end of what the loader and this image use at `page`, or 0 if nothing does. */
static u64
used_until(u64 page)
{
	u64 module = (u64)boot_info.module, end = module + boot_info.module_size;

	if (page < MiB)
		return MiB; /* tables of firmware, and what the loader left for us */
	if (page < (u64)image_end && page >= (u64)image_begin)
		return (u64)image_end;
	if (page < end && page + PAGE_SIZE > module)
		return end;
	return 0;
}

static u64
for_each_word(void (*visit)(u64 *word))
{
	u64 words = 0;

	for (unsigned n = 0; n < boot_info.ranges; n++) {
		const struct memory_range *r = &boot_info.memory[n];
		u64 end = MIN(r->base + r->size, 4 * GiB);

		if (r->type != MEMORY_RAM)
			continue;
		for (u64 page = ALIGN_UP(r->base, PAGE_SIZE); page + PAGE_SIZE <= end;
		     page += PAGE_SIZE) {
			u64 next = used_until(page);

			if (next != 0) {
				page = ALIGN_UP(next, PAGE_SIZE) - PAGE_SIZE;
				continue;
			}
			for (u64 *word = (u64 *)page; word < (u64 *)(page + PAGE_SIZE); word += 16)
				visit(word);
			words += PAGE_SIZE / 128;
		}
	}
	return words;
}

static void
check_zero(u64 *word)
{
	for (unsigned n = 0; n < 16; n++)
		if (word[n] != 0)
			guest_fail("there is 0x%lx at 0x%lx before anything was written", word[n],
				   (u64)&word[n]);
}

static void
fill(u64 *word)
{
	*word = (u64)word * 0x9e3779b97f4a7c15;
}

static void
check_filled(u64 *word)
{
	if (*word != (u64)word * 0x9e3779b97f4a7c15)
		guest_fail("there is 0x%lx at 0x%lx after a pass over all memory", *word,
			   (u64)word);
}

GUEST("memory")
{
	u64 words;

	if (under_ashlar())
		for_each_word(check_zero);
	words = for_each_word(fill);
	CHECK(words * 128 > boot_info_ram() - 4 * MiB);
	CHECK_EQ(for_each_word(check_filled), words);
}
