/* SPDX-License-Identifier: MIT */
/* What the parts of the emulated 82545EM call of each other. Under e->lock unless said. */
#pragma once

#include "drivers/e1000/model.h"

/* model.c */
void e1000_reset_device(struct e1000 *e); /* as by CTRL.RST */

static inline bool
e1000_in_loopback(const struct e1000 *e)
{
	return ((READ_ONCE(e->state.regs.rctl) & E1000_RCTL_LBM) |
		(READ_ONCE(e->state.phy.regs[PHY_CTRL]) & PHY_CTRL_LOOPBACK)) != 0;
}

/* model_regs.c: offset is a multiple of 4. */
void e1000_regs_reset(struct e1000 *e);
u32 e1000_reg_read(struct e1000 *e, u32 offset);
void e1000_reg_write(struct e1000 *e, u32 offset, u32 value);

/* model_eeprom.c */
void e1000_eeprom_init(struct e1000_eeprom *eeprom, const u8 *mac);
u32 e1000_eeprom_pins(const struct e1000_eeprom *eeprom); /* EECD */
void e1000_eeprom_set_pins(struct e1000_eeprom *eeprom, u32 eecd);
u32 e1000_eeprom_read(const struct e1000_eeprom *eeprom, u32 eerd); /* EERD as it reads then */

/* model_phy.c */
void e1000_phy_reset(struct e1000 *e);
void e1000_phy_mdic(struct e1000 *e, u32 value);
u32 e1000_status(const struct e1000 *e);
void e1000_link_update(struct e1000 *e); /* after a change of cable or PHY */

/* model_stats.c */
u32 e1000_statistic_read(struct e1000 *e, u32 offset);
void e1000_statistics_clear(struct e1000 *e);
/* A frame of so many bytes on the wire, its FCS too, among those of its size: `first` is
 * E1000_TX_SIZE or E1000_RX_SIZE. */
void e1000_count_size(struct e1000 *e, enum e1000_count first, u32 bytes, u64 frames);

/* model_irq.c */
void e1000_irq_raise(struct e1000 *e, u32 causes);
void e1000_irq_received(struct e1000 *e, u32 bytes);
void e1000_irq_sent(struct e1000 *e, bool delayed); /* a descriptor was written back */
u32 e1000_irq_read(struct e1000 *e);		    /* ICR, which that clears */
void e1000_irq_update(struct e1000 *e);		    /* after a change of icr, ims, itr or asleep */
void e1000_irq_unmask(struct e1000 *e, u32 causes);
void e1000_irq_flush(struct e1000 *e, bool rx); /* RDTR's and TIDV's FPD */
void e1000_irq_reset(struct e1000 *e);
void e1000_irq_timer(struct vtimer *timer); /* takes the lock */

/* model_tx.c */
void e1000_tx_void(struct e1000 *e);  /* what is being sent is none of the ring's any more */
void e1000_tx_reset(struct e1000 *e); /* the same, and no context is loaded */
/* The packet in progress is the last one. When that is through (e->sending), and under the lock
 * again, e1000_tx_settle() has the ring show how far it came, unless the sender has. */
void e1000_tx_stop(struct e1000 *e);
void e1000_tx_settle(struct e1000 *e);
void e1000_tx_work(struct e1000 *e); /* the ring may have work: sets tx.kick then */

/* model_tx_frame.c: without the lock, by who transmits */
void e1000_tx_begin(struct e1000 *e, const struct e1000_tx_desc *d);
void e1000_tx_add(struct e1000 *e, const struct e1000_tx_desc *d);
/* Makes the frame ready; false when it is to be dropped. */
bool e1000_tx_finish(struct e1000 *e);

/* model_rx.c: without the lock. False: there was no room. */
bool e1000_receive(struct e1000 *e, const struct frame *f, bool looped);

/* model_rx_filter.c */
bool e1000_rx_wants(const struct e1000 *e, const struct frame *f);
/* Status and errors (errors << 8) of the descriptor, as to checksums. */
u32 e1000_rx_checksum(const struct e1000 *e, const struct frame *f);
