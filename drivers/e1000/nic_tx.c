/* SPDX-License-Identifier: MIT */
/* Frames to the NIC (8254x, 3.3 and 3.4). */
#include "drivers/e1000/nic_parts.h"
#include "lib/string.h"

enum {
	FRAME_WIRE_MIN = 60, /* 802.3, 3.2.8, without FCS */
	TELL_BATCH = 32, /* the NIC begins before a burst is all there, or has filled the ring */
};

void
nic_tx_reclaim(struct nic *nic)
{
	struct nic_tx *tx = &nic->tx;

	while (tx->clean != tx->told) {
		u32 status = __atomic_load_n(&tx->ring[tx->clean].status, __ATOMIC_ACQUIRE);

		if ((status & E1000_TXD_DD) == 0)
			break;
		tx->clean = (tx->clean + 1) % NIC_TX_RING;
	}
}

static u64
length_of(const struct nic_piece *pieces, unsigned count)
{
	u64 sum = 0;

	for (unsigned i = 0; i < count; i++)
		sum += pieces[i].len;
	return sum;
}

static bool
tx_has_room(struct nic *nic)
{
	u32 after = (nic->tx.tail + 1) % NIC_TX_RING;

	if (after == nic->tx.clean)
		nic_tx_reclaim(nic);
	return after != nic->tx.clean;
}

/* The NIC pads too, but not each that is emulated does. Buffers of longer frames have old bytes. */
static u32
tx_fill(u8 *buffer, const struct nic_piece *pieces, unsigned count)
{
	u32 at = 0;

	for (unsigned i = 0; i < count; i++) {
		memcpy(buffer + at, pieces[i].at, pieces[i].len);
		at += pieces[i].len;
	}
	if (at >= FRAME_WIRE_MIN)
		return at;
	memset(buffer + at, 0, FRAME_WIRE_MIN - at);
	return FRAME_WIRE_MIN;
}

static void
tx_put(struct nic *nic, const struct nic_piece *pieces, unsigned count)
{
	struct nic_tx *tx = &nic->tx;
	u8 *buffer = nic_tx_buffer(nic, tx->tail);
	u32 length = tx_fill(buffer, pieces, count);

	tx->ring[tx->tail] = (struct e1000_tx_desc){
		.address = ptr_to_hpa(buffer).v,
		.command = length | E1000_TXD_EOP | E1000_TXD_IFCS | E1000_TXD_RS,
	};
	tx->tail = (tx->tail + 1) % NIC_TX_RING;
	nic->counters.tx_frames++;
	nic->counters.tx_bytes += length;
}

static void
tell(struct nic *nic)
{
	nic->tx.told = nic->tx.tail;
	nic_write(nic, E1000_TDT, nic->tx.told);
}

bool
nic_send(struct nic *nic, const struct nic_piece *pieces, unsigned count)
{
	u64 length = length_of(pieces, count), flags = spin_lock(&nic->tx.lock);
	bool sent = false;

	if (length < NIC_FRAME_MIN || length > NIC_FRAME_MAX)
		nic->counters.tx_bad++;
	else if (!nic->tx.open || !READ_ONCE(nic->link_up))
		nic->counters.tx_no_link++;
	else if (!tx_has_room(nic))
		nic->counters.tx_full++;
	else
		sent = true;
	if (sent) {
		tx_put(nic, pieces, count);
		if (nic->tx.tail % TELL_BATCH == 0)
			tell(nic);
	}
	spin_unlock(&nic->tx.lock, flags);
	return sent;
}

void
nic_flush(struct nic *nic)
{
	u64 flags = spin_lock(&nic->tx.lock);

	if (nic->tx.open && nic->tx.told != nic->tx.tail)
		tell(nic);
	spin_unlock(&nic->tx.lock, flags);
}
