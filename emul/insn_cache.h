/* SPDX-License-Identifier: MIT */
/*
 * Instructions that a vCPU has met before: the same few ones exit again and again, and most of an
 * exit's cost would be to walk to their bytes and to decode them. Nothing here is believed: each
 * time the entries of the guest's page tables that led to the bytes, and the bytes, must be what
 * they were. The vCPU's own thread's.
 */
#pragma once

#include "emul/emulation.h"

enum { INSN_LINES = 16, INSN_WORDS = 2 /* of code */ };

struct insn_line {
	u64 key;	   /* insn_key(); 0: empty */
	u64 cr3, efer, cs; /* by which it was reached */
	struct gpt_path path;
	struct guest_word words[INSN_WORDS];
	u64 code[INSN_WORDS];
	struct insn insn;
	struct {
		bool is, load; /* a plain move; from memory */
		u8 reg;	       /* the other side; INSN_NO_REG: the immediate */
	} move;
};

/* Of an RIP: 0 is that of none, since it is not canonical. */
static inline u64
insn_key(u64 rip)
{
	return rip ^ BIT(63);
}

/* Multiplied by the golden ratio, RIPs that are near each other are not. */
static inline struct insn_line *
insn_line_of(struct vcpu *v, u64 rip)
{
	struct insn_line *lines = (void *)v->emulator;

	return &lines[rip * 0x9e3779b97f4a7c15ul >> 60];
}

/* Whether the same bytes still lie at the same place. */
static inline bool
insn_line_holds(const struct insn_line *line)
{
	return gpt_path_holds(&line->path) && guest_word_read(line->words[0]) == line->code[0] &&
	       guest_word_read(line->words[1]) == line->code[1];
}

/*
 * The instruction at RIP; NULL: it is not there, or not the same any more. For backends that keep
 * registers in memory.
 */
static inline const struct insn_line *
insn_cache_line(struct vcpu *v)
{
	const struct vcpu_hw *hw = &v->hw;
	const struct insn_line *line;
	u64 rip;

	if (hw->cs_word == NULL)
		return NULL;
	rip = *hw->at[VREG_RIP];
	line = insn_line_of(v, rip);
	if (line->key != insn_key(rip) || line->cs != *hw->cs_word ||
	    line->cr3 != *hw->at[VREG_CR3] || line->efer != *hw->at[VREG_EFER] ||
	    !insn_line_holds(line))
		return NULL;
	return line;
}

/* Its length; 0 as above. */
static inline unsigned
insn_cache_length(struct vcpu *v)
{
	const struct insn_line *line = insn_cache_line(v);

	return line != NULL ? line->insn.length : 0;
}

/* Fills in e->insn and e->bytes. False: it is not there, or not the same any more. */
bool insn_cache_find(struct emulation *e);

/* Keeps e->insn, fetched and decoded just now. Some can't be kept: those across a page's end. */
void insn_cache_add(struct emulation *e);
