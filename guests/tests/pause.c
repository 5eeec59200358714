/* SPDX-License-Identifier: MIT */
/* PAUSE: does nothing, however often, and holds back neither an interrupt nor time. */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum { ROUNDS = 20000, VECTOR = 0x61 };

static volatile u32 taken;

static void
take(struct trap *trap)
{
	(void)trap;
	taken++;
	apic_eoi();
}

static void
check_registers(void)
{
	u64 a = 0x1122334455667788, flags_before, flags;

	for (u64 n = 0; n < ROUNDS; n++) {
		__asm__ volatile("stc\n\tpushfq\n\tpopq %1\n\tpause\n\tpushfq\n\tpopq %2"
				 : "+a"(a), "=&r"(flags_before), "=&r"(flags)
				 :
				 : "cc");
		CHECK_EQ(a, 0x1122334455667788);
		CHECK_EQ(flags, flags_before);
	}
}

/* A spin ends by its interrupt. */
static void
check_spin(void)
{
	apic_enable();
	trap_on(VECTOR, take);
	apic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_16);
	apic_write(LAPIC_LVT_TIMER, VECTOR);
	for (u32 n = 1; n <= 20; n++) {
		apic_write(LAPIC_TIMER_INITIAL, 2000);
		__asm__ volatile("sti");
		CHECK(wait_for(&taken, n, 5000000));
		__asm__ volatile("cli");
		CHECK_EQ(taken, n);
	}
}

/* In STI's shadow it is the one instruction that still runs (SDM vol. 2, STI). */
static void
check_shadow(void)
{
	u64 place;

	taken = 0;
	apic_write(LAPIC_ICR_LOW, 1u << 18 | ICR_ASSERT | VECTOR);
	__asm__ volatile("leaq 1f(%%rip), %0\n\tsti\n\tpause\n1:\tnop\n\tcli" : "=r"(place));
	CHECK_EQ(taken, 1);
}

GUEST("pause")
{
	check_registers();
	check_spin();
	check_shadow();
}
