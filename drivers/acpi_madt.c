/* SPDX-License-Identifier: MIT */
/*
 * Reads the MADT in two passes over its structures: what there is first, then how NMIs reach the
 * CPUs, since their structures may come before those of the CPUs that they name.
 */
#include "drivers/acpi_madt.h"

#include "include/bits.h"
#include "lib/log.h"

enum { MADT_LAPIC_ADDRESS = 36, MADT_FLAGS = 40, MADT_STRUCTURES = 44 };

#define MADT_PCAT_COMPAT   BIT32(0)
#define CPU_ENABLED	   BIT32(0)
#define CPU_ONLINE_CAPABLE BIT32(1)
#define UID_ALL_8	   0xffu
#define UID_ALL_32	   0xffffffffu

/* Table 5.36 MPS INTI flags: 0 conforms to the bus, 1 is high or edge, 3 is low or level. */
#define INTI_POLARITY	   BITS(1, 0)
#define INTI_TRIGGER	   BITS(3, 2)
#define INTI_ACTIVE_LOW	   3u
#define INTI_LEVEL	   3u

enum structure {
	MADT_LAPIC = 0,
	MADT_IOAPIC = 1,
	MADT_OVERRIDE = 2,
	MADT_LAPIC_NMI = 4,
	MADT_LAPIC_OVERRIDE = 5,
	MADT_X2APIC = 9,
	MADT_X2APIC_NMI = 10,
	MADT_KNOWN
};

typedef int (*structure_fn)(const u8 *at, struct acpi_madt_info *out);

static bool
cpu_known(const struct acpi_madt_info *out, u32 apic_id)
{
	for (unsigned i = 0; i < out->cpu_count; i++) {
		if (out->cpus[i].apic_id == apic_id)
			return true;
	}
	return false;
}

/* Firmware may list a CPU both as a local APIC and as an x2APIC: the first one counts. */
static void
add_cpu(struct acpi_madt_info *out, u32 apic_id, u32 uid, u32 flags)
{
	if ((flags & CPU_ENABLED) == 0) {
		out->cpus_disabled++;
		out->cpus_pluggable += (flags & CPU_ONLINE_CAPABLE) != 0;
	} else if (cpu_known(out, apic_id)) {
		return;
	} else if (out->cpu_count == MAX_CPUS) {
		out->cpus_left_out++;
	} else {
		out->cpus[out->cpu_count++] = (struct madt_cpu){
			.apic_id = apic_id,
			.uid = uid,
			.nmi = MADT_NMI_NONE,
		};
	}
}

/* 5.2.12.2. ID 255 is the broadcast address, no CPU. */
static int
parse_lapic(const u8 *at, struct acpi_madt_info *out)
{
	if (at[3] != 0xff)
		add_cpu(out, at[3], at[2], load32(at + 4));
	return 0;
}

/* 5.2.12.12 */
static int
parse_x2apic(const u8 *at, struct acpi_madt_info *out)
{
	u32 apic_id = load32(at + 4);

	if (apic_id != 0xffffffff)
		add_cpu(out, apic_id, load32(at + 12), load32(at + 8));
	return 0;
}

/* 5.2.12.3. Address 0 is a known mistake of firmware, for one that is not there. */
static int
parse_ioapic(const u8 *at, struct acpi_madt_info *out)
{
	if (load32(at + 4) == 0) {
		log_warn("ACPI: the MADT has I/O APIC %u at address 0; it is not used", at[2]);
		return 0;
	}
	if (out->ioapic_count == MADT_IOAPICS_MAX)
		return fail(-ERR_FULL);
	out->ioapics[out->ioapic_count++] = (struct madt_ioapic){
		.id = at[2],
		.address = HPA(load32(at + 4)),
		.gsi_base = load32(at + 8),
	};
	return 0;
}

/* 5.2.12.5. An ISA interrupt conforms to its bus by edge, active high. */
static int
parse_override(const u8 *at, struct acpi_madt_info *out)
{
	u16 flags = load16(at + 8);

	if (at[2] != 0 || at[3] >= MADT_ISA_IRQS) {
		log_warn("ACPI: the MADT overrides interrupt %u of bus %u, which is no ISA "
			 "interrupt",
			 at[3], at[2]);
		return 0;
	}
	out->isa[at[3]] = (struct madt_isa){
		.gsi = load32(at + 4),
		.level = FIELD_GET(INTI_TRIGGER, flags) == INTI_LEVEL,
		.active_low = FIELD_GET(INTI_POLARITY, flags) == INTI_ACTIVE_LOW,
	};
	return 0;
}

/* 5.2.12.8 */
static int
parse_lapic_override(const u8 *at, struct acpi_madt_info *out)
{
	u64 address = load64(at + 4);

	if (address == 0 || address >= ACPI_ADDRESS_END)
		return fail(-ERR_FORMAT);
	out->lapic_address = HPA(address);
	return 0;
}

static int
set_nmi(struct acpi_madt_info *out, bool all, u32 uid, u8 lint, u16 flags)
{
	if (lint > MADT_NMI_LINT1) {
		log_warn("ACPI: the MADT has an NMI at LINT%u, which no CPU has", lint);
		return 0;
	}
	for (unsigned i = 0; i < out->cpu_count; i++) {
		struct madt_cpu *cpu = &out->cpus[i];

		if (!all && cpu->uid != uid)
			continue;
		cpu->nmi = lint;
		cpu->nmi_level = FIELD_GET(INTI_TRIGGER, flags) == INTI_LEVEL;
		cpu->nmi_active_low = FIELD_GET(INTI_POLARITY, flags) == INTI_ACTIVE_LOW;
	}
	return 0;
}

/* 5.2.12.7 */
static int
parse_lapic_nmi(const u8 *at, struct acpi_madt_info *out)
{
	return set_nmi(out, at[2] == UID_ALL_8, at[2], at[5], load16(at + 3));
}

/* 5.2.12.13 */
static int
parse_x2apic_nmi(const u8 *at, struct acpi_madt_info *out)
{
	u32 uid = load32(at + 4);

	return set_nmi(out, uid == UID_ALL_32, uid, at[8], load16(at + 2));
}

/* The least length of each structure that we read; others are skipped by their own length. */
static const u8 least_length[MADT_KNOWN] = {
	[MADT_LAPIC] = 8,	[MADT_IOAPIC] = 12,	    [MADT_OVERRIDE] = 10,
	[MADT_LAPIC_NMI] = 6,	[MADT_LAPIC_OVERRIDE] = 12, [MADT_X2APIC] = 16,
	[MADT_X2APIC_NMI] = 12,
};

static const structure_fn first_pass[MADT_KNOWN] = {
	[MADT_LAPIC] = parse_lapic,	  [MADT_IOAPIC] = parse_ioapic,
	[MADT_OVERRIDE] = parse_override, [MADT_LAPIC_OVERRIDE] = parse_lapic_override,
	[MADT_X2APIC] = parse_x2apic,
};

static const structure_fn second_pass[MADT_KNOWN] = {
	[MADT_LAPIC_NMI] = parse_lapic_nmi,
	[MADT_X2APIC_NMI] = parse_x2apic_nmi,
};

static int
walk(struct acpi_bytes rest, const structure_fn *pass, struct acpi_madt_info *out)
{
	struct acpi_bytes s;

	while (rest.length > 0) {
		u8 type = rest.at[0];
		int err;

		if (rest.length < 2 || rest.at[1] < 2 || !acpi_take(&rest, rest.at[1], &s))
			return fail(-ERR_FORMAT);
		if (type >= MADT_KNOWN || pass[type] == NULL)
			continue;
		if (s.length < least_length[type])
			return fail(-ERR_FORMAT);
		err = pass[type](s.at, out);
		if (err != 0)
			return err;
	}
	return 0;
}

int
acpi_madt_parse(struct acpi_bytes table, struct acpi_madt_info *out)
{
	struct acpi_bytes rest = table, head;
	int err;

	if (!acpi_take(&rest, MADT_STRUCTURES, &head))
		return fail(-ERR_RANGE);
	memset(out, 0, sizeof(*out));
	out->lapic_address = HPA(load32(head.at + MADT_LAPIC_ADDRESS));
	out->has_pics = (load32(head.at + MADT_FLAGS) & MADT_PCAT_COMPAT) != 0;
	for (u32 irq = 0; irq < MADT_ISA_IRQS; irq++)
		out->isa[irq].gsi = irq;
	err = walk(rest, first_pass, out);
	return err != 0 ? err : walk(rest, second_pass, out);
}
