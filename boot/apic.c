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
#include "mm/kmap.h"

enum { IOAPIC_REGISTERS = 0x20 };

#define CPUID_EDX_APIC BIT32(9) /* SDM vol. 3, 11.4.2 */

static volatile void *
map_lapic(void)
{
	hpa_t address = lapic_base();
	void *regs;

	if (kmap_device(address, PAGE_SIZE, PT_UC, &regs) != 0)
		refuse("the local APIC at %#lx is in RAM, says the memory map", address.v);
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
		void *regs;

		if (kmap_device(io->address, IOAPIC_REGISTERS, PT_UC, &regs) != 0 ||
		    ioapic_add(regs, io->gsi_base) != 0)
			log_warn("I/O APIC %u at %#lx does not answer: not used", io->id,
				 io->address.v);
	}
	for (unsigned irq = 0; irq < MADT_ISA_IRQS; irq++)
		ioapic_override((u8)irq, madt->isa[irq].gsi, madt->isa[irq].level,
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
		refuse("this CPU has no local APIC, or firmware has turned it off");
	lapic_init(map_lapic(), want_x2apic());
	set_nmi_pin(madt);
	log_info("local APIC: %s, id %u", lapic_is_x2apic() ? "x2APIC" : "xAPIC", lapic_id());
	lapic_timer_calibrate(cpu_features()->tsc_deadline && tsc_is_reliable());
	if (madt != NULL)
		add_ioapics(madt);
	tlb_init();
	smp_init();
}
