/* SPDX-License-Identifier: MIT */
/*
 * The machine's own NICs: 82540EM, 82545EM (8254x manual, see regs.h) and 82574L. Each has one
 * client, whose thread starts and stops it, receives and checks; anyone may send. Nothing here
 * waits for a frame or for a link, and each wait on the hardware has a deadline.
 *
 * What the NIC writes to memory is checked as if it came from a guest. A NIC that hangs, or is
 * gone, is reported, reset a bounded number of times, and then given up.
 *
 * Locks, both of RANK_NIC and never held together: one guards the transmit ring, the other one
 * whether interrupts are on.
 */
#pragma once

#include "drivers/pci.h"
#include "include/errors.h"
#include "include/types.h"

enum {
	NICS_MAX = 8,
	NIC_MAC = 6,
	NIC_FRAME_MIN = 14,   /* bytes, without FCS; a shorter one than 60 is padded */
	NIC_FRAME_MAX = 1522, /* 1500 of payload, the header, and two tags */
};

struct nic;

/*
 * Finds the NICs, in PCI order, and says so in the log; nothing of them moves. Once, at boot, after
 * pci_init().
 */
void nics_init(void);

unsigned nic_count(void);
struct nic *nic_at(unsigned n); /* e1000:N of the configuration; NULL past the last one */
struct nic *nic_find(struct pci_addr addr);

struct nic_client {
	void (*wake)(void *arg); /* in an interrupt: nic_receive() is to be called */
	void *arg;
	bool promiscuous; /* for a bridge: it takes what is for others, too */
};

/*
 * Makes the rings (1 MiB), resets the NIC, finds a way for its interrupts and begins to receive.
 * The client is copied. Takes some milliseconds, up to four seconds where no interrupt
 * can be found. Interrupts go to the CPU that calls this. -ERR_BUSY when
 * somebody has it, -ERR_NODEV without usable registers, -ERR_NOMEM, -ERR_TIMEOUT.
 */
__must_check int nic_start(struct nic *nic, const struct nic_client *client);

/* Silent again; nobody is in nic_send(). wake() may run once more while this returns. */
void nic_stop(struct nic *nic);

/*
 * Gives at most `budget` frames, without FCS and with tags as they came, to fn(), in DMA memory
 * that is the NIC's again afterwards. True when there may be more: the caller comes again.
 * After false wake() is called for the next one, unless nic_polls().
 */
bool nic_receive(struct nic *nic, unsigned budget, void (*fn)(void *arg, u8 *frame, u32 len),
		 void *arg);

/* No interrupt was found: nic_receive() is to be called each millisecond. */
bool nic_polls(const struct nic *nic);

struct nic_piece {
	const void *at;
	u32 len;
};

/*
 * Copies a frame, without FCS, into the transmit ring; nic_flush() then tells the NIC of all that
 * came since the last time, of many at once this does itself. False, counted, when there is no
 * room, no link, or the length isn't one of NIC_FRAME_MIN to NIC_FRAME_MAX. Any CPU; under locks
 * below RANK_NIC.
 */
__must_check bool nic_send(struct nic *nic, const struct nic_piece *pieces, unsigned count);
void nic_flush(struct nic *nic);

/*
 * Each 100 ms, by the client's thread, which calls nic_receive() afterwards: changes of the link,
 * the watchdog, counters. May take some 60 ms when it resets the NIC.
 */
void nic_check(struct nic *nic);

enum nic_state {
	NIC_STOPPED,
	NIC_RUNNING,
	NIC_RESETTING, /* it hung, and gets another chance in a moment */
	NIC_FAILED,    /* given up, or never answered */
};

struct nic_counters {
	u64 rx_frames, rx_bytes, tx_frames, tx_bytes;
	u64 rx_errors;	/* what the NIC marked, or described in an impossible way */
	u64 rx_missed;	/* lost by the NIC for want of descriptors */
	u64 tx_full;	/* no room in the ring */
	u64 tx_no_link; /* no link, or the NIC was being reset */
	u64 tx_bad;	/* lengths that no frame has */
	u64 interrupts, link_changes, resets;
};

struct nic_info {
	const char *name;	/* e1000:0 */
	const char *model;	/* 82574L */
	const char *interrupts; /* MSI, INTx, polled; none before the first start */
	struct pci_addr addr;
	u32 gsi; /* with INTx */
	enum nic_state state;
	bool link_up, full_duplex;
	u16 speed; /* Mb/s */
	u8 mac[NIC_MAC];
	struct nic_counters counters;
};

void nic_info(const struct nic *nic, struct nic_info *out);
const char *nic_name(const struct nic *nic);
const u8 *nic_mac(const struct nic *nic);
const char *nic_state_name(enum nic_state state);
bool nic_link_up(const struct nic *nic);
