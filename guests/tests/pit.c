/* SPDX-License-Identifier: MIT */
/* The 8254 (Intel's data sheet) and port 61h: modes, latches, read-back, gate and output. */
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum { CH2_LATCH = 0x80, READ_BACK = 0xc0, NO_COUNT = 0x20, NO_STATUS = 0x10, CHANNEL_2 = 8 };
enum { STATUS_OUT = 0x80, STATUS_NULL = 0x40, GATE2 = 1, SPEAKER = 2, REFRESH = 0x10, OUT2 = 0x20 };
enum { LOW_BYTE = 1, HIGH_BYTE, BOTH };

static void
program(u8 access, u8 mode, bool bcd)
{
	out8(PIT_COMMAND, (u8)(0x80 | access << 4 | mode << 1 | bcd));
}

static void
write_both(u16 count)
{
	out8(PIT_CH2, (u8)count);
	out8(PIT_CH2, (u8)(count >> 8));
}

static u16
read_both(void)
{
	u8 low = in8(PIT_CH2);

	return (u16)(low | in8(PIT_CH2) << 8);
}

static u16
latched(void)
{
	out8(PIT_COMMAND, CH2_LATCH);
	return read_both();
}

static u8
status(void)
{
	out8(PIT_COMMAND, READ_BACK | NO_COUNT | CHANNEL_2);
	return in8(PIT_CH2);
}

static void
gate(bool open)
{
	out8(PORT_61, (u8)((in8(PORT_61) & ~(GATE2 | SPEAKER) & 0xf) | (open ? GATE2 : 0)));
}

static bool
output(void)
{
	return (in8(PORT_61) & OUT2) != 0;
}

static void
wait_output(bool high)
{
	for (unsigned n = 0; output() != high; n++) {
		CHECK(n < 20000000);
		cpu_relax();
	}
}

static void
check_port_61(void)
{
	u8 before = in8(PORT_61);
	bool seen[2] = {false, false};

	out8(PORT_61, GATE2);
	CHECK_EQ(in8(PORT_61) & (GATE2 | SPEAKER), GATE2);
	out8(PORT_61, SPEAKER);
	CHECK_EQ(in8(PORT_61) & (GATE2 | SPEAKER), SPEAKER);
	for (unsigned n = 0; n < 100000 && !(seen[0] && seen[1]); n++)
		seen[(in8(PORT_61) & REFRESH) != 0] = true;
	CHECK(seen[0] && seen[1]);
	out8(PORT_61, before & 0xf & ~SPEAKER);
}

/* Mode 0: low until the count is over, then high for good; the gate stops it on the way. */
static void
check_mode_0(void)
{
	u16 first;

	gate(false);
	program(BOTH, 0, false);
	if (under_ashlar()) { /* QEMU knows neither */
		CHECK(!output());
		CHECK(status() & STATUS_NULL);
	}
	write_both(60000);
	CHECK(!output());
	first = latched();
	if (under_ashlar()) { /* QEMU's gate doesn't stop this mode */
		CHECK(first <= 60000 && first >= 59999);
		delay_us(2000);
		CHECK_EQ(latched(), first);
	}
	gate(true);
	delay_us(1000);
	CHECK(output() || latched() < first - 500);
	wait_output(true);
	CHECK_EQ(status() & (STATUS_OUT | STATUS_NULL | 0x3f), STATUS_OUT | BOTH << 4);
	delay_us(1000);
	CHECK(output());
}

/* Mode 2 counts again and again, mode 3 is a square wave; each stays high while its gate is closed.
 */
static void
check_periodic(void)
{
	for (u8 mode = 2; mode <= 3; mode++) {
		gate(false);
		program(BOTH, mode, false);
		write_both(60000);
		CHECK(output() || !under_ashlar()); /* QEMU: when the gate opens */
		CHECK_EQ(status() & 0x3f, BOTH << 4 | mode << 1);
		gate(true);
		if (mode == 3)
			for (unsigned n = 0; n < 3; n++) {
				wait_output(false);
				wait_output(true);
			}
		for (unsigned n = 0; n < 20; n++) {
			u16 count = latched();

			CHECK(count >= 1 && count <= 60000);
			delay_us(3000);
		}
		gate(false);
		CHECK(output() || !under_ashlar()); /* QEMU knows the gate of mode 3 alone */
	}
}

/* Two counts, the first one latched 5 ms before it is read. The answer: TSC ticks that it took, or
 * more than the counter's whole period of 50 ms where the CPU was lost before the first. */
static u64
latch_two(u16 *first, u16 *second)
{
	u64 begin = rdtsc(), early;

	program(BOTH, 2, false);
	write_both(60000);
	gate(true);
	delay_us(500);
	out8(PIT_COMMAND, CH2_LATCH);
	early = rdtsc() - begin;
	delay_us(5000);
	out8(PIT_COMMAND, CH2_LATCH); /* ignored until the first is read */
	*first = read_both();
	*second = latched();
	return early > tsc_hz() / 1000 * 5 ? ~0ul : rdtsc() - begin;
}

/* A latched count waits to be read, whatever the counter does; so does a latched status. */
static void
check_latches(void)
{
	unsigned tries = 100;
	u16 first, second;
	u8 state;

	while (latch_two(&first, &second) > tsc_hz() / 1000 * 40 && --tries > 0)
		;
	CHECK(first > 53000);
	CHECK(second < first - 3000);
	out8(PIT_COMMAND, READ_BACK | CHANNEL_2); /* both: the status comes first */
	state = in8(PIT_CH2);
	CHECK_EQ(state & 0x3f, BOTH << 4 | 2 << 1);
	CHECK(read_both() <= 60000);
}

/* One byte of the count alone; and decimal, which QEMU doesn't know. */
static void
check_forms(void)
{
	gate(false);
	program(HIGH_BYTE, 0, false);
	out8(PIT_CH2, 0x12);
	CHECK(in8(PIT_CH2) == 0x12 || in8(PIT_CH2) == 0x11);
	CHECK_EQ(status() & 0x3f, HIGH_BYTE << 4);
	program(LOW_BYTE, 0, false);
	out8(PIT_CH2, 0x80);
	CHECK(in8(PIT_CH2) == 0x80 || in8(PIT_CH2) == 0x7f);
	program(BOTH, 0, true);
	write_both(0x1000);
	gate(true);
	for (unsigned n = 0; n < 50 && !output(); n++) {
		u16 count = latched();

		CHECK(!under_ashlar() ||
		      ((count & 0xf) <= 9 && (count >> 4 & 0xf) <= 9 && (count >> 8 & 0xf) <= 9));
	}
	wait_output(true);
	gate(false);
}

GUEST("pit")
{
	tsc_hz();
	check_port_61();
	check_mode_0();
	check_periodic();
	check_latches();
	check_forms();
}
