/* SPDX-License-Identifier: MIT */
// SOURCES: dev/ioapic.c dev/isa_irq.c dev/pic.c dev/i8259.c dev/bus.c
// SOURCES: dev/lapic.c dev/lapic_access.c dev/lapic_error.c dev/lapic_ipi.c dev/lapic_lvt.c
// SOURCES: dev/lapic_regs.c dev/lapic_timer.c lib/log.c lib/error.c lib/lock.c lib/format.c
/* The I/O APIC with local APICs behind it, and the wires of a PC (dev/isa_irq.c). */
#include "tests/unit/test.h"

#include "dev/ioapic.h"
#include "dev/isa_irq.h"
#include "tests/unit/fake/lapics.h"

static struct bus bus;
static struct ioapic io;

/* Bits of an entry, 82093AA 3.2.4. */
enum { LOGICAL = 1 << 11, LOW = 1 << 13, REMOTE_IRR = 1 << 14, LEVEL = 1 << 15, MASKED = 1 << 16 };

static struct lapic *
cpu(unsigned n)
{
	return &fake_cpus[n].lapic;
}

static int
setup(void **state)
{
	fake_lapics(4);
	for (unsigned n = 0; n < 4; n++)
		fake_write(cpu(n), 0xf0, 0x1ff);
	bus_init(&bus);
	ioapic_setup(&io, &fake_bus, IOAPIC_PC_ACTIVE_LOW);
	return ioapic_attach(&io, &bus);
}

static void
mmio_write(u32 offset, u8 size, u64 value)
{
	assert_true(bus_access(&bus, SPACE_MMIO, IOAPIC_BASE + offset, size, true, &value));
}

static u64
mmio_read(u32 offset, u8 size)
{
	u64 value = 0;

	assert_true(bus_access(&bus, SPACE_MMIO, IOAPIC_BASE + offset, size, false, &value));
	return value;
}

static void
write(u8 reg, u32 value)
{
	mmio_write(0, 4, reg);
	mmio_write(0x10, 4, value);
}

static u32
read(u8 reg)
{
	mmio_write(0, 4, reg);
	return (u32)mmio_read(0x10, 4);
}

static u32
low(unsigned input)
{
	return read((u8)(0x10 + 2 * input));
}

/* The upper half first, as an unmasked entry counts at once. */
static void
route(unsigned input, u32 dest, u32 low_bits)
{
	write((u8)(0x11 + 2 * input), dest << 24);
	write((u8)(0x10 + 2 * input), low_bits);
}

static void
takes(unsigned n, int vector)
{
	assert_int_equal(lapic_pending(cpu(n)), vector);
	assert_int_equal(lapic_take(cpu(n)), vector);
}

static void
takes_nothing(unsigned n)
{
	assert_int_equal(lapic_pending(cpu(n)), -1);
}

static void
eoi(unsigned n)
{
	fake_write(cpu(n), 0xb0, 0);
}

static void
pulse(unsigned input)
{
	ioapic_set(&io, input, true);
	ioapic_set(&io, input, false);
}

static void
registers(void **state)
{
	assert_int_equal(read(1), 0x00170011);
	write(1, 0xffffffff);
	assert_int_equal(read(1), 0x00170011);
	write(0, 0xffffffff);
	assert_int_equal(read(0), 0x0f000000);
	assert_int_equal(read(2), 0x0f000000); /* loaded with the id */
	for (unsigned n = 0; n < IOAPIC_INPUTS; n++) {
		assert_int_equal(low(n), MASKED);
		route(n, 0xa5, 0xffffffff);
		assert_int_equal(low(n), 0x1afff);
		assert_int_equal(read((u8)(0x11 + 2 * n)), 0xa5000000);
	}
	write(0x40, 0xffffffff); /* no such register */
	assert_int_equal(read(0x40), 0);
	assert_int_equal(read(0x0f), 0);
	write(3, 1);
	assert_int_equal(read(3), 0);
	/* No EOI register in this version. */
	assert_int_equal(mmio_read(0x40, 4), 0);
	bus_reset(&bus);
	assert_int_equal(read(0), 0);
	assert_int_equal(low(5), MASKED);
}

static void
odd_accesses(void **state)
{
	mmio_write(0, 1, 1);
	assert_int_equal(mmio_read(0, 4), 1);
	assert_int_equal(mmio_read(0x12, 1), 0x17);
	assert_int_equal(mmio_read(0x10, 8), 0x00170011);
	assert_int_equal(mmio_read(0x14, 4), 0);
	mmio_write(0, 4, 0xffffff10);
	assert_int_equal(mmio_read(0, 4), 0x10);
	mmio_write(0x10, 1, 0);
	mmio_write(0x10, 2, 0);
	mmio_write(0x11, 4, 0);
	mmio_write(4, 4, 0x20);
	assert_int_equal(low(0), MASKED);
}

static void
edge(void **state)
{
	route(4, 2, 0x44);
	ioapic_set(&io, 4, true);
	takes(2, 0x44);
	eoi(2);
	takes_nothing(2); /* once an edge */
	ioapic_set(&io, 4, true);
	takes_nothing(2);
	assert_int_equal(low(4), 0x44);
	ioapic_set(&io, 4, false);
	takes_nothing(2);
	ioapic_set(&io, 4, true);
	takes(2, 0x44);
}

static void
edge_while_masked(void **state)
{
	route(4, 1, MASKED | 0x44);
	ioapic_set(&io, 4, true);
	route(4, 1, 0x44);
	takes_nothing(1);
	pulse(4);
	takes_nothing(1); /* it was high already */
	pulse(4);
	takes(1, 0x44);
}

static void
level(void **state)
{
	route(9, 1, LEVEL | 0x49);
	ioapic_set(&io, 9, true);
	assert_int_equal(low(9), LEVEL | REMOTE_IRR | 0x49);
	takes(1, 0x49);
	ioapic_set(&io, 9, false);
	ioapic_set(&io, 9, true);
	takes_nothing(1); /* one at a time */
	eoi(1);
	takes(1, 0x49); /* still asked for */
	ioapic_set(&io, 9, false);
	assert_int_equal(low(9), LEVEL | REMOTE_IRR | 0x49);
	eoi(1);
	takes_nothing(1);
	assert_int_equal(low(9), LEVEL | 0x49);
}

static void
level_while_masked(void **state)
{
	route(9, 1, MASKED | LEVEL | 0x49);
	ioapic_set(&io, 9, true);
	takes_nothing(1);
	route(9, 1, LEVEL | 0x49);
	takes(1, 0x49);
	/* Masked before the EOI, unmasked after it. */
	write(0x10 + 18, MASKED | LEVEL | 0x49);
	assert_int_equal(low(9), MASKED | LEVEL | REMOTE_IRR | 0x49);
	eoi(1);
	takes_nothing(1);
	assert_int_equal(low(9), MASKED | LEVEL | 0x49);
	write(0x10 + 18, LEVEL | 0x49);
	takes(1, 0x49);
}

/* How systems end an interrupt without an EOI register: by edge mode and back. */
static void
remote_irr_cleared_by_edge_mode(void **state)
{
	route(9, 1, LEVEL | 0x49);
	ioapic_set(&io, 9, true);
	write(0x10 + 18, MASKED | 0x49);
	assert_int_equal(low(9), MASKED | 0x49);
	ioapic_set(&io, 9, false);
	write(0x10 + 18, LEVEL | 0x49);
	assert_int_equal(low(9), LEVEL | 0x49);
}

/* A level that nobody takes does not wait for an EOI. */
static void
level_not_taken(void **state)
{
	route(9, 7, LEVEL | 0x49);
	ioapic_set(&io, 9, true);
	assert_int_equal(low(9), LEVEL | 0x49);
	write(0x10 + 19, 1 << 24);
	takes(1, 0x49);
	eoi(1);
	takes(1, 0x49);
	route(10, 1, LEVEL | 0x05); /* an illegal vector is the local APIC's error */
	ioapic_set(&io, 10, true);
	assert_int_equal(low(10), LEVEL | 0x05);
	fake_write(cpu(1), 0x280, 0);
	assert_int_equal(fake_read(cpu(1), 0x280), 0x40);
}

/* An EOI is for every input with that vector. */
static void
shared_vector(void **state)
{
	route(9, 1, LEVEL | 0x49);
	route(10, 1, LEVEL | 0x49);
	ioapic_set(&io, 9, true);
	ioapic_set(&io, 10, true);
	takes(1, 0x49);
	ioapic_set(&io, 9, false);
	eoi(1);
	assert_int_equal(low(9), LEVEL | 0x49);
	assert_int_equal(low(10), LEVEL | REMOTE_IRR | 0x49);
	takes(1, 0x49);
}

/* Inputs 16 to 23 are wired active low: the entry has to say so, or sees the inverse. */
static void
polarity(void **state)
{
	route(16, 1, LEVEL | LOW | 0x51);
	takes_nothing(1);
	ioapic_set(&io, 16, true);
	takes(1, 0x51);
	ioapic_set(&io, 16, false);
	eoi(1);
	takes_nothing(1);
	route(16, 1, LEVEL | 0x51);
	takes(1, 0x51);
	ioapic_set(&io, 16, true);
	eoi(1);
	takes_nothing(1);
	/* And an edge on an active-high input comes at its fall. */
	route(4, 1, LOW | 0x52);
	ioapic_set(&io, 4, true);
	takes_nothing(1);
	ioapic_set(&io, 4, false);
	takes(1, 0x52);
}

static void
delivery_modes(void **state)
{
	route(4, 1, 0x400);
	pulse(4);
	assert_int_equal(fake_cpus[1].nmis, 1);
	route(4, 1, LEVEL | 0x400); /* an edge all the same */
	assert_int_equal(fake_cpus[1].nmis, 1);
	ioapic_set(&io, 4, true);
	ioapic_set(&io, 4, false);
	assert_int_equal(fake_cpus[1].nmis, 2);
	assert_int_equal(low(4), LEVEL | 0x400);
	route(4, 1, 0x500);
	pulse(4);
	assert_int_equal(fake_cpus[1].inits, 1);
	route(4, 1, 0x641); /* reserved; a start-up is of IPIs only */
	pulse(4);
	route(4, 1, 0x341);
	pulse(4);
	route(4, 1, 0x241);
	pulse(4);
	takes_nothing(1);
	assert_int_equal(fake_cpus[1].startups, 0);
	route(4, 1, 0x700);
	pulse(4);
	takes(1, LAPIC_EXTINT);
	takes_nothing(1);
}

static void
destinations(void **state)
{
	for (unsigned n = 0; n < 4; n++)
		fake_write(cpu(n), 0xd0, 1u << (24 + n));
	route(4, 0x06, LOGICAL | 0x61);
	pulse(4);
	takes_nothing(0);
	takes(1, 0x61);
	takes(2, 0x61);
	route(4, 0xff, 0x71);
	pulse(4);
	for (unsigned n = 0; n < 4; n++)
		takes(n, 0x71);
	lapic_set_cr8(cpu(0), 9);
	lapic_set_cr8(cpu(2), 8);
	lapic_set_cr8(cpu(3), 9);
	route(4, 0x0d, LOGICAL | 0x191); /* lowest priority, of 0, 2, 3 */
	pulse(4);
	takes(2, 0x91);
	takes_nothing(0);
	takes_nothing(1);
	takes_nothing(3);
}

static void
lines(void **state)
{
	route(20, 1, LEVEL | LOW | 0x51);
	irq_set(ioapic_line(&io, 20), true);
	takes(1, 0x51);
	expect_panic(ioapic_line(&io, IOAPIC_INPUTS));
}

/* ISA line 0 is input 0 of the 8259 and input 2 of the I/O APIC; others are the same on both. */
static void
isa_wires(void **state)
{
	static struct isa_irqs irqs;
	static struct pic pic;

	isa_irqs_setup(&irqs, &pic, &io, cpu(0));
	pic_setup(&pic, &irqs.intr);
	assert_int_equal(pic_attach(&pic, &bus), 0);
	route(0, 1, 0x40);
	route(2, 1, 0x42);
	route(4, 1, 0x44);
	irq_pulse(isa_irq_line(&irqs, 0));
	takes(1, 0x42);
	eoi(1);
	irq_pulse(isa_irq_line(&irqs, 4));
	takes(1, 0x44);
	assert_int_equal(pic.chips[0].irr, 0x11);
	expect_panic(isa_irq_line(&irqs, 2));
	expect_panic(isa_irq_line(&irqs, 16));
	/* The 8259's output is LINT0 of the boot processor. */
	takes_nothing(0);
	lapic_virtual_wire(cpu(0));
	pic.chips[0].imr = 0;
	pic.chips[0].base = 0x20;
	irq_pulse(isa_irq_line(&irqs, 1));
	takes(0, LAPIC_EXTINT);
	assert_int_equal(pic_acknowledge(&pic), 0x20);
	takes_nothing(0);
	pic.chips[0].isr = 0;
	irq_pulse(isa_irq_line(&irqs, 12));
	takes(0, LAPIC_EXTINT);
	assert_int_equal(pic_acknowledge(&pic), 0x21);
}

#define test(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(registers),
		test(odd_accesses),
		test(edge),
		test(edge_while_masked),
		test(level),
		test(level_while_masked),
		test(remote_irr_cleared_by_edge_mode),
		test(level_not_taken),
		test(shared_vector),
		test(polarity),
		test(delivery_modes),
		test(destinations),
		test(lines),
		test(isa_wires),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
