/* SPDX-License-Identifier: MIT */
/*
 * Base address registers (PCI Local Bus 3.0, 6.2.5) of the test function: as firmware left them,
 * sized with decoding on, moved below and above 4 GiB byte by byte, over other devices and RAM and
 * each other, disabled, and moved by one CPU while another one is at them.
 */
#include "guests/lib/guest.h"
#include "guests/lib/pci.h"
#include "guests/lib/random.h"
#include "guests/lib/smp.h"
#include "guests/lib/time.h"

#define LOW    0xd0000000ul
#define HIGH   0x300000000ul /* at 12 GiB */
#define HPET   0xfed00000ul
#define IOAPIC 0xfec00000ul
#define APIC   0xfee00000ul
#define ECAM   0xe0000000ul
#define MARK   0x600df00du
#define NOBODY 0xffffffffu

enum { BAR0 = PCI_BAR, BAR2 = PCI_BAR + 8, BAR4 = PCI_BAR + 16 };
enum { PTE_P = 1, PTE_RW = 2, PTE_LARGE = 0x80, ROUNDS = 2000 };

extern u64 pdpt[];
static u64 high_table[512] __aligned(4096);
static u32 dev;
static u64 home, table_home;
static u16 ports;

static u32
at(u64 address)
{
	return mmio_read32((void *)address);
}

static void
move(u64 address)
{
	pci_write(dev, BAR0, (u32)address);
	pci_write(dev, BAR0 + 4, (u32)(address >> 32));
}

static void
check_firmware(void)
{
	CHECK_EQ(pci_read16(dev, PCI_COMMAND) & (PCI_IO | PCI_MEMORY), PCI_IO | PCI_MEMORY);
	home = pci_memory_bar(dev, 0);
	table_home = pci_memory_bar(dev, 4);
	ports = pci_port_bar(dev, 2);
	CHECK(home >= 0xc0000000 && home < ECAM && IS_ALIGNED(home, 4096ul));
	CHECK(table_home >= 0xc0000000 && table_home < ECAM && table_home != home);
	CHECK(ports >= 0x1000);
	CHECK_EQ(at(home), TEST_ID);
	CHECK_EQ(in32(ports), TEST_ID);
	mmio_write32((void *)(home + TEST_SCRATCH), MARK);
	CHECK_EQ(in32(ports + TEST_SCRATCH), MARK);
	CHECK_EQ(in16(ports + TEST_SCRATCH + 2), MARK >> 16);
	CHECK_EQ(mmio_read64((void *)(home + TEST_SCRATCH)), MARK);
}

/* As drivers do it that don't turn decoding off. */
static void
check_sizes(void)
{
	pci_write(dev, BAR0, ~0u);
	CHECK_EQ(pci_read(dev, BAR0), 0xfffff00c);
	pci_write(dev, BAR0 + 4, ~0u);
	CHECK_EQ(pci_read(dev, BAR0 + 4), ~0u);
	CHECK_EQ(at(home), NOBODY);
	move(home);
	pci_write(dev, BAR2, ~0u);
	CHECK_EQ(pci_read(dev, BAR2), 0xffffffc1);
	CHECK_EQ(in32(ports), NOBODY);
	pci_write(dev, BAR2, ports);
	pci_write(dev, BAR4, ~0u);
	CHECK_EQ(pci_read(dev, BAR4), 0xfffff000);
	pci_write(dev, BAR4, (u32)table_home);
	for (u32 reg = 0x24; reg <= 0x30; reg += 4) { /* there are no more */
		u32 before = pci_read(dev, reg);

		pci_write(dev, reg, ~0u);
		CHECK_EQ(pci_read(dev, reg), before);
	}
	CHECK_EQ(at(home), TEST_ID);
	CHECK_EQ(in32(ports), TEST_ID);
}

/* 1 GiB from HIGH on. */
static void
map_high(void)
{
	for (u64 i = 0; i < 512; i++)
		high_table[i] = (HIGH + i * 2 * MiB) | PTE_LARGE | PTE_RW | PTE_P;
	pdpt[HIGH / GiB] = (u64)high_table | PTE_RW | PTE_P;
}

static void
check_moves(void)
{
	move(LOW);
	CHECK_EQ(at(home), NOBODY);
	CHECK_EQ(at(LOW), TEST_ID);
	pci_write8(dev, BAR0 + 2, 0x12);
	CHECK_EQ(at(LOW), NOBODY);
	CHECK_EQ(at(LOW + 0x120000 + TEST_SCRATCH), MARK);
	pci_write16(dev, BAR0 + 2, 0xd765);
	CHECK_EQ(at(0xd7650000), TEST_ID);
	for (u64 offset = 0; offset < GiB - 2 * 4096; offset += GiB / 7) {
		u64 address = HIGH + ALIGN_DOWN(offset, 4096ul);

		move(address);
		CHECK_EQ(at(address), TEST_ID);
		CHECK_EQ(at(address + TEST_SCRATCH), MARK);
		CHECK_EQ(at(address + 4096), NOBODY);
	}
	move(home);
	pci_write(dev, BAR2, 0x6780);
	CHECK_EQ(in32(ports), NOBODY);
	CHECK_EQ(in32(0x6780 + TEST_SCRATCH), MARK);
	pci_write(dev, BAR2, 0x300); /* among the board's */
	CHECK_EQ(in32(0x300), TEST_ID);
	pci_write(dev, BAR2, ports);
}

static void
check_disabling(void)
{
	pci_write16(dev, PCI_COMMAND, PCI_IO);
	CHECK_EQ(at(home), NOBODY);
	CHECK_EQ(at(table_home), NOBODY);
	mmio_write32((void *)(home + TEST_SCRATCH), 0);
	CHECK_EQ(in32(ports + TEST_SCRATCH), MARK);
	pci_write16(dev, PCI_COMMAND, PCI_MEMORY);
	CHECK_EQ(in32(ports), NOBODY);
	CHECK_EQ(at(home + TEST_SCRATCH), MARK);
	pci_write16(dev, PCI_COMMAND, PCI_MEMORY | PCI_IO);
	CHECK_EQ(in32(ports), TEST_ID);
}

/* Fixed devices and RAM stay where they are; of BARs the first answers. */
static void
check_overlaps(void)
{
	static volatile u32 ram __aligned(4096);
	u32 hpet = at(HPET), bridge = at(ECAM), version;

	mmio_write32((void *)IOAPIC, 1);
	version = at(IOAPIC + 0x10);
	move(HPET);
	CHECK_EQ(at(HPET), hpet);
	CHECK_EQ(at(HPET + 0x800), 0); /* beyond its 1 KiB: the BAR's */
	move(IOAPIC);
	CHECK_EQ(at(IOAPIC + 0x10), version);
	CHECK_EQ(at(IOAPIC), 1);
	move(ECAM);
	CHECK_EQ(at(ECAM), bridge);
	move(APIC);
	CHECK_EQ(at(APIC + 0x20), 0); /* the id, of CPU 0; the BAR has its scratch there */
	ram = 5;
	move((u64)&ram);
	CHECK_EQ(ram, 5);
	ram = 6;
	CHECK_EQ(ram, 6);
	move(home);
	pci_write(dev, BAR4, (u32)home);
	CHECK_EQ(at(home), TEST_ID);
	CHECK_EQ(at(table_home), NOBODY);
	move(LOW);
	CHECK_EQ(at(home + 12), 1); /* the table's: a vector that is masked */
	CHECK_EQ(at(LOW), TEST_ID);
	pci_write(dev, BAR4, (u32)table_home);
	move(home);
	CHECK_EQ(at(home + TEST_SCRATCH), MARK);
	CHECK_EQ(at(table_home + 12), 1);
}

static volatile u32 stop, looks, wrong;

/* The scratch register, or nobody. */
static void
look(u32 index __unused)
{
	while (stop == 0) {
		u32 one = at(home + TEST_SCRATCH), other = at(LOW + TEST_SCRATCH);

		if ((one != MARK && one != NOBODY) || (other != MARK && other != NOBODY))
			wrong++;
		looks++;
	}
}

static void
check_moving_under_another_cpu(void)
{
	CHECK(smp_start(1, 1, look));
	for (u32 n = 0; n < ROUNDS; n++) {
		u32 random = (u32)random_64();

		pci_write8(dev, BAR0 + random % 8, (u8)(random >> 8));
		pci_write16(dev, PCI_COMMAND, (u16)(random >> 16 & (PCI_IO | PCI_MEMORY)));
		move((random & BIT32(20)) != 0 ? home : LOW);
	}
	pci_write16(dev, PCI_COMMAND, PCI_MEMORY | PCI_IO);
	move(home);
	CHECK(wait_for(&looks, looks + 10, 10000000));
	stop = 1;
	CHECK_EQ(wrong, 0);
	CHECK_EQ(at(home + TEST_SCRATCH), MARK);
}

GUEST("pci-bars")
{
	tsc_hz();
	random_seed(option("seed", 1));
	dev = pci_test_function();
	map_high();
	check_firmware();
	check_sizes();
	check_moves();
	check_disabling();
	check_overlaps();
	check_moving_under_another_cpu();
}
