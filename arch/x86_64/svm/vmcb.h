/* SPDX-License-Identifier: MIT */
/* The VMCB (APM vol. 2, appendix B): the control area, and the state save area at 400h. */
#pragma once

#include "include/bits.h"

struct vmcb_segment {
	u16 selector;
	u16 attrib; /* 7:0 type, S, DPL, P; 8 AVL, 9 L, 10 D/B, 11 G */
	u32 limit;
	u64 base;
};

struct vmcb {
	/* Control area, table B-1. Names as there. */
	u16 intercept_cr_read, intercept_cr_write; /* 000h */
	u16 intercept_dr_read, intercept_dr_write; /* 004h */
	u32 intercept_exceptions;		   /* 008h */
	u32 intercept1;				   /* 00ch */
	u32 intercept2;				   /* 010h */
	u32 intercept3;				   /* 014h */
	u8 reserved018[0x03c - 0x018];
	u16 pause_filter_threshold, pause_filter_count; /* 03ch */
	u64 iopm_base, msrpm_base;			/* 040h */
	u64 tsc_offset;					/* 050h */
	u32 asid;					/* 058h */
	u8 tlb_control;					/* 05ch */
	u8 reserved05d[3];
	u64 v_intr;					 /* 060h */
	u64 int_state;					 /* 068h */
	u64 exitcode, exitinfo1, exitinfo2, exitintinfo; /* 070h */
	u64 np_enable;					 /* 090h */
	u8 reserved098[0x0a8 - 0x098];
	u64 eventinj;	/* 0a8h */
	u64 n_cr3;	/* 0b0h */
	u64 lbr_enable; /* 0b8h */
	u64 clean;	/* 0c0h */
	u64 nrip;	/* 0c8h */
	u8 fetched_len; /* 0d0h */
	u8 fetched[15];
	u8 reserved0e0[0x400 - 0x0e0];

	/* State save area, table B-2. */
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr; /* 400h */
	u8 reserved4a0[0x4cb - 0x4a0];
	u8 cpl; /* 4cbh */
	u32 reserved4cc;
	u64 efer; /* 4d0h */
	u8 reserved4d8[0x548 - 0x4d8];
	u64 cr4, cr3, cr0, dr7, dr6, rflags, rip; /* 548h */
	u8 reserved580[0x5d8 - 0x580];
	u64 rsp; /* 5d8h */
	u8 reserved5e0[0x5f8 - 0x5e0];
	u64 rax;					/* 5f8h */
	u64 star, lstar, cstar, sfmask, kernel_gs_base; /* 600h */
	u64 sysenter_cs, sysenter_esp, sysenter_eip;	/* 628h */
	u64 cr2;					/* 640h */
	u8 reserved648[0x668 - 0x648];
	u64 g_pat; /* 668h */
	u8 reserved670[0x1000 - 0x670];
};

_Static_assert(sizeof(struct vmcb) == 4096, "APM vol. 2, B.1");
_Static_assert(offsetof(struct vmcb, intercept1) == 0x00c, "table B-1");
_Static_assert(offsetof(struct vmcb, iopm_base) == 0x040, "table B-1");
_Static_assert(offsetof(struct vmcb, v_intr) == 0x060, "table B-1");
_Static_assert(offsetof(struct vmcb, exitcode) == 0x070, "table B-1");
_Static_assert(offsetof(struct vmcb, eventinj) == 0x0a8, "table B-1");
_Static_assert(offsetof(struct vmcb, nrip) == 0x0c8, "table B-1");
_Static_assert(offsetof(struct vmcb, es) == 0x400, "table B-2");
_Static_assert(offsetof(struct vmcb, tr) == 0x490, "table B-2");
_Static_assert(offsetof(struct vmcb, cpl) == 0x4cb, "table B-2");
_Static_assert(offsetof(struct vmcb, efer) == 0x4d0, "table B-2");
_Static_assert(offsetof(struct vmcb, cr4) == 0x548, "table B-2");
_Static_assert(offsetof(struct vmcb, rip) == 0x578, "table B-2");
_Static_assert(offsetof(struct vmcb, rsp) == 0x5d8, "table B-2");
_Static_assert(offsetof(struct vmcb, rax) == 0x5f8, "table B-2");
_Static_assert(offsetof(struct vmcb, star) == 0x600, "table B-2");
_Static_assert(offsetof(struct vmcb, cr2) == 0x640, "table B-2");
_Static_assert(offsetof(struct vmcb, g_pat) == 0x668, "table B-2");

/* intercept1 */
#define INTERCEPT_INTR		BIT32(0)
#define INTERCEPT_NMI		BIT32(1)
#define INTERCEPT_SMI		BIT32(2)
#define INTERCEPT_INIT		BIT32(3)
#define INTERCEPT_VINTR		BIT32(4)
#define INTERCEPT_CR0_SEL_WRITE BIT32(5)
#define INTERCEPT_RDPMC		BIT32(15)
#define INTERCEPT_PUSHF		BIT32(16)
#define INTERCEPT_POPF		BIT32(17)
#define INTERCEPT_CPUID		BIT32(18)
#define INTERCEPT_RSM		BIT32(19)
#define INTERCEPT_IRET		BIT32(20)
#define INTERCEPT_SWINT		BIT32(21) /* INT n */
#define INTERCEPT_INVD		BIT32(22)
#define INTERCEPT_PAUSE		BIT32(23)
#define INTERCEPT_HLT		BIT32(24)
#define INTERCEPT_INVLPGA	BIT32(26)
#define INTERCEPT_IOIO_PROT	BIT32(27)
#define INTERCEPT_MSR_PROT	BIT32(28)
#define INTERCEPT_TASK_SWITCH	BIT32(29)
#define INTERCEPT_FERR_FREEZE	BIT32(30)
#define INTERCEPT_SHUTDOWN	BIT32(31)

/* intercept2 */
#define INTERCEPT_VMRUN		BIT32(0)
#define INTERCEPT_VMMCALL	BIT32(1)
#define INTERCEPT_VMLOAD	BIT32(2)
#define INTERCEPT_VMSAVE	BIT32(3)
#define INTERCEPT_STGI		BIT32(4)
#define INTERCEPT_CLGI		BIT32(5)
#define INTERCEPT_SKINIT	BIT32(6)
#define INTERCEPT_ICEBP		BIT32(8)
#define INTERCEPT_WBINVD	BIT32(9)
#define INTERCEPT_MONITOR	BIT32(10)
#define INTERCEPT_MWAIT		BIT32(11)
#define INTERCEPT_XSETBV	BIT32(13)
#define INTERCEPT_RDPRU		BIT32(14)

/* clean, 15.15.3: groups of fields that the CPU may have kept since the last run. */
#define CLEAN_INTERCEPTS	BIT(0) /* and the TSC offset */
#define CLEAN_MAPS		BIT(1)
#define CLEAN_ASID		BIT(2)
#define CLEAN_TPR		BIT(3) /* v_intr */
#define CLEAN_NP		BIT(4) /* n_cr3, g_pat */
#define CLEAN_CRX		BIT(5) /* and EFER */
#define CLEAN_DRX		BIT(6)
#define CLEAN_TABLES		BIT(7) /* GDTR, IDTR */
#define CLEAN_SEGMENTS		BIT(8) /* ES, CS, SS, DS, CPL */
#define CLEAN_CR2		BIT(9)
#define CLEAN_ALL		BITS(9, 0)

/* v_intr */
#define V_TPR			BITS(7, 0)
#define V_IRQ			BIT(8)
#define V_INTR_PRIO		BITS(19, 16)
#define V_IGN_TPR		BIT(20)
#define V_INTR_MASKING		BIT(24)
#define V_INTR_VECTOR		BITS(39, 32)

#define INT_STATE_SHADOW	BIT(0)

enum { TLB_CONTROL_NOTHING = 0, TLB_CONTROL_ALL = 1, TLB_CONTROL_ASID = 3 }; /* 15.16.2 */

/* eventinj and exitintinfo, 15.20 and 15.7.2 */
#define EVENT_VECTOR	BITS(7, 0)
#define EVENT_TYPE	BITS(10, 8)
#define EVENT_HAS_ERROR BIT(11)
#define EVENT_VALID	BIT(31)
#define EVENT_ERROR	BITS(63, 32)

enum { EVENT_TYPE_INTR = 0, EVENT_TYPE_NMI = 2, EVENT_TYPE_EXCEPTION = 3, EVENT_TYPE_SOFT = 4 };

/* Exit codes, appendix C. */
enum vmexit {
	VMEXIT_CR0_READ = 0x000,
	VMEXIT_CR0_WRITE = 0x010,
	VMEXIT_DR0_READ = 0x020,
	VMEXIT_DR0_WRITE = 0x030,
	VMEXIT_EXCP0 = 0x040,
	VMEXIT_EXCP31 = 0x05f,
	VMEXIT_INTR = 0x060,
	VMEXIT_NMI = 0x061,
	VMEXIT_SMI = 0x062,
	VMEXIT_INIT = 0x063,
	VMEXIT_VINTR = 0x064,
	VMEXIT_CR0_SEL_WRITE = 0x065,
	VMEXIT_RDPMC = 0x06f,
	VMEXIT_PUSHF = 0x070,
	VMEXIT_POPF = 0x071,
	VMEXIT_CPUID = 0x072,
	VMEXIT_RSM = 0x073,
	VMEXIT_IRET = 0x074,
	VMEXIT_SWINT = 0x075,
	VMEXIT_INVD = 0x076,
	VMEXIT_PAUSE = 0x077,
	VMEXIT_HLT = 0x078,
	VMEXIT_INVLPGA = 0x07a,
	VMEXIT_IOIO = 0x07b,
	VMEXIT_MSR = 0x07c,
	VMEXIT_TASK_SWITCH = 0x07d,
	VMEXIT_FERR_FREEZE = 0x07e,
	VMEXIT_SHUTDOWN = 0x07f,
	VMEXIT_VMRUN = 0x080,
	VMEXIT_VMMCALL = 0x081,
	VMEXIT_VMLOAD = 0x082,
	VMEXIT_SKINIT = 0x086,
	VMEXIT_ICEBP = 0x088,
	VMEXIT_WBINVD = 0x089,
	VMEXIT_MONITOR = 0x08a,
	VMEXIT_MWAIT = 0x08b,
	VMEXIT_MWAIT_CONDITIONAL = 0x08c,
	VMEXIT_XSETBV = 0x08d,
	VMEXIT_RDPRU = 0x08e,
	VMEXIT_CODES = 0x090,
	VMEXIT_NPF = 0x400,
};

#define VMEXIT_INVALID	  0xffffffffu /* of 64 bits, of which emulators set 32 */

/* exitinfo1 of VMEXIT_IOIO, 15.10.2 */
#define IOIO_IN		  BIT(0)
#define IOIO_STRING	  BIT(2)
#define IOIO_REP	  BIT(3)
#define IOIO_SIZE	  BITS(6, 4)
#define IOIO_ADDRESS_SIZE BITS(9, 7)
#define IOIO_SEGMENT	  BITS(12, 10)
#define IOIO_PORT	  BITS(31, 16)

/* exitinfo1 of VMEXIT_NPF, 15.25.6 */
#define NPF_WRITE	  BIT(1)
#define NPF_FETCH	  BIT(4)
#define NPF_WALK	  BIT(33)

/* exitinfo1 of CR accesses with decode assists, 15.8.1 */
#define CR_MOV		  BIT(63)
#define CR_GPR		  BITS(3, 0)

/* exitinfo2 of a task switch, 15.14.1 */
#define TASK_SWITCH_IRET  BIT(36)
#define TASK_SWITCH_JMP	  BIT(38)
