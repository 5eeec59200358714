/* SPDX-License-Identifier: MIT */
#include "emul/execute.h"

#include "emul/alu.h"
#include "emul/linear.h"
#include "emul/strings.h"
#include "emul/vector.h"

enum verdict
execute_memory_operand(struct emulation *e, bool write, struct operand *o)
{
	return operand_begin(e, (enum vseg)e->insn.segment, linear_offset(e), e->insn.size, write,
			     o);
}

static bool
writes_memory(const struct insn *insn)
{
	return insn->op != OP_CMP && insn->op != OP_TEST && insn->op != OP_BT;
}

/* The operand that is not in memory. */
static u64
other_operand(struct emulation *e)
{
	const struct insn *insn = &e->insn;

	if (insn->form == FORM_RM_IMM)
		return low_bytes(insn->immediate, insn->size);
	return emulation_reg(e, insn->form == FORM_OFFSET_ACC ? VREG_RAX : insn->reg, insn->size);
}

static enum verdict
execute_load(struct emulation *e)
{
	const struct insn *insn = &e->insn;
	struct operand o;
	enum verdict verdict = execute_memory_operand(e, false, &o);
	u64 value;

	if (verdict != VERDICT_NEXT)
		return verdict;
	value = operand_load_u64(e, &o);
	if (insn->op == OP_MOVSX)
		value = (u64)((s64)(value << (64 - 8 * insn->size)) >> (64 - 8 * insn->size));
	emulation_set_reg(e, insn->form == FORM_ACC_OFFSET ? VREG_RAX : insn->reg, insn->reg_size,
			  value);
	return VERDICT_NEXT;
}

static enum verdict
execute_store(struct emulation *e)
{
	struct operand o;
	enum verdict verdict = execute_memory_operand(e, true, &o);

	if (verdict == VERDICT_NEXT)
		operand_store_u64(e, &o, other_operand(e));
	return verdict;
}

static enum verdict
execute_mov(struct emulation *e)
{
	if (e->insn.form == FORM_REG_RM || e->insn.form == FORM_ACC_OFFSET)
		return execute_load(e);
	return execute_store(e);
}

static enum verdict
execute_store_segment(struct emulation *e)
{
	struct vsegment s;
	struct operand o;
	enum verdict verdict = execute_memory_operand(e, true, &o);

	if (verdict != VERDICT_NEXT)
		return verdict;
	virt_ops()->get_segment(&e->v->hw, (enum vseg)e->insn.reg, &s);
	operand_store_u64(e, &o, s.selector);
	return VERDICT_NEXT;
}

static enum verdict
execute_alu_to_reg(struct emulation *e)
{
	const struct insn *insn = &e->insn;
	u64 flags = vcpu_get(e->v, VREG_RFLAGS), result;
	struct operand o;
	enum verdict verdict = execute_memory_operand(e, false, &o);

	if (verdict != VERDICT_NEXT)
		return verdict;
	result = alu((enum insn_op)insn->op, emulation_reg(e, insn->reg, insn->size),
		     operand_load_u64(e, &o), insn->size, &flags);
	if (insn->op != OP_CMP)
		emulation_set_reg(e, insn->reg, insn->size, result);
	vcpu_set(e->v, VREG_RFLAGS, flags);
	return VERDICT_NEXT;
}

static enum verdict
execute_alu(struct emulation *e)
{
	const struct insn *insn = &e->insn;
	u64 flags = vcpu_get(e->v, VREG_RFLAGS), result;
	bool write = writes_memory(insn);
	struct operand o;
	enum verdict verdict;

	if (insn->form == FORM_REG_RM)
		return execute_alu_to_reg(e);
	verdict = execute_memory_operand(e, write, &o);
	if (verdict != VERDICT_NEXT)
		return verdict;
	result = alu((enum insn_op)insn->op, operand_load_u64(e, &o),
		     insn->form == FORM_RM ? 0 : other_operand(e), insn->size, &flags);
	if (write)
		operand_store_u64(e, &o, result);
	vcpu_set(e->v, VREG_RFLAGS, flags);
	return VERDICT_NEXT;
}

/*
 * A bit number in a register reaches beyond the operand, in both directions: it moves the address
 * by whole operands (SDM vol. 2, 3.1.1.9). An immediate one is cut.
 */
static enum verdict
bit_operand(struct emulation *e, unsigned *bit, struct operand *o)
{
	const struct insn *insn = &e->insn;
	unsigned unused = 64u - 8u * insn->size;
	u64 offset = linear_offset(e);
	s64 number;

	if (insn->form == FORM_RM_IMM) {
		*bit = (unsigned)insn->immediate & (8u * insn->size - 1);
	} else {
		number = (s64)(emulation_reg(e, insn->reg, insn->size) << unused) >> unused;
		*bit = (unsigned)number & (8u * insn->size - 1);
		offset += (u64)((number - (s64)*bit) / 8);
	}
	return operand_begin(e, (enum vseg)insn->segment, low_bytes(offset, insn->address_size),
			     insn->size, writes_memory(insn), o);
}

static enum verdict
execute_bit(struct emulation *e)
{
	u64 flags = vcpu_get(e->v, VREG_RFLAGS), result;
	struct operand o;
	unsigned bit;
	enum verdict verdict = bit_operand(e, &bit, &o);

	if (verdict != VERDICT_NEXT)
		return verdict;
	result = alu_bit((enum insn_op)e->insn.op, operand_load_u64(e, &o), bit, &flags);
	if (writes_memory(&e->insn))
		operand_store_u64(e, &o, result);
	vcpu_set(e->v, VREG_RFLAGS, flags);
	return VERDICT_NEXT;
}

/* The memory is written in any case (SDM vol. 2, CMPXCHG). */
static enum verdict
execute_cmpxchg(struct emulation *e)
{
	const struct insn *insn = &e->insn;
	u64 flags = vcpu_get(e->v, VREG_RFLAGS), old, accumulator;
	struct operand o;
	enum verdict verdict = execute_memory_operand(e, true, &o);

	if (verdict != VERDICT_NEXT)
		return verdict;
	old = operand_load_u64(e, &o);
	accumulator = emulation_reg(e, VREG_RAX, insn->size);
	alu(OP_CMP, accumulator, old, insn->size, &flags);
	operand_store_u64(e, &o, accumulator == old ? other_operand(e) : old);
	if (accumulator != old)
		emulation_set_reg(e, VREG_RAX, insn->size, old);
	vcpu_set(e->v, VREG_RFLAGS, flags);
	return VERDICT_NEXT;
}

static enum verdict
execute_xadd(struct emulation *e)
{
	const struct insn *insn = &e->insn;
	u64 flags = vcpu_get(e->v, VREG_RFLAGS), old;
	struct operand o;
	enum verdict verdict = execute_memory_operand(e, true, &o);

	if (verdict != VERDICT_NEXT)
		return verdict;
	old = operand_load_u64(e, &o);
	operand_store_u64(e, &o, alu(OP_ADD, old, other_operand(e), insn->size, &flags));
	emulation_set_reg(e, insn->reg, insn->size, old);
	vcpu_set(e->v, VREG_RFLAGS, flags);
	return VERDICT_NEXT;
}

static enum verdict
execute_xchg(struct emulation *e)
{
	struct operand o;
	enum verdict verdict = execute_memory_operand(e, true, &o);
	u64 old;

	if (verdict != VERDICT_NEXT)
		return verdict;
	old = operand_load_u64(e, &o);
	operand_store_u64(e, &o, other_operand(e));
	emulation_set_reg(e, e->insn.reg, e->insn.size, old);
	return VERDICT_NEXT;
}

/* The size of the stack pointer. */
static unsigned
stack_size(struct emulation *e)
{
	struct vsegment ss;

	if (e->mode == CODE_64)
		return 8;
	virt_ops()->get_segment(&e->v->hw, VSEG_SS, &ss);
	return ss.attr & ATTR_DB ? 4 : 2;
}

static u64
moved_stack(struct emulation *e, unsigned size, u64 by)
{
	return low_bytes(emulation_reg(e, VREG_RSP, size) + by, size);
}

/* RSP with its new value, and what a 16-bit stack leaves of it. */
static void
set_stack(struct emulation *e, unsigned size, u64 value)
{
	u64 keep = size == 2 ? emulation_reg(e, VREG_RSP, 8) & ~0xfffful : 0;

	vcpu_set(e->v, VREG_RSP, keep | value);
}

static enum verdict
execute_push(struct emulation *e)
{
	unsigned size = stack_size(e);
	u64 rsp = moved_stack(e, size, 0ul - e->insn.size);
	struct operand from, to;
	enum verdict verdict = execute_memory_operand(e, false, &from);

	if (verdict == VERDICT_NEXT)
		verdict = operand_begin(e, VSEG_SS, rsp, e->insn.size, true, &to);
	if (verdict != VERDICT_NEXT)
		return verdict;
	operand_store_u64(e, &to, operand_load_u64(e, &from));
	set_stack(e, size, rsp);
	return VERDICT_NEXT;
}

/* An operand that RSP is the base of is where the new RSP says (SDM vol. 2, POP). */
static enum verdict
execute_pop(struct emulation *e)
{
	unsigned size = stack_size(e);
	u64 old = emulation_reg(e, VREG_RSP, 8);
	struct operand from, to;
	enum verdict verdict =
		operand_begin(e, VSEG_SS, moved_stack(e, size, 0), e->insn.size, false, &from);

	if (verdict != VERDICT_NEXT)
		return verdict;
	set_stack(e, size, moved_stack(e, size, e->insn.size));
	verdict = execute_memory_operand(e, true, &to);
	if (verdict != VERDICT_NEXT) {
		vcpu_set(e->v, VREG_RSP, old);
		return verdict;
	}
	operand_store_u64(e, &to, operand_load_u64(e, &from));
	return VERDICT_NEXT;
}

/* Whatever the hardware met, it is the linear address that has to be aligned. */
static enum verdict
vector_operand(struct emulation *e, bool write, struct operand *o)
{
	enum verdict verdict = vector_check(e);
	u64 linear;

	if (verdict != VERDICT_NEXT)
		return verdict;
	verdict = linear_address(e, (enum vseg)e->insn.segment, linear_offset(e), e->insn.size,
				 write, &linear);
	if (verdict != VERDICT_NEXT)
		return verdict;
	if (e->insn.aligned && !IS_ALIGNED(linear, (u64)e->insn.size))
		return emulation_segment_fault(e, VSEG_DS);
	return execute_memory_operand(e, write, o);
}

static enum verdict
execute_vector_load(struct emulation *e)
{
	u8 buf[OPERAND_MAX];
	struct operand o;
	enum verdict verdict = vector_operand(e, false, &o);

	if (verdict != VERDICT_NEXT)
		return verdict;
	operand_load(e, &o, buf);
	vector_write(e, e->insn.reg, buf, e->insn.size);
	return VERDICT_NEXT;
}

static enum verdict
execute_vector_store(struct emulation *e)
{
	u8 buf[OPERAND_MAX];
	struct operand o;
	enum verdict verdict = vector_operand(e, true, &o);

	if (verdict != VERDICT_NEXT)
		return verdict;
	vector_read(e, e->insn.reg, buf, e->insn.size);
	operand_store(e, &o, buf);
	return VERDICT_NEXT;
}

static enum verdict
execute_other(struct emulation *e)
{
	return emulation_refuse(e, "an instruction on memory that is not RAM can't be emulated");
}

/* 0: not one that the emulator carries out. */
static enum verdict (*const executors[INSN_OPS])(struct emulation *e) = {
	[OP_ADD... OP_DEC] = execute_alu,
	[OP_BT... OP_BTC] = execute_bit,
	[OP_CMPXCHG] = execute_cmpxchg,
	[OP_XADD] = execute_xadd,
	[OP_XCHG] = execute_xchg,
	[OP_MOV] = execute_mov,
	[OP_MOVZX... OP_MOVSX] = execute_load,
	[OP_STORE_SEGMENT] = execute_store_segment,
	[OP_PUSH] = execute_push,
	[OP_POP] = execute_pop,
	[OP_MOVS... OP_SCAS] = strings_execute,
	[OP_VECTOR_LOAD] = execute_vector_load,
	[OP_VECTOR_STORE] = execute_vector_store,
};

static bool
is_string(const struct insn *insn)
{
	return insn->op >= OP_MOVS && insn->op <= OP_SCAS;
}

/* Without memory it is not what has exited: another vCPU has changed the code meanwhile. */
enum verdict
execute(struct emulation *e)
{
	const struct insn *insn = &e->insn;

	if (executors[insn->op] == NULL || (!insn->memory && !is_string(insn)))
		return execute_other(e);
	return executors[insn->op](e);
}
