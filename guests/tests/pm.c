/* SPDX-License-Identifier: MIT */
/* ACPI's fixed hardware (ACPI 6.4, 4.8): the PM timer, PM1 event and control registers. */
#include "guests/lib/acpi.h"
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum { FADT_PM1_EVENT = 56, FADT_PM1_CONTROL = 64, FADT_TIMER = 76, FADT_FLAGS = 112 };
enum { TIMER_HZ = 3579545, TIMER_ENABLE = 1, GLOBAL_ENABLE = 1 << 5, BUTTON_ENABLE = 1 << 8 };
enum { SCI_ENABLE = 1, SLEEP_TYPE = 7 << 10 };

static u16 event, control, timer;

static u32
ticks(void)
{
	u32 mask = acpi_u32(acpi_table("FACP") + FADT_FLAGS) & BIT32(8) ? ~0u : 0xffffff;

	return in32(timer) & mask;
}

/* It goes on, never back, and as fast as it should. */
static void
check_timer(void)
{
	u32 begin = ticks(), last = begin, now = begin, passed;
	u64 tsc = rdtsc();

	CHECK(begin < 0xffffff - TIMER_HZ || ticks() > begin);
	for (unsigned n = 0; n < 2000; n++) {
		now = ticks();
		CHECK((s32)(now - last) >= 0);
		last = now;
	}
	tsc = rdtsc();
	begin = ticks();
	delay_us(50000);
	passed = (ticks() - begin) & 0xffffff;
	tsc = rdtsc() - tsc;
	CHECK(passed >= TIMER_HZ / 20 - TIMER_HZ / 200);
	CHECK(passed <= tsc * (TIMER_HZ / 1000) / (tsc_hz() / 1000) * 2);
	out32(timer, 0); /* read-only */
	CHECK(((ticks() - begin) & 0xffffff) >= passed);
	if (under_ashlar())
		CHECK_EQ(in8((u16)(timer + 3)) >> 1, ticks() >> 25);
}

/* Enables keep what is written; status bits are cleared by ones, and none is set. */
static void
check_event(void)
{
	u16 enable = (u16)(event + 2);

	out16(event, 0xffff);
	CHECK_EQ(in16(event) & ~TIMER_ENABLE, 0);
	out16(enable, GLOBAL_ENABLE | BUTTON_ENABLE);
	CHECK_EQ(in16(enable), GLOBAL_ENABLE | BUTTON_ENABLE);
	if (under_ashlar()) /* QEMU has them for words alone */
		CHECK_EQ(in8((u16)(enable + 1)), BUTTON_ENABLE >> 8);
	out16(enable, 0);
	CHECK_EQ(in16(enable), 0);
}

/* A sleep type alone puts nothing to sleep. */
static void
check_control(void)
{
	u16 before = in16(control);

	if (under_ashlar())
		CHECK(before & SCI_ENABLE); /* ACPI mode from the start: there is no SMI command */
	out16(control, (u16)((before & ~SLEEP_TYPE) | 2 << 10));
	CHECK_EQ(in16(control) & SLEEP_TYPE, 2 << 10);
	out16(control, before);
	CHECK_EQ(in16(control), before);
}

GUEST("pm")
{
	const u8 *fadt = acpi_table("FACP");

	CHECK(fadt != NULL);
	event = (u16)acpi_u32(fadt + FADT_PM1_EVENT);
	control = (u16)acpi_u32(fadt + FADT_PM1_CONTROL);
	timer = (u16)acpi_u32(fadt + FADT_TIMER);
	check_timer();
	check_event();
	check_control();
}
