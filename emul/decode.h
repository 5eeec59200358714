/* SPDX-License-Identifier: MIT */
/*
 * The x86 instruction decoder: bytes in, struct insn out, by the tables in opcodes.c (SDM vol. 2,
 * ch. 2 and app. A; APM vol. 3, app. A). It gives the length of every instruction that can exit,
 * and of nearly all others; and the operands of those that may well access device memory, whose op
 * is not OP_OTHER. Pure; never reads beyond the bytes given; no lock.
 */
#pragma once

#include "include/types.h"

enum { INSN_MAX = 15 /* bytes; a longer one is #GP */ };

/* The size of addresses, and of operands but in 64-bit code, that CS gives by default: bytes. */
enum code_size { CODE_16 = 2, CODE_32 = 4, CODE_64 = 8 };

enum decode_result {
	DECODE_OK,
	DECODE_MORE,	  /* it goes on behind the bytes given */
	DECODE_UNDEFINED, /* not an instruction that we know; most of them are #UD */
	DECODE_TOO_LONG,  /* more than INSN_MAX bytes: #GP(0) */
};

enum insn_op {
	OP_OTHER, /* only its length is known */
	OP_ADD,	  /* these eight as instructions number them */
	OP_OR,
	OP_ADC,
	OP_SBB,
	OP_AND,
	OP_SUB,
	OP_XOR,
	OP_CMP,
	OP_TEST,
	OP_NOT,
	OP_NEG,
	OP_INC,
	OP_DEC,
	OP_BT, /* these four, too */
	OP_BTS,
	OP_BTR,
	OP_BTC,
	OP_CMPXCHG,
	OP_XADD,
	OP_XCHG,
	OP_MOV,
	OP_MOVZX, /* from size to reg_size */
	OP_MOVSX,
	OP_STORE_SEGMENT, /* MOV from the segment register reg */
	OP_PUSH,
	OP_POP,
	OP_MOVS,
	OP_STOS,
	OP_LODS,
	OP_CMPS,
	OP_SCAS,
	OP_INS,
	OP_OUTS,
	OP_VECTOR_LOAD, /* to the vector register reg, the rest of which becomes 0 */
	OP_VECTOR_STORE,
	OP_READ_CR, /* MOV to the register rm from CR reg; and so on */
	OP_WRITE_CR,
	OP_READ_DR,
	OP_WRITE_DR,
	OP_CLTS,
	OP_LMSW,
	OP_SMSW, /* reg_size tells how much of CR0 */
	INSN_OPS
};

/* Where the operands are. The source or the count may also be an immediate or CL. */
enum insn_form {
	FORM_NONE, /* fixed by the instruction */
	FORM_RM_REG,
	FORM_REG_RM,
	FORM_RM_IMM,
	FORM_RM,
	FORM_ACC_IMM,
	FORM_ACC_OFFSET, /* the accumulator from the memory at disp */
	FORM_OFFSET_ACC,
};

enum { INSN_NO_REG = 0xff /* as base or index */ };

struct insn {
	u8 length;
	u8 op;	 /* enum insn_op */
	u8 form; /* enum insn_form */
	u8 mode; /* enum code_size */

	u8 size;	 /* of the operand, which may be in memory: 1 to 32 bytes */
	u8 reg_size;	 /* of the register, where it differs (MOVZX); else as size */
	u8 address_size; /* 2, 4, 8 */
	bool lock, repe, repne;
	bool rex;     /* registers 4 to 7 of a byte are SPL to DIL, not AH to BH */
	bool vex;     /* upper halves of vector registers become 0 */
	bool aligned; /* #GP when the memory is not aligned to its size */

	bool memory;   /* rm is memory: segment:base + index * scale + disp */
	u8 reg, rm;    /* register numbers 0 to 15 */
	u8 segment;    /* enum vseg; of strings: of the source */
	u8 base;       /* enum vreg, or INSN_NO_REG */
	u8 index;      /* likewise */
	u8 scale;      /* 1, 2, 4, 8 */
	bool rip;      /* disp is relative to the next instruction */
	u64 disp;      /* sign-extended */
	u64 immediate; /* sign-extended to 64 bits */
};

/* What it says of insn is valid with DECODE_OK alone. */
enum decode_result decode(const u8 *bytes, unsigned count, enum code_size mode, struct insn *insn);

/* Whether LOCK may stand before it; without, LOCK is #UD. */
bool insn_lockable(const struct insn *insn);
