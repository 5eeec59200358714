/* SPDX-License-Identifier: MIT */
/* An interrupt as a write to memory, on its way to the local APICs (SDM vol. 3, 11.11). */
#pragma once

#include "dev/pci.h"

/*
 * Sends the message, when the guest lets the function master the bus. One to another address than
 * the local APICs' FEExxxxxh, or that none of them takes, is dropped and counted: it is never a
 * write to memory. Any thread.
 */
void msi_message_send(struct pci_device *dev, u64 address, u32 data);
