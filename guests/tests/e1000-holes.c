/* SPDX-License-Identifier: MIT */
/*
 * A guest that does to its e1000 what has broken others' models of it: each known hole of
 * docs/attacks.md by its number, `case=20126075` being CVE-2012-6075. And `case=100`: rings and
 * buffers everywhere but in its own RAM.
 */
#include "guests/lib/e1000.h"
#include "guests/lib/guest.h"

enum { RING = NIC_RX_COUNT, SMALL_RING = 8, LARGE_RING = 16384, IP_AT = 14, TCP_AT = 34 };
enum { TCP_HEADERS = 54, BUFFER = 2048, PATTERN = 0xa5, LONG_FRAME = 9018, LONGEST_FRAME = 16384 };

/* A TCP frame of so many bytes over IPv4, good enough to be cut up. */
static void
make_tcp(u32 size)
{
	u8 *frame = (u8 *)NIC_TX_BUFFER;

	nic_make_frame(size);
	frame[12] = 8;
	frame[13] = 0;
	frame[IP_AT] = 0x45;
	frame[IP_AT + 2] = (u8)((size - IP_AT) >> 8);
	frame[IP_AT + 3] = (u8)(size - IP_AT);
	frame[IP_AT + 8] = 64;
	frame[IP_AT + 9] = 6;
	frame[TCP_AT + 12] = 5 << 4;
}

static struct e1000_tx_context
tso(u8 header, u16 mss, u32 payload)
{
	return (struct e1000_tx_context){.ipcss = IP_AT,
					 .ipcso = IP_AT + 10,
					 .ipcse = TCP_AT - 1,
					 .tucss = TCP_AT,
					 .tucso = TCP_AT + 16,
					 .header_len = header,
					 .mss = mss,
					 .command = NIC_CONTEXT | E1000_TXD_TSE |
						    E1000_TXD_TUCMD_TCP | E1000_TXD_TUCMD_IP |
						    payload};
}

static void
add_part(u64 address, u32 length, u32 more)
{
	nic_add(address, length, NIC_DATA | E1000_TXD_TSE | more);
	nic_tx(nic_tail - 1)->status = E1000_TXD_IXSM | E1000_TXD_TXSM;
}

/* Where a frame of up to `room` bytes may go there is a pattern behind it. */
static void
fill_pattern(void)
{
	memset((void *)NIC_RX_BUFFERS, PATTERN, (u64)NIC_RX_BUFFER * RING);
}

static void
check_pattern(u32 room)
{
	for (u32 n = 0; n < RING; n++) {
		const u8 *buffer = (const u8 *)NIC_RX_BUFFERS + (u64)NIC_RX_BUFFER * n;

		for (u32 at = room; at < NIC_RX_BUFFER; at++)
			if (buffer[at] != PATTERN)
				guest_fail("buffer %u has 0x%x at %u", n, buffer[at], at);
	}
}

/* Long frames for buffers of 2048 bytes, with and without SBP, LPE off. */
static void
cve_2012_6075(const struct nic *nic)
{
	for (u32 n = 0; n < 4; n++) {
		nic_prepare(nic, RING);
		fill_pattern();
		nic_write(nic, E1000_RCTL,
			  NIC_RCTL | (u32)E1000_RCTL_LBM | (n % 2 != 0 ? (u32)E1000_RCTL_SBP : 0));
		nic_make_frame(LONGEST_FRAME);
		nic_add(NIC_TX_BUFFER, n < 2 ? LONG_FRAME : LONGEST_FRAME, NIC_SEND | NIC_DATA);
		nic_add(NIC_TX_BUFFER, 1523, NIC_SEND | NIC_DATA);
		nic_add(NIC_TX_BUFFER, BUFFER + 1, NIC_SEND | NIC_DATA);
		nic_go(nic);
		check_pattern(BUFFER);
	}
}

/* Segments that are full before they begin: of no payload, again and again; and shrunk ones. */
static void
cve_2015_6815(const struct nic *nic)
{
	static const u8 headers[] = {0, 1, TCP_HEADERS, 255};

	for (unsigned n = 0; n < ARRAY_SIZE(headers); n++) {
		nic_prepare(nic, RING);
		make_tcp(4000);
		nic_add_context(tso(headers[n], 0, 4000));
		add_part(NIC_TX_BUFFER, 255, 0);
		add_part(NIC_TX_BUFFER, 0, 0);
		add_part(NIC_TX_BUFFER, 4000, NIC_SEND);
		nic_add_context(tso(255, 100, 4000));
		add_part(NIC_TX_BUFFER, 355, 0);
		nic_add_context(tso(headers[n], 0, 4000));
		add_part(NIC_TX_BUFFER, 4000, 0);
		add_part(NIC_TX_BUFFER, 4000, NIC_SEND);
		nic_go(nic);
	}
}

/* A head that the end of a small ring is not on the way of: both ways. */
static void
cve_2016_1981(const struct nic *nic)
{
	static const u32 heads[] = {SMALL_RING, SMALL_RING + 1, 0x7ff, 0x8000, 0xfffe, 0xffff};

	for (unsigned n = 0; n < ARRAY_SIZE(heads); n++) {
		nic_prepare(nic, RING);
		for (u32 k = 0; k < RING; k++)
			nic_add(NIC_TX_BUFFER, NIC_FRAME, NIC_SEND);
		nic_tail = SMALL_RING / 2;
		nic_write(nic, E1000_TDLEN, SMALL_RING * 16);
		nic_write(nic, E1000_RDLEN, SMALL_RING * 16);
		nic_write(nic, E1000_RDT, 3);
		nic_write(nic, E1000_RDH, heads[n]);
		nic_go(nic); /* to receive by such a ring */
		nic_write(nic, E1000_TDH, heads[n]);
		nic_tail = 2;
		nic_go(nic);
	}
}

/* A large ring of receive descriptors without a buffer, and a frame. */
static void
cve_2020_28916(const struct nic *nic)
{
	nic_prepare(nic, RING);
	memset((void *)NIC_RX_RING, 0, LARGE_RING * sizeof(struct e1000_rx_desc));
	nic_write(nic, E1000_RDLEN, LARGE_RING * 16);
	nic_write(nic, E1000_RDT, LARGE_RING - 1);
	for (u32 n = 0; n < RING - 1; n++)
		nic_add(NIC_TX_BUFFER, NIC_FRAME, NIC_SEND);
	nic_go(nic);
}

/* A packet's data in the card's own registers, and one that is received there. */
static void
cve_2020_15859(const struct nic *nic)
{
	static const u32 regs[] = {E1000_CTRL, E1000_TDT, E1000_ICR, E1000_EERD, E1000_MTA};

	for (unsigned n = 0; n < ARRAY_SIZE(regs); n++) {
		nic_prepare(nic, RING);
		for (u32 k = 0; k < RING; k++)
			nic_rx(k)->address = nic->regs + regs[n];
		nic_add(nic->regs + regs[n], NIC_FRAME, NIC_SEND);
		nic_add(nic->regs + regs[n], NIC_FRAME, NIC_SEND | NIC_DATA);
		nic_add(NIC_TX_BUFFER, 14, NIC_DATA);
		nic_add(nic->regs + regs[n], 1000, NIC_SEND | NIC_DATA);
		nic_add(NIC_TX_BUFFER, NIC_FRAME, NIC_SEND);
		nic_go(nic);
	}
}

/* Plain descriptors that the segment's size has not been asked for, then some of the packet's. */
static void
cve_2021_20257(const struct nic *nic)
{
	static const u32 plain[] = {54, 1000, 4000, 65535};

	for (unsigned n = 0; n < ARRAY_SIZE(plain); n++) {
		nic_prepare(nic, RING);
		make_tcp(4000);
		nic_add_context(tso(TCP_HEADERS, 10, 4000 - TCP_HEADERS));
		nic_add(NIC_TX_BUFFER, plain[n], 0);
		add_part(NIC_TX_BUFFER, 4000, 0);
		nic_add(NIC_TX_BUFFER, plain[n], 0);
		add_part(NIC_TX_BUFFER, 4000, NIC_SEND);
		add_part(NIC_TX_BUFFER, 200, 0);
		nic_add(NIC_TX_BUFFER, 60, NIC_SEND);
		nic_go(nic);
	}
}

/* In loopback, frames that are received into TDT, each of which would send them all again. */
static void
cve_2021_3416(const struct nic *nic)
{
	for (u32 n = 0; n < 4; n++) {
		u8 *frame = (u8 *)NIC_TX_BUFFER;

		nic_prepare(nic, RING);
		for (u32 k = 0; k < RING; k++)
			nic_rx(k)->address = nic->regs + E1000_TDT - 16 * n;
		for (u32 k = 12; k < NIC_FRAME; k++)
			frame[k] = (u8)(k % 4 == 0 ? RING - 1 : 0);
		if (n % 2 != 0)
			nic_phy_write(nic, PHY_CTRL, PHY_CTRL_AUTONEG | PHY_CTRL_FULL);
		while (nic_tail < RING - 1)
			nic_add(NIC_TX_BUFFER, NIC_FRAME, NIC_SEND);
		nic_go(nic);
		nic_write(nic, E1000_TDT, RING / 2);
		nic_settle(nic);
	}
}

/* In loopback, a frame that is received into CTRL: a reset in the middle of it all, or into a ring.
 */
static void
cve_2023_3019(const struct nic *nic)
{
	const u64 targets[] = {nic->regs + E1000_CTRL,
			       nic->regs + E1000_CTRL - 16,
			       nic->regs + E1000_TCTL - 16,
			       nic->regs + E1000_RCTL - 16,
			       NIC_RX_RING,
			       NIC_TX_RING};

	for (unsigned n = 0; n < ARRAY_SIZE(targets); n++) {
		u32 *words = (u32 *)NIC_TX_BUFFER;

		nic_prepare(nic, RING);
		for (u32 k = 4; k < NIC_FRAME / 4; k++)
			words[k] = (u32)E1000_CTRL_RST;
		for (u32 k = 0; k < RING; k++)
			nic_rx(k)->address = targets[n];
		while (nic_tail < RING - 1)
			nic_add(NIC_TX_BUFFER, NIC_FRAME, NIC_SEND);
		nic_go(nic);
	}
}

/* Segments larger than any buffer: of a payload of a MiB in each of many descriptors. */
static void
cve_2019_5541(const struct nic *nic)
{
	static const u16 sizes[] = {1460, 9000, 16384, 65535};

	for (unsigned n = 0; n < ARRAY_SIZE(sizes); n++) {
		nic_prepare(nic, RING);
		fill_pattern();
		make_tcp(4000);
		nic_add_context(tso(255, sizes[n], 0xfffff));
		for (u32 k = 0; k < RING / 2; k++)
			add_part(NIC_TX_BUFFER, 0xfffff, 0);
		add_part(NIC_TX_BUFFER, 0xfffff, NIC_SEND);
		nic_add_context(tso(TCP_HEADERS, sizes[n], 0xfffff));
		add_part(NIC_TX_BUFFER, 65535, 0);
		add_part(NIC_TX_BUFFER, 65535, NIC_SEND);
		nic_go(nic);
		check_pattern(BUFFER);
	}
}

/* A context between the data of one packet: what is left of a smaller one is below nothing. */
static void
cve_2018_3295(const struct nic *nic)
{
	static const u32 payloads[] = {0, 1, 16, 1000, 0xfffff};

	for (unsigned n = 0; n < ARRAY_SIZE(payloads); n++) {
		nic_prepare(nic, RING);
		fill_pattern();
		make_tcp(4000);
		nic_add_context(tso(TCP_HEADERS, 3000, 3000));
		add_part(NIC_TX_BUFFER, 2000, 0);
		nic_add_context(tso((u8)(n % 2 == 0 ? 0 : 240), (u16)(n * 16), payloads[n]));
		add_part(NIC_TX_BUFFER, 16384, 0);
		add_part(NIC_TX_BUFFER, 0xfffff, NIC_SEND);
		nic_go(nic);
		check_pattern(BUFFER);
	}
}

/* A header length that sizes a buffer: of every value, with less than that in the packet, or more.
 */
static void
cve_2019_5609(const struct nic *nic)
{
	for (u32 header = 0; header < 256; header++) {
		if (header % 16 == 0)
			nic_prepare(nic, RING);
		make_tcp(2000);
		nic_add_context(tso((u8)header, 100, 1000));
		add_part(NIC_TX_BUFFER, header / 2, 0);
		add_part(NIC_TX_BUFFER, 1000, NIC_SEND);
		if (header % 16 == 15)
			nic_go(nic);
	}
}

/* Checksums that go beyond the header that is copied, and beyond the packet. */
static void
cve_2022_23087(const struct nic *nic)
{
	for (u32 at = 0; at < 256; at += 5) {
		struct e1000_tx_context c = tso((u8)(at % 2 == 0 ? TCP_HEADERS : 20), 100, 1000);

		if (at % 40 == 0)
			nic_prepare(nic, RING);
		make_tcp(2000);
		c.ipcss = c.tucss = (u8)(255 - at);
		c.ipcso = c.tucso = (u8)at;
		c.ipcse = (u16)(at * 257);
		nic_add_context(c);
		add_part(NIC_TX_BUFFER, 1000, NIC_SEND);
		c.command &= ~E1000_TXD_TSE;
		nic_add_context(c);
		nic_add(NIC_TX_BUFFER, 60, NIC_SEND | NIC_DATA);
		nic_tx(nic_tail - 1)->status = E1000_TXD_IXSM | E1000_TXD_TXSM;
		nic_go(nic);
	}
}

/* Nothing was received, and what a second card has is as it was. */
static void
check_untouched(const struct nic *nic, u64 address)
{
	if (!under_ashlar())
		return;
	for (u32 n = 0; n < RING; n++)
		if (nic_rx(n)->status != 0)
			guest_fail("received by way of 0x%lx", address);
	CHECK_EQ(nic_read(nic, E1000_RDH), 0);
}

/* A frame from there, one to there, and both rings there. */
static void
use_address(const struct nic *nic, u64 address)
{
	nic_prepare(nic, RING);
	nic_add(address, NIC_FRAME, NIC_SEND);
	nic_add(NIC_TX_BUFFER, 30, NIC_DATA);
	nic_add(address, 1000, NIC_DATA | NIC_SEND);
	nic_go(nic);
	check_untouched(nic, address);
	for (u32 n = 0; n < RING; n++)
		nic_rx(n)->address = address;
	nic_add(NIC_TX_BUFFER, NIC_FRAME, NIC_SEND);
	nic_add(NIC_TX_BUFFER, 1514, NIC_SEND);
	nic_go(nic);
	check_untouched(nic, address);
	for (u32 n = 0; n < 2; n++) {
		u32 low = n == 0 ? E1000_RDBAL : E1000_TDBAL;

		nic_write(nic, low, (u32)address);
		nic_write(nic, low + 4, (u32)(address >> 32));
		nic_add(NIC_TX_BUFFER, NIC_FRAME, NIC_SEND);
		nic_go(nic);
	}
}

/* Behind its RAM, where other VMs and the hypervisor have theirs; the hole below 1 MiB; BARs. */
static void
only_own_ram(const struct nic *nic)
{
	static const u64 hole[] = {0xa0000, 0xa8000, 0xb0000, 0xb8000, 0xbf800, 0x9fff8};
	struct nic second;
	u32 tail = 0, address_low = 0;
	bool two = nic_find(&second, 1);

	if (two) {
		nic_reset(&second);
		tail = nic_read(&second, E1000_TDT);
		address_low = nic_read(&second, E1000_RA);
	}
	for (u64 at = NIC_RAM_END; at < 4 * GiB; at += 0x7fff000)
		if (under_ashlar() || at < 0xe0000000) /* a machine has what frames could harm */
			use_address(nic, at);
	use_address(nic, NIC_RAM_END - 8);
	for (unsigned n = 0; n < ARRAY_SIZE(hole); n++)
		use_address(nic, hole[n]);
	for (u32 at = 0; at < E1000_REGS_LEN; at += 0x1c00)
		use_address(nic, nic->regs + at);
	if (!two)
		return;
	for (u32 at = 0; at < 0x6000; at += 0xc00)
		use_address(nic, second.regs + at);
	use_address(nic, second.regs + E1000_TDT);
	if (under_ashlar()) {
		CHECK_EQ(nic_read(&second, E1000_TDT), tail);
		CHECK_EQ(nic_read(&second, E1000_RA), address_low);
	}
}

static const struct nic_case cases[] = {
	{100,	      only_own_ram  },
	   {20126075,  cve_2012_6075 },
	{20156815,  cve_2015_6815 },
	{20161981,  cve_2016_1981 },
	   {20183295,  cve_2018_3295 },
	{20195541,  cve_2019_5541 },
	{20195609,  cve_2019_5609 },
	   {202015859, cve_2020_15859},
	{202028916, cve_2020_28916},
	{20213416,  cve_2021_3416 },
	   {202120257, cve_2021_20257},
	{202223087, cve_2022_23087},
	{20233019,  cve_2023_3019 },
};

GUEST("e1000-holes")
{
	nic_run_cases(cases, ARRAY_SIZE(cases));
}
