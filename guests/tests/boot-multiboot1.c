/* SPDX-License-Identifier: MIT */
/* Entered as a multiboot1 kernel: command line, module, memory map, and what else it tells. */
#include "guests/lib/boot_check.h"
#include "guests/lib/guest.h"

GUEST("boot-multiboot1")
{
	boot_check(BOOT_MULTIBOOT1);
}
