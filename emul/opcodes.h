/* SPDX-License-Identifier: MIT */
/*
 * The decoder's tables: what stands behind each opcode, and what it does where the emulator knows.
 * For emul/decode.c alone. Constant.
 */
#pragma once

#include "emul/decode.h"

enum {
	OPC_KNOWN = 1 << 0, /* there is such an opcode */
	OPC_PREFIX = 1 << 1,
	OPC_MODRM = 1 << 2,
	OPC_REGISTERS = 1 << 3, /* its ModRM always names registers (MOV CR, MOV DR) */
	OPC_IMM8 = 1 << 4,
	OPC_IMM16 = 1 << 5,
	OPC_IMMZ = 1 << 6,    /* of the operand's size, 1 to 4 bytes */
	OPC_IMMV = 1 << 7,    /* of the operand's size */
	OPC_REL = 1 << 8,     /* with OPC_IMMZ: 4 bytes in 64-bit code, whatever the prefixes */
	OPC_OFFSET = 1 << 9,  /* an address, of the address size */
	OPC_BYTE = 1 << 10,   /* the operand in memory has one byte */
	OPC_WORD = 1 << 11,   /* two bytes */
	OPC_MAX4 = 1 << 12,   /* at most four: REX.W is ignored */
	OPC_WIDE64 = 1 << 13, /* in 64-bit code 8 bytes without REX.W */
	OPC_NOT64 = 1 << 14,
	OPC_GROUP = 1 << 15,  /* op is an enum opcode_group, ModRM.reg says more */
	OPC_VECTOR = 1 << 16, /* op and sizes by opcode_vector() */
	OPC_MIN4 = 1 << 17,   /* never two */
};

enum opcode_group {
	GROUP_ALU,
	GROUP_BIT,
	GROUP_F6,
	GROUP_FE,
	GROUP_FF,
	GROUP_8F,
	GROUP_C6,
	GROUP_0F01,
	OPCODE_GROUPS
};

struct opcode {
	u8 op;	 /* enum insn_op */
	u8 form; /* enum insn_form */
	u32 flags;
};

extern const struct opcode opcodes_one[256];
extern const struct opcode opcodes_0f[256];
/* Its flags come in addition to those of the opcode that named the group. */
extern const struct opcode opcode_groups[OPCODE_GROUPS][8];

/* prefix: the last of 66h, F2h and F3h that counts, or 0. */
struct opcode opcode_0f38(u8 opcode, u8 prefix);
struct opcode opcode_0f3a(void);

/* The moves between memory and a vector register. */
enum { VECTOR_FULL = 0, VECTOR_GPR = 0xff /* 4 bytes, with W 8 */ };

struct opcode_vector {
	u16 opcode; /* 38xxh: of the map 0F38 */
	u8 prefix;  /* 0, 66h, F2h, F3h */
	u8 op;
	u8 size; /* in bytes; VECTOR_FULL, VECTOR_GPR */
	bool aligned;
	bool short_only; /* VEX.L must be 0 */
};

/* NULL: not one of them. */
const struct opcode_vector *opcode_vector(u16 opcode, u8 prefix);
