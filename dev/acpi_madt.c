/* SPDX-License-Identifier: MIT */
/* A guest's MADT (ACPI 6.4, 5.2.12): its CPUs, the I/O APIC, how ISA interrupts are wired. */
#include "dev/acpi_parts.h"
#include "dev/pm.h"

enum {
	MADT_REVISION = 5,
	MADT_PCAT_COMPAT = 1, /* two 8259 */
	LAPIC_ADDRESS = 0xfee00000,
	APIC_ID_LIMIT = 255, /* a local APIC entry's ids end below it */
	CPU_ENABLED = 1,
	ALL_CPUS_8 = 0xff,
	NMI_LINT = 1,
};

#define ALL_CPUS_32 0xffffffffu

enum { MADT_LAPIC, MADT_IOAPIC, MADT_OVERRIDE, MADT_NMI = 4, MADT_X2APIC = 9, MADT_X2APIC_NMI };

/* MPS INTI flags (table 5.26): 0 is what the bus has, for ISA edge and active high. */
enum { INTI_ISA = 0, INTI_HIGH_LEVEL = 0x0d };

static void
put_head(struct blob *b, u8 type, u8 length)
{
	blob_put8(b, type);
	blob_put8(b, length);
}

static void
put_cpu(struct blob *b, u32 id)
{
	if (id < APIC_ID_LIMIT) {
		put_head(b, MADT_LAPIC, 8);
		blob_put8(b, (u8)id); /* UID, as in the DSDT */
		blob_put8(b, (u8)id);
		blob_put32(b, CPU_ENABLED);
		return;
	}
	put_head(b, MADT_X2APIC, 16);
	blob_put16(b, 0);
	blob_put32(b, id);
	blob_put32(b, CPU_ENABLED);
	blob_put32(b, id);
}

static void
put_ioapic(struct blob *b, const struct guest_acpi_platform *platform)
{
	put_head(b, MADT_IOAPIC, 12);
	blob_put8(b, platform->ioapic_id);
	blob_put8(b, 0);
	blob_put32(b, (u32)platform->ioapic_address);
	blob_put32(b, 0); /* its first input */
}

static void
put_override(struct blob *b, u8 irq, u32 input, u16 flags)
{
	put_head(b, MADT_OVERRIDE, 10);
	blob_put8(b, 0); /* ISA */
	blob_put8(b, irq);
	blob_put32(b, input);
	blob_put16(b, flags);
}

/* NMIs come to LINT1 of every CPU. */
static void
put_nmis(struct blob *b, u32 vcpu_count)
{
	put_head(b, MADT_NMI, 6);
	blob_put8(b, ALL_CPUS_8);
	blob_put16(b, INTI_ISA);
	blob_put8(b, NMI_LINT);
	if (vcpu_count <= APIC_ID_LIMIT)
		return;
	put_head(b, MADT_X2APIC_NMI, 12);
	blob_put16(b, INTI_ISA);
	blob_put32(b, ALL_CPUS_32);
	blob_put8(b, NMI_LINT);
	blob_fill(b, 0, 3);
}

void
guest_acpi_put_madt(struct blob *b, const struct guest_acpi_platform *platform)
{
	size_t begin = guest_acpi_begin_table(b, "APIC", MADT_REVISION);

	blob_put32(b, LAPIC_ADDRESS);
	blob_put32(b, MADT_PCAT_COMPAT);
	for (u32 id = 0; id < platform->vcpu_count; id++)
		put_cpu(b, id);
	put_ioapic(b, platform);
	put_override(b, 0, 2, INTI_ISA);
	put_override(b, PM_SCI_IRQ, PM_SCI_IRQ, INTI_HIGH_LEVEL);
	put_nmis(b, platform->vcpu_count);
	guest_acpi_end_table(b, begin);
}
