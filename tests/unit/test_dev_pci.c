/* SPDX-License-Identifier: MIT */
// SOURCES: dev/pci.c dev/bus.c lib/log.c lib/error.c lib/lock.c lib/format.c
#include "tests/unit/test.h"

#include "dev/pci.h"
#include "drivers/pci_regs.h"

static struct bus bus;
static struct pci_host host;
static struct device cf9_dev;
static u64 cf9_value;
static unsigned cf9_writes, written_size;
static u16 written_offset;
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
written(struct pci_device *dev, u16 offset, u8 size)
{
	assert_ptr_equal(dev, &nic);
	written_offset = offset;
	written_size = size;
}

/* Function 00:03.1, 4096 bytes, with an interrupt line that can be written. */
static void
add_nic(void)
{
	static const struct pci_identity identity = {0x8086, 0x100f, 0x020000, 0x02};

	nic = (struct pci_device){.config = config,
				  .writable = writable,
				  .size = 4096,
				  .config_written = written};
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
	cf9_writes = written_size = 0;
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
	/* Only the bits that are writable; the hook hears of the whole write. */
	out(0xcf8, 4, 0x80001904);
	out(0xcfc, 2, 0xffff);
	assert_int_equal(in(0xcfc, 4), 0x47);
	assert_int_equal(written_offset, 4);
	assert_int_equal(written_size, 2);
	ecam_write(base + 0x3c, 1, 11);
	assert_int_equal(ecam_read(base + 0x3c, 4), 11);
	assert_int_equal(written_offset, 0x3c);
	nic.config[0xffc] = 0x77;
	assert_int_equal(ecam_read(base + 0xffc, 4), 0x77);
	written_size = 0;
	ecam_write(base + 0xffe, 4, 0);
	assert_int_equal(ecam_read(base + 0xffe, 4), 0xffffffff); /* past its end */
	assert_int_equal(written_size, 0);
	assert_int_equal(ecam_read(base + 0xffc, 8), 0xffffffff00000077);
	assert_int_equal(pci_host_add(&host, &nic), -ERR_EXISTS);
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
		test(host_bridge_by_ports), test(address_register),
		test(reset_control_inside), test(by_ecam),
		test(a_function),	    test(reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
