/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/e1000/model.c drivers/e1000/model_regs.c drivers/e1000/model_eeprom.c
// SOURCES: drivers/e1000/model_phy.c drivers/e1000/model_stats.c drivers/e1000/model_irq.c
// SOURCES: drivers/e1000/model_tx.c drivers/e1000/model_tx_frame.c drivers/e1000/model_rx.c
// SOURCES: drivers/e1000/model_rx_filter.c dev/bus.c dev/pci.c dev/pci_device.c dev/pci_firmware.c
// SOURCES: net/switch.c net/switch_admit.c net/switch_look.c net/fdb.c net/segment.c net/frame.c
// SOURCES: net/checksum.c lib/lock.c lib/error.c lib/log.c lib/format.c
/* A reset of any kind in the middle of sending, of receiving, and with timers pending. */
#include "tests/unit/test.h"

#include "tests/unit/fake/e1000_hostile.h"

enum { FRAMES = 10, AT = 3 };

enum how { DEVICE, BUS, MASTER_OFF, ASLEEP, PHY_BY_CTRL, PHY_BY_MDIC, SWITCHED_OFF, HOWS };

static enum how how;
static u32 looks_left;

static bool
is_of_the_phy(void)
{
	return how == PHY_BY_CTRL || how == PHY_BY_MDIC;
}

static void
interrupt_now(void)
{
	switch (how) {
	case DEVICE: set_reg(E1000_CTRL, E1000_CTRL_RST); break;
	case BUS: bus_reset(&fake_nic.bus); break;
	case MASTER_OFF: set_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY); break;
	case ASLEEP: set_config(0xe0, 2, 3); break;
	case PHY_BY_CTRL: set_reg(E1000_CTRL, E1000_CTRL_PHY_RST); break;
	case PHY_BY_MDIC: set_reg(E1000_MDIC, 1u << 26 | 1u << 21 | 0x9140); break;
	default:
		set_reg(E1000_TCTL, 0);
		set_reg(E1000_RCTL, 0);
		break;
	}
}

/* By another CPU, once the peer has got so many frames. */
static void
interrupt_it(struct fake_port *port)
{
	if (looks_left > 0 && --looks_left == 0)
		by_another_vcpu(interrupt_now);
}

/* It stops after the packet in progress (13.4.33), whose end it has told before the write ends. */
static bool
is_a_stop(void)
{
	return how == MASTER_OFF || how == SWITCHED_OFF;
}

/* What was sent before a reset is not written back any more; but a PHY's own stops nobody. */
static void
e16_reset_in_the_middle_of_sending(void **state)
{
	for (how = 0; how < HOWS; how++) {
		setup(NULL);
		peer->look = interrupt_it;
		looks_left = 1;
		for (u32 i = 0; i < FRAMES; i++)
			packet(60);
		ring_doorbell();
		other_vcpus_end();
		assert_int_equal(looks_left, 0);
		assert_int_equal(peer->given, is_of_the_phy() ? FRAMES : 1);
		for (u32 i = 0; i < FRAMES; i++)
			assert_int_equal(tx_desc(i)->status,
					 is_of_the_phy() || (is_a_stop() && i == 0) ? E1000_TXD_DD
										    : 0);
		give(NULL, bytes, 60);
		assert_int_equal(rx_desc(0)->status & 1, is_of_the_phy());
		assert_false(fake_nic.e.tx.busy || fake_nic.e.tx.kicked);
		works_still(NULL);
	}
}

/* Each frame goes out once, and has its DD, whatever stops the sender in between, and how often. */
static void
e16_stopped_and_started_in_the_middle_of_sending(void **state)
{
	static const enum how stops[] = {SWITCHED_OFF, MASTER_OFF};

	for (u32 i = 0; i < ARRAY_SIZE(stops); i++) {
		how = stops[i];
		setup(NULL);
		peer->look = interrupt_it;
		for (u32 n = 0; n < FRAMES; n++)
			packet(60);
		looks_left = AT;
		ring_doorbell();
		for (u32 sent = AT; sent < FRAMES; sent += AT) {
			other_vcpus_end();
			assert_int_equal(peer->given, sent);
			assert_int_equal(reg(E1000_TDH), sent);
			for (u32 n = 0; n < FRAMES; n++)
				assert_int_equal(tx_desc(n)->status, n < sent ? E1000_TXD_DD : 0);
			assert_true(reg(E1000_ICR) & E1000_INT_TXDW);
			looks_left = AT;
			fake_decode();
			set_reg(E1000_TCTL, E1000_TCTL_EN);
		}
		other_vcpus_end();
		assert_int_equal(peer->given, FRAMES);
		assert_int_equal(reg(E1000_TDH), FRAMES);
	}
}

static void
switch_off_and_on(void)
{
	interrupt_now();
	fake_decode();
	set_reg(E1000_TCTL, E1000_TCTL_EN);
}

static void
off_and_on_at_one(struct fake_port *port)
{
	if (port->given == AT)
		by_another_vcpu(switch_off_and_on);
}

/* On again before the sender has seen that it was off. */
static void
e16_off_and_on_during_one_frame(void **state)
{
	static const enum how stops[] = {SWITCHED_OFF, MASTER_OFF};

	for (u32 i = 0; i < ARRAY_SIZE(stops); i++) {
		how = stops[i];
		setup(NULL);
		peer->look = off_and_on_at_one;
		for (u32 n = 0; n < FRAMES; n++)
			packet(60);
		ring_doorbell();
		other_vcpus_end();
		assert_int_equal(peer->given, FRAMES);
		assert_int_equal(reg(E1000_TDH), FRAMES);
		for (u32 n = 0; n < FRAMES; n++)
			assert_int_equal(tx_desc(n)->status, E1000_TXD_DD);
		assert_false(fake_nic.e.tx.busy || fake_nic.e.tx.kicked);
	}
}

/* A third port's broadcasts: the peer, who is given each first, resets the NIC at one of them. */
static void
begin_receiving(void)
{
	setup(NULL);
	assert_int_equal(switch_attach(&fake_switch, &fake_ports[1].port), 0);
	set_reg(E1000_RDTR, 0xffff);
	set_reg(E1000_IMS, ~0u);
	memset(fake_ram(FAKE_RX_BUFFERS), 0xcc, FAKE_RING * FAKE_RX_STRIDE);
	peer->look = interrupt_it;
}

/* Of the frames from the reset on nothing is in memory, and all is there of those before it. */
static void
assert_received(u32 count)
{
	for (u32 i = 0; i < FAKE_RING; i++) {
		assert_int_equal(rx_desc(i)->status & 3, i < count ? 3 : 0);
		assert_int_equal(*fake_ram(fake_rx_buffer(i) + 13), i < count ? 0xb5 : 0xcc);
	}
	if (!is_of_the_phy() && how != MASTER_OFF && how != ASLEEP && how != SWITCHED_OFF) {
		assert_int_equal(reg(E1000_RDH), 0);
		assert_false(fake_nic.e.timer.set);
		assert_false(pin());
	}
}

static void
e16_reset_in_the_middle_of_receiving(void **state)
{
	for (how = 0; how < HOWS; how++) {
		begin_receiving();
		looks_left = AT + 1;
		for (u32 i = 0; i < FRAMES; i++)
			fake_send(1, FAKE_ALL, 1);
		other_vcpus_end();
		assert_int_equal(peer->given, FRAMES);
		if (how == BUS)
			fake_decode();
		assert_received(is_of_the_phy() ? FRAMES : AT);
		switch_detach(&fake_ports[1].port);
		works_still(NULL);
	}
}

/* The same for the parts of one large frame. */
static void
e16_reset_in_the_middle_of_segments(void **state)
{
	struct fake_packet p = {.protocol = IP_TCP, .payload = 10 * 1000, .partial = true};

	for (how = 0; how < HOWS; how++) {
		u32 len = fake_packet(bytes, &p);

		begin_receiving();
		memset(bytes, 0xff, ETH_ADDRESS);
		fake_frame(&fake_sent, bytes, len, 64, 1000);
		fake_sent.checksum_missing = true;
		fake_sent.checksum_start = 34;
		fake_sent.checksum_at = 50;
		fake_sent.segmentation = FRAME_TCP4;
		fake_sent.segment_header = 54;
		fake_sent.segment_size = 1000;
		looks_left = AT + 1;
		fake_clock_moves();
		switch_send(&fake_ports[1].port, &fake_sent);
		other_vcpus_end();
		assert_int_equal(peer->given, 10);
		assert_int_equal(looks_left, 0);
		if (how == BUS)
			fake_decode();
		for (u32 i = 0, begun = 0; i < FAKE_RING; i++) {
			u8 status = rx_desc(i)->status & 3;

			assert_true(status == 0 || (status == 3 && !begun));
			begun |= status == 0;
			if (status == 3)
				assert_true(
					fake_packet_is_right(fake_ram(fake_rx_buffer(i)), 1054));
		}
		assert_int_equal(rx_desc(9)->status & 3, is_of_the_phy() ? 3 : 0);
		switch_detach(&fake_ports[1].port);
		works_still(NULL);
	}
}

/* Frames that come back: a reset when half of them have, by who shares the vCPU's turn. */
static void
e16_reset_between_looped_frames(void **state)
{
	for (how = 0; how < HOWS; how++) {
		setup(NULL);
		set_reg(E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_UPE | 1 << 6);
		fake_nic.lazy = true;
		for (u32 i = 0; i < FRAMES; i++)
			packet(60);
		ring_doorbell();
		assert_true(e1000_transmit(&fake_nic.e, AT));
		looks_left = 1;
		interrupt_it(peer);
		other_vcpus_end();
		while (e1000_transmit(&fake_nic.e, AT))
			continue;
		if (how == BUS)
			fake_decode();
		for (u32 i = 0; i < FAKE_RING; i++)
			assert_int_equal(rx_desc(i)->status & 3,
					 i < AT || (i < FRAMES && is_of_the_phy()) ? 3 : 0);
		works_still(NULL);
	}
}

static void
e16_freed_with_nothing_left_behind(void **state)
{
	set_reg(E1000_IMS, ~0u);
	set_reg(E1000_ITR, 1000);
	set_reg(E1000_RDTR, 100);
	give(NULL, bytes, 60);
	packet(60);
	tx_desc(0)->command |= E1000_TXD_IDE;
	ring_doorbell();
	assert_true(fake_nic.e.timer.set);
	switch_detach(e1000_port(&fake_nic.e));
	bus_reset(&fake_nic.bus);
	assert_false(fake_nic.e.timer.set);
	fake_advance(&fake_nic.time, 1000000000);
	assert_int_equal(fake_nic.time.runs, 0);
	assert_int_equal(switch_attach(&fake_switch, e1000_port(&fake_nic.e)), 0);
}

#define reset(test) cmocka_unit_test_setup_teardown(test, setup, works_still)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		reset(e16_reset_in_the_middle_of_sending),
		reset(e16_stopped_and_started_in_the_middle_of_sending),
		reset(e16_off_and_on_during_one_frame),
		reset(e16_reset_in_the_middle_of_receiving),
		reset(e16_reset_in_the_middle_of_segments),
		reset(e16_reset_between_looped_frames),
		reset(e16_freed_with_nothing_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
