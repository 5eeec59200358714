/* SPDX-License-Identifier: MIT */
/*
 * Which rule on the guest's state an entry has refused: the checks of SDM vol. 3, 27.3.1, in the
 * manual's order, for what we use of VMX. Looked at after the failure, so cost is no matter.
 */
#include "arch/x86_64/cr.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/vmx/vmcs_io.h"
#include "arch/x86_64/vmx/vmx_vcpu.h"

#define RFLAGS_TF	BIT(8)
#define RFLAGS_IF_	BIT(9)
#define RFLAGS_VM	BIT(17)
#define RFLAGS_RESERVED (BITS(63, 22) | BIT(15) | BIT(5) | BIT(3))
#define EFER_VALID	(EFER_SCE | EFER_LME | EFER_LMA | EFER_NXE)
#define PENDING_VALID	(BITS(3, 0) | BIT(12) | BIT(14) | BIT(16))

struct state {
	u64 cr0, cr3, cr4, efer, pat, dr7, debugctl, sysenter_esp, sysenter_eip;
	u64 rip, rflags, activity, blocked, pending, event, link;
	u64 pdpte[4];
	bool ia32e;
	u8 phys_bits;
	struct vsegment seg[VSEGS];
};

static void
read_segments(struct state *s)
{
	for (u32 i = VSEG_ES; i < VSEGS; i++) {
		s->seg[i].limit = (u32)vmcs_read(VMCS_GUEST_LIMIT + 2 * i);
		s->seg[i].base = vmcs_read(VMCS_GUEST_BASE + 2 * i);
		if (i > VSEG_TR)
			continue;
		s->seg[i].selector = (u16)vmcs_read(VMCS_GUEST_SELECTOR + 2 * i);
		s->seg[i].attr = (u32)vmcs_read(VMCS_GUEST_RIGHTS + 2 * i);
	}
}

static void
read_state(struct state *s)
{
	*s = (struct state){
		.cr0 = vmcs_read(VMCS_GUEST_CR0),
		.cr3 = vmcs_read(VMCS_GUEST_CR3),
		.cr4 = vmcs_read(VMCS_GUEST_CR4),
		.efer = vmcs_read(VMCS_GUEST_EFER),
		.pat = vmcs_read(VMCS_GUEST_PAT),
		.dr7 = vmcs_read(VMCS_GUEST_DR7),
		.debugctl = vmcs_read(VMCS_GUEST_DEBUGCTL),
		.sysenter_esp = vmcs_read(VMCS_GUEST_SYSENTER_ESP),
		.sysenter_eip = vmcs_read(VMCS_GUEST_SYSENTER_EIP),
		.rip = vmcs_read(VMCS_GUEST_RIP),
		.rflags = vmcs_read(VMCS_GUEST_RFLAGS),
		.activity = vmcs_read(VMCS_GUEST_ACTIVITY),
		.blocked = vmcs_read(VMCS_GUEST_INTERRUPTIBILITY),
		.pending = vmcs_read(VMCS_GUEST_PENDING_DEBUG),
		.event = vmcs_read(VMCS_ENTRY_EVENT),
		.link = vmcs_read(VMCS_LINK),
		.ia32e = (vmcs_read(VMCS_ENTRY_CONTROLS) & ENTRYC_IA32E) != 0,
		.phys_bits = cpu_features()->phys_bits,
	};
	for (u32 i = 0; i < ARRAY_SIZE(s->pdpte); i++)
		s->pdpte[i] = vmcs_read(VMCS_GUEST_PDPTE0 + 2 * i);
	read_segments(s);
}

static bool
canonical(u64 address)
{
	unsigned unused = 64u - cpu_features()->virt_bits;

	return (u64)((s64)(address << unused) >> unused) == address;
}

static bool
has(u64 value, u64 mask)
{
	return (value & mask) != 0;
}

static bool
wrong_pat(u64 pat)
{
	for (unsigned i = 0; i < 64; i += 8) {
		u64 type = pat >> i & 0xff;

		if (type > 7 || type == 2 || type == 3)
			return true;
	}
	return false;
}

/* PDPTEs count in PAE paging alone; bits 2:1, 8:5 and those past the width are reserved (4.4.1). */
static bool
wrong_pdpte(const struct state *s)
{
	const u64 reserved = BITS(2, 1) | BITS(8, 5) | ~BITS(s->phys_bits - 1, 0);

	if (s->ia32e || !has(s->cr0, CR0_PG) || !has(s->cr4, CR4_PAE))
		return false;
	for (unsigned i = 0; i < ARRAY_SIZE(s->pdpte); i++) {
		if (has(s->pdpte[i], 1) && has(s->pdpte[i], reserved))
			return true;
	}
	return false;
}

static bool
injects(const struct state *s, enum event_type type)
{
	return has(s->event, EVENT_VALID) && FIELD_GET(EVENT_TYPE, s->event) == type;
}

/* 27.3.1.1 */
static const char *
check_registers(const struct state *s)
{
	if (has(vmx_controls.cr0_on, ~s->cr0) || has(s->cr0, ~vmx_controls.cr0_may))
		return "CR0 has a bit wrong that VMX fixes";
	if (has(s->cr0, CR0_PG) && !has(s->cr0, CR0_PE))
		return "CR0.PG is on without CR0.PE";
	if (has(vmx_controls.cr4_on, ~s->cr4) || has(s->cr4, ~vmx_controls.cr4_may))
		return "CR4 has a bit that this CPU does not know, or lacks one that VMX fixes";
	if (s->debugctl != 0)
		return "IA32_DEBUGCTL is not 0";
	if (s->ia32e && (!has(s->cr0, CR0_PG) || !has(s->cr4, CR4_PAE)))
		return "long mode is active without CR0.PG and CR4.PAE";
	if (!s->ia32e && has(s->cr4, CR4_PCIDE))
		return "CR4.PCIDE is on outside of long mode";
	if (has(s->cr3, ~BITS(s->phys_bits - 1, 0)))
		return "CR3 has bits beyond the width of physical addresses";
	if (has(s->dr7, BITS(63, 32)))
		return "DR7 has bits above 31";
	if (!canonical(s->sysenter_esp) || !canonical(s->sysenter_eip))
		return "SYSENTER_ESP or SYSENTER_EIP is not canonical";
	if (wrong_pat(s->pat))
		return "IA32_PAT has a memory type that there is not";
	if (has(s->efer, ~EFER_VALID))
		return "EFER has reserved bits";
	if (has(s->efer, EFER_LMA) != s->ia32e)
		return "EFER.LMA differs from the entry control";
	if (has(s->cr0, CR0_PG) && has(s->efer, EFER_LMA) != has(s->efer, EFER_LME))
		return "EFER.LMA differs from EFER.LME with paging on";
	return NULL;
}

/* 27.3.1.2: the rules for one segment; `code` is CS's type, `ss` SS's level. */
static bool
usable(const struct vsegment *g)
{
	return !has(g->attr, RIGHTS_UNUSABLE);
}

static u64
type_of(const struct vsegment *g)
{
	return FIELD_GET(RIGHTS_TYPE, g->attr);
}

static u64
level_of(const struct vsegment *g)
{
	return FIELD_GET(RIGHTS_DPL, g->attr);
}

static bool
wrong_granularity(const struct vsegment *g)
{
	if (has(g->attr, RIGHTS_G))
		return (g->limit & 0xfff) != 0xfff;
	return has(g->limit, 0xfff00000);
}

static const char *
check_v86(const struct state *s)
{
	for (unsigned i = VSEG_ES; i <= VSEG_GS; i++) {
		const struct vsegment *g = &s->seg[i];

		if (g->base != (u64)g->selector << 4 || g->limit != 0xffff || g->attr != 0xf3)
			return "a segment is not one of virtual-8086 mode";
	}
	return NULL;
}

static const char *
check_code(const struct state *s)
{
	const struct vsegment *cs = &s->seg[VSEG_CS], *ss = &s->seg[VSEG_SS];
	u64 type = type_of(cs);

	if (!usable(cs) || !has(cs->attr, RIGHTS_S) || !has(cs->attr, RIGHTS_P))
		return "CS is not a present code segment";
	if (type != 3 && (type & 9) != 9)
		return "CS is not an accessed code segment, nor one of real mode";
	if (type == 3 && level_of(cs) != 0)
		return "CS is a data segment with a level other than 0";
	if ((type == 9 || type == 11) && level_of(cs) != level_of(ss))
		return "CS has another level than SS";
	if (type >= 13 && level_of(cs) > level_of(ss))
		return "CS is conforming, and its level is above SS's";
	if (s->ia32e && has(cs->attr, RIGHTS_L) && has(cs->attr, RIGHTS_DB))
		return "CS has both L and D";
	if (has(cs->base, BITS(63, 32)))
		return "CS has a base above 4 GiB";
	return NULL;
}

static const char *
check_stack(const struct state *s)
{
	const struct vsegment *ss = &s->seg[VSEG_SS];

	if ((type_of(&s->seg[VSEG_CS]) == 3 || !has(s->cr0, CR0_PE)) && level_of(ss) != 0)
		return "SS has a level other than 0 in real mode";
	if (usable(ss) && type_of(ss) != 3 && type_of(ss) != 7)
		return "SS is not a writable, accessed data segment";
	return NULL;
}

static const char *
check_data(const struct vsegment *g, unsigned i)
{
	if (has(g->attr, RIGHTS_RESERVED))
		return "a segment has reserved access rights";
	if ((i == VSEG_FS || i == VSEG_GS) && !canonical(g->base))
		return "FS or GS has a base that is not canonical";
	if (!usable(g))
		return NULL;
	if (!has(g->attr, RIGHTS_S) || !has(g->attr, RIGHTS_P))
		return "a usable segment is a system segment, or not present";
	if (i != VSEG_CS && (!has(g->attr, BIT(0)) || (type_of(g) & 10) == 8))
		return "a usable data segment is not accessed, or not readable";
	if (wrong_granularity(g))
		return "a segment's limit does not fit its granularity";
	if (i < VSEG_FS && has(g->base, BITS(63, 32)))
		return "ES, CS, SS or DS has a base above 4 GiB";
	return NULL;
}

static const char *
check_system(const struct state *s)
{
	const struct vsegment *tr = &s->seg[VSEG_TR], *ldtr = &s->seg[VSEG_LDTR];

	if (!usable(tr) || has(tr->attr, RIGHTS_S) || !has(tr->attr, RIGHTS_P) ||
	    has(tr->selector, BIT(2)) || (type_of(tr) != 11 && (s->ia32e || type_of(tr) != 3)))
		return "TR is not a busy task-state segment";
	if (has(tr->attr, RIGHTS_RESERVED) || wrong_granularity(tr) || !canonical(tr->base))
		return "TR's limit, base or rights are not valid";
	if (!usable(ldtr))
		return NULL;
	if (has(ldtr->attr, RIGHTS_S) || !has(ldtr->attr, RIGHTS_P) || type_of(ldtr) != 2 ||
	    has(ldtr->selector, BIT(2)))
		return "LDTR is not a local descriptor table";
	if (has(ldtr->attr, RIGHTS_RESERVED) || wrong_granularity(ldtr) || !canonical(ldtr->base))
		return "LDTR's limit, base or rights are not valid";
	return NULL;
}

static const char *
check_segments(const struct state *s)
{
	const char *broken = NULL;

	if (has(s->rflags, RFLAGS_VM)) {
		broken = check_v86(s);
		return broken != NULL ? broken : check_system(s);
	}
	broken = check_code(s);
	if (broken == NULL)
		broken = check_stack(s);
	for (unsigned i = VSEG_ES; i <= VSEG_GS && broken == NULL; i++)
		broken = check_data(&s->seg[i], i);
	return broken != NULL ? broken : check_system(s);
}

/* 27.3.1.3 and 27.3.1.4 */
static const char *
check_tables_and_rip(const struct state *s)
{
	bool long_code = s->ia32e && has(s->seg[VSEG_CS].attr, RIGHTS_L);

	for (unsigned i = VSEG_GDTR; i <= VSEG_IDTR; i++) {
		if (!canonical(s->seg[i].base) || s->seg[i].limit > 0xffff)
			return "GDTR or IDTR is not canonical, or its limit is above FFFFh";
	}
	if (!long_code && has(s->rip, BITS(63, 32)))
		return "RIP is above 4 GiB outside of 64-bit mode";
	if (long_code && !canonical(s->rip))
		return "RIP is not canonical";
	if (has(s->rflags, RFLAGS_RESERVED) || !has(s->rflags, BIT(1)))
		return "RFLAGS has a reserved bit wrong";
	if (has(s->rflags, RFLAGS_VM) && (s->ia32e || !has(s->cr0, CR0_PE)))
		return "RFLAGS.VM is on in long mode or real mode";
	if (!has(s->rflags, RFLAGS_IF_) && injects(s, EVENT_TYPE_INTERRUPT))
		return "an interrupt is to be delivered with RFLAGS.IF off";
	return NULL;
}

/* 27.3.1.5 */
static const char *
check_blocking(const struct state *s)
{
	u64 shadow = s->blocked & (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS);

	if (has(s->blocked, BITS(31, 5) | BLOCKED_BY_SMI))
		return "the interruptibility state has a reserved bit";
	if (shadow == (BLOCKED_BY_STI | BLOCKED_BY_MOV_SS))
		return "both STI and MOV SS block interrupts";
	if (has(shadow, BLOCKED_BY_STI) && !has(s->rflags, RFLAGS_IF_))
		return "STI blocks interrupts with RFLAGS.IF off";
	if (shadow != 0 && injects(s, EVENT_TYPE_INTERRUPT))
		return "an interrupt is to be delivered while STI or MOV SS blocks it";
	if (shadow != 0 && injects(s, EVENT_TYPE_NMI))
		return "an NMI is to be delivered while STI or MOV SS blocks it";
	if (has(s->blocked, BLOCKED_BY_NMI) && injects(s, EVENT_TYPE_NMI))
		return "an NMI is to be delivered while NMIs are blocked";
	if (shadow != 0 && s->activity != ACTIVITY_ACTIVE)
		return "interrupts are blocked in a vCPU that is not active";
	return NULL;
}

static const char *
check_other(const struct state *s)
{
	bool shadow = has(s->blocked, BLOCKED_BY_STI | BLOCKED_BY_MOV_SS);

	if (s->activity > ACTIVITY_HLT)
		return "the activity state is neither active nor HLT";
	if (s->activity == ACTIVITY_HLT && level_of(&s->seg[VSEG_SS]) != 0)
		return "HLT with SS at a level other than 0";
	if (has(s->pending, ~PENDING_VALID))
		return "the pending debug exceptions have a reserved bit";
	if ((shadow || s->activity == ACTIVITY_HLT) &&
	    has(s->pending, PENDING_DEBUG_BS) != has(s->rflags, RFLAGS_TF))
		return "a pending single step does not agree with RFLAGS.TF";
	if (s->link != ~0ul)
		return "the VMCS link pointer is not all ones";
	if (wrong_pdpte(s))
		return "a PAE top-level entry has reserved bits";
	return NULL;
}

const char *
vmx_broken_rule(void)
{
	static const char *(*const checks[])(const struct state *) = {
		check_registers, check_segments, check_tables_and_rip, check_blocking, check_other,
	};
	struct state s;
	const char *broken = NULL;

	read_state(&s);
	for (unsigned i = 0; i < ARRAY_SIZE(checks) && broken == NULL; i++)
		broken = checks[i](&s);
	return broken;
}
