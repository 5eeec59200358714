/* SPDX-License-Identifier: MIT */
// SOURCES: dev/bus.c dev/pit.c dev/port61.c dev/rtc.c dev/rtc_time.c dev/uart.c dev/pm.c dev/hpet.c
// SOURCES: dev/i8042.c dev/reset_ports.c dev/debug_exit.c
// SOURCES: lib/log.c lib/error.c lib/lock.c lib/format.c lib/string.c
/*
 * All the simple device models on one bus, as a guest, a console and the time may come to them.
 * The input is a run of records of eight bytes:
 *
 *    what       bits 3:0 what happens; bits 5:4 log2 of an access's size; bit 6 it writes
 *    where      which port or register, modulo those that there are, and 0 to 3 bytes beside it
 *    value      four bytes; for the passing of time in 256 ns, or with what 11 late in 64 us
 *    more       two bytes: the upper half of what is written
 *
 * What must hold, beside what the sanitizers and the locks' ranks check: time goes on, that is, no
 * timer sets itself for the past without end; interrupts are never more frequent than they may be.
 */
#include <stdlib.h>
#include <string.h>

#include "dev/debug_exit.h"
#include "dev/hpet.h"
#include "dev/i8042.h"
#include "dev/pm.h"
#include "dev/port61.h"
#include "dev/reset_ports.h"
#include "dev/rtc.h"
#include "dev/uart.h"
#include "tests/unit/fake/irq_line.h"
#include "tests/unit/fake/vclock.h"

enum {
	RECORD = 8,
	RECORDS_MAX = 512,
	SECOND_NS = 1000000000,
	/* Two HPET lines of 10,000, PIT 10,000, RTC 8,192 with its other two, PM; and setting. */
	TIMER_RUNS_PER_SECOND = 60000,
};

static struct vclock fake_time;
static struct fake_irq isa[16], inputs[HPET_INPUTS];
static struct bus bus;
static struct pit_model pit;
static struct port61 port61;
static struct rtc_model rtc;
static struct uart_model uart;
static struct pm_model pm;
static struct hpet_model hpet;
static struct i8042_model i8042;
static struct reset_ports reset_ports;
static struct debug_exit debug_exit;
static bool console_full;
static u64 paused_ns;
static u64 time_left; /* that may pass timer by timer in this input, to bound it */

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static void
no_locks(void)
{
	check(!spin_held(&pit.lock) && !spin_held(&rtc.lock) && !spin_held(&uart.lock) &&
	      !spin_held(&pm.lock) && !spin_held(&hpet.lock) && !spin_held(&i8042.lock) &&
	      !spin_held(&reset_ports.lock));
}

static bool
transmit(void *arg, u8 byte)
{
	return !console_full;
}

static void
receive_ready(void *arg)
{
	no_locks();
	(void)!uart_model_receive(&uart, 'x');
}

static void
power_off(void *arg)
{
	no_locks();
}

static void
reset(void *arg, const char *why)
{
	no_locks();
	check(why != NULL);
}

static void
end(void *arg, u32 value)
{
	no_locks();
}

static u64
wall_ns(void *arg)
{
	return 1763644455ul * SECOND_NS + fake_time.now + paused_ns;
}

static void
setup_timers(void)
{
	struct hpet_config hpet_config = {
		&fake_time, {&isa[0].line, &isa[8].line},
		  {0	    }
	     };
	struct rtc_config rtc_config = {.clock = &fake_time,
					.irq = &hpet.through[1].line,
					.wall_ns = wall_ns,
					.low_end = 1 * GiB};
	struct pm_config pm_config = {&fake_time, &isa[9].line, power_off, NULL};

	for (unsigned i = 0; i < HPET_INPUTS; i++)
		hpet_config.inputs[i] = fake_irq_init(&inputs[i]);
	hpet_model_init(&hpet, &hpet_config);
	pit_model_init(&pit, &fake_time, &hpet.through[0].line);
	port61_init(&port61, &pit);
	rtc_model_init(&rtc, &rtc_config);
	pm_model_init(&pm, &pm_config);
}

static void
setup(void)
{
	struct i8042_config i8042_config = {&isa[1].line, reset, NULL};
	struct uart_console console = {transmit, receive_ready, NULL};

	fake_time = (struct vclock){.now = 1};
	console_full = false;
	paused_ns = 0;
	time_left = 8ul * SECOND_NS;
	for (unsigned i = 0; i < 16; i++)
		fake_irq_init(&isa[i]);
	setup_timers();
	i8042_model_init(&i8042, &i8042_config);
	uart_model_init(&uart, &isa[4].line, &console);
	reset_ports_init(&reset_ports, reset, NULL);
	debug_exit_init(&debug_exit, end, NULL);
	bus_init(&bus);
	check(pit_model_attach(&pit, &bus) == 0 && port61_attach(&port61, &bus) == 0 &&
	      rtc_model_attach(&rtc, &bus) == 0 && hpet_model_attach(&hpet, &bus) == 0 &&
	      pm_model_attach(&pm, &bus) == 0 && i8042_model_attach(&i8042, &bus) == 0 &&
	      reset_ports_attach(&reset_ports, &bus) == 0 &&
	      uart_model_attach(&uart, &bus, 0x3f8) == 0 &&
	      debug_exit_attach(&debug_exit, &bus) == 0);
}

/* Ports by what is often used together. */
static const u16 ports[] = {
	0x40,  0x41,  0x42,  0x43,  0x61,  0x70,  0x71,	 0x60,	0x64,  0x92,  0xf4,  0x3f8, 0x3f9,
	0x3fa, 0x3fb, 0x3fc, 0x3fd, 0x3fe, 0x3ff, 0x600, 0x602, 0x604, 0x605, 0x608, 0x620, 0x622,
};

static const u16 registers[] = {
	0x000, 0x004, 0x010, 0x014, 0x020, 0x0f0, 0x0f4, 0x100, 0x104, 0x108,
	0x10c, 0x110, 0x120, 0x128, 0x12c, 0x140, 0x148, 0x14c, 0x160, 0x3f8,
};

static void
access_one(const u8 *r, u64 value, bool mmio)
{
	u64 base = mmio ? HPET_BASE + registers[r[1] / 4 % ARRAY_SIZE(registers)]
			: ports[r[1] / 4 % ARRAY_SIZE(ports)];
	u8 size = (u8)(1u << (r[0] >> 4 & 3));

	if (!mmio && size == 8)
		size = 4;
	if ((r[0] & 0x80) != 0)
		base += r[1] % 4;
	(void)bus_access(&bus, mmio ? SPACE_MMIO : SPACE_IO, base, size, (r[0] & 0x40) != 0,
			 &value);
}

static void
pass(u64 ns, bool late)
{
	u64 runs = fake_time.runs;

	if (late) {
		fake_late(&fake_time, ns);
	} else {
		ns = MIN(ns, time_left);
		time_left -= ns;
		fake_advance(&fake_time, ns);
	}
	check(fake_time.runs - runs <= 16 + ns * TIMER_RUNS_PER_SECOND / SECOND_NS);
}

static void
run_record(const u8 *r)
{
	u32 low;
	u16 high;
	u64 value;

	memcpy(&low, r + 2, sizeof(low));
	memcpy(&high, r + 6, sizeof(high));
	value = low | (u64)high << 32;
	switch (r[0] & 15) {
	case 8: (void)!uart_model_receive(&uart, r[2]); break;
	case 9:
		console_full = (r[2] & 1) != 0;
		if (!console_full)
			uart_model_tx_ready(&uart);
		break;
	case 10: pass((low & 0xffffff) * 256ul, false); break;
	case 11: pass((low & 0xffffff) * 65536ul, true); break;
	case 12: paused_ns += (u64)low << 16; break;
	case 13: pm_model_press_power_button(&pm); break;
	case 14: (void)reset_ports_cf9(&reset_ports, true, r[2]); break;
	case 15:
		if (r[2] == 0)
			bus_reset(&bus);
		break;
	default: access_one(r, value, (r[0] & 15) >= 5); break;
	}
	no_locks();
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int
LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	size_t records = MIN(size / RECORD, (size_t)RECORDS_MAX);

	setup();
	for (size_t i = 0; i < records; i++)
		run_record(data + i * RECORD);
	return 0;
}
