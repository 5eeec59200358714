/* SPDX-License-Identifier: MIT */
/*
 * What an emulated 82545EM consists of, for who makes room for one. All fields are the model's.
 *
 * e->lock guards all that has no other word beside it. `tx` belongs to the one call that transmits
 * (tx.busy), without the lock; it looks at registers that change meanwhile by READ_ONCE. It has
 * e->sending while it makes a frame whole and sends it: who has changed the epoch, and then had
 * that lock, knows that nothing of before is on its way any more, and what has gone out.
 */
#pragma once

#include "core/guest_memory.h"
#include "core/vclock.h"
#include "dev/pci.h"
#include "drivers/e1000/regs.h"
#include "lib/lock.h"
#include "net/port.h"
#include "net/segment.h"

struct e1000_config {
	struct guest_memory *memory;
	struct vclock *clock;
	u8 mac[ETH_ADDRESS];
	u8 devfn;
	/*
	 * There is something to transmit: somebody is to call e1000_transmit(), now or soon. Called
	 * without a lock held, on a vCPU's thread. It is not called again before that call has come
	 * and has found nothing more to do.
	 */
	void (*kick)(void *arg);
	void *arg;
};

enum {
	E1000_EEPROM_WORDS = 64,
	E1000_PHY_REGISTERS = 32,
	E1000_WUPM_WORDS = 32,
	E1000_FLEX_WORDS = 256,	   /* of 128 entries, each at 8 bytes */
	E1000_TX_BATCH = 64,	   /* descriptors that are read at once */
	E1000_TX_PACKET_MAX = 256, /* of one packet, or it is dropped */
	E1000_RX_PIECES = 128,	   /* descriptors of one frame, null ones too: 64 of 256 bytes */
	E1000_STATISTIC_WORDS = (E1000_STATISTICS_END - E1000_STATISTICS) / 4,
};

/* What is counted, always upwards; the statistics registers show differences. */
enum e1000_count {
	E1000_COUNT_NONE,
	E1000_TX_FRAMES,
	E1000_TX_BYTES,
	E1000_TX_MULTICAST,
	E1000_TX_BROADCAST,
	E1000_TX_SEGMENTED,
	E1000_TX_UNCUT, /* should have been segmented, and were dropped */
	E1000_TX_SIZE,	/* six, by size */
	E1000_RX_SIZE = E1000_TX_SIZE + 6,
	E1000_RX_FRAMES = E1000_RX_SIZE + 6, /* all */
	E1000_RX_BYTES,
	E1000_RX_GOOD_FRAMES, /* that the filters have passed */
	E1000_RX_GOOD_BYTES,
	E1000_RX_MULTICAST,
	E1000_RX_BROADCAST,
	E1000_RX_MISSED, /* no descriptors */
	E1000_RX_LONG,
	E1000_COUNTS
};

/* 93C46: the serial EEPROM, as its pins are moved by EECD (5.3). */
struct e1000_eeprom {
	u16 words[E1000_EEPROM_WORDS];
	u32 pins;    /* EECD's bits as they were written */
	u32 shift;   /* of what has come in since the start bit */
	u8 bits;     /* how many; 0: no start bit yet */
	u8 out_bits; /* of `out` that are still to go out, from the highest */
	u16 out;
	u8 address;
	bool reading, writable, done;
};

struct e1000_phy {
	u16 regs[E1000_PHY_REGISTERS];
	bool link_was_down; /* since the status was read last */
};

/* Registers, by their names in the manual. */
struct e1000_registers {
	u32 ctrl, ctrl_ext, fla, mdic, fcal, fcah, fct, vet;
	u32 icr, itr, ims;
	u32 rctl, fcttv, txcw, tctl, tipg, tbt, ait, ledctl, pba;
	u32 fcrtl, fcrth, rdf[5], tdf[5];
	u32 rdbal, rdbah, rdlen, rdh, rdt, rdtr, rxdctl, radv, rsrpd;
	u32 tdbal, tdbah, tdlen, tdh, tdt, tidv, txdctl, tadv, tspmt, txdmac;
	u32 rxcsum;
	u32 mta[E1000_MTA_WORDS], ra[2 * E1000_RA_PAIRS], vfta[E1000_VFTA_WORDS];
	u32 wuc, wufc, wus, manc, ipav, ip4at[8], ip6at[4], wupm[E1000_WUPM_WORDS];
	u32 fflt[8], ffmt[E1000_FLEX_WORDS], ffvt[E1000_FLEX_WORDS];
	u32 eerd, ioaddr;
};

/* Times on the VM's clock; 0: none. */
struct e1000_moderation {
	bool level;  /* of the pin */
	u64 next_ns; /* no interrupt before, by ITR */
	u64 rx_ns, rx_absolute_ns;
	u64 tx_ns, tx_absolute_ns;
	u64 timer_ns; /* what the timer is set to */
};

struct e1000_state {
	struct e1000_registers regs;
	struct e1000_phy phy;
	struct e1000_moderation irq;
	u64 cleared[E1000_STATISTIC_WORDS]; /* what each had been counted to when it was read */
	bool link;			    /* both ends are up */
	bool asleep;			    /* in D3hot */
};

/* Of the frame that is being received. */
struct e1000_rx_piece {
	u8 *to;
	u32 len;
};

struct e1000_rx_slot {
	struct e1000_rx_desc *desc;
	u32 len;
};

/* Of one packet that is being put together. */
struct e1000_tx_packet {
	struct e1000_tx_context context;
	u32 header_want;
	u32 last_command, last_status; /* of its last descriptor */
	bool begun, bad, segment, tagged;
	u8 options; /* POPTS, in its place: IXSM and TXSM of the first data descriptor */
	u16 tag;
};

struct e1000_tx {
	bool busy;	 /* under the lock: somebody transmits */
	bool kicked;	 /* under the lock: and will, or is to come again */
	bool kick;	 /* under the lock: when it has been released after an access */
	u32 epoch;	 /* under the lock: changes when no more of what was begun may go out */
	bool stopped;	 /* under the lock: and `sent` of it are still to be committed */
	u32 sent;	 /* with e->sending: descriptors of the batch whose packets are out */
	bool anew;	 /* under the lock: no packet of before goes on */
	bool forget;	 /* under the lock: contexts that were loaded before a reset */
	bool skipping;	 /* up to the end of a packet that is dropped */
	u32 epoch_begun; /* of what is being done */
	struct e1000_tx_context contexts[2]; /* [1] for segmentation (3.3.6) */
	struct e1000_tx_packet packet;
	struct e1000_tx_desc batch[E1000_TX_PACKET_MAX];
	struct frame frame, segment;
	struct segmenter segmenter;
};

struct e1000 {
	struct pci_device pci;
	struct e1000_config config;
	struct net_port port;
	struct spinlock lock;	 /* RANK_VDEVICE */
	struct spinlock sending; /* RANK_SENDER */
	struct vtimer timer;
	struct e1000_state state;
	/* No reset of the card changes these; with a VM's reset there is a new card. */
	struct e1000_eeprom eeprom;
	bool cable;
	u64 counts[E1000_COUNTS]; /* those of tx are written by who transmits */
	struct e1000_tx tx;
	struct e1000_rx_piece rx_pieces[E1000_RX_PIECES];
	struct e1000_rx_slot rx_slots[E1000_RX_PIECES];
	u8 config_space[256], config_writable[256];
};
