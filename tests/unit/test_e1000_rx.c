/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/e1000/model.c drivers/e1000/model_regs.c drivers/e1000/model_eeprom.c
// SOURCES: drivers/e1000/model_phy.c drivers/e1000/model_stats.c drivers/e1000/model_irq.c
// SOURCES: drivers/e1000/model_tx.c drivers/e1000/model_tx_frame.c drivers/e1000/model_rx.c
// SOURCES: drivers/e1000/model_rx_filter.c dev/bus.c dev/pci.c dev/pci_device.c dev/pci_firmware.c
// SOURCES: net/switch.c net/switch_admit.c net/switch_look.c net/fdb.c net/segment.c net/frame.c
// SOURCES: net/checksum.c lib/lock.c lib/error.c lib/log.c lib/format.c
/* The 82545EM receives: buffers of all sizes, filters, tags, checksums, a full ring, loopback. */
#include "tests/unit/test.h"

#include "tests/unit/fake/e1000.h"

#define RX_ON (E1000_RCTL_EN | E1000_RCTL_BAM)

static u8 bytes[70000], got[70000];
static u32 next; /* descriptor that is to be used next */
static const u8 all[ETH_ADDRESS] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static int
setup(void **state)
{
	next = 0;
	fake_nic_init();
	fake_nic_up();
	return 0;
}

static u32
used(void)
{
	return (reg(E1000_RDH) + FAKE_RING - next) % FAKE_RING;
}

/* Puts together the frame at `next`, of buffers of this size; answers its length. */
static u32
collect(u32 size, u8 *status)
{
	u32 len = 0;

	for (bool end = false; !end; next = (next + 1) % FAKE_RING) {
		struct e1000_rx_desc *d = rx_desc(next);

		assert_true(d->status & E1000_RXD_DD);
		end = (d->status & E1000_RXD_EOP) != 0;
		assert_true(d->length <= size && (end || d->length == size));
		memcpy(got + len, fake_ram(d->address), d->length);
		len += d->length;
		*status = d->status;
		d->status = 0;
	}
	return len;
}

/* As it was given, padded, with four zeros behind it unless stripped. */
static void
assert_got(u32 size, u32 len, bool crc)
{
	u8 status, zeros[64] = {0};
	u32 want = MAX(len, 60u) + (crc ? 4 : 0);

	assert_int_equal(collect(size, &status), want);
	assert_memory_equal(got, bytes, len);
	assert_memory_equal(got + len, zeros, want - len);
}

static void
test_a_frame(void **state)
{
	give(NULL, bytes, 1514);
	assert_int_equal(used(), 1);
	assert_int_equal(reg(E1000_ICR) & E1000_INT_RXT0, E1000_INT_RXT0);
	assert_got(2048, 1514, true);
}

static void
test_e14_sizes_by_buffers(void **state)
{
	static const u32 lengths[] = {0,    1,	  13,	 14,	59,    60,   252,  256,
				      508,  512,  1514,	 1518,	1522,  4092, 4096, 8188,
				      9018, 9022, 16376, 16380, 16383, 16384};
	static const u32 sizes[][2] = {
		{2048,  0			},
		{1024,  1 << 16		      },
		{512,   2 << 16		     },
		{256,   3 << 16		     },
		{16384, 1 << 16 | E1000_RCTL_BSEX},
		{8192,  2 << 16 | E1000_RCTL_BSEX},
		{4096,  3 << 16 | E1000_RCTL_BSEX},
		{2048,  E1000_RCTL_BSEX	      },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(lengths) * ARRAY_SIZE(sizes) * 8; i++) {
		u32 len = lengths[i / 8 % ARRAY_SIZE(lengths)];
		const u32 *size = sizes[i / 8 / ARRAY_SIZE(lengths)];
		u32 rctl = RX_ON | size[1] | (i & 1 ? E1000_RCTL_LPE : 0) |
			   (i & 2 ? E1000_RCTL_SECRC : 0) | (i & 4 ? E1000_RCTL_SBP : 0);
		bool fits = len + 4 <= (i & 1 ? 16384 : 1522);

		setup(NULL);
		if (size[0] > FAKE_RX_STRIDE)
			for (u32 n = 0; n < FAKE_RING; n++)
				rx_desc(n)->address = FAKE_RX_BUFFERS + n * 0x4000;
		set_reg(E1000_RCTL, rctl);
		memset(fake_ram(FAKE_RX_BUFFERS), 0xcc, 0x40000);
		give(NULL, bytes, len);
		if (len < ETH_HEADER) { /* no frame: the switch lets none through */
			assert_int_equal(used(), 0);
			assert_int_equal(reg(E1000_TPR), 0);
			assert_int_equal(fake_ports[0].port.counters.dropped_malformed, 1);
			continue;
		}
		if (fits && len + 4 > (FAKE_RING - 1) * size[0]) {
			assert_int_equal(used(), 0);
			assert_int_equal(reg(E1000_MPC), 1);
			continue;
		}
		if (!fits) {
			assert_int_equal(used(), 0);
			assert_int_equal(reg(E1000_ROC), 1);
			continue;
		}
		assert_got(size[0], len, !(i & 2));
		assert_int_equal(used(), 0);
		/* And nothing behind it. */
		if (size[0] == 2048 && len <= 1518)
			assert_int_equal(*fake_ram(FAKE_RX_BUFFERS + MAX(len, 60u) +
						   (i & 2 ? 0 : 4)),
					 0xcc);
	}
}

static void
test_buffers_over_the_seam(void **state)
{
	for (u32 i = 0; i < FAKE_RING; i++)
		rx_desc(i)->address = FAKE_SEAM - 1000 + i;
	for (u32 i = 0; i < 5; i++) {
		u8 status;

		give(NULL, bytes, 1514);
		memset(got, 0, sizeof(got));
		assert_int_equal(used(), 1);
		assert_true(guest_read(&fake_nic.memory, GPA(rx_desc(i)->address), got, 1518) == 0);
		assert_memory_equal(got, bytes, 1514);
		status = rx_desc(i)->status;
		assert_int_equal(status & 3, 3);
		next++;
	}
}

static bool
takes(const u8 *to)
{
	u32 before = used();

	give(to, bytes, 100);
	return used() != before;
}

static void
test_unicast_filter(void **state)
{
	u8 other[ETH_ADDRESS] = {0x52, 0x54, 1, 2, 3, 4};

	assert_true(takes(NULL));
	assert_false(takes(other));
	set_reg(E1000_RA + 8 * 15, 0x02015452);
	set_reg(E1000_RA + 8 * 15 + 4, 0x0403);
	assert_false(takes(other));
	set_reg(E1000_RA + 8 * 15 + 4, E1000_RAH_AV | 0x0403);
	assert_true(takes(other));
	set_reg(E1000_RA + 8 * 15 + 4, E1000_RAH_AV | 0x0503);
	assert_false(takes(other));
	set_reg(E1000_RCTL, RX_ON | E1000_RCTL_UPE);
	assert_true(takes(other));
	assert_false(takes((const u8[]){0x01, 0, 0x5e, 0, 0, 1}));
}

static void
test_multicast_filter(void **state)
{
	static const u32 shifts[] = {4, 3, 2, 0};
	u8 group[ETH_ADDRESS] = {0x01, 0x00, 0x5e, 0x00, 0xa5, 0xc3};

	assert_true(takes(all));
	set_reg(E1000_RCTL, E1000_RCTL_EN);
	assert_false(takes(all));
	set_reg(E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_MPE);
	assert_true(takes(group));
	for (u32 mo = 0; mo < 4; mo++) {
		u32 hash = 0xc3a5u >> shifts[mo] & 0xfff;

		set_reg(E1000_RCTL, E1000_RCTL_EN | mo << 12);
		assert_false(takes(group));
		set_reg(E1000_MTA + 4 * (hash / 32), 1u << hash % 32);
		assert_true(takes(group));
		set_reg(E1000_MTA + 4 * (hash / 32), ~(1u << hash % 32));
		assert_false(takes(group));
		set_reg(E1000_MTA + 4 * (hash / 32), 0);
	}
	set_reg(E1000_RA + 8, 0x005e0001);
	set_reg(E1000_RA + 12, E1000_RAH_AV | 0xc3a5);
	assert_true(takes(group));
	assert_int_equal(reg(E1000_MPRC), 6);
	assert_int_equal(reg(E1000_BPRC), 1);
}

static void
give_tagged(u16 tag, u32 len)
{
	fake_fill(bytes, 100, len);
	fake_ethernet(bytes, 9, 0);
	fake_frame(&fake_sent, bytes, len, 64, 1000);
	fake_sent.tagged = true;
	fake_sent.tag = tag;
	switch_send(&fake_ports[0].port, &fake_sent);
}

static void
test_tags_are_stripped_or_in_the_bytes(void **state)
{
	u8 status;

	give_tagged(0x2064, 60);
	assert_int_equal(collect(2048, &status), 68);
	assert_memory_equal(got, bytes, 12);
	assert_int_equal(be32_at(got + 12), 0x81002064);
	assert_memory_equal(got + 16, bytes + 12, 48);
	assert_int_equal(status & E1000_RXD_VP, 0);
	set_reg(E1000_CTRL, reg(E1000_CTRL) | E1000_CTRL_VME);
	give_tagged(0x2064, 60);
	assert_int_equal(collect(2048, &status), 64);
	assert_memory_equal(got, bytes, 60);
	assert_int_equal(status & E1000_RXD_VP, E1000_RXD_VP);
	assert_int_equal(rx_desc(1)->special, 0x2064);
}

static void
test_vlan_filter(void **state)
{
	set_reg(E1000_RCTL, RX_ON | E1000_RCTL_VFE);
	give_tagged(0x0064, 60);
	assert_int_equal(used(), 0);
	assert_true(takes(NULL));
	set_reg(E1000_VFTA + 4 * (0x64 / 32), 1u << 0x64 % 32);
	give_tagged(0x2064, 60);
	assert_int_equal(used(), 2);
	set_reg(E1000_RCTL, RX_ON | E1000_RCTL_VFE | E1000_RCTL_CFIEN);
	give_tagged(0x3064, 60);
	assert_int_equal(used(), 2);
	set_reg(E1000_RCTL, RX_ON | E1000_RCTL_VFE | E1000_RCTL_CFIEN | E1000_RCTL_CFI);
	give_tagged(0x3064, 60);
	assert_int_equal(used(), 3);
}

static u16
checksum_status(const struct fake_packet *p, u32 spoil)
{
	u32 len = fake_packet(bytes, p);
	u16 status;

	fake_ethernet(got, 9, 0);
	memcpy(bytes, got, 12);
	if (spoil != 0)
		bytes[spoil] ^= 1;
	fake_send_bytes(0, bytes, len);
	status = (u16)(rx_desc(next)->status | rx_desc(next)->errors << 8);
	assert_int_equal(status & 3, 3);
	next++;
	return status & (u16)~3;
}

static void
test_checksums_are_looked_at(void **state)
{
	struct fake_packet tcp = {.protocol = IP_TCP, .payload = 1001};
	struct fake_packet udp6 = {.ipv6 = true, .protocol = IP_UDP, .payload = 10};

	assert_int_equal(checksum_status(&tcp, 0), E1000_RXD_IXSM);
	set_reg(E1000_RXCSUM, E1000_RXCSUM_IPOFL);
	assert_int_equal(checksum_status(&tcp, 0), E1000_RXD_IPCS);
	assert_int_equal(checksum_status(&udp6, 0), E1000_RXD_IXSM);
	set_reg(E1000_RXCSUM, E1000_RXCSUM_IPOFL | E1000_RXCSUM_TUOFL);
	assert_int_equal(checksum_status(&tcp, 0), E1000_RXD_IPCS | E1000_RXD_TCPCS);
	assert_int_equal(checksum_status(&udp6, 0), E1000_RXD_TCPCS);
	assert_int_equal(checksum_status(&tcp, 500),
			 E1000_RXD_IPCS | E1000_RXD_TCPCS | E1000_RXD_TCPE << 8);
	assert_int_equal(checksum_status(&tcp, 22),
			 E1000_RXD_IPCS | E1000_RXD_TCPCS | E1000_RXD_IPE << 8);
	assert_int_equal(checksum_status(&tcp, 20) & 0x40, 0x40); /* a fragment */
	tcp.partial = true;
	assert_int_equal(checksum_status(&tcp, 0),
			 E1000_RXD_IPCS | E1000_RXD_TCPCS | E1000_RXD_TCPE << 8);
}

static void
test_a_checksum_that_the_switch_completes_is_right(void **state)
{
	struct fake_packet p = {.protocol = IP_TCP, .payload = 1001, .partial = true};
	u32 len = fake_packet(bytes, &p);

	set_reg(E1000_RXCSUM, E1000_RXCSUM_IPOFL | E1000_RXCSUM_TUOFL);
	fake_ethernet(got, 9, 0);
	memcpy(bytes, got, 12);
	fake_frame(&fake_sent, bytes, len, 64, 1000);
	fake_sent.checksum_missing = true;
	fake_sent.checksum_start = 34;
	fake_sent.checksum_at = 50;
	switch_send(&fake_ports[0].port, &fake_sent);
	assert_int_equal(rx_desc(0)->status, 3 | E1000_RXD_IPCS | E1000_RXD_TCPCS);
	assert_int_equal(rx_desc(0)->errors, 0);
	assert_true(fake_packet_is_right(fake_ram(fake_rx_buffer(0)), len));
}

static void
test_e7_ring_empty_one_left_and_wrap(void **state)
{
	set_reg(E1000_RDT, 1);
	give(NULL, bytes, 60);
	assert_int_equal(used(), 1);
	(void)reg(E1000_ICR);
	give(NULL, bytes, 60);
	assert_int_equal(used(), 1);
	assert_int_equal(reg(E1000_ICR), E1000_INT_RXO);
	assert_int_equal(reg(E1000_MPC), 1);
	assert_int_equal(reg(E1000_MPC), 0);
	assert_int_equal(reg(E1000_RNBC), 1);
	assert_int_equal(fake_nic.e.port.counters.dropped_full, 1);
	/* One left, and a frame for two of them. */
	set_reg(E1000_RCTL, RX_ON | 3 << 16);
	set_reg(E1000_RDT, 2);
	give(NULL, bytes, 300);
	assert_int_equal(used(), 1);
	assert_int_equal(rx_desc(1)->status, 0);
	set_reg(E1000_RDT, 3);
	give(NULL, bytes, 300);
	assert_int_equal(used(), 3);
	next = 1;
	assert_got(256, 300, true);
	for (u32 i = 0; i < 500; i++) {
		give(NULL, bytes, 300);
		set_reg(E1000_RDT, (reg(E1000_RDH) + FAKE_RING - 1) % FAKE_RING);
		if (i > 0)
			assert_got(256, 300, true);
		else
			next = reg(E1000_RDH);
	}
}

static void
test_the_threshold_is_a_cause_once(void **state)
{
	for (u32 rdmts = 0; rdmts < 3; rdmts++) {
		u32 least = FAKE_RING >> (1 + rdmts);

		setup(NULL);
		set_reg(E1000_RCTL, RX_ON | rdmts << 8);
		for (u32 left = FAKE_RING - 1; left > 0; left--) {
			bool want = left - 1 == least;

			(void)reg(E1000_ICR);
			give(NULL, bytes, 60);
			assert_int_equal((reg(E1000_ICR) & E1000_INT_RXDMT0) != 0, want);
		}
	}
}

static void
test_statistics(void **state)
{
	give(NULL, bytes, 60);
	give(NULL, bytes, 1514);
	give(all, bytes, 100);
	give((const u8[]){0x52, 0x54, 1, 2, 3, 4}, bytes, 100);
	assert_int_equal(reg(E1000_TPR), 4);
	assert_int_equal(reg(E1000_GPRC), 3);
	assert_int_equal(reg(E1000_GORCL), 64 + 1518 + 104);
	assert_int_equal(reg(E1000_TORL), 64 + 1518 + 104 + 104);
	assert_int_equal(reg(E1000_PRC64), 1);
	assert_int_equal(reg(E1000_PRC127), 1);
	assert_int_equal(reg(E1000_PRC1522), 1);
}

static void
send_to_itself(u32 count)
{
	for (u32 i = 0; i < count; i++) {
		memset(bytes, 0xff, 1024);
		put_packet(bytes, 1024);
	}
	ring_doorbell();
}

/* As ethtool's loopback test: 64 at a time, RDT written once. */
static void
test_loopback_by_the_phy_and_by_the_mac(void **state)
{
	static const u16 phy[] = {0x9140, 0x8140, 0x4140};

	for (u32 i = 0; i < ARRAY_SIZE(phy); i++)
		set_reg(E1000_MDIC, 1u << 26 | 1u << 21 | phy[i]);
	send_to_itself(60);
	assert_int_equal(used(), 60);
	memset(bytes, 0xff, 1024);
	for (u32 i = 0; i < 60; i++)
		assert_got(2048, 1024, true);
	assert_int_equal(fake_ports[0].given, 0);
	give(NULL, bytes, 60);
	assert_int_equal(used(), 0);
	set_reg(E1000_MDIC, 1u << 26 | 1u << 21 | 0x1140);
	put_packet(fake_ethernet(bytes, 0, 9), 60);
	ring_doorbell();
	assert_int_equal(fake_ports[0].given, 1);
	set_reg(E1000_RCTL, RX_ON | 1 << 6);
	send_to_itself(1);
	assert_int_equal(fake_ports[0].given, 1);
	assert_int_equal(used(), 1);
}

static void
test_off_asleep_and_unplugged_it_takes_nothing(void **state)
{
	e1000_set_link(&fake_nic.e, false);
	assert_false(takes(NULL));
	e1000_set_link(&fake_nic.e, true);
	assert_true(takes(NULL));
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	assert_false(takes(NULL));
	set_config(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_true(takes(NULL));
	set_reg(E1000_RCTL, E1000_RCTL_BAM);
	assert_false(takes(NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_a_frame, setup),
		cmocka_unit_test_setup(test_e14_sizes_by_buffers, setup),
		cmocka_unit_test_setup(test_buffers_over_the_seam, setup),
		cmocka_unit_test_setup(test_unicast_filter, setup),
		cmocka_unit_test_setup(test_multicast_filter, setup),
		cmocka_unit_test_setup(test_tags_are_stripped_or_in_the_bytes, setup),
		cmocka_unit_test_setup(test_vlan_filter, setup),
		cmocka_unit_test_setup(test_checksums_are_looked_at, setup),
		cmocka_unit_test_setup(test_a_checksum_that_the_switch_completes_is_right, setup),
		cmocka_unit_test_setup(test_e7_ring_empty_one_left_and_wrap, setup),
		cmocka_unit_test_setup(test_the_threshold_is_a_cause_once, setup),
		cmocka_unit_test_setup(test_statistics, setup),
		cmocka_unit_test_setup(test_loopback_by_the_phy_and_by_the_mac, setup),
		cmocka_unit_test_setup(test_off_asleep_and_unplugged_it_takes_nothing, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
