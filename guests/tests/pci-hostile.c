/* SPDX-License-Identifier: MIT */
/*
 * What no driver does to a base address register: strings, locked and torn accesses, code, a stack
 * and page tables there; any bytes at all in configuration space; messages of any kind.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/pci.h"
#include "guests/lib/random.h"
#include "guests/lib/time.h"

enum { ROUNDS = 3000, MSIX_ON = 0x8000, BAR_SIZE = 4096, STRING = 64, VECTORS = 256 };

#define ECAM   0xe0000000ul
#define NOBODY 0xffffffffu

static u32 dev;
static u64 home, table;
static u16 ports;

static volatile u32 *
scratch(u64 offset)
{
	return (volatile u32 *)(home + TEST_SCRATCH + offset);
}

static void
move_string(u64 to, u64 from, u64 count)
{
	__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
}

/* Into the BAR, within it, and out of it. */
static void
check_strings(void)
{
	static u8 there[STRING], back[STRING];

	for (u8 i = 0; i < STRING; i++)
		there[i] = (u8)(i * 7 + 1);
	move_string((u64)scratch(0), (u64)there, STRING);
	move_string((u64)scratch(STRING), (u64)scratch(0), STRING);
	move_string((u64)back, (u64)scratch(STRING), STRING);
	CHECK(memcmp(there, back, STRING) == 0);
}

/* A string goes to one port: the last dword stays. */
static void
check_port_strings(void)
{
	static u32 words[4] = {1, 2, 3, 0x12345678};
	u64 from = (u64)words, to = (u64)words, count = ARRAY_SIZE(words);
	u16 port = ports + TEST_SCRATCH;

	__asm__ volatile("rep outsl" : "+S"(from), "+c"(count) : "d"(port) : "memory");
	CHECK_EQ(*scratch(0), 0x12345678);
	count = ARRAY_SIZE(words);
	__asm__ volatile("rep insl" : "+D"(to), "+c"(count) : "d"(port) : "memory");
	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		CHECK_EQ(words[i], 0x12345678);
	CHECK_EQ(in32(ports + 62), NOBODY); /* across its end */
}

static void
check_locked(void)
{
	*scratch(0) = 5;
	__asm__ volatile("lock addl $3, %0" : "+m"(*scratch(0)));
	CHECK_EQ(*scratch(0), 8);
	CHECK_EQ(__atomic_exchange_n(scratch(0), 12, __ATOMIC_SEQ_CST), 8);
	CHECK_EQ(*scratch(0), 12);
}

/* Torn between two BARs, and beyond them; unaligned inside. */
static void
check_edges(void)
{
	volatile u64 *first = (u64 *)(home + BAR_SIZE - 4), *last = (u64 *)(table + BAR_SIZE - 4);

	CHECK_EQ(home + BAR_SIZE, table);
	for (unsigned i = 0; i < 8; i++) {
		volatile u64 *odd = (u64 *)((u64)scratch(0) + i);

		*odd = 0x1122334455667788 + i;
		CHECK_EQ(*odd, 0x1122334455667788 + i);
	}
	*first = 0;
	*last = 0;
	(void)*first;
	CHECK_EQ(*last >> 32, NOBODY);
	CHECK_EQ(*(u32 *)table, 0);
}

static volatile u32 taken;

static void
take(struct trap *trap)
{
	(void)trap;
	taken++;
	apic_eoi();
}

/* Any bytes in its configuration space, by both ways, in all sizes. */
static void
check_configuration(void)
{
	for (u32 n = 0; n < ROUNDS; n++) {
		u64 random = random_64(), value = random_64();
		u64 at = ECAM | dev << 12 | (random & 0xff);

		switch (random >> 8 & 7) {
		case 0: *(volatile u8 *)at = (u8)value; break;
		case 1: *(volatile u16 *)at = (u16)value; break;
		case 2: *(volatile u32 *)at = (u32)value; break;
		case 3: *(volatile u64 *)at = value; break;
		case 4: pci_write8(dev, random & 0xff, (u8)value); break;
		default: pci_write(dev, random & 0xfc, (u32)value); break;
		}
		(void)*(volatile u64 *)at;
	}
	CHECK_EQ(pci_read(dev, PCI_ID), TEST_ID);
}

/* As firmware left it. */
static void
restore(void)
{
	pci_write(dev, pci_capability(dev, PCI_CAP_MSI), 0);
	pci_write(dev, pci_capability(dev, PCI_CAP_MSIX), 0);
	pci_write(dev, PCI_BAR, (u32)home);
	pci_write(dev, PCI_BAR + 4, (u32)(home >> 32));
	pci_write(dev, PCI_BAR + 8, ports);
	pci_write(dev, PCI_BAR + 16, (u32)table);
	pci_write16(dev, PCI_COMMAND, PCI_IO | PCI_MEMORY | PCI_MASTER);
	CHECK_EQ(*(volatile u32 *)home, TEST_ID);
	CHECK_EQ(in32(ports), TEST_ID);
}

/* Any message but INIT, which would end us, and those at vectors that exceptions have; NMIs too. */
static void
check_messages(void)
{
	volatile u32 *entry = (u32 *)table, *raise = (u32 *)(home + TEST_MSIX);

	for (unsigned v = 0x20; v < VECTORS - 1; v++)
		trap_on((u8)v, take);
	trap_on(NMI, take);
	pci_write16(dev, pci_capability(dev, PCI_CAP_MSIX) + 2, MSIX_ON);
	__asm__ volatile("sti");
	for (u32 n = 0; n < ROUNDS; n++) {
		u64 random = random_64();
		u32 data = (u32)random, vector = random_64() & 0xff;
		u32 delivery = data >> 8 & 7;

		if (delivery == 5 || delivery == 7 || vector < 0x20 || vector == VECTORS - 1)
			continue;
		entry[0] = (u32)(random >> 32);
		if ((random & 1) != 0)
			entry[0] = 0xfee00000 | (entry[0] & ((random & 2) != 0 ? 0xfff : 0xfffff));
		entry[1] = random_below(4) == 0 ? (u32)random_64() : 0;
		entry[2] = (data & ~0xffu) | vector;
		entry[3] = (u32)random >> 2 & 1;
		*raise = random_below(8) == 0 ? (u32)random_64() : 0;
	}
	__asm__ volatile("cli");
	CHECK(taken > 0);
	pci_write16(dev, pci_capability(dev, PCI_CAP_MSIX) + 2, 0);
}

static void
check_accesses(void)
{
	apic_enable();
	restore();
	check_strings();
	check_port_strings();
	check_locked();
	check_edges();
	check_messages();
	check_configuration();
	restore();
}

GUEST("pci-hostile")
{
	tsc_hz();
	random_seed(option("seed", 1));
	dev = pci_test_function();
	home = pci_memory_bar(dev, 0);
	table = pci_memory_bar(dev, 4);
	ports = pci_port_bar(dev, 2);
	switch (option("case", 1)) {
	case 1: check_accesses(); return;
	case 2: __asm__ volatile("jmp *%0" : : "r"(home)); break;
	case 3: __asm__ volatile("movq %0, %%rsp; ud2" : : "r"(home + 0x100)); break;
	case 4: write_cr3(home); break;
	default: break;
	}
	guest_fail("it goes on");
}
