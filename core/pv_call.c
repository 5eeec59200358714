/* SPDX-License-Identifier: MIT */
/* Hypercalls: the number in RAX, arguments in RBX, RCX, RDX, RSI, the answer in RAX. */
#include "core/pv.h"
#include "core/vcpu.h"
#include "include/bits.h"

enum { CALL_KICK_CPU = 5 };

/* KVM_ENOSYS, KVM_EPERM. */
enum { CALL_UNKNOWN = -1000, CALL_DENIED = -1 };

#define ATTR_DPL BITS(6, 5)

/*
 * Conforming code has the privilege of its stack, other code its own; SYSRET on AMD's CPUs leaves
 * SS as it was (APM vol. 3, SYSRET).
 */
static bool
is_user(const struct vsegment *cs, const struct vsegment *ss)
{
	return FIELD_GET(ATTR_DPL, cs->attr | ss->attr) != 0;
}

/* APIC ids are the vCPUs' numbers. One that is not there is nobody. */
static s64
kick(struct vcpu *v, u64 apic_id)
{
	if (apic_id < v->vm->vcpu_count)
		vcpu_request(v->vm->vcpus[apic_id], REQUEST_KICK);
	return 0;
}

static s64
carry_out(struct vcpu *v, u64 number, u64 apic_id)
{
	switch (number) {
	case CALL_KICK_CPU: return kick(v, apic_id);
	default: return CALL_UNKNOWN;
	}
}

void
pv_call(struct vcpu *v)
{
	u64 *gpr = v->hw.gpr, mask = ~0ul;
	struct vsegment cs, ss;
	s64 answer = CALL_DENIED;

	virt_ops()->get_segment(&v->hw, VSEG_CS, &cs);
	virt_ops()->get_segment(&v->hw, VSEG_SS, &ss);
	if ((cs.attr & VSEG_LONG) == 0 || (vcpu_get(v, VREG_EFER) & EFER_LMA) == 0)
		mask = 0xffffffff;
	if (!is_user(&cs, &ss))
		answer = carry_out(v, gpr[VREG_RAX] & mask, gpr[VREG_RCX] & mask);
	gpr[VREG_RAX] = (u64)answer & mask;
}
