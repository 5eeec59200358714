/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/e1000/model.c drivers/e1000/model_regs.c drivers/e1000/model_eeprom.c
// SOURCES: drivers/e1000/model_phy.c drivers/e1000/model_stats.c drivers/e1000/model_irq.c
// SOURCES: drivers/e1000/model_tx.c drivers/e1000/model_tx_frame.c drivers/e1000/model_rx.c
// SOURCES: drivers/e1000/model_rx_filter.c dev/bus.c dev/pci.c dev/pci_device.c dev/pci_firmware.c
// SOURCES: net/switch.c net/switch_admit.c net/switch_look.c net/fdb.c net/segment.c net/frame.c
// SOURCES: net/checksum.c lib/lock.c lib/error.c lib/log.c lib/format.c
/* The 82545EM sends: rings, descriptors of all kinds, offloads, counters. */
#include "tests/unit/test.h"

#include "tests/unit/fake/e1000.h"

#define DATA	(E1000_TXD_DEXT | 1u << 20)
#define CONTEXT (E1000_TXD_DEXT)

static u8 bytes[70000];
static struct fake_port *peer = &fake_ports[0];

static int
setup(void **state)
{
	fake_nic_init();
	fake_nic_up();
	return 0;
}

static void
fill(u32 len)
{
	fake_fill(bytes, len, len);
	fake_ethernet(bytes, 0, 9);
	if (len > ETH_MIN)
		fake_fill(bytes + ETH_MIN, len - ETH_MIN, len);
}

static void
assert_sent(u32 len)
{
	assert_int_equal(peer->len, len);
	assert_memory_equal(peer->bytes, bytes, len);
}

static void
test_a_legacy_packet(void **state)
{
	u32 n;

	fill(1514);
	n = put_packet(bytes, 1514);
	ring_doorbell();
	assert_int_equal(peer->given, 1);
	assert_sent(1514);
	assert_int_equal(reg(E1000_TDH), 1);
	assert_int_equal(tx_desc(n)->status, E1000_TXD_DD);
	assert_int_equal(reg(E1000_ICR) & (E1000_INT_TXDW | E1000_INT_TXQE),
			 E1000_INT_TXDW | E1000_INT_TXQE);
}

static void
test_without_rs_nothing_is_written_back(void **state)
{
	u32 n;

	fill(60);
	memcpy(fake_ram(FAKE_TX_BUFFERS), bytes, 60);
	n = put_desc(FAKE_TX_BUFFERS, 60 | E1000_TXD_EOP | E1000_TXD_IFCS, 0);
	ring_doorbell();
	assert_int_equal(peer->given, 1);
	assert_int_equal(tx_desc(n)->status, 0);
	assert_int_equal(reg(E1000_ICR) & E1000_INT_TXDW, 0);
}

static void
test_rs_keeps_the_rest_of_the_descriptor(void **state)
{
	u32 n;

	fill(60);
	memcpy(fake_ram(FAKE_TX_BUFFERS), bytes, 60);
	n = put_desc(FAKE_TX_BUFFERS, 60 | E1000_TXD_EOP | E1000_TXD_IFCS | E1000_TXD_RPS,
		     0x12345600);
	ring_doorbell();
	assert_int_equal(tx_desc(n)->status, 0x12345601);
}

static void
test_the_ring_wraps_many_times(void **state)
{
	for (u32 i = 0; i < 1000; i++) {
		fill(60 + i);
		put_packet(bytes, 60 + i);
		ring_doorbell();
		assert_sent(60 + i);
	}
	assert_int_equal(peer->given, 1000);
	assert_int_equal(reg(E1000_GPTC), 1000);
}

static void
test_buffers_in_pieces_and_over_the_seam(void **state)
{
	u64 at = FAKE_SEAM - 700;

	fill(1514);
	assert_int_equal(guest_write(&fake_nic.memory, GPA(at), bytes, 1514), 0);
	put_desc(at, DATA | 1 | E1000_TXD_IFCS, 0);
	put_desc(at + 1, DATA | 9, 0);
	put_desc(0, DATA | 0, 0);
	put_desc(at + 10, DATA | 100, 0);
	put_desc(at + 110, DATA | 1404 | FAKE_TX_LAST, 0);
	ring_doorbell();
	assert_int_equal(peer->given, 1);
	assert_sent(1514);
}

static void
test_a_packet_may_come_bit_by_bit(void **state)
{
	fill(1514);
	memcpy(fake_ram(FAKE_TX_BUFFERS), bytes, 1514);
	for (u32 i = 0; i < 50; i++) {
		put_desc(FAKE_TX_BUFFERS + 30 * i, DATA | 30, 0);
		ring_doorbell();
		assert_int_equal(peer->given, 0);
		assert_false(fake_nic.e.tx.kicked);
	}
	put_desc(FAKE_TX_BUFFERS + 1500, DATA | 14 | FAKE_TX_LAST, 0);
	ring_doorbell();
	assert_int_equal(peer->given, 1);
	assert_sent(1514);
}

static void
test_one_kick_for_many_doorbells(void **state)
{
	fake_nic.lazy = true;
	fill(60);
	for (u32 i = 0; i < 20; i++) {
		put_packet(bytes, 60);
		ring_doorbell();
	}
	assert_int_equal(fake_nic.kicks, 1);
	assert_int_equal(peer->given, 0);
	assert_int_equal(e1000_waiting(&fake_nic.e), 20);
	assert_false(e1000_transmit(&fake_nic.e, 64));
	assert_int_equal(e1000_waiting(&fake_nic.e), 0);
	assert_int_equal(peer->given, 20);
	assert_int_equal(reg(E1000_ICR) & E1000_INT_TXDW, E1000_INT_TXDW);
}

static void
test_the_budget_bounds_a_call(void **state)
{
	fake_nic.lazy = true;
	fill(60);
	for (u32 i = 0; i < 60; i++)
		put_packet(bytes, 60);
	ring_doorbell();
	for (u32 calls = 1;; calls++) {
		bool more = e1000_transmit(&fake_nic.e, 10);

		assert_int_equal(peer->given, MIN(10 * calls, 60u));
		assert_int_equal(more, peer->given < 60);
		assert_int_equal(fake_nic.e.tx.kicked, more);
		if (!more)
			break;
	}
}

static void
test_a_packet_of_more_than_the_budget_goes_whole(void **state)
{
	fake_nic.lazy = true;
	fill(600);
	memcpy(fake_ram(FAKE_TX_BUFFERS), bytes, 600);
	for (u32 i = 0; i < 10; i++)
		put_desc(FAKE_TX_BUFFERS + 60 * i, DATA | 60 | (i == 9 ? FAKE_TX_LAST : 0), 0);
	put_packet(bytes, 60);
	tx_desc(10)->address = FAKE_TX_BUFFERS;
	ring_doorbell();
	assert_true(e1000_transmit(&fake_nic.e, 1));
	assert_int_equal(peer->given, 1);
	assert_sent(600);
	assert_false(e1000_transmit(&fake_nic.e, 1));
	assert_int_equal(peer->given, 2);
}

static void
kick_from_inside(struct fake_port *port)
{
	if (port->given < 100) {
		put_packet(port->bytes, port->len);
		ring_doorbell();
		assert_false(e1000_transmit(&fake_nic.e, 10));
	}
}

static void
test_doorbells_while_it_transmits_are_not_lost(void **state)
{
	peer->look = kick_from_inside;
	fill(60);
	put_packet(bytes, 60);
	ring_doorbell();
	assert_int_equal(peer->given, 100);
	assert_int_equal(fake_nic.kicks, 1);
	assert_int_equal(reg(E1000_TDH), reg(E1000_TDT));
}

static void
test_work_waits_for_the_transmitter_to_be_enabled(void **state)
{
	set_reg(E1000_TCTL, 0);
	fill(60);
	put_packet(bytes, 60);
	ring_doorbell();
	assert_int_equal(peer->given, 0);
	set_reg(E1000_TCTL, E1000_TCTL_EN);
	assert_int_equal(peer->given, 1);
}

/* What waited goes out without another doorbell, or any other access (PCI 3.0, 6.2.2). */
static void
test_work_waits_for_bus_mastering(void **state)
{
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	fill(60);
	put_packet(bytes, 60);
	ring_doorbell();
	assert_int_equal(peer->given, 0);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(peer->given, 1);
	assert_int_equal(fake_nic.kicks, 1);
	assert_int_equal(tx_desc(0)->status, E1000_TXD_DD);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(fake_nic.kicks, 1);
}

static void
test_short_packets_are_padded(void **state)
{
	fill(60);
	memset(bytes + 20, 0, 40);
	put_packet(bytes, 20);
	ring_doorbell();
	assert_sent(60);
	set_reg(E1000_TCTL, E1000_TCTL_EN);
	put_packet(bytes, 20);
	ring_doorbell();
	assert_sent(20);
}

static void
test_an_fcs_of_the_guest_s_own_is_taken_off(void **state)
{
	fill(64);
	memcpy(fake_ram(FAKE_TX_BUFFERS), bytes, 64);
	put_desc(FAKE_TX_BUFFERS, 62 | E1000_TXD_RS, 0);
	put_desc(FAKE_TX_BUFFERS + 62, 2 | E1000_TXD_RS | E1000_TXD_EOP, 0);
	ring_doorbell();
	assert_sent(60);
}

static void
test_a_tag_is_inserted_with_vme(void **state)
{
	fill(100);
	memcpy(fake_ram(FAKE_TX_BUFFERS), bytes, 100);
	put_desc(FAKE_TX_BUFFERS, 100 | FAKE_TX_LAST | E1000_TXD_VLE, 0x2064u << 16);
	ring_doorbell();
	assert_false(peer->tagged);
	set_reg(E1000_CTRL, reg(E1000_CTRL) | E1000_CTRL_VME);
	put_desc(FAKE_TX_BUFFERS, 100 | FAKE_TX_LAST | E1000_TXD_VLE, 0x2064u << 16);
	ring_doorbell();
	assert_true(peer->tagged);
	assert_int_equal(peer->tag, 0x2064);
	assert_sent(100);
	set_reg(E1000_VET, 0x88a8);
	put_desc(FAKE_TX_BUFFERS, 100 | FAKE_TX_LAST | E1000_TXD_VLE, 0x2064u << 16);
	ring_doorbell();
	assert_false(peer->tagged);
	assert_int_equal(peer->len, 104);
	assert_int_equal(be32_at(peer->bytes + 12), 0x88a82064);
	assert_memory_equal(peer->bytes + 16, bytes + 12, 88);
}

/* The packet at the buffers, by a context and data descriptors, cut at `cut`. */
static void
send_with(const struct e1000_tx_context *c, u32 len, u32 cut, u32 flags, u32 options)
{
	u32 n = put_desc(0, 0, 0);

	memcpy(tx_desc(n), c, sizeof(*c));
	memcpy(fake_ram(FAKE_TX_BUFFERS), bytes, len);
	put_desc(FAKE_TX_BUFFERS, DATA | cut | flags | E1000_TXD_IFCS, options << 8);
	put_desc(FAKE_TX_BUFFERS + cut, DATA | (len - cut) | flags | FAKE_TX_LAST, options << 8);
	ring_doorbell();
}

static void
test_checksums_are_inserted(void **state)
{
	for (unsigned i = 0; i < 8; i++) {
		struct fake_packet p = {.ipv6 = i & 1,
					.protocol = i & 2 ? IP_UDP : IP_TCP,
					.payload = i & 4 ? 1000 : 1,
					.seed = i,
					.partial = true};
		struct e1000_tx_context c = {.ipcss = 14,
					     .ipcso = 24,
					     .ipcse = 33,
					     .tucss = (u8)fake_l4_offset(&p),
					     .command = CONTEXT};
		u32 len = fake_packet(bytes, &p);

		c.tucso = (u8)(c.tucss + (i & 2 ? UDP_CHECKSUM : TCP_CHECKSUM));
		if (!p.ipv6)
			be16_put(bytes + 24, 0);
		set_reg(E1000_TCTL, E1000_TCTL_EN);
		send_with(&c, len, 30, 0, p.ipv6 ? 2 : 3);
		assert_int_equal(peer->len, len);
		assert_true(fake_packet_is_right(peer->bytes, len));
	}
}

static void
test_a_sum_that_ends_early(void **state)
{
	struct fake_packet p = {.protocol = IP_UDP, .payload = 101, .partial = true};
	struct e1000_tx_context c = {.tucss = 34, .tucso = 40, .command = CONTEXT};
	u32 len = fake_packet(bytes, &p);

	c.tucse = (u16)(len - 1);
	bytes[len] = 0xff; /* behind the packet */
	send_with(&c, len + 1, 60, 0, 2);
	assert_int_equal(peer->len, len + 1);
	assert_true(fake_packet_is_right(peer->bytes, len));
}

static void
test_a_legacy_checksum(void **state)
{
	struct fake_packet p = {.protocol = IP_UDP, .payload = 100, .partial = true};
	u32 len = fake_packet(bytes, &p);

	memcpy(fake_ram(FAKE_TX_BUFFERS), bytes, len);
	put_desc(FAKE_TX_BUFFERS, 50, 0);
	put_desc(FAKE_TX_BUFFERS + 50, (len - 50) | FAKE_TX_LAST | E1000_TXD_IC | 40u << 16,
		 34u << 8);
	ring_doorbell();
	assert_true(fake_packet_is_right(peer->bytes, len));
}

static u32 segments, segment_bytes;

static void
look_at_segment(struct fake_port *port)
{
	assert_true(fake_packet_is_right(port->bytes, port->len));
	segments++;
	segment_bytes += port->len;
}

static struct e1000_tx_context
tso_context(const struct fake_packet *p, u16 mss)
{
	return (struct e1000_tx_context){
		.ipcss = 14,
		.ipcso = 24,
		.ipcse = 33,
		.tucss = (u8)fake_l4_offset(p),
		.tucso = (u8)(fake_l4_offset(p) + TCP_CHECKSUM),
		.command = CONTEXT | E1000_TXD_TSE | E1000_TXD_TUCMD_TCP |
			   (p->ipv6 ? 0 : E1000_TXD_TUCMD_IP) | p->payload,
		.header_len = (u8)fake_headers(p),
		.mss = mss,
	};
}

static void
test_tso_for_both_ip(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		struct fake_packet p = {.ipv6 = i,
					.protocol = IP_TCP,
					.tcp_options = 12,
					.payload = 60000,
					.partial = true};
		u32 len = fake_packet(bytes, &p), headers = fake_headers(&p);
		struct e1000_tx_context c = tso_context(&p, 1448);

		segments = segment_bytes = 0;
		peer->look = look_at_segment;
		send_with(&c, len, headers, E1000_TXD_TSE, 3);
		assert_int_equal(segments, 42);
		assert_int_equal(segment_bytes, 60000 + 42 * headers);
		assert_int_equal(reg(E1000_GPTC), 42);
		assert_int_equal(reg(E1000_GOTCL), 60000 + 42 * (headers + 4));
		assert_int_equal(reg(E1000_GOTCH), 0);
		assert_int_equal(reg(E1000_PTC1522), 41);
		assert_int_equal(reg(E1000_PTC1023), 1);
		assert_int_equal(reg(E1000_TSCTC), 1);
	}
}

static void
assert_nothing_counted(void)
{
	assert_int_equal(reg(E1000_GPTC), 0);
	assert_int_equal(reg(E1000_GOTCL), 0);
	assert_int_equal(reg(E1000_TPT), 0);
	assert_int_equal(reg(E1000_TSCTC), 0);
	for (u32 i = 0; i < 6; i++)
		assert_int_equal(reg(E1000_PTC64 + 4 * i), 0);
}

/* Only what has left is counted; what can't be cut, among the failures (13.7, TSCTC, TSCTFC). */
static void
test_segments_that_never_left_are_not_counted(void **state)
{
	struct fake_packet p = {.protocol = IP_TCP, .payload = 3000, .partial = true};
	u32 len = fake_packet(bytes, &p);

	for (u32 i = 0; i < 4; i++) {
		struct e1000_tx_context c = tso_context(&p, i == 0 ? 0 : 1000);

		c.header_len = (u8)(c.header_len + (i == 1 ? 2 : 0)); /* than TCP's header says */
		be16_put(bytes + ETH_TYPE, i == 2 ? ETH_TYPE_ARP : ETH_TYPE_IPV4);
		set_reg(E1000_RCTL, i == 3 ? 1 << 6 : 0); /* looped back, to nobody */
		c.tucso = (u8)(c.tucso + (i == 3 ? 2 : 0));
		send_with(&c, len, 54, E1000_TXD_TSE, 3);
		assert_int_equal(peer->given, 0);
		assert_int_equal(reg(E1000_TDH), reg(E1000_TDT));
		assert_nothing_counted();
		assert_int_equal(reg(E1000_TSCTFC), 1);
	}
}

static void
test_without_a_link_no_segments_are_counted(void **state)
{
	struct fake_packet p = {.protocol = IP_TCP, .payload = 3000, .partial = true};
	struct e1000_tx_context c = tso_context(&p, 1000);
	u32 len = fake_packet(bytes, &p);

	e1000_set_link(&fake_nic.e, false);
	send_with(&c, len, 54, E1000_TXD_TSE, 3);
	assert_nothing_counted();
	assert_int_equal(reg(E1000_TSCTFC), 0);
	e1000_set_link(&fake_nic.e, true);
	send_with(&c, len, 54, E1000_TXD_TSE, 3);
	assert_int_equal(peer->given, 3);
	assert_int_equal(reg(E1000_GPTC), 3);
	assert_int_equal(reg(E1000_TSCTC), 1);
	assert_int_equal(reg(E1000_TSCTFC), 0);
}

static void
test_tso_goes_whole_to_who_takes_it(void **state)
{
	struct fake_packet p = {.protocol = IP_TCP, .payload = 30000, .partial = true};
	u32 len = fake_packet(bytes, &p);
	struct e1000_tx_context c = tso_context(&p, 1460);

	switch_detach(&peer->port);
	peer->port.takes = PORT_TAKES_CHECKSUM | PORT_TAKES_TCP4;
	assert_int_equal(switch_attach(&fake_switch, &peer->port), 0);
	send_with(&c, len, 54, E1000_TXD_TSE, 3);
	assert_int_equal(peer->given, 1);
	assert_int_equal(peer->len, len);
	assert_int_equal(peer->segmentation, FRAME_TCP4);
	assert_memory_equal(peer->bytes + 54, bytes + 54, 30000);
}

static void
test_two_contexts_stay(void **state)
{
	struct fake_packet p = {.protocol = IP_TCP, .payload = 3000, .partial = true};
	struct fake_packet udp = {.protocol = IP_UDP, .payload = 100, .partial = true};
	struct e1000_tx_context c = tso_context(&p, 1000), none = {.command = CONTEXT};
	struct e1000_tx_context sum = {.tucss = 34, .tucso = 40, .command = CONTEXT};
	u32 len = fake_packet(bytes, &p);

	segments = 0;
	peer->look = look_at_segment;
	send_with(&c, len, 54, E1000_TXD_TSE, 3);
	len = fake_packet(bytes, &udp);
	send_with(&sum, len, 54, 0, 2);
	len = fake_packet(bytes, &p);
	send_with(&none, len, 54, E1000_TXD_TSE, 3);
	assert_int_equal(segments, 7);
}

/* A packet by data descriptors alone, whose context has been loaded before. */
static void
send_without_context(const struct fake_packet *p, u32 flags, u32 options)
{
	u32 len = fake_packet(bytes, p);

	memcpy(fake_ram(FAKE_TX_BUFFERS), bytes, len);
	put_desc(FAKE_TX_BUFFERS, DATA | len | flags | FAKE_TX_LAST, options << 8);
	ring_doorbell();
}

/* A context holds until another one is loaded (3.3.6): switching the transmitter off lets it finish
 * the packet in progress (13.4.33), no more, and TCTL's other bits are of the line. */
static void
test_contexts_stay_whatever_is_written_to_tctl(void **state)
{
	static const u32 values[] = {
		E1000_TCTL_EN,
		E1000_TCTL_EN | E1000_TCTL_PSP | (u32)E1000_TCTL_COLD,
		E1000_TCTL_EN | (u32)E1000_TCTL_CT,
		0,
	};
	struct fake_packet tcp = {.protocol = IP_TCP, .payload = 3000, .partial = true};
	struct fake_packet udp = {.protocol = IP_UDP, .payload = 100, .partial = true};
	struct e1000_tx_context cut = tso_context(&tcp, 1000);
	struct e1000_tx_context sum = {.tucss = 34, .tucso = 40, .command = CONTEXT};

	peer->look = look_at_segment;
	send_with(&sum, fake_packet(bytes, &udp), 54, 0, 2);
	send_with(&cut, fake_packet(bytes, &tcp), 54, E1000_TXD_TSE, 3);
	segments = 0;
	for (u32 i = 0; i < ARRAY_SIZE(values); i++) {
		set_reg(E1000_TCTL, values[i]);
		set_reg(E1000_TCTL, values[i] | E1000_TCTL_EN);
		send_without_context(&udp, 0, 2);
		assert_int_equal(segments, 4 * i + 1);
		send_without_context(&tcp, E1000_TXD_TSE, 3);
		assert_int_equal(segments, 4 * i + 4);
	}
}

static void
test_contexts_stay_over_bus_mastering_and_another_ring(void **state)
{
	struct fake_packet udp = {.protocol = IP_UDP, .payload = 100, .partial = true};
	struct e1000_tx_context sum = {.tucss = 34, .tucso = 40, .command = CONTEXT};

	segments = 0;
	peer->look = look_at_segment;
	send_with(&sum, fake_packet(bytes, &udp), 54, 0, 2);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	send_without_context(&udp, 0, 2);
	assert_int_equal(segments, 2);
	set_reg(E1000_TCTL, 0);
	set_reg(E1000_TDH, 0);
	set_reg(E1000_TDT, 0);
	fake_nic.tdt = 0;
	set_reg(E1000_TCTL, E1000_TCTL_EN);
	send_without_context(&udp, 0, 2);
	assert_int_equal(segments, 3);
}

/* Nobody has said into what to cut it. */
static void
test_a_reset_forgets_contexts(void **state)
{
	struct fake_packet tcp = {.protocol = IP_TCP, .payload = 3000, .partial = true};
	struct e1000_tx_context cut = tso_context(&tcp, 1000);

	send_with(&cut, fake_packet(bytes, &tcp), 54, E1000_TXD_TSE, 3);
	assert_int_equal(peer->given, 3);
	set_reg(E1000_CTRL, E1000_CTRL_RST);
	set_reg(E1000_CTRL, E1000_CTRL_PHY_RST);
	fake_nic_up();
	send_without_context(&tcp, E1000_TXD_TSE, 3);
	assert_int_equal(reg(E1000_TDH), 1);
	assert_int_equal(peer->given, 3);
}

static void
test_statistics_by_size_and_kind(void **state)
{
	static const u32 lengths[] = {60, 61, 123, 124, 252, 508, 1020, 1514};
	static const u32 counts[] = {1, 2, 1, 1, 1, 2};

	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		fill(lengths[i]);
		put_packet(bytes, lengths[i]);
	}
	fill(60);
	memset(bytes, 0xff, 6);
	put_packet(bytes, 60);
	tx_desc(fake_nic.tdt - 1)->address = FAKE_TX_BUFFERS + 0x1000;
	memcpy(fake_ram(FAKE_TX_BUFFERS + 0x1000), bytes, 60);
	bytes[0] = 1;
	put_packet(bytes, 60);
	tx_desc(fake_nic.tdt - 1)->address = FAKE_TX_BUFFERS + 0x2000;
	memcpy(fake_ram(FAKE_TX_BUFFERS + 0x2000), bytes, 60);
	ring_doorbell();
	assert_int_equal(reg(E1000_BPTC), 1);
	assert_int_equal(reg(E1000_PTC64), counts[0] + 2);
	for (u32 i = 1; i < 6; i++)
		assert_int_equal(reg(E1000_PTC64 + 4 * i), counts[i]);
	assert_int_equal(reg(E1000_TPT), 10);
	assert_int_equal(reg(E1000_TPT), 0); /* read, and clear */
	assert_int_equal(reg(E1000_GPTC), 10);
	assert_int_equal(reg(E1000_TOTL), reg(E1000_TOTL)); /* the upper half clears both */
	assert_int_equal(reg(E1000_TOTH), 0);
	assert_int_equal(reg(E1000_TOTL), 0);
	assert_int_not_equal(reg(E1000_GOTCL), 0);
}

static void
test_few_descriptors_left_is_a_cause(void **state)
{
	set_reg(E1000_TXDCTL, 1u << 25);
	fill(60);
	fake_nic.lazy = true;
	for (u32 i = 0; i < 9; i++)
		put_packet(bytes, 60);
	ring_doorbell();
	while (e1000_transmit(&fake_nic.e, 1))
		continue;
	assert_true(reg(E1000_ICR) & E1000_INT_TXD_LOW);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_legacy_packet, setup),
		cmocka_unit_test_setup(test_without_rs_nothing_is_written_back, setup),
		cmocka_unit_test_setup(test_rs_keeps_the_rest_of_the_descriptor, setup),
		cmocka_unit_test_setup(test_the_ring_wraps_many_times, setup),
		cmocka_unit_test_setup(test_buffers_in_pieces_and_over_the_seam, setup),
		cmocka_unit_test_setup(test_a_packet_may_come_bit_by_bit, setup),
		cmocka_unit_test_setup(test_one_kick_for_many_doorbells, setup),
		cmocka_unit_test_setup(test_the_budget_bounds_a_call, setup),
		cmocka_unit_test_setup(test_a_packet_of_more_than_the_budget_goes_whole, setup),
		cmocka_unit_test_setup(test_doorbells_while_it_transmits_are_not_lost, setup),
		cmocka_unit_test_setup(test_work_waits_for_the_transmitter_to_be_enabled, setup),
		cmocka_unit_test_setup(test_work_waits_for_bus_mastering, setup),
		cmocka_unit_test_setup(test_short_packets_are_padded, setup),
		cmocka_unit_test_setup(test_an_fcs_of_the_guest_s_own_is_taken_off, setup),
		cmocka_unit_test_setup(test_a_tag_is_inserted_with_vme, setup),
		cmocka_unit_test_setup(test_checksums_are_inserted, setup),
		cmocka_unit_test_setup(test_a_sum_that_ends_early, setup),
		cmocka_unit_test_setup(test_a_legacy_checksum, setup),
		cmocka_unit_test_setup(test_tso_for_both_ip, setup),
		cmocka_unit_test_setup(test_segments_that_never_left_are_not_counted, setup),
		cmocka_unit_test_setup(test_without_a_link_no_segments_are_counted, setup),
		cmocka_unit_test_setup(test_tso_goes_whole_to_who_takes_it, setup),
		cmocka_unit_test_setup(test_two_contexts_stay, setup),
		cmocka_unit_test_setup(test_contexts_stay_whatever_is_written_to_tctl, setup),
		cmocka_unit_test_setup(test_contexts_stay_over_bus_mastering_and_another_ring,
				       setup),
		cmocka_unit_test_setup(test_a_reset_forgets_contexts, setup),
		cmocka_unit_test_setup(test_statistics_by_size_and_kind, setup),
		cmocka_unit_test_setup(test_few_descriptors_left_is_a_cause, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
