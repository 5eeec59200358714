/* SPDX-License-Identifier: MIT */
/*
 * Which rule VMRUN has refused: the illegal combinations of APM vol. 2, 15.5.1, in its order, and
 * those of 15.20 and 15.25.3. Looked at after the failure, so cost is no matter.
 */
#include "arch/x86_64/cr.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/svm/svm_vcpu.h"

#define UPPER_HALF    BITS(63, 32)
#define CR4_RESERVED  (BITS(63, 24) | BIT(19) | BITS(15, 13))
#define CR4_CET	      BIT(23)
/* SCE, LME, LMA, NXE, SVME, LMSLE, FFXSR, TCE, MCOMMIT, INTWB, UAIE, AIBRSE: all that any CPU has.
 */
#define EFER_RESERVED (BITS(63, 22) | BIT(19) | BIT(16) | BIT(9) | BITS(7, 1))

#define ATTR_L	      BIT32(9)
#define ATTR_DB	      BIT32(10)

enum { MAPS_IO_SIZE = 3 * PAGE_SIZE, MAPS_MSR_SIZE = 2 * PAGE_SIZE, VECTOR_NMI = 2 };

static bool
has(u64 value, u64 mask)
{
	return (value & mask) != 0;
}

static const char *
check_registers(const struct vmcb *v, u64 beyond)
{
	if (!has(v->efer, EFER_SVME))
		return "EFER.SVME is off";
	if (!has(v->cr0, CR0_CD) && has(v->cr0, CR0_NW))
		return "CR0.NW is on without CR0.CD";
	if (has(v->cr0, UPPER_HALF))
		return "CR0 has bits above 31";
	if (has(v->cr3, beyond))
		return "CR3 has bits beyond the width of physical addresses";
	if (has(v->cr4, CR4_RESERVED))
		return "CR4 has reserved bits";
	if (has(v->cr4, CR4_CET) && !has(v->cr0, CR0_WP))
		return "CR4.CET is on without CR0.WP";
	if (has(v->dr6, UPPER_HALF))
		return "DR6 has bits above 31";
	if (has(v->dr7, UPPER_HALF))
		return "DR7 has bits above 31";
	if (has(v->efer, EFER_RESERVED))
		return "EFER has reserved bits";
	return NULL;
}

static const char *
check_long_mode(const struct vmcb *v)
{
	if (!has(v->efer, EFER_LME) || !has(v->cr0, CR0_PG))
		return NULL;
	if (!has(v->cr4, CR4_PAE))
		return "long mode is enabled with CR0.PG, but without CR4.PAE";
	if (!has(v->cr0, CR0_PE))
		return "long mode is enabled with CR0.PG, but without CR0.PE";
	if (has(v->cs.attrib, ATTR_L) && has(v->cs.attrib, ATTR_DB))
		return "CS has both L and D in long mode";
	return NULL;
}

static bool
fits(u64 base, u64 size, u64 beyond)
{
	return (base & (PAGE_SIZE - 1)) == 0 && !has(base, beyond) && !has(base + size - 1, beyond);
}

static const char *
check_controls(const struct vmcb *v, u64 beyond)
{
	if (!has(v->intercept2, INTERCEPT_VMRUN))
		return "VMRUN is not intercepted";
	if (!fits(v->iopm_base, MAPS_IO_SIZE, beyond) ||
	    !fits(v->msrpm_base, MAPS_MSR_SIZE, beyond))
		return "a permission map is not below the end of physical addresses";
	if (v->asid == 0)
		return "the ASID is the host's";
	if (has(v->np_enable, BIT(0)) && has(v->n_cr3, beyond))
		return "nCR3 has bits beyond the width of physical addresses";
	return NULL;
}

static const char *
check_pat(const struct vmcb *v)
{
	for (unsigned i = 0; has(v->np_enable, BIT(0)) && i < 64; i += 8) {
		u64 type = v->g_pat >> i & 0xff;

		if (type > 7 || type == 2 || type == 3)
			return "the PAT has a memory type that there is not";
	}
	return NULL;
}

/* 15.20 */
static const char *
check_event(const struct vmcb *v)
{
	u64 type = FIELD_GET(EVENT_TYPE, v->eventinj),
	    vector = FIELD_GET(EVENT_VECTOR, v->eventinj);

	if (!has(v->eventinj, EVENT_VALID))
		return NULL;
	if (type != EVENT_TYPE_INTR && type != EVENT_TYPE_NMI && type != EVENT_TYPE_EXCEPTION &&
	    type != EVENT_TYPE_SOFT)
		return "the event to be delivered is of a reserved type";
	if (type == EVENT_TYPE_EXCEPTION && (vector == VECTOR_NMI || vector > 31))
		return "the exception to be delivered has a vector that is none's";
	return NULL;
}

const char *
svm_broken_rule(const struct vmcb *vmcb, u8 phys_bits)
{
	u64 beyond = BITS(63, phys_bits);
	const char *broken = check_registers(vmcb, beyond);

	if (broken == NULL)
		broken = check_long_mode(vmcb);
	if (broken == NULL)
		broken = check_controls(vmcb, beyond);
	if (broken == NULL)
		broken = check_pat(vmcb);
	return broken != NULL ? broken : check_event(vmcb);
}
