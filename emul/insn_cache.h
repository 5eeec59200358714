/* SPDX-License-Identifier: MIT */
/*
 * Instructions that a vCPU has met before: the same few ones exit again and again, and most of an
 * exit's cost would be to walk to their bytes and to decode them. Nothing here is believed: each
 * time the entries of the guest's page tables that led to the bytes, and the bytes, must be what
 * they were. The vCPU's own thread's.
 *
 * An RIP may be in either line of a pair: a driver's handler meets some ten exits each time, and
 * two that pushed each other out would cost as many instructions as all others together.
 */
#pragma once

#include "emul/emulation.h"

enum {
	INSN_LINE_BITS = 6,
	INSN_LINES = 1 << INSN_LINE_BITS,
	INSN_WORDS = 2, /* of code */
};

/* Where an instruction's bytes were found, by which tables, and what they were. */
struct insn_place {
	u64 cr3;
	struct gpt_path path;
	struct guest_word words[INSN_WORDS];
	u64 code[INSN_WORDS];
};

struct insn_line {
	u64 key;      /* insn_key(); 0: empty */
	u64 efer, cs; /* by which it was reached */
	struct insn_place place;
	struct insn insn;
	struct {
		bool is, load; /* a plain move; from memory */
		u8 reg;	       /* the other side; INSN_NO_REG: the immediate */
	} move;
	bool user;   /* of privilege level 3, which CS tells as well */
	bool newest; /* of its pair: the other one makes room next */
};

struct insn_cache {
	struct insn_line lines[INSN_LINES];
	struct insn_line *recent; /* the last one whose tables were walked; NULL: none yet */
};

static inline struct insn_cache *
insn_cache_of(struct vcpu *v)
{
	return (void *)v->emulator;
}

/* Of an RIP, and back: 0 is that of none, since it is not canonical. */
static inline u64
insn_key(u64 rip)
{
	return rip ^ BIT(63);
}

/* Multiplied by the golden ratio, RIPs that are near each other are not. */
static inline unsigned
insn_line_number(u64 rip)
{
	return (unsigned)(rip * 0x9e3779b97f4a7c15ul >> (64 - INSN_LINE_BITS));
}

/* NULL: neither line of its pair has it. */
static inline struct insn_line *
insn_line_of(struct vcpu *v, u64 rip)
{
	struct insn_line *lines = insn_cache_of(v)->lines;
	unsigned n = insn_line_number(rip);

	if (lines[n].key == insn_key(rip))
		return &lines[n];
	n ^= 1;
	return lines[n].key == insn_key(rip) ? &lines[n] : NULL;
}

/* Whether the same bytes still lie at the same place. */
static inline bool
insn_place_holds(const struct insn_place *place, u64 cr3)
{
	return place->cr3 == cr3 && gpt_path_holds(&place->path) &&
	       guest_word_read(place->words[0]) == place->code[0] &&
	       guest_word_read(place->words[1]) == place->code[1];
}

/* The one that was met at RIP in the same code, by whatever tables; or NULL. */
static inline struct insn_line *
insn_cache_met(struct vcpu *v)
{
	const struct vcpu_hw *hw = &v->hw;
	struct insn_line *line;

	if (hw->cs_word == NULL)
		return NULL;
	line = insn_line_of(v, *hw->at[VREG_RIP]);
	if (line == NULL || line->cs != *hw->cs_word || line->efer != *hw->at[VREG_EFER])
		return NULL;
	return line;
}

/*
 * The instruction at RIP; NULL: it is not there, or not the same any more. For backends that keep
 * registers in memory.
 */
static inline const struct insn_line *
insn_cache_line(struct vcpu *v)
{
	const struct insn_line *line = insn_cache_met(v);

	if (line == NULL || !insn_place_holds(&line->place, *v->hw.at[VREG_CR3]))
		return NULL;
	return line;
}

/* The same, where another process has the same bytes there: then the line has its tables. */
const struct insn_line *insn_cache_again(struct vcpu *v);

/* Its length; 0 as above. */
static inline unsigned
insn_cache_length(struct vcpu *v)
{
	const struct insn_line *line = insn_cache_line(v);

	return line != NULL ? line->insn.length : 0;
}

/*
 * Fills in e->insn and e->bytes. False: it is not there, or not the same any more. Where another
 * process has the same bytes at the same RIP the line becomes that process'.
 */
bool insn_cache_find(struct emulation *e);

/* Keeps e->insn, fetched and decoded just now. Some can't be kept: those across a page's end. */
void insn_cache_add(struct emulation *e);
