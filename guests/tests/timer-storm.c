/* SPDX-License-Identifier: MIT */
/* Every timer of the machine as fast as it goes, with interrupts on, for ever. */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/pic.h"
#include "guests/lib/time.h"

#define HPET 0xfed00000ul

enum { HPET_CONFIG = 0x10, HPET_TIMER = 0x100, HPET_COMPARATOR = 0x108, TIMER_STEP = 0x20 };
enum { TIMER_ON = 1 << 2, TIMER_PERIODIC = 1 << 3, TIMER_SET = 1 << 6, TIMERS = 3 };
enum { RTC = 0x70, RTC_REG_A = 10, RTC_REG_B = 11, RTC_REG_C = 12, RTC_PERIODIC = 0x40 };
enum { APIC_VECTOR = 0x60, PERIODIC = 1 << 17 };

static volatile u32 apic_ticks, pic_ticks;

static void
apic_tick(struct trap *trap)
{
	(void)trap;
	apic_ticks++;
	apic_eoi();
}

static void
pic_tick(struct trap *trap)
{
	pic_ticks++;
	if (trap->vector == PIC_VECTOR + 8) {
		out8(RTC, RTC_REG_C);
		in8(RTC + 1);
	}
	pic_eoi((u8)(trap->vector - PIC_VECTOR));
}

static void
start_hpet(void)
{
	for (unsigned n = 0; n < TIMERS; n++) {
		u64 at = HPET + n * TIMER_STEP;

		mmio_write32((void *)(at + HPET_TIMER), TIMER_ON | TIMER_PERIODIC | TIMER_SET);
		mmio_write32((void *)(at + HPET_COMPARATOR), 1);
	}
	mmio_write32((void *)(HPET + HPET_CONFIG), 1);
}

GUEST("timer-storm")
{
	print("timer-storm: begins\n");
	trap_on(APIC_VECTOR, apic_tick);
	for (u8 n = 0; n < 16; n++)
		trap_on(PIC_VECTOR + n, pic_tick);
	pic_init();
	start_hpet();
	pit_start(2, 2);
	out8(RTC, RTC_REG_A);
	out8(RTC + 1, 0x23); /* 8192 Hz, the fastest */
	out8(RTC, RTC_REG_B);
	out8(RTC + 1, 2 | RTC_PERIODIC);
	pic_unmask(0);
	pic_unmask(8);
	apic_enable();
	apic_write(LAPIC_TIMER_DIVIDE, 11); /* by 1 */
	apic_write(LAPIC_LVT_TIMER, PERIODIC | APIC_VECTOR);
	apic_write(LAPIC_TIMER_INITIAL, 1);
	for (;;)
		__asm__ volatile("sti; hlt");
}
