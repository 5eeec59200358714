/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/e1000/nic.c drivers/e1000/nic_find.c drivers/e1000/nic_irq.c
// SOURCES: drivers/e1000/nic_phy.c drivers/e1000/nic_reset.c drivers/e1000/nic_ring.c
// SOURCES: drivers/e1000/nic_rx.c drivers/e1000/nic_tx.c drivers/e1000/nic_watch.c
// SOURCES: drivers/pci_function.c arch/x86_64/irq_line.c
// SOURCES: lib/log.c lib/lock.c lib/format.c lib/error.c
#include "tests/unit/test.h"

#include "tests/unit/fake/nic.h"

#include "drivers/e1000/nic.h"
#include "lib/log.h"

enum { MS_100 = 100 * NS_PER_MS };

static struct nic *nic;
static unsigned wakes, got;
static u32 got_len[1024];
static u8 got_byte[1024];
static u64 log_from;

static void
wake(void *arg)
{
	assert_ptr_equal(arg, &wakes);
	wakes++;
}

static void
frame(void *arg, u8 *bytes, u32 len)
{
	assert_true(got < ARRAY_SIZE(got_len));
	got_len[got] = len;
	got_byte[got++] = bytes[len - 1];
}

static bool
logged(const char *text)
{
	struct log_line line;
	u64 seq = log_from;

	while (log_read(&seq, &line)) {
		if (strstr(line.text, text) != NULL)
			return true;
	}
	return false;
}

static struct nic_info
info(void)
{
	struct nic_info out;

	nic_info(nic, &out);
	return out;
}

static void
find(u16 device)
{
	memset(&fake, 0, sizeof(fake));
	fake.is_82574 = device == 0x10d3;
	fake.pin = 18;
	fake_reset();
	fake.resets = 0;
	fake_machine(device);
	log_from = log_next_seq();
	wakes = got = 0;
	nics_init();
	assert_int_equal(nic_count(), 1);
	nic = nic_at(0);
}

static void
start(u16 device)
{
	static const struct nic_client client = {wake, &wakes, true};

	find(device);
	assert_int_equal(nic_start(nic, &client), 0);
	assert_int_equal(info().state, NIC_RUNNING);
}

static int
teardown(void **state)
{
	fake.all_ones = fake.stuck_reset = fake.storms = fake.message_storm = fake.stubborn = false;
	if (nic != NULL && info().state != NIC_STOPPED) {
		nic_stop(nic);
		if (info().state != NIC_STOPPED) { /* it kept its memory */
			assert_int_equal(info().state, NIC_FAILED);
			fake_config[PCI_COMMAND / 4] = 0;
			frame_free(HPA(FAKE_RAM), FAKE_RAM_SIZE / PAGE_SIZE);
		}
	}
	assert_false(fake_memory_taken);
	nic = NULL;
	return 0;
}

static bool
send(u32 len, u8 byte)
{
	static u8 bytes[4096];
	struct nic_piece pieces[] = {
		{bytes, MIN(len,	 14u)},
		{bytes, len - MIN(len, 14u)}
	    };

	memset(bytes, byte, sizeof(bytes));
	return nic_send(nic, pieces, 2);
}

static void
drain(void)
{
	while (nic_receive(nic, 64, frame, NULL))
		;
}

/* nic_check() as the client calls it, for so long. */
static void
watch_for(u64 ns)
{
	for (u64 t = 0; t < ns; t += MS_100) {
		fake_now_ns += MS_100;
		fake_deliver();
		nic_check(nic);
	}
}

static void
each_part_is_found_and_named(void **state)
{
	static const struct {
		u16 device;
		const char *says;
	} parts[] = {
		{0x100e, "e1000:0 is 00:03.0, an 82540EM, 52:54:00:12:34:56, link up"},
		{0x100f, "e1000:0 is 00:03.0, an 82545EM, 52:54:00:12:34:56, link up"},
		{0x10d3, "e1000:0 is 00:03.0, an 82574L, 52:54:00:12:34:56, link up" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++) {
		find(parts[i].device);
		assert_true(logged(parts[i].says));
		assert_int_equal(info().state, NIC_STOPPED);
		assert_ptr_equal(nic_find(fake_function.addr), nic);
		/* Found is not used: it has no memory and may not touch any. */
		assert_false(fake_memory_taken);
		assert_int_equal(fake_config[PCI_COMMAND / 4] & PCI_COMMAND_MASTER, 0);
		assert_int_equal(fake.resets, 0);
	}
}

static void
others_are_left_alone(void **state)
{
	fake_machine(0x1234);
	nics_init();
	assert_int_equal(nic_count(), 0);
	assert_null(nic_at(0));
	assert_null(nic_find(fake_function.addr));
}

static void
the_address_is_read_from_the_eeprom_where_the_registers_have_none(void **state)
{
	static const u16 devices[] = {0x100e, 0x10d3};

	for (unsigned i = 0; i < ARRAY_SIZE(devices); i++) {
		find(devices[i]);
		fake.no_mac = true;
		fake_reset();
		nics_init();
		assert_memory_equal(nic_mac(nic), fake_mac, 6);
		assert_int_equal(info().state, NIC_STOPPED);
	}
}

static void
msi_is_used_where_there_is_one(void **state)
{
	start(0x10d3);
	assert_string_equal(info().interrupts, "MSI");
	assert_false(nic_polls(nic));
	assert_int_equal(fake_config[FAKE_EXPRESS_CAP / 4 + 4], 0x40); /* neither L0s nor L1 */
}

/* Theirs breaks what is written to memory: 82540EM and 82545EM specification updates. */
static void
the_8254x_s_msi_is_never_used(void **state)
{
	static const u16 devices[] = {0x100e, 0x100f};

	for (unsigned i = 0; i < ARRAY_SIZE(devices); i++) {
		find(devices[i]);
		fake_add_msi();
		assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), 0);
		assert_string_equal(info().interrupts, "INTx");
		nic_stop(nic);
	}
}

/* Each on another CPU, as after a network's worker has moved. */
static void
one_vector_is_enough_for_all_resets(void **state)
{
	unsigned before;

	find(0x10d3);
	before = fake_vector_count;
	for (unsigned i = 0; i < 6; i++) {
		fake_cpu = i % 3;
		assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), 0);
		assert_string_equal(info().interrupts, "MSI");
		assert_int_equal(fake_config[FAKE_MSI_CAP / 4 + 1], 0xfee00000 | fake_cpu << 12);
		nic_stop(nic);
	}
	fake_cpu = 0;
	assert_int_equal(fake_vector_count, before + 1);
}

/* By memory it may go before it has answered. */
static void
the_8254x_are_reset_by_their_ports_where_these_work(void **state)
{
	start(0x100f);
	assert_int_equal(fake.resets, 1);
	assert_int_equal(fake.port_resets, 1);
	nic_stop(nic);
	find(0x100e);
	fake.dead_port = true;
	assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), 0);
	assert_int_equal(fake.resets, 1);
	assert_int_equal(fake.port_resets, 0);
}

static void
the_82574_s_phy_is_left_alone_while_it_is_set_up(void **state)
{
	start(0x10d3);
	assert_int_equal(fake.resets, 1);
	assert_int_equal(fake.owned_resets, 1); /* not while the firmware talks to it */
	assert_true(fake.first_mdic_ns - fake.reset_ns >= 25ul * NS_PER_MS);
	assert_int_equal(*fake_reg(E1000_EXTCNF_CTRL) & E1000_EXTCNF_MDIO_SOFTWARE, 0);
}

static void
one_that_does_not_read_its_eeprom_is_an_error(void **state)
{
	find(0x10d3);
	fake.never_loaded = true;
	assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), -ERR_TIMEOUT);
	assert_int_equal(fake.first_mdic_ns, 0);
}

/* Firmware may have set another than the EEPROM's, which a reset brings back. */
static void
the_address_stays_what_it_was_when_the_nic_was_found(void **state)
{
	find(0x100e);
	*fake_reg(E1000_RA) = 0x33221102;
	*fake_reg(E1000_RA + 4) = 0x5544 | E1000_RAH_AV;
	nics_init();
	assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), 0);
	assert_int_equal(fake.resets, 1);
	assert_memory_equal(nic_mac(nic), "\x02\x11\x22\x33\x44\x55", 6);
	assert_int_equal(*fake_reg(E1000_RA), 0x33221102);
	assert_int_equal(*fake_reg(E1000_RA + 4), 0x5544 | E1000_RAH_AV);
}

static void
a_line_is_found_by_trial(void **state)
{
	static const int pins[] = {16, 18, 23, 11};

	for (unsigned i = 0; i < ARRAY_SIZE(pins); i++) {
		find(0x100e);
		fake.pin = pins[i];
		assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), 0);
		assert_string_equal(info().interrupts, "INTx");
		assert_int_equal(info().gsi, pins[i]);
		for (int gsi = 0; gsi < FAKE_INPUTS; gsi++)
			assert_int_equal(fake_inputs[gsi].routed, gsi == pins[i]);
		assert_int_equal(wakes, 0); /* a trial is no frame */
		nic_stop(nic);
		assert_false(fake_inputs[pins[i]].routed);
	}
}

/* Of a trial that was given up for lost, while the next one is on. */
static void
a_late_interrupt_is_not_taken_for_another_line_s(void **state)
{
	find(0x100e);
	fake_late_ns = 3 * NS_PER_MS;
	assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), 0);
	assert_string_equal(info().interrupts, "INTx");
	assert_int_equal(info().gsi, 18);
}

static void
an_input_of_somebody_else_is_not_tried(void **state)
{
	find(0x100e);
	fake.pin = -1;
	fake_foreign_gsi[11] = fake_foreign_gsi[17] = true; /* ioapic_route() would fail the test */
	assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), 0);
	assert_true(nic_polls(nic));
	assert_true(logged("polled each millisecond"));
}

static void
without_an_interrupt_it_is_polled(void **state)
{
	find(0x10d3);
	fake.deaf = true;
	assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), 0);
	assert_true(nic_polls(nic));
	fake_receive(60, 7);
	drain();
	assert_int_equal(got, 1);
}

static void
a_stopped_nic_starts_again(void **state)
{
	for (unsigned i = 0; i < 3; i++) {
		start(i % 2 == 0 ? 0x100f : 0x10d3);
		nic_stop(nic);
		assert_int_equal(info().state, NIC_STOPPED);
		assert_false(fake_memory_taken);
		assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), 0);
		assert_false(nic_polls(nic));
		assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}),
				 -ERR_BUSY);
		nic_stop(nic);
	}
}

static void
a_frame_wakes_once_and_is_given(void **state)
{
	start(0x10d3);
	fake_receive(60, 1);
	fake_receive(1522, 2);
	fake_deliver();
	assert_int_equal(wakes, 1);
	fake_receive(14, 3); /* masked meanwhile: no further interrupt */
	fake_deliver();
	assert_int_equal(wakes, 1);
	drain();
	assert_int_equal(got, 3);
	assert_int_equal(got_len[1], 1522);
	assert_int_equal(got_byte[2], 3);
	fake_deliver();
	wakes = 0;
	drain();
	fake_receive(60, 4); /* and on again once it was drained */
	fake_deliver();
	assert_int_equal(wakes, 1);
}

static void
the_receive_ring_goes_round(void **state)
{
	unsigned sum = 0;

	start(0x100e);
	for (unsigned i = 0; i < 5000; i++) {
		fake_receive((u16)(60 + i % 1400), (u8)i);
		if (i % 200 < 199)
			continue;
		while (nic_receive(nic, 7, frame, NULL)) /* a small budget */
			;
		for (unsigned k = 0; k < got; k++, sum++) {
			assert_int_equal(got_byte[k], (u8)sum);
			assert_int_equal(got_len[k], 60 + sum % 1400);
		}
		got = 0;
	}
	assert_int_equal(sum, 5000);
	assert_int_equal(info().counters.rx_frames, 5000);
}

static void
a_budget_is_kept(void **state)
{
	start(0x100e);
	for (unsigned i = 0; i < 10; i++)
		fake_receive(60, 0);
	assert_true(nic_receive(nic, 4, frame, NULL));
	assert_int_equal(got, 4);
	assert_true(nic_receive(nic, 4, frame, NULL));
	assert_false(nic_receive(nic, 4, frame, NULL));
	assert_int_equal(got, 10);
}

static void
lengths_that_no_frame_has_are_dropped(void **state)
{
	static const u16 lengths[] = {0, 1, 13, 1523, 2048, 2049, 16384, 65535};

	start(0x10d3);
	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++)
		fake_receive(lengths[i], 0);
	fake_receive(14, 9);
	drain();
	assert_int_equal(got, 1);
	assert_int_equal(got_byte[0], 9);
	assert_int_equal(info().counters.rx_errors, ARRAY_SIZE(lengths));
}

static void
frames_in_pieces_are_dropped_to_their_end(void **state)
{
	start(0x100e);
	fake_fill(2048, E1000_RXD_DD, 0, 1);
	fake_fill(2048, E1000_RXD_DD, 0, 2);
	fake_fill(100, E1000_RXD_DD | E1000_RXD_EOP, 0, 3); /* the end of that one */
	fake_receive(100, 4);
	drain();
	assert_int_equal(got, 1);
	assert_int_equal(got_byte[0], 4);
	assert_int_equal(info().counters.rx_errors, 3);
}

static void
frames_with_errors_are_dropped_but_not_for_a_checksum(void **state)
{
	u8 done = E1000_RXD_DD | E1000_RXD_EOP;

	start(0x100e);
	fake_fill(60, done, E1000_RXD_CE, 1);
	fake_fill(60, done, E1000_RXD_RXE, 2);
	fake_fill(60, done, E1000_RXD_TCPE | E1000_RXD_IPE, 3);
	drain();
	assert_int_equal(got, 1);
	assert_int_equal(got_byte[0], 3);
}

static void
sent_frames_go_out_at_the_flush(void **state)
{
	start(0x100e);
	for (u8 i = 0; i < 10; i++)
		assert_true(send(60u + i, i));
	assert_int_equal(fake.sent_count, 0);
	fake.tdt_writes = 0;
	nic_flush(nic);
	nic_flush(nic);
	assert_int_equal(fake.tdt_writes, 1);
	assert_int_equal(fake.sent_count, 10);
	for (u8 i = 0; i < 10; i++) {
		assert_int_equal(fake.sent[i].len, 60 + i);
		assert_int_equal(fake.sent[i].bytes[13], i);
		assert_int_equal(fake.sent[i].bytes[59 + i], i);
	}
}

static void
short_frames_are_padded_with_zeros(void **state)
{
	start(0x100e);
	for (unsigned i = 0; i < 256; i++)
		assert_true(send(1000, 0xaa) && (nic_flush(nic), true));
	fake.sent_count = 0;
	assert_true(send(14, 0x55));
	nic_flush(nic);
	assert_int_equal(fake.sent[0].len, 60);
	assert_int_equal(fake.sent[0].bytes[13], 0x55);
	for (unsigned i = 14; i < 60; i++)
		assert_int_equal(fake.sent[0].bytes[i], 0);
}

static void
the_transmit_ring_goes_round(void **state)
{
	start(0x10d3);
	for (unsigned i = 0; i < 3000; i++) {
		assert_true(send(60 + i % 1400, (u8)i));
		if (i % 100 == 99) {
			nic_flush(nic);
			assert_int_equal(fake.sent_count, 100);
			assert_int_equal(fake.sent[99].bytes[20], (u8)i);
			fake.sent_count = 0;
		}
	}
	assert_int_equal(info().counters.tx_frames, 3000);
}

/* As one call to transmit has it, in which a guest sends more than the ring holds. */
static void
a_burst_is_on_its_way_before_it_is_flushed(void **state)
{
	start(0x100e);
	fake.tdt_writes = 0;
	for (unsigned i = 0; i < 1024; i++) {
		assert_true(send(60, 0));
		fake.sent_count = 0;
	}
	assert_int_equal(info().counters.tx_full, 0);
	assert_in_range(fake.tdt_writes, 8, 64);
}

static void
a_full_ring_refuses_and_counts(void **state)
{
	start(0x100e);
	fake.stuck_tx = true;
	for (unsigned i = 0; i < 255; i++)
		assert_true(send(60, 0));
	nic_flush(nic);
	assert_false(send(60, 0));
	assert_false(send(60, 0));
	assert_int_equal(info().counters.tx_full, 2);
	fake_send();
	assert_true(send(60, 0));
}

static void
lengths_that_none_may_send_are_refused(void **state)
{
	start(0x100e);
	assert_false(send(13, 0));
	assert_false(send(1523, 0));
	assert_false(nic_send(nic, NULL, 0));
	assert_false(nic_send(nic,
			      (struct nic_piece[]){
				      {fake_mac, ~0u},
				       {fake_mac, 15 }
	     },
			      2)); /* 32 bits would wrap to 14 */
	assert_true(send(1522, 0));
	assert_int_equal(info().counters.tx_bad, 4);
}

static void
the_link_is_told_and_nothing_is_sent_without(void **state)
{
	start(0x100e);
	*fake_reg(E1000_STATUS) &= ~E1000_STATUS_LU;
	watch_for(MS_100);
	assert_true(logged("e1000:0: link down"));
	assert_false(nic_link_up(nic));
	assert_false(send(60, 0));
	assert_int_equal(info().counters.tx_no_link, 1);
	*fake_reg(E1000_STATUS) |= E1000_STATUS_LU;
	watch_for(MS_100);
	assert_true(logged("e1000:0: link up, 1000 Mb/s, full duplex"));
	assert_true(send(60, 0));
	assert_int_equal(info().counters.link_changes, 2);
}

static void
a_stuck_transmitter_is_reset_and_goes_on(void **state)
{
	start(0x10d3);
	fake.stuck_tx = true;
	assert_true(send(60, 1));
	nic_flush(nic);
	fake.resets = 0;
	watch_for(19 * (u64)MS_100);
	assert_int_equal(fake.resets, 0);
	fake.stuck_tx = false;
	watch_for(3 * (u64)MS_100);
	assert_int_equal(fake.resets, 1);
	assert_true(logged("it has sent nothing for 2 s"));
	assert_int_equal(info().state, NIC_RUNNING);
	fake.sent_count = 0;
	assert_true(send(60, 2));
	nic_flush(nic);
	assert_int_equal(fake.sent_count, 1);
	fake_receive(60, 3);
	fake_deliver();
	assert_int_equal(wakes, 1);
	drain();
	assert_int_equal(got, 1);
	watch_for(30 * (u64)MS_100);
	assert_int_equal(fake.resets, 1);
}

static void
a_slow_or_unplugged_transmitter_is_left_alone(void **state)
{
	start(0x100e);
	fake.stuck_tx = true;
	assert_true(send(60, 1));
	nic_flush(nic);
	*fake_reg(E1000_STATUS) &= ~E1000_STATUS_LU;
	watch_for(50 * (u64)MS_100);
	assert_int_equal(info().counters.resets, 0);
	*fake_reg(E1000_STATUS) |= E1000_STATUS_LU;
	watch_for(MS_100);
	for (unsigned i = 0; i < 20; i++) { /* one frame a second */
		assert_true(send(60, 1));
		nic_flush(nic);
		watch_for(10 * (u64)MS_100);
		fake_send();
	}
	assert_true(send(60, 1) && send(60, 1) && send(60, 1) && send(60, 1));
	nic_flush(nic);
	for (unsigned i = 0; i < 4; i++) { /* they leave, and nothing is written back yet */
		watch_for(15 * (u64)MS_100);
		++*fake_reg(E1000_TDH);
	}
	assert_int_equal(info().counters.resets, 0);
}

static void
resets_end_after_five(void **state)
{
	start(0x100e);
	fake.stuck_tx = true;
	for (unsigned i = 0; i < 300; i++) {
		if (send(60, 0))
			nic_flush(nic);
		watch_for(MS_100);
	}
	assert_int_equal(info().counters.resets, 5);
	assert_int_equal(info().state, NIC_FAILED);
	assert_true(logged("5 resets have not helped"));
	assert_false(nic_link_up(nic));
	assert_int_equal(fake_config[PCI_COMMAND / 4] & PCI_COMMAND_MASTER, 0);
	assert_false(send(60, 0));
	drain();
}

static void
one_that_was_pulled_out_is_reported_and_given_up(void **state)
{
	u64 began;

	start(0x10d3);
	fake.all_ones = fake_function_gone = true;
	began = fake_now_ns;
	watch_for(MS_100);
	assert_true(logged("it no longer answers"));
	assert_true(fake_now_ns - began < 200 * (u64)NS_PER_MS);
	assert_int_equal(info().state, NIC_RESETTING);
	drain();
	assert_int_equal(got, 0);
	watch_for(100 * (u64)MS_100);
	assert_int_equal(info().state, NIC_FAILED);
	assert_int_equal(info().counters.resets, 5);
	fake_deliver();
}

static void
one_that_comes_back_goes_on(void **state)
{
	start(0x10d3);
	fake.all_ones = true;
	watch_for(5 * (u64)MS_100);
	assert_int_equal(info().state, NIC_RESETTING);
	fake.all_ones = false;
	watch_for(20 * (u64)MS_100);
	assert_int_equal(info().state, NIC_RUNNING);
	assert_true(send(60, 0));
}

static void
a_reset_that_never_ends_is_an_error(void **state)
{
	find(0x100f);
	fake.stuck_reset = true;
	assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), -ERR_TIMEOUT);
	assert_int_equal(info().state, NIC_FAILED);
	assert_int_equal(fake_config[PCI_COMMAND / 4] & PCI_COMMAND_MASTER, 0);
	fake.stuck_reset = false; /* it may be tried again */
	assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), 0);
}

static void
one_that_never_answered_is_not_used(void **state)
{
	memset(&fake, 0, sizeof(fake));
	fake.all_ones = true;
	fake_machine(0x100e);
	log_from = log_next_seq();
	nics_init();
	nic = nic_at(0);
	assert_true(logged("whose registers can't be read"));
	assert_int_equal(info().state, NIC_FAILED);
	assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), -ERR_NODEV);
	assert_false(fake_memory_taken);
	nic = NULL;
}

/* Its link may be up: nobody is to count on it. */
static void
one_without_an_address_is_not_used(void **state)
{
	find(0x10d3);
	fake.no_mac = fake.dead_eeprom = true;
	fake_reset();
	nics_init();
	assert_int_equal(info().state, NIC_FAILED);
	assert_false(nic_link_up(nic));
	assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), -ERR_NODEV);
	nic = NULL;
}

static void
a_dead_phy_is_said_and_not_waited_for(void **state)
{
	find(0x10d3);
	fake.dead_phy = true;
	assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), 0);
	assert_true(logged("its PHY does not answer"));
}

static void
a_head_outside_of_its_ring_is_a_reset(void **state)
{
	static const u32 heads[] = {E1000_RDH, E1000_TDH};

	for (unsigned i = 0; i < ARRAY_SIZE(heads); i++) {
		start(0x100e);
		*fake_reg(heads[i]) = 256;
		watch_for(MS_100);
		assert_true(logged("head is outside of the ring"));
		assert_int_equal(info().counters.resets, 1);
		assert_int_equal(info().state, NIC_RUNNING);
		nic_stop(nic);
	}
}

static void
a_storm_on_the_line_is_cut_off(void **state)
{
	start(0x100e);
	fake.storms = true;
	fake_deliver(); /* or it would never end */
	assert_false(fake_inputs[18].routed);
	watch_for(MS_100);
	assert_true(nic_polls(nic));
	assert_true(logged("come without end or reason"));
	fake_receive(60, 1);
	drain();
	assert_int_equal(got, 1);
}

static void
a_storm_of_messages_is_cut_off(void **state)
{
	start(0x10d3);
	fake.message_storm = true;
	fake_deliver();
	assert_false(fake_msi_enabled());
	watch_for(MS_100);
	assert_true(nic_polls(nic));
	assert_true(logged("come without end or reason"));
}

static void
one_that_can_not_be_masked_is_cut_off(void **state)
{
	start(0x100e);
	fake.stubborn = true;
	fake_cause(E1000_INT_RXT0, 0);
	fake_deliver();
	assert_int_equal(wakes, 1); /* once it was wanted */
	assert_false(fake_inputs[18].routed);
	watch_for(MS_100);
	assert_true(nic_polls(nic));
	fake.stubborn = false;
}

static void
a_line_that_storms_in_the_trial_is_left(void **state)
{
	find(0x100e);
	fake.storms = true;
	assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), 0);
	for (int gsi = 0; gsi < FAKE_INPUTS; gsi++)
		assert_false(fake_inputs[gsi].routed && fake_pin() != gsi);
	fake_deliver();
	watch_for(MS_100);
	assert_true(nic_polls(nic));
}

static void
interrupts_that_stay_away_are_noticed(void **state)
{
	start(0x10d3);
	fake.deaf = true;
	for (unsigned i = 0; i < 3; i++) {
		fake_receive(60, (u8)i);
		watch_for(2 * (u64)MS_100);
		drain();
	}
	assert_int_equal(got, 3);
	assert_true(nic_polls(nic));
	assert_true(logged("no longer come"));
}

/* As the worker does it: it receives after each check. */
static void
interrupts_that_stay_away_are_noticed_by_who_receives(void **state)
{
	start(0x10d3);
	fake.deaf = true;
	for (unsigned i = 0; i < 3; i++) {
		assert_false(nic_polls(nic));
		fake_receive(60, (u8)i);
		watch_for(MS_100);
		drain();
	}
	assert_int_equal(got, 3);
	assert_true(nic_polls(nic));
}

/* A frame that is there before its interrupt is no sign of anything. */
static void
interrupts_that_are_late_are_not_given_up(void **state)
{
	start(0x100e);
	for (unsigned i = 0; i < 10; i++) {
		fake.deaf = i % 3 != 2;
		fake_receive(60, (u8)i);
		watch_for(MS_100);
		drain();
	}
	assert_int_equal(got, 10);
	assert_false(nic_polls(nic));
}

static void
losses_are_counted(void **state)
{
	start(0x100e);
	*fake_reg(E1000_MPC) = 5;
	*fake_reg(E1000_CRCERRS) = 2;
	watch_for(2 * (u64)MS_100);
	assert_int_equal(info().counters.rx_missed, 5);
	assert_int_equal(info().counters.rx_errors, 2);
	*fake_reg(E1000_MPC) = *fake_reg(E1000_CRCERRS) = ~0u; /* nobody answers */
	watch_for(2 * (u64)MS_100);
	assert_int_equal(info().counters.rx_missed, 5);
	assert_int_equal(info().counters.rx_errors, 2);
}

static void
without_memory_it_does_not_start(void **state)
{
	find(0x100e);
	fake_memory_taken = true;
	assert_int_equal(nic_start(nic, &(struct nic_client){wake, &wakes, false}), -ERR_NOMEM);
	fake_memory_taken = false;
	assert_int_equal(info().state, NIC_STOPPED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(each_part_is_found_and_named, teardown),
		cmocka_unit_test_teardown(others_are_left_alone, teardown),
		cmocka_unit_test_teardown(
			the_address_is_read_from_the_eeprom_where_the_registers_have_none,
			teardown),
		cmocka_unit_test_teardown(msi_is_used_where_there_is_one, teardown),
		cmocka_unit_test_teardown(the_8254x_s_msi_is_never_used, teardown),
		cmocka_unit_test_teardown(one_vector_is_enough_for_all_resets, teardown),
		cmocka_unit_test_teardown(the_8254x_are_reset_by_their_ports_where_these_work,
					  teardown),
		cmocka_unit_test_teardown(the_82574_s_phy_is_left_alone_while_it_is_set_up,
					  teardown),
		cmocka_unit_test_teardown(one_that_does_not_read_its_eeprom_is_an_error, teardown),
		cmocka_unit_test_teardown(the_address_stays_what_it_was_when_the_nic_was_found,
					  teardown),
		cmocka_unit_test_teardown(a_line_is_found_by_trial, teardown),
		cmocka_unit_test_teardown(a_late_interrupt_is_not_taken_for_another_line_s,
					  teardown),
		cmocka_unit_test_teardown(an_input_of_somebody_else_is_not_tried, teardown),
		cmocka_unit_test_teardown(without_an_interrupt_it_is_polled, teardown),
		cmocka_unit_test_teardown(a_stopped_nic_starts_again, teardown),
		cmocka_unit_test_teardown(a_frame_wakes_once_and_is_given, teardown),
		cmocka_unit_test_teardown(the_receive_ring_goes_round, teardown),
		cmocka_unit_test_teardown(a_budget_is_kept, teardown),
		cmocka_unit_test_teardown(lengths_that_no_frame_has_are_dropped, teardown),
		cmocka_unit_test_teardown(frames_in_pieces_are_dropped_to_their_end, teardown),
		cmocka_unit_test_teardown(frames_with_errors_are_dropped_but_not_for_a_checksum,
					  teardown),
		cmocka_unit_test_teardown(sent_frames_go_out_at_the_flush, teardown),
		cmocka_unit_test_teardown(short_frames_are_padded_with_zeros, teardown),
		cmocka_unit_test_teardown(the_transmit_ring_goes_round, teardown),
		cmocka_unit_test_teardown(a_burst_is_on_its_way_before_it_is_flushed, teardown),
		cmocka_unit_test_teardown(a_full_ring_refuses_and_counts, teardown),
		cmocka_unit_test_teardown(lengths_that_none_may_send_are_refused, teardown),
		cmocka_unit_test_teardown(the_link_is_told_and_nothing_is_sent_without, teardown),
		cmocka_unit_test_teardown(a_stuck_transmitter_is_reset_and_goes_on, teardown),
		cmocka_unit_test_teardown(a_slow_or_unplugged_transmitter_is_left_alone, teardown),
		cmocka_unit_test_teardown(resets_end_after_five, teardown),
		cmocka_unit_test_teardown(one_that_was_pulled_out_is_reported_and_given_up,
					  teardown),
		cmocka_unit_test_teardown(one_that_comes_back_goes_on, teardown),
		cmocka_unit_test_teardown(a_reset_that_never_ends_is_an_error, teardown),
		cmocka_unit_test_teardown(one_that_never_answered_is_not_used, teardown),
		cmocka_unit_test_teardown(one_without_an_address_is_not_used, teardown),
		cmocka_unit_test_teardown(a_dead_phy_is_said_and_not_waited_for, teardown),
		cmocka_unit_test_teardown(a_head_outside_of_its_ring_is_a_reset, teardown),
		cmocka_unit_test_teardown(a_storm_on_the_line_is_cut_off, teardown),
		cmocka_unit_test_teardown(a_storm_of_messages_is_cut_off, teardown),
		cmocka_unit_test_teardown(one_that_can_not_be_masked_is_cut_off, teardown),
		cmocka_unit_test_teardown(a_line_that_storms_in_the_trial_is_left, teardown),
		cmocka_unit_test_teardown(interrupts_that_stay_away_are_noticed, teardown),
		cmocka_unit_test_teardown(interrupts_that_stay_away_are_noticed_by_who_receives,
					  teardown),
		cmocka_unit_test_teardown(interrupts_that_are_late_are_not_given_up, teardown),
		cmocka_unit_test_teardown(losses_are_counted, teardown),
		cmocka_unit_test_teardown(without_memory_it_does_not_start, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
