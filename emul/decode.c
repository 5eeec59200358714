/* SPDX-License-Identifier: MIT */
#include "emul/decode.h"

#include "arch/x86_64/virt.h"
#include "emul/opcodes.h"

enum { PREFIX_OPERAND = 0x66, PREFIX_ADDRESS = 0x67, PREFIX_REPNE = 0xf2, PREFIX_REPE = 0xf3 };
enum { REX_W = 8, REX_R = 4, REX_X = 2, REX_B = 1 };
enum map { MAP_ONE, MAP_0F, MAP_0F38, MAP_0F3A };

struct decoder {
	const u8 *bytes;
	unsigned at, count;
	enum decode_result result; /* why take() has failed */
	struct insn *insn;
	bool operand_prefix, address_prefix;
	u8 repeat;   /* the last of REPNE and REPE; 0 */
	u8 override; /* enum vseg; VSEGS: none */
	u8 rex;	     /* of VEX too */
	bool vex_256;
	u8 vex_vvvv;
	u8 map, opcode;
	u32 flags; /* of the opcode */
};

/* Sign-extended; size is 1, 2, 4 or 8. */
static inline u64
load(const u8 *p, unsigned size)
{
	s16 word;
	s32 dword;
	u64 qword;

	switch (size) {
	case 1: return (u64)(s8)*p;
	case 2: __builtin_memcpy(&word, p, sizeof(word)); return (u64)word;
	case 4: __builtin_memcpy(&dword, p, sizeof(dword)); return (u64)dword;
	default: __builtin_memcpy(&qword, p, sizeof(qword)); return qword;
	}
}

static bool
too_short(struct decoder *d, unsigned size)
{
	d->result = d->at + size > INSN_MAX ? DECODE_TOO_LONG : DECODE_MORE;
	return false;
}

/* The next bytes as a signed number. False: d->result says why not. */
static inline bool
take(struct decoder *d, unsigned size, u64 *value)
{
	if (d->at + size > d->count)
		return too_short(d, size);
	*value = load(d->bytes + d->at, size);
	d->at += size;
	return true;
}

static inline bool
take_byte(struct decoder *d, u8 *value)
{
	if (d->at >= d->count)
		return too_short(d, 1);
	*value = d->bytes[d->at++];
	return true;
}

static bool
undefined(struct decoder *d)
{
	d->result = DECODE_UNDEFINED;
	return false;
}

/* The old four segment overrides mean nothing in 64-bit code. */
static void
set_override(struct decoder *d, enum vseg seg)
{
	if (d->insn->mode != CODE_64 || seg >= VSEG_FS)
		d->override = (u8)seg;
}

static void
take_prefix(struct decoder *d, u8 prefix)
{
	switch (prefix) {
	case PREFIX_OPERAND: d->operand_prefix = true; break;
	case PREFIX_ADDRESS: d->address_prefix = true; break;
	case PREFIX_REPNE:
	case PREFIX_REPE: d->repeat = prefix; break;
	case 0xf0: d->insn->lock = true; break;
	case 0x26: set_override(d, VSEG_ES); break;
	case 0x2e: set_override(d, VSEG_CS); break;
	case 0x36: set_override(d, VSEG_SS); break;
	case 0x3e: set_override(d, VSEG_DS); break;
	case 0x64: set_override(d, VSEG_FS); break;
	case 0x65: set_override(d, VSEG_GS); break;
	}
}

/* Up to and with the first byte of the opcode. REX counts right before it alone. */
static bool
take_prefixes(struct decoder *d)
{
	u8 byte;

	for (;;) {
		if (!take_byte(d, &byte))
			return false;
		if (d->insn->mode == CODE_64 && (byte & 0xf0) == 0x40) {
			d->rex = byte;
		} else if (opcodes_one[byte].flags & OPC_PREFIX) {
			d->rex = 0;
			take_prefix(d, byte);
		} else {
			d->opcode = byte;
			return true;
		}
	}
}

/* C4h and C5h are LES and LDS outside of 64-bit code when memory follows (SDM vol. 2, 2.3.5). */
static bool
is_vex(const struct decoder *d)
{
	if (d->opcode != 0xc4 && d->opcode != 0xc5)
		return false;
	return d->insn->mode == CODE_64 || (d->at < d->count && d->bytes[d->at] >= 0xc0);
}

static bool
take_vex(struct decoder *d)
{
	static const u8 prefixes[4] = {0, PREFIX_OPERAND, PREFIX_REPE, PREFIX_REPNE};
	u8 first = 0, last;

	if (d->rex != 0 || d->operand_prefix || d->repeat != 0 || d->insn->lock)
		return undefined(d);
	if (!take_byte(d, &first))
		return false;
	d->map = d->opcode == 0xc4 ? first & 0x1f : MAP_0F;
	last = first;
	if (d->opcode == 0xc4 && !take_byte(d, &last))
		return false;
	if (d->map < MAP_0F || d->map > MAP_0F3A)
		return undefined(d);
	d->rex = (first & 0x80) != 0 ? 0 : REX_R;
	if (d->opcode == 0xc4)
		d->rex |= (u8)((~first >> 5 & 3) | (last & 0x80 ? REX_W : 0));
	if (d->insn->mode != CODE_64)
		d->rex &= REX_W;
	d->insn->vex = true;
	d->vex_256 = (last & 4) != 0;
	d->vex_vvvv = (u8)(~last >> 3 & 0xf);
	d->operand_prefix = prefixes[last & 3] == PREFIX_OPERAND;
	d->repeat = prefixes[last & 3] == PREFIX_OPERAND ? 0 : prefixes[last & 3];
	return true;
}

/* The bytes of the opcode behind the first one. */
static bool
take_opcode(struct decoder *d)
{
	if (is_vex(d))
		return take_vex(d) && take_byte(d, &d->opcode);
	if ((d->opcode == 0xc4 || d->opcode == 0xc5) && d->at == d->count) {
		d->result = d->at < INSN_MAX ? DECODE_MORE : DECODE_TOO_LONG;
		return false; /* the next byte tells LES and LDS from VEX */
	}
	if (d->opcode != 0x0f)
		return true;
	d->map = MAP_0F;
	if (!take_byte(d, &d->opcode))
		return false;
	if (d->opcode != 0x38 && d->opcode != 0x3a)
		return true;
	d->map = d->opcode == 0x38 ? MAP_0F38 : MAP_0F3A;
	return take_byte(d, &d->opcode);
}

/* REPNE and REPE win over 66h where a prefix is part of the opcode. */
static u8
opcode_prefix(const struct decoder *d)
{
	if (d->repeat != 0)
		return d->repeat;
	return d->operand_prefix ? PREFIX_OPERAND : 0;
}

static struct opcode
look_up(const struct decoder *d)
{
	switch (d->map) {
	case MAP_ONE: return opcodes_one[d->opcode];
	case MAP_0F: return opcodes_0f[d->opcode];
	case MAP_0F38: return opcode_0f38(d->opcode, opcode_prefix(d));
	default: return opcode_0f3a();
	}
}

static bool
set_opcode(struct decoder *d)
{
	struct opcode opcode = look_up(d);
	struct insn *insn = d->insn;

	if (!(opcode.flags & OPC_KNOWN))
		return undefined(d);
	if ((opcode.flags & OPC_NOT64) && insn->mode == CODE_64)
		return undefined(d);
	insn->op = opcode.op;
	insn->form = opcode.form;
	d->flags = opcode.flags;
	if (insn->vex && !(opcode.flags & OPC_VECTOR))
		insn->op = OP_OTHER; /* VEX makes another instruction of it */
	return true;
}

static u8
operand_size(const struct decoder *d)
{
	u8 mode = d->insn->mode;

	if (d->flags & OPC_BYTE)
		return 1;
	if (mode == CODE_64 && (d->rex & REX_W))
		return d->flags & OPC_MAX4 ? 4 : 8;
	if (mode == CODE_64 && (d->flags & OPC_WIDE64))
		return d->operand_prefix ? 2 : 8;
	if (d->flags & OPC_MIN4)
		return 4;
	return (mode == CODE_16) == d->operand_prefix ? 4 : 2;
}

static u8
address_size(const struct decoder *d)
{
	switch (d->insn->mode) {
	case CODE_16: return d->address_prefix ? 4 : 2;
	case CODE_32: return d->address_prefix ? 2 : 4;
	default: return d->address_prefix ? 4 : 8;
	}
}

static void
set_segment(struct decoder *d)
{
	u8 base = d->insn->base;

	if (d->override != VSEGS)
		d->insn->segment = d->override;
	else
		d->insn->segment = base == VREG_RSP || base == VREG_RBP ? VSEG_SS : VSEG_DS;
}

/* SDM vol. 2, table 2-1. */
static bool
take_memory_16(struct decoder *d, unsigned mod, unsigned rm)
{
	static const u8 bases[8] = {VREG_RBX, VREG_RBX, VREG_RBP, VREG_RBP,
				    VREG_RSI, VREG_RDI, VREG_RBP, VREG_RBX};
	static const u8 indices[8] = {VREG_RSI,	   VREG_RDI,	VREG_RSI,    VREG_RDI,
				      INSN_NO_REG, INSN_NO_REG, INSN_NO_REG, INSN_NO_REG};

	if (mod == 0 && rm == 6)
		return take(d, 2, &d->insn->disp);
	d->insn->base = bases[rm];
	d->insn->index = indices[rm];
	return mod == 0 || take(d, mod, &d->insn->disp);
}

/* SDM vol. 2, table 2-3: *base becomes the number in it, without REX. */
static bool
take_sib(struct decoder *d, unsigned *base)
{
	u8 sib, index;

	if (!take_byte(d, &sib))
		return false;
	index = (u8)(((sib >> 3) & 7) | (d->rex & REX_X ? 8 : 0));
	if (index != VREG_RSP)
		d->insn->index = index;
	d->insn->scale = (u8)(1u << (sib >> 6));
	*base = sib & 7;
	return true;
}

/* SDM vol. 2, table 2-2 and 2.2.1.6. */
static bool
take_memory_32(struct decoder *d, unsigned mod, unsigned rm)
{
	bool sib = rm == 4;

	if (sib && !take_sib(d, &rm))
		return false;
	if (mod == 0 && rm == 5) {
		d->insn->rip = !sib && d->insn->mode == CODE_64;
		return take(d, 4, &d->insn->disp);
	}
	d->insn->base = (u8)(rm | (d->rex & REX_B ? 8 : 0));
	return mod == 0 || take(d, mod == 1 ? 1 : 4, &d->insn->disp);
}

static bool
set_group(struct decoder *d, unsigned reg)
{
	const struct opcode *more;

	if (!(d->flags & OPC_GROUP))
		return true;
	more = &opcode_groups[d->insn->op][reg];
	if (!(more->flags & OPC_KNOWN))
		return undefined(d);
	d->insn->op = more->op;
	d->insn->form = more->form;
	d->flags |= more->flags;
	return true;
}

static bool
take_modrm(struct decoder *d)
{
	unsigned mod, reg, rm;
	u8 modrm;

	if (!(d->flags & OPC_MODRM))
		return true;
	if (!take_byte(d, &modrm))
		return false;
	mod = modrm >> 6;
	reg = (modrm >> 3) & 7;
	rm = modrm & 7;
	if (!set_group(d, reg))
		return false;
	d->insn->reg = (u8)(reg | (d->rex & REX_R ? 8 : 0));
	d->insn->rm = (u8)(rm | (d->rex & REX_B ? 8 : 0));
	if (mod == 3 || (d->flags & OPC_REGISTERS))
		return true;
	d->insn->memory = true;
	return d->insn->address_size == 2 ? take_memory_16(d, mod, rm) : take_memory_32(d, mod, rm);
}

static bool
take_offset(struct decoder *d)
{
	if (!(d->flags & OPC_OFFSET))
		return true;
	d->insn->memory = true;
	return take(d, d->insn->address_size, &d->insn->disp);
}

/* Far pointers and ENTER have two, of which only the length matters. */
static bool
take_immediates(struct decoder *d)
{
	const u32 any = OPC_IMMZ | OPC_IMMV | OPC_IMM16 | OPC_IMM8;
	u64 *immediate = &d->insn->immediate;
	u8 size = d->insn->size;
	u8 z = (d->flags & OPC_REL) && d->insn->mode == CODE_64 ? 4 : (u8)MIN(size, 4);

	if (!(d->flags & any))
		return true;
	if ((d->flags & OPC_IMMZ) && !take(d, z, immediate))
		return false;
	if ((d->flags & OPC_IMMV) && !take(d, size, immediate))
		return false;
	if ((d->flags & OPC_IMM16) && !take(d, 2, immediate))
		return false;
	return !(d->flags & OPC_IMM8) || take(d, 1, immediate);
}

/* The operand in memory, and the register that it is moved to or from. */
static void
set_sizes(struct decoder *d)
{
	struct insn *insn = d->insn;

	if (insn->op != OP_MOVZX && insn->op != OP_MOVSX) {
		if (d->flags & OPC_WORD)
			insn->size = 2;
		return;
	}
	if (d->flags & OPC_BYTE) {
		d->flags &= ~(u32)OPC_BYTE;
		insn->reg_size = operand_size(d);
		insn->size = 1;
	} else {
		insn->size = d->flags & OPC_WORD ? 2 : (u8)MIN(insn->reg_size, 4); /* MOVSXD */
	}
}

/* VEX.vvvv must name nothing where it is not an operand (SDM vol. 2, 2.3.5.6). */
static bool
set_vector(struct decoder *d)
{
	const struct opcode_vector *v;
	struct insn *insn = d->insn;

	if (!(d->flags & OPC_VECTOR))
		return true;
	v = opcode_vector((u16)((d->map == MAP_0F38 ? 0x3800 : 0) | d->opcode), opcode_prefix(d));
	if (v == NULL || !insn->memory)
		return true; /* of MMX, or without memory */
	if (insn->vex && (d->vex_vvvv != 0 || (v->short_only && d->vex_256)))
		return undefined(d);
	insn->op = v->op;
	insn->aligned = v->aligned;
	insn->size = v->size;
	if (v->size == VECTOR_GPR)
		insn->size = insn->mode == CODE_64 && (d->rex & REX_W) ? 8 : 4;
	else if (v->size == VECTOR_FULL)
		insn->size = d->vex_256 ? 32 : 16;
	return true;
}

/* The few opcodes that mean something else by mode or operands. */
static bool
set_exceptions(struct decoder *d)
{
	struct insn *insn = d->insn;

	if (d->map == MAP_ONE && d->opcode == 0x63 && insn->mode != CODE_64)
		insn->op = OP_OTHER; /* ARPL */
	if (insn->op == OP_STORE_SEGMENT) {
		insn->reg &= 7; /* REX.R is of no use to it */
		if (insn->reg > VSEG_GS)
			return undefined(d);
	}
	if ((d->flags & OPC_MIN4) && (!insn->memory || opcode_prefix(d) != 0))
		return undefined(d); /* MOVNTI, MOVDIRI */
	return true;
}

static bool
decode_all(struct decoder *d)
{
	if (!take_prefixes(d) || !take_opcode(d) || !set_opcode(d))
		return false;
	d->insn->address_size = address_size(d);
	if (!take_modrm(d) || !take_offset(d))
		return false;
	d->insn->size = d->insn->reg_size = operand_size(d);
	if (!take_immediates(d))
		return false;
	set_sizes(d);
	set_segment(d);
	return set_vector(d) && set_exceptions(d);
}

enum decode_result
decode(const u8 *bytes, unsigned count, enum code_size mode, struct insn *insn)
{
	struct decoder d = {
		.bytes = bytes,
		.count = MIN(count, (unsigned)INSN_MAX),
		.insn = insn,
		.override = VSEGS,
	};

	*insn = (struct insn){.mode = (u8)mode,
			      .base = INSN_NO_REG,
			      .index = INSN_NO_REG,
			      .scale = 1};
	if (!decode_all(&d))
		return d.result;
	insn->length = (u8)d.at;
	insn->rex = d.rex != 0 && !insn->vex;
	insn->repe = d.repeat == PREFIX_REPE;
	insn->repne = d.repeat == PREFIX_REPNE;
	return DECODE_OK;
}

/* SDM vol. 2, LOCK. */
bool
insn_lockable(const struct insn *insn)
{
	if (!insn->memory)
		return false;
	switch (insn->form) {
	case FORM_RM_REG:
	case FORM_RM_IMM:
	case FORM_RM: break;
	default: return false;
	}
	switch (insn->op) {
	case OP_ADD ... OP_XOR:
	case OP_NOT ... OP_DEC:
	case OP_BTS ... OP_BTC:
	case OP_CMPXCHG ... OP_XCHG: return true;
	default: return false;
	}
}
