/* SPDX-License-Identifier: MIT */
/*
 * A guest that bridges its two e1000s, which are on one network: a broadcast goes round for ever,
 * as fast as the network lets it (N2 of docs/attacks.md). The others there must not notice.
 */
#include "guests/lib/e1000.h"
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum { RING = NIC_RX_COUNT, SECONDS = 2, FRAMES = 500, NEW_FRAMES = 40, APART = 4096, NICS = 2 };

struct side {
	struct nic nic;
	u32 base;	/* its first descriptor in both rings, and its first buffer */
	u32 next, tail; /* to be received, to be sent */
};

static u64
buffer(const struct side *side, u32 n)
{
	return NIC_RX_BUFFERS + (u64)NIC_RX_BUFFER * ((side->base == 0 ? 0 : RING) + n);
}

static void
start(struct side *side, unsigned index)
{
	u64 offset;

	CHECK(nic_find(&side->nic, index));
	side->base = index * APART;
	offset = side->base * sizeof(struct e1000_tx_desc);
	nic_reset(&side->nic);
	nic_start(&side->nic, RING, RING, 0);
	for (u32 n = 0; n < RING; n++)
		*nic_rx(side->base + n) = (struct e1000_rx_desc){.address = buffer(side, n)};
	nic_write(&side->nic, E1000_TDBAL, (u32)(NIC_TX_RING + offset));
	nic_write(&side->nic, E1000_RDBAL, (u32)(NIC_RX_RING + offset));
	nic_write(&side->nic, E1000_RCTL, NIC_RCTL | (u32)E1000_RCTL_MPE | (u32)E1000_RCTL_SECRC);
}

static void
put(struct side *side, u64 address, u32 length)
{
	nic_put(side->base + side->tail, address, length, NIC_SEND);
	side->tail = (side->tail + 1) % RING;
}

static void
kick(struct side *side)
{
	nic_write(&side->nic, E1000_TDT, side->tail);
	nic_wait_sent(&side->nic);
}

/* What one has received the other sends, from where it is: answers how many frames. */
static u32
forward(struct side *from, struct side *to)
{
	u32 count = 0;

	for (; count < RING / 2; count++) {
		struct e1000_rx_desc *desc = nic_rx(from->base + (from->next + count) % RING);

		if ((*(volatile u8 *)&desc->status & E1000_RXD_DD) == 0)
			break;
		put(to, desc->address, desc->length);
		desc->status = 0;
	}
	if (count == 0)
		return 0;
	kick(to);
	from->next = (from->next + count) % RING;
	nic_write(&from->nic, E1000_RDT, (from->next + RING - 1) % RING);
	return count;
}

static void
begin(struct side *sides)
{
	for (u32 n = 0; n < NEW_FRAMES; n++)
		put(&sides[n % NICS], NIC_TX_BUFFER, NIC_FRAME);
	for (unsigned n = 0; n < NICS; n++)
		kick(&sides[n]);
}

GUEST("e1000-bridge")
{
	static struct side sides[NICS];
	u32 frames = 0;
	u64 end;

	tsc_hz();
	for (unsigned n = 0; n < NICS; n++)
		start(&sides[n], n);
	nic_make_frame(NIC_FRAME);
	end = deadline_us(SECONDS * 1000000ul);
	/* Straight on the machine each NIC has a network of its own, and none goes round. */
	while (rdtsc() < end || (under_ashlar() && frames <= FRAMES)) {
		u32 count = forward(&sides[0], &sides[1]) + forward(&sides[1], &sides[0]);

		if (count == 0) /* the network has dropped them all: new ones */
			begin(sides);
		frames += count;
	}
	print("%u frames went round\n", frames);
	nic_check_alive(&sides[1].nic);
	nic_check_alive(&sides[0].nic);
}
