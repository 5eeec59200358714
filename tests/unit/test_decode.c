/* SPDX-License-Identifier: MIT */
// SOURCES: emul/decode.c emul/opcodes.c
/*
 * The decoder against the assembler's own output. Each case knows what it has asked NASM for; each
 * is also cut short at every byte, in memory that ends there.
 */
#include "tests/unit/test.h"

#include <string.h>

#include "arch/x86_64/virt.h"
#include "emul/decode.h"
#include "tests/unit/fake/assembler.h"
#include "tests/unit/fake/bytes.h"

static const unsigned modes[3] = {16, 32, 64};

static const char *const registers[4][16] = {
	{"al",  "cl",  "dl",  "bl",	 "ah",  "ch",  "dh",  "bh",	 "r8b", "r9b", "r10b", "r11b", "r12b",
	 "r13b",											       "r14b", "r15b"},
	{"ax",  "cx",  "dx",  "bx",	 "sp",  "bp",  "si",  "di",	 "r8w", "r9w", "r10w", "r11w", "r12w",
	 "r13w",											       "r14w", "r15w"},
	{"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "r8d", "r9d", "r10d", "r11d",
	 "r12d",										       "r13d", "r14d", "r15d"},
	{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8",  "r9",  "r10",  "r11",  "r12",
	 "r13",												"r14",  "r15" },
};
static const char *const keywords[4] = {"byte", "word", "dword", "qword"};

static const char *const low_bytes_of_rex[4] = {"spl", "bpl", "sil", "dil"};

static struct assembler as;
static unsigned code_bits; /* of the code being made */

static void
begin(unsigned bits)
{
	code_bits = bits;
	assembler_begin(&as, bits);
}

/* In 64-bit code the low bytes of all registers. */
static const char *
reg_name(unsigned reg, unsigned size)
{
	if (code_bits == 64 && size == 1 && reg >= VREG_RSP && reg <= VREG_RDI)
		return low_bytes_of_rex[reg - VREG_RSP];
	return registers[__builtin_ctz(size)][reg];
}

static const char *
keyword(unsigned size)
{
	return keywords[__builtin_ctz(size)];
}

/* What a case expects; what is not of interest is any(). */
enum { ANY = 0xfe };

struct expected {
	u8 op, form, size, reg_size, reg;
	bool has_immediate, lock, repe, repne, aligned, vex;
	u64 immediate;
	u8 segment;
	u8 address_size;
	bool has_address;
	u64 address; /* with the registers in test_regs */
	bool rip;    /* address is a target within the code */
};

static struct expected expected[ASSEMBLER_LINES_MAX];
static const u64 test_regs[16] = {
	0x0123456789abcdef, 0xf00df00df00df00d, 0x1111222233334444, 0xfedcba9876543210,
	0x8000000000007fff, 0x00000000ffff8001, 0x7fffffffffffff01, 0x0a0b0c0d0e0f0a0b,
	0x9999888877776666, 0x13579bdf02468ace, 0xfffffffffffffff1, 0x5555aaaa5555aaaa,
	0x00ff00ff00ff00ff, 0x123456789abcdef1, 0x6b8b4567327b23c6, 0x643c986966334873,
};

static struct expected
any(void)
{
	return (struct expected){.op = ANY, .form = ANY, .reg = ANY, .segment = ANY};
}

static u64
cut(u64 value, unsigned size)
{
	return size == 8 ? value : value & ((1ul << (8 * size)) - 1);
}

static u64
address_of(const struct insn *insn)
{
	u64 address = insn->disp;

	if (insn->base != INSN_NO_REG)
		address += test_regs[insn->base];
	if (insn->index != INSN_NO_REG)
		address += test_regs[insn->index] * insn->scale;
	return cut(address, insn->address_size);
}

static void
show(u32 n, const char *what)
{
	print_error("case %u:", n);
	for (u32 i = as.offsets[n]; i < as.offsets[n + 1]; i++)
		print_error(" %02x", as.bytes[i]);
	print_error(": wrong %s\n", what);
	_fail(__FILE__, __LINE__);
}

#define expect(n, what, condition)                                                                 \
	do {                                                                                       \
		if (!(condition))                                                                  \
			show(n, what);                                                             \
	} while (0)

static void
check_address(u32 n, const struct insn *insn, const struct expected *e)
{
	expect(n, "memory", insn->memory);
	expect(n, "address size", insn->address_size == e->address_size);
	expect(n, "RIP", insn->rip == e->rip);
	if (e->rip)
		expect(n, "target", insn->disp + as.offsets[n + 1] == e->address);
	else
		expect(n, "address", address_of(insn) == e->address);
	if (e->segment != ANY)
		expect(n, "segment", insn->segment == e->segment);
	else if (insn->base == VREG_RSP || insn->base == VREG_RBP)
		expect(n, "segment", insn->segment == VSEG_SS);
	else
		expect(n, "segment", insn->segment == VSEG_DS);
}

static void
check_operands(u32 n, const struct insn *insn, const struct expected *e)
{
	expect(n, "op", e->op == ANY || insn->op == e->op);
	expect(n, "form", e->form == ANY || insn->form == e->form);
	expect(n, "size", e->size == 0 || insn->size == e->size);
	expect(n, "reg_size", e->reg_size == 0 || insn->reg_size == e->reg_size);
	expect(n, "reg", e->reg == ANY || insn->reg == e->reg);
	expect(n, "immediate", !e->has_immediate || insn->immediate == e->immediate);
	expect(n, "LOCK", insn->lock == e->lock);
	if (e->op != ANY) {
		expect(n, "REPE", insn->repe == e->repe || e->op >= OP_VECTOR_LOAD);
		expect(n, "REPNE", insn->repne == e->repne || e->op >= OP_VECTOR_LOAD);
		expect(n, "alignment", insn->aligned == e->aligned);
		expect(n, "VEX", insn->vex == e->vex);
	}
	if (e->has_address)
		check_address(n, insn, e);
}

static enum decode_result
decode_copy(const u8 *bytes, unsigned count, unsigned bits, struct insn *insn)
{
	u8 *copy = exact_copy(bytes, count);
	enum decode_result result = decode(copy, count, (enum code_size)(bits / 8), insn);

	free(copy);
	return result;
}

static void
check_case(u32 n, unsigned bits)
{
	const u8 *bytes = as.bytes + as.offsets[n];
	u32 length = assembler_length(&as, n);
	struct insn insn;

	for (u32 count = 0; count < length; count++)
		expect(n, "cut", decode_copy(bytes, count, bits, &insn) == DECODE_MORE);
	expect(n, "result", decode_copy(bytes, length, bits, &insn) == DECODE_OK);
	expect(n, "length", insn.length == length);
	check_operands(n, &insn, &expected[n]);
}

static void
check_all(unsigned bits)
{
	assembler_end(&as);
	assert_true(as.count > 0);
	for (u32 n = 0; n < as.count; n++)
		check_case(n, bits);
	free(as.bytes);
}

static void
add(struct expected e, const char *text)
{
	u32 n = assembler_add(&as, "%s", text);

	expected[n] = e;
}

static __printf_like(2, 3) void addf(struct expected e, const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	add(e, text);
}

/* Registers that 16-, 32- and 64-bit code can name. */
static unsigned
reg_count(unsigned bits)
{
	return bits == 64 ? 16 : 8;
}

static const s32 displacements[] = {0, 0x12, -0x12, 0x1234, -0x12345678, 0x7fffffff};

static void
add_address(struct expected e, const char *inside, unsigned size, u64 address)
{
	e.op = OP_MOV;
	e.form = FORM_REG_RM;
	e.reg = VREG_RDX;
	e.size = e.reg_size = 4;
	e.has_address = true;
	e.address_size = (u8)size;
	e.address = cut(address, size);
	addf(e, "mov edx, [%s]", inside);
}

static void
add_base_index(unsigned size, unsigned base, unsigned index, unsigned scale, s32 disp)
{
	char text[80];

	snprintf(text, sizeof(text), "%s+%s*%u%+d", reg_name(base, size), reg_name(index, size),
		 scale, disp);
	add_address(any(), text, size, test_regs[base] + test_regs[index] * scale + (u64)(s64)disp);
}

static void
add_base(unsigned size, unsigned base, s32 disp)
{
	char text[80];

	snprintf(text, sizeof(text), "%s%+d", reg_name(base, size), disp);
	add_address(any(), text, size, test_regs[base] + (u64)(s64)disp);
}

static void
add_index(unsigned size, unsigned index, unsigned scale, s32 disp)
{
	char text[80];

	snprintf(text, sizeof(text), "nosplit %s*%u%+d", reg_name(index, size), scale, disp);
	add_address(any(), text, size, test_regs[index] * scale + (u64)(s64)disp);
}

static void
add_sib_forms(unsigned bits, unsigned size, s32 disp)
{
	for (unsigned base = 0; base < reg_count(bits); base++) {
		add_base(size, base, disp);
		for (unsigned index = 0; index < reg_count(bits); index++) {
			for (unsigned scale = 1; scale <= 8 && index != VREG_RSP; scale *= 2)
				add_base_index(size, base, index, scale, disp);
		}
	}
	for (unsigned index = 0; index < reg_count(bits); index++) {
		for (unsigned scale = 2; scale <= 8 && index != VREG_RSP; scale *= 2)
			add_index(size, index, scale, disp);
	}
}

static void
addresses_with_sib(void **state)
{
	for (unsigned m = 0; m < 3; m++) {
		for (unsigned i = 0; i < ARRAY_SIZE(displacements); i++) {
			begin(modes[m]);
			add_sib_forms(modes[m], 4, displacements[i]);
			if (modes[m] == 64)
				add_sib_forms(64, 8, displacements[i]);
			check_all(modes[m]);
		}
	}
}

static void
addresses_of_16_bits(void **state)
{
	static const struct {
		const char *text;
		u8 base, index;
	} forms[] = {
		{"bx+si", VREG_RBX, VREG_RSI},
		       {"bx+di", VREG_RBX, VREG_RDI},
		{"bp+si", VREG_RBP, VREG_RSI},
		       {"bp+di", VREG_RBP, VREG_RDI},
		{"si",    VREG_RSI, ANY	    },
		       {"di",    VREG_RDI, ANY	   },
		{"bp",    VREG_RBP, ANY	    },
		       {"bx",    VREG_RBX, ANY	   },
	};

	for (unsigned m = 0; m < 2; m++) {
		begin(modes[m]);
		for (unsigned i = 0; i < ARRAY_SIZE(forms) * 4; i++) {
			u64 sum = test_regs[forms[i / 4].base];
			char text[40];

			if (forms[i / 4].index != ANY)
				sum += test_regs[forms[i / 4].index];
			snprintf(text, sizeof(text), "%s%+d", forms[i / 4].text,
				 displacements[i % 4]);
			add_address(any(), text, 2, sum + (u64)(s64)displacements[i % 4]);
		}
		add_address(any(), "word 0x1234", 2, 0x1234);
		add_address(any(), "word 0xfedc", 2, 0xfedc);
		check_all(modes[m]);
	}
}

static void
addresses_without_registers(void **state)
{
	struct expected e = any();

	begin(64);
	add_address(any(), "abs 0x12345678", 8, 0x12345678);
	add_address(any(), "abs 0xfffffffffee00020", 8, 0xfffffffffee00020);
	add_address(any(), "a32 abs 0xfee00020", 4, 0xfee00020);
	e.rip = true;
	add_address(e, "rel L0+0x12345678", 8, 0x12345678);
	add_address(e, "rel L0", 8, 0);
	e.form = FORM_ACC_OFFSET;
	e.op = OP_MOV;
	e.rip = false;
	e.has_address = true;
	e.address_size = 8;
	e.address = 0x1122334455667788;
	for (unsigned size = 1; size <= 8; size *= 2) {
		e.size = (u8)size;
		e.form = FORM_ACC_OFFSET;
		addf(e, "mov %s, [qword 0x1122334455667788]", reg_name(0, size));
		e.form = FORM_OFFSET_ACC;
		addf(e, "mov [qword 0x1122334455667788], %s", reg_name(0, size));
	}
	check_all(64);
	begin(32);
	add_address(any(), "dword 0xfee00020", 4, 0xfee00020);
	e.address_size = 4;
	e.address = 0xfee000b0;
	e.size = 4;
	e.form = FORM_OFFSET_ACC;
	addf(e, "mov [0xfee000b0], eax");
	e.address_size = 2;
	e.address = 0xfedc;
	e.size = 2;
	addf(e, "mov [word 0xfedc], ax");
	check_all(32);
	begin(16);
	e.form = FORM_ACC_OFFSET;
	e.address = 0x8000;
	e.size = 1;
	addf(e, "mov al, [0x8000]");
	check_all(16);
}

static void
segments(void **state)
{
	static const char *const names[] = {"es", "cs", "ss", "ds", "fs", "gs"};

	for (unsigned m = 0; m < 3; m++) {
		begin(modes[m]);
		for (unsigned s = modes[m] == 64 ? VSEG_FS : VSEG_ES; s <= VSEG_GS; s++) {
			struct expected e = any();
			char text[40];

			e.segment = (u8)s;
			snprintf(text, sizeof(text), "%s:ebp+8", names[s]);
			add_address(e, text, 4, test_regs[VREG_RBP] + 8);
			snprintf(text, sizeof(text), "%s:eax+8", names[s]);
			add_address(e, text, 4, test_regs[VREG_RAX] + 8);
			e.op = OP_LODS;
			e.size = 1;
			e.repe = true;
			addf(e, "rep %s lodsb", names[s]);
		}
		check_all(modes[m]);
	}
}

/* The old segments' prefixes mean nothing in 64-bit code, not even after FS. */
static void
ignored_segments(void **state)
{
	static const u8 with_ds[] = {0x3e, 0x8b, 0x45, 0x00}, with_fs[] = {0x64, 0x2e, 0x8b, 0x00};
	struct insn insn;

	assert_int_equal(decode(with_ds, 4, CODE_64, &insn), DECODE_OK);
	assert_int_equal(insn.segment, VSEG_SS);
	assert_int_equal(decode(with_ds, 4, CODE_32, &insn), DECODE_OK);
	assert_int_equal(insn.segment, VSEG_DS);
	assert_int_equal(decode(with_fs, 4, CODE_64, &insn), DECODE_OK);
	assert_int_equal(insn.segment, VSEG_FS);
	assert_int_equal(decode(with_fs, 4, CODE_32, &insn), DECODE_OK);
	assert_int_equal(insn.segment, VSEG_CS);
}

/* A memory operand that every mode can name, in several lengths. */
static const char *
some_memory(unsigned bits, unsigned n)
{
	static const char *const all[3][4] = {
		{"[bx+si]",	    "[bp-8]",	      "[0x1234]",		  "[ebx+ecx*4+0x100]"   },
		{"[eax]",	  "[ebp+edi*2-4]",   "[0xfee00000]",	   "[bx+di+7]"	      },
		{"[r9+0x1000]", "[rsp+r12*8-0x7]", "[rel L0+0x12345678]", "[a32 abs 0xfee00000]"},
	};

	return all[bits / 32][n % 4];
}

typedef void (*for_size)(unsigned bits, unsigned size, const char *memory);

/* Calls it for every mode, size and some memory operands, and checks what it has added. */
static void
for_sizes(unsigned least, for_size fn)
{
	for (unsigned m = 0; m < 3; m++) {
		begin(modes[m]);
		for (unsigned size = least; size <= (modes[m] == 64 ? 8 : 4); size *= 2) {
			for (unsigned n = 0; n < 4; n++)
				fn(modes[m], size, some_memory(modes[m], n));
		}
		check_all(modes[m]);
	}
}

static struct expected
expected_rm(u8 op, u8 form, unsigned size, unsigned reg)
{
	struct expected e = any();

	e.op = op;
	e.form = form;
	e.size = e.reg_size = (u8)size;
	e.reg = (u8)reg;
	return e;
}

static struct expected
expected_imm(u8 op, unsigned size, u64 immediate)
{
	struct expected e = expected_rm(op, FORM_RM_IMM, size, ANY);

	e.has_immediate = true;
	e.immediate = immediate;
	return e;
}

/* Of the size, sign-extended as the instruction does. */
static u64
immediate_of(unsigned size)
{
	static const u64 values[] = {0xffffffffffffff85, 0xffffffffffff8765, 0xffffffff87654321};

	return values[MIN(__builtin_ctz(size), 2)];
}

static void
add_reg_forms(u8 op, const char *name, unsigned bits, unsigned size, const char *memory)
{
	for (unsigned reg = 1; reg < reg_count(bits); reg += 3) {
		addf(expected_rm(op, FORM_RM_REG, size, reg), "%s %s, %s", name, memory,
		     reg_name(reg, size));
	}
}

static void
add_alu(unsigned bits, unsigned size, const char *memory)
{
	static const char *const names[] = {"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"};

	for (u8 op = OP_ADD; op <= OP_CMP; op++) {
		const char *name = names[op - OP_ADD];

		add_reg_forms(op, name, bits, size, memory);
		addf(expected_rm(op, FORM_REG_RM, size, VREG_RDX), "%s %s, %s", name,
		     reg_name(VREG_RDX, size), memory);
		addf(expected_imm(op, size, immediate_of(size)), "%s %s %s, %ld", name,
		     keyword(size), memory, (long)immediate_of(size));
		if (size > 1)
			addf(expected_imm(op, size, (u64)-3), "%s %s %s, strict byte -3", name,
			     keyword(size), memory);
	}
	add_reg_forms(OP_TEST, "test", bits, size, memory);
	addf(expected_imm(OP_TEST, size, immediate_of(size)), "test %s %s, %ld", keyword(size),
	     memory, (long)immediate_of(size));
}

static void
arithmetic(void **state)
{
	for_sizes(1, add_alu);
}

static void
add_one_operand(unsigned bits, unsigned size, const char *memory)
{
	static const char *const names[] = {"not", "neg", "inc", "dec"};

	for (u8 op = OP_NOT; op <= OP_DEC; op++) {
		struct expected e = expected_rm(op, FORM_RM, size, ANY);

		addf(e, "%s %s %s", names[op - OP_NOT], keyword(size), memory);
		e.lock = true;
		addf(e, "lock %s %s %s", names[op - OP_NOT], keyword(size), memory);
	}
}

static void
one_operand(void **state)
{
	for_sizes(1, add_one_operand);
}

static void
add_exchanges(unsigned bits, unsigned size, const char *memory)
{
	add_reg_forms(OP_XCHG, "xchg", bits, size, memory);
	add_reg_forms(OP_XADD, "xadd", bits, size, memory);
	add_reg_forms(OP_CMPXCHG, "cmpxchg", bits, size, memory);
}

static void
exchanges(void **state)
{
	for_sizes(1, add_exchanges);
}

static void
add_bits(unsigned bits, unsigned size, const char *memory)
{
	static const char *const names[] = {"bt", "bts", "btr", "btc"};

	for (u8 op = OP_BT; op <= OP_BTC; op++) {
		add_reg_forms(op, names[op - OP_BT], bits, size, memory);
		addf(expected_imm(op, size, 7), "%s %s %s, 7", names[op - OP_BT], keyword(size),
		     memory);
	}
}

static void
bit_tests(void **state)
{
	for_sizes(2, add_bits);
}

static void
add_moves(unsigned bits, unsigned size, const char *memory)
{
	add_reg_forms(OP_MOV, "mov", bits, size, memory);
	for (unsigned reg = 1; reg < reg_count(bits); reg += 2)
		addf(expected_rm(OP_MOV, FORM_REG_RM, size, reg), "mov %s, %s", reg_name(reg, size),
		     memory);
	addf(expected_imm(OP_MOV, size, immediate_of(size)), "mov %s %s, %ld", keyword(size),
	     memory, (long)immediate_of(size));
	if (size >= 4)
		addf(expected_rm(OP_MOV, FORM_RM_REG, size, VREG_RDI), "movnti %s, %s", memory,
		     reg_name(VREG_RDI, size));
}

static void
moves(void **state)
{
	for_sizes(1, add_moves);
}

/* size is that of the register. */
static void
add_extensions(unsigned bits, unsigned size, const char *memory)
{
	static const char *const names[] = {"movzx", "movsx"};

	for (u8 op = OP_MOVZX; op <= OP_MOVSX; op++) {
		for (unsigned from = 1; from <= 2; from *= 2) {
			struct expected e = expected_rm(op, FORM_REG_RM, from, VREG_RBX);

			e.reg_size = (u8)size;
			if (from < size)
				addf(e, "%s %s, %s %s", names[op - OP_MOVZX],
				     reg_name(VREG_RBX, size), keyword(from), memory);
		}
	}
	if (size == 8) {
		struct expected e = expected_rm(OP_MOVSX, FORM_REG_RM, 4, VREG_R8);

		e.reg_size = 8;
		addf(e, "movsxd r8, dword %s", memory);
	}
}

static void
extensions(void **state)
{
	for_sizes(2, add_extensions);
}

static void
add_pushes(unsigned bits, unsigned size, const char *memory)
{
	if (bits == 64 && size == 4)
		return;
	addf(expected_rm(OP_PUSH, FORM_RM, size, ANY), "push %s %s", keyword(size), memory);
	addf(expected_rm(OP_POP, FORM_RM, size, ANY), "pop %s %s", keyword(size), memory);
}

static void
pushes(void **state)
{
	for_sizes(2, add_pushes);
}

static void
segment_stores(void **state)
{
	static const u8 no_such[] = {0x8c, 0x30}; /* segment register 6 */
	static const u8 with_rex_r[] = {0x4c, 0x8c, 0x28};
	struct insn insn;

	for (unsigned m = 0; m < 3; m++) {
		begin(modes[m]);
		for (unsigned n = 0; n < 4; n++) {
			struct expected e = any();

			e.op = OP_STORE_SEGMENT;
			e.size = 2;
			e.reg = VSEG_FS;
			addf(e, "mov word %s, fs", some_memory(modes[m], n));
		}
		check_all(modes[m]);
	}
	assert_int_equal(decode(no_such, 2, CODE_64, &insn), DECODE_UNDEFINED);
	assert_int_equal(decode(with_rex_r, 3, CODE_64, &insn), DECODE_OK);
	assert_int_equal(insn.reg, VSEG_GS);
}

static struct expected
expected_string(u8 op, unsigned size, unsigned address_size)
{
	struct expected e = any();

	e.op = op;
	e.form = FORM_NONE;
	e.size = (u8)size;
	e.address_size = (u8)address_size;
	return e;
}

static void
strings(void **state)
{
	static const struct {
		const char *name;
		u8 op;
	} all[] = {
		{"movs", OP_MOVS},
		   {"stos", OP_STOS},
		      {"lods", OP_LODS},
		 {"cmps", OP_CMPS},
		{"scas", OP_SCAS},
		   {"ins",  OP_INS },
		      {"outs", OP_OUTS},
	};
	static const char letters[] = "bwdq";

	for (unsigned m = 0; m < 3; m++) {
		begin(modes[m]);
		for (unsigned i = 0; i < ARRAY_SIZE(all) * 4; i++) {
			u8 op = all[i / 4].op;
			struct expected e = expected_string(op, 1u << i % 4, modes[m] / 8);

			if (i % 4 == 3 && (modes[m] != 64 || op >= OP_INS))
				continue;
			addf(e, "%s%c", all[i / 4].name, letters[i % 4]);
			e.repe = true;
			addf(e, "rep %s%c", all[i / 4].name, letters[i % 4]);
			e.repe = false;
			e.repne = true;
			addf(e, "repne %s%c", all[i / 4].name, letters[i % 4]);
			e.address_size = modes[m] == 32 ? 2 : 4;
			addf(e, "repne a%u %s%c", e.address_size * 8u, all[i / 4].name,
			     letters[i % 4]);
		}
		check_all(modes[m]);
	}
}

/* l: load, s: store; a: aligned; x: xmm and y: ymm with VEX too; v: with VEX alone */
// clang-format off
static const struct {
	const char *name, *how;
	u8 size; /* 0: of the register */
} vector_moves[] = {
	{"movups", "ls", 0},
	{"movaps", "lsa", 0},
	{"movupd", "ls", 0},
	{"movapd", "lsa", 0},
	{"movdqu", "ls", 0},
	{"movdqa", "lsa", 0},
	{"movntps", "sa", 0},
	{"movntpd", "sa", 0},
	{"movntdq", "sa", 0},
	{"movntdqa", "la", 0},
	{"movss", "lsx", 4},
	{"movsd", "lsx", 8},
	{"movd", "lsx", 4},
	{"movq", "lsx", 8},
};
// clang-format on

static struct expected
expected_vector(u8 op, unsigned i, unsigned width, bool vex, unsigned reg)
{
	struct expected e = any();

	e.op = op;
	e.size = vector_moves[i].size != 0 ? vector_moves[i].size : (u8)width;
	e.aligned = strchr(vector_moves[i].how, 'a') != NULL;
	e.vex = vex;
	e.reg = (u8)reg;
	return e;
}

static void
add_vector(unsigned i, unsigned width, bool vex, unsigned reg, const char *memory)
{
	const char *v = vex ? "v" : "", *name = vector_moves[i].name;
	char c = width == 32 ? 'y' : 'x';

	if (strchr(vector_moves[i].how, 'l') != NULL)
		addf(expected_vector(OP_VECTOR_LOAD, i, width, vex, reg), "%s%s %cmm%u, %s", v,
		     name, c, reg, memory);
	if (strchr(vector_moves[i].how, 's') != NULL)
		addf(expected_vector(OP_VECTOR_STORE, i, width, vex, reg), "%s%s %s, %cmm%u", v,
		     name, memory, c, reg);
}

static void
vectors(void **state)
{
	for (unsigned m = 0; m < 3; m++) {
		begin(modes[m]);
		for (unsigned i = 0; i < ARRAY_SIZE(vector_moves); i++) {
			for (unsigned n = 0; n < 4; n++) {
				const char *memory = some_memory(modes[m], n);
				unsigned reg = modes[m] == 64 ? 13 - n : 7 - n;

				add_vector(i, 16, false, reg, memory);
				add_vector(i, 16, true, reg, memory);
				if (strchr(vector_moves[i].how, 'x') == NULL)
					add_vector(i, 32, true, reg, memory);
			}
		}
		check_all(modes[m]);
	}
}

/* MOVQ of 66h with REX.W, which NASM does not make by itself; MOVDIRI, which it may not know. */
static void
bytes_by_hand(void **state)
{
	static const u8 movq[] = {0x66, 0x4c, 0x0f, 0x7e, 0x08};
	static const u8 vmovq[] = {0xc4, 0x61, 0xf9, 0x6e, 0x08};
	static const u8 movdiri[] = {0x48, 0x0f, 0x38, 0xf9, 0x10};
	static const u8 register_movdiri[] = {0x0f, 0x38, 0xf9, 0xd0};
	struct insn insn;

	assert_int_equal(decode(movq, sizeof(movq), CODE_64, &insn), DECODE_OK);
	assert_int_equal(insn.op, OP_VECTOR_STORE);
	assert_int_equal(insn.size, 8);
	assert_int_equal(insn.reg, 9);
	assert_int_equal(decode(vmovq, sizeof(vmovq), CODE_64, &insn), DECODE_OK);
	assert_int_equal(insn.op, OP_VECTOR_LOAD);
	assert_int_equal(insn.size, 8);
	assert_int_equal(insn.reg, 9);
	assert_int_equal(decode(movdiri, sizeof(movdiri), CODE_64, &insn), DECODE_OK);
	assert_int_equal(insn.op, OP_MOV);
	assert_int_equal(insn.form, FORM_RM_REG);
	assert_int_equal(insn.size, 8);
	assert_int_equal(insn.reg, VREG_RDX);
	assert_int_equal(decode(register_movdiri, 4, CODE_64, &insn), DECODE_UNDEFINED);
}

/* What a prefix does not change, or makes another instruction of. */
static void
prefixes_without_use(void **state)
{
	static const u8 insl[] = {0x48, 0x6d}, call[] = {0x66, 0xe8, 0, 0, 0, 0},
			vex_bts[] = {0xc5, 0xf8, 0xab, 0x03};
	struct insn insn;

	assert_int_equal(decode(insl, 2, CODE_64, &insn), DECODE_OK);
	assert_int_equal(insn.size, 4);
	assert_int_equal(decode(call, 6, CODE_64, &insn), DECODE_OK);
	assert_int_equal(insn.length, 6);
	assert_int_equal(decode(call, 6, CODE_32, &insn), DECODE_OK);
	assert_int_equal(insn.length, 4);
	assert_int_equal(decode(vex_bts, 4, CODE_64, &insn), DECODE_OK);
	assert_int_equal(insn.op, OP_OTHER);
}

/* VEX.vvvv must name nothing, and a MOVD of 256 bits is none (SDM vol. 2, 2.3.5.6). */
static void
undefined_vectors(void **state)
{
	static const u8 good[] = {0xc5, 0xf9, 0x6e, 0x00}, vvvv[] = {0xc5, 0xf1, 0x6e, 0x00},
			wide[] = {0xc5, 0xfd, 0x6e, 0x00}, twice[] = {0x66, 0xc5, 0xf9, 0x6e, 0x00},
			map[] = {0xc4, 0xe4, 0x79, 0x6e, 0x00};
	struct insn insn;

	assert_int_equal(decode(good, 4, CODE_64, &insn), DECODE_OK);
	assert_int_equal(decode(vvvv, 4, CODE_64, &insn), DECODE_UNDEFINED);
	assert_int_equal(decode(wide, 4, CODE_64, &insn), DECODE_UNDEFINED);
	assert_int_equal(decode(twice, 5, CODE_64, &insn), DECODE_UNDEFINED);
	assert_int_equal(decode(map, 5, CODE_64, &insn), DECODE_UNDEFINED);
}

/* What is not VEX in 16- and 32-bit code. */
static void
far_loads(void **state)
{
	for (unsigned m = 0; m < 2; m++) {
		begin(modes[m]);
		add(any(), "les eax, [bx+0x1234]");
		add(any(), "lds cx, [esi]");
		add(any(), "bound ax, [eax]");
		add(any(), "arpl [eax], ax");
		check_all(modes[m]);
	}
}

/* Everything that exits by itself, and what else a kernel may have around it. */
static const char *const other_insns[] = {
	"cpuid",
	"rdmsr",
	"wrmsr",
	"hlt",
	"vmmcall",
	"vmcall",
	"rdtsc",
	"rdtscp",
	"xsetbv",
	"xgetbv",
	"invd",
	"wbinvd",
	"pause",
	"mwait",
	"monitor",
	"rdpmc",
	"in al, 0x60",
	"in eax, 0x60",
	"in ax, dx",
	"in eax, dx",
	"out 0x80, al",
	"out dx, al",
	"out dx, eax",
	"stgi",
	"clgi",
	"vmlaunch",
	"vmresume",
	"vmxoff",
	"iretw",
	"iretd",
	"int 0x80",
	"int3",
	"into_",
	"rsm",
	"sysenter",
	"sysexit",
	"ud2",
	"swapgs_",
	"lfence",
	"mfence",
	"sfence",
	"nop",
	"cli",
	"sti",
	"leave",
	"ret 0x1234",
	"retf 0x1234",
	"enter 0x1234, 5",
	"call L0",
	"jmp strict near L0",
	"jz L0",
	"jnz strict near L0",
	"loop $",
	"push 0x12",
	"imul eax, ecx, 0x12345678",
	"imul ax, cx, 5",
	"shl eax, 5",
	"shrd eax, ecx, 7",
	"fninit",
	"emms",
	"bswap edx",
	"movss xmm1, xmm2",
	"pshufd xmm1, xmm2, 0x1b",
	"pshufb xmm1, xmm2",
	"vzeroupper",
	"palignr xmm1, xmm2, 5",
	"vpermilps ymm1, ymm2, 3",
	"vpshufb ymm1, ymm2, ymm3",
	"crc32 eax, cl",
	"popcnt eax, ecx",
	"cmpxchg8b [ebx]",
	"fxsave [ebx]",
	"xrstor [ebx+4]",
	"clflush [ebx]",
	"prefetchnta [ebx]",
	"invlpg [ebx]",
	"invlpg [0x1234]",
	"lgdt [ebx]",
	"lidt [ebx+0x1000]",
	"sgdt [ebx]",
	"str ax",
	"ltr ax",
	"lldt [ebx]",
	"verr ax",
	"movbe eax, [ebx]",
	"test al, 5",
	"test eax, 0x12345678",
	"add eax, 0x12345678",
	"mov ecx, 0x12345678",
	"mov cl, 5",
	"xlatb",
	"cmovz eax, [ebx]",
	"setz [ebx]",
	"lahf",
	"mul dword [ebx]",
	"div byte [ebx]",
	"call [ebx]",
	"jmp [ebx]",
	"lea eax, [ebx+ecx*4+5]",
	"fld dword [ebx]",
	"ldmxcsr [ebx]",
	"rdrand eax",
	"cvtsi2sd xmm1, eax",
	"xabort 5",
};

static void
other_instructions(void **state)
{
	for (unsigned m = 0; m < 3; m++) {
		begin(modes[m]);
		add(any(), "nop");
		for (unsigned i = 0; i < ARRAY_SIZE(other_insns); i++) {
			/* A name with _ is not in every mode. */
			if (strchr(other_insns[i], '_') == NULL)
				add(any(), other_insns[i]);
		}
		if (modes[m] != 16) {
			add(any(), "vmrun");
			add(any(), "vmload");
			add(any(), "vmsave");
		}
		if (modes[m] == 64) {
			add(any(), "swapgs");
			add(any(), "invlpga");
			add(any(), "syscall");
			add(any(), "o64 sysret");
			add(any(), "iretq");
			add(any(), "mov rcx, 0x1122334455667788");
			add(any(), "cmpxchg16b [rbx]");
			add(any(), "invpcid rax, [rbx]");
			add(any(), "wrfsbase rax");
		} else {
			add(any(), "into");
			add(any(), "pusha");
			add(any(), "daa");
			add(any(), "aam 5");
			add(any(), "call 0x1234:word 0x5678");
			add(any(), "jmp 0x1234:dword 0x12345678");
			add(any(), "push es");
			add(any(), "inc ecx");
		}
		check_all(modes[m]);
	}
}

static void
add_prefixed(const char *name, const char *prefixes, bool rex)
{
	addf(any(), "db %s%s\n%s", prefixes, rex ? ", 0x48" : "", name);
}

/* An instruction's length comes from its bytes, however many prefixes there are. */
static void
redundant_prefixes(void **state)
{
	static const char *const names[] = {"cpuid", "rdmsr", "hlt", "vmmcall", "rdtscp"};
	static const char *const prefixes[] = {
		"0x66",
		"0x67",
		"0x2e, 0x2e",
		"0x66, 0x66, 0x67, 0x65",
		"0x26, 0x36, 0x3e, 0x64",
		"0xf3",
		"0xf2, 0x66",
		"0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66",
	};

	for (unsigned m = 0; m < 3; m++) {
		begin(modes[m]);
		for (unsigned i = 0; i < ARRAY_SIZE(names) * ARRAY_SIZE(prefixes); i++) {
			add_prefixed(names[i % 5], prefixes[i / 5], false);
			if (modes[m] == 64)
				add_prefixed(names[i % 5], prefixes[i / 5], true);
		}
		check_all(modes[m]);
	}
}

/* SDM vol. 3, 6.15, #GP: an instruction of more than 15 bytes. */
static void
too_long(void **state)
{
	u8 bytes[16];
	struct insn insn;

	memset(bytes, 0x66, sizeof(bytes));
	bytes[14] = 0xf4; /* HLT */
	assert_int_equal(decode(bytes, 15, CODE_64, &insn), DECODE_OK);
	assert_int_equal(insn.length, 15);
	bytes[14] = 0x66;
	bytes[15] = 0xf4;
	assert_int_equal(decode(bytes, 14, CODE_64, &insn), DECODE_MORE);
	assert_int_equal(decode(bytes, 15, CODE_64, &insn), DECODE_TOO_LONG);
	assert_int_equal(decode(bytes, 16, CODE_64, &insn), DECODE_TOO_LONG);
	memcpy(bytes + 9, "\x81\x04\x25\x00\x00\x00\x00", 7); /* ADD [0], and no room for it */
	assert_int_equal(decode(bytes, 15, CODE_32, &insn), DECODE_TOO_LONG);
}

/* REX counts right before the opcode alone (SDM vol. 2, 2.2.1). */
static void
misplaced_rex(void **state)
{
	static const u8 before[] = {0x4c, 0x66, 0x89, 0x08}, right[] = {0x66, 0x4c, 0x89, 0x08},
			twice[] = {0x4c, 0x40, 0x88, 0x20};
	struct insn insn;

	assert_int_equal(decode(before, 4, CODE_64, &insn), DECODE_OK);
	assert_int_equal(insn.size, 2);
	assert_int_equal(insn.reg, VREG_RCX);
	assert_int_equal(decode(right, 4, CODE_64, &insn), DECODE_OK);
	assert_int_equal(insn.size, 8);
	assert_int_equal(insn.reg, 9);
	assert_int_equal(decode(twice, 4, CODE_64, &insn), DECODE_OK);
	assert_int_equal(insn.reg, VREG_RSP);
	assert_true(insn.rex);
}

static void
control_registers(void **state)
{
	struct expected e = any();

	for (unsigned m = 0; m < 3; m++) {
		const char *gpr = modes[m] == 64 ? "rdx" : "edx";

		begin(modes[m]);
		for (unsigned cr = 0; cr <= 4; cr += cr == 0 ? 2 : 1) {
			e.reg = (u8)cr;
			e.op = OP_WRITE_CR;
			addf(e, "mov cr%u, %s", cr, gpr);
			e.op = OP_READ_CR;
			addf(e, "mov %s, cr%u", gpr, cr);
		}
		e.reg = 7;
		e.op = OP_WRITE_DR;
		addf(e, "mov dr7, %s", gpr);
		e.op = OP_READ_DR;
		addf(e, "mov %s, dr7", gpr);
		if (modes[m] == 64) {
			e.reg = 8;
			e.op = OP_WRITE_CR;
			addf(e, "mov cr8, r9");
		}
		e = any();
		e.op = OP_CLTS;
		add(e, "clts");
		e.op = OP_LMSW;
		add(e, "lmsw ax");
		e.size = 2;
		addf(e, "lmsw %s", some_memory(modes[m], 1));
		e.op = OP_SMSW;
		addf(e, "smsw %s", some_memory(modes[m], 1));
		e.size = 0;
		e.reg_size = 4;
		add(e, "smsw ecx");
		check_all(modes[m]);
	}
}

/* ModRM.mod means nothing there: no displacement follows (SDM vol. 2, MOV CR). */
static void
control_register_with_mod_0(void **state)
{
	static const u8 bytes[] = {0x44, 0x0f, 0x20, 0x05}; /* MOV RBP, CR8 */
	struct insn insn;

	assert_int_equal(decode(bytes, 4, CODE_64, &insn), DECODE_OK);
	assert_int_equal(insn.length, 4);
	assert_false(insn.memory);
	assert_int_equal(insn.reg, 8);
	assert_int_equal(insn.rm, VREG_RBP);
}

static void
undefined_opcodes(void **state)
{
	static const u8 not_in_64[] = {0x06, 0x27, 0x60, 0x62, 0x82, 0x9a, 0xce, 0xd4, 0xd6, 0xea};
	static const u8 nowhere[][2] = {
		{0x0f, 0x04},
		      {0x0f, 0x0a},
		    {0x0f, 0x24},
		  {0x0f, 0x36},
		{0x8f, 0x08},
		      {0xff, 0x38},
		    {0xfe, 0x10},
		  {0xc6, 0x08}
	      };
	u8 bytes[INSN_MAX] = {0};
	struct insn insn;

	for (unsigned i = 0; i < sizeof(not_in_64); i++) {
		bytes[0] = not_in_64[i];
		assert_int_equal(decode(bytes, INSN_MAX, CODE_64, &insn), DECODE_UNDEFINED);
		assert_int_equal(decode(bytes, INSN_MAX, CODE_32, &insn), DECODE_OK);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(nowhere); i++)
		assert_int_equal(decode(nowhere[i], 2, CODE_64, &insn), DECODE_UNDEFINED);
}

static bool
lockable(const char *bytes)
{
	struct insn insn;

	assert_int_equal(decode((const u8 *)bytes, (unsigned)strlen(bytes), CODE_32, &insn),
			 DECODE_OK);
	return insn_lockable(&insn);
}

/* SDM vol. 2, LOCK: the destination must be memory. */
static void
locks(void **state)
{
	assert_true(lockable("\xf0\x01\x08"));	    /* ADD [eax], ecx */
	assert_true(lockable("\xf0\x83\x08\x01"));  /* OR [eax], 1 */
	assert_true(lockable("\xf0\x0f\xb1\x08"));  /* CMPXCHG */
	assert_true(lockable("\xf0\x0f\xab\x08"));  /* BTS */
	assert_true(lockable("\x87\x08"));	    /* XCHG */
	assert_false(lockable("\xf0\x03\x08"));	    /* ADD ecx, [eax] */
	assert_false(lockable("\xf0\x01\xc8"));	    /* ADD eax, ecx */
	assert_false(lockable("\xf0\x39\x08"));	    /* CMP */
	assert_false(lockable("\xf0\x0f\xa3\x08")); /* BT */
	assert_false(lockable("\xf0\x89\x08"));	    /* MOV */
	assert_false(lockable("\xf0\x85\x08"));	    /* TEST */
	assert_false(lockable("\xf0\xa4"));	    /* MOVS */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_with_sib),
		cmocka_unit_test(addresses_of_16_bits),
		cmocka_unit_test(addresses_without_registers),
		cmocka_unit_test(segments),
		cmocka_unit_test(ignored_segments),
		cmocka_unit_test(arithmetic),
		cmocka_unit_test(one_operand),
		cmocka_unit_test(exchanges),
		cmocka_unit_test(bit_tests),
		cmocka_unit_test(moves),
		cmocka_unit_test(extensions),
		cmocka_unit_test(pushes),
		cmocka_unit_test(segment_stores),
		cmocka_unit_test(strings),
		cmocka_unit_test(vectors),
		cmocka_unit_test(bytes_by_hand),
		cmocka_unit_test(prefixes_without_use),
		cmocka_unit_test(undefined_vectors),
		cmocka_unit_test(far_loads),
		cmocka_unit_test(other_instructions),
		cmocka_unit_test(redundant_prefixes),
		cmocka_unit_test(too_long),
		cmocka_unit_test(misplaced_rex),
		cmocka_unit_test(control_registers),
		cmocka_unit_test(control_register_with_mod_0),
		cmocka_unit_test(undefined_opcodes),
		cmocka_unit_test(locks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
