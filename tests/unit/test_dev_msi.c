/* SPDX-License-Identifier: MIT */
// SOURCES: dev/msi.c dev/msix.c dev/msi_message.c dev/pci_test.c
// SOURCES: dev/pci.c dev/pci_device.c dev/pci_firmware.c dev/bus.c
// SOURCES: lib/log.c lib/error.c lib/lock.c lib/format.c
/* MSI and MSI-X as a driver of dev/pci_test.h's function sees them. */
#include "tests/unit/test.h"

#include "dev/lapic_bus.h"
#include "dev/msi_message.h"
#include "dev/pci_firmware.h"
#include "dev/pci_test.h"
#include "drivers/pci_regs.h"
#include "tests/unit/fake/irq_line.h"

static struct bus bus;
static struct pci_host host;
static struct pci_test test_device;
static struct lapic_bus lapics;
static struct fake_irq links[PCI_PINS];
static struct apic_message sent;
static unsigned messages;
static u8 vectors[64];
static bool refused;

bool
lapic_bus_send(struct lapic_bus *to, const struct apic_message *message)
{
	assert_ptr_equal(to, &lapics);
	if (refused)
		return false;
	sent = *message;
	vectors[messages++ % ARRAY_SIZE(vectors)] = message->vector;
	return true;
}

enum {
	MSI = PCI_TEST_MSI_AT,
	MSIX = PCI_TEST_MSIX_AT,
	REGISTERS = 0xc0000000,
	TABLE = 0xc0001000,
	PENDING = TABLE + PCI_TEST_PENDING,
	LEVEL = 4,
	RAISE_MSI = 8,
	RAISE_MSIX = 12,
	MSI_ON = 1,
	MSIX_MASK = 0x4000,
	MSIX_ON = 0x8000,
	LOCAL = 0xfee00000,
};

static u64
access_at(u64 at, u8 size, bool write, u64 value)
{
	assert_true(bus_access(&bus, SPACE_MMIO, at, size, write, &value));
	return value;
}

static u32
config_read(u32 offset, u8 size)
{
	return (u32)access_at(PCI_ECAM_BASE + (PCI_TEST_SLOT << 15) + offset, size, false, 0);
}

static void
config_write(u32 offset, u8 size, u32 value)
{
	access_at(PCI_ECAM_BASE + (PCI_TEST_SLOT << 15) + offset, size, true, value);
}

static int
setup(void **state)
{
	static const struct pci_firmware firmware = {
		0xc0000000, 0xe0000000, 0x1000, 0x10000, {10, 11, 10, 11}
	 };
	struct irq_line *lines[PCI_PINS];

	bus_init(&bus);
	pci_host_setup(&host, NULL);
	for (unsigned i = 0; i < PCI_PINS; i++)
		lines[i] = fake_irq_init(&links[i]);
	pci_host_wire(&host, lines);
	pci_host_messages(&host, &lapics);
	assert_int_equal(pci_host_attach(&host, &bus), 0);
	pci_test_init(&test_device);
	assert_int_equal(pci_test_attach(&test_device, &host), 0);
	assert_int_equal(pci_firmware_run(&host, &firmware), 0);
	config_write(PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	messages = 0;
	refused = false;
	return 0;
}

static void
raise_msi(u32 vector)
{
	access_at(REGISTERS + RAISE_MSI, 4, true, vector);
}

static void
raise_msix(u32 vector)
{
	access_at(REGISTERS + RAISE_MSIX, 4, true, vector);
}

static void
enable_msi(u32 log2, u16 data)
{
	config_write(MSI + 4, 4, LOCAL | 3 << 12);
	config_write(MSI + 12, 2, data);
	config_write(MSI + 2, 2, MSI_ON | log2 << 4);
}

static void
set_entry(u32 vector, u64 address, u32 data, u32 control)
{
	access_at(TABLE + vector * 16ul, 8, true, address);
	access_at(TABLE + vector * 16ul + 8, 8, true, data | (u64)control << 32);
}

static void
capabilities_as_a_driver_reads_them(void **state)
{
	assert_int_equal(config_read(PCI_ID, 4), 0x7e57a51a);
	assert_int_equal(config_read(PCI_CAPABILITIES, 1), MSI);
	assert_int_equal(config_read(MSI, 4), 0x01867005);
	assert_int_equal(config_read(MSIX, 4), 0x00030011);
	assert_int_equal(config_read(MSIX + 4, 4), 4);
	assert_int_equal(config_read(MSIX + 8, 4), 0x804);
	for (u32 at = MSI; at < MSIX + 12; at += 4)
		config_write(at, 4, ~0u);
	assert_int_equal(config_read(MSI, 4), 0x01f77005);
	assert_int_equal(config_read(MSI + 4, 4), 0xfffffffc);
	assert_int_equal(config_read(MSI + 8, 4), 0xffffffff);
	assert_int_equal(config_read(MSI + 12, 4), 0xffff);
	assert_int_equal(config_read(MSI + 16, 4), 0xff);
	assert_int_equal(config_read(MSI + 20, 4), 0);
	assert_int_equal(config_read(MSIX, 4), 0xc0030011);
}

static void
a_message_says_who_and_what(void **state)
{
	raise_msi(0);
	assert_int_equal(messages, 0); /* off */
	enable_msi(0, 0x4155);
	raise_msi(0);
	assert_int_equal(messages, 1);
	assert_int_equal(sent.dest, 3);
	assert_int_equal(sent.vector, 0x55);
	assert_int_equal(sent.delivery, APIC_LOWEST);
	assert_false(sent.logical || sent.level || sent.wide);
	config_write(MSI + 4, 4, LOCAL | 0xff << 12 | 4); /* logical */
	config_write(MSI + 12, 2, 0xc033);		  /* level, asserted */
	raise_msi(0);
	assert_int_equal(sent.dest, 0xff);
	assert_int_equal(sent.delivery, APIC_FIXED);
	assert_true(sent.logical && sent.level);
	config_write(MSI + 4, 4, LOCAL | 0xff << 12 | 12); /* with the hint */
	raise_msi(0);
	assert_int_equal(sent.delivery, APIC_LOWEST);
	config_write(MSI + 12, 2, 0x8033); /* deasserted */
	raise_msi(0);
	assert_int_equal(messages, 3);
	config_write(MSI + 12, 2, 0x0633); /* start-up is of IPIs alone */
	raise_msi(0);
	assert_int_equal(messages, 3);
	assert_int_equal(host.lost, 2);
}

static void
messages_elsewhere_are_dropped_and_counted(void **state)
{
	static const u64 elsewhere[] = {0, 0x1000, 0xfed00000, 0xfef00000, 0xc0000000, 0x1fee00000};

	for (unsigned i = 0; i < ARRAY_SIZE(elsewhere); i++) {
		enable_msi(0, 0x55);
		config_write(MSI + 4, 4, (u32)elsewhere[i]);
		config_write(MSI + 8, 4, (u32)(elsewhere[i] >> 32));
		raise_msi(0);
		assert_int_equal(host.lost, i + 1);
	}
	config_write(MSI + 8, 4, 0);
	config_write(MSI + 4, 4, LOCAL);
	refused = true; /* no such APIC */
	raise_msi(0);
	assert_int_equal(host.lost, ARRAY_SIZE(elsewhere) + 1);
	assert_int_equal(messages, 0);
}

static void
without_bus_master_nothing_is_sent(void **state)
{
	enable_msi(0, 0x55);
	config_write(PCI_COMMAND, 1, PCI_COMMAND_MEMORY);
	raise_msi(0);
	assert_int_equal(messages, 0);
	config_write(PCI_COMMAND, 1, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	raise_msi(0);
	assert_int_equal(messages, 1);
}

static void
several_vectors_are_in_the_data(void **state)
{
	enable_msi(2, 0x5f);
	for (u32 i = 0; i < 4; i++) {
		raise_msi(i);
		assert_int_equal(sent.vector, 0x5c + i);
	}
	raise_msi(6); /* of four */
	assert_int_equal(sent.vector, 0x5e);
	raise_msi(~0u);
	assert_int_equal(sent.vector, 0x5f);
	config_write(MSI + 2, 2, MSI_ON | 7 << 4); /* reserved: all there are */
	raise_msi(7);
	assert_int_equal(sent.vector, 0x5f);
	raise_msi(8);
	assert_int_equal(sent.vector, 0x58);
}

static void
masked_vectors_wait(void **state)
{
	enable_msi(3, 0x60);
	config_write(MSI + 16, 4, 0x0a);
	raise_msi(1);
	raise_msi(1);
	raise_msi(3);
	raise_msi(2);
	assert_int_equal(messages, 1);
	assert_int_equal(config_read(MSI + 20, 4), 0x0a);
	config_write(MSI + 20, 4, 0);
	assert_int_equal(config_read(MSI + 20, 4), 0x0a);
	config_write(MSI + 16, 1, 0x08);
	assert_int_equal(messages, 2);
	assert_int_equal(sent.vector, 0x61);
	assert_int_equal(config_read(MSI + 20, 4), 0x08);
	/* While it is off it waits on. */
	config_write(MSI + 2, 2, 3 << 4);
	config_write(MSI + 16, 1, 0);
	assert_int_equal(messages, 2);
	config_write(MSI + 2, 2, MSI_ON | 3 << 4);
	assert_int_equal(messages, 3);
	assert_int_equal(sent.vector, 0x63);
	assert_int_equal(config_read(MSI + 20, 4), 0);
}

static void
v14_msi_takes_the_place_of_the_pin(void **state)
{
	struct fake_irq *pin = &links[PCI_TEST_SLOT % PCI_PINS];

	access_at(REGISTERS + LEVEL, 4, true, 1);
	assert_true(pin->level);
	enable_msi(0, 0x55);
	assert_false(pin->level);
	config_write(MSIX + 2, 2, MSIX_ON);
	config_write(MSI + 2, 2, 0);
	assert_false(pin->level);
	config_write(MSIX + 2, 2, 0);
	assert_true(pin->level);
	access_at(REGISTERS + LEVEL, 4, true, 0);
	assert_false(pin->level);
}

static void
v14_msix_sends_what_its_table_says(void **state)
{
	raise_msix(0);
	set_entry(0, LOCAL | 1 << 12, 0x51, 0);
	set_entry(3, LOCAL | 2 << 12, 0x53, 0);
	raise_msix(0);
	assert_int_equal(messages, 0);
	config_write(MSIX + 2, 2, MSIX_ON);
	assert_int_equal(messages, 0); /* what was raised while it was off is gone */
	raise_msix(3);
	assert_int_equal(sent.vector, 0x53);
	assert_int_equal(sent.dest, 2);
	raise_msix(0);
	assert_int_equal(sent.vector, 0x51);
	raise_msix(4);
	raise_msix(~0u);
	assert_int_equal(messages, 2);
	access_at(TABLE + 4, 4, true, 1); /* above 4 GiB are no APICs */
	raise_msix(0);
	assert_int_equal(messages, 2);
	assert_int_equal(host.lost, 1);
}

static void
v14_msix_masks_and_pending_bits(void **state)
{
	set_entry(0, LOCAL, 0x50, 1);
	set_entry(1, LOCAL, 0x51, 0);
	set_entry(2, LOCAL, 0x52, 1);
	config_write(MSIX + 2, 2, MSIX_ON);
	raise_msix(0);
	raise_msix(2);
	raise_msix(2);
	assert_int_equal(access_at(PENDING, 8, false, 0), 5);
	access_at(PENDING, 8, true, 0);
	assert_int_equal(access_at(PENDING, 1, false, 0), 5);
	assert_int_equal(access_at(PENDING + 8, 8, false, 0), 0);
	assert_int_equal(messages, 0);
	set_entry(2, LOCAL, 0x42, 0); /* with another vector meanwhile */
	assert_int_equal(messages, 1);
	assert_int_equal(sent.vector, 0x42);
	config_write(MSIX + 2, 2, MSIX_ON | MSIX_MASK);
	access_at(TABLE + 12, 4, true, 0);
	raise_msix(1);
	assert_int_equal(messages, 1);
	assert_int_equal(access_at(PENDING, 4, false, 0), 3);
	config_write(MSIX + 2, 2, MSIX_ON);
	assert_int_equal(messages, 3);
	assert_int_equal(vectors[1], 0x50);
	assert_int_equal(vectors[2], 0x51);
	assert_int_equal(access_at(PENDING, 4, false, 0), 0);
}

static void
v14_msix_table_is_read_and_written(void **state)
{
	assert_int_equal(access_at(TABLE + 3 * 16 + 12, 4, false, 0), 1);
	assert_int_equal(access_at(TABLE + 4 * 16 + 12, 4, false, 0), 0); /* beyond */
	for (u64 at = 0; at < 5 * 16; at += 4)
		access_at(TABLE + at, 4, true, ~0ul);
	assert_int_equal(access_at(TABLE, 8, false, 0), 0xfffffffffffffffc);
	assert_int_equal(access_at(TABLE + 8, 8, false, 0), 0x1ffffffff);
	assert_int_equal(access_at(TABLE + 1, 2, false, 0), 0xffff);
	assert_int_equal(access_at(TABLE + 4 * 16, 8, false, 0), 0);
	access_at(TABLE, 2, true, 0);
	access_at(TABLE + 2, 4, true, 0);
	assert_int_equal(access_at(TABLE, 4, false, 0), 0xfffffffc);
	access_at(TABLE + 3 * 16 + 12, 8, true, 0); /* half of it beyond */
	assert_int_equal(access_at(TABLE + 3 * 16 + 12, 8, false, 0), 0);
	assert_int_equal(access_at(TABLE + PCI_TEST_TABLE - 8, 8, false, 0), 0);
}

static void
a_reset_turns_all_of_it_off(void **state)
{
	enable_msi(3, 0x60);
	config_write(MSI + 16, 4, 0xff);
	raise_msi(1);
	set_entry(0, LOCAL, 0x50, 1);
	config_write(MSIX + 2, 2, MSIX_ON);
	raise_msix(0);
	access_at(REGISTERS + LEVEL, 4, true, 1);
	access_at(REGISTERS + 0x20, 8, true, 42);
	bus_reset(&bus);
	assert_int_equal(config_read(MSI, 4), 0x01867005);
	assert_int_equal(config_read(MSI + 16, 4), 0);
	assert_int_equal(config_read(MSI + 20, 4), 0);
	assert_int_equal(config_read(MSIX, 4), 0x00030011);
	assert_int_equal(config_read(PCI_STATUS, 2), 0x10);
	assert_int_equal(config_read(PCI_COMMAND, 2), 3);
	assert_int_equal(access_at(TABLE, 8, false, 0), 0);
	assert_int_equal(access_at(TABLE + 8, 8, false, 0), 1ul << 32);
	assert_int_equal(access_at(PENDING, 8, false, 0), 0);
	assert_int_equal(access_at(REGISTERS + 0x20, 8, false, 0), 0);
	assert_false(links[PCI_TEST_SLOT % PCI_PINS].level);
	access_at(REGISTERS + LEVEL, 4, true, 1);
	assert_true(links[PCI_TEST_SLOT % PCI_PINS].level);
	assert_int_equal(messages, 0);
}

static void
the_test_devices_registers(void **state)
{
	u64 value = 0;

	assert_int_equal(access_at(REGISTERS, 4, false, 0), PCI_TEST_MAGIC);
	access_at(REGISTERS + 0x3ff, 1, true, 0x5a);
	assert_int_equal(access_at(REGISTERS + 0x3ff, 1, false, 0), 0x5a);
	access_at(REGISTERS + 0x3fc, 8, true, ~0ul); /* half outside */
	assert_int_equal(access_at(REGISTERS + 0x3fc, 4, false, 0), 0x5a000000);
	access_at(REGISTERS + PCI_TEST_REGISTERS - 8, 8, true, ~0ul);
	assert_int_equal(access_at(REGISTERS + PCI_TEST_REGISTERS - 8, 8, false, 0), 0);
	assert_int_equal(bus_port(&bus, 0x1010, 4, false, 0), 3);
	assert_int_equal(bus_port(&bus, 0x103c, 4, true, 0x12345678), 0x12345678);
	assert_true(bus_access(&bus, SPACE_MMIO, REGISTERS + 0x3c, 4, false, &value));
	assert_int_equal(value, 0x12345678);
}

#define test(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(capabilities_as_a_driver_reads_them),
		test(a_message_says_who_and_what),
		test(messages_elsewhere_are_dropped_and_counted),
		test(without_bus_master_nothing_is_sent),
		test(several_vectors_are_in_the_data),
		test(masked_vectors_wait),
		test(v14_msi_takes_the_place_of_the_pin),
		test(v14_msix_sends_what_its_table_says),
		test(v14_msix_masks_and_pending_bits),
		test(v14_msix_table_is_read_and_written),
		test(a_reset_turns_all_of_it_off),
		test(the_test_devices_registers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
