/* SPDX-License-Identifier: MIT */
#include "emul/alu.h"

#include "emul/emulation.h"

#define RESULT_FLAGS (RFLAGS_PF | RFLAGS_ZF | RFLAGS_SF)
#define STATUS_FLAGS (RESULT_FLAGS | RFLAGS_CF | RFLAGS_AF | RFLAGS_OF)

static u64
sign_bit(unsigned size)
{
	return BIT(8 * size - 1);
}

static u64
result_flags(u64 result, unsigned size)
{
	u64 flags = 0;

	if (!__builtin_parity((u8)result))
		flags |= RFLAGS_PF;
	if (low_bytes(result, size) == 0)
		flags |= RFLAGS_ZF;
	if (result & sign_bit(size))
		flags |= RFLAGS_SF;
	return flags;
}

/* carries has, for each bit, whether it carried, or borrowed. */
static u64
carry_flags(u64 carries, u64 overflows, u64 result, unsigned size)
{
	u64 flags = result_flags(result, size);

	if (carries & sign_bit(size))
		flags |= RFLAGS_CF;
	if (carries & BIT(3))
		flags |= RFLAGS_AF;
	if (overflows & sign_bit(size))
		flags |= RFLAGS_OF;
	return flags;
}

static u64
add(u64 a, u64 b, u64 carry, unsigned size, u64 *flags)
{
	u64 result = a + b + carry;
	u64 carries = (a & b) | ((a | b) & ~result);

	*flags = carry_flags(carries, (a ^ result) & (b ^ result), result, size);
	return result;
}

static u64
subtract(u64 a, u64 b, u64 borrow, unsigned size, u64 *flags)
{
	u64 result = a - b - borrow;
	u64 borrows = (~a & b) | ((~a | b) & result);

	*flags = carry_flags(borrows, (a ^ b) & (a ^ result), result, size);
	return result;
}

static u64
logic(u64 result, unsigned size, u64 *flags)
{
	*flags = result_flags(result, size);
	return result;
}

u64
alu(enum insn_op op, u64 a, u64 b, unsigned size, u64 *flags)
{
	u64 old = *flags, carry = old & RFLAGS_CF, set = 0, result;

	switch (op) {
	case OP_ADD: result = add(a, b, 0, size, &set); break;
	case OP_ADC: result = add(a, b, carry, size, &set); break;
	case OP_SUB:
	case OP_CMP: result = subtract(a, b, 0, size, &set); break;
	case OP_SBB: result = subtract(a, b, carry, size, &set); break;
	case OP_OR: result = logic(a | b, size, &set); break;
	case OP_AND:
	case OP_TEST: result = logic(a & b, size, &set); break;
	case OP_XOR: result = logic(a ^ b, size, &set); break;
	case OP_NEG: result = subtract(0, a, 0, size, &set); break;
	case OP_INC: result = add(a, 1, 0, size, &set); break;
	case OP_DEC: result = subtract(a, 1, 0, size, &set); break;
	default: return low_bytes(~a, size); /* OP_NOT, without flags */
	}
	if (op == OP_INC || op == OP_DEC)
		set = (set & ~RFLAGS_CF) | carry;
	*flags = (old & ~STATUS_FLAGS) | set;
	return low_bytes(result, size);
}

u64
alu_bit(enum insn_op op, u64 a, unsigned bit, u64 *flags)
{
	*flags = (*flags & ~RFLAGS_CF) | (a >> bit & 1);
	switch (op) {
	case OP_BTS: return a | BIT(bit);
	case OP_BTR: return a & ~BIT(bit);
	case OP_BTC: return a ^ BIT(bit);
	default: return a;
	}
}
