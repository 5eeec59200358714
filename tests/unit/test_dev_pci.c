/* SPDX-License-Identifier: MIT */
// SOURCES: dev/pci.c dev/pci_device.c dev/pci_firmware.c dev/bus.c
// SOURCES: dev/pci_test.c dev/msi.c dev/msix.c dev/msi_message.c
// SOURCES: lib/log.c lib/error.c lib/lock.c lib/format.c
#include "tests/unit/test.h"

#include "dev/lapic_bus.h"
#include "dev/pci_firmware.h"
#include "dev/pci_test.h"
#include "drivers/pci_regs.h"

bool
lapic_bus_send(struct lapic_bus *to, const struct apic_message *message)
{
	fail_msg("a message");
	return false;
}

static struct bus bus;
static struct pci_host host;
static struct device cf9_dev;
static u64 cf9_value;
static unsigned cf9_writes, changes, changes_heard;
static u16 changed_at;
static u32 changed_old, changed_now;
static u8 config[4096], writable[4096];
static struct pci_device nic;

static void
cf9_access(struct device *dev, struct io *io)
{
	assert_ptr_equal(dev, &cf9_dev);
	assert_int_equal(io->offset, 0);
	assert_int_equal(io->size, 1);
	if (io->write) {
		cf9_value = io->value;
		cf9_writes++;
	} else {
		io->value = 0x5a;
	}
}

static const struct region cf9 = {SPACE_IO, 0xcf9, 1, &cf9_dev, cf9_access};

static void
changed(struct pci_device *dev, u16 offset, u32 old, u32 now)
{
	assert_ptr_equal(dev, &nic);
	assert_true(spin_held(&host.lock));
	changed_at = offset;
	changed_old = old;
	changed_now = now;
	changes++;
}

static void
has_written(struct pci_device *dev)
{
	assert_ptr_equal(dev, &nic);
	assert_false(spin_held(&host.lock));
	changes_heard = changes;
}

/* Function 00:03.1, 4096 bytes, with an interrupt line that can be written. */
static void
add_nic(void)
{
	static const struct pci_identity identity = {0x8086, 0x100f, 0x020000, 0x02};

	nic = (struct pci_device){.config = config,
				  .writable = writable,
				  .size = 4096,
				  .config_changed = changed,
				  .config_written = has_written};
	pci_device_setup(&nic, 3 << 3 | 1, &identity);
	nic.writable[PCI_INTERRUPT] = 0xff;
	nic.writable[PCI_COMMAND] = 0x07;
	nic.config[PCI_COMMAND] = 0x40;
	assert_int_equal(pci_host_add(&host, &nic), 0);
}

static int
setup(void **state)
{
	bus_init(&bus);
	cf9_writes = changes = changes_heard = 0;
	pci_host_setup(&host, &cf9);
	return pci_host_attach(&host, &bus);
}

static u64
in(u16 port, u8 size)
{
	u64 value = 0;

	assert_true(bus_access(&bus, SPACE_IO, port, size, false, &value));
	return value;
}

static void
out(u16 port, u8 size, u64 value)
{
	assert_true(bus_access(&bus, SPACE_IO, port, size, true, &value));
}

static u64
ecam_read(u64 offset, u8 size)
{
	u64 value = 0;

	assert_true(bus_access(&bus, SPACE_MMIO, PCI_ECAM_BASE + offset, size, false, &value));
	return value;
}

static void
ecam_write(u64 offset, u8 size, u64 value)
{
	assert_true(bus_access(&bus, SPACE_MMIO, PCI_ECAM_BASE + offset, size, true, &value));
}

static void
host_bridge_by_ports(void **state)
{
	out(0xcf8, 4, 0x80000000);
	assert_int_equal(in(0xcfc, 4), 0x0d578086);
	assert_int_equal(in(0xcfc, 2), 0x8086);
	assert_int_equal(in(0xcfe, 2), 0x0d57);
	assert_int_equal(in(0xcff, 1), 0x0d);
	out(0xcf8, 4, 0x80000008);
	assert_int_equal(in(0xcfc, 4), 0x06000000);
	out(0xcf8, 4, 0x8000000c);
	assert_int_equal(in(0xcfe, 1), 0); /* one function */
	out(0xcf8, 4, 0x80000000);
	out(0xcfc, 4, 0); /* read-only */
	assert_int_equal(in(0xcfc, 4), 0x0d578086);
}

/* How kernels find out that the ports are there, and that nothing but the bridge is. */
static void
address_register(void **state)
{
	out(0xcfb, 1, 1);
	assert_int_equal(in(0xcf8, 4), 0);
	out(0xcf8, 4, 0xffffffff);
	assert_int_equal(in(0xcf8, 4), 0x80fffffc);
	assert_int_equal(in(0xcfc, 4), 0xffffffff);
	out(0xcf8, 2, 0);
	assert_int_equal(in(0xcf8, 4), 0x80fffffc);
	out(0xcf8, 4, 0); /* not enabled */
	assert_int_equal(in(0xcfc, 4), 0xffffffff);
	out(0xcfc, 4, 0);
	assert_int_equal(in(0xcfa, 4), 0xffffffff);
	out(0xcfa, 4, 0x1234);
	assert_int_equal(in(0xcf8, 1), 0xff);
	out(0xcf8, 4, 0x80000800); /* 00:01.0 */
	assert_int_equal(in(0xcfc, 2), 0xffff);
	out(0xcf8, 4, 0x80010000); /* 01:00.0 */
	assert_int_equal(in(0xcfc, 4), 0xffffffff);
}

static void
reset_control_inside(void **state)
{
	out(0xcf8, 4, 0x80000000);
	out(0xcf9, 1, 6);
	assert_int_equal(cf9_writes, 1);
	assert_int_equal(cf9_value, 6);
	assert_int_equal(in(0xcf9, 1), 0x5a);
	assert_int_equal(in(0xcf8, 4), 0x80000000);
	out(0xcf9, 2, 6);
	assert_int_equal(cf9_writes, 1);
	host.cf9 = NULL;
	out(0xcf9, 1, 6);
	assert_int_equal(in(0xcf9, 1), 0xff);
}

static void
by_ecam(void **state)
{
	assert_int_equal(ecam_read(0, 4), 0x0d578086);
	assert_int_equal(ecam_read(2, 2), 0x0d57);
	assert_int_equal(ecam_read(8, 8), 0x06000000);
	assert_int_equal(ecam_read(0x100, 4), 0xffffffff); /* the bridge has 256 bytes */
	assert_int_equal(ecam_read(0xfc, 8), 0xffffffff00000000);
	assert_int_equal(ecam_read(0x1000, 4), 0xffffffff);
	assert_int_equal(ecam_read(1 << 20, 4), 0xffffffff);
	assert_int_equal(ecam_read(PCI_ECAM_LEN - 4, 4), 0xffffffff);
}

static void
a_function(void **state)
{
	const u64 base = (3 << 3 | 1) << 12;

	add_nic();
	out(0xcf8, 4, 0x80001900);
	assert_int_equal(in(0xcfc, 4), 0x100f8086);
	out(0xcf8, 4, 0x80001908);
	assert_int_equal(in(0xcfc, 4), 0x02000002);
	assert_int_equal(ecam_read(base, 8), 0x00000040100f8086);
	/* Only the bits that are writable; the hook hears of a change, by dwords. */
	out(0xcf8, 4, 0x80001904);
	out(0xcfc, 2, 0xffff);
	assert_int_equal(in(0xcfc, 4), 0x47);
	assert_int_equal(changes, 1);
	assert_int_equal(changed_at, 4);
	assert_int_equal(changed_old, 0x40);
	assert_int_equal(changed_now, 0x47);
	out(0xcfc, 2, 0xffff);
	out(0xcfe, 2, 0xffff);
	assert_int_equal(changes, 1);
	ecam_write(base + 0x3c, 1, 11);
	assert_int_equal(ecam_read(base + 0x3c, 4), 11);
	assert_int_equal(changed_at, 0x3c);
	assert_int_equal(changes, 2);
	/* Two of them. */
	ecam_write(base + 6, 4, 0x7ffff);
	assert_int_equal(changes, 2);
	nic.writable[8] = nic.writable[7] = 0xff;
	ecam_write(base + 6, 4, 0x55aaff);
	assert_int_equal(changes, 4);
	assert_int_equal(changes_heard, 4); /* of all of them, when the lock is free again */
	assert_int_equal(changed_at, 8);
	assert_int_equal(changed_now, 0x02000055);
	assert_int_equal(ecam_read(base + 4, 8), 0x02000055aa000047);
	nic.config[0xffc] = 0x77;
	assert_int_equal(ecam_read(base + 0xffc, 4), 0x77);
	changes = 0;
	ecam_write(base + 0xffe, 4, 0);
	assert_int_equal(ecam_read(base + 0xffe, 4), 0xffffffff); /* past its end */
	assert_int_equal(changes, 0);
	assert_int_equal(ecam_read(base + 0xffc, 8), 0xffffffff00000077);
	assert_int_equal(pci_host_add(&host, &nic), -ERR_EXISTS);
}

static unsigned accesses;
static struct io last;

static void
bar_access(struct device *dev, struct io *io)
{
	assert_ptr_equal(dev, &nic.dev);
	last = *io;
	accesses++;
}

static struct irq_line lines[4];
static bool levels[4];

static void
line_set(struct irq_line *line, bool level)
{
	levels[line - lines] = level;
}

/* 00:05.0 with a wide BAR of 128K, ports, a small BAR, a ROM, and INTA. */
static void
add_with_bars(void)
{
	static const struct pci_identity identity = {0x1234, 0x5678, 0xff0000, 1};
	struct irq_line *pins[4];

	for (unsigned i = 0; i < 4; i++) {
		lines[i].set = line_set;
		levels[i] = false;
		pins[i] = &lines[i];
	}
	pci_host_wire(&host, pins);
	nic = (struct pci_device){.config = config, .writable = writable, .size = 256};
	nic.bars[0] = (struct pci_device_bar){0x20000, SPACE_MMIO, true, true, bar_access};
	nic.bars[2] = (struct pci_device_bar){0x40, SPACE_IO, false, false, bar_access};
	nic.bars[3] = (struct pci_device_bar){0x10, SPACE_MMIO, false, false, bar_access};
	nic.bars[6] = (struct pci_device_bar){0x10000, SPACE_MMIO, false, false, bar_access};
	pci_device_setup(&nic, 5 << 3, &identity);
	for (unsigned n = 0; n < PCI_DEVICE_BARS; n++) {
		if (nic.bars[n].size != 0)
			pci_device_bar_setup(&nic, n);
	}
	pci_device_pin_setup(&nic, 1);
	nic.writable[PCI_COMMAND] |= PCI_COMMAND_MASTER;
	assert_int_equal(pci_host_add(&host, &nic), 0);
}

enum { AT = 5 << 15 };

static bool
is_there(enum space space, u64 addr)
{
	u64 value = 0;
	unsigned before = accesses;

	bus_access(&bus, space, addr, 4, false, &value);
	return accesses != before;
}

static void
e21_bars_are_sized_with_decoding_off_and_on(void **state)
{
	add_with_bars();
	assert_int_equal(ecam_read(AT + 0x10, 8), 0x0000000c);
	assert_int_equal(ecam_read(AT + 0x18, 8), 1);
	assert_int_equal(ecam_read(AT + 0x30, 4), 0);
	for (u64 command = 0; command < 4; command += 3) { /* with decoding off, and on */
		ecam_write(AT + 4, 2, command);
		for (u64 reg = 0x10; reg <= 0x30; reg += 4)
			ecam_write(AT + reg, 4, ~0ul);
		assert_int_equal(ecam_read(AT + 0x10, 8), 0xfffffffffffe000c);
		assert_int_equal(ecam_read(AT + 0x18, 4), 0xffffffc1);
		assert_int_equal(ecam_read(AT + 0x1c, 4), 0xfffffff0);
		assert_int_equal(ecam_read(AT + 0x20, 8), 0);
		assert_int_equal(ecam_read(AT + 0x30, 4), 0xffff0001);
	}
	assert_false(is_there(SPACE_IO, 0xffc0)); /* at ffffffc0h */
}

static void
e21_bars_move_with_every_write(void **state)
{
	add_with_bars();
	ecam_write(AT + 0x10, 4, 0xc0000000);
	assert_false(is_there(SPACE_MMIO, 0xc0000000));
	ecam_write(AT + 4, 1, PCI_COMMAND_MEMORY);
	assert_true(is_there(SPACE_MMIO, 0xc001fffc));
	assert_int_equal(last.offset, 0x1fffc);
	ecam_write(AT + 0x12, 1, 0x42); /* a byte of it */
	assert_false(is_there(SPACE_MMIO, 0xc0000000));
	assert_true(is_there(SPACE_MMIO, 0xc0420000));
	ecam_write(AT + 0x14, 2, 3);
	assert_false(is_there(SPACE_MMIO, 0xc0420000));
	assert_true(is_there(SPACE_MMIO, 0x3c0420004));
	assert_int_equal(last.offset, 4);
	ecam_write(AT + 0x10, 8, 0x12345678000);
	assert_int_equal(ecam_read(AT + 0x10, 8), 0x1234566000c);
	assert_true(is_there(SPACE_MMIO, 0x12345660000));
	ecam_write(AT + 4, 1, PCI_COMMAND_IO);
	assert_false(is_there(SPACE_MMIO, 0x12345660000));
	ecam_write(AT + 0x18, 4, 0x2fff);
	assert_true(is_there(SPACE_IO, 0x2fc4));
	assert_int_equal(last.offset, 4);
	ecam_write(AT + 0x18, 4, 0x12fff);
	assert_false(is_there(SPACE_IO, 0x2fc4));
	ecam_write(AT + 4, 1, 0);
	ecam_write(AT + 0x18, 4, 0x2fff);
	assert_false(is_there(SPACE_IO, 0x2fc4));
}

/* Of functions at one address the first answers; when it has gone, the other one. */
static void
e21_two_functions_at_one_address(void **state)
{
	static struct pci_test other;

	add_with_bars();
	pci_test_init(&other);
	assert_int_equal(pci_test_attach(&other, &host), 0);
	ecam_write(PCI_TEST_SLOT << 15 | 0x10, 8, 0xc0000000);
	ecam_write(PCI_TEST_SLOT << 15 | 4, 1, PCI_COMMAND_MEMORY);
	assert_false(is_there(SPACE_MMIO, 0xc0000000));
	ecam_write(AT + 0x10, 8, 0xc0000000);
	ecam_write(AT + 4, 1, PCI_COMMAND_MEMORY);
	assert_true(is_there(SPACE_MMIO, 0xc0000000));
	ecam_write(AT + 4, 1, 0);
	assert_false(is_there(SPACE_MMIO, 0xc0000000));
	assert_int_equal(other.writes, 0);
}

static void
e21_the_rom_has_its_own_enable(void **state)
{
	add_with_bars();
	ecam_write(AT + 0x30, 4, 0xd0000001);
	assert_false(is_there(SPACE_MMIO, 0xd0000000));
	ecam_write(AT + 4, 1, PCI_COMMAND_MEMORY);
	assert_true(is_there(SPACE_MMIO, 0xd000fffc));
	ecam_write(AT + 0x30, 4, 0xd0000000);
	assert_false(is_there(SPACE_MMIO, 0xd000fffc));
}

/* The device has the pin and the routing's OR; the guest Interrupt Disable. */
static void
pins_are_ored_and_can_be_disabled(void **state)
{
	static struct pci_device other;
	static u8 other_config[256], other_writable[256];
	static const struct pci_identity identity = {1, 2, 3, 4};
	u32 link = (5 + 0) % 4;

	add_with_bars();
	other = (struct pci_device){.config = other_config,
				    .writable = other_writable,
				    .size = 256};
	pci_device_setup(&other, 4 << 3 | 1, &identity);
	pci_device_pin_setup(&other, 2);
	assert_int_equal(pci_host_add(&host, &other), 0);
	pci_device_intx(&nic, true);
	assert_true(levels[link]);
	assert_int_equal(ecam_read(AT + 6, 2), 0x08);
	pci_device_intx(&other, true);
	pci_device_intx(&nic, false);
	assert_true(levels[link]);
	assert_int_equal(ecam_read(AT + 6, 2), 0);
	pci_device_intx(&other, false);
	assert_false(levels[link]);
	ecam_write(AT + 4, 2, PCI_COMMAND_NO_INTX);
	pci_device_intx(&nic, true);
	assert_false(levels[link]);
	assert_int_equal(ecam_read(AT + 6, 2), 0x08);
	ecam_write(AT + 5, 1, 0);
	assert_true(levels[link]);
	ecam_write(AT + 5, 1, 4);
	assert_false(levels[link]);
	ecam_write(AT + 5, 1, 0);
	pci_device_use_messages(&nic, PCI_USES_MSI, true);
	assert_false(levels[link]);
	assert_int_equal(ecam_read(AT + 6, 2), 0x08);
	pci_device_use_messages(&nic, PCI_USES_MSI, false);
	assert_true(levels[link]);
	assert_false(levels[(link + 1) % 4] || levels[(link + 2) % 4] || levels[(link + 3) % 4]);
}

static void
mastering_is_the_guests_to_allow(void **state)
{
	add_with_bars();
	assert_false(pci_device_masters(&nic));
	ecam_write(AT + 4, 1, PCI_COMMAND_MASTER);
	assert_true(pci_device_masters(&nic));
}

static void
bits_are_cleared_by_writing_ones(void **state)
{
	add_with_bars();
	nic.config_changed = changed;
	nic.clearable[PCI_STATUS + 1] = 0xf9;
	pci_device_put(&nic, PCI_STATUS, 2, 0xa010);
	ecam_write(AT + 4, 4, 0x00000001);
	assert_int_equal(ecam_read(AT + 4, 4), 0xa0100001);
	ecam_write(AT + 4, 4, 0x80100001);
	assert_int_equal(ecam_read(AT + 4, 4), 0x20100001);
	assert_int_equal(changed_old, 0xa0100001);
	assert_int_equal(changed_now, 0x20100001);
	assert_int_equal(changes, 2);
	ecam_write(AT + 4, 4, 0x80100001);
	assert_int_equal(changes, 2);
}

static void
capabilities_are_a_list(void **state)
{
	static const struct pci_identity identity = {1, 2, 3, 4};

	nic = (struct pci_device){.config = config, .writable = writable, .size = 256};
	pci_device_setup(&nic, 5 << 3, &identity);
	assert_int_equal(config[PCI_STATUS], 0);
	pci_device_capability(&nic, 0xe4, 7);
	pci_device_capability(&nic, 0xdc, 1);
	assert_int_equal(config[PCI_STATUS], 0x10);
	assert_int_equal(config[0x34], 0xdc);
	assert_int_equal(pci_device_get(&nic, 0xdc, 2), 0xe401);
	assert_int_equal(pci_device_get(&nic, 0xe4, 2), 0x0007);
}

static const struct pci_firmware firmware = {
	0xc0000000, 0xc0050000, 0x1000, 0x10000, {10, 11, 10, 11}
};

static void
firmware_places_enables_and_routes(void **state)
{
	add_with_bars();
	assert_int_equal(pci_firmware_run(&host, &firmware), 0);
	assert_int_equal(ecam_read(AT + 4, 2), PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	assert_int_equal(ecam_read(AT + 0x10, 8), 0xc000000c);
	assert_int_equal(ecam_read(AT + 0x30, 4), 0xc0020000);
	assert_int_equal(ecam_read(AT + 0x1c, 4), 0xc0030000);
	assert_int_equal(ecam_read(AT + 0x18, 4), 0x1001);
	assert_int_equal(ecam_read(AT + 0x3c, 2), 0x010b);
	assert_true(is_there(SPACE_MMIO, 0xc0000000) && is_there(SPACE_IO, 0x1000));
	assert_false(is_there(SPACE_MMIO, 0xc0020000)); /* the ROM */
}

static void
e16_a_reset_brings_firmwares_state_back(void **state)
{
	add_with_bars();
	assert_int_equal(pci_firmware_run(&host, &firmware), 0);
	ecam_write(AT + 0x10, 8, 0x4200000000);
	ecam_write(AT + 4, 2, 0xffff);
	ecam_write(AT + 0x3c, 1, 5);
	assert_false(is_there(SPACE_MMIO, 0xc0000000));
	pci_device_intx(&nic, true);
	assert_false(levels[1]);
	bus_reset(&bus);
	assert_true(is_there(SPACE_MMIO, 0xc0000000));
	assert_false(is_there(SPACE_MMIO, 0x4200000000));
	assert_int_equal(ecam_read(AT + 4, 2), PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	assert_int_equal(ecam_read(AT + 0x3c, 1), 11);
	assert_true(levels[1]); /* the device still asserts it */
}

/* What has no room can't be enabled by firmware; the guest still can. */
static void
firmware_without_room(void **state)
{
	struct pci_firmware small = firmware;

	small.memory_end = small.memory + 0x20010;
	add_with_bars();
	assert_int_equal(pci_firmware_run(&host, &small), 1);
	assert_int_equal(ecam_read(AT + 4, 2), PCI_COMMAND_IO);
	assert_int_equal(ecam_read(AT + 0x10, 8), 0xc000000c);
	assert_int_equal(ecam_read(AT + 0x30, 4), 0);
	ecam_write(AT + 4, 1, PCI_COMMAND_MEMORY);
	assert_true(is_there(SPACE_MMIO, 0xc0000000));
}

static void
as_many_functions_as_there_may_be(void **state)
{
	static struct pci_device many[PCI_DEVICES_MAX + 1];
	static u8 many_config[PCI_DEVICES_MAX + 1][256], many_writable[PCI_DEVICES_MAX + 1][256];
	static const struct pci_identity identity = {1, 2, 3, 4};
	static const struct pci_firmware wide = {.memory = 0xc0000000, .memory_end = 0xe0000000};

	for (unsigned i = 0; i <= PCI_DEVICES_MAX; i++) {
		struct pci_device *dev = &many[i];

		*dev = (struct pci_device){.config = many_config[i],
					   .writable = many_writable[i],
					   .size = 256};
		for (unsigned n = 0; n < PCI_DEVICE_BARS; n++)
			dev->bars[n] = (struct pci_device_bar){0x1000, SPACE_MMIO, false, false,
							       bar_access};
		pci_device_setup(dev, (u8)(8 + i), &identity);
		for (unsigned n = 0; n < PCI_DEVICE_BARS; n++)
			pci_device_bar_setup(dev, n);
		assert_int_equal(pci_host_add(&host, dev), i < PCI_DEVICES_MAX ? 0 : -ERR_FULL);
	}
	assert_int_equal(pci_firmware_run(&host, &wide), 0);
	assert_int_equal(many[0].config[PCI_HEADER + 2], 0x80);
	assert_int_equal(many[1].config[PCI_HEADER + 2], 0);
	assert_int_equal(host.bridge_config[PCI_HEADER + 2], 0);
	assert_int_equal(pci_device_get(&many[31], PCI_BAR0 + 20, 4), 0xc00de000);
}

static void
reset(void **state)
{
	out(0xcf8, 4, 0x80000000);
	bus_reset(&bus);
	assert_int_equal(in(0xcf8, 4), 0);
}

#define test(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(host_bridge_by_ports),
		test(address_register),
		test(reset_control_inside),
		test(by_ecam),
		test(a_function),
		test(reset),
		test(e21_bars_are_sized_with_decoding_off_and_on),
		test(e21_bars_move_with_every_write),
		test(e21_two_functions_at_one_address),
		test(e21_the_rom_has_its_own_enable),
		test(pins_are_ored_and_can_be_disabled),
		test(mastering_is_the_guests_to_allow),
		test(bits_are_cleared_by_writing_ones),
		test(capabilities_are_a_list),
		test(firmware_places_enables_and_routes),
		test(e16_a_reset_brings_firmwares_state_back),
		test(firmware_without_room),
		test(as_many_functions_as_there_may_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
