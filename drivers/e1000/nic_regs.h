/* SPDX-License-Identifier: MIT */
/*
 * What only the driver of a physical NIC needs, beside regs.h: mostly of the 82574 (82574 GbE
 * Controller Family Datasheet, 317694, "82574" in the comments).
 */
#pragma once

#include "drivers/e1000/regs.h"

enum nic_register {
	E1000_EXTCNF_CTRL = 0x0f00, /* 82574, 10.2.2.17 */
	E1000_GCR = 0x5b00,	    /* 82574, 10.2.2.18: the PCIe block */
	E1000_GCR2 = 0x5b64,
};

#define E1000_CTRL_GIO_MASTER_OFF  BIT32(2)  /* 82574, 10.2.2.1 */
#define E1000_STATUS_GIO_MASTER	   BIT32(19) /* 82574, 10.2.2.2: requests may be outstanding */
#define E1000_EECD_74_AUTO_READ	   BIT32(9)  /* 82574, 10.2.2.3: registers are loaded */
#define E1000_EXTCNF_MDIO_SOFTWARE BIT32(5)  /* 82574: MDIC is ours, not the firmware's */
#define E1000_RFCTL_EXTENDED	   BIT32(15) /* 82574, 10.2.5.21: another descriptor format */
#define E1000_TXDCTL_COUNT_DESC	   BIT32(22) /* 82574, 10.2.6.7: has to be 1 */
#define E1000_MANC_ARP		   BIT32(13) /* 8254x: firmware answers ARP itself */

/* 82574 specification update: without these, completions on the PCIe link may be taken for lost,
 * and transmission stops. */
#define E1000_GCR_74_ERRATUM	   BIT32(22)
#define E1000_GCR2_74_ERRATUM	   BIT32(0)

/* 8254x, 13.4.34, and 82574, 10.2.6.2: for copper, IPGT 8, IPGR1 8, IPGR2 6. */
enum { E1000_TIPG_COPPER = 8 | 8 << 10 | 6 << 20 };

/* Words of the EEPROM, 8254x, 5.6. */
enum { EEPROM_MAC = 0 };
