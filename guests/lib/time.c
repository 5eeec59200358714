/* SPDX-License-Identifier: MIT */
/* The 8254's datasheet has its modes; port 61h: gate of channel 2 (bit 0), its output (bit 5). */
#include "guests/lib/time.h"

#include "guests/lib/guest.h"

enum { GATE2 = 1, SPEAKER = 2, OUT2 = 0x20, CALIBRATION = 1193 /* 1 ms */, TRIES = 50 };
enum { CH0_BOTH_BYTES = 0x30, CH2_ONCE = 0xb0, CH0_LATCH = 0x00 };

void
pit_wait(u16 count)
{
	u8 gate = in8(PORT_61) & (u8) ~(GATE2 | SPEAKER);

	out8(PORT_61, gate);
	out8(PIT_COMMAND, CH2_ONCE);
	out8(PIT_CH2, (u8)count);
	out8(PIT_CH2, (u8)(count >> 8));
	out8(PORT_61, gate | GATE2);
	for (u64 n = 0; (in8(PORT_61) & OUT2) == 0; n++)
		CHECK(n < 100000000);
	out8(PORT_61, gate);
}

static u64
measure_tsc(void)
{
	u64 begin = rdtsc();

	pit_wait(CALIBRATION);
	return (rdtsc() - begin) * PIT_HZ / CALIBRATION;
}

/* A busy machine only makes a measurement longer: the shortest is the best, and each is short
 * beside the time slices of a host that runs the emulator. */
u64
tsc_hz(void)
{
	static u64 hz;

	if (hz == 0) {
		hz = measure_tsc();
		for (unsigned n = 1; n < TRIES; n++)
			hz = MIN(hz, measure_tsc());
		CHECK(hz > 1000000);
	}
	return hz;
}

u64
deadline_us(u64 us)
{
	u64 hz = tsc_hz();

	return rdtsc() + us * (hz / 1000) / 1000;
}

void
delay_us(u64 us)
{
	u64 end = deadline_us(us);

	while ((s64)(end - rdtsc()) > 0)
		cpu_relax();
}

void
check_elapsed(u64 ticks, u64 us)
{
	u64 elapsed = ticks * 1000 / (tsc_hz() / 1000);

	if (elapsed < us - us / 100 || elapsed > us + 1000000)
		guest_fail("%lu us by the TSC (%lu Hz) instead of %lu", elapsed, tsc_hz(), us);
}

bool
wait_for(const volatile u32 *flag, u32 value, u64 us)
{
	u64 end = deadline_us(us);

	while (*flag < value) {
		if ((s64)(end - rdtsc()) <= 0)
			return false;
		cpu_relax();
	}
	return true;
}

void
pit_start(u8 mode, u16 count)
{
	out8(PIT_COMMAND, (u8)(CH0_BOTH_BYTES | mode << 1));
	out8(PIT_CH0, (u8)count);
	out8(PIT_CH0, (u8)(count >> 8));
}

u16
pit_count(void)
{
	u8 low;

	out8(PIT_COMMAND, CH0_LATCH);
	low = in8(PIT_CH0);
	return (u16)(low | in8(PIT_CH0) << 8);
}
