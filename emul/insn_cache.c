/* SPDX-License-Identifier: MIT */
#include "emul/insn_cache.h"

#include <assert.h>

static_assert(sizeof(struct insn_cache) <= VCPU_EMULATOR_WORDS * sizeof(u64), "too many");
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

static bool
find_place(const struct gpt *g, u64 rip, struct insn_place *place)
{
	gpa_t gpa;

	if ((rip & ~PAGE_MASK) > PAGE_SIZE - sizeof(place->code))
		return false;
	if (!gpt_walk_usual(g, GVA(rip), GPT_FETCH, &place->path, &gpa))
		return false;
	for (unsigned i = 0; i < INSN_WORDS; i++) {
		gpa_t at = GPA(gpa.v + i * sizeof(u64));

		if (guest_word(g->v->vm->memory, at, &place->words[i]) != 0)
			return false;
		place->code[i] = guest_word_read(place->words[i]);
	}
	place->cr3 = g->cr3;
	return true;
}

/* The one whose tables were walked last, if it lies in the same page of the same process. */
static const struct insn_line *
neighbour_of(const struct gpt *g, const struct insn_line *line)
{
	const struct insn_line *other = insn_cache_of(g->v)->recent;

	if (other == NULL || ((other->key ^ line->key) & PAGE_MASK) != 0 ||
	    other->place.cr3 != g->cr3 || other->efer != line->efer || other->user != line->user ||
	    !gpt_path_holds(&other->place.path))
		return NULL;
	return other;
}

/* As find_place(), without a walk. */
static void
find_beside(const struct insn_line *other, struct insn_line *line)
{
	const u8 *at = other->place.words[0].at;

	at += line->key - other->key;
	line->place.cr3 = other->place.cr3;
	line->place.path = other->place.path;
	for (unsigned i = 0; i < INSN_WORDS; i++) {
		line->place.words[i].at = at + i * sizeof(u64);
		line->place.code[i] = guest_word_read(line->place.words[i]);
	}
}

static bool
find_anew(const struct gpt *g, struct insn_line *line)
{
	const struct insn_line *other = neighbour_of(g, line);

	if (other != NULL) {
		find_beside(other, line);
		return true;
	}
	insn_cache_of(g->v)->recent = line;
	return find_place(g, insn_key(line->key), &line->place);
}

/*
 * Programs run again and again, each time with tables of their own; so does the kernel, in each.
 * What a program does at its start exits at many places of few pages.
 */
static bool
find_again(const struct gpt *g, struct insn_line *line)
{
	u64 code[INSN_WORDS];

	__builtin_memcpy(code, line->place.code, sizeof(code));
	if (find_anew(g, line) && __builtin_memcmp(line->place.code, code, line->insn.length) == 0)
		return true;
	line->key = 0;
	return false;
}

const struct insn_line *
insn_cache_again(struct vcpu *v)
{
	const struct vcpu_hw *hw = &v->hw;
	struct insn_line *line = insn_cache_met(v);
	struct gpt g;

	if (line == NULL)
		return NULL;
	g = (struct gpt){v, *hw->at[VREG_EFER], *hw->at[VREG_CR3], line->user};
	return find_again(&g, line) ? line : NULL;
}

bool
insn_cache_find(struct emulation *e)
{
	struct insn_line *line = insn_line_of(e->v, e->rip);

	if (line == NULL || line->efer != efer_of(e) || line->cs != cs_of(e))
		return false;
	if (!insn_place_holds(&line->place, e->gpt.cr3) && !find_again(&e->gpt, line))
		return false;
	e->insn = line->insn;
	e->byte_count = INSN_MAX;
	__builtin_memcpy(e->bytes, line->place.code, sizeof(e->bytes));
	return true;
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

/* Where the RIP is to be: where it was, else where the older one of its pair is. */
static struct insn_line *
make_room(struct vcpu *v, u64 rip)
{
	struct insn_line *lines = insn_cache_of(v)->lines, *line = insn_line_of(v, rip);
	unsigned n = insn_line_number(rip);

	if (line != NULL)
		return line;
	n ^= lines[n].newest ? 1 : 0;
	lines[n].newest = true;
	lines[n ^ 1].newest = false;
	return &lines[n];
}

/* In 64-bit code alone, where RIP is the linear address. */
void
insn_cache_add(struct emulation *e)
{
	struct insn_line *line;

	if (e->mode != CODE_64)
		return;
	line = make_room(e->v, e->rip);
	line->key = 0;
	/* The bytes may have changed since they were decoded. */
	if (!find_place(&e->gpt, e->rip, &line->place) ||
	    __builtin_memcmp(line->place.code, e->bytes, e->insn.length) != 0)
		return;
	line->key = insn_key(e->rip);
	line->efer = efer_of(e);
	line->cs = cs_of(e);
	line->user = e->gpt.user;
	line->insn = e->insn;
	note_move(line);
}
