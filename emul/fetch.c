/* SPDX-License-Identifier: MIT */
/* The bytes at RIP, through CS and the guest's page tables, of one page or two. */
#include "emul/emulation.h"
#include "emul/insn_cache.h"
#include "emul/linear.h"
#include "lib/string.h"

/* Mostly there are two words to take, which no call is worth. */
static bool
copy_code(struct emulation *e, gpa_t gpa, unsigned count)
{
	void *at;

	if (count < INSN_MAX || (gpa.v & ~PAGE_MASK) > PAGE_SIZE - sizeof(e->bytes))
		return guest_read(e->v->vm->memory, gpa, e->bytes + e->byte_count, count) == 0;
	if (guest_span(e->v->vm->memory, gpa, sizeof(e->bytes), &at) != 0)
		return false;
	__builtin_memcpy(e->bytes, at, sizeof(e->bytes));
	return true;
}

/* Adds bytes to e->bytes that lie in one page. */
static enum verdict
fetch_piece(struct emulation *e, u64 linear, unsigned count)
{
	gpa_t gpa;
	u32 error;
	int err = gpt_translate(&e->gpt, GVA(linear), GPT_FETCH, &gpa, &error);

	if (err == -ERR_BUSY)
		return VERDICT_AGAIN;
	if (err != 0)
		return vcpu_page_fault(e->v, GVA(linear), error);
	if (!copy_code(e, gpa, count))
		return emulation_refuse(e, "it runs code that is not in RAM");
	e->byte_count = (u8)(e->byte_count + count);
	return VERDICT_NEXT;
}

/* How many bytes there may be up to the segment's end. */
static unsigned
within_limit(const struct emulation *e)
{
	u64 left;

	if (e->mode == CODE_64)
		return INSN_MAX;
	left = e->rip <= e->cs.limit ? e->cs.limit - e->rip + 1 : 0;
	return (unsigned)MIN(left, (u64)INSN_MAX);
}

static u64
code_linear(const struct emulation *e, unsigned offset)
{
	u64 address = e->rip + offset;

	return e->mode == CODE_64 ? address : (u32)(e->cs.base + address);
}

static enum decode_result
decode_fetched(struct emulation *e)
{
	return decode(e->bytes, e->byte_count, (enum code_size)e->mode, &e->insn);
}

/* To the end of the page, and behind it only when the instruction goes on there. */
static enum verdict
fetch_and_decode(struct emulation *e, enum decode_result *result)
{
	unsigned most = within_limit(e);
	u64 linear = code_linear(e, 0);
	unsigned first = MIN(most, (unsigned)(PAGE_SIZE - (linear & ~PAGE_MASK)));
	enum verdict verdict;

	e->byte_count = 0;
	if (most == 0)
		return emulation_segment_fault(e, VSEG_CS);
	verdict = fetch_piece(e, linear, first);
	if (verdict != VERDICT_NEXT)
		return verdict;
	*result = decode_fetched(e);
	if (*result != DECODE_MORE)
		return VERDICT_NEXT;
	linear = code_linear(e, first);
	if (first == most || (e->mode == CODE_64 && !linear_is_canonical(linear)))
		return emulation_segment_fault(e, VSEG_CS);
	verdict = fetch_piece(e, linear, most - first);
	if (verdict != VERDICT_NEXT)
		return verdict;
	*result = decode_fetched(e);
	return *result == DECODE_MORE ? emulation_segment_fault(e, VSEG_CS) : VERDICT_NEXT;
}

/* Of others the hardware itself has judged, and MOV CR0 with it is CR8 on AMD's CPUs. */
static bool
lock_is_judged(const struct insn *insn)
{
	return insn->op == OP_READ_CR || insn->op == OP_WRITE_CR || insn->op == OP_OTHER;
}

enum verdict
emulation_fetch(struct emulation *e, const u8 *given, unsigned count)
{
	enum decode_result result = DECODE_MORE;
	enum verdict verdict;

	if (count == 0 && insn_cache_find(e))
		return VERDICT_NEXT;
	if (count > 0) {
		e->byte_count = (u8)MIN(count, (unsigned)INSN_MAX);
		memcpy(e->bytes, given, e->byte_count);
		result = decode_fetched(e);
	}
	if (result == DECODE_MORE) {
		verdict = fetch_and_decode(e, &result);
		if (verdict != VERDICT_NEXT)
			return verdict;
	}
	if (result == DECODE_TOO_LONG)
		return emulation_segment_fault(e, VSEG_CS);
	if (result == DECODE_UNDEFINED) {
		e->insn.op = OP_OTHER;
		e->insn.length = 0;
		return VERDICT_NEXT;
	}
	if (e->insn.lock && !insn_lockable(&e->insn) && !lock_is_judged(&e->insn))
		return vcpu_fault(e->v, FAULT_UD);
	insn_cache_add(e);
	return VERDICT_NEXT;
}
