/* SPDX-License-Identifier: MIT */
/* A guest's registers and segments between runs. */
#include "arch/x86_64/cr.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/vmx/vmcs_io.h"
#include "arch/x86_64/vmx/vmx_vcpu.h"
#include "include/panic.h"

#define RFLAGS_FIXED BIT(1)
#define RFLAGS_TF    BIT(8)
#define RFLAGS_IF_   BIT(9)

/* Registers that are a field and no more. No field of these has the encoding 0. */
static const u16 fields[VREGS] = {
	[VREG_RSP] = VMCS_GUEST_RSP,
	[VREG_RIP] = VMCS_GUEST_RIP,
	[VREG_RFLAGS] = VMCS_GUEST_RFLAGS,
	[VREG_CR3] = VMCS_GUEST_CR3,
	[VREG_EFER] = VMCS_GUEST_EFER,
	[VREG_DR7] = VMCS_GUEST_DR7,
	[VREG_PAT] = VMCS_GUEST_PAT,
	[VREG_SYSENTER_CS] = VMCS_GUEST_SYSENTER_CS,
	[VREG_SYSENTER_ESP] = VMCS_GUEST_SYSENTER_ESP,
	[VREG_SYSENTER_EIP] = VMCS_GUEST_SYSENTER_EIP,
	[VREG_PDPTE0] = VMCS_GUEST_PDPTE0,
	[VREG_PDPTE0 + 1] = VMCS_GUEST_PDPTE0 + 2,
	[VREG_PDPTE0 + 2] = VMCS_GUEST_PDPTE0 + 4,
	[VREG_PDPTE3] = VMCS_GUEST_PDPTE0 + 6,
};

/* What the guest reads: the shadow where the mask has a bit, else the register (26.3). */
static u64
read_masked(u32 real, u32 mask, u32 shadow)
{
	u64 m = vmcs_read(mask);

	return (vmcs_read(real) & ~m) | (vmcs_read(shadow) & m);
}

static u64
read_field(struct vcpu_hw *hw, enum vreg reg)
{
	u64 value;

	if (fields[reg] != 0)
		return vmcs_read(fields[reg]);
	if (reg == VREG_CR0)
		return read_masked(VMCS_GUEST_CR0, VMCS_CR0_MASK, VMCS_CR0_SHADOW);
	if (reg == VREG_CR4)
		return read_masked(VMCS_GUEST_CR4, VMCS_CR4_MASK, VMCS_CR4_SHADOW);
	if (reg == VREG_INTERRUPT_SHADOW)
		return (vmcs_read(VMCS_GUEST_INTERRUPTIBILITY) &
			(BLOCKED_BY_STI | BLOCKED_BY_MOV_SS)) != 0;
	if (vmx_switched_get(hw, reg, &value))
		return value;
	panic("VMX has no register %u", reg);
}

u64
vmx_get(struct vcpu_hw *hw, enum vreg reg)
{
	u64 flags;
	u64 value;

	if (reg <= VREG_R15 && reg != VREG_RSP)
		return hw->gpr[reg];
	if (reg == VREG_CR2)
		return hw->cr2;
	flags = vmx_access_begin(hw);
	value = read_field(hw, reg);
	vmx_access_end(hw, flags);
	return value;
}

void
vmx_fix_pending_debug(void)
{
	u64 blocked = vmcs_read(VMCS_GUEST_INTERRUPTIBILITY);
	u64 pending;

	if ((blocked & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS)) == 0)
		return;
	pending = vmcs_read(VMCS_GUEST_PENDING_DEBUG) & ~PENDING_DEBUG_BS;
	if ((vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_TF) != 0)
		pending |= PENDING_DEBUG_BS;
	vmcs_write(VMCS_GUEST_PENDING_DEBUG, pending);
}

/*
 * STI's needs interrupts on, MOV SS's does not (27.3.1.5); both block for one instruction. When
 * that has been carried out, the single step behind it is for who did that to deliver, and not
 * pending.
 */
static void
set_shadow(bool on)
{
	u64 blocked = vmcs_read(VMCS_GUEST_INTERRUPTIBILITY);

	if (!on)
		vmcs_write(VMCS_GUEST_PENDING_DEBUG,
			   vmcs_read(VMCS_GUEST_PENDING_DEBUG) & ~PENDING_DEBUG_BS);
	blocked &= ~(BLOCKED_BY_STI | BLOCKED_BY_MOV_SS);
	if (on)
		blocked |= (vmcs_read(VMCS_GUEST_RFLAGS) & RFLAGS_IF_) != 0 ? BLOCKED_BY_STI
									    : BLOCKED_BY_MOV_SS;
	vmcs_write(VMCS_GUEST_INTERRUPTIBILITY, blocked);
	vmx_fix_pending_debug();
}

/* Caching is never off in a real register: the shadow alone shows it (25.6.6). */
static void
set_cr0(u64 value)
{
	vmcs_write(VMCS_GUEST_CR0, (value & ~(CR0_CD | CR0_NW)) | vmx_controls.cr0_on);
	vmcs_write(VMCS_CR0_SHADOW, value);
}

static void
set_cr4(u64 value)
{
	vmcs_write(VMCS_GUEST_CR4, value | vmx_controls.cr4_on);
	vmcs_write(VMCS_CR4_SHADOW, value);
}

/* The entry control must agree with LMA (27.3.1.1). */
static void
set_efer(u64 value)
{
	u64 entry = vmcs_read(VMCS_ENTRY_CONTROLS) & ~(u64)ENTRYC_IA32E;

	vmcs_write(VMCS_GUEST_EFER, value);
	vmcs_write(VMCS_ENTRY_CONTROLS, entry | ((value & EFER_LMA) != 0 ? ENTRYC_IA32E : 0));
}

static void
write_field(struct vcpu_hw *hw, enum vreg reg, u64 value)
{
	switch (reg) {
	case VREG_CR0: set_cr0(value); break;
	case VREG_CR4: set_cr4(value); break;
	case VREG_EFER: set_efer(value); break;
	case VREG_INTERRUPT_SHADOW: set_shadow(value != 0); break;
	case VREG_DR7: vmcs_write(VMCS_GUEST_DR7, (u32)value); break;
	case VREG_RFLAGS:
		vmcs_write(VMCS_GUEST_RFLAGS, value | RFLAGS_FIXED);
		vmx_fix_pending_debug();
		break;
	default:
		if (fields[reg] != 0)
			vmcs_write(fields[reg], value);
		else if (!vmx_switched_set(hw, reg, value))
			panic("VMX has no register %u", reg);
	}
}

static bool
changes_paging(enum vreg reg)
{
	return reg == VREG_CR0 || reg == VREG_CR3 || reg == VREG_CR4 || reg == VREG_EFER;
}

void
vmx_set(struct vcpu_hw *hw, enum vreg reg, u64 value)
{
	u64 flags;

	if (reg <= VREG_R15 && reg != VREG_RSP) {
		hw->gpr[reg] = value;
		return;
	}
	if (reg == VREG_CR2) {
		hw->cr2 = value;
		return;
	}
	flags = vmx_access_begin(hw);
	write_field(hw, reg, value);
	if (changes_paging(reg))
		vmx_make_stale(hw);
	vmx_access_end(hw, flags);
}

void
vmx_get_segment(struct vcpu_hw *hw, enum vseg seg, struct vsegment *out)
{
	u64 flags = vmx_access_begin(hw);

	*out = (struct vsegment){
		.limit = (u32)vmcs_read(VMCS_GUEST_LIMIT + 2 * seg),
		.base = vmcs_read(VMCS_GUEST_BASE + 2 * seg),
	};
	if (seg <= VSEG_TR) {
		out->selector = (u16)vmcs_read(VMCS_GUEST_SELECTOR + 2 * seg);
		out->attr = (u32)vmcs_read(VMCS_GUEST_RIGHTS + 2 * seg);
	}
	vmx_access_end(hw, flags);
}

/*
 * Entries want G to fit the limit and TR to be a busy task (27.3.1.2), which others, SVM among
 * them, take as they come.
 */
u32
vmx_segment_rights(enum vseg seg, const struct vsegment *s)
{
	u32 rights = s->attr & ~(u32)RIGHTS_RESERVED;

	if ((s->limit & 0xfff00000) != 0)
		rights |= RIGHTS_G;
	else if ((s->limit & 0xfff) != 0xfff)
		rights &= ~(u32)RIGHTS_G;
	if (seg == VSEG_TR)
		rights = (rights | 2) & ~(u32)RIGHTS_UNUSABLE;
	return rights;
}

void
vmx_set_segment(struct vcpu_hw *hw, enum vseg seg, const struct vsegment *in)
{
	u64 flags = vmx_access_begin(hw);

	vmcs_write(VMCS_GUEST_LIMIT + 2 * seg, in->limit);
	vmcs_write(VMCS_GUEST_BASE + 2 * seg, in->base);
	if (seg <= VSEG_TR) {
		vmcs_write(VMCS_GUEST_SELECTOR + 2 * seg, in->selector);
		vmcs_write(VMCS_GUEST_RIGHTS + 2 * seg, vmx_segment_rights(seg, in));
	}
	vmx_access_end(hw, flags);
}
