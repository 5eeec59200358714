/* SPDX-License-Identifier: MIT */
/* The interrupt controllers, as the MADT describes them. */
#include "arch/x86_64/features.h"
#include "arch/x86_64/ioapic.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/tsc.h"
#include "boot/boot.h"
#include "drivers/acpi_dmar.h"
#include "drivers/acpi_madt.h"
#include "include/bits.h"
#include "include/panic.h"
#include "mm/kmap.h"

enum { IOAPIC_REGISTERS = 0x20 };

#define CPUID_EDX_APIC BIT32(9) /* SDM vol. 3, 11.4.2 */

static volatile void *
map_or_panic(hpa_t address, u64 size, const char *what)
{
	void *regs;

	if (kmap_device(address, size, PT_UC, &regs) != 0)
		panic("the registers of the %s at %#lx can't be mapped", what, address.v);
	return regs;
}

/* Firmware may ask for the old mode (VT-d 8.1, flag X2APIC_OPT_OUT). */
static bool
want_x2apic(void)
{
	const struct acpi_dmar_info *dmar = acpi_dmar();

	return cpu_features()->x2apic && (dmar == NULL || !dmar->x2apic_opt_out);
}

static void
add_ioapics(const struct acpi_madt_info *madt)
{
	for (unsigned i = 0; i < madt->ioapic_count; i++) {
		const struct madt_ioapic *io = &madt->ioapics[i];

		if (ioapic_add(map_or_panic(io->address, IOAPIC_REGISTERS, "I/O APIC"),
			       io->gsi_base) != 0)
			log_warn("I/O APIC %u at %#lx does not answer: not used", io->id,
				 io->address.v);
	}
	for (u8 irq = 0; irq < MADT_ISA_IRQS; irq++)
		ioapic_override(irq, madt->isa[irq].gsi, madt->isa[irq].level,
				madt->isa[irq].active_low);
}

/* Known only now that this CPU's APIC id is. */
static void
set_nmi_pin(const struct acpi_madt_info *madt)
{
	for (unsigned i = 0; madt != NULL && i < madt->cpu_count; i++) {
		if (madt->cpus[i].apic_id == boot_cpu.apic_id)
			boot_cpu.nmi_pin = madt->cpus[i].nmi;
	}
	lapic_init_cpu();
}

void
apic_init(void)
{
	const struct acpi_madt_info *madt = acpi_madt();

	pic_disable();
	if ((cpuid(CPUID_VERSION, 0).edx & CPUID_EDX_APIC) == 0)
		panic("this CPU has no local APIC, or firmware has turned it off");
	lapic_init(map_or_panic(lapic_base(), PAGE_SIZE, "local APIC"), want_x2apic());
	set_nmi_pin(madt);
	log_info("local APIC: %s, id %u", lapic_is_x2apic() ? "x2APIC" : "xAPIC", lapic_id());
	lapic_timer_calibrate(cpu_features()->tsc_deadline && tsc_is_reliable());
	if (madt != NULL)
		add_ioapics(madt);
	tlb_init();
	smp_init();
}
