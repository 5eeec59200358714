/* SPDX-License-Identifier: MIT */
/*
 * An e1000 (82545EM, or QEMU's and Bochs' of that family) as a test guest drives it, by polling.
 * Rings and buffers are at fixed places in RAM behind the program, which takes 16 MiB.
 */
#pragma once

#include "drivers/e1000/regs.h"
#include "guests/lib/pci.h"
#include "include/types.h"

#define NIC_TX_RING	0x800000ul /* up to 64 Ki descriptors */
#define NIC_RX_RING	0x900000ul
#define NIC_TX_BUFFER	0xa00000ul /* 1 MiB */
#define NIC_RX_BUFFERS	0xb00000ul /* 16 KiB each */
#define NIC_CANARY	0xe00000ul /* what nobody may write */
#define NIC_CANARY_SIZE 0x10000ul
#define NIC_RAM_END	0x1000000ul

enum { NIC_ID = 0x100f8086, NIC_RX_BUFFER = 16384, NIC_RX_BUFFER_MAX = 128 };
enum { NIC_FRAME = 60, NIC_RX_COUNT = 64 };

/* Of descriptors: the last of a frame, and their kinds. */
#define NIC_SEND    (E1000_TXD_EOP | E1000_TXD_IFCS | E1000_TXD_RS)
#define NIC_TYPE(n) ((u32)FIELD_PREP(E1000_TXD_TYPE, (u32)(n)))
#define NIC_DATA    (E1000_TXD_DEXT | NIC_TYPE(E1000_TXD_TYPE_DATA))
#define NIC_CONTEXT (E1000_TXD_DEXT | NIC_TYPE(E1000_TXD_TYPE_CONTEXT))
#define NIC_RCTL    (E1000_RCTL_EN | E1000_RCTL_BAM | E1000_RCTL_UPE)

struct nic {
	u64 regs;
	u32 devfn;
	u16 io; /* 0: none */
	u8 io_bar;
	bool wide; /* BAR 0 has 64 bits */
};

/* The index-th of bus 0, decoding switched on; where its BARs have no address they get one. */
bool nic_find(struct nic *nic, unsigned index);

u32 nic_read(const struct nic *nic, u32 reg);
void nic_write(const struct nic *nic, u32 reg, u32 value);

/* Device reset, interrupts masked, link set up; the PHY as it is after reset. */
void nic_reset(const struct nic *nic);

/* Rings of so many descriptors, receive buffers filled in, both directions on. */
void nic_start(const struct nic *nic, u32 tx, u32 rx, u32 rctl);

/* The receive ring whole again, all buffers empty. */
void nic_refill(const struct nic *nic, u32 rx);

struct e1000_tx_desc *nic_tx(u32 index);
struct e1000_rx_desc *nic_rx(u32 index);

void nic_phy_write(const struct nic *nic, u32 reg, u32 value);
/* What it sends comes back, by the PHY and by the MAC; whatever of that the model has. */
void nic_loop(const struct nic *nic);
void nic_unloop(const struct nic *nic);

/* A plain descriptor for a frame of the buffer; `more` as E1000_TXD_... */
void nic_put(u32 index, u64 address, u32 length, u32 more);
/* A broadcast frame of `size` bytes in the buffer, of a local EtherType. */
void nic_make_frame(u32 size);

/* Waits until the head is at the tail, or stands still. True: it got there. */
bool nic_wait_sent(const struct nic *nic);
/* As nic_wait_sent(), but where a device that refuses to go on is right as well. */
void nic_settle(const struct nic *nic);
/* The same, but where it may go round without end, for so long at most. */
void nic_settle_within(const struct nic *nic, u64 us);

/*
 * One descriptor after the other: begins with a device that was reset, in loopback, so many to
 * transmit, NIC_RX_COUNT to receive, a frame of NIC_FRAME bytes in the buffer. The device is told
 * of them by nic_go(), which waits as nic_settle() does.
 */
void nic_prepare(const struct nic *nic, u32 ring);
void nic_add(u64 address, u32 length, u32 more); /* as nic_put() */
void nic_add_context(struct e1000_tx_context value);
void nic_go(const struct nic *nic);
extern u32 nic_tail; /* the ring's next free place */

/* Reset, and three frames go out; the test fails when they don't, or when the canary is touched. */
void nic_check_alive(const struct nic *nic);

/* What a hostile guest tries: each begins with a device that has been reset. */
struct nic_case {
	unsigned number; /* of the threat list's E1 to E22, or a known hole's: 20126075 */
	void (*run)(const struct nic *nic);
};

/* Those that `case=N` asks for, or all; behind each the device must be as good as new. */
void nic_run_cases(const struct nic_case *cases, unsigned count);
