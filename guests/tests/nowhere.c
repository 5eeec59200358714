/* SPDX-License-Identifier: MIT */
/* Code, a stack or page tables where there are none: each case ends the VM by its own reason. */
#include "guests/lib/guest.h"

#define UNMAPPED      0x8000000000ul /* start.asm maps 4 GiB */
#define NON_CANONICAL 0x800000000000ul
#define BEYOND_RAM    0x40000000ul
#define DEVICE	      0xfed00800ul

static void
no_exceptions(void)
{
	struct __packed {
		u16 limit;
		u64 base;
	} none = {0, 0};

	__asm__ volatile("lidt %0" : : "m"(none));
}

static void
jump(u64 to)
{
	__asm__ volatile("jmp *%0" : : "r"(to));
}

GUEST("nowhere")
{
	u64 number = option("case", 0);

	print("nowhere: case %lu\n", number);
	if (number <= 3)
		no_exceptions();
	switch (number) {
	case 1: __asm__ volatile("ud2"); break;
	case 2: jump(UNMAPPED); break;
	case 3: jump(NON_CANONICAL); break;
	case 4: jump(BEYOND_RAM); break;
	case 5: jump(DEVICE); break;
	case 6: __asm__ volatile("movq %0, %%rsp; ud2" : : "r"(DEVICE)); break;
	case 7: write_cr3(BEYOND_RAM); break;
	default: break;
	}
	guest_fail("it goes on");
}
