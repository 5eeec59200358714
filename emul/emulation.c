/* SPDX-License-Identifier: MIT */
#include "emul/emulation.h"

#include "arch/x86_64/cr.h"
#include "arch/x86_64/msr.h"
#include "lib/format.h"

/* CS has the privilege level but for conforming code, where the stack segment has it. */
static unsigned
privilege(const struct emulation *e)
{
	struct vsegment ss;

	if ((e->cs.attr & (ATTR_CODE | ATTR_EXPAND)) != (ATTR_CODE | ATTR_EXPAND))
		return e->cs.attr >> ATTR_DPL_SHIFT & 3;
	virt_ops()->get_segment(&e->v->hw, VSEG_SS, &ss);
	return ss.attr >> ATTR_DPL_SHIFT & 3;
}

static u8
code_size(const struct emulation *e)
{
	if ((e->gpt.efer & EFER_LMA) && (e->cs.attr & VSEG_LONG))
		return CODE_64;
	return e->cs.attr & ATTR_DB ? CODE_32 : CODE_16;
}

static bool
in_protected_mode(struct emulation *e)
{
	if (e->gpt.efer & EFER_LMA)
		return true;
	return (vcpu_get(e->v, VREG_CR0) & CR0_PE) && !(vcpu_get(e->v, VREG_RFLAGS) & RFLAGS_VM);
}

void
emulation_begin(struct emulation *e, struct vcpu *v)
{
	e->v = v;
	e->rip = vcpu_get(v, VREG_RIP);
	virt_ops()->get_segment(&v->hw, VSEG_CS, &e->cs);
	gpt_begin(&e->gpt, v, privilege(e));
	e->mode = code_size(e);
	e->protected = in_protected_mode(e);
	e->known = NULL;
	e->memo[0].page = ~0ul;
	e->memo[1].page = ~0ul;
	e->byte_count = 0;
}

enum verdict
emulation_refuse(struct emulation *e, const char *why)
{
	char hex[3 * INSN_MAX + 1] = "";
	size_t len = 0;

	for (unsigned i = 0; i < e->byte_count; i++)
		len += format(hex + len, sizeof(hex) - len, " %02x", e->bytes[i]);
	vm_stop_because(e->v->vm, "vCPU %u: %s: at RIP %#lx the bytes%s", e->v->index, why, e->rip,
			hex);
	return VERDICT_STOP;
}

enum verdict
emulation_segment_fault(struct emulation *e, enum vseg seg)
{
	u8 vector = seg == VSEG_SS ? FAULT_SS : FAULT_GP;

	if (!(e->gpt.efer & EFER_LMA) && !(vcpu_get(e->v, VREG_CR0) & CR0_PE))
		return vcpu_fault(e->v, vector);
	return vcpu_fault_code(e->v, vector, 0);
}

/* AH, CH, DH and BH are numbers 4 to 7 of a byte without REX. */
static bool
is_high_byte(const struct emulation *e, unsigned number, unsigned size)
{
	return size == 1 && number >= VREG_RSP && number <= VREG_RDI && !e->insn.rex;
}

static u64
whole_reg(struct emulation *e, unsigned number)
{
	return number == VREG_RSP ? vcpu_get(e->v, VREG_RSP) : e->v->hw.gpr[number];
}

u64
emulation_reg(struct emulation *e, unsigned number, unsigned size)
{
	if (is_high_byte(e, number, size))
		return e->v->hw.gpr[number - 4] >> 8 & 0xff;
	return low_bytes(whole_reg(e, number), size);
}

static u64
merged(u64 old, unsigned shift, unsigned size, u64 value)
{
	u64 mask = low_bytes(~0ul, size) << shift;

	return (old & ~mask) | ((value << shift) & mask);
}

void
emulation_set_reg(struct emulation *e, unsigned number, unsigned size, u64 value)
{
	unsigned shift = 0;

	if (is_high_byte(e, number, size)) {
		number -= 4;
		shift = 8;
	}
	if (size < 4)
		value = merged(whole_reg(e, number), shift, size, value);
	else
		value = low_bytes(value, size);
	if (number == VREG_RSP)
		vcpu_set(e->v, VREG_RSP, value);
	else
		e->v->hw.gpr[number] = value;
}
