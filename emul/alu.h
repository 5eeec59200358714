/* SPDX-License-Identifier: MIT */
/* Arithmetic as instructions do it, with its flags (SDM vol. 1, 3.4.3.1). Pure. */
#pragma once

#include "emul/decode.h"

/*
 * op: OP_ADD to OP_DEC. *flags is RFLAGS: what op reads of it and what it sets; those that the
 * manuals leave undefined become what CPUs make of them. size in bytes; a and b have no more.
 * OP_CMP and OP_TEST answer what they have computed.
 */
u64 alu(enum insn_op op, u64 a, u64 b, unsigned size, u64 *flags);

/* op: OP_BT to OP_BTC; bit is below 8 * size. */
u64 alu_bit(enum insn_op op, u64 a, unsigned bit, u64 *flags);
