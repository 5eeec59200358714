/* SPDX-License-Identifier: MIT */
#include "emul/peek.h"

#include "emul/gpt.h"
#include "include/bits.h"

/* Of a code segment: D/B, and L, which has its own name. */
#define SEGMENT_32 BIT32(14)

/* As the guest's own reads: with SMAP level 0 would be refused what level 3 works on. */
static size_t
peek(struct vcpu *v, u64 linear, void *out, size_t len)
{
	struct vsegment ss;
	struct gpt g;
	size_t done = 0;

	virt_ops()->get_segment(&v->hw, VSEG_SS, &ss);
	gpt_begin(&g, v, ss.attr >> 5 & 3);
	while (done < len) {
		u64 at = linear + done;
		size_t piece = MIN(len - done, (size_t)(PAGE_SIZE - (at & (PAGE_SIZE - 1))));
		gpa_t gpa;
		u32 error;

		if (gpt_translate(&g, GVA(at), GPT_READ, &gpa, &error) != 0 ||
		    guest_read(v->vm->memory, gpa, (u8 *)out + done, piece) != 0)
			break;
		done += piece;
	}
	return done;
}

size_t
peek_code(struct vcpu *v, u8 *bytes, size_t len)
{
	struct vsegment cs;

	virt_ops()->get_segment(&v->hw, VSEG_CS, &cs);
	return peek(v, cs.base + vcpu_get(v, VREG_RIP), bytes, len);
}

/* The length of the stack's words, and where its addresses begin; 0 of 16-bit code. */
static unsigned
stack_word(struct vcpu *v, u64 *base)
{
	struct vsegment cs, ss;

	virt_ops()->get_segment(&v->hw, VSEG_CS, &cs);
	virt_ops()->get_segment(&v->hw, VSEG_SS, &ss);
	if ((cs.attr & (VSEG_LONG | SEGMENT_32)) == 0)
		return 0;
	*base = (cs.attr & VSEG_LONG) != 0 ? 0 : ss.base;
	return (cs.attr & VSEG_LONG) != 0 ? sizeof(u64) : sizeof(u32);
}

unsigned
peek_words(struct vcpu *v, u64 *words, unsigned max)
{
	u64 base = 0;
	unsigned n, word = stack_word(v, &base);

	for (n = 0; n < max && word != 0; n++) {
		words[n] = 0;
		if (peek(v, base + vcpu_get(v, VREG_RSP) + n * word, &words[n], word) != word)
			break;
	}
	return n;
}

/* A frame is the caller's frame pointer, and above it where to return to. */
unsigned
peek_stack(struct vcpu *v, u64 *returns, unsigned max)
{
	u64 frame = vcpu_get(v, VREG_RBP), base = 0;
	unsigned n = 0, word = stack_word(v, &base);

	while (n < max && word != 0) {
		u64 next = 0;

		returns[n] = 0;
		if (frame % word != 0 || peek(v, base + frame, &next, word) != word ||
		    peek(v, base + frame + word, &returns[n], word) != word || returns[n] == 0)
			break;
		n++;
		if (next <= frame) /* callers are above */
			break;
		frame = next;
	}
	return n;
}
