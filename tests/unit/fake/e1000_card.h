/* SPDX-License-Identifier: MIT */
/*
 * The model of the 82545EM as a card in the machine of fake/nic_machine.h: it reads and writes the
 * memory there, and its segment is the switch of fake/switch.h, with one other port. In a file of
 * its own, since the driver's headers and the model's have names in common.
 */
#pragma once

#include "include/types.h"

/* Plugged in anew; its address is 52:54:00:00:00:09, the other port's 52:54:00:00:00:00. */
void card_init(void);

u32 card_read(u32 reg);
void card_write(u32 reg, u32 value);
u32 card_port_read(u16 offset); /* in its I/O BAR */
void card_port_write(u16 offset, u32 value);
void card_command(u16 command); /* in configuration space */
bool card_pin(void);
void card_pass(u64 ns);
void card_set_link(bool up);

/* From the other port; and what that was sent: how many frames so far, and the last one. */
void card_give(const u8 *bytes, u32 len);
u32 card_sent(void);
u32 card_last(const u8 **bytes);
