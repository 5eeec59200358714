/* SPDX-License-Identifier: MIT */
/* The table of function names. */
#include "arch/x86_64/symbols.h"

#include "lib/string.h"

/* The addresses are the lower halves, in rising order; the names stand one after the other. */
extern const u32 symbols_count;
extern const u32 symbols_addresses[];
extern const char symbols_names[];

extern const char __text_start[], __text_end[];

/* How many symbols are at or below the address. */
static u32
symbols_up_to(u32 addr)
{
	u32 low = 0, high = symbols_count;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (symbols_addresses[mid] <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const char *
symbol_name(u64 addr, u64 *offset)
{
	const char *name = symbols_names;
	u32 n;

	if (addr < (u64)(uintptr_t)__text_start || addr >= (u64)(uintptr_t)__text_end)
		return NULL;
	n = symbols_up_to((u32)addr);
	if (n == 0)
		return NULL;
	*offset = (u32)addr - symbols_addresses[n - 1];
	for (; n > 1; n--)
		name += strlen(name) + 1;
	return name;
}
