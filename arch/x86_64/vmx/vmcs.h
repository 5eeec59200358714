/* SPDX-License-Identifier: MIT */
/*
 * The VMCS: the fields that we use by their encodings (SDM vol. 3, app. B), the controls' bits
 * (25.6 to 25.8) and the exit reasons (app. C), under the manual's names.
 */
#pragma once

#include "include/bits.h"
#include "include/types.h"

enum vmcs_field {
	/* 16-bit */
	VMCS_VPID = 0x0000,
	VMCS_GUEST_SELECTOR = 0x0800,	/* of ES; + 2 for each next enum vseg, up to TR */
	VMCS_INTERRUPT_STATUS = 0x0810, /* the guest's: RVI and SVI */
	VMCS_HOST_ES = 0x0c00,
	VMCS_HOST_CS = 0x0c02,
	VMCS_HOST_SS = 0x0c04,
	VMCS_HOST_DS = 0x0c06,
	VMCS_HOST_FS = 0x0c08,
	VMCS_HOST_GS = 0x0c0a,
	VMCS_HOST_TR = 0x0c0c,

	/* 64-bit */
	VMCS_MSR_BITMAP = 0x2004,
	VMCS_TSC_OFFSET = 0x2010,
	VMCS_VIRTUAL_APIC = 0x2012,
	VMCS_APIC_ACCESS = 0x2014,
	VMCS_EPTP = 0x201a,
	VMCS_EOI_EXIT = 0x201c, /* bitmap; + 2 for each next 64 vectors */
	VMCS_GUEST_PHYSICAL = 0x2400,
	VMCS_LINK = 0x2800,
	VMCS_GUEST_DEBUGCTL = 0x2802,
	VMCS_GUEST_PAT = 0x2804,
	VMCS_GUEST_EFER = 0x2806,
	VMCS_GUEST_PDPTE0 = 0x280a, /* + 2 for each next one */
	VMCS_HOST_PAT = 0x2c00,
	VMCS_HOST_EFER = 0x2c02,

	/* 32-bit */
	VMCS_PIN_CONTROLS = 0x4000,
	VMCS_PROC_CONTROLS = 0x4002,
	VMCS_EXCEPTION_BITMAP = 0x4004,
	VMCS_PF_ERROR_MASK = 0x4006,
	VMCS_PF_ERROR_MATCH = 0x4008,
	VMCS_CR3_TARGET_COUNT = 0x400a,
	VMCS_EXIT_CONTROLS = 0x400c,
	VMCS_EXIT_MSR_STORE_COUNT = 0x400e,
	VMCS_EXIT_MSR_LOAD_COUNT = 0x4010,
	VMCS_ENTRY_CONTROLS = 0x4012,
	VMCS_ENTRY_MSR_LOAD_COUNT = 0x4014,
	VMCS_ENTRY_EVENT = 0x4016, /* interruption-information field */
	VMCS_ENTRY_ERROR = 0x4018,
	VMCS_ENTRY_LENGTH = 0x401a,
	VMCS_TPR_THRESHOLD = 0x401c,
	VMCS_PROC2_CONTROLS = 0x401e,
	VMCS_PAUSE_GAP = 0x4020,
	VMCS_PAUSE_WINDOW = 0x4022,
	VMCS_INSTRUCTION_ERROR = 0x4400,
	VMCS_EXIT_REASON = 0x4402,
	VMCS_EXIT_EVENT = 0x4404,
	VMCS_EXIT_ERROR = 0x4406,
	VMCS_IDT_EVENT = 0x4408, /* IDT-vectoring information field */
	VMCS_IDT_ERROR = 0x440a,
	VMCS_EXIT_LENGTH = 0x440c,
	VMCS_EXIT_INSTRUCTION = 0x440e,
	VMCS_GUEST_LIMIT = 0x4800,  /* of ES; + 2 for each next enum vseg, all */
	VMCS_GUEST_RIGHTS = 0x4814, /* of ES; + 2 for each next enum vseg, up to TR */
	VMCS_GUEST_INTERRUPTIBILITY = 0x4824,
	VMCS_GUEST_ACTIVITY = 0x4826,
	VMCS_GUEST_SYSENTER_CS = 0x482a,
	VMCS_PREEMPTION_TIMER = 0x482e,
	VMCS_HOST_SYSENTER_CS = 0x4c00,

	/* natural width */
	VMCS_CR0_MASK = 0x6000,
	VMCS_CR4_MASK = 0x6002,
	VMCS_CR0_SHADOW = 0x6004,
	VMCS_CR4_SHADOW = 0x6006,
	VMCS_QUALIFICATION = 0x6400,
	VMCS_GUEST_LINEAR = 0x640a,
	VMCS_GUEST_CR0 = 0x6800,
	VMCS_GUEST_CR3 = 0x6802,
	VMCS_GUEST_CR4 = 0x6804,
	VMCS_GUEST_BASE = 0x6806, /* of ES; + 2 for each next enum vseg, all */
	VMCS_GUEST_DR7 = 0x681a,
	VMCS_GUEST_RSP = 0x681c,
	VMCS_GUEST_RIP = 0x681e,
	VMCS_GUEST_RFLAGS = 0x6820,
	VMCS_GUEST_PENDING_DEBUG = 0x6822,
	VMCS_GUEST_SYSENTER_ESP = 0x6824,
	VMCS_GUEST_SYSENTER_EIP = 0x6826,
	VMCS_HOST_CR0 = 0x6c00,
	VMCS_HOST_CR3 = 0x6c02,
	VMCS_HOST_CR4 = 0x6c04,
	VMCS_HOST_FS_BASE = 0x6c06,
	VMCS_HOST_GS_BASE = 0x6c08,
	VMCS_HOST_TR_BASE = 0x6c0a,
	VMCS_HOST_GDTR_BASE = 0x6c0c,
	VMCS_HOST_IDTR_BASE = 0x6c0e,
	VMCS_HOST_SYSENTER_ESP = 0x6c10,
	VMCS_HOST_SYSENTER_EIP = 0x6c12,
	VMCS_HOST_RSP = 0x6c14, /* also in vmx_entry.asm */
	VMCS_HOST_RIP = 0x6c16,
};

/* Pin-based controls, 25.6.1 */
#define PIN_EXTERNAL_INTERRUPT BIT32(0)
#define PIN_NMI		       BIT32(3)
#define PIN_VIRTUAL_NMIS       BIT32(5)
#define PIN_PREEMPTION_TIMER   BIT32(6)

/* Primary processor-based controls, 25.6.2 */
#define PROC_INTERRUPT_WINDOW  BIT32(2)
#define PROC_TSC_OFFSET	       BIT32(3)
#define PROC_HLT	       BIT32(7)
#define PROC_MWAIT	       BIT32(10)
#define PROC_RDPMC	       BIT32(11)
#define PROC_CR8_LOAD	       BIT32(19)
#define PROC_CR8_STORE	       BIT32(20)
#define PROC_TPR_SHADOW	       BIT32(21)
#define PROC_NMI_WINDOW	       BIT32(22)
#define PROC_IO		       BIT32(24) /* unconditional I/O exiting */
#define PROC_MSR_BITMAP	       BIT32(28)
#define PROC_MONITOR	       BIT32(29)
#define PROC_PAUSE	       BIT32(30)
#define PROC_SECONDARY	       BIT32(31)

/* Secondary processor-based controls, 25.6.2 */
#define PROC2_APIC_ACCESS      BIT32(0) /* virtualize APIC accesses */
#define PROC2_EPT	       BIT32(1)
#define PROC2_RDTSCP	       BIT32(3)
#define PROC2_X2APIC	       BIT32(4) /* virtualize x2APIC mode */
#define PROC2_VPID	       BIT32(5)
#define PROC2_WBINVD	       BIT32(6)
#define PROC2_UNRESTRICTED     BIT32(7)
#define PROC2_APIC_REGISTERS   BIT32(8)
#define PROC2_INTERRUPTS       BIT32(9) /* virtual-interrupt delivery */
#define PROC2_PAUSE_LOOP       BIT32(10)
#define PROC2_INVPCID	       BIT32(12)

/* Exit controls, 25.7.1 */
#define EXITC_SAVE_DEBUG       BIT32(2)
#define EXITC_HOST_64	       BIT32(9) /* host address-space size */
#define EXITC_LOAD_PAT	       BIT32(19)
#define EXITC_SAVE_EFER	       BIT32(20)
#define EXITC_LOAD_EFER	       BIT32(21)

/* Entry controls, 25.8.1 */
#define ENTRYC_LOAD_DEBUG      BIT32(2)
#define ENTRYC_IA32E	       BIT32(9) /* IA-32e mode guest; the CPU keeps it as EFER.LMA is */
#define ENTRYC_LOAD_PAT	       BIT32(14)
#define ENTRYC_LOAD_EFER       BIT32(15)

/* EPTP, 25.6.11 */
#define EPTP_WRITE_BACK	       6ul
#define EPTP_WALK_4	       FIELD_PREP(BITS(5, 3), 3ul)
#define EPTP_AD		       BIT(6)

/* Events at entry (25.8.3), at exit (25.9.2) and cut short by one (25.9.3) */
#define EVENT_VECTOR	       BITS(7, 0)
#define EVENT_TYPE	       BITS(10, 8)
#define EVENT_HAS_ERROR	       BIT(11)
#define EVENT_NMI_UNBLOCKED    BIT(12) /* by an IRET that then faulted, 28.2.3 */
#define EVENT_VALID	       BIT(31)

enum event_type {
	EVENT_TYPE_INTERRUPT = 0,
	EVENT_TYPE_NMI = 2,
	EVENT_TYPE_HARD_EXCEPTION = 3,
	EVENT_TYPE_SOFT_INTERRUPT = 4,
	EVENT_TYPE_ICEBP = 5, /* privileged software exception */
	EVENT_TYPE_SOFT_EXCEPTION = 6,
};

/* Interruptibility state, table 25-3 */
#define BLOCKED_BY_STI	     BIT(0)
#define BLOCKED_BY_MOV_SS    BIT(1)
#define BLOCKED_BY_SMI	     BIT(2)
#define BLOCKED_BY_NMI	     BIT(3)

#define ACTIVITY_ACTIVE	     0ul
#define ACTIVITY_HLT	     1ul

/* Pending debug exceptions, table 25-4 */
#define PENDING_DEBUG_BS     BIT(14)

/* Access rights, table 25-2: as struct vsegment has them */
#define RIGHTS_TYPE	     BITS(3, 0)
#define RIGHTS_S	     BIT(4)
#define RIGHTS_DPL	     BITS(6, 5)
#define RIGHTS_P	     BIT(7)
#define RIGHTS_L	     BIT(13)
#define RIGHTS_DB	     BIT(14)
#define RIGHTS_G	     BIT(15)
#define RIGHTS_UNUSABLE	     BIT(16)
#define RIGHTS_RESERVED	     (BITS(31, 17) | BITS(11, 8))

/* Exit reason, 25.9.1 */
#define REASON_BASIC	     BITS(15, 0)
#define REASON_ENTRY_FAILURE BIT(31)

enum exit_reason {
	REASON_EXCEPTION = 0, /* or NMI */
	REASON_INTERRUPT = 1,
	REASON_TRIPLE_FAULT = 2,
	REASON_INTERRUPT_WINDOW = 7,
	REASON_NMI_WINDOW = 8,
	REASON_TASK_SWITCH = 9,
	REASON_CPUID = 10,
	REASON_GETSEC = 11,
	REASON_HLT = 12,
	REASON_INVD = 13,
	REASON_RDPMC = 15,
	REASON_VMCALL = 18,
	REASON_VMCLEAR = 19,
	REASON_VMLAUNCH = 20,
	REASON_VMPTRLD = 21,
	REASON_VMPTRST = 22,
	REASON_VMREAD = 23,
	REASON_VMRESUME = 24,
	REASON_VMWRITE = 25,
	REASON_VMXOFF = 26,
	REASON_VMXON = 27,
	REASON_CR = 28,
	REASON_IO = 30,
	REASON_RDMSR = 31,
	REASON_WRMSR = 32,
	REASON_GUEST_STATE = 33, /* entry failure */
	REASON_MWAIT = 36,
	REASON_MONITOR = 39,
	REASON_PAUSE = 40,
	REASON_MACHINE_CHECK = 41, /* entry failure */
	REASON_APIC_ACCESS = 44,
	REASON_VIRTUAL_EOI = 45,
	REASON_EPT_VIOLATION = 48,
	REASON_EPT_MISCONFIGURATION = 49,
	REASON_INVEPT = 50,
	REASON_PREEMPTION_TIMER = 52,
	REASON_INVVPID = 53,
	REASON_WBINVD = 54,
	REASON_XSETBV = 55,
	REASON_APIC_WRITE = 56,
	REASON_COUNT = 57,
};

/* Qualifications: of I/O (table 28-5), control registers (28-3), EPT violations (28-7) and task
 * switches (28-2).
 */
#define IO_SIZE		 BITS(2, 0) /* less 1 */
#define IO_IN		 BIT(3)
#define IO_STRING	 BIT(4)
#define IO_REP		 BIT(5)
#define IO_PORT		 BITS(31, 16)

#define CR_NUMBER	 BITS(3, 0)
#define CR_ACCESS	 BITS(5, 4) /* MOV to, MOV from, CLTS, LMSW: as enum cr_access */
#define CR_REGISTER	 BITS(11, 8)
#define CR_LMSW_SOURCE	 BITS(31, 16)

#define EPT_FAULT_READ	 BIT(0)
#define EPT_FAULT_WRITE	 BIT(1)
#define EPT_FAULT_FETCH	 BIT(2)
#define EPT_FAULT_LINEAR BIT(7) /* a linear address led to it ... */
#define EPT_FAULT_FINAL	 BIT(8) /* ... as its translation, not on the walk to it */

#define TASK_SELECTOR	 BITS(15, 0)
#define TASK_SOURCE	 BITS(31, 30) /* as enum task_switch_source */

/* APIC accesses (table 28-6), virtualised EOIs and APIC writes */
#define APIC_OFFSET	 BITS(11, 0)
#define APIC_ACCESS	 BITS(15, 12) /* enum apic_access */
#define APIC_EOI_VECTOR	 BITS(7, 0)

enum apic_access {
	APIC_LINEAR_READ = 0,
	APIC_LINEAR_WRITE = 1,
	APIC_LINEAR_FETCH = 2,
	APIC_LINEAR_EVENT = 3,	  /* while an event was delivered */
	APIC_PHYSICAL_EVENT = 10, /* the same, without a linear address */
	APIC_PHYSICAL = 15,
};

/* Instruction information of INS and OUTS, table 28-8 */
#define STRING_ADDRESS_SIZE BITS(9, 7) /* 0: 16 bits, 1: 32, 2: 64 */
#define STRING_SEGMENT	    BITS(17, 15)

/* Of INVEPT and INVVPID, 29.4.3.1 */
enum invalidation_type { INVALIDATE_ONE = 1, INVALIDATE_ALL = 2 };
