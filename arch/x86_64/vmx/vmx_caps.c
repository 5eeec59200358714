/* SPDX-License-Identifier: MIT */
/* What this CPU's VMX can do. */
#include "arch/x86_64/vmx/vmx_caps.h"

#include "arch/x86_64/msr.h"

/* IA32_VMX_BASIC, SDM vol. 3, A.1 */
#define BASIC_REVISION BITS(30, 0)
#define BASIC_TRUE     BIT(55)

/*
 * Bochs 2.7: a virtual interrupt that RFLAGS.IF holds back is delivered at once when an external
 * interrupt comes for the host (docs/testing.md). Nobody else's VMCS has this revision.
 */
enum { REVISION_BOCHS = 0x2b };

/* The high half of a control's MSR has the bits that may be 1 (A.3.1 to A.3.3). */
#define MAY_BE_1(msr, bit) (((msr) >> 32 & BIT(bit)) != 0)

enum pin_bit { PIN_PREEMPTION_TIMER = 6, PIN_POSTED_INTERRUPTS = 7 }; /* 25.6.1 */

enum proc_bit { PROC_SECONDARY = 31 }; /* 25.6.2 */

enum proc2_bit {
	PROC2_EPT = 1,
	PROC2_VPID = 5,
	PROC2_UNRESTRICTED = 7,
	PROC2_APIC_REGISTERS = 8,
	PROC2_VIRTUAL_INTERRUPTS = 9,
	PROC2_PAUSE_LOOP = 10,
	PROC2_TSC_SCALING = 25,
};

/* IA32_VMX_EPT_VPID_CAP, A.10 */
#define EPT_WALK_4	   BIT(6)
#define EPT_WRITE_BACK	   BIT(14)
#define EPT_2M		   BIT(16)
#define EPT_1G		   BIT(17)
#define EPT_INVEPT	   BIT(20)
#define EPT_AD		   BIT(21)
#define EPT_INVEPT_ALL	   BIT(26)
#define EPT_INVVPID	   BIT(32)
#define EPT_INVVPID_SINGLE BIT(41)
#define EPT_INVVPID_ALL	   BIT(42)
#define EPT_USABLE	   (EPT_WALK_4 | EPT_WRITE_BACK | EPT_INVEPT | EPT_INVEPT_ALL)
#define VPID_USABLE	   (EPT_INVVPID | EPT_INVVPID_ALL)

static struct vmx_raw
read_msrs(void)
{
	struct vmx_raw raw = {
		.feature_control = rdmsr(MSR_IA32_FEATURE_CONTROL),
		.basic = rdmsr(MSR_IA32_VMX_BASIC),
		.pin = rdmsr(MSR_IA32_VMX_PINBASED_CTLS),
		.proc = rdmsr(MSR_IA32_VMX_PROCBASED_CTLS),
	};

	/* Each of these exists only where the one before says so (A.3.3, A.10). */
	if (MAY_BE_1(raw.proc, PROC_SECONDARY))
		raw.proc2 = rdmsr(MSR_IA32_VMX_PROCBASED_CTLS2);
	if (MAY_BE_1(raw.proc2, PROC2_EPT) || MAY_BE_1(raw.proc2, PROC2_VPID))
		raw.ept_vpid = rdmsr(MSR_IA32_VMX_EPT_VPID_CAP);
	return raw;
}

void
vmx_caps_detect(struct virt_caps *caps)
{
	struct vmx_raw raw = read_msrs();

	vmx_caps_decode(caps, &raw);
}

static void
decode_paging(struct virt_caps *caps, const struct vmx_raw *raw)
{
	caps->nested_paging =
		MAY_BE_1(raw->proc2, PROC2_EPT) && (raw->ept_vpid & EPT_USABLE) == EPT_USABLE;
	caps->nested_2m = caps->nested_paging && (raw->ept_vpid & EPT_2M) != 0;
	caps->nested_1g = caps->nested_paging && (raw->ept_vpid & EPT_1G) != 0;
	caps->nested_ad = caps->nested_paging && (raw->ept_vpid & EPT_AD) != 0;
	/* Unrestricted guests need EPT (25.6.2). */
	caps->unrestricted = caps->nested_paging && MAY_BE_1(raw->proc2, PROC2_UNRESTRICTED);
	if (MAY_BE_1(raw->proc2, PROC2_VPID) && (raw->ept_vpid & VPID_USABLE) == VPID_USABLE)
		caps->guest_tags = 0xffff; /* 16 bits; 0 is the host's */
	caps->flush_by_tag = caps->guest_tags > 0 && (raw->ept_vpid & EPT_INVVPID_SINGLE) != 0;
}

void
vmx_caps_decode(struct virt_caps *caps, const struct vmx_raw *raw)
{
	*caps = (struct virt_caps){
		.kind = VIRT_VMX,
		.firmware_off = (raw->feature_control & FEATURE_CONTROL_LOCK) != 0 &&
				(raw->feature_control & FEATURE_CONTROL_VMXON_OUTSIDE_SMX) == 0,
		.revision = (u32)FIELD_GET(BASIC_REVISION, raw->basic),
		.next_rip = true, /* the exit-instruction length, 28.2.5 */
		.true_controls = (raw->basic & BASIC_TRUE) != 0,
		.preemption_timer = MAY_BE_1(raw->pin, PIN_PREEMPTION_TIMER),
		.posted_interrupts = MAY_BE_1(raw->pin, PIN_POSTED_INTERRUPTS),
		.apic_registers = MAY_BE_1(raw->proc2, PROC2_APIC_REGISTERS),
		.virtual_interrupts = MAY_BE_1(raw->proc2, PROC2_VIRTUAL_INTERRUPTS),
		.pause_exits = MAY_BE_1(raw->proc2, PROC2_PAUSE_LOOP),
		.tsc_scaling = MAY_BE_1(raw->proc2, PROC2_TSC_SCALING),
	};
	caps->apic_hasty = caps->revision == REVISION_BOCHS;
	decode_paging(caps, raw);
}
