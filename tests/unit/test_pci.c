/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/pci_scan.c drivers/pci_caps.c drivers/pci_bar.c drivers/pci_names.c
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/pci_regs.h"
#include "drivers/pci_scan.h"

/* A function of the fake configuration space; a BAR keeps only the bits in its mask. */
struct fake {
	bool there;
	u32 regs[PCIE_CONFIG_SIZE / 4];
	u32 bar_mask[PCI_BARS_MAX], bar_fixed[PCI_BARS_MAX];
	unsigned sized_while_decoding;
};

enum { FAKE_BUSES = 4 };

static struct fake (*fakes)[PCI_DEVICES][PCI_FUNCTIONS];

static struct pci_function found[64];
static unsigned found_count;

static struct fake *
fake_at(struct pci_addr a)
{
	assert_true(a.bus < FAKE_BUSES && a.device < PCI_DEVICES && a.function < PCI_FUNCTIONS);
	return &fakes[a.bus][a.device][a.function];
}

static u32
fake_read32(const struct pci_access *access, struct pci_addr addr, u16 offset)
{
	struct fake *f = fake_at(addr);

	assert_true(offset % 4 == 0 && offset < access->size);
	return f->there ? f->regs[offset / 4] : ~0u;
}

static void
fake_write32(const struct pci_access *access, struct pci_addr addr, u16 offset, u32 value)
{
	struct fake *f = fake_at(addr);
	unsigned bar = (offset - PCI_BAR0) / 4u;

	/* Nothing but BARs is ever written by dwords: neither windows nor status bits. */
	assert_true(offset >= PCI_BAR0 && bar < PCI_BARS_MAX);
	if (f->regs[PCI_COMMAND / 4] & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY))
		f->sized_while_decoding++;
	f->regs[offset / 4] = (value & f->bar_mask[bar]) | f->bar_fixed[bar];
}

static void
fake_write16(const struct pci_access *access, struct pci_addr addr, u16 offset, u16 value)
{
	u32 *reg = &fake_at(addr)->regs[PCI_COMMAND / 4];

	assert_int_equal(offset, PCI_COMMAND);
	*reg = (*reg & 0xffff0000) | value;
}

static struct pci_access access;

static struct fake *
add_fake(u8 bus, u8 device, u8 function, u32 id, u32 class_code, u8 header_type)
{
	struct fake *f = &fakes[bus][device][function];

	f->there = true;
	f->regs[PCI_ID / 4] = id;
	f->regs[PCI_CLASS / 4] = class_code << 8 | 0x02;
	f->regs[PCI_HEADER / 4] = (u32)header_type << 16;
	return f;
}

static int
record(const struct pci_access *a, struct pci_function *f)
{
	assert_true(found_count < ARRAY_SIZE(found));
	found[found_count++] = *f;
	return 0;
}

static void
scan(void)
{
	found_count = 0;
	assert_int_equal(pci_scan(&access, record), 0);
}

static int
setup(void **state)
{
	fakes = calloc(FAKE_BUSES, sizeof(*fakes));
	access = (struct pci_access){
		.read32 = fake_read32,
		.write32 = fake_write32,
		.write16 = fake_write16,
		.size = PCIE_CONFIG_SIZE,
		.last_bus = FAKE_BUSES - 1,
	};
	return fakes == NULL;
}

static int
teardown(void **state)
{
	free(fakes);
	return 0;
}

static void
nothing_there(void **state)
{
	scan();
	assert_int_equal(found_count, 0);
}

static void
header_fields(void **state)
{
	struct fake *f = add_fake(0, 3, 0, 0x100e8086, 0x020000, 0);

	f->regs[PCI_INTERRUPT / 4] = 0x010b;
	scan();
	assert_int_equal(found_count, 1);
	assert_int_equal(found[0].addr.device, 3);
	assert_int_equal(found[0].vendor, 0x8086);
	assert_int_equal(found[0].device, 0x100e);
	assert_int_equal(found[0].class_code, 0x020000);
	assert_int_equal(found[0].revision, 2);
	assert_int_equal(found[0].interrupt_pin, 1);
	assert_int_equal(found[0].interrupt_line, 0x0b);
	assert_string_equal(pci_class_name(found[0].class_code), "Ethernet controller");
}

/* Functions 1 to 7 are asked for only when bit 7 of function 0's header type says so. */
static void
multi_function(void **state)
{
	add_fake(0, 1, 0, 0x12348086, 0x060100, 0x80);
	add_fake(0, 1, 7, 0x12358086, 0x0c0500, 0);
	add_fake(0, 2, 0, 0x12368086, 0x030000, 0);
	add_fake(0, 2, 1, 0x12368086, 0x030000, 0); /* an alias */
	add_fake(0, 4, 1, 0x12368086, 0x030000, 0); /* without function 0: not to be looked at */
	scan();
	assert_int_equal(found_count, 3);
	assert_int_equal(found[1].addr.function, 7);
	assert_int_equal(found[2].addr.device, 2);
	assert_int_equal(found[2].addr.function, 0);
}

static void
ids_of_nothing(void **state)
{
	add_fake(0, 1, 0, 0x00000000, 0, 0);
	add_fake(0, 2, 0, 0xffff0001, 0, 0);
	add_fake(0, 3, 0, 0x1234ffff, 0, 0);
	scan();
	assert_int_equal(found_count, 0);
}

/* A bus that no bridge leads to is found; the link of a root port has one device alone. */
static void
buses_and_links(void **state)
{
	struct fake *port = add_fake(0, 1, 0, 0x34208086, 0x060400, PCI_HEADER_BRIDGE);

	port->regs[PCI_BRIDGE_BUSES / 4] = 0x00010100;
	port->regs[PCI_COMMAND / 4] = PCI_STATUS_CAPABILITIES;
	port->regs[PCI_CAPABILITIES / 4] = 0x40;
	port->regs[0x40 / 4] = PCIE_ROOT_PORT << 20 | PCI_CAP_EXPRESS;
	for (u8 device = 0; device < PCI_DEVICES; device++)
		add_fake(1, device, 0, 0x10d38086, 0x020000, 0);
	add_fake(3, 9, 0, 0x10d38086, 0x020000, 0);
	scan();
	assert_int_equal(found_count, 3);
	assert_int_equal(found[0].secondary_bus, 1);
	assert_int_equal(found[1].addr.bus, 1);
	assert_int_equal(found[2].addr.bus, 3);
}

/* A bridge that names its own bus, or one before it, neither loops nor hides anything. */
static void
bridge_to_itself(void **state)
{
	struct fake *f = add_fake(0, 0, 0, 0x12348086, 0x060400, PCI_HEADER_BRIDGE);

	f->regs[PCI_COMMAND / 4] = PCI_STATUS_CAPABILITIES;
	f->regs[PCI_CAPABILITIES / 4] = 0x40;
	f->regs[0x40 / 4] = PCIE_ROOT_PORT << 20 | PCI_CAP_EXPRESS;
	add_fake(0, 5, 0, 0x12348086, 0x020000, 0);
	scan();
	assert_int_equal(found_count, 2);
}

static void
garbage_header_type(void **state)
{
	struct fake *f = add_fake(0, 1, 0, 0x12348086, 0xffffff, 0x55);

	f->regs[PCI_COMMAND / 4] = PCI_STATUS_CAPABILITIES;
	f->regs[PCI_CAPABILITIES / 4] = 0x40;
	f->regs[0x40 / 4] = 0x05;
	scan();
	assert_int_equal(found_count, 1);
	assert_int_equal(found[0].cap_count, 0);
	pci_measure_bars(&access, &found[0]);
	assert_int_equal(found[0].bar_count, 0);
	assert_string_equal(pci_class_name(found[0].class_code), "device");
}

static struct fake *
with_caps(u8 first)
{
	struct fake *f = add_fake(0, 1, 0, 0x12348086, 0x020000, 0);

	f->regs[PCI_COMMAND / 4] = PCI_STATUS_CAPABILITIES;
	f->regs[PCI_CAPABILITIES / 4] = first;
	return f;
}

static void
capabilities(void **state)
{
	struct fake *f = with_caps(0x43); /* the two low bits are reserved */

	f->regs[0x40 / 4] = 0x5001;
	f->regs[0x50 / 4] = 0x6000 | PCI_CAP_EXPRESS;
	f->regs[0x60 / 4] = PCI_CAP_MSI;
	f->regs[0x100 / 4] = 0x14010001;
	f->regs[0x140 / 4] = 0x00010010;
	scan();
	assert_int_equal(found[0].cap_count, 5);
	assert_int_equal(found[0].caps[2].id, PCI_CAP_MSI);
	assert_int_equal(found[0].caps[2].offset, 0x60);
	assert_string_equal(pci_cap_name(&found[0].caps[3]), "aer");
	assert_string_equal(pci_cap_name(&found[0].caps[4]), "sr-iov");
	assert_int_equal(found[0].caps[4].offset, 0x140);
}

static void
capabilities_need_the_status_bit(void **state)
{
	struct fake *f = with_caps(0x40);

	f->regs[PCI_COMMAND / 4] = 0;
	f->regs[0x40 / 4] = PCI_CAP_MSI;
	scan();
	assert_int_equal(found[0].cap_count, 0);
}

static void
capability_loops_end(void **state)
{
	struct fake *f = with_caps(0x40);

	f->regs[0x40 / 4] = 0x4400 | PCI_CAP_EXPRESS;
	f->regs[0x44 / 4] = 0x4005;
	f->regs[0x100 / 4] = 0x10410001;
	f->regs[0x104 / 4] = 0x10010002;
	scan();
	assert_int_equal(found[0].cap_count, 4);
}

/* A pointer into the header, or to a dead register, ends the list. */
static void
capability_pointers_out_of_place(void **state)
{
	struct fake *f = with_caps(0x40);

	f->regs[0x40 / 4] = 0x0800 | PCI_CAP_EXPRESS;
	f->regs[0x100 / 4] = 0x04010001; /* next: 040h */
	scan();
	assert_int_equal(found[0].cap_count, 2);
	f->regs[0x40 / 4] = 0xfc01;
	f->regs[0xfc / 4] = ~0u;
	scan();
	assert_int_equal(found[0].cap_count, 1);
}

/* More than fit: every dword a capability. */
static void
capabilities_are_bounded(void **state)
{
	struct fake *f = with_caps(0x40);

	for (u32 at = 0x40; at < 0x100; at += 4)
		f->regs[at / 4] = (at + 4) << 8 | PCI_CAP_EXPRESS;
	for (u32 at = 0x100; at < PCIE_CONFIG_SIZE; at += 4)
		f->regs[at / 4] = (at + 4) << 20 | 0x10001;
	scan();
	assert_int_equal(found[0].cap_count, PCI_CAPS_MAX);
}

/* By the ports there are 256 bytes; the fake would fail a read beyond them. */
static void
no_extended_capabilities_by_ports(void **state)
{
	struct fake *f = with_caps(0x40);

	access.size = PCI_CONFIG_SIZE;
	f->regs[0x40 / 4] = PCI_CAP_EXPRESS;
	scan();
	assert_int_equal(found[0].cap_count, 1);
}

static void
set_bar(struct fake *f, unsigned bar, u32 mask, u32 fixed, u32 value)
{
	f->bar_mask[bar] = mask;
	f->bar_fixed[bar] = fixed;
	f->regs[PCI_BAR0 / 4 + bar] = (value & mask) | fixed;
}

static void
bars(void **state)
{
	struct fake *f = add_fake(0, 3, 0, 0x100e8086, 0x020000, 0);
	u32 command = 0xfff00000 | PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;

	f->regs[PCI_COMMAND / 4] = command & ~PCI_STATUS_CAPABILITIES;
	set_bar(f, 0, 0xfffe0000, 0, 0xfebc0000); /* 128 KiB */
	set_bar(f, 1, 0x0000ffc0, 1, 0xc000);	  /* 64 ports, 16 bits decoded */
	set_bar(f, 2, 0, 0xc, 0);		  /* 8 GiB, prefetchable, 64 bits */
	set_bar(f, 3, 0xfffffffe, 0, 0x8);
	set_bar(f, 5, 0xffffffe0, 1, 0); /* 32 ports, not placed */
	scan();
	pci_measure_bars(&access, &found[0]);
	assert_int_equal(found[0].bar_count, 4);
	assert_int_equal(found[0].bars[0].kind, PCI_BAR_KIND_MEM32);
	assert_int_equal(found[0].bars[0].base, 0xfebc0000);
	assert_int_equal(found[0].bars[0].size, 128 * KiB);
	assert_int_equal(found[0].bars[1].kind, PCI_BAR_KIND_IO);
	assert_int_equal(found[0].bars[1].base, 0xc000);
	assert_int_equal(found[0].bars[1].size, 64);
	assert_int_equal(found[0].bars[2].kind, PCI_BAR_KIND_MEM64);
	assert_true(found[0].bars[2].prefetchable);
	assert_int_equal(found[0].bars[2].base, 0x800000000);
	assert_int_equal(found[0].bars[2].size, 8 * GiB);
	assert_int_equal(found[0].bars[3].index, 5);
	assert_int_equal(found[0].bars[3].base, 0);
	/* All as it was, and the status bits untouched. */
	assert_int_equal(f->regs[PCI_COMMAND / 4], command & ~PCI_STATUS_CAPABILITIES);
	assert_int_equal(f->regs[PCI_BAR0 / 4], 0xfebc0000);
	assert_int_equal(f->regs[PCI_BAR0 / 4 + 3], 8);
	assert_int_equal(f->sized_while_decoding, 0);
}

/* The last register can't be the lower half of a 64-bit one. */
static void
bar_64_at_the_end(void **state)
{
	struct fake *f = add_fake(0, 3, 0, 0x100e8086, 0x020000, 0);

	set_bar(f, 5, 0xfffff000, 4, 0xfeb00000);
	scan();
	pci_measure_bars(&access, &found[0]);
	assert_int_equal(found[0].bar_count, 1);
	assert_int_equal(found[0].bars[0].kind, PCI_BAR_KIND_MEM32);
	assert_int_equal(found[0].bars[0].size, 4 * KiB);
}

/* Of a bridge the two BARs are measured; a write to its windows would fail the test. */
static void
bars_of_a_bridge(void **state)
{
	struct fake *f = add_fake(0, 1, 0, 0x34208086, 0x060400, PCI_HEADER_BRIDGE);

	set_bar(f, 0, 0xfffff000, 0, 0xfeb00000);
	f->regs[PCI_BRIDGE_BUSES / 4] = 0x00020100;
	scan();
	pci_measure_bars(&access, &found[0]);
	assert_int_equal(found[0].bar_count, 1);
	assert_int_equal(found[0].bars[0].size, 4 * KiB);
	assert_int_equal(f->regs[PCI_BRIDGE_BUSES / 4], 0x00020100);
}

/* Turning a host bridge's decoding off may take all of memory away. */
static void
bars_of_a_host_bridge(void **state)
{
	struct fake *f = add_fake(0, 0, 0, 0x12378086, 0x060000, 0);

	f->regs[PCI_COMMAND / 4] = PCI_COMMAND_MEMORY;
	set_bar(f, 0, 0xff000000, 0, 0xd0000000);
	scan();
	pci_measure_bars(&access, &found[0]);
	assert_int_equal(found[0].bar_count, 1);
	assert_int_equal(found[0].bars[0].base, 0xd0000000);
	assert_int_equal(found[0].bars[0].size, 0);
	assert_int_equal(f->sized_while_decoding, 0);
}

static void
bus_mastering(void **state)
{
	struct fake *nic = add_fake(0, 3, 0, 0x100e8086, 0x020000, 0);
	struct fake *screen = add_fake(0, 2, 0, 0x3e928086, 0x030000, 0);
	struct pci_addr addr = {.device = 3};

	nic->regs[PCI_COMMAND / 4] = 0x02900107; /* with status bits that a 1 would clear */
	screen->regs[PCI_COMMAND / 4] = 0x7;
	assert_true(pci_master_off(&access, addr));
	assert_int_equal(nic->regs[PCI_COMMAND / 4], 0x02900103);
	assert_false(pci_master_off(&access, addr));
	addr.device = 2; /* Intel's integrated display keeps the picture */
	assert_false(pci_master_off(&access, addr));
	assert_int_equal(screen->regs[PCI_COMMAND / 4], 0x7);
}

static int
stop(const struct pci_access *a, struct pci_function *f)
{
	found_count++;
	return -ERR_NOMEM;
}

static void
scan_ends_with_an_error(void **state)
{
	add_fake(0, 1, 0, 0x12348086, 0, 0);
	add_fake(0, 2, 0, 0x12348086, 0, 0);
	found_count = 0;
	assert_int_equal(pci_scan(&access, stop), -ERR_NOMEM);
	assert_int_equal(found_count, 1);
}

static void
names(void **state)
{
	struct pci_cap unknown = {.id = 0xffff};

	assert_string_equal(pci_class_name(0x010601), "SATA controller");
	assert_string_equal(pci_class_name(0x01aa00), "storage controller");
	assert_string_equal(pci_class_name(0x060000), "host bridge");
	assert_null(pci_cap_name(&unknown));
	unknown.extended = true;
	assert_null(pci_cap_name(&unknown));
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(nothing_there),
		test(header_fields),
		test(multi_function),
		test(ids_of_nothing),
		test(buses_and_links),
		test(bridge_to_itself),
		test(garbage_header_type),
		test(capabilities),
		test(capabilities_need_the_status_bit),
		test(capability_loops_end),
		test(capability_pointers_out_of_place),
		test(capabilities_are_bounded),
		test(no_extended_capabilities_by_ports),
		test(bars),
		test(bar_64_at_the_end),
		test(bars_of_a_bridge),
		test(bars_of_a_host_bridge),
		test(bus_mastering),
		test(scan_ends_with_an_error),
		test(names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
