/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/e1000/model.c drivers/e1000/model_regs.c drivers/e1000/model_eeprom.c
// SOURCES: drivers/e1000/model_phy.c drivers/e1000/model_stats.c drivers/e1000/model_irq.c
// SOURCES: drivers/e1000/model_tx.c drivers/e1000/model_tx_frame.c drivers/e1000/model_rx.c
// SOURCES: drivers/e1000/model_rx_filter.c dev/bus.c dev/pci.c dev/pci_device.c dev/pci_firmware.c
// SOURCES: net/switch.c net/switch_admit.c net/switch_look.c net/fdb.c net/segment.c net/frame.c
// SOURCES: net/checksum.c lib/lock.c lib/error.c lib/log.c lib/format.c
/*
 * Rings and buffers may only ever be the guest's own RAM: never a BAR, its own or another's, never
 * another VM's RAM, nothing in between. What is not RAM is never read, so nothing is sent, and
 * never written, so nothing is received and no byte changes.
 */
#include "tests/unit/test.h"

#include "include/intrin.h"
#include "tests/unit/fake/e1000_hostile.h"

enum { OTHER_NIC = 0xc0300000, OTHER_FLASH = 0xc0400000, OTHER_PORTS = 0xd000 };

static struct e1000 other;
static u8 *kept; /* what a VM's RAM was */

static void
keep(void)
{
	struct guest_memory *m = &fake_nic.memory;

	kept = malloc(m->size);
	memcpy(kept, m->low, FAKE_SEAM);
	memcpy(kept + FAKE_SEAM, m->high, m->size - FAKE_SEAM);
}

/* But for the transmit ring, where it says DD of what it didn't send. */
static void
assert_kept(void)
{
	struct guest_memory *m = &fake_nic.memory;

	memcpy(kept + FAKE_TX_RING, m->low + FAKE_TX_RING, 16 * FAKE_RING);
	assert_true(memcmp(kept, m->low, FAKE_SEAM) == 0);
	assert_true(memcmp(kept + FAKE_SEAM, m->high, m->size - FAKE_SEAM) == 0);
	free(kept);
}

static void
set_rings(u64 tx, u64 rx)
{
	set_reg(E1000_TCTL, 0);
	set_reg(E1000_TDBAL, (u32)tx);
	set_reg(E1000_TDBAH, (u32)(tx >> 32));
	set_reg(E1000_TDH, 0);
	set_reg(E1000_TDT, 0);
	set_reg(E1000_RDBAL, (u32)rx);
	set_reg(E1000_RDBAH, (u32)(rx >> 32));
	set_reg(E1000_RDH, 0);
	set_reg(E1000_RDT, FAKE_RING - 1);
	set_reg(E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP);
	fake_nic.tdt = 0;
}

static void
assert_missed(u32 len)
{
	u32 head = reg(E1000_RDH);

	(void)reg(E1000_MPC);
	fake_ethernet(bytes, (int)(9 + fake_vm), 0);
	fake_send_bytes(0, bytes, len);
	assert_int_equal(reg(E1000_RDH), head);
	assert_int_equal(reg(E1000_MPC), 1);
}

/* A whole packet there, of each kind of descriptor; its beginning, its end; headers to be cut. */
static void
send_from(u64 at)
{
	struct e1000_tx_context c = {.ipcss = 14,
				     .tucss = 34,
				     .command = CONTEXT | E1000_TXD_TSE | E1000_TXD_TUCMD_TCP |
						E1000_TXD_TUCMD_IP,
				     .header_len = 54,
				     .mss = 1000};

	fake_ethernet(fake_ram(FAKE_TX_BUFFERS), 0, 9 + fake_vm);
	put_desc(at, 60 | FAKE_TX_LAST, 0);
	put_desc(at, DATA | 60 | FAKE_TX_LAST, 0);
	put_desc(at, 30, 0);
	put_desc(FAKE_TX_BUFFERS, 30 | FAKE_TX_LAST, 0);
	put_desc(FAKE_TX_BUFFERS, DATA | 30, 0);
	put_desc(at, DATA | 1 | FAKE_TX_LAST, 0);
	memcpy(tx_desc(put_desc(0, 0, 0)), &c, sizeof(c));
	put_desc(at, DATA | 54 | E1000_TXD_TSE, 0x300);
	put_desc(FAKE_TX_BUFFERS, DATA | 2000 | E1000_TXD_TSE | FAKE_TX_LAST, 0x300);
	ring_doorbell();
	assert_int_equal(reg(E1000_TDH), fake_nic.tdt);
}

/* Nothing of any kind is sent from there or received to there; nothing of the VM's RAM changes. */
static void
assert_no_place(u64 at)
{
	u32 given = peer->given;

	fake_nic_up();
	fake_ethernet(fake_ram(FAKE_TX_BUFFERS), 0, 9 + fake_vm);
	rx_desc(0)->address = at;
	keep();
	set_rings(FAKE_TX_RING, FAKE_RX_RING);
	send_from(at);
	assert_missed(60);
	assert_missed(1514);
	rx_desc(0)->address = fake_rx_buffer(0);
	memcpy(kept + FAKE_RX_RING, rx_desc(0), 16);
	rx_desc(1)->address = at; /* all of it or nothing */
	memcpy(kept + FAKE_RX_RING + 16, rx_desc(1), 16);
	set_reg(E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_BAM | E1000_RCTL_LPE);
	assert_missed(4000);
	set_rings(at, at);
	set_reg(E1000_TDT, 1);
	set_reg(E1000_TDT, FAKE_RING - 1);
	set_reg(E1000_TDT, 0);
	assert_missed(60);
	assert_int_equal(peer->given, given);
	assert_false(fake_nic.e.tx.busy || fake_nic.e.tx.kicked);
	assert_kept();
}

static void
buffers_only_in_guest_ram_not_beyond_it(void **state)
{
	for (u64 at = FAKE_RAM; at < 1ul << 52; at *= 2)
		assert_no_place(at);
	assert_no_place(0xffffffff0);
	assert_no_place(~0ul << 4);
	assert_no_place(1ul << 63);
	/* What a sum of address and length or of ring and index would bring round to 0. */
	assert_no_place(0ul - 16 * (FAKE_RING - 1));
	assert_no_place(0ul - 2048);
}

static void
buffers_only_in_guest_ram_not_in_the_hole_or_rom(void **state)
{
	static const u64 places[] = {GUEST_LOW_END, GUEST_LOW_END + 0x1000, 0xa0000, 0xb8000,
				     GUEST_ROM_BASE - 0x1000};

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++)
		assert_no_place(places[i]);
	assert_no_place(0xfec00000); /* I/O APIC, HPET, local APIC, the flash's end */
	assert_no_place(0xfed00000);
	assert_no_place(0xfee00000);
	assert_no_place(0xfffffff0);
}

static void
buffers_never_in_a_bar_of_its_own(void **state)
{
	for (u64 at = 0; at < E1000_REGS_LEN; at += 0x400)
		assert_no_place(FAKE_NIC + at);
	assert_no_place(FAKE_NIC + E1000_TDT - 8);
	assert_no_place(FAKE_NIC + E1000_RDT - 8);
	assert_no_place(0xc0200000); /* flash */
	set_config(0x30, 4, 0xc0500001);
	assert_no_place(0xc0500000); /* expansion ROM */
	assert_no_place(PCI_ECAM_BASE);
	assert_no_place(PCI_ECAM_BASE + (FAKE_NIC_DEVFN << 12));
	assert_int_equal(config(PCI_BAR0, 4) & ~0xfu, FAKE_NIC);
	assert_int_equal(reg(E1000_RDLEN), 16 * FAKE_RING);
}

static u32
other_reg(u32 offset)
{
	return (u32)fake_mmio(OTHER_NIC + offset, 4);
}

static void
buffers_never_in_a_bar_of_another_device(void **state)
{
	struct e1000_config c = fake_nic.e.config;
	const u64 ecam = PCI_ECAM_BASE + (4 << 15);
	u32 tdt;

	c.devfn = 4 << 3;
	e1000_init(&other, &c);
	assert_int_equal(e1000_attach(&other, &fake_nic.host), 0);
	fake_mmio_write(ecam + PCI_BAR0, 4, OTHER_NIC);
	fake_mmio_write(ecam + PCI_BAR0 + 8, 4, OTHER_FLASH);
	fake_mmio_write(ecam + PCI_BAR0 + 16, 4, OTHER_PORTS);
	fake_mmio_write(ecam + PCI_COMMAND, 2, 7);
	tdt = other_reg(E1000_TDT);
	for (u64 at = 0; at < 0x6000; at += 0x400)
		assert_no_place(OTHER_NIC + at);
	assert_no_place(OTHER_NIC + E1000_TDT);
	assert_no_place(OTHER_NIC + E1000_RA);
	assert_no_place(OTHER_FLASH);
	assert_int_equal(other_reg(E1000_TDT), tdt);
	assert_int_equal(other_reg(E1000_RCTL), 0);
	assert_int_equal(other_reg(E1000_RA), reg(E1000_RA));
}

/* Two VMs, the second with more RAM, full of what nobody may read or write. */
static void
two_vms(void)
{
	setup(NULL);
	fake_vm = 1;
	fake_vm_init();
	memset(fake_nic.memory.low, 0x77, FAKE_SEAM);
	memset(fake_nic.memory.high, 0x77, FAKE_RAM_OTHER - FAKE_SEAM);
	keep();
	fake_vm = 0;
}

/* As if the other VM's rings were there, and a frame of its own, ready to be sent. */
static void
bait(u64 at)
{
	struct e1000_tx_desc d = {at + 0x1000, 60 | FAKE_TX_LAST, 0};

	fake_vm = 1;
	free(kept);
	for (u32 i = 0; i < FAKE_RING; i++)
		assert_int_equal(guest_write(&fake_nic.memory, GPA(at + 16 * i), &d, sizeof(d)), 0);
	fake_ethernet(bytes, 0, 9);
	assert_int_equal(guest_write(&fake_nic.memory, GPA(at + 0x1000), bytes, 60), 0);
	keep();
	fake_vm = 0;
}

static void
buffers_never_in_another_vm(void **state)
{
	u8 *others;

	two_vms();
	for (u64 at = FAKE_RAM; at < FAKE_RAM_OTHER; at += 0x80000) {
		bait(at);
		others = kept;
		assert_no_place(at);
		kept = others;
	}
	others = kept;
	assert_no_place(FAKE_RAM_OTHER - 2048);
	fake_vm = 1;
	kept = others;
	assert_kept();
	/* Where the other has RAM it is the other's own to use. */
	fake_nic_up();
	set_rings(FAKE_RAM, FAKE_RAM + 0x1000);
	for (u32 i = 0; i < FAKE_RING; i++) {
		struct e1000_rx_desc d = {.address = FAKE_RAM + 0x10000 + 0x1000ul * i};

		assert_int_equal(guest_write(&fake_nic.memory, GPA(FAKE_RAM + 0x1000 + 16 * i), &d,
					     16),
				 0);
	}
	fake_vm = 0;
	keep();
	fake_vm = 1;
	fake_ethernet(bytes, 10, 0);
	fake_send_bytes(0, bytes, 60);
	assert_int_equal(reg(E1000_RDH), 1);
	assert_memory_equal(fake_ram(FAKE_RAM + 0x10000), bytes, 60);
	/* And what both have at one address is two. */
	fake_nic_up();
	set_rings(FAKE_TX_RING, FAKE_RX_RING);
	fake_send_bytes(0, bytes, 1514);
	assert_int_equal(reg(E1000_RDH), 1);
	put_packet(fake_ethernet(bytes, 0, 10), 60);
	ring_doorbell();
	assert_int_equal(reg(E1000_TDH), 1);
	switch_detach(e1000_port(&fake_nic.e));
	fake_vm = 0;
	assert_kept();
}

#define foreign(test) cmocka_unit_test_setup_teardown(test, setup, works_still)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		foreign(buffers_only_in_guest_ram_not_beyond_it),
		foreign(buffers_only_in_guest_ram_not_in_the_hole_or_rom),
		foreign(buffers_never_in_a_bar_of_its_own),
		foreign(buffers_never_in_a_bar_of_another_device),
		foreign(buffers_never_in_another_vm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
