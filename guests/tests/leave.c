/* SPDX-License-Identifier: MIT */
/* Every way in which a machine is turned off or reset: it is this VM's alone. */
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum { PORT_8042_DATA = 0x60, PORT_8042 = 0x64, PORT_92 = 0x92, PORT_CF9 = 0xcf9 };
enum { PM1_CONTROL = 0x604, SLEEP_S5 = 0x2000, SLEEP_TYPES = 8 };

/* Which sleep type is S5's is in the DSDT: here each is tried. */
static void
power_off(void)
{
	for (u16 type = 0; type < SLEEP_TYPES; type++)
		out16(PM1_CONTROL, (u16)(SLEEP_S5 | type << 10));
}

static void
reset(void)
{
	out8(PORT_CF9, 2);
	out8(PORT_CF9, 6);
}

/* Case 7 takes no time, and says nothing: again and again. */
GUEST("leave")
{
	u64 number = option("case", 0);

	if (number == 7)
		reset();
	print("leave: case %lu begins\n", number);
	delay_us(20000);
	switch (number) {
	case 1: power_off(); break;
	case 2: out8(PORT_8042, 0xfe); break;
	case 3:
		out8(PORT_8042, 0xd1);
		out8(PORT_8042_DATA, 0xfe);
		break;
	case 4: reset(); break;
	case 5: out8(PORT_CF9, 0x0e); break; /* power cycle, as of ACPI's reset register */
	case 6:
		out8(PORT_92, in8(PORT_92) & 0xfe);
		out8(PORT_92, in8(PORT_92) | 1);
		break;
	default: break;
	}
	/* What reset or turned it off ends the VM with that instruction, or the next few. */
	delay_us(1000000);
	guest_fail("it goes on");
}
