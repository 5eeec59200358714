/* SPDX-License-Identifier: MIT */
/* PCI configuration space (PCI Local Bus 3.0, ch. 6; PCI-to-PCI Bridge 1.2, 3.2; PCIe 5.0, ch. 7).
 */
#pragma once

#include "include/bits.h"

enum {
	PCI_CONFIG_SIZE = 256,	 /* by the ports */
	PCIE_CONFIG_SIZE = 4096, /* by ECAM */
	PCI_FUNCTIONS = 8,	 /* of a device */
	PCI_DEVICES = 32,	 /* of a bus */
	PCI_BUSES = 256,
};

enum pci_register {
	PCI_ID = 0x00,	    /* vendor 15:0, device 31:16 */
	PCI_COMMAND = 0x04, /* 15:0; the status is 31:16 */
	PCI_STATUS = 0x06,
	PCI_CLASS = 0x08,  /* revision 7:0, interface, subclass, base class */
	PCI_HEADER = 0x0c, /* header type 23:16 */
	PCI_BAR0 = 0x10,
	PCI_BRIDGE_BUSES = 0x18, /* type 1: primary 7:0, secondary 15:8, subordinate 23:16 */
	PCI_SUBSYSTEM = 0x2c,	 /* vendor 15:0, id 31:16 */
	PCI_ROM = 0x30,		 /* type 0 */
	PCI_CAPABILITIES = 0x34, /* 7:0; type 2 has it elsewhere */
	PCI_INTERRUPT = 0x3c,	 /* line 7:0, pin 15:8 */
	PCI_INTERRUPT_PIN = 0x3d,
	PCI_DEVICE_SPACE = 0x40, /* the header ends */
	PCI_EXTENDED_SPACE = 0x100,
};

#define PCI_COMMAND_IO		BIT32(0)
#define PCI_COMMAND_MEMORY	BIT32(1)
#define PCI_COMMAND_MASTER	BIT32(2)
#define PCI_COMMAND_NO_INTX	BIT32(10)

/* In the dword with the command. */
#define PCI_STATUS_INTERRUPT	BIT32(19)
#define PCI_STATUS_CAPABILITIES BIT32(20)

#define PCI_HEADER_TYPE		BITS(22, 16)
#define PCI_HEADER_MULTI	BIT32(23)

enum pci_header_type { PCI_HEADER_DEVICE = 0, PCI_HEADER_BRIDGE = 1 };

#define PCI_BAR_IO	     BIT32(0)
#define PCI_BAR_IO_BASE	     BITS(31, 2)
#define PCI_BAR_MEM_TYPE     BITS(2, 1)
#define PCI_BAR_MEM_PREFETCH BIT32(3)
#define PCI_BAR_MEM_BASE     BITS(31, 4)
#define PCI_BAR_MEM_TYPE_64  2u

#define PCI_ROM_ENABLE	     BIT32(0)
#define PCI_ROM_BASE	     BITS(31, 11)

/* Class codes are base << 16 | subclass << 8 | interface. */
enum { PCI_CLASS_DISPLAY = 0x03, PCI_CLASS_HOST_BRIDGE = 0x0600 };

enum { PCI_VENDOR_INTEL = 0x8086 };

enum pci_cap_id {
	PCI_CAP_POWER = 0x01,
	PCI_CAP_MSI = 0x05,
	PCI_CAP_SECURE = 0x0f, /* of AMD's IOMMU */
	PCI_CAP_EXPRESS = 0x10,
	PCI_CAP_MSIX = 0x11,
};

/* PCI Express capabilities register, PCIe 5.0, 7.5.3.2, in the capability's first dword. */
#define PCIE_PORT_TYPE BITS(23, 20)
enum { PCIE_ROOT_PORT = 4, PCIE_DOWNSTREAM_PORT = 6 };

/* Link control, PCIe 5.0, 7.5.3.7. */
enum { PCIE_LINK_CONTROL = 0x10 };
#define PCIE_LINK_ASPM BITS(1, 0)

/* MSI, PCI Local Bus 3.0, 6.8.1: control is in bits 31:16 of the first dword. */
enum { MSI_CONTROL = 2, MSI_ADDRESS = 4, MSI_ADDRESS_HIGH = 8, MSI_DATA32 = 8, MSI_DATA64 = 12 };
#define MSI_CONTROL_ENABLE   BIT32(0)
#define MSI_CONTROL_MULTIPLE BITS(6, 4)
#define MSI_CONTROL_64	     BIT32(7)
#define MSI_CONTROL_MASKS    BIT32(8) /* a dword of mask bits follows the one with the data */

/* Power management, PCI Power Management 1.2, 3.2.4. */
enum { PCI_POWER_CONTROL = 4 };
#define PCI_POWER_STATE BITS(1, 0)

/* Extended capability's first dword, PCIe 5.0, 7.6.3. */
#define PCIE_CAP_ID	BITS(15, 0)
#define PCIE_CAP_NEXT	BITS(31, 20)
