/* SPDX-License-Identifier: MIT */
/* Frames from the NIC (8254x, 3.2; the 82574's legacy descriptors are the same). */
#include "drivers/e1000/nic_parts.h"

enum { RX_GIVE_BATCH = 32 }; /* descriptors to a write of RDT */

/* What the NIC writes back, in one piece: length 15:0, status 39:32, errors 47:40. */
#define RX_LENGTH BITS(15, 0)
#define RX_STATUS BITS(39, 32)
#define RX_ERRORS BITS(47, 40)
/* The checksums of IP and TCP are for the receiver to look at (3.2.3.2). */
#define RX_FATAL  (E1000_RXD_CE | E1000_RXD_SE | E1000_RXD_SEQ | E1000_RXD_CXE | E1000_RXD_RXE)

static u64
rx_written_back(const struct nic *nic, u32 index)
{
	const u64 *half = (const u64 *)(const void *)&nic->rx.ring[index].length;

	return __atomic_load_n(half, __ATOMIC_ACQUIRE); /* before the frame's bytes */
}

static bool
is_done(u64 half)
{
	return (FIELD_GET(RX_STATUS, half) & E1000_RXD_DD) != 0;
}

bool
nic_rx_waits(const struct nic *nic)
{
	return is_done(rx_written_back(nic, nic->rx.next));
}

/*
 * Whether a frame is all in this buffer. One in several pieces is longer than any that is ours to
 * take: it is dropped to its end.
 */
static bool
rx_is_whole(struct nic *nic, u64 half)
{
	u64 length = FIELD_GET(RX_LENGTH, half);
	bool last = (FIELD_GET(RX_STATUS, half) & E1000_RXD_EOP) != 0, skipped = nic->rx.skip;

	nic->rx.skip = !last;
	return last && !skipped && (FIELD_GET(RX_ERRORS, half) & RX_FATAL) == 0 &&
	       length >= NIC_FRAME_MIN && length <= NIC_FRAME_MAX;
}

/* Descriptors that are done with go back to the NIC; the stores before this are seen before it. */
static void
rx_give(struct nic *nic, u32 last)
{
	nic->rx.given = last;
	nic_write(nic, E1000_RDT, last);
}

static void
rx_take(struct nic *nic, u64 half, void (*fn)(void *arg, u8 *frame, u32 len), void *arg)
{
	u32 index = nic->rx.next, length = (u32)FIELD_GET(RX_LENGTH, half);

	if (rx_is_whole(nic, half)) {
		nic->counters.rx_frames++;
		nic->counters.rx_bytes += length;
		fn(arg, nic_rx_buffer(nic, index), length);
	} else {
		nic->counters.rx_errors++;
	}
	nic_rx_prepare(nic, index);
	nic->rx.next = (index + 1) % NIC_RX_RING;
	if (index % RX_GIVE_BATCH == RX_GIVE_BATCH - 1)
		rx_give(nic, index);
}

bool
nic_receive(struct nic *nic, unsigned budget, void (*fn)(void *arg, u8 *frame, u32 len), void *arg)
{
	u32 last;

	if (nic->state != NIC_RUNNING)
		return false;
	for (; budget > 0; budget--) {
		u64 half = rx_written_back(nic, nic->rx.next);

		if (!is_done(half))
			break;
		rx_take(nic, half, fn, arg);
	}
	last = (nic->rx.next + NIC_RX_RING - 1) % NIC_RX_RING;
	if (last != nic->rx.given)
		rx_give(nic, last);
	if (nic_rx_waits(nic))
		return true;
	nic_irq_arm(nic);
	return nic_rx_waits(nic); /* came before the interrupt was on */
}
