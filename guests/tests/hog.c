/* SPDX-License-Identifier: MIT */
/* All its vCPUs compute and never stop by themselves, for so many seconds (option seconds=); but
 * for wait= seconds before only the first one does, so that other VMs can be started meanwhile.
 * With pause=0 the first one does so without PAUSE, as what is no spin loop. */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum { CODE_PAGE = 0x8000, ALL_BUT_SELF = 3 << 18 };

GUEST("hog")
{
	static const u8 spin[] = {0xf3, 0x90, 0xeb, 0xfc}; /* PAUSE, and back to it */
	bool pause = option("pause", 1) != 0;
	u64 end;

	delay_us(option("wait", 0) * 1000000);
	end = deadline_us(option("seconds", 2) * 1000000);
	memcpy((void *)CODE_PAGE, spin, sizeof(spin));
	apic_enable();
	apic_write(LAPIC_ICR_LOW, ALL_BUT_SELF | ICR_INIT | ICR_ASSERT | ICR_LEVEL);
	delay_us(10000);
	apic_write(LAPIC_ICR_LOW, ALL_BUT_SELF | ICR_STARTUP | ICR_ASSERT | CODE_PAGE >> 12);
	while ((s64)(end - rdtsc()) > 0)
		if (pause)
			cpu_relax();
}
