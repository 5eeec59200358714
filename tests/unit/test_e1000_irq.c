/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/e1000/model.c drivers/e1000/model_regs.c drivers/e1000/model_eeprom.c
// SOURCES: drivers/e1000/model_phy.c drivers/e1000/model_stats.c drivers/e1000/model_irq.c
// SOURCES: drivers/e1000/model_tx.c drivers/e1000/model_tx_frame.c drivers/e1000/model_rx.c
// SOURCES: drivers/e1000/model_rx_filter.c dev/bus.c dev/pci.c dev/pci_device.c dev/pci_firmware.c
// SOURCES: net/switch.c net/switch_admit.c net/switch_look.c net/fdb.c net/segment.c net/frame.c
// SOURCES: net/checksum.c lib/lock.c lib/error.c lib/log.c lib/format.c
/* The 82545EM interrupts: causes and masks, ITR, and the delays after frames. */
#include "tests/unit/test.h"

#include "tests/unit/fake/e1000.h"

enum { US = 1000 };

static u8 bytes[2048];

static int
setup(void **state)
{
	fake_nic_init();
	fake_nic_up();
	(void)reg(E1000_ICR);
	return 0;
}

static void
frame_comes(void)
{
	give(NULL, bytes, 60);
	set_reg(E1000_RDT, (reg(E1000_RDH) + FAKE_RING - 1) % FAKE_RING);
}

static u64
edges(void)
{
	return fake_nic.pins[3].edges;
}

static void
test_e20_read_clears_and_write_clears(void **state)
{
	set_reg(E1000_ICS, E1000_INT_LSC | E1000_INT_RXT0);
	assert_false(pin());
	assert_int_equal(reg(E1000_ICS), E1000_INT_LSC | E1000_INT_RXT0);
	set_reg(E1000_ICR, E1000_INT_LSC);
	assert_int_equal(reg(E1000_ICR), E1000_INT_RXT0);
	assert_int_equal(reg(E1000_ICR), 0);
	set_reg(E1000_IMS, E1000_INT_RXT0);
	set_reg(E1000_IMS, E1000_INT_LSC);
	assert_int_equal(reg(E1000_IMS), E1000_INT_LSC | E1000_INT_RXT0);
	assert_int_equal(reg(E1000_IMC), 0);
	set_reg(E1000_ICS, E1000_INT_RXT0);
	assert_true(pin());
	set_reg(E1000_IMC, E1000_INT_RXT0);
	assert_false(pin());
	set_reg(E1000_IMS, E1000_INT_RXT0);
	assert_true(pin());
	set_reg(E1000_ICR, E1000_INT_RXT0);
	assert_false(pin());
	set_reg(E1000_ICS, ~0u);
	assert_int_equal(reg(E1000_ICR), 0x1ffff);
	assert_false(pin());
	assert_int_equal(config(PCI_STATUS, 2) & 8, 0);
	set_reg(E1000_ICS, E1000_INT_LSC);
	assert_int_equal(config(PCI_STATUS, 2) & 8, 8);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NO_INTX);
	assert_false(pin());
}

/* As ethtool's offline test of Linux' driver, whose handler reads ICR. */
static u32
handled(void)
{
	return pin() ? reg(E1000_ICR) : 0;
}

static void
test_ethtool_interrupt_test(void **state)
{
	set_reg(E1000_IMC, ~0u);
	for (u32 i = 0; i < 10; i++) {
		u32 mask = 1u << i;

		set_reg(E1000_IMC, mask);
		set_reg(E1000_ICS, mask);
		assert_int_equal(handled(), 0);
		set_reg(E1000_IMS, mask);
		set_reg(E1000_ICS, mask);
		assert_true(handled() & mask);
		set_reg(E1000_IMC, ~mask & 0x7fff);
		set_reg(E1000_ICS, ~mask & 0x7fff);
		assert_int_equal(handled(), 0);
	}
}

static void
test_itr_spaces_interrupts_but_not_the_first(void **state)
{
	set_reg(E1000_ITR, 400); /* 102.4 us */
	set_reg(E1000_IMS, E1000_INT_RXT0);
	fake_advance(&fake_nic.time, 1000 * US);
	frame_comes();
	assert_true(pin());
	(void)reg(E1000_ICR);
	for (u32 i = 0; i < 10; i++) {
		fake_advance(&fake_nic.time, 10 * US);
		frame_comes();
		assert_false(pin());
	}
	fake_advance(&fake_nic.time, 2399);
	assert_false(pin());
	fake_advance(&fake_nic.time, 1);
	assert_true(pin());
	(void)reg(E1000_ICR);
	fake_advance(&fake_nic.time, 1000 * US);
	assert_false(pin());
	frame_comes();
	assert_true(pin());
	assert_int_equal(edges(), 3);
}

static void
test_e20_itr_of_nothing_and_of_all(void **state)
{
	set_reg(E1000_IMS, E1000_INT_RXT0);
	for (u32 i = 0; i < 100; i++) {
		frame_comes();
		(void)reg(E1000_ICR);
	}
	assert_int_equal(edges(), 100);
	set_reg(E1000_ITR, 0xffff); /* 16.8 ms */
	for (u32 i = 0; i < 1000; i++) {
		frame_comes();
		if (pin())
			(void)reg(E1000_ICR);
		fake_advance(&fake_nic.time, 100 * US);
	}
	assert_in_range(edges(), 105, 107);
	/* Taken away while one is held back. */
	frame_comes();
	set_reg(E1000_ITR, 0);
	assert_true(pin());
}

static void
test_e20_rdtr_waits_for_quiet_and_radv_not_for_ever(void **state)
{
	set_reg(E1000_IMS, E1000_INT_RXT0);
	set_reg(E1000_RDTR, 20);
	frame_comes();
	assert_false(pin());
	fake_advance(&fake_nic.time, 20479);
	assert_false(pin());
	fake_advance(&fake_nic.time, 1);
	assert_true(pin());
	assert_int_equal(reg(E1000_ICR), E1000_INT_RXT0);
	for (u32 i = 0; i < 100; i++) {
		frame_comes();
		fake_advance(&fake_nic.time, 10 * US);
		assert_false(pin());
	}
	fake_advance(&fake_nic.time, 20480);
	assert_true(pin());
	(void)reg(E1000_ICR);
	set_reg(E1000_RADV, 40);
	for (u32 i = 0; i < 4; i++) {
		frame_comes();
		fake_advance(&fake_nic.time, 10 * US);
	}
	frame_comes();
	assert_false(pin());
	fake_advance(&fake_nic.time, 960);
	assert_true(pin());
	(void)reg(E1000_ICR);
	fake_advance(&fake_nic.time, 1000 * US);
	assert_false(pin());
	frame_comes();
	set_reg(E1000_RDTR, 20 | E1000_RDTR_FPD);
	assert_true(pin());
}

static void
packet_goes(u32 flags)
{
	fake_ethernet(bytes, 0, 9);
	memcpy(fake_ram(FAKE_TX_BUFFERS), bytes, 60);
	put_desc(FAKE_TX_BUFFERS, 60 | FAKE_TX_LAST | flags, 0);
	ring_doorbell();
}

static void
test_e20_tidv_and_tadv(void **state)
{
	set_reg(E1000_IMS, E1000_INT_TXDW);
	set_reg(E1000_TIDV, 8);
	packet_goes(0);
	assert_true(pin());
	(void)reg(E1000_ICR);
	packet_goes(E1000_TXD_IDE);
	assert_false(pin());
	fake_advance(&fake_nic.time, 8191);
	assert_false(pin());
	fake_advance(&fake_nic.time, 1);
	assert_true(pin());
	assert_true(reg(E1000_ICR) & E1000_INT_TXDW);
	set_reg(E1000_TADV, 32);
	for (u32 i = 0; i < 6; i++) {
		packet_goes(E1000_TXD_IDE);
		fake_advance(&fake_nic.time, 5 * US);
	}
	packet_goes(E1000_TXD_IDE);
	assert_false(pin());
	fake_advance(&fake_nic.time, 2768);
	assert_true(pin());
	(void)reg(E1000_ICR);
	/* One without a delay ends the others'. */
	packet_goes(E1000_TXD_IDE);
	packet_goes(0);
	assert_true(pin());
	(void)reg(E1000_ICR);
	fake_advance(&fake_nic.time, 1000 * US);
	assert_false(pin());
}

static void
test_a_batch_is_one_interrupt(void **state)
{
	set_reg(E1000_IMS, E1000_INT_TXDW);
	fake_nic.lazy = true;
	for (u32 i = 0; i < 40; i++)
		packet_goes(0);
	assert_int_equal(edges(), 0);
	assert_false(e1000_transmit(&fake_nic.e, 64));
	assert_int_equal(edges(), 1);
	assert_int_equal(fake_ports[0].given, 40);
}

static void
test_a_delay_over_is_seen_by_who_looks(void **state)
{
	set_reg(E1000_RDTR, 20);
	frame_comes();
	fake_nic.time.now += 20480; /* no timer has run */
	assert_int_equal(reg(E1000_ICR), E1000_INT_RXT0);
}

/* A driver that polls with its interrupts off pays for no timer, and loses nothing. */
static void
test_masked_delays_run_no_timer(void **state)
{
	set_reg(E1000_RDTR, 20);
	for (u32 i = 0; i < 10; i++) {
		frame_comes();
		fake_advance(&fake_nic.time, 100 * US);
	}
	assert_int_equal(fake_nic.time.runs, 0);
	set_reg(E1000_IMS, E1000_INT_RXT0);
	assert_true(pin());
	(void)reg(E1000_ICR);
	set_reg(E1000_IMC, E1000_INT_RXT0);
	frame_comes();
	set_reg(E1000_IMS, E1000_INT_RXT0);
	assert_false(pin());
	fake_advance(&fake_nic.time, 20480);
	assert_true(pin());
}

static void
test_small_packets_interrupt_at_once(void **state)
{
	set_reg(E1000_RDTR, 100);
	set_reg(E1000_RSRPD, 64);
	set_reg(E1000_IMS, E1000_INT_SRPD);
	frame_comes();
	assert_true(pin());
	(void)reg(E1000_ICR);
	give(NULL, bytes, 61);
	assert_false(pin());
}

/* PCI Power Management 1.1, 5.4: in D3 a function has no interrupts. */
static void
test_asleep_it_keeps_its_pin_down(void **state)
{
	set_reg(E1000_IMS, ~0u);
	set_reg(E1000_RDTR, 10);
	give(NULL, bytes, 60);
	set_reg(E1000_ICS, E1000_INT_LSC);
	assert_true(pin());
	set_config(0xe0, 2, 3);
	assert_false(pin());
	e1000_set_link(&fake_nic.e, false);
	fake_advance(&fake_nic.time, 1000000);
	assert_false(pin());
	set_config(0xe0, 2, 0);
	assert_false(pin());
}

static void
test_e16_reset_with_timers_and_interrupts_pending(void **state)
{
	set_reg(E1000_IMS, E1000_INT_RXT0 | E1000_INT_TXDW);
	set_reg(E1000_ITR, 400);
	set_reg(E1000_TIDV, 100);
	frame_comes();
	packet_goes(E1000_TXD_IDE);
	assert_true(pin());
	assert_true(fake_nic.e.timer.set);
	set_reg(E1000_CTRL, E1000_CTRL_RST);
	assert_false(pin());
	assert_false(fake_nic.e.timer.set);
	assert_int_equal(reg(E1000_IMS), 0);
	assert_int_equal(reg(E1000_ICR), 0);
	fake_nic_up();
	set_reg(E1000_IMS, E1000_INT_RXT0 | E1000_INT_TXDW);
	set_reg(E1000_ITR, 400);
	frame_comes();
	assert_true(pin());
	(void)reg(E1000_ICR);
	frame_comes();
	assert_true(fake_nic.e.timer.set);
	bus_reset(&fake_nic.bus);
	assert_false(pin());
	fake_advance(&fake_nic.time, 1000 * US);
	assert_int_equal(fake_nic.time.runs, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_e20_read_clears_and_write_clears, setup),
		cmocka_unit_test_setup(test_ethtool_interrupt_test, setup),
		cmocka_unit_test_setup(test_itr_spaces_interrupts_but_not_the_first, setup),
		cmocka_unit_test_setup(test_e20_itr_of_nothing_and_of_all, setup),
		cmocka_unit_test_setup(test_e20_rdtr_waits_for_quiet_and_radv_not_for_ever, setup),
		cmocka_unit_test_setup(test_e20_tidv_and_tadv, setup),
		cmocka_unit_test_setup(test_a_batch_is_one_interrupt, setup),
		cmocka_unit_test_setup(test_a_delay_over_is_seen_by_who_looks, setup),
		cmocka_unit_test_setup(test_masked_delays_run_no_timer, setup),
		cmocka_unit_test_setup(test_small_packets_interrupt_at_once, setup),
		cmocka_unit_test_setup(test_asleep_it_keeps_its_pin_down, setup),
		cmocka_unit_test_setup(test_e16_reset_with_timers_and_interrupts_pending, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
