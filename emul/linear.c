/* SPDX-License-Identifier: MIT */
#include "emul/linear.h"

u64
linear_offset(struct emulation *e)
{
	const struct insn *insn = &e->insn;
	u64 offset = insn->disp;

	if (insn->base != INSN_NO_REG)
		offset += emulation_reg(e, insn->base, 8);
	if (insn->index != INSN_NO_REG)
		offset += emulation_reg(e, insn->index, 8) * insn->scale;
	if (insn->rip)
		offset += e->rip + insn->length;
	return low_bytes(offset, insn->address_size);
}

/* A segment that expands down has the offsets above its limit. */
static bool
within_limit(const struct vsegment *s, u64 offset, unsigned size)
{
	u64 last = offset + size - 1;
	bool down = (s->attr & (ATTR_CODE | ATTR_EXPAND)) == ATTR_EXPAND;

	if (!down)
		return last <= s->limit;
	return offset > s->limit && last <= (s->attr & ATTR_DB ? 0xfffffffful : 0xfffful);
}

static bool
type_allows(const struct vsegment *s, bool write)
{
	if (s->attr & VSEG_UNUSABLE)
		return false;
	if (write)
		return (s->attr & (ATTR_CODE | ATTR_WRITE)) == ATTR_WRITE;
	return !(s->attr & ATTR_CODE) || (s->attr & ATTR_WRITE);
}

/* Without segments but FS's and GS's bases. */
static enum verdict
linear_64(struct emulation *e, enum vseg seg, u64 offset, unsigned size, u64 *linear)
{
	struct vsegment s;

	*linear = offset;
	if (seg >= VSEG_FS) {
		virt_ops()->get_segment(&e->v->hw, seg, &s);
		*linear += s.base;
	}
	if (linear_is_canonical(*linear) && linear_is_canonical(*linear + size - 1))
		return VERDICT_NEXT;
	return emulation_segment_fault(e, seg);
}

enum verdict
linear_address(struct emulation *e, enum vseg seg, u64 offset, unsigned size, bool write,
	       u64 *linear)
{
	struct vsegment s;

	if (e->mode == CODE_64)
		return linear_64(e, seg, offset, size, linear);
	virt_ops()->get_segment(&e->v->hw, seg, &s);
	if ((e->protected && !type_allows(&s, write)) || !within_limit(&s, offset, size))
		return emulation_segment_fault(e, seg);
	*linear = (u32)(s.base + offset);
	return VERDICT_NEXT;
}
