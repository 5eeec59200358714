/* SPDX-License-Identifier: MIT */
/* An exception without an IDT: the CPU shuts down, and that VM is to stop for it. */
#include "guests/lib/guest.h"

GUEST("triple-fault")
{
	struct __packed {
		u16 limit;
		u64 base;
	} none = {0, 0};

	print("triple-fault: now\n");
	__asm__ volatile("lidt %0; ud2" : : "m"(none));
	guest_fail("it goes on after a triple fault");
}
