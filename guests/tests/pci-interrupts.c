/* SPDX-License-Identifier: MIT */
/*
 * Interrupts of the test function: its pin through the I/O APIC and through the 8259s, Interrupt
 * Disable and Status (PCI Local Bus 3.0, 6.2.2, 6.2.3); MSI and MSI-X with masks and pending bits
 * (6.8); from one to the other; and messages that are none.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/ioapic.h"
#include "guests/lib/pci.h"
#include "guests/lib/pic.h"
#include "guests/lib/time.h"

enum {
	PIN_VECTOR = 0x51,
	MSI_VECTOR = 0x60,
	MSIX_VECTOR = 0x70,
	STATUS_INTX = 8,
	LVT_EXTINT = 7 << 8
};
enum { MSI_ON = 1, MSI_EIGHT = 3 << 4, MSIX_ON = 0x8000, MSIX_MASK = 0x4000, MASKED = 1 };

static volatile u32 taken[256];
static u32 dev, msi, msix;
static u64 registers, table;
static u8 input, irq;

static void
set_level(u32 level)
{
	mmio_write32((void *)(registers + TEST_LEVEL), level);
}

static bool
status(void)
{
	return (pci_read16(dev, PCI_STATUS) & STATUS_INTX) != 0;
}

static void
take(struct trap *trap)
{
	taken[trap->vector]++;
	apic_eoi();
}

/* The pin's: it asserts until the device is told. */
static void
take_pin(struct trap *trap)
{
	CHECK(status());
	set_level(0);
	CHECK(!status());
	take(trap);
}

static void
take_pic(struct trap *trap)
{
	CHECK(status());
	set_level(0);
	taken[trap->vector]++;
	pic_eoi(irq);
}

/* What is there to be taken. */
static void
let_in(void)
{
	__asm__ volatile("sti; nop; nop; cli");
	delay_us(200);
	__asm__ volatile("sti; nop; nop; cli");
}

static void
expect(u32 vector, u32 times)
{
	let_in();
	if (taken[vector] != times)
		guest_fail("vector 0x%x came %u times; expected %u", vector, taken[vector], times);
	taken[vector] = 0;
}

static void
expect_nothing(void)
{
	let_in();
	for (unsigned v = 0; v < ARRAY_SIZE(taken); v++) {
		if (taken[v] != 0)
			guest_fail("vector 0x%x came %u times; expected none", v, taken[v]);
	}
}

static void
find_device(void)
{
	u32 interrupt;

	dev = pci_test_function();
	msi = pci_capability(dev, PCI_CAP_MSI);
	msix = pci_capability(dev, PCI_CAP_MSIX);
	CHECK(msi != 0 && msix != 0);
	registers = pci_memory_bar(dev, 0);
	table = pci_memory_bar(dev, 4);
	interrupt = pci_read(dev, PCI_LINE);
	CHECK_EQ(interrupt >> 8 & 0xff, 1);
	irq = interrupt & 0xff;
	CHECK(irq == 10 || irq == 11);
	CHECK((in8(PIC_ELCR + 1) & BIT32(irq - 8)) != 0);
	input = (u8)(16 + (dev >> 3) % 4);
	pci_write16(dev, PCI_COMMAND, PCI_IO | PCI_MEMORY | PCI_MASTER);
}

static void
check_ioapic(void)
{
	set_level(1);
	expect_nothing(); /* masked */
	ioapic_route(input, apic_id(), IOAPIC_LEVEL | IOAPIC_LOW_ACTIVE | PIN_VECTOR);
	expect(PIN_VECTOR, 1);
	expect_nothing();
	pci_write16(dev, PCI_COMMAND, PCI_MEMORY | PCI_MASTER | PCI_NO_INTX);
	set_level(1);
	CHECK(status());
	expect_nothing();
	pci_write16(dev, PCI_COMMAND, PCI_MEMORY | PCI_MASTER);
	expect(PIN_VECTOR, 1);
	ioapic_route(input, 0, IOAPIC_MASKED);
}

static void
check_pic(void)
{
	u8 elcr = in8(PIC_ELCR + 1);

	trap_on(PIC_VECTOR + irq, take_pic);
	pic_init();
	apic_write(LAPIC_LVT_LINT0, LVT_EXTINT);
	out8(PIC_ELCR + 1, elcr | (u8)BIT32(irq - 8));
	set_level(1);
	expect_nothing();
	pic_unmask(irq);
	expect(PIC_VECTOR + irq, 1);
	expect_nothing();
	set_level(1);
	expect(PIC_VECTOR + irq, 1);
	pic_mask(irq);
}

static void
raise_msi(u32 vector)
{
	mmio_write32((void *)(registers + TEST_MSI), vector);
}

static void
check_msi(void)
{
	raise_msi(0);
	pci_write(dev, msi + 4, (u32)APIC_BASE | apic_id() << 12);
	pci_write(dev, msi + 8, 0);
	pci_write16(dev, msi + 12, MSI_VECTOR);
	expect_nothing();
	set_level(1);
	pci_write16(dev, msi + 2, MSI_ON | MSI_EIGHT);
	ioapic_route(input, apic_id(), IOAPIC_LEVEL | IOAPIC_LOW_ACTIVE | PIN_VECTOR);
	expect_nothing(); /* the pin is silent while it uses messages */
	for (u32 v = 0; v < 8; v++) {
		raise_msi(v);
		expect(MSI_VECTOR + v, 1);
	}
	pci_write(dev, msi + 16, 0xff);
	raise_msi(2);
	raise_msi(2);
	raise_msi(5);
	expect_nothing();
	CHECK_EQ(pci_read(dev, msi + 20), BIT32(2) | BIT32(5));
	pci_write(dev, msi + 16, BIT32(5));
	expect(MSI_VECTOR + 2, 1);
	CHECK_EQ(pci_read(dev, msi + 20), BIT32(5));
	pci_write(dev, msi + 16, 0);
	expect(MSI_VECTOR + 5, 1);
	CHECK_EQ(pci_read(dev, msi + 20), 0);
	pci_write16(dev, msi + 2, 0);
	expect(PIN_VECTOR, 1); /* it still asserted its pin */
	expect_nothing();
}

static void
raise_msix(u32 vector)
{
	mmio_write32((void *)(registers + TEST_MSIX), vector);
}

static void
set_entry(u32 vector, u64 address, u32 data, u32 control)
{
	u64 at = table + vector * 16;

	mmio_write32((void *)at, (u32)address);
	mmio_write32((void *)(at + 4), (u32)(address >> 32));
	mmio_write32((void *)(at + 8), data);
	mmio_write32((void *)(at + 12), control);
}

static u64
pending(void)
{
	return mmio_read64((void *)(table + TEST_PENDING));
}

static void
check_msix(void)
{
	for (u32 v = 0; v < 4; v++)
		set_entry(v, APIC_BASE | (u64)apic_id() << 12, MSIX_VECTOR + v, 0);
	raise_msix(1);
	expect_nothing();
	pci_write16(dev, msix + 2, MSIX_ON);
	for (u32 v = 0; v < 4; v++) {
		raise_msix(v);
		expect(MSIX_VECTOR + v, 1);
	}
	set_entry(1, APIC_BASE, MSIX_VECTOR + 1, MASKED);
	raise_msix(1);
	raise_msix(1);
	expect_nothing();
	CHECK_EQ(pending(), 2);
	pci_write16(dev, msix + 2, MSIX_ON | MSIX_MASK);
	set_entry(1, APIC_BASE, MSIX_VECTOR + 3, 0); /* another one, by now */
	raise_msix(0);
	expect_nothing();
	CHECK_EQ(pending(), 3);
	pci_write16(dev, msix + 2, MSIX_ON);
	expect(MSIX_VECTOR + 3, 1);
	expect(MSIX_VECTOR, 1);
	CHECK_EQ(pending(), 0);
	pci_write16(dev, PCI_COMMAND, PCI_IO | PCI_MEMORY); /* no master of the bus */
	raise_msix(2);
	expect_nothing();
	pci_write16(dev, PCI_COMMAND, PCI_IO | PCI_MEMORY | PCI_MASTER);
}

/* A message is an interrupt or nothing: not a write to RAM, nor to a device. */
static void
check_messages_elsewhere(void)
{
	static volatile u32 ram[4] __aligned(16);
	const u64 addresses[] = {(u64)ram, registers + TEST_SCRATCH, APIC_BASE - 4 * KiB * 256,
				 4 * GiB | APIC_BASE, ~3ul};

	mmio_write32((void *)(registers + TEST_SCRATCH), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(addresses); i++) {
		set_entry(0, addresses[i], MSIX_VECTOR, 0);
		raise_msix(0);
	}
	set_entry(0, APIC_BASE | 0xfe << 12, MSIX_VECTOR, 0); /* nobody's id */
	raise_msix(0);
	expect_nothing();
	CHECK_EQ(ram[0] | ram[1] | ram[2] | ram[3], 0);
	CHECK_EQ(mmio_read32((void *)(registers + TEST_SCRATCH)), 0);
	CHECK_EQ(pending(), 0);
	pci_write16(dev, msix + 2, 0);
}

GUEST("pci-interrupts")
{
	tsc_hz();
	find_device();
	apic_enable();
	trap_on(PIN_VECTOR, take_pin);
	for (u8 v = 0; v < 8; v++) {
		trap_on(MSI_VECTOR + v, take);
		trap_on(MSIX_VECTOR + v, take);
	}
	check_ioapic();
	check_pic();
	check_msi();
	check_msix();
	check_messages_elsewhere();
}
