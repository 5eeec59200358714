/* SPDX-License-Identifier: MIT */
/*
 * Registers and descriptors of Intel's 8254x, and of the 82574 where it is the same, for the driver
 * of a physical NIC and for the emulated one (PCI/PCI-X Family of Gigabit Ethernet Controllers
 * Software Developer's Manual, 317453: registers are chapter 13, descriptors 3.2 and 3.3).
 * Everything is little-endian.
 */
#pragma once

#include "include/bits.h"

enum { E1000_REGS_LEN = 128 * 1024 };

/* Table 13-2. */
enum e1000_register {
	E1000_CTRL = 0x0000,
	E1000_STATUS = 0x0008,
	E1000_EECD = 0x0010,
	E1000_EERD = 0x0014,
	E1000_CTRL_EXT = 0x0018,
	E1000_FLA = 0x001c,
	E1000_MDIC = 0x0020,
	E1000_FCAL = 0x0028,
	E1000_FCAH = 0x002c,
	E1000_FCT = 0x0030,
	E1000_VET = 0x0038,
	E1000_ICR = 0x00c0,
	E1000_ITR = 0x00c4,
	E1000_ICS = 0x00c8,
	E1000_IMS = 0x00d0,
	E1000_IMC = 0x00d8,
	E1000_RCTL = 0x0100,
	E1000_FCTTV = 0x0170,
	E1000_TXCW = 0x0178,
	E1000_RXCW = 0x0180,
	E1000_TCTL = 0x0400,
	E1000_TIPG = 0x0410,
	E1000_TBT = 0x0448,
	E1000_AIT = 0x0458,
	E1000_LEDCTL = 0x0e00,
	E1000_PBA = 0x1000,
	E1000_FCRTL = 0x2160,
	E1000_FCRTH = 0x2168,
	E1000_RDFH = 0x2410, /* the packet buffer's own pointers, for diagnosis (13.8) */
	E1000_RDFT = 0x2418,
	E1000_RDFHS = 0x2420,
	E1000_RDFTS = 0x2428,
	E1000_RDFPC = 0x2430,
	E1000_RDBAL = 0x2800,
	E1000_RDBAH = 0x2804,
	E1000_RDLEN = 0x2808,
	E1000_RDH = 0x2810,
	E1000_RDT = 0x2818,
	E1000_RDTR = 0x2820,
	E1000_RXDCTL = 0x2828,
	E1000_RADV = 0x282c,
	E1000_RSRPD = 0x2c00,
	E1000_TXDMAC = 0x3000,
	E1000_TDFH = 0x3410,
	E1000_TDFT = 0x3418,
	E1000_TDFHS = 0x3420,
	E1000_TDFTS = 0x3428,
	E1000_TDFPC = 0x3430,
	E1000_TDBAL = 0x3800,
	E1000_TDBAH = 0x3804,
	E1000_TDLEN = 0x3808,
	E1000_TDH = 0x3810,
	E1000_TDT = 0x3818,
	E1000_TIDV = 0x3820,
	E1000_TXDCTL = 0x3828,
	E1000_TADV = 0x382c,
	E1000_TSPMT = 0x3830,
	E1000_RXCSUM = 0x5000,
	E1000_RFCTL = 0x5008,
	E1000_MTA = 0x5200,
	E1000_RA = 0x5400, /* RAL and RAH, one pair after the other */
	E1000_VFTA = 0x5600,
	E1000_WUC = 0x5800,
	E1000_WUFC = 0x5808,
	E1000_WUS = 0x5810,
	E1000_MANC = 0x5820,
	E1000_IPAV = 0x5838,
	E1000_IP4AT = 0x5840,
	E1000_IP6AT = 0x5880,
	E1000_WUPL = 0x5900,
	E1000_WUPM = 0x5a00,
	E1000_SWSM = 0x5b50,
	E1000_FFLT = 0x5f00,
	E1000_FFMT = 0x9000,
	E1000_FFVT = 0x9800,
};

enum {
	E1000_MTA_WORDS = 128,
	E1000_VFTA_WORDS = 128,
	E1000_RA_PAIRS = 16,
	E1000_RING_ALIGN = 128, /* of RDLEN and TDLEN; bases are aligned to 16 */
};

/* Statistics (13.7): cleared when read; a pair of 64 bits when its upper half is read. */
enum e1000_statistic {
	E1000_CRCERRS = 0x4000,
	E1000_ALGNERRC = 0x4004,
	E1000_SYMERRS = 0x4008,
	E1000_RXERRC = 0x400c,
	E1000_MPC = 0x4010,
	E1000_SCC = 0x4014,
	E1000_ECOL = 0x4018,
	E1000_MCC = 0x401c,
	E1000_LATECOL = 0x4020,
	E1000_COLC = 0x4028,
	E1000_DC = 0x4030,
	E1000_TNCRS = 0x4034,
	E1000_SEC = 0x4038,
	E1000_CEXTERR = 0x403c,
	E1000_RLEC = 0x4040,
	E1000_XONRXC = 0x4048,
	E1000_XONTXC = 0x404c,
	E1000_XOFFRXC = 0x4050,
	E1000_XOFFTXC = 0x4054,
	E1000_FCRUC = 0x4058,
	E1000_PRC64 = 0x405c,
	E1000_PRC127 = 0x4060,
	E1000_PRC255 = 0x4064,
	E1000_PRC511 = 0x4068,
	E1000_PRC1023 = 0x406c,
	E1000_PRC1522 = 0x4070,
	E1000_GPRC = 0x4074,
	E1000_BPRC = 0x4078,
	E1000_MPRC = 0x407c,
	E1000_GPTC = 0x4080,
	E1000_GORCL = 0x4088,
	E1000_GORCH = 0x408c,
	E1000_GOTCL = 0x4090,
	E1000_GOTCH = 0x4094,
	E1000_RNBC = 0x40a0,
	E1000_RUC = 0x40a4,
	E1000_RFC = 0x40a8,
	E1000_ROC = 0x40ac,
	E1000_RJC = 0x40b0,
	E1000_MGTPRC = 0x40b4,
	E1000_MGTPDC = 0x40b8,
	E1000_MGTPTC = 0x40bc,
	E1000_TORL = 0x40c0,
	E1000_TORH = 0x40c4,
	E1000_TOTL = 0x40c8,
	E1000_TOTH = 0x40cc,
	E1000_TPR = 0x40d0,
	E1000_TPT = 0x40d4,
	E1000_PTC64 = 0x40d8,
	E1000_PTC127 = 0x40dc,
	E1000_PTC255 = 0x40e0,
	E1000_PTC511 = 0x40e4,
	E1000_PTC1023 = 0x40e8,
	E1000_PTC1522 = 0x40ec,
	E1000_MPTC = 0x40f0,
	E1000_BPTC = 0x40f4,
	E1000_TSCTC = 0x40f8,
	E1000_TSCTFC = 0x40fc,
	E1000_STATISTICS = E1000_CRCERRS,
	E1000_STATISTICS_END = 0x4100,
};

/* Through the I/O BAR (13.3.1.1): an address, then the register's value. */
enum { E1000_IOADDR = 0, E1000_IODATA = 4, E1000_IO_LEN = 64 };

#define E1000_CTRL_FD		BIT32(0) /* 13.4.1 */
#define E1000_CTRL_LRST		BIT32(3)
#define E1000_CTRL_ASDE		BIT32(5)
#define E1000_CTRL_SLU		BIT32(6)
#define E1000_CTRL_ILOS		BIT32(7)
#define E1000_CTRL_SPEED	BITS(9, 8)
#define E1000_CTRL_FRCSPD	BIT32(11)
#define E1000_CTRL_FRCDPX	BIT32(12)
#define E1000_CTRL_RST		BIT32(26)
#define E1000_CTRL_RFCE		BIT32(27)
#define E1000_CTRL_TFCE		BIT32(28)
#define E1000_CTRL_VME		BIT32(30)
#define E1000_CTRL_PHY_RST	BIT32(31)

#define E1000_STATUS_FD		BIT32(0) /* 13.4.2 */
#define E1000_STATUS_LU		BIT32(1)
#define E1000_STATUS_TXOFF	BIT32(4)
#define E1000_STATUS_TBIMODE	BIT32(5)
#define E1000_STATUS_SPEED	BITS(7, 6) /* 0: 10, 1: 100, 2 and 3: 1000 Mb/s */
#define E1000_STATUS_ASDV	BITS(9, 8)
#define E1000_STATUS_PCI66	BIT32(11)
#define E1000_STATUS_BUS64	BIT32(12)
#define E1000_STATUS_PCIX	BIT32(13)
#define E1000_STATUS_PCIX_SPEED BITS(15, 14) /* 0: to 66, 1: to 100, 2: to 133 MHz */

#define E1000_EECD_SK		BIT32(0) /* 13.4.3 */
#define E1000_EECD_CS		BIT32(1)
#define E1000_EECD_DI		BIT32(2)
#define E1000_EECD_DO		BIT32(3)
#define E1000_EECD_FWE		BITS(5, 4)
#define E1000_EECD_REQ		BIT32(6)
#define E1000_EECD_GNT		BIT32(7)
#define E1000_EECD_PRES		BIT32(8)
#define E1000_EECD_SIZE		BIT32(9) /* 0: 64 words, 6 address bits; 1: 256, 8 */

#define E1000_EERD_START	BIT32(0) /* 13.4.4; the 82541, 47 and 74 have it otherwise */
#define E1000_EERD_DONE		BIT32(4)
#define E1000_EERD_ADDRESS	BITS(15, 8)
#define E1000_EERD_DATA		BITS(31, 16)
#define E1000_EERD_74_DONE	BIT32(1)
#define E1000_EERD_74_ADDRESS	BITS(15, 2)

#define E1000_CTRL_EXT_EE_RST	BIT32(13) /* 13.4.6 */
#define E1000_CTRL_EXT_RO_DIS	BIT32(17)
#define E1000_CTRL_EXT_DRV_LOAD BIT32(28)

#define E1000_MDIC_DATA		BITS(15, 0) /* 13.4.8 */
#define E1000_MDIC_REG		BITS(20, 16)
#define E1000_MDIC_PHY		BITS(25, 21)
#define E1000_MDIC_OP		BITS(27, 26)
#define E1000_MDIC_READY	BIT32(28)
#define E1000_MDIC_INTERRUPT	BIT32(29)
#define E1000_MDIC_ERROR	BIT32(30)

enum { E1000_MDIC_OP_WRITE = 1, E1000_MDIC_OP_READ = 2, E1000_PHY_ADDRESS = 1 };

/* Causes, of ICR, ICS, IMS and IMC (13.4.17). */
#define E1000_INT_TXDW	      BIT32(0) /* a descriptor was written back */
#define E1000_INT_TXQE	      BIT32(1) /* the transmit ring ran empty */
#define E1000_INT_LSC	      BIT32(2) /* link status change */
#define E1000_INT_RXSEQ	      BIT32(3)
#define E1000_INT_RXDMT0      BIT32(4) /* few receive descriptors are left */
#define E1000_INT_RXO	      BIT32(6) /* a frame was lost */
#define E1000_INT_RXT0	      BIT32(7) /* received, and the delay is over */
#define E1000_INT_MDAC	      BIT32(9) /* an MDIC access has ended */
#define E1000_INT_RXCFG	      BIT32(10)
#define E1000_INT_GPI	      BITS(14, 11)
#define E1000_INT_TXD_LOW     BIT32(15)
#define E1000_INT_SRPD	      BIT32(16)
#define E1000_INT_ALL	      BITS(16, 0) /* with reserved ones, which can be set too */
#define E1000_INT_ASSERTED    BIT32(31)	  /* ICR of the 82571 and later */

#define E1000_ITR_NS	      256  /* a unit of ITR (13.4.18) */
#define E1000_DELAY_NS	      1024 /* of RDTR, RADV, TIDV and TADV */

#define E1000_RDTR_FPD	      BIT32(31) /* 13.4.30 */

#define E1000_RCTL_EN	      BIT32(1) /* 13.4.22 */
#define E1000_RCTL_SBP	      BIT32(2)
#define E1000_RCTL_UPE	      BIT32(3)
#define E1000_RCTL_MPE	      BIT32(4)
#define E1000_RCTL_LPE	      BIT32(5)
#define E1000_RCTL_LBM	      BITS(7, 6)
#define E1000_RCTL_RDMTS      BITS(9, 8) /* a half, a quarter, an eighth of the ring */
#define E1000_RCTL_MO	      BITS(13, 12)
#define E1000_RCTL_BAM	      BIT32(15)
#define E1000_RCTL_BSIZE      BITS(17, 16) /* 2048, 1024, 512, 256 */
#define E1000_RCTL_VFE	      BIT32(18)
#define E1000_RCTL_CFIEN      BIT32(19)
#define E1000_RCTL_CFI	      BIT32(20)
#define E1000_RCTL_DPF	      BIT32(22)
#define E1000_RCTL_PMCF	      BIT32(23)
#define E1000_RCTL_BSEX	      BIT32(25) /* BSIZE: reserved, 16384, 8192, 4096 */
#define E1000_RCTL_SECRC      BIT32(26)

#define E1000_TCTL_EN	      BIT32(1) /* 13.4.33 */
#define E1000_TCTL_PSP	      BIT32(3)
#define E1000_TCTL_CT	      BITS(11, 4)
#define E1000_TCTL_COLD	      BITS(21, 12)
#define E1000_TCTL_SWXOFF     BIT32(22)
#define E1000_TCTL_RTLC	      BIT32(24)
#define E1000_TCTL_NRTU	      BIT32(25)

#define E1000_RXDCTL_PTHRESH  BITS(5, 0) /* 13.4.28; TXDCTL has the same (13.4.43) */
#define E1000_RXDCTL_HTHRESH  BITS(13, 8)
#define E1000_RXDCTL_WTHRESH  BITS(21, 16)
#define E1000_RXDCTL_GRAN     BIT32(24)
#define E1000_TXDCTL_LWTHRESH BITS(31, 25)

#define E1000_RXCSUM_PCSS     BITS(7, 0) /* 13.4.50 */
#define E1000_RXCSUM_IPOFL    BIT32(8)
#define E1000_RXCSUM_TUOFL    BIT32(9)
#define E1000_RXCSUM_IPV6OFL  BIT32(10)

#define E1000_RAH_AS	      BITS(17, 16) /* 13.5.2; 0: destination, 1: source */
#define E1000_RAH_AV	      BIT32(31)

/* Receive descriptor (3.2.3). */
struct e1000_rx_desc {
	u64 address;
	u16 length;
	u16 checksum;
	u8 status;
	u8 errors;
	u16 special;
};
_Static_assert(sizeof(struct e1000_rx_desc) == 16, "3.2.3");
_Static_assert(offsetof(struct e1000_rx_desc, status) == 12, "3.2.3");

#define E1000_RXD_DD	0x01u /* 3.2.3.1: status */
#define E1000_RXD_EOP	0x02u
#define E1000_RXD_IXSM	0x04u
#define E1000_RXD_VP	0x08u
#define E1000_RXD_TCPCS 0x20u /* UDP too on these parts */
#define E1000_RXD_IPCS	0x40u
#define E1000_RXD_PIF	0x80u
#define E1000_RXD_CE	0x01u /* 3.2.3.2: errors */
#define E1000_RXD_SE	0x02u
#define E1000_RXD_SEQ	0x04u
#define E1000_RXD_CXE	0x10u
#define E1000_RXD_TCPE	0x20u
#define E1000_RXD_IPE	0x40u
#define E1000_RXD_RXE	0x80u

/*
 * Transmit descriptor (3.3.3, 3.3.7): `command` of a legacy one is length 15:0, CSO, CMD; of a data
 * descriptor length 19:0, DTYP, DCMD. `status`: STA, then CSS or POPTS, then the tag.
 */
struct e1000_tx_desc {
	u64 address;
	u32 command;
	u32 status;
};
_Static_assert(sizeof(struct e1000_tx_desc) == 16, "3.3.3");
_Static_assert(offsetof(struct e1000_tx_desc, status) == 12, "3.3.3");

/* The same bytes as a context (3.3.6). */
struct e1000_tx_context {
	u8 ipcss, ipcso;
	u16 ipcse;
	u8 tucss, tucso;
	u16 tucse;
	u32 command; /* PAYLEN 19:0, DTYP, TUCMD */
	u8 status;
	u8 header_len;
	u16 mss;
};
_Static_assert(sizeof(struct e1000_tx_context) == 16, "3.3.6");
_Static_assert(offsetof(struct e1000_tx_context, mss) == 14, "3.3.6");

#define E1000_TXD_LENGTH     BITS(19, 0)
#define E1000_TXD_TYPE	     BITS(23, 20)
#define E1000_TXD_LEGACY_LEN BITS(15, 0)
#define E1000_TXD_CSO	     BITS(23, 16) /* legacy: where the checksum goes */
#define E1000_TXD_EOP	     BIT32(24)
#define E1000_TXD_IFCS	     BIT32(25)
#define E1000_TXD_IC	     BIT32(26) /* legacy: insert a checksum */
#define E1000_TXD_TSE	     BIT32(26) /* data and context: segmentation */
#define E1000_TXD_RS	     BIT32(27)
#define E1000_TXD_RPS	     BIT32(28)
#define E1000_TXD_DEXT	     BIT32(29) /* not legacy: by its type */
#define E1000_TXD_VLE	     BIT32(30)
#define E1000_TXD_IDE	     BIT32(31)
#define E1000_TXD_TUCMD_TCP  BIT32(24) /* context */
#define E1000_TXD_TUCMD_IP   BIT32(25) /* context: IPv4, else IPv6 */

#define E1000_TXD_DD	     BIT32(0)	 /* status */
#define E1000_TXD_CSS	     BITS(15, 8) /* legacy: where the sum begins */
#define E1000_TXD_IXSM	     BIT32(8)	 /* data */
#define E1000_TXD_TXSM	     BIT32(9)
#define E1000_TXD_SPECIAL    BITS(31, 16)

enum { E1000_TXD_TYPE_CONTEXT = 0, E1000_TXD_TYPE_DATA = 1 };

/* The PHY, an M88E1011 or the like (IEEE 802.3, clause 22; 13.4.8.1 ff.). */
enum e1000_phy_register {
	PHY_CTRL = 0,
	PHY_STATUS = 1,
	PHY_ID1 = 2,
	PHY_ID2 = 3,
	PHY_AUTONEG_ADV = 4,
	PHY_LP_ABILITY = 5,
	PHY_AUTONEG_EXP = 6,
	PHY_NEXT_PAGE_TX = 7,
	PHY_LP_NEXT_PAGE = 8,
	PHY_1000T_CTRL = 9,
	PHY_1000T_STATUS = 10,
	PHY_EXT_STATUS = 15,
	M88_SPEC_CTRL = 16,
	M88_SPEC_STATUS = 17,
	M88_INT_ENABLE = 18,
	M88_INT_STATUS = 19,
	M88_EXT_SPEC_CTRL = 20,
	M88_RX_ERRORS = 21,
	M88_PAGE_SELECT = 29,
	M88_PAGE_DATA = 30,
};

#define PHY_CTRL_SPEED_1000 0x0040u
#define PHY_CTRL_FULL	    0x0100u
#define PHY_CTRL_RESTART    0x0200u
#define PHY_CTRL_ISOLATE    0x0400u
#define PHY_CTRL_POWER_DOWN 0x0800u
#define PHY_CTRL_AUTONEG    0x1000u
#define PHY_CTRL_SPEED_100  0x2000u
#define PHY_CTRL_LOOPBACK   0x4000u
#define PHY_CTRL_RESET	    0x8000u

#define PHY_STATUS_LINK	    0x0004u /* latches low */
#define PHY_STATUS_AUTONEG  0x0020u /* complete */

#define M88_SPEC_LINK	    0x0400u
#define M88_SPEC_RESOLVED   0x0800u
#define M88_SPEC_FULL	    0x2000u
#define M88_SPEC_SPEED_1000 0x8000u
