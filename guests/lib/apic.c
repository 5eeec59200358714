/* SPDX-License-Identifier: MIT */
#include "guests/lib/apic.h"

#include "guests/lib/guest.h"

u32
apic_read(u32 reg)
{
	return mmio_read32((void *)(APIC_BASE + reg));
}

void
apic_write(u32 reg, u32 value)
{
	mmio_write32((void *)(APIC_BASE + reg), value);
}

static void
spurious(struct trap *trap)
{
	(void)trap; /* no EOI: SDM vol. 3, 11.9 */
}

void
apic_enable(void)
{
	trap_on(APIC_SPURIOUS_VECTOR, spurious);
	apic_write(LAPIC_SVR, SVR_ENABLE | APIC_SPURIOUS_VECTOR);
}

u32
apic_id(void)
{
	return apic_read(LAPIC_ID) >> 24;
}

void
apic_eoi(void)
{
	apic_write(LAPIC_EOI, 0);
}

void
apic_send(u32 id, u32 command)
{
	apic_write(LAPIC_ICR_HIGH, id << 24);
	apic_write(LAPIC_ICR_LOW, command);
	for (unsigned n = 0; apic_read(LAPIC_ICR_LOW) & ICR_PENDING; n++) {
		CHECK(n < 1000000);
		cpu_relax();
	}
}

bool
apic_bit(u32 reg, u8 vector)
{
	return (apic_read(reg + vector / 32u * 16) >> vector % 32 & 1) != 0;
}
