/* SPDX-License-Identifier: MIT */
/*
 * EOIs by memory: while bit 0 of a byte is set, the guest may end the interrupt that it handles by
 * clearing that bit, and we see it when the local APIC's state is next looked at. So the bit is set
 * only while nothing waits for the EOI, and taken back when something begins to.
 */
#include "core/pv.h"
#include "core/vcpu.h"
#include "include/bits.h"

#define EOI_OFFERED  1u
#define EOI_RESERVED BIT(1) /* of the MSR: the area is a multiple of 4 */

/* Where the CPU carries out the APIC, EOIs cost no exit anyway. */
bool
pv_eoi_is_on(const struct vcpu *v)
{
	return (v->pv.eoi & PV_ENABLED) != 0 && v->hw.apic.page == NULL;
}

static void
write_offer(struct vcpu *v, bool offered)
{
	u8 rest = guest_byte_read(v->pv.eoi_byte) & (u8)~EOI_OFFERED;

	guest_byte_write(v->pv.eoi_byte, offered ? rest | EOI_OFFERED : rest);
	v->pv.eoi_offered = offered;
}

void
pv_eoi_offer(struct vcpu *v)
{
	write_offer(v, true);
}

bool
pv_eoi_take(struct vcpu *v)
{
	if ((guest_byte_read(v->pv.eoi_byte) & EOI_OFFERED) != 0)
		return false;
	v->pv.eoi_offered = false;
	return true;
}

void
pv_eoi_withdraw(struct vcpu *v)
{
	write_offer(v, false);
}

int
pv_eoi_set(struct vcpu *v, u64 value)
{
	struct guest_memory *memory = v->vm->memory;
	struct guest_byte byte = {NULL};

	if ((value & EOI_RESERVED) != 0)
		return -ERR_INVAL;
	if ((value & PV_ENABLED) != 0 && guest_byte(memory, GPA(value & ~PV_ENABLED), &byte) != 0)
		return -ERR_INVAL;
	/* What the guest has said by the old byte is carried out first. */
	(void)v->vm->platform->pending_interrupt(v);
	if (v->pv.eoi_offered)
		pv_eoi_withdraw(v);
	v->pv.eoi = value;
	v->pv.eoi_byte = byte;
	return 0;
}
