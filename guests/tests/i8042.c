/* SPDX-License-Identifier: MIT */
/* The keyboard controller (IBM PC AT technical reference): its commands, its interrupt, A20. */
#include "guests/lib/guest.h"
#include "guests/lib/pic.h"
#include "guests/lib/time.h"

enum { DATA = 0x60, STATUS = 0x64, OBF = 1, IBF = 2, SYSTEM = 4, IRQ = 1, A20 = 2 };
enum { GET_COMMAND = 0x20, SET_COMMAND = 0x60, SELF_TEST = 0xaa, TEST_KBD = 0xab };
enum { NO_KBD = 0xad, GET_OUTPUT = 0xd0, ECHO_KBD = 0xd2, PULSE_NONE = 0xff };

static volatile u32 interrupts;
static volatile u8 byte;

static void
command(u8 code)
{
	for (unsigned n = 0; in8(STATUS) & IBF; n++)
		CHECK(n < 1000000);
	out8(STATUS, code);
}

static u8
answer(void)
{
	for (unsigned n = 0; (in8(STATUS) & OBF) == 0; n++)
		CHECK(n < 1000000);
	return in8(DATA);
}

static u8
ask(u8 code)
{
	command(code);
	return answer();
}

static void
interrupt(struct trap *trap)
{
	(void)trap;
	byte = in8(DATA);
	interrupts++;
	pic_eoi(IRQ);
}

static void
drain(void)
{
	for (unsigned n = 0; n < 100 && in8(STATUS) & OBF; n++)
		in8(DATA);
	CHECK((in8(STATUS) & OBF) == 0);
}

GUEST("i8042")
{
	command(NO_KBD);
	drain();
	CHECK_EQ(ask(SELF_TEST), 0x55);
	CHECK_EQ(ask(TEST_KBD), 0);
	CHECK(in8(STATUS) & SYSTEM);
	command(SET_COMMAND);
	out8(DATA, 0x74);
	CHECK_EQ(ask(GET_COMMAND), 0x74);
	CHECK_EQ(ask(GET_OUTPUT) & 3, 1 | A20); /* not in reset, A20 on */
	command(PULSE_NONE);
	CHECK((in8(STATUS) & OBF) == 0);

	pic_init();
	trap_on(PIC_VECTOR + IRQ, interrupt);
	pic_unmask(IRQ);
	command(SET_COMMAND);
	out8(DATA, 0x65); /* IRQ 1 on; no keyboard, no mouse */
	command(ECHO_KBD);
	out8(DATA, 0x5c);
	__asm__ volatile("sti");
	CHECK(wait_for(&interrupts, 1, 1000000));
	__asm__ volatile("cli");
	CHECK_EQ(byte, 0x5c);
	command(SET_COMMAND);
	out8(DATA, 0x64);
	drain();
}
