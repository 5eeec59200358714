/* SPDX-License-Identifier: MIT */
/* Between the files of the driver of a physical NIC; nic.h is for all others. */
#pragma once

#include "arch/x86_64/irq.h"
#include "drivers/e1000/nic.h"
#include "drivers/e1000/nic_io.h"
#include "drivers/e1000/nic_regs.h"
#include "lib/lock.h"
#include "mm/direct.h"

enum { NIC_RX_RING = 256, NIC_TX_RING = 256, NIC_BUFFER = 2048, NIC_NAME_MAX = 12 };

#define NIC_CAUSES (E1000_INT_LSC | E1000_INT_RXDMT0 | E1000_INT_RXO | E1000_INT_RXT0)

struct nic_model {
	u16 device;
	bool is_82574;
	const char *name;
	/* The 8254x can make 64-bit addresses, but on a 32-bit bus some hang when they have to. */
	u64 dma_limit;
};

/* Its memory is one run of frames: both rings, then the buffers, each in its descriptor's place. */
struct nic_rx {
	struct e1000_rx_desc *ring;
	u8 *buffers;
	u32 next;  /* the descriptor that the NIC fills next */
	u32 given; /* up to here, without it, they are the NIC's: RDT */
	bool skip; /* in the middle of a frame that has more than one buffer */
};

struct nic_tx {
	struct spinlock lock; /* guards all of this, the counters of transmission, and TDT */
	bool open;
	struct e1000_tx_desc *ring;
	u8 *buffers;
	u32 tail;  /* the descriptor that gets the next frame */
	u32 told;  /* TDT */
	u32 clean; /* the oldest one that the NIC has not sent yet */
};

enum nic_way { NIC_WAY_NONE, NIC_WAY_MSI, NIC_WAY_LINE, NIC_WAY_POLLED };

struct nic_irq {
	struct spinlock lock; /* guards armed, and with it ICR, IMS and IMC */
	bool armed;	      /* an interrupt is wanted, so one that comes may be ours */
	bool trial, hit;      /* whether one comes is being tried out; it came */
	u8 way;		      /* enum nic_way */
	u32 cpu;	      /* that its interrupts go to */
	bool has_vector;      /* for MSI */
	struct irq_message message;
	u32 gsi; /* with NIC_WAY_LINE, also while it is stopped */
	bool active_low;
	u32 trial_gsi, heard_gsi; /* the input that is tried; where the interrupt came */
	u32 unclaimed;		  /* MSIs nobody wanted, since the last nic_check() */
};

/* What nic_check() remembers from one time to the next. */
struct nic_watch {
	u64 progress_ns; /* when the transmitter last moved, or had nothing to do */
	u32 tx_clean, tdh;
	u64 interrupts;		       /* that had come */
	unsigned rx_missed_interrupts; /* since then, in a row */
	unsigned attempts;	       /* resets in a row */
	u64 reset_ns;		       /* the last one */
};

struct nic {
	const struct pci_function *function;
	const struct nic_model *model;
	volatile u8 *regs; /* NULL: they could not be mapped */
	u16 port;	   /* the same by IOADDR and IODATA there; 0: none */
	struct nic_client client;
	char name[NIC_NAME_MAX];
	u8 mac[NIC_MAC];
	u8 state; /* enum nic_state */
	bool link_up, full_duplex;
	u16 speed;
	hpa_t memory; /* 0: none */
	struct nic_rx rx;
	struct nic_tx tx;
	struct nic_irq irq;
	struct nic_watch watch;
	struct nic_counters counters;
};

static inline u32
nic_read(const struct nic *nic, u32 reg)
{
	return nic_io_read(nic->regs, reg);
}

static inline void
nic_write(const struct nic *nic, u32 reg, u32 value)
{
	nic_io_write(nic->regs, reg, value);
}

/*
 * A write that is done before the next one begins. A bridge may merge writes to neighbouring
 * registers, and takes them for one burst, of which these parts lose some (82546GB specification
 * update, erratum 15, which others' drivers avoid on all of them).
 */
static inline void
nic_write_alone(const struct nic *nic, u32 reg, u32 value)
{
	nic_write(nic, reg, value);
	(void)nic_read(nic, E1000_STATUS);
}

/*
 * A descriptor belongs to the NIC from the tail register's write until it sets DD; the half that it
 * writes is read once. Addresses are always made from the index, never read from a descriptor.
 */
static inline u8 *
nic_rx_buffer(const struct nic *nic, u32 index)
{
	return nic->rx.buffers + index * NIC_BUFFER;
}

static inline u8 *
nic_tx_buffer(const struct nic *nic, u32 index)
{
	return nic->tx.buffers + index * NIC_BUFFER;
}

static inline void
nic_rx_prepare(const struct nic *nic, u32 index)
{
	nic->rx.ring[index] =
		(struct e1000_rx_desc){.address = ptr_to_hpa(nic_rx_buffer(nic, index)).v};
}

/* nic.c */
/* From a reset to frames, with the memory that it has. -ERR_TIMEOUT: it is off then. */
__must_check int nic_bring_up(struct nic *nic);
void nic_silence(struct nic *nic); /* no frame, no interrupt, no DMA */

/* nic_reset.c: everything but the rings. -ERR_TIMEOUT when it doesn't come back. */
__must_check int nic_reset(struct nic *nic);
bool nic_read_mac(struct nic *nic); /* false when there is no sensible one */
/* Reads the link from a value of STATUS; whether it has changed. */
bool nic_update_link(struct nic *nic, u32 status);

/* nic_phy.c */
/*
 * On the 82574 the firmware may use the PHY too: it keeps off until nic_phy_leave(). Firmware that
 * doesn't let go has hung, and is not waited for.
 */
void nic_phy_take(const struct nic *nic);
void nic_phy_leave(const struct nic *nic);
/* Autonegotiation on, if it isn't. False when the PHY does not answer. */
bool nic_phy_start(const struct nic *nic);

/* nic_ring.c */
__must_check int nic_rings_alloc(struct nic *nic);
void nic_rings_free(struct nic *nic);
void nic_rings_set_up(struct nic *nic); /* empty, the NIC knows where they are, and is off */
void nic_rings_run(struct nic *nic);
/* No frame is taken from here on; those that were not sent are lost. */
void nic_rings_close(struct nic *nic);

/* nic_rx.c, nic_tx.c */
bool nic_rx_waits(const struct nic *nic); /* a frame was received */
void nic_tx_reclaim(struct nic *nic);	  /* under tx.lock */

/* nic_irq.c */
void nic_irq_init(struct nic *nic);
void nic_irq_find(struct nic *nic); /* rings are set up, and bus mastering is on */
void nic_irq_arm(struct nic *nic);
void nic_irq_off(struct nic *nic);
void nic_irq_release(struct nic *nic); /* until nic_irq_find() */
void nic_irq_give_up(struct nic *nic); /* from here on it is polled */
bool nic_irq_is_dead(struct nic *nic); /* it was masked because of a storm */
