/* SPDX-License-Identifier: MIT */
/*
 * A guest that gives the e1000 broken descriptors and frames, both ways: what it sends comes back
 * to it by loopback, where the model has that. E9 to E15 of the threat list (docs/attacks.md);
 * `case=N` is one of them. It only has to end, and the device to work behind each.
 */
#include "guests/lib/e1000.h"
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum { RING = NIC_RX_COUNT, MANY = 16384 };
enum { TSO_FRAME = 2000, IP_AT = 14, TCP_AT = 34, TCP_HEADERS = 54 };

static void
lengths(const struct nic *nic)
{
	static const u32 bad[] = {0, 1, 13, 14, 16384, 16385, 65535, 0xfffff};

	for (unsigned n = 0; n < ARRAY_SIZE(bad) * 2; n++) {
		u32 length = bad[n / 2];

		nic_prepare(nic, RING);
		nic_add(NIC_TX_BUFFER, n % 2 == 0 ? length & 0xffff : length,
			NIC_SEND | (n % 2 == 0 ? 0 : NIC_DATA));
		nic_add(NIC_TX_BUFFER, n % 2 == 0 ? length & 0xffff : length,
			E1000_TXD_RS | (n % 2 == 0 ? 0 : NIC_DATA));
		nic_add(NIC_TX_BUFFER, 0, NIC_SEND);
		nic_go(nic);
	}
	/* Many, and none of them is the last of a frame: nothing may grow. */
	for (unsigned n = 0; n < 3; n++) {
		static const u32 each[] = {0, 1, 65535};

		nic_prepare(nic, MANY);
		while (nic_tail < MANY - 2)
			nic_add(NIC_TX_BUFFER, each[n], 0);
		nic_add(NIC_TX_BUFFER, 60, NIC_SEND);
		nic_go(nic);
	}
}

static void
mixed(const struct nic *nic)
{
	const u64 nowhere[] = {0, NIC_RAM_END - 4, 3 * GiB, nic->regs, ~0ul - 3, 1ul << 52};

	for (unsigned n = 0; n < ARRAY_SIZE(nowhere); n++) {
		nic_prepare(nic, RING);
		for (u32 k = 0; k < RING; k++)
			nic_rx(k)->address = nowhere[n];
		nic_add(nowhere[n], NIC_FRAME, NIC_SEND);
		nic_add(nowhere[n], NIC_FRAME, NIC_SEND | NIC_DATA);
		nic_add(NIC_TX_BUFFER, NIC_FRAME, NIC_SEND);
		nic_go(nic);
	}
	nic_prepare(nic, RING);
	nic_add(NIC_TX_BUFFER, 30, 0); /* plain, then of a type, in one frame; and the other way */
	nic_add(NIC_TX_BUFFER, 30, NIC_SEND | NIC_DATA);
	nic_add(NIC_TX_BUFFER, 30, NIC_DATA);
	nic_add(NIC_TX_BUFFER, 30, NIC_SEND);
	nic_add(NIC_TX_BUFFER, 30, NIC_DATA);
	nic_add_context((struct e1000_tx_context){.mss = 100,
						  .header_len = 54,
						  .command = NIC_CONTEXT | 400});
	nic_add(NIC_TX_BUFFER, 30, NIC_SEND | NIC_DATA);
	for (u32 type = 2; type < 16; type++)
		nic_add(NIC_TX_BUFFER, NIC_FRAME, NIC_SEND | E1000_TXD_DEXT | NIC_TYPE(type));
	nic_go(nic);
}

/* An Ethernet frame with headers of IPv4 and TCP that are good enough to be cut up. */
static void
make_tcp(void)
{
	u8 *frame = (u8 *)NIC_TX_BUFFER;

	nic_make_frame(TSO_FRAME);
	frame[12] = 8;
	frame[13] = 0;
	frame[IP_AT] = 0x45;
	frame[IP_AT + 2] = (TSO_FRAME - IP_AT) >> 8;
	frame[IP_AT + 3] = (TSO_FRAME - IP_AT) & 0xff;
	frame[IP_AT + 8] = 64;
	frame[IP_AT + 9] = 6;
	frame[TCP_AT + 12] = 5 << 4;
}

static void
segmentation(const struct nic *nic)
{
	static const u16 mss[] = {0, 1, 2, 1460, 9000, 16384, 65535};
	static const u8 header[] = {0, 1, 13, 54, 240, 241, 255};
	static const u32 payload[] = {0, 1, TSO_FRAME - TCP_HEADERS, 65535, 0xfffff};

	for (unsigned n = 0; n < ARRAY_SIZE(mss) * ARRAY_SIZE(header) * ARRAY_SIZE(payload); n++) {
		u32 size = payload[n % ARRAY_SIZE(payload)];
		unsigned rest = n / ARRAY_SIZE(payload);

		if (n % 16 == 0)
			nic_prepare(nic, RING);
		make_tcp();
		nic_add_context(
			(struct e1000_tx_context){.ipcss = IP_AT,
						  .ipcso = IP_AT + 10,
						  .ipcse = TCP_AT - 1,
						  .tucss = TCP_AT,
						  .tucso = TCP_AT + 16,
						  .header_len = header[rest % ARRAY_SIZE(header)],
						  .mss = mss[rest / ARRAY_SIZE(header)],
						  .command = NIC_CONTEXT | E1000_TXD_TSE |
							     E1000_TXD_TUCMD_TCP |
							     E1000_TXD_TUCMD_IP | size});
		nic_add(NIC_TX_BUFFER, n % 2 == 0 ? TSO_FRAME : 40, NIC_DATA | E1000_TXD_TSE);
		nic_add(NIC_TX_BUFFER, TSO_FRAME, NIC_SEND | NIC_DATA | E1000_TXD_TSE);
		nic_tx(nic_tail - 1)->status = E1000_TXD_IXSM | E1000_TXD_TXSM;
		nic_go(nic);
	}
}

static void
checksums(const struct nic *nic)
{
	static const u8 at[] = {0, 14, 58, 59, 60, 255};
	static const u32 sizes[] = {1, 14, 60, 1514};

	for (unsigned n = 0; n < 6 * 6 * 4; n++) {
		u8 start = at[n % 6], offset = at[n / 6 % 6];
		u32 size = sizes[n / 36];

		if (n % 16 == 0)
			nic_prepare(nic, RING);
		nic_add_context((
			struct e1000_tx_context){.ipcss = start,
						 .ipcso = offset,
						 .ipcse = (u16)(n % 2 == 0 ? 0 : start - 1),
						 .tucss = start,
						 .tucso = offset,
						 .tucse = (u16)(n % 2 == 0 ? 65535 : 0),
						 .command = NIC_CONTEXT |
							    (n % 3 == 0 ? E1000_TXD_TUCMD_TCP : 0) |
							    (n % 5 == 0 ? E1000_TXD_TUCMD_IP : 0)});
		nic_add(NIC_TX_BUFFER, size, NIC_SEND | NIC_DATA);
		nic_tx(nic_tail - 1)->status = E1000_TXD_IXSM | E1000_TXD_TXSM;
		nic_add(NIC_TX_BUFFER, size, NIC_SEND | E1000_TXD_IC | (u32)offset << 16);
		nic_tx(nic_tail - 1)->status = (u32)start << 8;
		nic_go(nic);
	}
}

static void
vlans(const struct nic *nic)
{
	static const u32 sizes[] = {0, 1, 4, 12, 13, 14, 60, 1518};

	for (unsigned n = 0; n < ARRAY_SIZE(sizes) * 4; n++) {
		u8 *frame = (u8 *)NIC_TX_BUFFER;

		nic_prepare(nic, RING);
		nic_write(nic, E1000_VET, n % 2 == 0 ? 0x8100 : 0);
		nic_write(nic, E1000_CTRL,
			  nic_read(nic, E1000_CTRL) | (n / 8 % 2 == 0 ? E1000_CTRL_VME : 0));
		nic_write(nic, E1000_RCTL, nic_read(nic, E1000_RCTL) | (u32)E1000_RCTL_VFE);
		frame[12] = 0x81; /* tagged already, and once more */
		frame[13] = 0;
		nic_add(NIC_TX_BUFFER, sizes[n % ARRAY_SIZE(sizes)], NIC_SEND | E1000_TXD_VLE);
		nic_tx(nic_tail - 1)->status = 0xffff0000;
		nic_add(NIC_TX_BUFFER, sizes[n % ARRAY_SIZE(sizes)],
			NIC_SEND | NIC_DATA | E1000_TXD_VLE);
		nic_go(nic);
	}
}

/* Every size against every setting of the receive buffers. */
static void
sizes_received(const struct nic *nic)
{
	static const u32 sizes[] = {0,	  1,	13,   14,   59,	  60,	 256,
				    1514, 1518, 1522, 4096, 9018, 16383, 16384};

	for (u32 n = 0; n < 64; n++) {
		u32 rctl = NIC_RCTL | (u32)FIELD_PREP(E1000_RCTL_BSIZE, n & 3);

		rctl |= (n & 4 ? (u32)E1000_RCTL_BSEX : 0) | (n & 8 ? (u32)E1000_RCTL_LPE : 0);
		rctl |= (n & 16 ? (u32)E1000_RCTL_SBP : 0) | (n & 32 ? (u32)E1000_RCTL_SECRC : 0);
		nic_prepare(nic, RING);
		nic_write(nic, E1000_RCTL, rctl | (u32)E1000_RCTL_LBM);
		nic_make_frame(16384);
		for (unsigned k = 0; k < ARRAY_SIZE(sizes); k++)
			nic_add(NIC_TX_BUFFER, sizes[k], NIC_SEND | NIC_DATA);
		nic_go(nic);
	}
}

/* Receive buffers that are the device's own registers and rings, with a tail in the frame. */
static void
kicks_itself(const struct nic *nic)
{
	const u64 targets[] = {nic->regs + E1000_TDT, nic->regs + E1000_TDT - 14, NIC_TX_RING,
			       NIC_RX_RING, NIC_TX_RING + 8};

	for (unsigned n = 0; n < ARRAY_SIZE(targets); n++) {
		nic_prepare(nic, RING);
		for (u32 k = 0; k < RING; k++)
			nic_rx(k)->address = targets[n];
		memset((void *)(NIC_TX_BUFFER + 14), 0x3f, 46);
		while (nic_tail < RING - 1)
			nic_add(NIC_TX_BUFFER, NIC_FRAME, NIC_SEND);
		nic_go(nic);
		nic_write(nic, E1000_TDT, 5);
		nic_settle(nic);
	}
}

static const struct nic_case cases[] = {
	{9,  lengths	   },
	      {10, mixed		},
	    {11, segmentation  },
	{12, checksums     },
	{13, vlans	  },
	      {14, sizes_received},
	    {15, kicks_itself  },
};

GUEST("e1000-descriptors")
{
	nic_run_cases(cases, ARRAY_SIZE(cases));
}
