/* SPDX-License-Identifier: MIT */
#include "emul/emulate.h"

#include "emul/execute.h"
#include "emul/insn_cache.h"
#include "emul/strings.h"

enum { OPCODE_HLT = 0xf4 };

void
emulate_init(const struct emulate_ops *ops)
{
	emulate_ops = ops;
}

/* PUSH, POP and strings have two operands, each of which may be the one that met the fault. */
static bool
has_one_operand(const struct insn *insn)
{
	return insn->form != FORM_NONE && insn->op != OP_PUSH && insn->op != OP_POP;
}

static enum verdict
stop(struct vcpu *v, const struct exit *exit, const char *what)
{
	vm_stop_because(v->vm, "vCPU %u: %s at %#lx, which is not RAM; RIP is %#lx", v->index, what,
			exit->memory.gpa.v, vcpu_get(v, VREG_RIP));
	return VERDICT_STOP;
}

static __noinline enum verdict
emulate_memory(struct vcpu *v, struct exit *exit)
{
	struct emulation e;
	enum verdict verdict;

	if (exit->cut.kind != EVENT_NONE)
		return stop(v, exit, "an interrupt or exception was to be delivered by memory");
	if (exit->memory.fetch)
		return stop(v, exit, "it runs code");
	emulation_begin(&e, v);
	verdict = emulation_fetch(&e, exit->memory.bytes, exit->memory.bytes_len);
	if (verdict != VERDICT_NEXT)
		return verdict;
	if (!exit->memory.walk && has_one_operand(&e.insn))
		e.known = &exit->memory;
	exit->insn_len = e.insn.length;
	return execute(&e);
}

/* The lowest 12 bits of the address of its memory operand. */
static u64
page_offset(struct vcpu *v, const struct insn *insn)
{
	u64 offset = insn->disp;

	if (insn->base != INSN_NO_REG)
		offset += vcpu_get(v, (enum vreg)insn->base);
	if (insn->index != INSN_NO_REG)
		offset += vcpu_get(v, (enum vreg)insn->index) * insn->scale;
	if (insn->rip)
		offset += vcpu_get(v, VREG_RIP) + insn->length;
	return offset & ~PAGE_MASK;
}

/*
 * What drivers do to registers: a move of four or eight bytes between a register or an immediate
 * and memory in one page, by an instruction that was met before. False: it is something else.
 */
static bool
move_quickly(struct vcpu *v, struct exit *exit)
{
	const struct insn_line *line = insn_cache_line(v);
	const struct insn *insn;
	gpa_t gpa = exit->memory.gpa;
	u64 value;

	if (line == NULL || !line->move.is || exit->memory.walk ||
	    exit->memory.write == line->move.load)
		return false;
	insn = &line->insn;
	/* The second half of an access to two pages begins at the second one's beginning. */
	if ((gpa.v & ~PAGE_MASK) + insn->size > PAGE_SIZE ||
	    page_offset(v, insn) != (gpa.v & ~PAGE_MASK))
		return false;
	exit->insn_len = insn->length;
	value = insn->immediate;
	if (!line->move.load && line->move.reg != INSN_NO_REG)
		value = vcpu_get(v, (enum vreg)line->move.reg);
	value = low_bytes(value, insn->size);
	emulate_ops->mmio(v, gpa, insn->size, !line->move.load, &value);
	if (line->move.load)
		vcpu_set(v, (enum vreg)line->move.reg, low_bytes(value, insn->size));
	return true;
}

int
emulate_mmio(struct vcpu *v, struct exit *exit)
{
	if (exit->cut.kind == EVENT_NONE && !exit->memory.fetch && move_quickly(v, exit))
		return VERDICT_NEXT;
	return (int)emulate_memory(v, exit);
}

/* Whether the hardware has told all that an INS or OUTS does. */
static bool
is_decoded(const struct exit_io *io)
{
	return io->addr_size != 0 && (io->in || io->segment != VSEGS);
}

static enum verdict
emulate_string(struct vcpu *v, struct exit *exit)
{
	const struct exit_io *io = &exit->io;
	struct emulation e;
	enum verdict verdict;

	emulation_begin(&e, v);
	if (!is_decoded(io)) {
		verdict = emulation_fetch(&e, NULL, 0);
		if (verdict != VERDICT_NEXT)
			return verdict;
		if (e.insn.op != OP_INS && e.insn.op != OP_OUTS)
			return VERDICT_AGAIN; /* changed since: run it as it is now */
		exit->insn_len = e.insn.length;
	} else {
		e.insn = (struct insn){.op = io->in ? OP_INS : OP_OUTS,
				       .size = io->size,
				       .address_size = io->addr_size,
				       .segment = io->segment,
				       .repe = io->rep};
	}
	return strings_execute_io(&e, io->port);
}

int
emulate_io_string(struct vcpu *v, struct exit *exit)
{
	return (int)emulate_string(v, exit);
}

/* False: v->fault is to be delivered, or what it was has stopped the VM. */
static bool
fetch(struct emulation *e, struct vcpu *v)
{
	emulation_begin(e, v);
	if (emulation_fetch(e, NULL, 0) != VERDICT_NEXT)
		return false;
	if (e->insn.length == 0)
		vcpu_fault(v, FAULT_UD);
	return e->insn.length > 0;
}

static __noinline unsigned
length_by_tables(struct vcpu *v)
{
	const struct insn_line *line = insn_cache_again(v);
	struct emulation e;

	if (line != NULL)
		return line->insn.length;
	return fetch(&e, v) ? e.insn.length : 0;
}

unsigned
emulate_length(struct vcpu *v)
{
	unsigned length = insn_cache_length(v);

	return length != 0 ? length : length_by_tables(v);
}

bool
emulate_at_hlt(struct vcpu *v)
{
	u64 cr2 = vcpu_get(v, VREG_CR2);
	struct event fault = v->fault;
	struct emulation e;

	if (fetch(&e, v))
		return e.bytes[0] == OPCODE_HLT;
	v->fault = fault;
	vcpu_set(v, VREG_CR2, cr2);
	return false;
}

static void
set_cr(struct exit_cr *cr, enum cr_access access, u8 number, u8 reg)
{
	cr->access = (u8)access;
	cr->cr = number;
	cr->reg = reg;
}

static bool
load_lmsw(struct emulation *e, struct exit_cr *cr)
{
	struct operand o;

	set_cr(cr, CR_LMSW, 0, 0xff);
	if (!e->insn.memory) {
		cr->lmsw = (u16)emulation_reg(e, e->insn.rm, 2);
		return true;
	}
	if (execute_memory_operand(e, false, &o) != VERDICT_NEXT)
		return false;
	cr->lmsw = (u16)operand_load_u64(e, &o);
	return true;
}

/* It exits while the guest has caches off (CR0.CD), as real mode begins. Memory gets 16 bits. */
static bool
execute_smsw(struct emulation *e, struct exit_cr *cr)
{
	u64 cr0 = vcpu_get(e->v, VREG_CR0);
	struct operand o;

	set_cr(cr, CR_SMSW, 0, 0xff);
	if (!e->insn.memory) {
		emulation_set_reg(e, e->insn.rm, e->insn.reg_size, cr0);
		return true;
	}
	if (execute_memory_operand(e, true, &o) != VERDICT_NEXT)
		return false;
	operand_store_u64(e, &o, cr0);
	return true;
}

bool
emulate_decode_cr(struct vcpu *v, struct exit_cr *cr)
{
	struct emulation e;
	u8 number;

	if (!fetch(&e, v))
		return false;
	/* LOCK before MOV CR0 is CR8 on AMD's CPUs (APM vol. 3, MOV CRn). */
	number = e.insn.lock ? e.insn.reg | 8 : e.insn.reg;
	switch (e.insn.op) {
	case OP_READ_CR: set_cr(cr, CR_READ, number, e.insn.rm); return true;
	case OP_WRITE_CR: set_cr(cr, CR_WRITE, number, e.insn.rm); return true;
	case OP_CLTS: set_cr(cr, CR_CLTS, 0, 0xff); return true;
	case OP_LMSW: return load_lmsw(&e, cr);
	case OP_SMSW: return execute_smsw(&e, cr);
	default: return false; /* changed since: run it as it is now */
	}
}
