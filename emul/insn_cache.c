/* SPDX-License-Identifier: MIT */
#include "emul/insn_cache.h"

#include <assert.h>

static_assert(INSN_LINES * sizeof(struct insn_line) <= VCPU_EMULATOR_WORDS * sizeof(u64),
	      "too many");
static_assert(sizeof(((struct emulation *)NULL)->bytes) == INSN_WORDS * sizeof(u64), "are words");

/* As the look-up by registers in memory finds it. */
static u64
efer_of(const struct emulation *e)
{
	const struct vcpu_hw *hw = &e->v->hw;

	return hw->cs_word != NULL ? *hw->at[VREG_EFER] : e->gpt.efer;
}

static u64
cs_of(const struct emulation *e)
{
	const u64 *word = e->v->hw.cs_word;

	return word != NULL ? *word : e->cs.attr;
}

bool
insn_cache_find(struct emulation *e)
{
	const struct insn_line *line = insn_line_of(e->v, e->rip);

	if (line->key != insn_key(e->rip) || line->cr3 != e->gpt.cr3 || line->efer != efer_of(e) ||
	    line->cs != cs_of(e) || !insn_line_holds(line))
		return false;
	e->insn = line->insn;
	e->byte_count = INSN_MAX;
	__builtin_memcpy(e->bytes, line->code, sizeof(e->bytes));
	return true;
}

static bool
find_code(struct emulation *e, struct insn_line *line)
{
	gpa_t gpa;

	if ((e->rip & ~PAGE_MASK) > PAGE_SIZE - sizeof(line->code))
		return false;
	if (!gpt_walk_usual(&e->gpt, GVA(e->rip), GPT_FETCH, &line->path, &gpa))
		return false;
	for (unsigned i = 0; i < INSN_WORDS; i++) {
		gpa_t at = GPA(gpa.v + i * sizeof(u64));

		if (guest_word(e->v->vm->memory, at, &line->words[i]) != 0)
			return false;
		line->code[i] = guest_word_read(line->words[i]);
	}
	/* They may have changed since they were decoded. */
	return __builtin_memcmp(line->code, e->bytes, e->insn.length) == 0;
}

/* Of four or eight bytes, in a segment that begins at 0. */
static void
note_move(struct insn_line *line)
{
	const struct insn *insn = &line->insn;
	bool offset = insn->form == FORM_ACC_OFFSET || insn->form == FORM_OFFSET_ACC;

	line->move.load = insn->form == FORM_REG_RM || insn->form == FORM_ACC_OFFSET;
	line->move.reg = offset ? (u8)VREG_RAX : insn->reg;
	if (insn->form == FORM_RM_IMM)
		line->move.reg = INSN_NO_REG;
	line->move.is = insn->op == OP_MOV && insn->memory &&
			(insn->size == 4 || insn->size == 8) && insn->address_size == 8 &&
			insn->segment < VSEG_FS && !insn->lock;
}

/* In 64-bit code alone, where RIP is the linear address. */
void
insn_cache_add(struct emulation *e)
{
	struct insn_line *line = insn_line_of(e->v, e->rip);

	if (e->mode != CODE_64)
		return;
	line->key = 0;
	if (!find_code(e, line))
		return;
	line->key = insn_key(e->rip);
	line->cr3 = e->gpt.cr3;
	line->efer = efer_of(e);
	line->cs = cs_of(e);
	line->insn = e->insn;
	note_move(line);
}
