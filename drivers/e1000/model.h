/* SPDX-License-Identifier: MIT */
/*
 * An Intel 82545EM as a guest sees it (PCI/PCI-X Family of Gigabit Ethernet Controllers Software
 * Developer's Manual, 317453; sections in the model's comments are its): a PCI function of
 * dev/pci.h and a port of net/port.h. Pure.
 *
 * Its lock (RANK_VDEVICE) guards its registers and is never held while a frame is sent; another one
 * (RANK_SENDER) is. One caller at a time transmits; receiving goes on meanwhile. Before its memory
 * goes, the port is off its switch, the VM's vCPUs and clock stand, and nobody is in
 * e1000_transmit().
 */
#pragma once

#include "drivers/e1000/model_state.h"

void e1000_init(struct e1000 *e, const struct e1000_config *config);
/* -ERR_EXISTS, -ERR_FULL */
__must_check int e1000_attach(struct e1000 *e, struct pci_host *host);

/* The port, whose name, settings and switch are the caller's. */
struct net_port *e1000_port(struct e1000 *e);

/*
 * Sends what the guest has put into the ring, at most `budget` descriptors, or one packet of more.
 * True when there is more: the caller comes again. Does nothing while another call is at it, which
 * then goes on for this one.
 */
bool e1000_transmit(struct e1000 *e, unsigned budget);
/* Descriptors that the guest has put into the ring, as they were a moment ago. */
u32 e1000_waiting(const struct e1000 *e);

/* The cable, plugged in at first: a change is an interrupt (LSC). */
void e1000_set_link(struct e1000 *e, bool up);
