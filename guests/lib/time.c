/* SPDX-License-Identifier: MIT */
/* The 8254's datasheet has its modes; port 61h: gate of channel 2 (bit 0), its output (bit 5). */
#include "guests/lib/time.h"

#include "guests/lib/guest.h"

enum { GATE2 = 1, SPEAKER = 2, OUT2 = 0x20 };
enum { CH0_BOTH_BYTES = 0x30, CH0_LATCH = 0x00, CH2_ONCE = 0xb0, CH2_LATCH = 0x80 };
enum { WINDOW = 30000 /* 25 ms */, WINDOWS_MAX = 200, LOOKS = 8 };

static struct look
look_once(void (*latch)(void), u64 (*read)(void))
{
	struct look look = {.begin = rdtsc()};

	if (latch != NULL) {
		latch();
		look.end = rdtsc();
		look.value = read();
	} else {
		look.value = read();
		look.end = rdtsc();
	}
	return look;
}

struct look
look_at(void (*latch)(void), u64 (*read)(void))
{
	struct look best = look_once(latch, read);

	for (unsigned n = 1; n < LOOKS; n++) {
		struct look look = look_once(latch, read);

		if (look.end - look.begin < best.end - best.begin)
			best = look;
	}
	return best;
}

u64
look_ticks(const struct look *from, const struct look *to)
{
	return (to->begin + to->end) / 2 - (from->begin + from->end) / 2;
}

static u16
read_both(u8 port)
{
	u8 low = in8(port);

	return (u16)(low | in8(port) << 8);
}

/* Channel 2 counts down once from FFFFh; its output says when it is through. */
static void
start_channel2(void)
{
	out8(PORT_61, (in8(PORT_61) & (u8)~SPEAKER) | GATE2);
	out8(PIT_COMMAND, CH2_ONCE);
	out8(PIT_CH2, 0xff);
	out8(PIT_CH2, 0xff);
}

static void
latch_channel2(void)
{
	out8(PIT_COMMAND, CH2_LATCH);
}

static u64
channel2_ticks(void)
{
	return 0xffffu - read_both(PIT_CH2);
}

/* One window: the rate, and its error as a part in so many; 0 when it was too long for the count.
 */
static u64
measure_tsc(u64 *hz)
{
	struct look first, last;
	u64 ticks;

	start_channel2();
	first = look_at(latch_channel2, channel2_ticks);
	do {
		last = look_at(latch_channel2, channel2_ticks);
	} while (last.value - first.value < WINDOW);
	if (in8(PORT_61) & OUT2)
		return 0;
	ticks = look_ticks(&first, &last);
	*hz = ticks * PIT_HZ / (last.value - first.value);
	return 2 * ticks / (first.end - first.begin + last.end - last.begin + 1);
}

u64
tsc_hz(void)
{
	static u64 hz;

	for (unsigned n = 0; hz == 0; n++) {
		u64 measured;

		CHECK(n < WINDOWS_MAX);
		if (measure_tsc(&measured) >= CALIBRATION_ERROR)
			hz = measured;
	}
	CHECK(hz > 1000000);
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

	if (elapsed < us - us / 100 || elapsed > us + 10000000)
		guest_fail("%lu us by the TSC (%lu Hz) instead of %lu", elapsed, tsc_hz(), us);
}

bool
wait_for(const volatile u32 *flag, u32 value, u64 us)
{
	u64 end = deadline_us(us);

	while (*flag < value) {
		if ((s64)(end - rdtsc()) <= 0)
			return *flag >= value; /* it may have come with the end */
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
	out8(PIT_COMMAND, CH0_LATCH);
	return read_both(PIT_CH0);
}
