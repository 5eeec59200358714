/* SPDX-License-Identifier: MIT */
#include "emul/strings.h"

#include "emul/alu.h"

struct strings {
	struct emulation *e;
	u16 port;
	u64 flags; /* RFLAGS */
};

/* Does one element; *more is false when CMPS or SCAS have found what they looked for. */
typedef enum verdict (*element)(struct strings *s, bool *more);

static enum verdict
source(struct strings *s, struct operand *o)
{
	struct emulation *e = s->e;
	u64 offset = emulation_reg(e, VREG_RSI, e->insn.address_size);

	return operand_begin(e, (enum vseg)e->insn.segment, offset, e->insn.size, false, o);
}

/* ES always. */
static enum verdict
destination(struct strings *s, bool write, struct operand *o)
{
	struct emulation *e = s->e;
	u64 offset = emulation_reg(e, VREG_RDI, e->insn.address_size);

	return operand_begin(e, VSEG_ES, offset, e->insn.size, write, o);
}

static void
advance(struct strings *s, enum vreg reg)
{
	struct emulation *e = s->e;
	u64 old = emulation_reg(e, reg, e->insn.address_size);
	u64 step = s->flags & RFLAGS_DF ? 0ul - e->insn.size : e->insn.size;

	emulation_set_reg(e, reg, e->insn.address_size, old + step);
}

static enum verdict
movs(struct strings *s, bool *more __unused)
{
	struct operand from, to;
	enum verdict verdict = source(s, &from);

	if (verdict == VERDICT_NEXT)
		verdict = destination(s, true, &to);
	if (verdict != VERDICT_NEXT)
		return verdict;
	operand_store_u64(s->e, &to, operand_load_u64(s->e, &from));
	advance(s, VREG_RSI);
	advance(s, VREG_RDI);
	return VERDICT_NEXT;
}

static enum verdict
stos(struct strings *s, bool *more __unused)
{
	struct operand to;
	enum verdict verdict = destination(s, true, &to);

	if (verdict != VERDICT_NEXT)
		return verdict;
	operand_store_u64(s->e, &to, emulation_reg(s->e, VREG_RAX, s->e->insn.size));
	advance(s, VREG_RDI);
	return VERDICT_NEXT;
}

static enum verdict
lods(struct strings *s, bool *more __unused)
{
	struct operand from;
	enum verdict verdict = source(s, &from);

	if (verdict != VERDICT_NEXT)
		return verdict;
	emulation_set_reg(s->e, VREG_RAX, s->e->insn.size, operand_load_u64(s->e, &from));
	advance(s, VREG_RSI);
	return VERDICT_NEXT;
}

/* REPE goes on while equal, REPNE while not. */
static bool
compare(struct strings *s, u64 a, u64 b)
{
	const struct insn *insn = &s->e->insn;
	bool equal;

	alu(OP_CMP, a, b, insn->size, &s->flags);
	vcpu_set(s->e->v, VREG_RFLAGS, s->flags);
	equal = (s->flags & RFLAGS_ZF) != 0;
	return insn->repe ? equal : !equal;
}

static enum verdict
cmps(struct strings *s, bool *more)
{
	struct operand first, second;
	enum verdict verdict = source(s, &first);
	u64 a, b;

	if (verdict == VERDICT_NEXT)
		verdict = destination(s, false, &second);
	if (verdict != VERDICT_NEXT)
		return verdict;
	a = operand_load_u64(s->e, &first);
	b = operand_load_u64(s->e, &second);
	*more = compare(s, a, b);
	advance(s, VREG_RSI);
	advance(s, VREG_RDI);
	return VERDICT_NEXT;
}

static enum verdict
scas(struct strings *s, bool *more)
{
	struct operand to;
	enum verdict verdict = destination(s, false, &to);
	u64 b;

	if (verdict != VERDICT_NEXT)
		return verdict;
	b = operand_load_u64(s->e, &to);
	*more = compare(s, emulation_reg(s->e, VREG_RAX, s->e->insn.size), b);
	advance(s, VREG_RDI);
	return VERDICT_NEXT;
}

/* The destination is looked at first: reading the port may change the device. */
static enum verdict
ins(struct strings *s, bool *more __unused)
{
	struct operand to;
	enum verdict verdict = destination(s, true, &to);
	u32 value;

	if (verdict != VERDICT_NEXT)
		return verdict;
	value = emulate_ops->io(s->e->v, s->port, s->e->insn.size, false, 0);
	operand_store_u64(s->e, &to, value);
	advance(s, VREG_RDI);
	return VERDICT_NEXT;
}

static enum verdict
outs(struct strings *s, bool *more __unused)
{
	struct operand from;
	enum verdict verdict = source(s, &from);
	u32 value;

	if (verdict != VERDICT_NEXT)
		return verdict;
	value = (u32)operand_load_u64(s->e, &from);
	(void)emulate_ops->io(s->e->v, s->port, s->e->insn.size, true, value);
	advance(s, VREG_RSI);
	return VERDICT_NEXT;
}

/*
 * RF keeps a breakpoint at this instruction from hitting at each part of it (SDM vol. 3, 18.3.1.1).
 * An interrupt may come between two parts, also where STI or MOV SS have just kept it from coming
 * before the first one.
 */
static enum verdict
pause_repetition(struct strings *s)
{
	if (vcpu_get(s->e->v, VREG_INTERRUPT_SHADOW) != 0)
		vcpu_set(s->e->v, VREG_INTERRUPT_SHADOW, 0);
	vcpu_set(s->e->v, VREG_RFLAGS, s->flags | RFLAGS_RF);
	return VERDICT_AGAIN;
}

static enum verdict
repeat(struct strings *s, element one)
{
	struct emulation *e = s->e;
	u8 size = e->insn.address_size;
	u64 count = emulation_reg(e, VREG_RCX, size);
	bool more = true;

	for (unsigned i = 0; count > 0 && more; i++) {
		enum verdict verdict;

		if (i == EMULATE_BUDGET)
			return pause_repetition(s);
		if (i > 0 && s->flags & RFLAGS_TF) { /* a trap behind each (18.3.1.4) */
			(void)pause_repetition(s);
			return vcpu_single_step(e->v);
		}
		verdict = one(s, &more);
		if (verdict != VERDICT_NEXT)
			return verdict;
		emulation_set_reg(e, VREG_RCX, size, --count);
	}
	return VERDICT_NEXT;
}

static enum verdict
execute(struct strings *s, element one)
{
	bool more = true;

	s->flags = vcpu_get(s->e->v, VREG_RFLAGS);
	if (s->e->insn.repe || s->e->insn.repne)
		return repeat(s, one);
	return one(s, &more);
}

enum verdict
strings_execute(struct emulation *e)
{
	static const element elements[] = {
		[OP_MOVS - OP_MOVS] = movs, [OP_STOS - OP_MOVS] = stos, [OP_LODS - OP_MOVS] = lods,
		[OP_CMPS - OP_MOVS] = cmps, [OP_SCAS - OP_MOVS] = scas,
	};
	struct strings s = {.e = e};

	return execute(&s, elements[e->insn.op - OP_MOVS]);
}

enum verdict
strings_execute_io(struct emulation *e, u16 port)
{
	struct strings s = {.e = e, .port = port};

	return execute(&s, e->insn.op == OP_INS ? ins : outs);
}
