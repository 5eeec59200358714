/* SPDX-License-Identifier: MIT */
/* The resets that every PC has. */
#include "arch/x86_64/reset.h"

#include "arch/x86_64/io.h"
#include "arch/x86_64/time.h"

enum {
	PORT_RESET_CONTROL = 0xcf9, /* ICH9 datasheet, 13.7.5 */
	RESET_HARD = 2,
	RESET_CPU = 4,
	PORT_8042 = 0x64,
	STATUS_8042_INPUT_FULL = 2,
	COMMAND_8042_RESET = 0xfe, /* pulses the reset line */
	DEADLINE_US = 100000,
};

/* Kind of reset first, then the edge that starts it. */
static void
reset_by_cf9(void)
{
	out8(PORT_RESET_CONTROL, RESET_HARD);
	delay_us(50);
	out8(PORT_RESET_CONTROL, RESET_HARD | RESET_CPU);
	delay_us(DEADLINE_US);
}

static void
reset_by_8042(void)
{
	(void)wait_until(DEADLINE_US, (in8(PORT_8042) & STATUS_8042_INPUT_FULL) == 0);
	out8(PORT_8042, COMMAND_8042_RESET);
	delay_us(DEADLINE_US);
}

/* Without an IDT the first exception becomes a shutdown, which a PC's chipset answers by reset. */
static void
reset_by_triple_fault(void)
{
	static const struct {
		u16 limit;
		u64 base;
	} __packed no_idt;

	__asm__ volatile("cli; lidt %0; int3" : : "m"(no_idt));
}

void
reset_machine(void)
{
	reset_by_cf9();
	reset_by_8042();
	reset_by_triple_fault();
}
