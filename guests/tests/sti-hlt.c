/* SPDX-License-Identifier: MIT */
/*
 * STI; HLT: no interrupt comes between the two (SDM vol. 2, STI), so a HLT that waits for one never
 * sleeps through it. The timer's count changes with each round, so that it comes everywhere around
 * them; a lost one leaves this guest asleep, beyond its time.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"

enum { TIMER = 0x51, ROUNDS = 20000, COUNT_MAX = 6000, DIVIDE_BY_1 = 0xb };

static volatile u32 taken;

static void
take(struct trap *trap)
{
	(void)trap;
	taken = 1;
	apic_eoi();
}

GUEST("sti-hlt")
{
	apic_enable();
	trap_on(TIMER, take);
	apic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_1);
	apic_write(LAPIC_LVT_TIMER, TIMER);
	for (u32 n = 0; n < ROUNDS; n++) {
		taken = 0;
		apic_write(LAPIC_TIMER_INITIAL, 1 + n % COUNT_MAX);
		while (taken == 0)
			__asm__ volatile("sti; hlt; cli" : : : "memory");
	}
}
