/* SPDX-License-Identifier: MIT */
/* Words for classes (PCI Code and ID Assignment 1.11, ch. 1) and capabilities (ch. 2 and 3). */
#include "drivers/pci.h"

static const struct class_row {
	u16 class_code; /* base << 8 | subclass; subclass ffh: any other of this base */
	const char *name;
} classes[] = {
	{0x0001, "VGA device"		     },
	{0x00ff, "old device"		     },
	{0x0100, "SCSI controller"		  },
	{0x0101, "IDE controller"		 },
	{0x0104, "RAID controller"		  },
	{0x0106, "SATA controller"		  },
	{0x0107, "SAS controller"		 },
	{0x0108, "NVM controller"		 },
	{0x01ff, "storage controller"	     },
	{0x0200, "Ethernet controller"	      },
	{0x0280, "network controller"	     },
	{0x02ff, "network controller"	     },
	{0x0300, "VGA controller"		 },
	{0x0302, "3D controller"		},
	{0x03ff, "display controller"	     },
	{0x0401, "audio device"		       },
	{0x0403, "audio device"		       },
	{0x04ff, "multimedia device"	    },
	{0x0500, "RAM controller"		 },
	{0x05ff, "memory controller"	    },
	{0x0600, "host bridge"		      },
	{0x0601, "ISA bridge"		     },
	{0x0604, "PCI bridge"		     },
	{0x0607, "CardBus bridge"		 },
	{0x0609, "PCI bridge"		     },
	{0x06ff, "bridge"			 },
	{0x0700, "serial controller"	    },
	{0x07ff, "communication controller"	   },
	{0x0800, "interrupt controller"	       },
	{0x0803, "real-time clock"		  },
	{0x0805, "SD host controller"	     },
	{0x0806, "IOMMU"			},
	{0x08ff, "system device"		},
	{0x0900, "keyboard controller"	      },
	{0x09ff, "input controller"		   },
	{0x0aff, "docking station"		  },
	{0x0bff, "processor"		    },
	{0x0c00, "FireWire controller"	      },
	{0x0c03, "USB controller"		 },
	{0x0c05, "SMBus"			},
	{0x0cff, "serial bus controller"	},
	{0x0dff, "wireless controller"	      },
	{0x0eff, "I2O controller"		 },
	{0x0fff, "satellite controller"	       },
	{0x10ff, "encryption controller"	},
	{0x11ff, "signal processing controller"},
	{0x12ff, "processing accelerator"	 },
	{0x13ff, "instrumentation"		  },
	{0x40ff, "co-processor"		       },
};

static const char *const cap_names[] = {
	[0x01] = "power",  [0x02] = "agp",    [0x03] = "vpd",	  [0x04] = "slot",
	[0x05] = "msi",	   [0x06] = "cpci",   [0x07] = "pci-x",	  [0x08] = "ht",
	[0x09] = "vendor", [0x0a] = "debug",  [0x0c] = "hotplug", [0x0d] = "subsystem",
	[0x0e] = "agp8x",  [0x0f] = "secure", [0x10] = "pcie",	  [0x11] = "msi-x",
	[0x12] = "sata",   [0x13] = "af",     [0x14] = "ea",
};

static const char *const extended_names[] = {
	[0x01] = "aer",		 [0x02] = "vc",	       [0x03] = "serial-number",
	[0x04] = "power-budget", [0x05] = "rc-link",   [0x08] = "mfvc",
	[0x09] = "vc",		 [0x0a] = "rcrb",      [0x0b] = "ext-vendor",
	[0x0d] = "acs",		 [0x0e] = "ari",       [0x0f] = "ats",
	[0x10] = "sr-iov",	 [0x11] = "mr-iov",    [0x12] = "multicast",
	[0x13] = "pri",		 [0x15] = "rebar",     [0x16] = "dpa",
	[0x17] = "tph",		 [0x18] = "ltr",       [0x19] = "pcie2",
	[0x1b] = "pasid",	 [0x1d] = "dpc",       [0x1e] = "l1-pm",
	[0x1f] = "ptm",		 [0x23] = "dvsec",     [0x25] = "data-link",
	[0x26] = "16gt",	 [0x27] = "margining",
};

const char *
pci_class_name(u32 class_code)
{
	for (unsigned i = 0; i < ARRAY_SIZE(classes); i++) {
		u16 row = classes[i].class_code;

		if (row == class_code >> 8 ||
		    ((row & 0xff) == 0xff && row >> 8 == class_code >> 16))
			return classes[i].name;
	}
	return "device";
}

const char *
pci_cap_name(const struct pci_cap *cap)
{
	const char *const *names = cap->extended ? extended_names : cap_names;
	size_t count = cap->extended ? ARRAY_SIZE(extended_names) : ARRAY_SIZE(cap_names);

	return cap->id < count ? names[cap->id] : NULL;
}
