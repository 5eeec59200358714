/* SPDX-License-Identifier: MIT */
/*
 * A vCPU without hardware below: registers and segments are arrays, faults and the reason of a stop
 * are kept. And its VM's memory: one piece of RAM from 0, and one page of it that is missing where
 * a test wants a hole. One vCPU and one VM a program; fake_vcpu_reset() makes both anew.
 */
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/x86_64/cr.h"
#include "arch/x86_64/msr.h"
#include "core/vcpu.h"

/* vsegment.attr */
enum {
	FAKE_CODE64 = 0xa09b,
	FAKE_CODE32 = 0xc09b,
	FAKE_CODE16 = 0x009b,
	FAKE_DATA32 = 0xc093,
	FAKE_DATA16 = 0x0093,
	FAKE_DPL3 = 3 << 5,
};

struct guest_memory {
	u8 *ram;
	u64 size;
	u64 hole; /* a page that is not RAM; ~0: none */
};

struct fake_vcpu {
	struct vcpu v;
	struct vm vm;
	struct guest_memory memory;
	u64 regs[VREGS]; /* the general ones but RSP are in v.hw.gpr */
	struct vsegment segments[VSEGS];
	char stopped[VM_REASON_MAX]; /* the first reason; "": it goes on */
	unsigned spans;		     /* that were asked for, by all of the accessors */
};

static struct fake_vcpu fake_vcpu;

static u64
fake_vcpu_get(struct vcpu_hw *hw, enum vreg reg)
{
	return reg <= VREG_R15 && reg != VREG_RSP ? hw->gpr[reg] : fake_vcpu.regs[reg];
}

static void
fake_vcpu_set(struct vcpu_hw *hw, enum vreg reg, u64 value)
{
	if (reg <= VREG_R15 && reg != VREG_RSP)
		hw->gpr[reg] = value;
	else
		fake_vcpu.regs[reg] = value;
}

static void
fake_vcpu_get_segment(struct vcpu_hw *hw, enum vseg seg, struct vsegment *out)
{
	*out = fake_vcpu.segments[seg];
}

static void
fake_vcpu_set_segment(struct vcpu_hw *hw, enum vseg seg, const struct vsegment *in)
{
	fake_vcpu.segments[seg] = *in;
}

static void
fake_vcpu_sync(struct vcpu_hw *hw)
{
}

static struct virt_ops fake_virt_ops = {
	.name = "fake",
	.get = fake_vcpu_get,
	.set = fake_vcpu_set,
	.get_segment = fake_vcpu_get_segment,
	.set_segment = fake_vcpu_set_segment,
	.sync = fake_vcpu_sync,
};

const struct virt_ops *
virt_ops(void)
{
	return &fake_virt_ops;
}

enum verdict
vcpu_fault(struct vcpu *v, u8 vector)
{
	v->fault = (struct event){.kind = EVENT_EXCEPTION, .vector = vector};
	return VERDICT_FAULT;
}

enum verdict
vcpu_fault_code(struct vcpu *v, u8 vector, u32 error)
{
	vcpu_fault(v, vector);
	v->fault.has_error = true;
	v->fault.error = error;
	return VERDICT_FAULT;
}

enum verdict
vcpu_page_fault(struct vcpu *v, gva_t address, u32 error)
{
	vcpu_set(v, VREG_CR2, address.v);
	return vcpu_fault_code(v, 14, error);
}

enum verdict
vcpu_single_step(struct vcpu *v)
{
	vcpu_set(v, VREG_DR6, vcpu_get(v, VREG_DR6) | BIT(14));
	return vcpu_fault(v, 1);
}

void
vm_stop_because(struct vm *vm, const char *fmt, ...)
{
	va_list args;

	if (fake_vcpu.stopped[0] != '\0')
		return;
	va_start(args, fmt);
	vsnprintf(fake_vcpu.stopped, sizeof(fake_vcpu.stopped), fmt, args);
	va_end(args);
}

int
guest_span(const struct guest_memory *m, gpa_t gpa, size_t len, void **out)
{
	fake_vcpu.spans++;
	if (gpa.v >= m->size || len > m->size - gpa.v)
		return -ERR_RANGE;
	if (len > 0 && gpa.v <= (m->hole | (PAGE_SIZE - 1)) && gpa.v + len - 1 >= m->hole)
		return -ERR_RANGE;
	*out = m->ram + gpa.v;
	return 0;
}

int
guest_word(const struct guest_memory *m, gpa_t gpa, struct guest_word *out)
{
	void *at = NULL;
	int err = guest_span(m, gpa, sizeof(u64), &at);

	out->at = at;
	return err;
}

bool
guest_is_ram(const struct guest_memory *m, gpa_t gpa, u64 len)
{
	void *at;

	return guest_span(m, gpa, len, &at) == 0;
}

int
guest_byte(const struct guest_memory *m, gpa_t gpa, struct guest_byte *out)
{
	void *at = NULL;
	int err = guest_span(m, gpa, 1, &at);

	out->at = at;
	return err;
}

int
guest_read(const struct guest_memory *m, gpa_t gpa, void *out, size_t len)
{
	void *from;
	int err = guest_span(m, gpa, len, &from);

	if (err == 0)
		memcpy(out, from, len);
	return err;
}

int
guest_write(struct guest_memory *m, gpa_t gpa, const void *in, size_t len)
{
	void *to;
	int err = guest_span(m, gpa, len, &to);

	if (err == 0)
		memcpy(to, in, len);
	return err;
}

static void
fake_vcpu_segment(enum vseg seg, u16 selector, u64 base, u32 limit, u32 attr)
{
	fake_vcpu.segments[seg] = (struct vsegment){selector, attr, limit, base};
}

static void
fake_vcpu_segments(u32 code, u32 data, u32 limit)
{
	for (unsigned i = VSEG_ES; i <= VSEG_GS; i++)
		fake_vcpu_segment(i, 0x10, 0, limit, i == VSEG_CS ? code : data);
}

/* 64-bit code at privilege level 0, four-level paging with its root at cr3; RAM is zero. */
static __unused struct vcpu *
fake_vcpu_reset(u64 ram, u64 cr3)
{
	struct fake_vcpu *f = &fake_vcpu;
	void *old = f->memory.size == ram ? f->memory.ram : NULL;

	if (old == NULL)
		free(f->memory.ram);
	memset(f, 0, sizeof(*f));
	f->memory = (struct guest_memory){old != NULL ? old : malloc(ram), ram, ~0ul};
	if (f->memory.ram == NULL)
		abort();
	memset(f->memory.ram, 0, ram);
	f->vm.memory = &f->memory;
	strcpy(f->vm.name, "fake");
	f->v.vm = &f->vm;
	f->v.hw.xcr0 = XCR0_X87;
	f->regs[VREG_RFLAGS] = 2;
	f->regs[VREG_CR0] = CR0_PG | CR0_PE | CR0_WP;
	f->regs[VREG_CR3] = cr3;
	f->regs[VREG_CR4] = CR4_PAE;
	f->regs[VREG_EFER] = EFER_LME | EFER_LMA | EFER_NXE;
	fake_vcpu_segments(FAKE_CODE64, FAKE_DATA32, ~0u);
	return &f->v;
}

/* Protected mode without paging; code 16 or 32 bits wide. */
static __unused struct vcpu *
fake_vcpu_reset_flat(u64 ram, u32 code)
{
	struct vcpu *v = fake_vcpu_reset(ram, 0);

	vcpu_set(v, VREG_CR0, CR0_PE);
	vcpu_set(v, VREG_CR4, 0);
	vcpu_set(v, VREG_EFER, 0);
	fake_vcpu_segments(code, code == FAKE_CODE16 ? FAKE_DATA16 : FAKE_DATA32, ~0u);
	return v;
}
