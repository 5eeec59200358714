/* SPDX-License-Identifier: MIT */
/*
 * Model-specific registers: the two instructions, and the numbers and bits that we use, with the
 * manuals' names (SDM vol. 4; APM vol. 2, app. A). Reading one that the CPU lacks is a general
 * protection fault, or garbage on emulators: ask CPUID (features.h) before.
 */
#pragma once

#include "include/bits.h"
#include "include/types.h"

static inline u64
rdmsr(u32 msr)
{
	u32 lo, hi;

	__asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr) : "memory");
	return ((u64)hi << 32) | lo;
}

static inline void
wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

/* Both vendors */
#define MSR_IA32_TSC			  0x10u
#define MSR_IA32_APIC_BASE		  0x1bu
#define MSR_IA32_TSC_ADJUST		  0x3bu
#define MSR_IA32_SPEC_CTRL		  0x48u
#define MSR_IA32_PRED_CMD		  0x49u
#define MSR_IA32_MTRRCAP		  0xfeu
#define MSR_IA32_ARCH_CAPABILITIES	  0x10au /* Intel only */
#define MSR_IA32_FLUSH_CMD		  0x10bu /* Intel only */
#define MSR_IA32_SYSENTER_CS		  0x174u
#define MSR_IA32_SYSENTER_ESP		  0x175u
#define MSR_IA32_SYSENTER_EIP		  0x176u
#define MSR_IA32_MCG_CAP		  0x179u
#define MSR_IA32_MCG_STATUS		  0x17au
#define MSR_IA32_MISC_ENABLE		  0x1a0u /* Intel only */
#define MSR_IA32_PAT			  0x277u
#define MSR_IA32_MTRR_DEFTYPE		  0x2ffu
#define MSR_IA32_TSC_DEADLINE		  0x6e0u
#define MSR_X2APIC_BASE			  0x800u /* + (xAPIC offset >> 4), SDM vol. 3, 11.12.1.2 */
#define MSR_EFER			  0xc0000080u
#define MSR_STAR			  0xc0000081u
#define MSR_LSTAR			  0xc0000082u
#define MSR_CSTAR			  0xc0000083u
#define MSR_SFMASK			  0xc0000084u
#define MSR_FS_BASE			  0xc0000100u
#define MSR_GS_BASE			  0xc0000101u
#define MSR_KERNEL_GS_BASE		  0xc0000102u
#define MSR_TSC_AUX			  0xc0000103u

/* IA32_APIC_BASE, SDM vol. 3, 11.4.4 and 11.12.1 */
#define APIC_BASE_BSP			  BIT(8)
#define APIC_BASE_EXTD			  BIT(10) /* x2APIC mode */
#define APIC_BASE_EN			  BIT(11)
#define APIC_BASE_ADDR			  BITS(51, 12)

/* IA32_MISC_ENABLE, SDM vol. 4, table 2-2 */
#define MISC_ENABLE_LIMIT_CPUID		  BIT(22) /* firmware hides every leaf above 2 */
#define MISC_ENABLE_XD_DISABLE		  BIT(34)

/* IA32_SPEC_CTRL, SDM vol. 4, table 2-2; the first three and PSFD are AMD's, too */
#define SPEC_CTRL_IBRS			  BIT(0)
#define SPEC_CTRL_STIBP			  BIT(1)
#define SPEC_CTRL_SSBD			  BIT(2)
#define SPEC_CTRL_IPRED_DIS		  BITS(4, 3) /* of user and supervisor mode */
#define SPEC_CTRL_RRSBA_DIS		  BITS(6, 5)
#define SPEC_CTRL_PSFD			  BIT(7)
#define SPEC_CTRL_BHI_DIS_S		  BIT(10)

/* IA32_PRED_CMD and IA32_FLUSH_CMD */
#define PRED_CMD_IBPB			  BIT(0)
#define PRED_CMD_SBPB			  BIT(7) /* AMD's, of branch types alone */
#define FLUSH_CMD_L1D			  BIT(0)

/* IA32_ARCH_CAPABILITIES */
#define ARCH_CAP_RDCL_NO		  BIT(0)
#define ARCH_CAP_IBRS_ALL		  BIT(1)
#define ARCH_CAP_RSBA			  BIT(2)
#define ARCH_CAP_SKIP_L1DFL_VMENTRY	  BIT(3)
#define ARCH_CAP_SSB_NO			  BIT(4)
#define ARCH_CAP_MDS_NO			  BIT(5)
#define ARCH_CAP_PSCHANGE_MC_NO		  BIT(6)
#define ARCH_CAP_TAA_NO			  BIT(8)
#define ARCH_CAP_SBDR_SSDP_NO		  BIT(13)
#define ARCH_CAP_FBSDP_NO		  BIT(14)
#define ARCH_CAP_PSDP_NO		  BIT(15)
#define ARCH_CAP_FB_CLEAR		  BIT(17)
#define ARCH_CAP_RRSBA			  BIT(19)
#define ARCH_CAP_BHI_NO			  BIT(20)
#define ARCH_CAP_PBRSB_NO		  BIT(24)
#define ARCH_CAP_GDS_NO			  BIT(26)
#define ARCH_CAP_RFDS_NO		  BIT(27)
#define ARCH_CAP_RFDS_CLEAR		  BIT(28)
#define ARCH_CAP_ITS_NO			  BIT(62)

/* EFER, APM vol. 2, 3.1.7 */
#define EFER_SCE			  BIT(0)
#define EFER_LME			  BIT(8)
#define EFER_LMA			  BIT(10)
#define EFER_NXE			  BIT(11)
#define EFER_SVME			  BIT(12)
#define EFER_LMSLE			  BIT(13)
#define EFER_FFXSR			  BIT(14)

/* VMX, SDM vol. 3, app. A, and vol. 4, table 2-2 */
#define MSR_IA32_FEATURE_CONTROL	  0x3au
#define MSR_IA32_VMX_BASIC		  0x480u
#define MSR_IA32_VMX_PINBASED_CTLS	  0x481u
#define MSR_IA32_VMX_PROCBASED_CTLS	  0x482u
#define MSR_IA32_VMX_EXIT_CTLS		  0x483u
#define MSR_IA32_VMX_ENTRY_CTLS		  0x484u
#define MSR_IA32_VMX_MISC		  0x485u
#define MSR_IA32_VMX_CR0_FIXED0		  0x486u
#define MSR_IA32_VMX_CR0_FIXED1		  0x487u
#define MSR_IA32_VMX_CR4_FIXED0		  0x488u
#define MSR_IA32_VMX_CR4_FIXED1		  0x489u
#define MSR_IA32_VMX_PROCBASED_CTLS2	  0x48bu
#define MSR_IA32_VMX_EPT_VPID_CAP	  0x48cu
#define MSR_IA32_VMX_TRUE_PINBASED_CTLS	  0x48du
#define MSR_IA32_VMX_TRUE_PROCBASED_CTLS  0x48eu
#define MSR_IA32_VMX_TRUE_EXIT_CTLS	  0x48fu
#define MSR_IA32_VMX_TRUE_ENTRY_CTLS	  0x490u

#define FEATURE_CONTROL_LOCK		  BIT(0)
#define FEATURE_CONTROL_VMXON_OUTSIDE_SMX BIT(2)

/* SVM, APM vol. 2, 15.30 */
#define MSR_VM_CR			  0xc0010114u
#define MSR_VM_HSAVE_PA			  0xc0010117u

#define VM_CR_LOCK			  BIT(3)
#define VM_CR_SVMDIS			  BIT(4)
