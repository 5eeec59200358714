/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/e1000/model.c drivers/e1000/model_regs.c drivers/e1000/model_eeprom.c
// SOURCES: drivers/e1000/model_phy.c drivers/e1000/model_stats.c drivers/e1000/model_irq.c
// SOURCES: drivers/e1000/model_tx.c drivers/e1000/model_tx_frame.c drivers/e1000/model_rx.c
// SOURCES: drivers/e1000/model_rx_filter.c dev/bus.c dev/pci.c dev/pci_device.c dev/pci_firmware.c
// SOURCES: net/switch.c net/switch_admit.c net/switch_look.c net/fdb.c net/segment.c net/frame.c
// SOURCES: net/checksum.c lib/lock.c lib/error.c lib/log.c lib/format.c
/* The 82545EM's configuration space, registers, EEPROM and PHY, as drivers look at them. */
#include "tests/unit/test.h"

#include "tests/unit/fake/e1000.h"

static int
setup(void **state)
{
	return fake_nic_init();
}

static void
test_it_is_an_82545em_in_configuration_space(void **state)
{
	assert_int_equal(config(PCI_ID, 4), 0x100f8086);
	assert_int_equal(config(PCI_CLASS, 4), 0x02000001);
	assert_int_equal(config(PCI_STATUS, 2), 0x0230); /* Cap+ 66MHz+ FastB2B- medium */
	assert_int_equal(config(PCI_SUBSYSTEM, 4), 0x10008086);
	assert_int_equal(config(PCI_INTERRUPT_PIN, 1), 1);
	assert_int_equal(config(PCI_CAPABILITIES, 1), 0xdc);
	assert_int_equal(config(0xdc, 4), 0xc822e401);
	assert_int_equal(config(0xe4, 4), 0x00020007);
	assert_int_equal(config(0xe8, 4), 0x0443fff8);
}

static void
assert_sizes(u16 offset, u32 want)
{
	u32 was = config(offset, 4);

	set_config(offset, 4, ~0u);
	assert_int_equal(config(offset, 4), want);
	set_config(offset, 4, was);
}

static void
test_bars_have_the_part_s_sizes(void **state)
{
	set_config(PCI_COMMAND, 2, 0);
	assert_sizes(0x10, 0xfffe0004);
	assert_sizes(0x14, 0xffffffff);
	assert_sizes(0x18, 0xffff0004);
	assert_sizes(0x1c, 0xffffffff);
	assert_sizes(0x20, 0xffffffc1);
	assert_sizes(0x24, 0);
	assert_sizes(0x30, 0xffff0001);
}

static void
test_flash_and_rom_are_empty(void **state)
{
	assert_int_equal(fake_mmio(0xc0200000, 4), 0xffffffff);
	set_config(0x30, 4, 0xc0300001);
	assert_int_equal(fake_mmio(0xc0300000, 2), 0xffff);
	fake_mmio_write(0xc0300000, 2, 0);
	assert_int_equal(fake_mmio(0xc0300000, 2), 0xffff);
}

static void
test_e21_bar_moves_while_enabled(void **state)
{
	u64 value = 0;

	fake_nic_up();
	set_config(PCI_BAR0, 4, 0xc0800000);
	assert_false(bus_access(&fake_nic.bus, SPACE_MMIO, FAKE_NIC, 4, false, &value));
	assert_int_equal(fake_mmio(0xc0800000 + E1000_TDBAL, 4), FAKE_TX_RING);
	set_config(PCI_COMMAND, 2, 0);
	assert_false(bus_access(&fake_nic.bus, SPACE_MMIO, 0xc0800000, 4, false, &value));
}

/* As ethtool's offline test of Linux' driver: what each register keeps of patterns. */
static void
assert_pattern(u32 offset, u32 mask, u32 write)
{
	static const u32 patterns[] = {0x5a5a5a5a, 0xa5a5a5a5, 0, 0xffffffff};

	for (unsigned i = 0; i < ARRAY_SIZE(patterns); i++) {
		set_reg(offset, patterns[i] & write);
		if (reg(offset) != (patterns[i] & write & mask))
			fail_msg("register %x: %x", offset, reg(offset));
	}
}

static void
assert_set(u32 offset, u32 mask, u32 write)
{
	set_reg(offset, write & mask);
	if ((reg(offset) & mask) != (write & mask))
		fail_msg("register %x: %x", offset, reg(offset));
}

static void
test_ethtool_register_test(void **state)
{
	u32 status = reg(E1000_STATUS), toggle = 0xfffff833;

	set_reg(E1000_STATUS, toggle);
	assert_int_equal(reg(E1000_STATUS) & toggle, status & toggle);
	assert_pattern(E1000_FCAL, 0xffffffff, 0xffffffff);
	assert_pattern(E1000_FCAH, 0x0000ffff, 0xffffffff);
	assert_pattern(E1000_FCT, 0x0000ffff, 0xffffffff);
	assert_pattern(E1000_VET, 0x0000ffff, 0xffffffff);
	assert_pattern(E1000_RDTR, 0x0000ffff, 0xffffffff);
	assert_pattern(E1000_RDBAH, 0xffffffff, 0xffffffff);
	assert_pattern(E1000_RDLEN, 0x000fff80, 0x000fffff);
	assert_pattern(E1000_RDH, 0x0000ffff, 0x0000ffff);
	assert_pattern(E1000_RDT, 0x0000ffff, 0x0000ffff);
	assert_pattern(E1000_FCRTH, 0x0000fff8, 0x0000fff8);
	assert_pattern(E1000_FCTTV, 0x0000ffff, 0x0000ffff);
	assert_pattern(E1000_TIPG, 0x3fffffff, 0x3fffffff);
	assert_pattern(E1000_TDBAH, 0xffffffff, 0xffffffff);
	assert_pattern(E1000_TDLEN, 0x000fff80, 0x000fffff);
	assert_set(E1000_RCTL, 0xffffffff, 0);
	assert_set(E1000_RCTL, 0x06dfb3fe, 0x003ffffb);
	assert_set(E1000_TCTL, 0xffffffff, 0);
	assert_set(E1000_RCTL, 0x06dfb3fe, 0xffffffff);
	assert_pattern(E1000_RDBAL, 0xfffffff0, 0xffffffff);
	assert_pattern(E1000_TXCW, 0xc000ffff, 0x0000ffff);
	assert_pattern(E1000_TDBAL, 0xfffffff0, 0xffffffff);
	assert_pattern(E1000_TIDV, 0x0000ffff, 0x0000ffff);
	for (u32 i = 0; i < 16; i++) {
		assert_pattern(E1000_RA + 8 * i, 0xffffffff, 0xffffffff);
		assert_pattern(E1000_RA + 8 * i + 4, 0x8003ffff, 0xffffffff);
	}
	for (u32 i = 0; i < 128; i++) {
		assert_pattern(E1000_MTA + 4 * i, 0xffffffff, 0xffffffff);
		assert_pattern(E1000_VFTA + 4 * i, 0xffffffff, 0xffffffff);
	}
}

static void
test_reset_brings_registers_back(void **state)
{
	set_reg(E1000_VET, 0x1234);
	set_reg(E1000_RA, 0);
	set_reg(E1000_MTA, 5);
	set_reg(E1000_CTRL, reg(E1000_CTRL) | E1000_CTRL_RST);
	assert_int_equal(reg(E1000_CTRL) & E1000_CTRL_RST, 0);
	assert_int_equal(reg(E1000_VET), 0x8100);
	assert_int_equal(reg(E1000_MTA), 0);
	assert_int_equal(reg(E1000_RA), 0x00005452);
	assert_int_equal(reg(E1000_RA + 4), 0x80000900);
	assert_int_equal(reg(E1000_PBA), 0x00100030);
	assert_int_equal(reg(E1000_STATUS) & 0xff, 0x83);
}

static void
test_e17_narrow_wide_and_unaligned_accesses(void **state)
{
	set_reg(E1000_FCAL, 0x12345678);
	set_reg(E1000_FCAH, 0x9abc);
	assert_int_equal(fake_mmio(FAKE_NIC + E1000_FCAL, 1), 0x78);
	assert_int_equal(fake_mmio(FAKE_NIC + E1000_FCAL + 2, 2), 0x1234);
	assert_int_equal(fake_mmio(FAKE_NIC + E1000_FCAL + 3, 4), 0x12);
	assert_int_equal(fake_mmio(FAKE_NIC + E1000_FCAL, 8), 0x00009abc12345678);
	fake_mmio_write(FAKE_NIC + E1000_FCAL, 1, 0);
	fake_mmio_write(FAKE_NIC + E1000_FCAL + 2, 2, 0);
	fake_mmio_write(FAKE_NIC + E1000_FCAL + 1, 4, 0);
	assert_int_equal(reg(E1000_FCAL), 0x12345678);
	fake_mmio_write(FAKE_NIC + E1000_FCAL, 8, 0x0000111122223333);
	assert_int_equal(reg(E1000_FCAL), 0x22223333);
	assert_int_equal(reg(E1000_FCAH), 0x1111);
	for (u32 at = 0; at < E1000_REGS_LEN - 8; at += 3) {
		(void)fake_mmio(FAKE_NIC + at, (u8)(1u << at % 4));
		if (at < E1000_EECD || at > E1000_MDIC)
			fake_mmio_write(FAKE_NIC + at, (u8)(1u << at % 4), 0xffffffffffffffff);
	}
	assert_int_equal(reg(0x1fff0), 0);
	assert_int_equal(fake_mmio(FAKE_NIC + 0x1fffc, 4), 0);
}

static void
io_write(u16 port, u32 value)
{
	(void)bus_port(&fake_nic.bus, (u16)(FAKE_NIC_PORTS + port), 4, true, value);
}

static u32
io_read(u16 port, u8 size)
{
	return bus_port(&fake_nic.bus, (u16)(FAKE_NIC_PORTS + port), size, false, 0);
}

static void
test_e17_io_bar_reaches_all_registers(void **state)
{
	io_write(E1000_IOADDR, E1000_VFTA + 8);
	assert_int_equal(io_read(E1000_IOADDR, 4), E1000_VFTA + 8);
	io_write(E1000_IODATA, 0xabcd0123);
	assert_int_equal(reg(E1000_VFTA + 8), 0xabcd0123);
	assert_int_equal(io_read(E1000_IODATA, 4), 0xabcd0123);
	for (u32 i = 0; i < 32; i++) {
		io_write(E1000_IOADDR, 1u << i);
		(void)io_read(E1000_IODATA, 4);
		(void)io_read((u16)i, 1);
		io_write(E1000_IOADDR, E1000_REGS_LEN + (1u << i));
		io_write(E1000_IODATA, 0);
		assert_int_equal(io_read(E1000_IODATA, 4), ~0u);
	}
	io_write(E1000_IOADDR, 0xffffffff);
	assert_int_equal(io_read(E1000_IODATA, 4), ~0u);
	assert_int_equal(io_read(8, 4), 0);
}

static void
test_e18_eerd_reads_every_address(void **state)
{
	u16 sum = 0;

	for (u32 address = 0; address < 256; address++) {
		u32 value;

		set_reg(E1000_EERD, address << 8 | E1000_EERD_START);
		value = reg(E1000_EERD);
		assert_int_equal(value & 0xff1f, address << 8 | E1000_EERD_DONE);
		if (address < 64)
			sum = (u16)(sum + (value >> 16));
		else
			assert_int_equal(value >> 16, 0xffff);
	}
	assert_int_equal(sum, 0xbaba);
}

/* The pins, as drivers move them. */
static void
eecd(u32 bits)
{
	set_reg(E1000_EECD, E1000_EECD_REQ | bits);
}

static void
shift_out(u32 value, unsigned count)
{
	while (count-- > 0) {
		u32 bits = E1000_EECD_CS | (value >> count & 1 ? E1000_EECD_DI : 0);

		eecd(bits);
		eecd(bits | E1000_EECD_SK);
		eecd(bits);
	}
}

static u16
shift_in(void)
{
	u32 value = 0;

	for (unsigned i = 0; i < 16; i++) {
		eecd(E1000_EECD_CS | E1000_EECD_SK);
		value = value << 1 | ((reg(E1000_EECD) & E1000_EECD_DO) != 0);
		eecd(E1000_EECD_CS);
	}
	return (u16)value;
}

static u16
microwire_read(u32 address)
{
	u16 value;

	eecd(0);
	eecd(E1000_EECD_CS);
	shift_out(6, 3);
	shift_out(address, 6);
	value = shift_in();
	eecd(0);
	return value;
}

static void
microwire_write(u32 address, u16 value)
{
	eecd(E1000_EECD_CS);
	shift_out(5, 3);
	shift_out(address, 6);
	shift_out(value, 16);
	eecd(0);
	eecd(E1000_EECD_CS);
	assert_true(reg(E1000_EECD) & E1000_EECD_DO); /* ready */
	eecd(0);
}

static void
test_e18_eeprom_by_its_pins(void **state)
{
	u16 sum = 0;

	eecd(0);
	assert_true(reg(E1000_EECD) & E1000_EECD_GNT);
	assert_true(reg(E1000_EECD) & E1000_EECD_PRES);
	assert_int_equal(reg(E1000_EECD) & E1000_EECD_SIZE, 0);
	for (u32 i = 0; i < 64; i++)
		sum = (u16)(sum + microwire_read(i));
	assert_int_equal(sum, 0xbaba);
	assert_int_equal(microwire_read(0), 0x5452);
	assert_int_equal(microwire_read(2), 0x0900);
	assert_int_equal(microwire_read(0x0d), 0x100f);
	/* Clocked on, the next word comes. */
	eecd(E1000_EECD_CS);
	shift_out(6, 3);
	shift_out(63, 6);
	(void)shift_in();
	assert_int_equal(shift_in(), 0x5452);
	eecd(0);
	set_reg(E1000_EECD, 0);
	assert_int_equal(reg(E1000_EECD) & E1000_EECD_GNT, 0);
}

static void
test_e18_writes_want_the_enable_command(void **state)
{
	microwire_write(5, 0x1234);
	assert_int_equal(microwire_read(5), 0xffff);
	eecd(E1000_EECD_CS);
	shift_out(4, 3);
	shift_out(0x30, 6);
	eecd(0);
	microwire_write(5, 0x1234);
	assert_int_equal(microwire_read(5), 0x1234);
	fake_nic.e.pci.dev.reset(&fake_nic.e.pci.dev);
	set_reg(E1000_EERD, 5 << 8 | E1000_EERD_START);
	assert_int_equal(reg(E1000_EERD) >> 16, 0x1234);
	eecd(E1000_EECD_CS);
	shift_out(4, 3);
	shift_out(0x00, 6);
	eecd(0);
	microwire_write(5, 0);
	assert_int_equal(microwire_read(5), 0x1234);
}

static u32
mdic(u32 op, u32 phy, u32 number, u16 data)
{
	set_reg(E1000_MDIC, op << 26 | phy << 21 | number << 16 | data);
	assert_true(reg(E1000_MDIC) & E1000_MDIC_READY);
	return reg(E1000_MDIC);
}

static u16
phy_read(u32 number)
{
	u32 value = mdic(E1000_MDIC_OP_READ, 1, number, 0);

	assert_false(value & E1000_MDIC_ERROR);
	return (u16)value;
}

static void
phy_write(u32 number, u16 value)
{
	assert_false(mdic(E1000_MDIC_OP_WRITE, 1, number, value) & E1000_MDIC_ERROR);
}

static void
test_phy_is_the_one_that_drivers_know(void **state)
{
	assert_int_equal(phy_read(PHY_ID1), 0x0141);
	assert_int_equal(phy_read(PHY_ID2) & 0xfff0, 0x0c20);
	assert_int_equal(phy_read(PHY_STATUS), 0x796d);
	assert_int_equal(phy_read(M88_SPEC_STATUS) & 0xec00, 0xac00);
	phy_write(PHY_CTRL, 0x9140);
	assert_int_equal(phy_read(PHY_CTRL), 0x1140);
	phy_write(PHY_CTRL, 0x1340);
	assert_int_equal(phy_read(PHY_CTRL), 0x1140);
	assert_int_equal(phy_read(PHY_STATUS) & 0x24, 0x24);
	phy_write(PHY_CTRL, 0x8140);
	phy_write(PHY_CTRL, 0x4140);
	assert_int_equal(phy_read(PHY_CTRL), 0x4140);
	phy_write(PHY_ID1, 0);
	assert_int_equal(phy_read(PHY_ID1), 0x0141);
}

static void
test_e19_mdic_errors(void **state)
{
	for (u32 phy = 0; phy < 32; phy++) {
		u32 value = mdic(E1000_MDIC_OP_READ, phy, PHY_ID1, 0);

		assert_int_equal((value & E1000_MDIC_ERROR) == 0, phy == 1);
	}
	assert_true(mdic(E1000_MDIC_OP_READ, 1, 31, 0) & E1000_MDIC_ERROR);
	assert_true(mdic(E1000_MDIC_OP_WRITE, 1, 12, 0) & E1000_MDIC_ERROR);
	assert_true(mdic(0, 1, 1, 0) & E1000_MDIC_ERROR);
	assert_true(mdic(3, 1, 1, 0) & E1000_MDIC_ERROR);
	(void)reg(E1000_ICR);
	set_reg(E1000_MDIC, E1000_MDIC_INTERRUPT | 2u << 26 | 1u << 21);
	assert_int_equal(reg(E1000_ICR), E1000_INT_MDAC);
}

static void
test_link_changes_are_seen(void **state)
{
	set_reg(E1000_IMS, E1000_INT_LSC);
	assert_true(reg(E1000_STATUS) & E1000_STATUS_LU);
	assert_false(pin());
	e1000_set_link(&fake_nic.e, false);
	assert_true(pin());
	assert_int_equal(reg(E1000_ICR), E1000_INT_LSC);
	assert_false(reg(E1000_STATUS) & E1000_STATUS_LU);
	e1000_set_link(&fake_nic.e, true);
	e1000_set_link(&fake_nic.e, true);
	assert_int_equal(reg(E1000_ICR), E1000_INT_LSC);
	assert_int_equal(phy_read(PHY_STATUS) & 4, 0); /* it was lost since */
	assert_int_equal(phy_read(PHY_STATUS) & 4, 4);
	phy_write(PHY_CTRL, 0x1940);
	assert_false(reg(E1000_STATUS) & E1000_STATUS_LU);
	set_reg(E1000_CTRL, reg(E1000_CTRL) | E1000_CTRL_PHY_RST);
	assert_int_equal(reg(E1000_CTRL) & E1000_CTRL_PHY_RST, 0);
	assert_true(reg(E1000_STATUS) & E1000_STATUS_LU);
}

static void
test_speed_may_be_forced(void **state)
{
	set_reg(E1000_CTRL, E1000_CTRL_SLU | E1000_CTRL_FRCSPD | E1000_CTRL_FRCDPX |
				    (u32)FIELD_PREP(E1000_CTRL_SPEED, 1));
	assert_int_equal(FIELD_GET(E1000_STATUS_SPEED, reg(E1000_STATUS)), 1);
	assert_false(reg(E1000_STATUS) & E1000_STATUS_FD);
}

static void
test_asleep_it_does_not_answer_and_wakes_up_reset(void **state)
{
	set_reg(E1000_VET, 0x1111);
	set_config(0xe0, 2, 3);
	assert_int_equal(reg(E1000_VET), 0xffffffff);
	set_reg(E1000_FCT, 0x2222);
	set_config(0xe0, 2, 0);
	assert_int_equal(reg(E1000_VET), 0x8100);
	assert_int_equal(reg(E1000_FCT), 0);
	set_config(0xe6, 1, 0);
	assert_int_equal(config(0xe6, 1), 0);
}

static void
test_old_places_of_registers(void **state)
{
	set_reg(0x0438, 0x123);
	assert_int_equal(reg(E1000_TDT), 0x123);
	set_reg(0x0040, 0x11223344);
	assert_int_equal(reg(E1000_RA), 0x11223344);
	set_reg(0x07fc, 7);
	assert_int_equal(reg(E1000_VFTA + 0x1fc), 7);
	set_reg(0x0114, 9);
	assert_int_equal(reg(E1000_RDBAH), 9);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_it_is_an_82545em_in_configuration_space, setup),
		cmocka_unit_test_setup(test_bars_have_the_part_s_sizes, setup),
		cmocka_unit_test_setup(test_flash_and_rom_are_empty, setup),
		cmocka_unit_test_setup(test_e21_bar_moves_while_enabled, setup),
		cmocka_unit_test_setup(test_ethtool_register_test, setup),
		cmocka_unit_test_setup(test_reset_brings_registers_back, setup),
		cmocka_unit_test_setup(test_e17_narrow_wide_and_unaligned_accesses, setup),
		cmocka_unit_test_setup(test_e17_io_bar_reaches_all_registers, setup),
		cmocka_unit_test_setup(test_e18_eerd_reads_every_address, setup),
		cmocka_unit_test_setup(test_e18_eeprom_by_its_pins, setup),
		cmocka_unit_test_setup(test_e18_writes_want_the_enable_command, setup),
		cmocka_unit_test_setup(test_phy_is_the_one_that_drivers_know, setup),
		cmocka_unit_test_setup(test_e19_mdic_errors, setup),
		cmocka_unit_test_setup(test_link_changes_are_seen, setup),
		cmocka_unit_test_setup(test_speed_may_be_forced, setup),
		cmocka_unit_test_setup(test_asleep_it_does_not_answer_and_wakes_up_reset, setup),
		cmocka_unit_test_setup(test_old_places_of_registers, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
