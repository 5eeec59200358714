/* SPDX-License-Identifier: MIT */
#include "emul/insn_cache.h"

#include <assert.h>

enum { LINES = 16, WORDS = 2 /* of code */ };

struct line {
	u64 rip, cr3, efer; /* by which it was reached */
	u32 cs_attr;
	struct gpt_path path; /* count 0: the line is empty */
	struct guest_word words[WORDS];
	u64 code[WORDS];
	struct insn insn;
};

static_assert(LINES * sizeof(struct line) <= VCPU_EMULATOR_WORDS * sizeof(u64), "too many lines");
static_assert(sizeof(((struct emulation *)NULL)->bytes) == WORDS * sizeof(u64), "bytes are words");

/* Multiplied by the golden ratio, RIPs that are near each other are not. */
static struct line *
line_of(const struct emulation *e)
{
	struct line *lines = (void *)e->v->emulator;

	return &lines[e->rip * 0x9e3779b97f4a7c15ul >> 60];
}

bool
insn_cache_find(struct emulation *e)
{
	const struct line *line = line_of(e);

	if (line->rip != e->rip || line->cr3 != e->gpt.cr3 || line->efer != e->gpt.efer ||
	    line->cs_attr != e->cs.attr || line->path.count == 0)
		return false;
	if (!gpt_path_holds(&line->path) || guest_word_read(line->words[0]) != line->code[0] ||
	    guest_word_read(line->words[1]) != line->code[1])
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
	struct line *line = line_of(e);

	if (e->mode != CODE_64)
		return;
	if (!find_code(e, line)) {
		line->path.count = 0;
		return;
	}
	line->rip = e->rip;
	line->cr3 = e->gpt.cr3;
	line->efer = e->gpt.efer;
	line->cs_attr = e->cs.attr;
	line->insn = e->insn;
}
