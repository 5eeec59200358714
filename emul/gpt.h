/* SPDX-License-Identifier: MIT */
/*
 * The guest's own page tables: guest-virtual to guest-physical as its CPU would translate now,
 * without paging, by 32-bit tables, PAE or four levels (SDM vol. 3, ch. 4; APM vol. 2, ch. 5). On
 * the vCPU's own thread; other vCPUs may change the tables meanwhile: each entry is read once, and
 * its accessed and dirty flags are set only by compare-exchange with what was read.
 *
 * An entry that lies outside of RAM reads all ones, as from an address that nobody claims. PAE's
 * four upper entries are read at each walk, as SVM with nested paging does.
 */
#pragma once

#include "core/vcpu.h"

/* What an access is; the bits are those of a page fault's error code (SDM vol. 3, 4.7). */
enum {
	GPT_READ = 0,
	GPT_PRESENT = 1 << 0, /* of error codes alone */
	GPT_WRITE = 1 << 1,
	GPT_USER = 1 << 2,
	GPT_RESERVED = 1 << 3,
	GPT_FETCH = 1 << 4,
};

struct gpt {
	struct vcpu *v;
	u64 efer, cr3;
	bool user; /* accesses are those of privilege level 3 */
};

/* As the vCPU is now, with this privilege level. */
void gpt_begin(struct gpt *g, struct vcpu *v, unsigned cpl);

/* A walk that went the usual way: each entry where it was, and what was in it; a short walk has its
 * last one several times. */
struct gpt_path {
	struct {
		struct guest_word word;
		u64 value;
	} steps[4];
};

/*
 * What nearly every walk of a running guest is: long mode, allowed, flags set, a page of 4 KiB or
 * 2 MiB. False: it is anything else, which gpt_translate() knows all about.
 */
bool gpt_walk_usual(const struct gpt *g, gva_t gva, unsigned access, struct gpt_path *path,
		    gpa_t *gpa);

/* Whether a walk of the same CR3 and EFER would go the same way again. */
static inline bool
gpt_path_holds(const struct gpt_path *path)
{
	return guest_word_read(path->steps[0].word) == path->steps[0].value &&
	       guest_word_read(path->steps[1].word) == path->steps[1].value &&
	       guest_word_read(path->steps[2].word) == path->steps[2].value &&
	       guest_word_read(path->steps[3].word) == path->steps[3].value;
}

/*
 * access: GPT_READ, GPT_WRITE or GPT_FETCH. -ERR_DENIED: a page fault, whose code is in *error;
 * -ERR_BUSY: another vCPU changes the tables all the time, try again later.
 */
__must_check int gpt_translate(const struct gpt *g, gva_t gva, unsigned access, gpa_t *gpa,
			       u32 *error);
