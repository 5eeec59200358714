/* SPDX-License-Identifier: MIT */
// SOURCES: dev/pic.c dev/i8259.c dev/bus.c lib/log.c lib/error.c lib/lock.c lib/format.c
#include "tests/unit/test.h"

#include "dev/pic.h"
#include "tests/unit/fake/irq_line.h"

static struct bus bus;
static struct pic pic;
static struct fake_irq intr;

static u8
in(u16 port)
{
	u64 value = 0;

	assert_true(bus_access(&bus, SPACE_IO, port, 1, false, &value));
	return (u8)value;
}

static void
out(u16 port, u8 byte)
{
	u64 value = byte;

	assert_true(bus_access(&bus, SPACE_IO, port, 1, true, &value));
}

/* Both chips at vectors 20h and 28h, with ICW4 of the first, all unmasked. */
static void
initialise(u8 icw4)
{
	out(0x20, 0x11);
	out(0x21, 0x20);
	out(0x21, 0x04);
	out(0x21, icw4);
	out(0xa0, 0x11);
	out(0xa1, 0x28);
	out(0xa1, 0x02);
	out(0xa1, 0x01);
}

static int
setup(void **state)
{
	bus_init(&bus);
	pic_setup(&pic, fake_irq_init(&intr));
	return pic_attach(&pic, &bus);
}

static int
setup_on(void **state)
{
	int err = setup(state);

	initialise(0x01);
	return err;
}

static void
pulse(unsigned input)
{
	pic_set(&pic, input, true);
	pic_set(&pic, input, false);
}

static u8
isr(u16 port)
{
	out(port, 0x0b);
	return in(port);
}

static u8
irr(u16 port)
{
	out(port, 0x0a);
	return in(port);
}

static void
silent_before_initialisation(void **state)
{
	assert_int_equal(in(0x21), 0xff);
	pulse(0);
	assert_false(intr.level);
	out(0x20, 0x11);
	assert_int_equal(in(0x21), 0); /* ICW1 clears the mask */
	pulse(1);
	assert_false(intr.level);
	out(0x21, 0x20);
	out(0x21, 0x04);
	assert_false(intr.level);
	out(0x21, 0x01);
	assert_true(intr.level);
	assert_int_equal(pic_acknowledge(&pic), 0x21);
}

/* An input that is high when ICW1 comes has to fall and rise before it counts. */
static void
icw1_forgets_edges(void **state)
{
	pic_set(&pic, 3, true);
	initialise(0x01);
	assert_false(intr.level);
	pic_set(&pic, 3, false);
	pic_set(&pic, 3, true);
	assert_true(intr.level);
}

/* Without ICW3 (single) and without ICW4, whose functions are then off. */
static void
short_initialisation(void **state)
{
	initialise(0x03);
	out(0x20, 0x12);
	out(0x21, 0x4f); /* the low bits of ICW2 are not the vector's */
	out(0x21, 0xfe); /* OCW1 already */
	assert_int_equal(in(0x21), 0xfe);
	pulse(0);
	assert_int_equal(pic_acknowledge(&pic), 0x48);
	assert_int_equal(isr(0x20), 1); /* no automatic EOI */
}

static void
acknowledge_and_eoi(void **state)
{
	pic_set(&pic, 4, true);
	assert_true(intr.level);
	assert_int_equal(irr(0x20), 0x10);
	assert_int_equal(pic_vector(&pic), 0x24);
	assert_int_equal(irr(0x20), 0x10); /* only looked */
	assert_int_equal(pic_acknowledge(&pic), 0x24);
	assert_false(intr.level);
	assert_int_equal(irr(0x20), 0);
	assert_int_equal(isr(0x20), 0x10);
	pic_set(&pic, 4, false);
	pulse(4); /* waits behind itself */
	assert_false(intr.level);
	out(0x20, 0x20);
	assert_int_equal(isr(0x20), 0);
	assert_true(intr.level);
}

static void
priorities(void **state)
{
	pulse(5);
	pulse(3);
	assert_int_equal(pic_acknowledge(&pic), 0x23);
	assert_false(intr.level); /* 5 is lower */
	pulse(1);
	assert_true(intr.level); /* 1 is higher: nests */
	assert_int_equal(pic_acknowledge(&pic), 0x21);
	assert_int_equal(isr(0x20), 0x0a);
	out(0x20, 0x20);
	assert_int_equal(isr(0x20), 0x08);
	out(0x20, 0x20);
	assert_int_equal(pic_acknowledge(&pic), 0x25);
}

static void
mask(void **state)
{
	out(0x21, 0x10);
	pulse(4);
	assert_false(intr.level);
	assert_int_equal(irr(0x20), 0x10); /* the request is kept */
	out(0x21, 0x00);
	assert_true(intr.level);
	out(0x21, 0xff);
	assert_false(intr.level);
}

static void
cascade(void **state)
{
	pulse(12);
	assert_true(intr.level);
	assert_int_equal(irr(0x20), 0x04);
	assert_int_equal(irr(0xa0), 0x10);
	assert_int_equal(pic_vector(&pic), 0x2c);
	assert_int_equal(pic_acknowledge(&pic), 0x2c);
	assert_int_equal(isr(0x20), 0x04);
	assert_int_equal(isr(0xa0), 0x10);
	pulse(3); /* below the cascade */
	pulse(1); /* above it */
	assert_int_equal(pic_acknowledge(&pic), 0x21);
	out(0x20, 0x20);
	out(0xa0, 0x20);
	assert_false(intr.level);
	out(0x20, 0x20);
	assert_int_equal(pic_acknowledge(&pic), 0x23);
	/* Input 2 is the other chip's. */
	out(0x20, 0x20);
	pulse(2);
	assert_false(intr.level);
}

/* The second chip masked as a whole, or at the first. */
static void
cascade_masked(void **state)
{
	out(0x21, 0x04);
	pulse(8);
	assert_false(intr.level);
	out(0x21, 0x00);
	assert_true(intr.level);
	out(0xa1, 0x01);
	assert_false(intr.level);
}

/* A higher request of the second chip comes through only in special fully nested mode. */
static void
special_fully_nested(void **state)
{
	pulse(12);
	assert_int_equal(pic_acknowledge(&pic), 0x2c);
	pulse(9);
	assert_false(intr.level);
	out(0x20, 0x20); /* to the first chip alone */
	assert_true(intr.level);
	initialise(0x11);
	pulse(12);
	assert_int_equal(pic_acknowledge(&pic), 0x2c);
	pulse(13);
	assert_false(intr.level);
	pulse(9);
	assert_true(intr.level);
	assert_int_equal(pic_acknowledge(&pic), 0x29);
	pulse(3); /* is below the second chip, which is in service */
	assert_false(intr.level);
	pulse(1);
	assert_int_equal(pic_acknowledge(&pic), 0x21);
	pulse(8); /* and that is below 1 */
	assert_false(intr.level);
	out(0x20, 0x20);
	assert_int_equal(pic_acknowledge(&pic), 0x28);
}

/* A request that has gone by the time of INTA: input 7, not in service. */
static void
spurious(void **state)
{
	out(0x4d0, 0x20);
	pic_set(&pic, 5, true);
	assert_true(intr.level);
	pic_set(&pic, 5, false);
	assert_false(intr.level);
	assert_int_equal(pic_acknowledge(&pic), 0x27);
	assert_int_equal(isr(0x20), 0);
}

/* At the second chip the first has input 2 in service all the same. */
static void
spurious_second(void **state)
{
	pulse(2); /* nothing */
	pic.chips[0].lines |= 4;
	assert_int_equal(pic_acknowledge(&pic), 0x2f);
	assert_int_equal(isr(0xa0), 0);
	assert_int_equal(isr(0x20), 0x04);
}

static void
level_triggered(void **state)
{
	out(0x4d1, 0x02); /* input 9 */
	assert_int_equal(in(0x4d1), 0x02);
	pic_set(&pic, 9, true);
	assert_int_equal(pic_acknowledge(&pic), 0x29);
	assert_int_equal(irr(0xa0), 0x02); /* still asked for */
	out(0xa0, 0x20);
	out(0x20, 0x20);
	assert_true(intr.level); /* and comes again */
	pic_set(&pic, 9, false);
	assert_false(intr.level);
}

/* IRQ 0, 1, 2, 8 and 13 can't be level-triggered. */
static void
elcr_fixed_bits(void **state)
{
	u64 value = 0xffff;

	out(0x4d0, 0xff);
	out(0x4d1, 0xff);
	assert_int_equal(in(0x4d0), 0xf8);
	assert_int_equal(in(0x4d1), 0xde);
	assert_true(bus_access(&bus, SPACE_IO, 0x4d0, 2, false, &value));
	assert_int_equal(value, 0xdef8);
}

static void
specific_eoi(void **state)
{
	pulse(5);
	assert_int_equal(pic_acknowledge(&pic), 0x25);
	pulse(1);
	assert_int_equal(pic_acknowledge(&pic), 0x21);
	out(0x20, 0x65);
	assert_int_equal(isr(0x20), 0x02);
	out(0x20, 0x40); /* no operation */
	assert_int_equal(isr(0x20), 0x02);
	out(0x20, 0x20);
	out(0x20, 0x20); /* nothing in service */
	assert_int_equal(isr(0x20), 0);
}

static void
automatic_eoi(void **state)
{
	initialise(0x03);
	pulse(6);
	assert_int_equal(pic_acknowledge(&pic), 0x26);
	assert_int_equal(isr(0x20), 0);
	out(0x20, 0x80); /* rotating */
	pulse(0);
	pulse(4);
	assert_int_equal(pic_acknowledge(&pic), 0x20);
	pulse(0);
	assert_int_equal(pic_acknowledge(&pic), 0x24); /* 0 is the lowest now */
	assert_int_equal(pic_acknowledge(&pic), 0x20);
	out(0x20, 0x00);
	pulse(4);
	pulse(7);
	assert_int_equal(pic_acknowledge(&pic), 0x24);
}

static void
rotation(void **state)
{
	pulse(2);
	pulse(3);
	assert_int_equal(pic_acknowledge(&pic), 0x23);
	out(0x20, 0xa0); /* on non-specific EOI: 3 becomes the lowest */
	assert_int_equal(isr(0x20), 0);
	pulse(3);
	pulse(4);
	assert_int_equal(pic_acknowledge(&pic), 0x24);
	out(0x20, 0xe4); /* on specific EOI */
	pulse(5);
	assert_int_equal(pic_acknowledge(&pic), 0x25);
	out(0x20, 0x65);
	assert_int_equal(pic_acknowledge(&pic), 0x23);
	out(0x20, 0x63);
	out(0x20, 0xc0); /* set priority: 0 is the lowest */
	pulse(0);
	pulse(7);
	assert_int_equal(pic_acknowledge(&pic), 0x27);
}

/* What is in service and masked holds nobody back; a non-specific EOI doesn't see it. */
static void
special_mask(void **state)
{
	pulse(1);
	assert_int_equal(pic_acknowledge(&pic), 0x21);
	pulse(4);
	assert_false(intr.level);
	out(0x21, 0x02);
	assert_false(intr.level);
	out(0x20, 0x68);
	assert_true(intr.level);
	assert_int_equal(pic_acknowledge(&pic), 0x24);
	out(0x20, 0x20);
	assert_int_equal(isr(0x20), 0x02);
	out(0x20, 0x20);
	assert_int_equal(isr(0x20), 0x02);
	out(0x20, 0x48); /* off again */
	out(0x20, 0x20);
	assert_int_equal(isr(0x20), 0);
}

static void
poll(void **state)
{
	out(0x20, 0x0c);
	assert_int_equal(in(0x20), 0); /* nothing */
	pulse(6);
	out(0x20, 0x0c);
	assert_int_equal(in(0x20), 0x86);
	assert_false(intr.level);
	assert_int_equal(isr(0x20), 0x40); /* acknowledged */
	out(0x20, 0x20);
	out(0x21, 0x80);
	pulse(3);
	out(0x20, 0x0c);
	assert_int_equal(in(0x21), 0x83); /* by either port */
	assert_int_equal(in(0x21), 0x80); /* once */
}

static void
words(void **state)
{
	u64 value = 0x5511;

	assert_true(bus_access(&bus, SPACE_IO, 0x20, 2, true, &value)); /* ICW1, ICW2 */
	out(0x21, 0x04);
	out(0x21, 0x01);
	pulse(0);
	assert_int_equal(pic_acknowledge(&pic), 0x50);
}

static void
reset(void **state)
{
	pic_set(&pic, 4, true);
	assert_true(intr.level);
	bus_reset(&bus);
	assert_false(intr.level);
	assert_int_equal(in(0x21), 0xff);
	initialise(0x01);
	assert_false(intr.level); /* still high: no edge */
	pic_set(&pic, 4, false);
	pic_set(&pic, 4, true);
	assert_int_equal(pic_acknowledge(&pic), 0x24);
}

#define test(f)	   cmocka_unit_test_setup(f, setup)
#define test_on(f) cmocka_unit_test_setup(f, setup_on)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(silent_before_initialisation),
		test(icw1_forgets_edges),
		test(short_initialisation),
		test_on(acknowledge_and_eoi),
		test_on(priorities),
		test_on(mask),
		test_on(cascade),
		test_on(cascade_masked),
		test_on(special_fully_nested),
		test_on(spurious),
		test_on(spurious_second),
		test_on(level_triggered),
		test_on(elcr_fixed_bits),
		test_on(specific_eoi),
		test_on(automatic_eoi),
		test_on(rotation),
		test_on(special_mask),
		test_on(poll),
		test_on(words),
		test_on(reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
