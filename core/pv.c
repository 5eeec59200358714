/* SPDX-License-Identifier: MIT */
/* KVM's MSRs, and the areas that they name. */
#include "core/pv.h"

#include "core/vcpu.h"
#include "include/bits.h"
#include "lib/string.h"

void
pv_create(struct vcpu *v)
{
	pv_clock_create(v);
}

void
pv_reset(struct vcpu *v)
{
	struct pv_state *pv = &v->pv;

	vtimer_cancel(&pv->clock_refresh);
	pv->wall = pv->clock = pv->steal = pv->eoi = 0;
	pv->preempted.at = NULL;
	pv->eoi_offered = pv->kicked = false;
}

int
pv_msr_read(struct vcpu *v, u32 msr, u64 *value)
{
	switch (msr) {
	case PV_MSR_WALL_CLOCK: *value = v->pv.wall; return 0;
	case PV_MSR_SYSTEM_TIME: *value = v->pv.clock; return 0;
	case PV_MSR_STEAL_TIME: *value = v->pv.steal; return 0;
	case PV_MSR_EOI: *value = v->pv.eoi; return 0;
	default: return -ERR_INVAL;
	}
}

int
pv_msr_write(struct vcpu *v, u32 msr, u64 value)
{
	int err = -ERR_INVAL;

	switch (msr) {
	case PV_MSR_WALL_CLOCK: err = pv_clock_tell_wall(v, value); break;
	case PV_MSR_SYSTEM_TIME: err = pv_clock_set(v, value); break;
	case PV_MSR_STEAL_TIME: err = pv_steal_set(v, value); break;
	case PV_MSR_EOI: err = pv_eoi_set(v, value); break;
	default: break;
	}
	return err != 0 ? -ERR_INVAL : 0;
}

/*
 * Stores are seen in their order, those of a string instruction before the next one's (SDM vol. 3,
 * 9.2.4). The count is ours, not the area's, which the guest may write.
 */
int
pv_publish(struct vcpu *v, gpa_t gpa, void *area, size_t len, size_t version_at, u32 *version)
{
	struct guest_memory *memory = v->vm->memory;
	gpa_t at = GPA(gpa.v + version_at);
	u32 odd = *version + 1, even = odd + 1;
	int err;

	if (!guest_is_ram(memory, gpa, len))
		return -ERR_RANGE;
	memcpy((u8 *)area + version_at, &odd, sizeof(odd));
	err = guest_write(memory, at, &odd, sizeof(odd));
	if (err == 0)
		err = guest_write(memory, gpa, area, len);
	if (err == 0)
		err = guest_write(memory, at, &even, sizeof(even));
	if (err == 0)
		*version = even;
	return err;
}
