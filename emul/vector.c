/* SPDX-License-Identifier: MIT */
#include "emul/vector.h"

#include "arch/x86_64/cr.h"
#include "arch/x86_64/xsave.h"
#include "lib/string.h"

#define XCR0_ZMM_HIGH BIT(6) /* the upper halves of ZMM0 to ZMM15 */

enum { AREA_XMM = 160, AREA_XSTATE_BV = 512, XMM_SIZE = 16, ZMM_HIGH_SIZE = 32, REGISTERS = 16 };

/* A component of the XSAVE area that has a piece of each vector register. */
struct component {
	u64 bit; /* in XCR0 and XSTATE_BV */
	u8 size; /* of a register's piece */
};

static const struct component sse = {XCR0_SSE, XMM_SIZE};
static const struct component avx = {XCR0_AVX, XMM_SIZE};
static const struct component zmm_high = {XCR0_ZMM_HIGH, ZMM_HIGH_SIZE};

/* The same on every machine but for its place (SDM vol. 1, 13.5). */
static u8 *
component_base(struct emulation *e, const struct component *c)
{
	u8 *area = e->v->hw.xsave;

	if (c->bit == XCR0_SSE)
		return area + AREA_XMM;
	return area + cpuid(CPUID_XSAVE, (u32)FIELD_SHIFT(c->bit)).ebx;
}

/*
 * A component that XSTATE_BV does not name is in its initial state, all 0, whatever lies in the
 * area; FXSAVE knows no such thing.
 */
static bool
in_use(struct emulation *e, const struct component *c)
{
	const u8 *area = e->v->hw.xsave;

	return xsave_mask() == 0 || (*(const u64 *)(const void *)(area + AREA_XSTATE_BV) & c->bit);
}

static void
use(struct emulation *e, const struct component *c)
{
	u8 *area = e->v->hw.xsave;

	if (in_use(e, c))
		return;
	memset(component_base(e, c), 0, (size_t)c->size * REGISTERS);
	*(u64 *)(void *)(area + AREA_XSTATE_BV) |= c->bit;
}

static void
read_piece(struct emulation *e, const struct component *c, unsigned number, void *buf)
{
	if (in_use(e, c))
		memcpy(buf, component_base(e, c) + (size_t)number * c->size, c->size);
	else
		memset(buf, 0, c->size);
}

static void
write_piece(struct emulation *e, const struct component *c, unsigned number, const void *buf)
{
	use(e, c);
	memcpy(component_base(e, c) + (size_t)number * c->size, buf, c->size);
}

static void
clear_piece(struct emulation *e, const struct component *c, unsigned number)
{
	if (in_use(e, c))
		memset(component_base(e, c) + (size_t)number * c->size, 0, c->size);
}

enum verdict
vector_check(struct emulation *e)
{
	const u64 both = XCR0_SSE | XCR0_AVX;
	u64 cr0 = vcpu_get(e->v, VREG_CR0), cr4 = vcpu_get(e->v, VREG_CR4);
	bool allowed;

	virt_ops()->sync(&e->v->hw);
	if (e->insn.vex)
		allowed = e->protected && (cr4 & CR4_OSXSAVE) && (e->v->hw.xcr0 & both) == both;
	else
		allowed = !(cr0 & CR0_EM) && (cr4 & CR4_OSFXSR);
	if (!allowed)
		return vcpu_fault(e->v, FAULT_UD);
	if (cr0 & CR0_TS)
		return vcpu_fault(e->v, FAULT_NM);
	return VERDICT_NEXT;
}

void
vector_read(struct emulation *e, unsigned number, void *buf, unsigned size)
{
	u8 whole[2 * XMM_SIZE];

	read_piece(e, &sse, number, whole);
	if (size > XMM_SIZE)
		read_piece(e, &avx, number, whole + XMM_SIZE);
	memcpy(buf, whole, size);
}

void
vector_write(struct emulation *e, unsigned number, const void *buf, unsigned size)
{
	u8 whole[2 * XMM_SIZE] = {0};

	memcpy(whole, buf, size);
	write_piece(e, &sse, number, whole);
	if (!e->insn.vex)
		return;
	if (size > XMM_SIZE)
		write_piece(e, &avx, number, whole + XMM_SIZE);
	else
		clear_piece(e, &avx, number);
	if (xsave_mask() & XCR0_ZMM_HIGH)
		clear_piece(e, &zmm_high, number);
}
