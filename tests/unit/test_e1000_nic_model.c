/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/e1000/nic.c drivers/e1000/nic_find.c drivers/e1000/nic_irq.c
// SOURCES: drivers/e1000/nic_phy.c drivers/e1000/nic_reset.c drivers/e1000/nic_ring.c
// SOURCES: drivers/e1000/nic_rx.c drivers/e1000/nic_tx.c drivers/e1000/nic_watch.c
// SOURCES: drivers/pci_function.c arch/x86_64/irq_line.c tests/unit/fake/e1000_card.c
// SOURCES: drivers/e1000/model.c drivers/e1000/model_regs.c drivers/e1000/model_eeprom.c
// SOURCES: drivers/e1000/model_phy.c drivers/e1000/model_stats.c drivers/e1000/model_irq.c
// SOURCES: drivers/e1000/model_tx.c drivers/e1000/model_tx_frame.c drivers/e1000/model_rx.c
// SOURCES: drivers/e1000/model_rx_filter.c dev/bus.c dev/pci.c dev/pci_device.c dev/pci_firmware.c
// SOURCES: net/switch.c net/switch_admit.c net/switch_look.c net/fdb.c net/segment.c net/frame.c
// SOURCES: net/checksum.c lib/lock.c lib/error.c lib/log.c lib/format.c
/* Our driver drives our model, frame by frame. */
#include "tests/unit/test.h"

#include "tests/unit/fake/e1000_card.h"
#include "tests/unit/fake/nic_machine.h"

#include "drivers/e1000/nic.h"
#include "drivers/e1000/nic_io.h"

enum { PIN = 18, HEADER = 14 };

static struct nic *nic;
static unsigned wakes;
static u64 passed_ns, seed;
static u16 command;
static bool ports_used;

static u8 want[2048]; /* the next frame to be received begins so */
static u32 want_len, got;

static const u8 own[6] = {0x52, 0x54, 0, 0, 0, 9}, other[6] = {0x52, 0x54, 0, 0, 0, 0};

/* The card lives at the machine's time. */
static int
fake_pin(void)
{
	card_pass(fake_now_ns - passed_ns);
	passed_ns = fake_now_ns;
	return PIN;
}

static bool
fake_pin_asserted(void)
{
	return card_pin();
}

static bool
fake_take_message(void)
{
	return false;
}

static void
sync_command(void)
{
	u16 now = (u16)fake_config[PCI_COMMAND / 4];

	if (now == command)
		return;
	command = now;
	card_command(now);
}

u32
nic_io_read(const volatile u8 *regs, u32 reg)
{
	sync_command();
	return card_read(reg);
}

void
nic_io_write(volatile u8 *regs, u32 reg, u32 value)
{
	sync_command();
	card_write(reg, value);
}

u32
nic_port_read(u16 port)
{
	sync_command();
	return card_port_read(port - FAKE_PORT);
}

void
nic_port_write(u16 port, u32 value)
{
	sync_command();
	ports_used = true;
	card_port_write(port - FAKE_PORT, value);
}

static void
wake(void *arg)
{
	wakes++;
}

static void
start(bool promiscuous)
{
	struct nic_client client = {wake, NULL, promiscuous};

	assert_int_equal(nic_start(nic, &client), 0);
	assert_true(ports_used); /* it was reset by them */
	wakes = 0;
}

static int
setup(void **state)
{
	card_init();
	fake_machine(0x100f);
	passed_ns = fake_now_ns;
	command = 0xffff;
	seed = 88172645463325252ul;
	got = wakes = 0;
	ports_used = false;
	nics_init();
	nic = nic_at(0);
	return nic_count() != 1;
}

static int
teardown(void **state)
{
	nic_stop(nic);
	return fake_memory_taken;
}

static struct nic_counters
counters(void)
{
	struct nic_info info;

	nic_info(nic, &info);
	return info.counters;
}

static void
pass(u64 ns)
{
	for (u64 t = 0; t < ns; t += NS_PER_US) {
		fake_now_ns += NS_PER_US;
		fake_deliver();
	}
}

/* Other bytes in each frame. */
static void
make(u8 *bytes, const u8 *to, const u8 *from, u32 len)
{
	memcpy(bytes, to, 6);
	memcpy(bytes + 6, from, 6);
	bytes[12] = 0x88;
	bytes[13] = 0xb5; /* for experiments, IEEE 802 */
	for (u32 i = HEADER; i < len; i++)
		bytes[i] = (u8)fake_random(&seed);
}

static void
compare(void *arg, u8 *frame, u32 len)
{
	assert_int_equal(len, want_len);
	assert_memory_equal(frame, want, len);
	got++;
}

static void
count(void *arg, u8 *frame, u32 len)
{
	got++;
}

static void
drain(void (*fn)(void *arg, u8 *frame, u32 len))
{
	while (nic_receive(nic, 64, fn, NULL))
		;
}

static void
send_one(u32 len)
{
	static u8 frame[2048];
	u32 first = HEADER + (u32)fake_random(&seed) % (len - HEADER + 1);
	struct nic_piece pieces[] = {
		{frame,		first	     },
		{frame + first, len - first}
	    };
	u32 before = card_sent();
	const u8 *bytes;

	make(frame, other, own, len);
	assert_true(nic_send(nic, pieces, 2));
	nic_flush(nic);
	assert_int_equal(card_sent(), before + 1);
	assert_int_equal(card_last(&bytes), MAX(len, 60u));
	assert_memory_equal(bytes, frame, len);
}

static void
receive_one(u32 len)
{
	u32 before = got;

	want_len = len;
	make(want, own, other, len);
	card_give(want, len);
	pass(200 * NS_PER_US);
	drain(compare);
	assert_int_equal(got, before + 1);
}

static void
the_driver_knows_the_model(void **state)
{
	struct nic_info info;

	start(false);
	nic_info(nic, &info);
	assert_string_equal(info.model, "82545EM");
	assert_memory_equal(info.mac, own, 6);
	assert_string_equal(info.interrupts, "INTx");
	assert_int_equal(info.gsi, PIN);
	assert_true(info.link_up && info.full_duplex);
	assert_int_equal(info.speed, 1000);
}

static void
frames_of_every_length_go_out(void **state)
{
	start(true);
	for (u32 len = HEADER; len <= 1514; len++)
		send_one(len);
	assert_int_equal(counters().tx_frames, 1501);
}

static void
frames_of_every_length_come_in(void **state)
{
	start(true);
	for (u32 len = 60; len <= 1514; len++)
		receive_one(len);
	assert_int_equal(counters().rx_frames, 1455);
	assert_int_equal(counters().rx_errors, 0);
}

static void
each_frame_into_an_idle_nic_wakes_its_client(void **state)
{
	start(false);
	for (unsigned i = 0; i < 600; i++) {
		wakes = 0;
		receive_one(60);
		assert_int_equal(wakes, 1);
	}
}

static void
a_burst_is_moderated(void **state)
{
	u64 before;

	start(true);
	before = counters().interrupts;
	make(want, own, other, 60);
	for (unsigned i = 0; i < 1000; i++) { /* one each 2 us, for 2 ms: 8,000/s are 16 */
		card_give(want, 60);
		pass(2 * NS_PER_US);
		drain(count);
	}
	assert_int_equal(got, 1000);
	assert_in_range(counters().interrupts - before, 1, 20);
}

static void
batches_both_ways_keep_their_order(void **state)
{
	static u8 frame[2048];
	u32 sent = 0;

	start(true);
	for (unsigned i = 0; i < 300; i++) {
		unsigned batch = 1 + (unsigned)fake_random(&seed) % 200;
		u32 before = got;

		want_len = 60 + (u32)fake_random(&seed) % 1400;
		make(want, own, other, want_len);
		for (unsigned k = 0; k < batch; k++)
			card_give(want, want_len);
		pass(200 * NS_PER_US);
		drain(compare);
		assert_int_equal(got, before + batch);
		make(frame, other, own, 700);
		for (unsigned k = 0; k < batch; k++, sent++)
			assert_true(nic_send(nic, &(struct nic_piece){frame, 700}, 1));
		nic_flush(nic);
		assert_int_equal(card_sent(), sent);
	}
}

static void
an_overrun_is_counted_and_over_when_drained(void **state)
{
	start(true);
	make(want, own, other, 60);
	for (unsigned i = 0; i < 400; i++)
		card_give(want, 60);
	drain(count);
	assert_int_equal(got, 255);
	nic_check(nic);
	assert_int_equal(counters().rx_missed, 145);
	receive_one(100);
}

static u32
given(const u8 *to)
{
	u32 before = got;

	make(want, to, other, 60);
	card_give(want, 60);
	drain(count);
	return got - before;
}

static void
a_bridge_gets_what_is_for_others(void **state)
{
	static const u8 all[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
	static const u8 group[6] = {0x33, 0x33, 0, 0, 0, 1}, guest[6] = {0x52, 0x54, 0, 0, 0, 7};

	start(false);
	assert_int_equal(given(own) + given(all), 2);
	assert_int_equal(given(group) + given(guest), 0);
	nic_stop(nic);
	start(true);
	assert_int_equal(given(own) + given(all) + given(group) + given(guest), 4);
}

static void
the_cable_is_seen(void **state)
{
	start(true);
	card_set_link(false);
	pass(NS_PER_MS);
	assert_int_equal(wakes, 1);
	nic_check(nic);
	assert_false(nic_link_up(nic));
	drain(count);
	card_set_link(true);
	pass(NS_PER_MS);
	nic_check(nic);
	assert_true(nic_link_up(nic));
	send_one(60);
}

/* Its memory is not mapped any more: a frame that were written would crash this. */
static void
a_stopped_nic_touches_nothing(void **state)
{
	for (unsigned i = 0; i < 3; i++) {
		start(true);
		send_one(60);
		receive_one(60);
		make(want, own, other, 60);
		card_give(want, 60);
		nic_stop(nic);
		assert_false(fake_memory_taken);
		card_give(want, 60);
		pass(NS_PER_MS);
		assert_int_equal(nic_receive(nic, 64, count, NULL), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_driver_knows_the_model, setup, teardown),
		cmocka_unit_test_setup_teardown(frames_of_every_length_go_out, setup, teardown),
		cmocka_unit_test_setup_teardown(frames_of_every_length_come_in, setup, teardown),
		cmocka_unit_test_setup_teardown(each_frame_into_an_idle_nic_wakes_its_client, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_burst_is_moderated, setup, teardown),
		cmocka_unit_test_setup_teardown(batches_both_ways_keep_their_order, setup,
						teardown),
		cmocka_unit_test_setup_teardown(an_overrun_is_counted_and_over_when_drained, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_bridge_gets_what_is_for_others, setup, teardown),
		cmocka_unit_test_setup_teardown(the_cable_is_seen, setup, teardown),
		cmocka_unit_test_setup_teardown(a_stopped_nic_touches_nothing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
