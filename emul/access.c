/* SPDX-License-Identifier: MIT */
#include "emul/access.h"

#include "emul/linear.h"
#include "lib/string.h"

const struct emulate_ops *emulate_ops;

/*
 * Where the hardware met the fault, the guest's own translation was done already, with all its
 * checks. The offset in the page tells that it is this access that the fault was of.
 */
static bool
is_known(const struct emulation *e, u64 linear, bool write)
{
	return e->known != NULL && ((e->known->gpa.v ^ linear) & ~PAGE_MASK) == 0 &&
	       (!write || e->known->write);
}

static enum verdict
translate(struct emulation *e, u64 linear, bool write, gpa_t *gpa)
{
	struct page_memo *memo = &e->memo[write];
	u32 error;
	int err;

	if (memo->page == (linear & PAGE_MASK)) {
		*gpa = GPA(memo->gpa | (linear & ~PAGE_MASK));
		return VERDICT_NEXT;
	}
	err = gpt_translate(&e->gpt, GVA(linear), write ? GPT_WRITE : GPT_READ, gpa, &error);
	if (err == -ERR_BUSY)
		return VERDICT_AGAIN;
	if (err != 0)
		return vcpu_page_fault(e->v, GVA(linear), error);
	*memo = (struct page_memo){linear & PAGE_MASK, gpa->v & PAGE_MASK};
	return VERDICT_NEXT;
}

static enum verdict
add_piece(struct emulation *e, struct operand *o, u64 linear, unsigned size, bool write)
{
	struct piece *p = &o->pieces[o->count++];

	p->size = (u8)size;
	p->device = false;
	return translate(e, linear, write, &p->gpa);
}

enum verdict
operand_begin(struct emulation *e, enum vseg seg, u64 offset, unsigned size, bool write,
	      struct operand *o)
{
	u64 linear, next;
	unsigned first;
	enum verdict verdict = linear_address(e, seg, offset, size, write, &linear);

	if (verdict != VERDICT_NEXT)
		return verdict;
	first = (unsigned)(PAGE_SIZE - (linear & ~PAGE_MASK));
	if (first >= size && is_known(e, linear, write)) {
		o->count = 1;
		o->pieces[0] = (struct piece){e->known->gpa, (u8)size, true};
		return VERDICT_NEXT;
	}
	o->count = 0;
	verdict = add_piece(e, o, linear, MIN(first, size), write);
	if (verdict != VERDICT_NEXT || first >= size)
		return verdict;
	next = e->mode == CODE_64 ? linear + first : (u32)(linear + first);
	return add_piece(e, o, next, size - first, write);
}

/* What is left, in the largest pieces that a device takes. */
static u8
device_size(unsigned left)
{
	return left >= 8 ? 8 : (u8)BIT(high_bit(left));
}

static void
device_load(struct emulation *e, const struct piece *p, u8 *buf)
{
	unsigned done = 0;

	while (done < p->size) {
		u8 size = device_size(p->size - done);
		u64 value = 0;

		emulate_ops->mmio(e->v, GPA(p->gpa.v + done), size, false, &value);
		memcpy(buf + done, &value, size);
		done += size;
	}
}

static void
device_store(struct emulation *e, const struct piece *p, const u8 *buf)
{
	unsigned done = 0;

	while (done < p->size) {
		u8 size = device_size(p->size - done);
		u64 value = 0;

		memcpy(&value, buf + done, size);
		emulate_ops->mmio(e->v, GPA(p->gpa.v + done), size, true, &value);
		done += size;
	}
}

void
operand_load(struct emulation *e, const struct operand *o, void *buf)
{
	u8 *at = buf;

	for (unsigned i = 0; i < o->count; i++) {
		const struct piece *p = &o->pieces[i];

		if (p->device || guest_read(e->v->vm->memory, p->gpa, at, p->size) != 0)
			device_load(e, p, at);
		at += p->size;
	}
}

void
operand_store(struct emulation *e, const struct operand *o, const void *buf)
{
	const u8 *at = buf;

	for (unsigned i = 0; i < o->count; i++) {
		const struct piece *p = &o->pieces[i];

		if (p->device || guest_write(e->v->vm->memory, p->gpa, at, p->size) != 0)
			device_store(e, p, at);
		at += p->size;
	}
}

u64
operand_load_u64(struct emulation *e, const struct operand *o)
{
	const struct piece *p = &o->pieces[0];
	u64 value = 0;

	if (o->count == 1 && p->device) {
		emulate_ops->mmio(e->v, p->gpa, p->size, false, &value);
		return low_bytes(value, p->size);
	}
	operand_load(e, o, &value);
	return value;
}

void
operand_store_u64(struct emulation *e, const struct operand *o, u64 value)
{
	const struct piece *p = &o->pieces[0];

	if (o->count == 1 && p->device) {
		value = low_bytes(value, p->size);
		emulate_ops->mmio(e->v, p->gpa, p->size, true, &value);
	} else {
		operand_store(e, o, &value);
	}
}
