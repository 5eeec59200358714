/* SPDX-License-Identifier: MIT */
/* The rings' memory, and what the NIC is told of them. */
#include "drivers/e1000/nic_parts.h"
#include "drivers/pci_regs.h"
#include "include/intrin.h"
#include "lib/string.h"
#include "mm/direct.h"
#include "mm/frame.h"

enum {
	ITR_INTERVAL = 488,   /* 8,000 interrupts a second: 125 us of 256 ns */
	TCTL_COLLISIONS = 15, /* 8254x, 13.4.33; half duplex alone */
	TCTL_DISTANCE = 64,
	RING_PAGES = 1, /* of each ring: 256 descriptors of 16 bytes */
};

_Static_assert(NIC_RX_RING * sizeof(struct e1000_rx_desc) == RING_PAGES * PAGE_SIZE, "a page");
_Static_assert(NIC_TX_RING * sizeof(struct e1000_tx_desc) == RING_PAGES * PAGE_SIZE, "a page");

#define MEMORY_PAGES (2 * RING_PAGES + (NIC_RX_RING + NIC_TX_RING) * (u64)NIC_BUFFER / PAGE_SIZE)

int
nic_rings_alloc(struct nic *nic)
{
	u8 *at;
	int err;

	if (nic->memory.v != 0)
		return 0;
	err = frame_alloc_range(MEMORY_PAGES, PAGE_SIZE, nic->model->dma_limit, &nic->memory);
	if (err != 0)
		return err;
	at = hpa_to_ptr(nic->memory);
	nic->rx.ring = (struct e1000_rx_desc *)(void *)at;
	nic->tx.ring = (struct e1000_tx_desc *)(void *)(at + RING_PAGES * PAGE_SIZE);
	nic->rx.buffers = at + 2 * RING_PAGES * PAGE_SIZE;
	nic->tx.buffers = nic->rx.buffers + NIC_RX_RING * NIC_BUFFER;
	return 0;
}

void
nic_rings_free(struct nic *nic)
{
	if (nic->memory.v != 0)
		frame_free(nic->memory, MEMORY_PAGES);
	nic->memory = HPA(0);
}

static void
set_ring(const struct nic *nic, u32 base_low, u32 len, hpa_t ring, u32 bytes)
{
	nic_write_alone(nic, base_low, (u32)ring.v);
	nic_write_alone(nic, base_low + 4, (u32)(ring.v >> 32));
	nic_write_alone(nic, len, bytes);
}

static void
rx_set_up(struct nic *nic)
{
	struct nic_rx *rx = &nic->rx;

	for (u32 i = 0; i < NIC_RX_RING; i++)
		nic_rx_prepare(nic, i);
	rx->next = 0;
	rx->given = NIC_RX_RING - 1; /* one stays with us: head and tail equal is an empty ring */
	rx->skip = false;
	set_ring(nic, E1000_RDBAL, E1000_RDLEN, ptr_to_hpa(rx->ring),
		 NIC_RX_RING * sizeof(*rx->ring));
	nic_write(nic, E1000_RDH, 0);
	nic_write(nic, E1000_RDT, 0);
	nic_write(nic, E1000_RDTR, 0); /* ITR alone moderates: the first frame isn't kept waiting */
	nic_write(nic, E1000_RADV, 0);
	nic_write(nic, E1000_ITR, ITR_INTERVAL);
	nic_write(nic, E1000_RXCSUM, 0);
}

static void
tx_set_up(struct nic *nic)
{
	struct nic_tx *tx = &nic->tx;
	u32 control = nic_read(nic, E1000_TXDCTL) & ~(u32)E1000_RXDCTL_WTHRESH;

	memset(tx->ring, 0, NIC_TX_RING * sizeof(*tx->ring));
	tx->tail = tx->told = tx->clean = 0;
	set_ring(nic, E1000_TDBAL, E1000_TDLEN, ptr_to_hpa(tx->ring),
		 NIC_TX_RING * sizeof(*tx->ring));
	nic_write(nic, E1000_TDH, 0);
	nic_write(nic, E1000_TDT, 0);
	nic_write(nic, E1000_TIDV, 0);
	nic_write(nic, E1000_TADV, 0);
	nic_write(nic, E1000_TIPG, E1000_TIPG_COPPER);
	/* Counted in descriptors, each written back when it is done (13.4.43). */
	control |= E1000_RXDCTL_GRAN | (u32)FIELD_PREP(E1000_RXDCTL_WTHRESH, 1);
	if (nic->model->is_82574)
		control |= E1000_TXDCTL_COUNT_DESC;
	nic_write(nic, E1000_TXDCTL, control);
}

void
nic_rings_set_up(struct nic *nic)
{
	rx_set_up(nic);
	tx_set_up(nic);
}

/*
 * 8254x, 14.4 and 14.5: on, then the tail. With LPE, since without it a frame with two tags and its
 * FCS, 1526 bytes, is too long (13.4.22); nic_rx.c drops what is longer. What else TCTL has after a
 * reset stays (82574, 10.2.6.1).
 */
void
nic_rings_run(struct nic *nic)
{
	u32 receive = E1000_RCTL_EN | E1000_RCTL_BAM | E1000_RCTL_SECRC | E1000_RCTL_LPE;
	u32 transmit = nic_read(nic, E1000_TCTL) & ~(u32)(E1000_TCTL_CT | E1000_TCTL_COLD);
	u64 flags;

	if (nic->client.promiscuous)
		receive |= E1000_RCTL_UPE | E1000_RCTL_MPE;
	transmit |= E1000_TCTL_EN | E1000_TCTL_PSP | E1000_TCTL_RTLC;
	transmit |= (u32)FIELD_PREP(E1000_TCTL_CT, TCTL_COLLISIONS);
	transmit |= (u32)FIELD_PREP(E1000_TCTL_COLD, TCTL_DISTANCE);
	nic_write(nic, E1000_TCTL, transmit);
	nic_write(nic, E1000_RCTL, receive);
	nic_write(nic, E1000_RDT, nic->rx.given);
	flags = spin_lock(&nic->tx.lock);
	nic->tx.open = true;
	spin_unlock(&nic->tx.lock, flags);
}

void
nic_rings_close(struct nic *nic)
{
	u64 flags = spin_lock(&nic->tx.lock);

	nic->tx.open = false;
	spin_unlock(&nic->tx.lock, flags);
}
