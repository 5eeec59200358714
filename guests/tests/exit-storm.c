/* SPDX-License-Identifier: MIT */
/* Nothing but exits, as fast as they go, for ever: string I/O and MMIO of the longest kind. */
#include "guests/lib/guest.h"

#define NOBODY 0x20000000ul

GUEST("exit-storm")
{
	print("exit-storm: begins\n");
	for (;;) {
		u64 di = NOBODY, si = 2 * MiB, count = 65536;

		__asm__ volatile("rep movsb" : "+D"(di), "+S"(si), "+c"(count) : : "memory");
		si = 2 * MiB;
		count = 65536;
		__asm__ volatile("rep outsb" : "+S"(si), "+c"(count) : "d"(0x278) : "memory");
		cpuid(0, 0);
		wbinvd();
		write_cr4(read_cr4() ^ CR4_PGE);
	}
}
