/* SPDX-License-Identifier: MIT */
#include "emul/insn_cache.h"

#include <assert.h>

enum { LINES = 16, WORDS = 2 /* of code */ };

struct line {
	u64 rip, cr3, efer, cs; /* by which it was reached */
	struct gpt_path path;	/* count 0: the line is empty */
	struct guest_word words[WORDS];
	u64 code[WORDS];
	struct insn insn;
};

static_assert(LINES * sizeof(struct line) <= VCPU_EMULATOR_WORDS * sizeof(u64), "too many lines");
static_assert(sizeof(((struct emulation *)NULL)->bytes) == WORDS * sizeof(u64), "bytes are words");

/* Multiplied by the golden ratio, RIPs that are near each other are not. */
static struct line *
line_of(struct vcpu *v, u64 rip)
{
	struct line *lines = (void *)v->emulator;

	return &lines[rip * 0x9e3779b97f4a7c15ul >> 60];
}

/* Whether the same bytes still lie at the same place. */
static bool
holds(const struct line *line)
{
	return line->path.count != 0 && gpt_path_holds(&line->path) &&
	       guest_word_read(line->words[0]) == line->code[0] &&
	       guest_word_read(line->words[1]) == line->code[1];
}

static u64
cs_of(const struct emulation *e)
{
	const u64 *word = e->v->hw.cs_word;

	return word != NULL ? *word : e->cs.attr;
}

unsigned
insn_cache_length(struct vcpu *v)
{
	u64 rip = vcpu_get(v, VREG_RIP);
	const struct line *line = line_of(v, rip);

	if (v->hw.cs_word == NULL || line->rip != rip || line->cs != *v->hw.cs_word ||
	    line->cr3 != vcpu_get(v, VREG_CR3) || line->efer != vcpu_get(v, VREG_EFER) ||
	    !holds(line))
		return 0;
	return line->insn.length;
}

bool
insn_cache_find(struct emulation *e)
{
	const struct line *line = line_of(e->v, e->rip);

	if (line->rip != e->rip || line->cr3 != e->gpt.cr3 || line->efer != e->gpt.efer ||
	    line->cs != cs_of(e) || !holds(line))
		return false;
	e->insn = line->insn;
	e->byte_count = INSN_MAX;
	__builtin_memcpy(e->bytes, line->code, sizeof(e->bytes));
	return true;
}

static bool
find_code(struct emulation *e, struct line *line)
{
	gpa_t gpa;

	if ((e->rip & ~PAGE_MASK) > PAGE_SIZE - sizeof(line->code))
		return false;
	if (!gpt_walk_usual(&e->gpt, GVA(e->rip), GPT_FETCH, &line->path, &gpa))
		return false;
	for (unsigned i = 0; i < WORDS; i++) {
		gpa_t at = GPA(gpa.v + i * sizeof(u64));

		if (guest_word(e->v->vm->memory, at, &line->words[i]) != 0)
			return false;
		line->code[i] = guest_word_read(line->words[i]);
	}
	/* They may have changed since they were decoded. */
	return __builtin_memcmp(line->code, e->bytes, e->insn.length) == 0;
}

/* In 64-bit code alone, where RIP is the linear address. */
void
insn_cache_add(struct emulation *e)
{
	struct line *line = line_of(e->v, e->rip);

	if (e->mode != CODE_64)
		return;
	if (!find_code(e, line)) {
		line->path.count = 0;
		return;
	}
	line->rip = e->rip;
	line->cr3 = e->gpt.cr3;
	line->efer = e->gpt.efer;
	line->cs = cs_of(e);
	line->insn = e->insn;
}
