/* SPDX-License-Identifier: MIT */
/* The opcode tables, from SDM vol. 2, app. A and APM vol. 3, app. A. */
#include "emul/opcodes.h"

#define K  OPC_KNOWN
#define M  (OPC_KNOWN | OPC_MODRM)
#define B  OPC_BYTE
#define I8 OPC_IMM8
#define IZ OPC_IMMZ

// clang-format off
#define KNOWN(extra)             {OP_OTHER, FORM_NONE, K | (extra)}
#define MODRM(extra)             {OP_OTHER, FORM_NONE, M | (extra)}
#define STRING(op, extra)        {op, FORM_NONE, K | (extra)}
#define GROUP(name, form, extra) {name, form, M | OPC_GROUP | (extra)}
#define VECTOR                   {OP_OTHER, FORM_NONE, M | OPC_VECTOR}

/* The first six opcodes of each arithmetic operation. */
#define ALU(base, op)                                                                             \
	[(base)] = {op, FORM_RM_REG, M | B}, [(base) + 1] = {op, FORM_RM_REG, M},                 \
	[(base) + 2] = {op, FORM_REG_RM, M | B}, [(base) + 3] = {op, FORM_REG_RM, M},             \
	[(base) + 4] = {op, FORM_ACC_IMM, K | B | I8}, [(base) + 5] = {op, FORM_ACC_IMM, K | IZ}

const struct opcode opcodes_one[256] = {
	ALU(0x00, OP_ADD),
	ALU(0x08, OP_OR),
	ALU(0x10, OP_ADC),
	ALU(0x18, OP_SBB),
	ALU(0x20, OP_AND),
	ALU(0x28, OP_SUB),
	ALU(0x30, OP_XOR),
	ALU(0x38, OP_CMP),
	[0x06 ... 0x07] = KNOWN(OPC_NOT64), /* PUSH, POP of segment registers */
	[0x0e] = KNOWN(OPC_NOT64),
	[0x16 ... 0x17] = KNOWN(OPC_NOT64),
	[0x1e ... 0x1f] = KNOWN(OPC_NOT64),
	[0x26] = KNOWN(OPC_PREFIX), /* ES */
	[0x27] = KNOWN(OPC_NOT64),
	[0x2e] = KNOWN(OPC_PREFIX), /* CS */
	[0x2f] = KNOWN(OPC_NOT64),
	[0x36] = KNOWN(OPC_PREFIX), /* SS */
	[0x37] = KNOWN(OPC_NOT64),
	[0x3e] = KNOWN(OPC_PREFIX), /* DS */
	[0x3f] = KNOWN(OPC_NOT64),
	[0x40 ... 0x4f] = KNOWN(0), /* INC, DEC; REX in 64-bit code */
	[0x50 ... 0x5f] = KNOWN(OPC_WIDE64),
	[0x60 ... 0x61] = KNOWN(OPC_NOT64),
	[0x62] = MODRM(OPC_NOT64), /* BOUND; EVEX in 64-bit code */
	[0x63] = {OP_MOVSX, FORM_REG_RM, M},
	[0x64 ... 0x67] = KNOWN(OPC_PREFIX), /* FS, GS, operand and address size */
	[0x68] = KNOWN(OPC_WIDE64 | IZ),
	[0x69] = MODRM(IZ),
	[0x6a] = KNOWN(OPC_WIDE64 | I8),
	[0x6b] = MODRM(I8),
	[0x6c] = STRING(OP_INS, B),
	[0x6d] = STRING(OP_INS, OPC_MAX4),
	[0x6e] = STRING(OP_OUTS, B),
	[0x6f] = STRING(OP_OUTS, OPC_MAX4),
	[0x70 ... 0x7f] = KNOWN(I8),
	[0x80] = GROUP(GROUP_ALU, FORM_RM_IMM, B | I8),
	[0x81] = GROUP(GROUP_ALU, FORM_RM_IMM, IZ),
	[0x82] = GROUP(GROUP_ALU, FORM_RM_IMM, B | I8 | OPC_NOT64),
	[0x83] = GROUP(GROUP_ALU, FORM_RM_IMM, I8),
	[0x84] = {OP_TEST, FORM_RM_REG, M | B},
	[0x85] = {OP_TEST, FORM_RM_REG, M},
	[0x86] = {OP_XCHG, FORM_RM_REG, M | B},
	[0x87] = {OP_XCHG, FORM_RM_REG, M},
	[0x88] = {OP_MOV, FORM_RM_REG, M | B},
	[0x89] = {OP_MOV, FORM_RM_REG, M},
	[0x8a] = {OP_MOV, FORM_REG_RM, M | B},
	[0x8b] = {OP_MOV, FORM_REG_RM, M},
	[0x8c] = {OP_STORE_SEGMENT, FORM_RM, M | OPC_WORD},
	[0x8d ... 0x8e] = MODRM(0), /* LEA, MOV to a segment register */
	[0x8f] = GROUP(GROUP_8F, FORM_RM, OPC_WIDE64),
	[0x90 ... 0x99] = KNOWN(0),
	[0x9a] = KNOWN(IZ | OPC_IMM16 | OPC_NOT64),
	[0x9b ... 0x9f] = KNOWN(0),
	[0xa0] = {OP_MOV, FORM_ACC_OFFSET, K | B | OPC_OFFSET},
	[0xa1] = {OP_MOV, FORM_ACC_OFFSET, K | OPC_OFFSET},
	[0xa2] = {OP_MOV, FORM_OFFSET_ACC, K | B | OPC_OFFSET},
	[0xa3] = {OP_MOV, FORM_OFFSET_ACC, K | OPC_OFFSET},
	[0xa4] = STRING(OP_MOVS, B),
	[0xa5] = STRING(OP_MOVS, 0),
	[0xa6] = STRING(OP_CMPS, B),
	[0xa7] = STRING(OP_CMPS, 0),
	[0xa8] = {OP_TEST, FORM_ACC_IMM, K | B | I8},
	[0xa9] = {OP_TEST, FORM_ACC_IMM, K | IZ},
	[0xaa] = STRING(OP_STOS, B),
	[0xab] = STRING(OP_STOS, 0),
	[0xac] = STRING(OP_LODS, B),
	[0xad] = STRING(OP_LODS, 0),
	[0xae] = STRING(OP_SCAS, B),
	[0xaf] = STRING(OP_SCAS, 0),
	[0xb0 ... 0xb7] = KNOWN(B | I8),
	[0xb8 ... 0xbf] = KNOWN(OPC_IMMV),
	[0xc0 ... 0xc1] = MODRM(I8),
	[0xc2] = KNOWN(OPC_IMM16),
	[0xc3] = KNOWN(0),
	[0xc4 ... 0xc5] = MODRM(OPC_NOT64), /* LES, LDS; or VEX */
	[0xc6] = GROUP(GROUP_C6, FORM_RM_IMM, B | I8),
	[0xc7] = GROUP(GROUP_C6, FORM_RM_IMM, IZ),
	[0xc8] = KNOWN(OPC_IMM16 | I8),
	[0xc9] = KNOWN(0),
	[0xca] = KNOWN(OPC_IMM16),
	[0xcb ... 0xcc] = KNOWN(0),
	[0xcd] = KNOWN(I8),
	[0xce] = KNOWN(OPC_NOT64),
	[0xcf] = KNOWN(0),
	[0xd0 ... 0xd3] = MODRM(0),
	[0xd4 ... 0xd5] = KNOWN(I8 | OPC_NOT64),
	[0xd6] = KNOWN(OPC_NOT64), /* SALC */
	[0xd7] = KNOWN(0),
	[0xd8 ... 0xdf] = MODRM(0),
	[0xe0 ... 0xe7] = KNOWN(I8), /* LOOP, JCXZ, IN, OUT */
	[0xe8 ... 0xe9] = KNOWN(IZ | OPC_REL),
	[0xea] = KNOWN(IZ | OPC_IMM16 | OPC_NOT64),
	[0xeb] = KNOWN(I8),
	[0xec ... 0xef] = KNOWN(0),
	[0xf0] = KNOWN(OPC_PREFIX), /* LOCK */
	[0xf1] = KNOWN(0),
	[0xf2 ... 0xf3] = KNOWN(OPC_PREFIX),
	[0xf4 ... 0xf5] = KNOWN(0),
	[0xf6] = GROUP(GROUP_F6, FORM_RM, B),
	[0xf7] = GROUP(GROUP_F6, FORM_RM, 0),
	[0xf8 ... 0xfd] = KNOWN(0),
	[0xfe] = GROUP(GROUP_FE, FORM_RM, B),
	[0xff] = GROUP(GROUP_FF, FORM_RM, 0),
};

const struct opcode opcodes_0f[256] = {
	[0x00] = MODRM(0),
	[0x01] = GROUP(GROUP_0F01, FORM_RM, OPC_WORD),
	[0x02 ... 0x03] = MODRM(0),
	[0x05] = KNOWN(0),
	[0x06] = {OP_CLTS, FORM_NONE, K},
	[0x07 ... 0x09] = KNOWN(0), /* SYSRET, INVD, WBINVD */
	[0x0b] = KNOWN(0),
	[0x0d] = MODRM(0),
	[0x0e] = KNOWN(0),
	[0x0f] = MODRM(I8), /* 3DNow! */
	[0x10 ... 0x11] = VECTOR,
	[0x12 ... 0x1f] = MODRM(0),
	[0x20] = {OP_READ_CR, FORM_NONE, M | OPC_REGISTERS},
	[0x21] = {OP_READ_DR, FORM_NONE, M | OPC_REGISTERS},
	[0x22] = {OP_WRITE_CR, FORM_NONE, M | OPC_REGISTERS},
	[0x23] = {OP_WRITE_DR, FORM_NONE, M | OPC_REGISTERS},
	[0x28 ... 0x29] = VECTOR,
	[0x2a] = MODRM(0),
	[0x2b] = VECTOR,
	[0x2c ... 0x2f] = MODRM(0),
	[0x30 ... 0x35] = KNOWN(0), /* WRMSR, RDTSC, RDMSR, RDPMC, SYSENTER, SYSEXIT */
	[0x37] = KNOWN(0),
	[0x40 ... 0x6d] = MODRM(0),
	[0x6e ... 0x6f] = VECTOR,
	[0x70 ... 0x73] = MODRM(I8),
	[0x74 ... 0x76] = MODRM(0),
	[0x77] = KNOWN(0),
	[0x78 ... 0x79] = MODRM(0),
	[0x7c ... 0x7d] = MODRM(0),
	[0x7e ... 0x7f] = VECTOR,
	[0x80 ... 0x8f] = KNOWN(IZ | OPC_REL),
	[0x90 ... 0x9f] = MODRM(0),
	[0xa0 ... 0xa1] = KNOWN(OPC_WIDE64),
	[0xa2] = KNOWN(0), /* CPUID */
	[0xa3] = {OP_BT, FORM_RM_REG, M},
	[0xa4] = MODRM(I8),
	[0xa5] = MODRM(0),
	[0xa8 ... 0xa9] = KNOWN(OPC_WIDE64),
	[0xaa] = KNOWN(0), /* RSM */
	[0xab] = {OP_BTS, FORM_RM_REG, M},
	[0xac] = MODRM(I8),
	[0xad ... 0xaf] = MODRM(0),
	[0xb0] = {OP_CMPXCHG, FORM_RM_REG, M | B},
	[0xb1] = {OP_CMPXCHG, FORM_RM_REG, M},
	[0xb2] = MODRM(0),
	[0xb3] = {OP_BTR, FORM_RM_REG, M},
	[0xb4 ... 0xb5] = MODRM(0),
	[0xb6] = {OP_MOVZX, FORM_REG_RM, M | B},
	[0xb7] = {OP_MOVZX, FORM_REG_RM, M | OPC_WORD},
	[0xb8 ... 0xb9] = MODRM(0),
	[0xba] = GROUP(GROUP_BIT, FORM_RM_IMM, I8),
	[0xbb] = {OP_BTC, FORM_RM_REG, M},
	[0xbc ... 0xbd] = MODRM(0),
	[0xbe] = {OP_MOVSX, FORM_REG_RM, M | B},
	[0xbf] = {OP_MOVSX, FORM_REG_RM, M | OPC_WORD},
	[0xc0] = {OP_XADD, FORM_RM_REG, M | B},
	[0xc1] = {OP_XADD, FORM_RM_REG, M},
	[0xc2] = MODRM(I8),
	[0xc3] = {OP_MOV, FORM_RM_REG, M | OPC_MIN4}, /* MOVNTI */
	[0xc4 ... 0xc6] = MODRM(I8),
	[0xc7] = MODRM(0),
	[0xc8 ... 0xcf] = KNOWN(0),
	[0xd0 ... 0xd5] = MODRM(0),
	[0xd6] = VECTOR,
	[0xd7 ... 0xe6] = MODRM(0),
	[0xe7] = VECTOR,
	[0xe8 ... 0xff] = MODRM(0),
};

const struct opcode opcode_groups[OPCODE_GROUPS][8] = {
	[GROUP_ALU] = {
		{OP_ADD, FORM_RM_IMM, K}, {OP_OR, FORM_RM_IMM, K},
		{OP_ADC, FORM_RM_IMM, K}, {OP_SBB, FORM_RM_IMM, K},
		{OP_AND, FORM_RM_IMM, K}, {OP_SUB, FORM_RM_IMM, K},
		{OP_XOR, FORM_RM_IMM, K}, {OP_CMP, FORM_RM_IMM, K},
	},
	[GROUP_BIT] = {
		[4] = {OP_BT, FORM_RM_IMM, K},
		[5] = {OP_BTS, FORM_RM_IMM, K},
		[6] = {OP_BTR, FORM_RM_IMM, K},
		[7] = {OP_BTC, FORM_RM_IMM, K},
	},
	[GROUP_F6] = {
		[0 ... 1] = {OP_TEST, FORM_RM_IMM, K | IZ},
		[2] = {OP_NOT, FORM_RM, K},
		[3] = {OP_NEG, FORM_RM, K},
		[4 ... 7] = KNOWN(0), /* MUL, IMUL, DIV, IDIV */
	},
	[GROUP_FE] = {{OP_INC, FORM_RM, K}, {OP_DEC, FORM_RM, K}},
	[GROUP_FF] = {
		[0] = {OP_INC, FORM_RM, K},
		[1] = {OP_DEC, FORM_RM, K},
		[2 ... 5] = KNOWN(OPC_WIDE64), /* CALL, JMP */
		[6] = {OP_PUSH, FORM_RM, K | OPC_WIDE64},
	},
	[GROUP_8F] = {{OP_POP, FORM_RM, K}},
	[GROUP_C6] = {
		[0] = {OP_MOV, FORM_RM_IMM, K},
		[7] = KNOWN(0), /* XABORT, XBEGIN */
	},
	[GROUP_0F01] = {
		[0 ... 3] = KNOWN(0), /* also VMCALL, VMMCALL, XSETBV, MONITOR, MWAIT, ... */
		[4] = {OP_SMSW, FORM_RM, K},
		[5] = KNOWN(0),
		[6] = {OP_LMSW, FORM_RM, K},
		[7] = KNOWN(0), /* INVLPG, RDTSCP, ... */
	},
};

static const struct opcode_vector vectors[] = {
	{0x10, 0, OP_VECTOR_LOAD, VECTOR_FULL, false, false}, /* MOVUPS */
	{0x10, 0x66, OP_VECTOR_LOAD, VECTOR_FULL, false, false}, /* MOVUPD */
	{0x10, 0xf3, OP_VECTOR_LOAD, 4, false, false}, /* MOVSS */
	{0x10, 0xf2, OP_VECTOR_LOAD, 8, false, false}, /* MOVSD */
	{0x11, 0, OP_VECTOR_STORE, VECTOR_FULL, false, false},
	{0x11, 0x66, OP_VECTOR_STORE, VECTOR_FULL, false, false},
	{0x11, 0xf3, OP_VECTOR_STORE, 4, false, false},
	{0x11, 0xf2, OP_VECTOR_STORE, 8, false, false},
	{0x28, 0, OP_VECTOR_LOAD, VECTOR_FULL, true, false}, /* MOVAPS */
	{0x28, 0x66, OP_VECTOR_LOAD, VECTOR_FULL, true, false}, /* MOVAPD */
	{0x29, 0, OP_VECTOR_STORE, VECTOR_FULL, true, false},
	{0x29, 0x66, OP_VECTOR_STORE, VECTOR_FULL, true, false},
	{0x2b, 0, OP_VECTOR_STORE, VECTOR_FULL, true, false}, /* MOVNTPS */
	{0x2b, 0x66, OP_VECTOR_STORE, VECTOR_FULL, true, false}, /* MOVNTPD */
	{0x6e, 0x66, OP_VECTOR_LOAD, VECTOR_GPR, false, true}, /* MOVD, MOVQ */
	{0x6f, 0x66, OP_VECTOR_LOAD, VECTOR_FULL, true, false}, /* MOVDQA */
	{0x6f, 0xf3, OP_VECTOR_LOAD, VECTOR_FULL, false, false}, /* MOVDQU */
	{0x7e, 0x66, OP_VECTOR_STORE, VECTOR_GPR, false, true},
	{0x7e, 0xf3, OP_VECTOR_LOAD, 8, false, true}, /* MOVQ */
	{0x7f, 0x66, OP_VECTOR_STORE, VECTOR_FULL, true, false},
	{0x7f, 0xf3, OP_VECTOR_STORE, VECTOR_FULL, false, false},
	{0xd6, 0x66, OP_VECTOR_STORE, 8, false, true},
	{0xe7, 0x66, OP_VECTOR_STORE, VECTOR_FULL, true, false}, /* MOVNTDQ */
	{0x382a, 0x66, OP_VECTOR_LOAD, VECTOR_FULL, true, false}, /* MOVNTDQA */
};
// clang-format on

const struct opcode_vector *
opcode_vector(u16 opcode, u8 prefix)
{
	for (unsigned i = 0; i < ARRAY_SIZE(vectors); i++) {
		if (vectors[i].opcode == opcode && vectors[i].prefix == prefix)
			return &vectors[i];
	}
	return NULL;
}

struct opcode
opcode_0f38(u8 opcode, u8 prefix)
{
	if (opcode == 0xf9 && prefix == 0)
		return (struct opcode){OP_MOV, FORM_RM_REG, M | OPC_MIN4}; /* MOVDIRI */
	if (opcode == 0x2a)
		return (struct opcode)VECTOR;
	return (struct opcode)MODRM(0);
}

struct opcode
opcode_0f3a(void)
{
	return (struct opcode)MODRM(I8);
}
