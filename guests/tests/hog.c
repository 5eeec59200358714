/* SPDX-License-Identifier: MIT */
/* All its vCPUs compute and never stop by themselves, for so many seconds (option seconds=; 0:
 * without end, and without measuring the TSC, which takes more than it gets where others have the
 * CPU); but for wait= seconds before only the first one does, so that other VMs can be started
 * meanwhile. With pause=0 the first one does so without PAUSE, as what is no spin loop. */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum { CODE_PAGE = 0x8000, ALL_BUT_SELF = 3 << 18 };

GUEST("hog")
{
	static const u8 spin[] = {0xf3, 0x90, 0xeb, 0xfc}; /* PAUSE, and back to it */
	u64 seconds = option("seconds", 2), wait = option("wait", 0), end = 0;
	bool pause = option("pause", 1) != 0, endless = seconds == 0;

	if (wait != 0)
		delay_us(wait * 1000000);
	if (!endless)
		end = deadline_us(seconds * 1000000);
	memcpy((void *)CODE_PAGE, spin, sizeof(spin));
	apic_enable();
	apic_write(LAPIC_ICR_LOW, ALL_BUT_SELF | ICR_INIT | ICR_ASSERT | ICR_LEVEL);
	if (!endless) /* for a machine's CPUs: a VM's are ready at once */
		delay_us(10000);
	apic_write(LAPIC_ICR_LOW, ALL_BUT_SELF | ICR_STARTUP | ICR_ASSERT | CODE_PAGE >> 12);
	while (endless || (s64)(end - rdtsc()) > 0)
		if (pause)
			cpu_relax();
}
