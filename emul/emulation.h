/* SPDX-License-Identifier: MIT */
/*
 * One instruction on its way through the emulator: what the parts of emul/ hand each other. Lives
 * on the stack of one call, so nothing in it gets stale.
 *
 * Functions here and in the headers that include this answer an enum verdict where they can fail:
 * VERDICT_NEXT is success, everything else is what shall happen instead of the instruction, and
 * then nothing of it has happened yet.
 */
#pragma once

#include "emul/decode.h"
#include "emul/gpt.h"

enum { FAULT_UD = 6, FAULT_NM = 7, FAULT_SS = 12, FAULT_GP = 13 };

#define RFLAGS_CF BIT(0)
#define RFLAGS_PF BIT(2)
#define RFLAGS_AF BIT(4)
#define RFLAGS_ZF BIT(6)
#define RFLAGS_SF BIT(7)
#define RFLAGS_TF BIT(8)
#define RFLAGS_DF BIT(10)
#define RFLAGS_OF BIT(11)
#define RFLAGS_RF BIT(16)
#define RFLAGS_VM BIT(17)

/* vsegment.attr, beside those of virt.h */
enum {
	ATTR_ACCESSED = 1 << 0,
	ATTR_WRITE = 1 << 1,  /* of data; of code: may be read */
	ATTR_EXPAND = 1 << 2, /* of data: down; of code: conforming */
	ATTR_CODE = 1 << 3,
	ATTR_DPL_SHIFT = 5,
	ATTR_DB = 1 << 14,
};

/* A page that this instruction has translated already, as a TLB would have it. */
struct page_memo {
	u64 page; /* linear; ~0: none */
	u64 gpa;
};

struct emulation {
	struct vcpu *v;
	struct insn insn;
	u8 mode;	/* enum code_size */
	bool protected; /* segments have types: neither real nor virtual-8086 mode */
	u64 rip;
	struct vsegment cs;
	struct gpt gpt;
	/* The hardware's word on where the one memory operand is; NULL: not to be relied on. */
	const struct exit_memory *known;
	struct page_memo memo[2]; /* for reads, for writes */
	u8 byte_count;
	u8 bytes[INSN_MAX + 1]; /* a word more to copy at once */
};

/* As the vCPU is now. */
void emulation_begin(struct emulation *e, struct vcpu *v);

/*
 * Gets and decodes the instruction at RIP. The hardware may have given its first bytes. One that
 * the decoder does not know becomes an OP_OTHER of length 0.
 */
enum verdict emulation_fetch(struct emulation *e, const u8 *given, unsigned count);

/* Stops the VM: nobody knows how to carry this instruction out. */
enum verdict emulation_refuse(struct emulation *e, const char *why);

/* #GP, or #SS of the stack segment; its error code is 0, and in real mode there is none. */
enum verdict emulation_segment_fault(struct emulation *e, enum vseg seg);

/* General registers by an instruction's numbers; size in bytes. A result of 4 clears the rest. */
u64 emulation_reg(struct emulation *e, unsigned number, unsigned size);
void emulation_set_reg(struct emulation *e, unsigned number, unsigned size, u64 value);

/* The lowest bytes of a value. */
static inline u64
low_bytes(u64 value, unsigned size)
{
	return size >= 8 ? value : value & (BIT(8 * size) - 1);
}
