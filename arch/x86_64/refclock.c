/* SPDX-License-Identifier: MIT */
/* HPET, PM timer and PIT as references. */
#include "arch/x86_64/refclock.h"

#include "arch/x86_64/io.h"
#include "arch/x86_64/time.h"
#include "include/bits.h"

enum { ADVANCE_DEADLINE_US = 1000 };

static bool
advances(const struct refclock *ref)
{
	u64 first = ref->read();

	return wait_until(ADVANCE_DEADLINE_US, ref->read() != first);
}

/* HPET, specification 1.0a, 2.3.2 and 2.3.4 to 2.3.7. */
enum { HPET_CAPABILITIES = 0x00, HPET_CONFIGURATION = 0x10, HPET_COUNTER = 0xf0 };

#define HPET_PERIOD_FS	   BITS(63, 32)
#define HPET_COUNTER_64	   BIT(13)
#define HPET_ENABLE	   BIT(0)
#define HPET_LEGACY_ROUTE  BIT(1)
#define HPET_PERIOD_MAX_FS 0x05f5e100ul
#define FS_PER_S	   1000000000000000ul

static volatile u8 *hpet;

static u64
hpet_read_64(void)
{
	return mmio_read64(hpet + HPET_COUNTER);
}

static u64
hpet_read_32(void)
{
	return mmio_read32(hpet + HPET_COUNTER);
}

static struct refclock hpet_clock = {.name = "HPET"};

int
hpet_init(volatile void *regs, const struct refclock **out)
{
	u64 capabilities, period, config;

	hpet = regs;
	capabilities = mmio_read64(hpet + HPET_CAPABILITIES);
	period = FIELD_GET(HPET_PERIOD_FS, capabilities);
	if (period == 0 || period > HPET_PERIOD_MAX_FS)
		return fail(-ERR_NODEV);
	config = mmio_read64(hpet + HPET_CONFIGURATION);
	mmio_write64(hpet + HPET_CONFIGURATION, (config & ~HPET_LEGACY_ROUTE) | HPET_ENABLE);
	hpet_clock.hz = FS_PER_S / period;
	if (capabilities & HPET_COUNTER_64) {
		hpet_clock.read = hpet_read_64;
		hpet_clock.mask = ~0ul;
	} else {
		hpet_clock.read = hpet_read_32;
		hpet_clock.mask = 0xffffffff;
	}
	if (!advances(&hpet_clock))
		return fail(-ERR_NODEV);
	*out = &hpet_clock;
	return 0;
}

static u16 pm_port;

static u64
pm_read(void)
{
	return in32(pm_port);
}

static u64
pm_read_24(void)
{
	return in32(pm_port) & 0xffffff; /* the upper byte is undefined */
}

static struct refclock pm_clock = {.name = "PM timer", .hz = 3579545};

int
pm_timer_init(u16 port, bool wide, const struct refclock **out)
{
	pm_port = port;
	pm_clock.read = wide ? pm_read : pm_read_24;
	pm_clock.mask = wide ? 0xffffffff : 0xffffff;
	if (!advances(&pm_clock))
		return fail(-ERR_NODEV);
	*out = &pm_clock;
	return 0;
}

/* 8254: channel 2 in mode 0 counts down from FFFFh once, and goes on through 0. */
enum {
	PIT_CHANNEL2 = 0x42,
	PIT_COMMAND = 0x43,
	PIT_CHANNEL2_MODE0 = 0xb0, /* both bytes */
	PIT_CHANNEL2_LATCH = 0x80,
	PORT_61 = 0x61,
	PORT_61_GATE2 = 1 << 0,
	PORT_61_SPEAKER = 1 << 1,
};

static u64
pit_read(void)
{
	u64 low;

	out8(PIT_COMMAND, PIT_CHANNEL2_LATCH);
	low = in8(PIT_CHANNEL2);
	return 0xffff - (low | (u64)in8(PIT_CHANNEL2) << 8);
}

static const struct refclock pit_clock = {"PIT", pit_read, 1193182, 0xffff};

int
pit_init(const struct refclock **out)
{
	out8(PORT_61, (u8)((in8(PORT_61) & ~PORT_61_SPEAKER) | PORT_61_GATE2));
	out8(PIT_COMMAND, PIT_CHANNEL2_MODE0);
	out8(PIT_CHANNEL2, 0xff);
	out8(PIT_CHANNEL2, 0xff);
	if (!advances(&pit_clock))
		return fail(-ERR_NODEV);
	*out = &pit_clock;
	return 0;
}
