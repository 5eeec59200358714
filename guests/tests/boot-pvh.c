/* SPDX-License-Identifier: MIT */
/* Entered by the PVH note: command line, module, memory map, and what else it tells. */
#include "guests/lib/boot_check.h"
#include "guests/lib/guest.h"

GUEST("boot-pvh")
{
	boot_check(BOOT_PVH);
}
