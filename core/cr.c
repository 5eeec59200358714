/* SPDX-License-Identifier: MIT */
/*
 * Control registers. Each write is checked whole and then done: what the manual calls a general
 * protection fault leaves everything as it was.
 */
#include "core/cr.h"

#include "arch/x86_64/cr.h"
#include "arch/x86_64/msr.h"
#include "core/cpuid.h"
#include "include/bits.h"

enum { FAULT_UD = 6, FAULT_GP = 13, CR8_MAX = 15 };

/* CR0: the other low bits are reserved, and keep what they are (SDM vol. 3, 2.5). */
#define CR0_KNOWN                                                                                  \
	(CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | \
	 CR0_PG)
#define CR0_LMSW	 BITS(3, 0)

#define CR3_PCID	 BITS(11, 0)
#define CR3_KEEP_TLB	 BIT(63) /* with PCIDE, in MOV to CR3: the new PCID's entries stay valid */
#define CR3_PAE_TABLE	 BITS(31, 5)

/* A change of these, without long mode, loads the PDPTEs again (SDM vol. 3, 4.4.1). */
#define CR0_LOADS_PDPTES (CR0_CD | CR0_NW | CR0_PG)
#define CR4_LOADS_PDPTES (CR4_PAE | CR4_PGE | CR4_PSE | CR4_SMEP)

/* PDPTEs of PAE paging, SDM vol. 3, table 4-8. */
#define PDPTE_P		 BIT(0)
#define PDPTE_RESERVED	 (BITS(2, 1) | BITS(8, 5))

#define XCR0_AVX512	 BITS(7, 5)

struct pdptes {
	u64 entry[4];
};

static bool
is_long_mode(struct vcpu *v)
{
	return (vcpu_get(v, VREG_EFER) & EFER_LMA) != 0;
}

static bool
is_64bit_code(struct vcpu *v)
{
	struct vsegment cs;

	if (!is_long_mode(v))
		return false;
	virt_ops()->get_segment(&v->hw, VSEG_CS, &cs);
	return (cs.attr & VSEG_LONG) != 0;
}

static u64
beyond_phys_bits(void)
{
	return BITS(63, cpuid_offered()->phys_bits);
}

/* -ERR_INVAL when one is malformed; or not in RAM, where all bits of an entry read as ones. */
static int
read_pdptes(const struct vcpu *v, u64 cr3, struct pdptes *out)
{
	gpa_t table = GPA(cr3 & CR3_PAE_TABLE);

	if (guest_read(v->vm->memory, table, out->entry, sizeof(out->entry)) != 0)
		return -ERR_INVAL;
	for (unsigned i = 0; i < ARRAY_SIZE(out->entry); i++) {
		u64 e = out->entry[i];

		if ((e & PDPTE_P) != 0 && (e & (PDPTE_RESERVED | beyond_phys_bits())) != 0)
			return -ERR_INVAL;
	}
	return 0;
}

static void
set_pdptes(struct vcpu *v, const struct pdptes *p)
{
	for (unsigned i = 0; i < ARRAY_SIZE(p->entry); i++)
		vcpu_set(v, (enum vreg)(VREG_PDPTE0 + i), p->entry[i]);
}

/* SVM's CPUs keep none: with nested paging they read an entry, and find what is wrong in it, when
 * they need it (APM vol. 2, 15.25.10). */
static bool
uses_pdptes(u64 cr0, u64 cr4, u64 efer)
{
	return (cr0 & CR0_PG) != 0 && (cr4 & CR4_PAE) != 0 && (efer & EFER_LME) == 0 &&
	       virt_caps()->kind == VIRT_VMX;
}

/* SDM vol. 3, 2.5, 4.1.2 and 4.10.1, and vol. 2, MOV to control registers. */
static bool
is_valid_cr0(struct vcpu *v, u64 value, u64 old, u64 cr4)
{
	bool paging = (value & CR0_PG) != 0, was_paging = (old & CR0_PG) != 0;

	if (value >> 32 != 0)
		return false;
	if ((value & CR0_NW) != 0 && (value & CR0_CD) == 0)
		return false;
	if (paging && (value & CR0_PE) == 0)
		return false;
	if (paging && !was_paging && (vcpu_get(v, VREG_EFER) & EFER_LME) != 0) {
		struct vsegment cs;

		virt_ops()->get_segment(&v->hw, VSEG_CS, &cs);
		return (cr4 & CR4_PAE) != 0 && (cs.attr & VSEG_LONG) == 0;
	}
	return paging || !was_paging || ((cr4 & CR4_PCIDE) == 0 && !is_64bit_code(v));
}

/* Long mode is active while it is enabled and paging is on (SDM vol. 3, 10.8.5). */
static void
set_cr0(struct vcpu *v, u64 value)
{
	u64 efer = vcpu_get(v, VREG_EFER);

	efer &= ~EFER_LMA;
	if ((efer & EFER_LME) != 0 && (value & CR0_PG) != 0)
		efer |= EFER_LMA;
	if ((value ^ vcpu_get(v, VREG_CR0)) & CR0_PG) {
		vcpu_set(v, VREG_EFER, efer);
		v->hw.flush = true;
	}
	vcpu_set(v, VREG_CR0, value);
}

int
cr0_write(struct vcpu *v, u64 value)
{
	u64 old = vcpu_get(v, VREG_CR0), cr4 = vcpu_get(v, VREG_CR4), efer;
	struct pdptes pdptes;

	if (!is_valid_cr0(v, value, old, cr4))
		return -ERR_INVAL;
	value = (value & CR0_KNOWN) | CR0_ET;
	efer = vcpu_get(v, VREG_EFER);
	if (uses_pdptes(value, cr4, efer) && ((value ^ old) & CR0_LOADS_PDPTES) != 0) {
		if (read_pdptes(v, vcpu_get(v, VREG_CR3), &pdptes) != 0)
			return -ERR_INVAL;
		set_pdptes(v, &pdptes);
	}
	set_cr0(v, value);
	return 0;
}

int
cr3_write(struct vcpu *v, u64 value)
{
	u64 cr0 = vcpu_get(v, VREG_CR0), cr4 = vcpu_get(v, VREG_CR4);
	struct pdptes pdptes;

	if ((cr4 & CR4_PCIDE) != 0)
		value &= ~CR3_KEEP_TLB;
	if ((value & beyond_phys_bits()) != 0)
		return -ERR_INVAL;
	if (uses_pdptes(cr0, cr4, vcpu_get(v, VREG_EFER))) {
		if (read_pdptes(v, value, &pdptes) != 0)
			return -ERR_INVAL;
		set_pdptes(v, &pdptes);
	}
	vcpu_set(v, VREG_CR3, value);
	v->hw.flush = true;
	return 0;
}

/* SDM vol. 3, 2.5, 4.1.2 and 4.10.1. */
static bool
is_valid_cr4(struct vcpu *v, u64 value, u64 old)
{
	if ((value & ~cpuid_offered()->cr4) != 0)
		return false;
	if (!is_long_mode(v))
		return (value & CR4_PCIDE) == 0;
	if ((value & CR4_PAE) == 0)
		return false;
	return (value & ~old & CR4_PCIDE) == 0 || (vcpu_get(v, VREG_CR3) & CR3_PCID) == 0;
}

/* What drops translations on a CPU, SDM vol. 3, 4.10.4.1: then ours must be dropped for it. */
static bool
flushes_cr4(u64 value, u64 old)
{
	return ((value ^ old) & (CR4_PGE | CR4_PAE | CR4_PSE)) != 0 ||
	       (~value & old & CR4_PCIDE) != 0 || (value & ~old & CR4_SMEP) != 0;
}

int
cr4_write(struct vcpu *v, u64 value)
{
	u64 old = vcpu_get(v, VREG_CR4);
	struct pdptes pdptes;

	if (!is_valid_cr4(v, value, old))
		return -ERR_INVAL;
	if (uses_pdptes(vcpu_get(v, VREG_CR0), value, vcpu_get(v, VREG_EFER)) &&
	    ((value ^ old) & CR4_LOADS_PDPTES) != 0) {
		if (read_pdptes(v, vcpu_get(v, VREG_CR3), &pdptes) != 0)
			return -ERR_INVAL;
		set_pdptes(v, &pdptes);
	}
	vcpu_set(v, VREG_CR4, value);
	v->hw.flush |= flushes_cr4(value, old);
	return 0;
}

int
efer_write(struct vcpu *v, u64 value)
{
	u64 old = vcpu_get(v, VREG_EFER);

	if ((value & ~cpuid_offered()->efer) != 0)
		return -ERR_INVAL;
	if (((value ^ old) & EFER_LME) != 0 && (vcpu_get(v, VREG_CR0) & CR0_PG) != 0)
		return -ERR_INVAL;
	vcpu_set(v, VREG_EFER, (value & ~EFER_LMA) | (old & EFER_LMA));
	/* Bit 63 of entries that are cached may have been reserved until now, or become so. */
	v->hw.flush |= ((value ^ old) & EFER_NXE) != 0;
	return 0;
}

static int
cr8_write(struct vcpu *v, u64 value)
{
	if (value > CR8_MAX)
		return -ERR_INVAL;
	v->vm->platform->set_tpr(v, (u8)value);
	return 0;
}

static bool
exists(u8 cr)
{
	return cr == 0 || (cr >= 2 && cr <= 4) || cr == 8;
}

static int
write_register(struct vcpu *v, u8 cr, u64 value)
{
	switch (cr) {
	case 0: return cr0_write(v, value);
	case 3: return cr3_write(v, value);
	case 4: return cr4_write(v, value);
	case 8: return cr8_write(v, value);
	default: vcpu_set(v, VREG_CR2, value); return 0;
	}
}

static u64
read_register(struct vcpu *v, u8 cr)
{
	switch (cr) {
	case 0: return vcpu_get(v, VREG_CR0);
	case 3: return vcpu_get(v, VREG_CR3);
	case 4: return vcpu_get(v, VREG_CR4);
	case 8: return v->vm->platform->get_tpr(v);
	default: return vcpu_get(v, VREG_CR2);
	}
}

/* Outside of 64-bit code a register has 32 bits. */
static int
write_from_register(struct vcpu *v, const struct exit_cr *cr)
{
	u64 value = vcpu_get(v, (enum vreg)cr->reg);

	return write_register(v, cr->cr, is_64bit_code(v) ? value : (u32)value);
}

/* LMSW has four bits, and can't clear PE (SDM vol. 2, LMSW). */
static int
lmsw(struct vcpu *v, u16 value)
{
	u64 old = vcpu_get(v, VREG_CR0);

	return cr0_write(v, (old & ~CR0_LMSW) | (value & CR0_LMSW) | (old & CR0_PE));
}

static int
act(struct vcpu *v, const struct exit_cr *cr)
{
	switch (cr->access) {
	case CR_WRITE: return write_from_register(v, cr);
	case CR_READ: vcpu_set(v, (enum vreg)cr->reg, read_register(v, cr->cr)); return 0;
	case CR_CLTS: return cr0_write(v, vcpu_get(v, VREG_CR0) & ~CR0_TS);
	case CR_SMSW: return 0;
	default: return lmsw(v, cr->lmsw);
	}
}

enum verdict
cr_access(struct vcpu *v, const struct exit_cr *cr)
{
	bool move = cr->access == CR_WRITE || cr->access == CR_READ;

	if (move && !exists(cr->cr))
		return vcpu_fault(v, FAULT_UD);
	return act(v, cr) == 0 ? VERDICT_NEXT : vcpu_fault_code(v, FAULT_GP, 0);
}

/* SDM vol. 1, 13.3. */
static bool
is_valid_xcr0(u64 value)
{
	u64 avx512 = value & XCR0_AVX512;

	if ((value & ~cpuid_offered()->xcr0) != 0 || (value & XCR0_X87) == 0)
		return false;
	if ((value & XCR0_AVX) != 0 && (value & XCR0_SSE) == 0)
		return false;
	return avx512 == 0 || (avx512 == XCR0_AVX512 && (value & XCR0_AVX) != 0);
}

/* Of a guest in real mode, 0; else the privilege of its stack (SDM vol. 3, 5.5). */
static unsigned
privilege(struct vcpu *v)
{
	struct vsegment ss;

	virt_ops()->get_segment(&v->hw, VSEG_SS, &ss);
	return ss.attr >> 5 & 3;
}

enum verdict
cr_xsetbv(struct vcpu *v, u32 index, u64 value)
{
	if ((vcpu_get(v, VREG_CR4) & CR4_OSXSAVE) == 0)
		return vcpu_fault(v, FAULT_UD);
	if (privilege(v) != 0 || index != 0 || !is_valid_xcr0(value))
		return vcpu_fault_code(v, FAULT_GP, 0);
	virt_ops()->sync(&v->hw);
	v->hw.xcr0 = value;
	return VERDICT_NEXT;
}
