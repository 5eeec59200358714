/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/e1000/model.c drivers/e1000/model_regs.c drivers/e1000/model_eeprom.c
// SOURCES: drivers/e1000/model_phy.c drivers/e1000/model_stats.c drivers/e1000/model_irq.c
// SOURCES: drivers/e1000/model_tx.c drivers/e1000/model_tx_frame.c drivers/e1000/model_rx.c
// SOURCES: drivers/e1000/model_rx_filter.c dev/bus.c dev/pci.c dev/pci_device.c dev/pci_firmware.c
// SOURCES: net/switch.c net/switch_admit.c net/switch_look.c net/fdb.c net/segment.c net/frame.c
// SOURCES: net/checksum.c lib/lock.c lib/error.c lib/log.c lib/format.c
/*
 * What a hostile guest does to its 82545EM: by the cases of the threat model, and what was a hole
 * elsewhere, by its number. After each the NIC, reset, works; the sanitizer looks after memory.
 */
#include "tests/unit/test.h"

#include "include/intrin.h"
#include "tests/unit/fake/e1000_hostile.h"

#define RAM_LAST ((u64)FAKE_RAM - 16)

static struct e1000 other;

/* Addresses at which no ring and no buffer is, or not all of one. */
static const u64 nowhere[] = {
	GUEST_LOW_END,	      GUEST_LOW_END - 8,  FAKE_RAM,	      RAM_LAST + 8, FAKE_NIC,
	FAKE_NIC + E1000_TDT, 0xc0200000,	  PCI_ECAM_BASE,      0xfee00000,   GUEST_HIGH,
	0xfffffffffffffff0,   0xffffffffffffffff, 0x8000000000000000,
};

static void
e1_ring_lengths(void **state)
{
	static const u32 lengths[] = {0, 16, 127, 128, 0xfff80, 0xffffffff};

	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		set_reg(E1000_TDH, 0);
		set_reg(E1000_TDT, 0);
		set_reg(E1000_TDLEN, lengths[i]);
		set_reg(E1000_RDLEN, lengths[i]);
		for (u32 tail = 0; tail < 0x10000; tail += 0x333)
			set_reg(E1000_TDT, tail);
		set_reg(E1000_RDH, 0);
		set_reg(E1000_RDT, 0xffff);
		give(NULL, bytes, 60);
		set_reg(E1000_RDT, 3);
		give(NULL, bytes, 60);
		assert_true(reg(E1000_TDH) <= reg(E1000_TDLEN) / 16);
	}
}

static void
e2_head_beyond_the_ring(void **state)
{
	packet(60);
	set_reg(E1000_TDH, FAKE_RING);
	ring_doorbell();
	set_reg(E1000_TDH, 0xffff);
	ring_doorbell();
	assert_int_equal(peer->given, 0);
	assert_int_equal(reg(E1000_TDH), 0xffff);
	set_reg(E1000_RDH, 0xffff);
	give(NULL, bytes, 60);
	assert_int_equal(reg(E1000_RDH), 0xffff);
	assert_int_equal(reg(E1000_MPC), 1);
}

static void
e3_tail_beyond_the_ring_and_backwards(void **state)
{
	packet(60);
	set_reg(E1000_TDT, FAKE_RING);
	set_reg(E1000_TDT, 0xffff);
	assert_int_equal(peer->given, 0);
	set_reg(E1000_TDT, 10);
	assert_int_equal(peer->given, 1);
	set_reg(E1000_TDT, 5);
	/* One ring of descriptors of no length and no end. */
	assert_false(fake_nic.e.tx.kicked);
	set_reg(E1000_RDT, 0xffff);
	give(NULL, bytes, 60);
	assert_int_equal(reg(E1000_RDH), 0);
}

static void
e4_full_ring_kicked_a_million_times(void **state)
{
	fake_nic.lazy = true;
	for (u32 i = 0; i < FAKE_RING; i++)
		*tx_desc(i) = (struct e1000_tx_desc){0, E1000_TXD_EOP | E1000_TXD_RS, 0};
	for (u32 i = 0; i < 1000000; i++)
		set_reg(E1000_TDT, (reg(E1000_TDH) + FAKE_RING - 1) % FAKE_RING);
	assert_int_equal(fake_nic.kicks, 1);
	for (u32 left = FAKE_RING - 1; left > 0;) {
		u32 before = reg(E1000_TDH);
		bool more = e1000_transmit(&fake_nic.e, 7);

		assert_int_equal(reg(E1000_TDH) - before, MIN(7u, left));
		left -= MIN(7u, left);
		assert_int_equal(more, left > 0);
	}
}

static void
e5_rings_where_no_ram_is(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(nowhere); i++) {
		set_reg(E1000_TDBAL, (u32)nowhere[i]);
		set_reg(E1000_TDBAH, (u32)(nowhere[i] >> 32));
		set_reg(E1000_RDBAL, (u32)nowhere[i]);
		set_reg(E1000_RDBAH, (u32)(nowhere[i] >> 32));
		set_reg(E1000_TDT, (reg(E1000_TDH) + 1) % FAKE_RING);
		set_reg(E1000_TDT, (reg(E1000_TDH) + FAKE_RING - 1) % FAKE_RING);
		set_reg(E1000_RDH, FAKE_RING - 1);
		set_reg(E1000_RDT, FAKE_RING - 2);
		give(NULL, bytes, 60);
		give(NULL, bytes, 1514);
	}
	assert_int_equal(peer->given, 0);
	assert_false(fake_nic.e.tx.kicked);
}

static void
e5_a_ring_in_the_last_bytes_of_ram(void **state)
{
	struct e1000_tx_desc d = {FAKE_TX_BUFFERS, 60 | FAKE_TX_LAST, 0};

	memcpy(fake_ram(RAM_LAST), &d, 16);
	memcpy(fake_ram(FAKE_TX_BUFFERS), fake_ethernet(bytes, 0, 9), 60);
	set_reg(E1000_TDBAL, (u32)RAM_LAST);
	set_reg(E1000_TDT, 1);
	assert_int_equal(peer->given, 1);
	set_reg(E1000_TDT, 2);
	assert_int_equal(peer->given, 1);
}

static u32 change; /* the register that is changed in the middle, and to what */
static u32 change_to;

static void
change_now(void)
{
	set_reg(change, change_to);
}

static void
change_it(struct fake_port *port)
{
	by_another_vcpu(change_now);
}

static void
e6_rings_changed_while_enabled(void **state)
{
	static const u32 changes[][2] = {
		{E1000_TDLEN, 0      },
		  {E1000_TDLEN, 128	   },
		       {E1000_TDBAL, 0x30000},
		       {E1000_TDBAH, 1      },
		{E1000_TDH,   40     },
		  {E1000_TDH,   0xffff },
		       {E1000_TDT,   1	    },
		       {E1000_TDT,   0xffff },
		{E1000_RDLEN, 0      },
		  {E1000_RDBAH, 7	 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(changes); i++) {
		setup(NULL);
		change = changes[i][0];
		change_to = changes[i][1];
		peer->look = change_it;
		for (u32 n = 0; n < 40; n++)
			packet(60);
		ring_doorbell();
		other_vcpus_end();
		peer->look = NULL;
		give(NULL, bytes, 60);
		/* Nothing was written where the ring has gone to. */
		for (u32 n = 0; n < 0x1000; n++)
			assert_int_equal(*fake_ram(0x30000 + n), 0);
		works_still(NULL);
	}
}

static void
e8_both_indices_all_ones(void **state)
{
	set_reg(E1000_RDH, 0xffffffff);
	set_reg(E1000_RDT, 0xffffffff);
	assert_int_equal(reg(E1000_RDH), reg(E1000_RDT));
	give(NULL, bytes, 60);
	assert_int_equal(reg(E1000_MPC), 1);
	set_reg(E1000_TDH, 0xffffffff);
	set_reg(E1000_TDT, 0xffffffff);
	assert_int_equal(peer->given, 0);
}

static void
e9_lengths(void **state)
{
	put_desc(FAKE_TX_BUFFERS, FAKE_TX_LAST, 0);
	put_desc(FAKE_TX_BUFFERS, FAKE_TX_LAST | 0xffff, 0);
	put_desc(FAKE_TX_BUFFERS, DATA | FAKE_TX_LAST | 0xfffff, 0);
	put_desc(0, DATA | FAKE_TX_LAST, 0);
	put_desc(FAKE_TX_BUFFERS, DATA | 0xffff, 0);
	put_desc(FAKE_TX_BUFFERS, DATA | 0xffff | FAKE_TX_LAST, 0);
	ring_doorbell();
	assert_int_equal(peer->given, 0);
	assert_int_equal(reg(E1000_TDH), 6);
	for (u32 i = 0; i < 6; i++)
		assert_int_equal(tx_desc(i)->status & 1, i != 4);
}

/* In a ring as large as it can be. */
static void
e9_sixteen_thousand_descriptors_without_an_end(void **state)
{
	enum { COUNT = 16384, RING = 0x200000 };

	set_reg(E1000_TDBAL, RING);
	set_reg(E1000_TDLEN, 0xfff80);
	for (u32 i = 0; i < COUNT; i++) {
		struct e1000_tx_desc d = {FAKE_TX_BUFFERS, DATA | 1, 0};

		memcpy(fake_ram(RING + 16 * i), &d, sizeof(d));
	}
	set_reg(E1000_TDT, COUNT);
	assert_true(COUNT - reg(E1000_TDH) <= E1000_TX_PACKET_MAX);
	assert_false(fake_nic.e.tx.kicked);
	/* Its end comes at last: it goes with it, and the next packet is one again. */
	memcpy(fake_ram(RING + 16 * COUNT),
	       (struct e1000_tx_desc[2]){
		       {FAKE_TX_BUFFERS, DATA | 60 | FAKE_TX_LAST, 0},
		       {FAKE_TX_BUFFERS, DATA | 60 | FAKE_TX_LAST, 0}
	     },
	       32);
	memcpy(fake_ram(FAKE_TX_BUFFERS), fake_ethernet(bytes, 0, 9), 60);
	set_reg(E1000_TDT, COUNT + 2);
	assert_int_equal(reg(E1000_TDH), COUNT + 2);
	assert_int_equal(peer->given, 1);
	assert_int_equal(peer->len, 60);
}

static void
e9_more_spans_than_a_frame_has(void **state)
{
	set_reg(E1000_TDLEN, 0x4000);
	for (u32 i = 0; i < 240; i++)
		*tx_desc(i) = (struct e1000_tx_desc){FAKE_TX_BUFFERS + 8 * i, DATA | 4, 0};
	*tx_desc(240) = (struct e1000_tx_desc){FAKE_TX_BUFFERS, DATA | FAKE_TX_LAST, 0};
	set_reg(E1000_TDT, 241);
	assert_int_equal(reg(E1000_TDH), 241);
	assert_int_equal(peer->given, 0);
}

static void
e10_buffers_where_no_ram_is(void **state)
{
	for (unsigned i = 0; i < ARRAY_SIZE(nowhere); i++) {
		put_desc(nowhere[i], DATA | 60 | FAKE_TX_LAST, 0);
		put_desc(FAKE_TX_BUFFERS, 30, 0);
		put_desc(nowhere[i], 30 | FAKE_TX_LAST, 0);
		ring_doorbell();
		rx_desc(reg(E1000_RDH))->address = nowhere[i];
		give(NULL, bytes, 1514);
	}
	assert_int_equal(peer->given, 0);
	assert_int_equal(reg(E1000_RDH), 0);
}

static void
e10_null_buffers(void **state)
{
	fake_ethernet(bytes, 0, 9);
	memcpy(fake_ram(0), bytes, 60);
	put_desc(0, 60 | FAKE_TX_LAST, 0);
	ring_doorbell();
	assert_int_equal(peer->given, 1); /* there is RAM */
	rx_desc(0)->address = rx_desc(1)->address = 0;
	give(NULL, bytes, 1514);
	assert_int_equal(rx_desc(0)->status & 3, 1);
	assert_int_equal(rx_desc(1)->status & 3, 1);
	assert_int_equal(rx_desc(0)->length, 0);
	assert_int_equal(rx_desc(2)->status & 3, 3);
	assert_int_equal(reg(E1000_RDH), 3);
}

static void
e10_kinds_of_descriptors_mixed(void **state)
{
	fake_ethernet(bytes, 0, 9);
	memcpy(fake_ram(FAKE_TX_BUFFERS), bytes, 60);
	put_desc(FAKE_TX_BUFFERS, 20, 0);
	put_desc(FAKE_TX_BUFFERS + 20, DATA | 20, 0);
	put_desc(FAKE_TX_BUFFERS + 40, 20 | FAKE_TX_LAST, 0);
	put_desc(FAKE_TX_BUFFERS, DATA | 20, 0);
	put_desc(FAKE_TX_BUFFERS + 20, 20, 0);
	put_desc(~0ul, CONTEXT | E1000_TXD_EOP | E1000_TXD_RS, ~0u);
	put_desc(FAKE_TX_BUFFERS + 40, DATA | 20 | FAKE_TX_LAST, 0x300);
	ring_doorbell();
	assert_int_equal(peer->given, 2);
	assert_int_equal(peer->len, 60);
	assert_memory_equal(peer->bytes, bytes, 60);
	for (u32 type = 2; type < 16; type++)
		put_desc(FAKE_TX_BUFFERS, E1000_TXD_DEXT | type << 20 | 60 | FAKE_TX_LAST, 0);
	ring_doorbell();
	assert_int_equal(peer->given, 2);
	assert_int_equal(reg(E1000_TDH), 21);
}

/* So that a few more descriptors fit before its end. */
static void
restart_ring(void)
{
	if (fake_nic.tdt < FAKE_RING - 4)
		return;
	set_reg(E1000_TCTL, 0);
	fake_nic.tdt = 0;
	set_reg(E1000_TDH, 0);
	set_reg(E1000_TDT, 0);
	set_reg(E1000_TCTL, E1000_TCTL_EN);
}

static void
send_segmented(const struct e1000_tx_context *c, u32 len, u32 first)
{
	u32 n;

	restart_ring();
	n = put_desc(0, 0, 0);
	memcpy(tx_desc(n), c, sizeof(*c));
	memcpy(fake_ram(FAKE_TX_BUFFERS), bytes, len);
	first = MIN(first, len);
	put_desc(FAKE_TX_BUFFERS, DATA | first | E1000_TXD_TSE | E1000_TXD_IFCS, 0x300);
	put_desc(FAKE_TX_BUFFERS + first, DATA | (len - first) | E1000_TXD_TSE | FAKE_TX_LAST,
		 0x300);
	ring_doorbell();
	assert_int_equal(reg(E1000_TDH), fake_nic.tdt);
}

static const struct e1000_tx_context good_tso = {
	.ipcss = 14,
	.ipcso = 24,
	.ipcse = 33,
	.tucss = 34,
	.tucso = 50,
	.command = CONTEXT | E1000_TXD_TSE | E1000_TXD_TUCMD_TCP | E1000_TXD_TUCMD_IP,
	.header_len = 54,
	.mss = 1000,
};

static u32
tcp_packet(u32 payload)
{
	struct fake_packet p = {.protocol = IP_TCP, .payload = payload, .partial = true};

	return fake_packet(bytes, &p);
}

static void
e11_segment_sizes(void **state)
{
	static const u16 sizes[] = {0, 1, 2, 64, 1460, 9000, 16330, 16331, 0xffff};
	u32 len = tcp_packet(60000);

	for (unsigned i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct e1000_tx_context c = good_tso;
		u32 before = peer->given;

		c.mss = sizes[i];
		send_segmented(&c, len, 54);
		assert_true(peer->given - before <= SEGMENTS_MAX);
		if (sizes[i] >= 64 && sizes[i] <= 9000)
			assert_int_equal(peer->given - before, (60000 + sizes[i] - 1) / sizes[i]);
	}
}

static void
e11_header_lengths(void **state)
{
	for (u32 header = 0; header < 256; header++) {
		for (u32 len = 0; len < 3; len++) {
			struct e1000_tx_context c = good_tso;
			u32 before = peer->given;
			u32 whole = len == 0 ? 1 : tcp_packet(len == 1 ? 0 : 3000);

			c.header_len = (u8)header;
			send_segmented(&c, whole, 1);
			send_segmented(&c, whole, 54);
			if (header != 54 || len != 2)
				assert_int_equal(peer->given, before);
			else
				assert_int_equal(peer->given, before + 6);
		}
	}
}

static void
e11_amplification_of_one_descriptor_is_bounded(void **state)
{
	struct e1000_tx_context c = good_tso;

	(void)tcp_packet(1000);
	c.mss = 1;
	c.command |= 0xfffff;
	send_segmented(&c, 54 + 1000, 54);
	assert_int_equal(peer->given, 1000);
	fake_nic.lazy = true;
	for (u32 i = 0; i < 10; i++) {
		u32 n = put_desc(0, 0, 0);

		memcpy(tx_desc(n), &c, sizeof(c));
		put_desc(FAKE_TX_BUFFERS, DATA | 1054 | E1000_TXD_TSE | FAKE_TX_LAST, 0x300);
	}
	ring_doorbell();
	peer->given = 0;
	assert_true(e1000_transmit(&fake_nic.e, 64));
	while (e1000_transmit(&fake_nic.e, 64))
		continue;
	assert_int_equal(peer->given, 10 * 1000);
}

static void
e11_payload_length_that_does_not_match(void **state)
{
	static const u32 lengths[] = {0, 1, 2999, 3001, 0xfffff};
	u32 len = tcp_packet(3000);

	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		struct e1000_tx_context c = good_tso;
		u32 before = peer->given;

		c.command |= lengths[i];
		send_segmented(&c, len, 54);
		assert_int_equal(peer->given, before + 3);
	}
}

static void
e12_checksum_offsets(void **state)
{
	static const u8 values[] = {0, 13, 14, 34, 59, 60, 62, 254, 255};
	static const u16 ends[] = {0, 1, 33, 255, 1000, 0xffff};
	static const u32 lengths[] = {1, 14, 60, 300, 1514};

	set_reg(E1000_TCTL, E1000_TCTL_EN);
	for (unsigned i = 0; i < 9 * 9 * 6 * 5 * 4; i++) {
		struct e1000_tx_context c = {.command = CONTEXT};
		u32 len = lengths[i / 486 % 5], n, options = i / 2430;

		c.ipcss = c.tucss = values[i % 9];
		c.ipcso = c.tucso = values[i / 9 % 9];
		c.ipcse = c.tucse = ends[i / 81 % 6];
		restart_ring();
		n = put_desc(0, 0, 0);
		memcpy(tx_desc(n), &c, sizeof(c));
		fake_ethernet(bytes, 0, 9);
		put_packet(bytes, len);
		tx_desc(n + 1)->command |= DATA;
		tx_desc(n + 1)->status = options << 8;
		ring_doorbell();
		assert_int_equal(reg(E1000_TDH), fake_nic.tdt);
	}
	/* The legacy ones: sent, whatever they say, but for those that spoil their own address. */
	peer->given = 0;
	for (u32 i = 0; i < 256; i++) {
		packet(60 + i % 3);
		tx_desc((fake_nic.tdt + FAKE_RING - 1) % FAKE_RING)->command |=
			E1000_TXD_IC | i << 16;
		tx_desc((fake_nic.tdt + FAKE_RING - 1) % FAKE_RING)->status =
			(i & 64 ? 255 - i : i + 2) << 8;
		ring_doorbell();
	}
	assert_in_range(peer->given, 256 - ETH_HEADER, 256);
}

static void
e12_protocols_contradict(void **state)
{
	for (u32 i = 0; i < 64; i++) {
		struct fake_packet p = {.ipv6 = i & 1,
					.protocol = i & 2 ? IP_UDP : IP_TCP,
					.payload = 3000};
		struct e1000_tx_context c = good_tso;
		u32 len = fake_packet(bytes, &p), before = peer->given;

		c.command = CONTEXT | E1000_TXD_TSE | (i & 4 ? E1000_TXD_TUCMD_IP : 0) |
			    (i & 8 ? E1000_TXD_TUCMD_TCP : 0);
		if (i & 16)
			c.tucss = 54, c.tucso = 70, c.header_len = 74;
		if (i & 32)
			bytes[ETH_HEADER] ^= p.ipv6 ? 0xf0 : 0x0f;
		send_segmented(&c, len, 80);
		if (peer->given != before)
			assert_true(p.protocol == IP_TCP && (i & 8) && !(i & 32) &&
				    p.ipv6 == !(i & 4));
	}
}

static void
e13_tags_on_tiny_packets(void **state)
{
	static const u32 lengths[] = {0, 1, 4, 12, 13, 14, 15, 16, 17, 18, 60};

	for (u32 i = 0; i < ARRAY_SIZE(lengths) * 8; i++) {
		u32 n;

		set_reg(E1000_CTRL, i & 1 ? E1000_CTRL_VME : 0);
		set_reg(E1000_TCTL, E1000_TCTL_EN | (i & 2 ? E1000_TCTL_PSP : 0));
		set_reg(E1000_VET, i & 4 ? 0x9100 : 0x8100);
		fake_ethernet(bytes, 0, 9);
		be32_put(bytes + ETH_TYPE, 0x81000001);
		n = put_packet(bytes, MAX(lengths[i / 8], 1u));
		tx_desc(n)->command = lengths[i / 8] | FAKE_TX_LAST | E1000_TXD_VLE;
		tx_desc(n)->status = 0x0fff0000;
		ring_doorbell();
	}
	assert_int_equal(reg(E1000_TDH), ARRAY_SIZE(lengths) * 8 % FAKE_RING);
}

/* A frame with a tag already gets one more; and of two only the outer one is stripped. */
static void
e13_double_tags(void **state)
{
	u8 inner[4] = {0x81, 0, 0x60, 7};

	set_reg(E1000_CTRL, reg(E1000_CTRL) | E1000_CTRL_VME);
	fake_fill(bytes, 200, 1);
	fake_ethernet(bytes, 0, 9);
	memcpy(bytes + ETH_TYPE, inner, 4);
	for (u32 type = 0; type < 2; type++) {
		u32 n = put_packet(bytes, 100);

		tx_desc(n)->command |= E1000_TXD_VLE | (type ? DATA : 0);
		tx_desc(n)->status = 0x20640000;
		ring_doorbell();
		assert_int_equal(peer->given, type + 1);
		assert_true(peer->tagged);
		assert_int_equal(peer->tag, 0x2064);
		assert_int_equal(peer->len, 100);
		assert_memory_equal(peer->bytes, bytes, 100);
	}
	for (u32 strip = 0; strip < 2; strip++) {
		const u8 *got = fake_ram(fake_rx_buffer(strip));

		set_reg(E1000_CTRL, strip ? E1000_CTRL_VME : 0);
		fake_ethernet(bytes, 9, 0);
		memcpy(bytes + ETH_TYPE, inner, 4);
		fake_frame(&fake_sent, bytes, 100, 64, 1000);
		fake_sent.tagged = true;
		fake_sent.tag = 0x2064;
		switch_send(&fake_ports[0].port, &fake_sent);
		assert_int_equal(rx_desc(strip)->status & (3 | E1000_RXD_VP),
				 3 | (strip ? E1000_RXD_VP : 0));
		assert_int_equal(rx_desc(strip)->special, strip ? 0x2064 : 0);
		assert_int_equal(rx_desc(strip)->length, strip ? 104 : 108);
		if (!strip)
			assert_int_equal(be32_at(got + ETH_TYPE), 0x81002064);
		assert_memory_equal(got + ETH_TYPE + (strip ? 0 : 4), bytes + ETH_TYPE, 88);
	}
}

static void
e14_nine_kilobytes_into_small_buffers(void **state)
{
	set_reg(E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_LPE | 3 << 16);
	memset(fake_ram(FAKE_RX_BUFFERS), 0xcc, FAKE_RING * 0x1000);
	give(NULL, bytes, 9018);
	assert_int_equal(reg(E1000_RDH), 36);
	for (u32 i = 0; i < 36; i++) {
		assert_int_equal(rx_desc(i)->status & 3, i == 35 ? 3 : 1);
		assert_int_equal(*fake_ram(fake_rx_buffer(i) + 256), 0xcc);
	}
	give(NULL, bytes, 9018);
	assert_int_equal(reg(E1000_RDH), 36); /* no half of it */
	assert_int_equal(rx_desc(36)->status, 0);
}

static void
e14_frames_of_every_length_are_sent_or_dropped(void **state)
{
	static const u32 lengths[] = {0,    1,	  13,	14,   59,    60,    1514,
				      1518, 1522, 9018, 9022, 16383, 16384, 16385};

	for (unsigned i = 0; i < ARRAY_SIZE(lengths); i++) {
		bool good = lengths[i] >= 14 && lengths[i] <= 16384;
		u32 before = peer->given;

		fake_fill(bytes, 17000, i);
		fake_ethernet(bytes, 0, 9);
		put_packet(bytes, MAX(lengths[i], 1u));
		tx_desc(i)->command = lengths[i] | FAKE_TX_LAST;
		ring_doorbell();
		assert_int_equal(peer->given - before, good);
		if (good)
			assert_int_equal(peer->len, MAX(lengths[i], 60u));
	}
}

/* Each frame that comes back would send another one, were there a way from receiving to sending. */
static void
e15_loopback_that_kicks_itself(void **state)
{
	set_reg(E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_UPE | E1000_RCTL_MPE | 1 << 6);
	/* Frames land on the ring that sends them. */
	for (u32 i = 0; i < FAKE_RING; i++) {
		rx_desc(i)->address = FAKE_TX_RING;
		*tx_desc(i) = (struct e1000_tx_desc){FAKE_TX_RING, 1024 | FAKE_TX_LAST, 0};
	}
	set_reg(E1000_TDT, FAKE_RING - 1);
	for (u32 i = 0; i < 1000; i++) {
		set_reg(E1000_RDT, (reg(E1000_RDH) + FAKE_RING - 1) % FAKE_RING);
		set_reg(E1000_TDT, (reg(E1000_TDH) + FAKE_RING - 1) % FAKE_RING);
	}
	assert_int_equal(peer->given, 0);
	assert_false(fake_nic.e.tx.busy);
}

/* A frame is received where it is sent from, a few bytes on: whatever it is then, it is in RAM. */
static void
e15_looped_onto_itself(void **state)
{
	set_reg(E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_UPE | 1 << 6);
	rx_desc(0)->address = FAKE_TX_BUFFERS + 100;
	rx_desc(1)->address = FAKE_TX_BUFFERS + 20;
	for (u32 i = 0; i < 2; i++) {
		fake_fill(bytes, 1514, i);
		put_packet(fake_ethernet(bytes, 0, 9), 1514);
		ring_doorbell();
	}
	assert_int_equal(reg(E1000_RDH), 2);
	assert_memory_equal(fake_ram(FAKE_TX_BUFFERS + 20), bytes, 64);
}

static void
e15_looped_segments(void **state)
{
	struct e1000_tx_context c = good_tso;
	u32 len = tcp_packet(60000);

	set_reg(E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_UPE | 1 << 6);
	send_segmented(&c, len, 54);
	assert_int_equal(reg(E1000_RDH), 60);
	assert_true(fake_packet_is_right(fake_ram(fake_rx_buffer(7)), 1054));
	c.mss = 0;
	send_segmented(&c, len, 54);
	assert_int_equal(reg(E1000_RDH), 60);
}

static void
e20_causes_from_two_vcpus(void **state)
{
	u32 seen = 0;

	/* One reads and masks, the other sets, in all orders; no cause is lost, no pin stays. */
	for (u32 order = 0; order < 64; order++) {
		for (u32 step = 0; step < 3; step++) {
			switch (order >> 2 * step & 3) {
			case 0: seen |= reg(E1000_ICR); break;
			case 1: set_reg(E1000_ICS, 1u << step); break;
			case 2: set_reg(E1000_IMS, ~0u); break;
			default: set_reg(E1000_IMC, ~0u); break;
			}
			assert_int_equal(pin(), (reg(E1000_ICS) & reg(E1000_IMS)) != 0);
		}
	}
	assert_int_equal(seen | reg(E1000_ICR), seen | 7);
}

static void
e21_two_nics_at_one_address(void **state)
{
	struct e1000_config c = fake_nic.e.config;
	u16 at = PCI_BAR0;

	c.devfn = 4 << 3;
	e1000_init(&other, &c);
	assert_int_equal(e1000_attach(&other, &fake_nic.host), 0);
	fake_mmio_write(PCI_ECAM_BASE + (4 << 15) + at, 4, FAKE_NIC);
	fake_mmio_write(PCI_ECAM_BASE + (4 << 15) + PCI_COMMAND, 2, 7);
	set_reg(E1000_FCT, 0x1234);
	assert_int_equal(reg(E1000_FCT), 0x1234);
	set_config(PCI_COMMAND, 2, 0);
	assert_int_equal(reg(E1000_FCT), 0);
}

static void
e22_access_over_a_page_of_the_bar(void **state)
{
	u64 value = 0;

	for (u64 at = 0xff9; at < E1000_REGS_LEN - 0x1000; at += 0x1000) {
		(void)fake_mmio(FAKE_NIC + at, 8);
		fake_mmio_write(FAKE_NIC + at, 8, ~0ul);
		(void)fake_mmio(FAKE_NIC + at + 3, 8);
		fake_mmio_write(FAKE_NIC + at + 3, 8, ~0ul);
	}
	assert_false(bus_access(&fake_nic.bus, SPACE_MMIO, FAKE_NIC + E1000_REGS_LEN - 4, 8, false,
				&value));
}

static void
cve_2012_6075_long_frame_with_sbp_and_lpe_off(void **state)
{
	for (u32 sbp = 0; sbp < 2; sbp++) {
		set_reg(E1000_RCTL, E1000_RCTL_EN | (sbp ? E1000_RCTL_SBP : 0));
		memset(fake_ram(FAKE_RX_BUFFERS), 0xcc, 0x10000);
		give(NULL, bytes, 9018);
		give(NULL, bytes, 16384);
		for (u32 i = 0; i < 0x10000; i++)
			assert_int_equal(*fake_ram(FAKE_RX_BUFFERS + i), 0xcc);
	}
	assert_int_equal(reg(E1000_ROC), 4);
}

static void
cve_2015_6815_descriptors_that_never_end(void **state)
{
	struct e1000_tx_context c = good_tso;

	/* A header as long as the segment, no payload, again and again. */
	c.header_len = 255;
	for (u32 i = 0; i < 20; i++) {
		memcpy(tx_desc(put_desc(0, 0, 0)), &c, sizeof(c));
		put_desc(FAKE_TX_BUFFERS, DATA | 255 | E1000_TXD_TSE, 0x300);
		put_desc(FAKE_TX_BUFFERS, DATA | 0 | E1000_TXD_TSE, 0x300);
	}
	ring_doorbell();
	assert_false(fake_nic.e.tx.kicked);
	assert_int_equal(peer->given, 0);
}

static void
cve_2016_1981_and_2017_9310_heads_outside_small_rings(void **state)
{
	set_reg(E1000_TDLEN, 128);
	set_reg(E1000_RDLEN, 128);
	for (u32 head = 0; head < 0x10000; head += 7) {
		set_reg(E1000_TDH, head);
		set_reg(E1000_TDT, head ^ 4);
		set_reg(E1000_RDH, head);
		set_reg(E1000_RDT, head ^ 4);
		give(NULL, bytes, 60);
	}
	assert_false(fake_nic.e.tx.kicked);
}

static void
cve_2020_28916_a_ring_of_null_buffers(void **state)
{
	set_reg(E1000_RDLEN, 0xfff80);
	set_reg(E1000_RDH, 0);
	set_reg(E1000_RDT, 0xfff7);
	set_reg(E1000_RDBAL, FAKE_SEAM); /* all zero */
	for (u32 i = 0; i < 100; i++)
		give(NULL, bytes, 60);
	assert_int_equal(reg(E1000_RDH), 0);
	assert_int_equal(reg(E1000_MPC), 100);
}

static void
cve_2020_15859_buffers_in_the_own_registers(void **state)
{
	put_desc(FAKE_NIC + E1000_TDT, 60 | FAKE_TX_LAST, 0);
	ring_doorbell();
	rx_desc(0)->address = FAKE_NIC + E1000_CTRL;
	give(NULL, bytes, 1514);
	assert_int_equal(peer->given, 0);
	assert_int_equal(reg(E1000_RCTL), E1000_RCTL_EN | E1000_RCTL_BAM);
}

static void
cve_2021_20257_transmit_fields_that_make_no_sense(void **state)
{
	for (u32 round = 0; round < 2000; round++) {
		for (u32 i = 0; i < FAKE_RING; i++)
			fake_fill((u8 *)tx_desc(i), 16, round * FAKE_RING + i);
		for (u32 i = 0; i < FAKE_RING; i++)
			tx_desc(i)->address %= FAKE_RAM;
		set_reg(E1000_TDT, (reg(E1000_TDH) + FAKE_RING - 1) % FAKE_RING);
		assert_false(fake_nic.e.tx.kicked);
	}
}

static void
cve_2021_3416_loopback_does_not_recurse(void **state)
{
	set_reg(E1000_MDIC, 1u << 26 | 1u << 21 | 0x4140);
	e15_loopback_that_kicks_itself(state);
	set_reg(E1000_MDIC, 1u << 26 | 1u << 21 | 0x1140);
}

static void
cve_2023_3019_rings_and_buffers_in_each_other(void **state)
{
	set_reg(E1000_RDBAL, FAKE_TX_RING);
	set_reg(E1000_RDH, 0);
	for (u32 i = 0; i < FAKE_RING; i++)
		*tx_desc(i) = (struct e1000_tx_desc){FAKE_TX_RING + 16 * i, 60 | FAKE_TX_LAST, 0};
	set_reg(E1000_TDT, FAKE_RING - 1);
	for (u32 i = 0; i < FAKE_RING; i++)
		give(NULL, bytes, 60);
	set_reg(E1000_TDT, FAKE_RING - 2);
	assert_false(fake_nic.e.tx.busy || fake_nic.e.tx.kicked);
}

static void
cve_2019_5541_segments_of_more_than_a_frame(void **state)
{
	struct e1000_tx_context c = good_tso;

	c.mss = 1460;
	memcpy(fake_ram(FAKE_TX_BUFFERS), bytes, tcp_packet(1000));
	memcpy(tx_desc(put_desc(0, 0, 0)), &c, sizeof(c));
	put_desc(FAKE_TX_BUFFERS, DATA | 1054 | E1000_TXD_TSE, 0x300);
	put_desc(FAKE_SEAM, DATA | 0xfffff | E1000_TXD_TSE | FAKE_TX_LAST, 0x300);
	ring_doorbell();
	assert_int_equal(reg(E1000_TDH), 3);
	assert_int_equal(peer->given, 0);
	set_reg(E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_UPE | 1 << 6);
	set_reg(E1000_TCTL, 0);
	set_reg(E1000_TDH, 0);
	set_reg(E1000_TCTL, E1000_TCTL_EN);
	assert_int_equal(reg(E1000_TDH), 3);
	assert_int_equal(reg(E1000_RDH), 0);
}

static void
cve_2018_3295_context_between_data_of_one_packet(void **state)
{
	struct e1000_tx_context c = good_tso, small = good_tso;
	u32 len = tcp_packet(3000);

	small.header_len = 0;
	small.mss = 0;
	memcpy(fake_ram(FAKE_TX_BUFFERS), bytes, len);
	memcpy(tx_desc(put_desc(0, 0, 0)), &c, sizeof(c));
	put_desc(FAKE_TX_BUFFERS, DATA | 54 | E1000_TXD_TSE, 0x300);
	memcpy(tx_desc(put_desc(0, 0, 0)), &small, sizeof(c));
	put_desc(FAKE_TX_BUFFERS + 54, DATA | 3000 | E1000_TXD_TSE | FAKE_TX_LAST, 0x300);
	put_desc(FAKE_TX_BUFFERS, DATA | 3054 | E1000_TXD_TSE | FAKE_TX_LAST, 0x300);
	ring_doorbell();
	assert_int_equal(peer->given, 3); /* by the context of its first descriptor */
}

static void
cve_2019_5609_header_longer_than_all(void **state)
{
	struct e1000_tx_context c = good_tso;

	(void)tcp_packet(100);
	for (u32 i = 240; i < 256; i++) {
		c.header_len = (u8)i;
		send_segmented(&c, 60, 10);
		send_segmented(&c, i, 10);
		send_segmented(&c, 300, 255);
	}
	assert_int_equal(peer->given, 0);
}

static void
cve_2022_23087_checksum_offsets_beyond_the_header(void **state)
{
	struct e1000_tx_context c = good_tso;
	u32 len = tcp_packet(1000);

	for (u32 i = 0; i < 256; i++) {
		c.ipcso = c.tucso = (u8)i;
		c.ipcss = c.tucss = (u8)(255 - i);
		send_segmented(&c, len, 54);
	}
	assert_int_equal(peer->given, 0);
}

#define bad(test) cmocka_unit_test_setup_teardown(test, setup, works_still)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		bad(e1_ring_lengths),
		bad(e2_head_beyond_the_ring),
		bad(e3_tail_beyond_the_ring_and_backwards),
		bad(e4_full_ring_kicked_a_million_times),
		bad(e5_rings_where_no_ram_is),
		bad(e5_a_ring_in_the_last_bytes_of_ram),
		bad(e6_rings_changed_while_enabled),
		bad(e8_both_indices_all_ones),
		bad(e9_lengths),
		bad(e9_sixteen_thousand_descriptors_without_an_end),
		bad(e9_more_spans_than_a_frame_has),
		bad(e10_buffers_where_no_ram_is),
		bad(e10_null_buffers),
		bad(e10_kinds_of_descriptors_mixed),
		bad(e11_segment_sizes),
		bad(e11_header_lengths),
		bad(e11_amplification_of_one_descriptor_is_bounded),
		bad(e11_payload_length_that_does_not_match),
		bad(e12_checksum_offsets),
		bad(e12_protocols_contradict),
		bad(e13_tags_on_tiny_packets),
		bad(e13_double_tags),
		bad(e14_nine_kilobytes_into_small_buffers),
		bad(e14_frames_of_every_length_are_sent_or_dropped),
		bad(e15_loopback_that_kicks_itself),
		bad(e15_looped_onto_itself),
		bad(e15_looped_segments),
		bad(e20_causes_from_two_vcpus),
		bad(e21_two_nics_at_one_address),
		bad(e22_access_over_a_page_of_the_bar),
		bad(cve_2012_6075_long_frame_with_sbp_and_lpe_off),
		bad(cve_2015_6815_descriptors_that_never_end),
		bad(cve_2016_1981_and_2017_9310_heads_outside_small_rings),
		bad(cve_2020_28916_a_ring_of_null_buffers),
		bad(cve_2020_15859_buffers_in_the_own_registers),
		bad(cve_2021_20257_transmit_fields_that_make_no_sense),
		bad(cve_2021_3416_loopback_does_not_recurse),
		bad(cve_2023_3019_rings_and_buffers_in_each_other),
		bad(cve_2019_5541_segments_of_more_than_a_frame),
		bad(cve_2018_3295_context_between_data_of_one_packet),
		bad(cve_2019_5609_header_longer_than_all),
		bad(cve_2022_23087_checksum_offsets_beyond_the_header),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
