/* SPDX-License-Identifier: MIT */
/* A loaded kernel's entry as registers of the vCPU that begins with it. */
#include "arch/x86_64/virt.h"
#include "core/load.h"
#include "core/vcpu.h"

enum {
	SELECTOR_CODE = 0x10, /* Linux' __BOOT_CS and __BOOT_DS, right for everybody else */
	SELECTOR_DATA = 0x18,
	SELECTOR_TSS = 0x20,
	ATTR_CODE_32 = 0xc09b, /* G, D, P, execute and read, accessed */
	ATTR_CODE_64 = 0xa09b, /* G, L */
	ATTR_CODE_16 = 0x009b,
	ATTR_DATA = 0xc093,
	ATTR_DATA_16 = 0x0093,
	ATTR_TSS = 0x008b, /* 32-bit or 64-bit, busy: the only kind that may be in TR */
	ATTR_UNUSABLE = 1 << 16,
	TSS_LIMIT = 0x67,
};

/* SDM vol. 3, 2.5 and 2.2.1. */
#define CR0_PE	   0x1ul
#define CR0_ET	   0x10ul
#define CR0_PG	   0x80000000ul
#define CR0_CD_NW  0x60000000ul
#define CR4_PAE	   0x20ul
#define RFLAGS_ONE 0x2ul /* the bit that is always 1 */

/* SDM vol. 3, table 10-1. */
enum { RESET_SELECTOR = 0xf000, RESET_RIP = 0xfff0 };
#define RESET_CS_BASE 0xffff0000ul

static const u8 data_segments[] = {VSEG_ES, VSEG_SS, VSEG_DS, VSEG_FS, VSEG_GS};

static void
set_segment(struct vcpu *v, enum vseg seg, struct vsegment value)
{
	virt_ops()->set_segment(&v->hw, seg, &value);
}

static void
set_data(struct vcpu *v, struct vsegment value)
{
	for (size_t i = 0; i < ARRAY_SIZE(data_segments); i++)
		set_segment(v, (enum vseg)data_segments[i], value);
}

static void
apply_real(struct vcpu *v)
{
	set_segment(v, VSEG_CS,
		    (struct vsegment){RESET_SELECTOR, ATTR_CODE_16, 0xffff, RESET_CS_BASE});
	set_data(v, (struct vsegment){0, ATTR_DATA_16, 0xffff, 0});
	vcpu_set(v, VREG_CR0, CR0_ET | CR0_CD_NW);
	vcpu_set(v, VREG_RIP, RESET_RIP);
}

static void
apply_flat(struct vcpu *v, const struct load_entry *entry)
{
	bool wide = entry->mode == LOAD_LONG64;
	u32 code = wide ? ATTR_CODE_64 : ATTR_CODE_32;

	set_segment(v, VSEG_CS, (struct vsegment){SELECTOR_CODE, code, ~0u, 0});
	set_data(v, (struct vsegment){SELECTOR_DATA, ATTR_DATA, ~0u, 0});
	set_segment(v, VSEG_TR, (struct vsegment){SELECTOR_TSS, ATTR_TSS, TSS_LIMIT, 0});
	set_segment(v, VSEG_LDTR, (struct vsegment){0, ATTR_UNUSABLE, 0, 0});
	set_segment(v, VSEG_GDTR, (struct vsegment){0, 0, LOAD_GDT_SIZE - 1, entry->gdt.v});
	set_segment(v, VSEG_IDTR, (struct vsegment){0, 0, 0, 0});
	if (wide) {
		vcpu_set(v, VREG_CR3, entry->cr3.v);
		vcpu_set(v, VREG_CR4, CR4_PAE);
		vcpu_set(v, VREG_EFER, EFER_LME | EFER_LMA);
	}
	vcpu_set(v, VREG_CR0, CR0_PE | CR0_ET | (wide ? CR0_PG : 0));
	vcpu_set(v, VREG_RIP, entry->rip);
}

void
load_apply(struct vcpu *v, const struct load_entry *entry)
{
	for (unsigned r = VREG_RAX; r <= VREG_R15; r++)
		vcpu_set(v, (enum vreg)r, 0);
	vcpu_set(v, VREG_RFLAGS, RFLAGS_ONE);
	if (entry->mode == LOAD_REAL)
		apply_real(v);
	else
		apply_flat(v, entry);
	vcpu_set(v, VREG_RAX, entry->rax);
	vcpu_set(v, VREG_RBX, entry->rbx);
	vcpu_set(v, VREG_RSI, entry->rsi);
}
