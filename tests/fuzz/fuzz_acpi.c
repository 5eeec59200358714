/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/acpi.c drivers/acpi_table.c drivers/acpi_rsdp.c drivers/acpi_fadt.c
// SOURCES: drivers/acpi_madt.c drivers/acpi_mcfg.c drivers/acpi_hpet.c drivers/acpi_spcr.c
// SOURCES: drivers/acpi_dmar.c drivers/acpi_ivrs.c drivers/acpi_s5.c
// SOURCES: lib/log.c lib/error.c lib/lock.c lib/format.c
/*
 * Feeds anything as ACPI tables. The input is a run of records:
 *
 *    kind       one byte: bits 3:0 choose the signature; bit 7: as it is, without a right header
 *    length     two bytes, little-endian
 *    bytes      the table behind its header, or all of it with bit 7
 *
 * Right signatures, lengths and checksums are made here: no fuzzer would ever find them. A FADT's
 * pointer to the DSDT is set to the last DSDT before it.
 */
#include <stdlib.h>
#include <string.h>

#include "drivers/acpi_dmar.h"
#include "drivers/acpi_fadt.h"
#include "drivers/acpi_hpet.h"
#include "drivers/acpi_ivrs.h"
#include "drivers/acpi_madt.h"
#include "drivers/acpi_mcfg.h"
#include "drivers/acpi_s5.h"
#include "drivers/acpi_spcr.h"
#include "tests/unit/fake/acpi_build.h"
#include "tests/unit/fake/acpi_memory.h"
#include "tests/unit/fake/heap.h"

enum { RECORD_HEAD = 3, KIND_RAW = 0x80, FADT_DSDT = 40 };

static const char signatures[16][5] = {
	"FACP", "APIC", "MCFG", "HPET", "SPCR", "DMAR", "IVRS", "DSDT",
	"SSDT", "FACS", "OEM1", "XSDT", "RSDT", "FACP", "APIC", "DMAR",
};

static struct bytes table, root;
static u64 dsdt;

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static u64
place_record(u8 kind, struct acpi_bytes data)
{
	const char *signature = signatures[kind % 16];
	u64 address;

	if ((kind & KIND_RAW) != 0)
		return fake_memory_put(data.at, data.length);
	table_begin(&table, signature, data.length > 0 ? data.at[0] : 0);
	put_copy(&table, data.at, data.length);
	if (strcmp(signature, "FACP") == 0 && data.length >= 8)
		poke32(&table, FADT_DSDT, (u32)dsdt);
	table_end(&table);
	address = fake_memory_put(table.at, table.length);
	if (strcmp(signature, "DSDT") == 0)
		dsdt = address;
	return address;
}

static void
place_records(struct acpi_bytes rest)
{
	struct acpi_bytes head, data;

	while (root.length < 2 * KiB && acpi_take(&rest, RECORD_HEAD, &head)) {
		size_t size = MIN((size_t)load16(head.at + 1), rest.length);

		data = (struct acpi_bytes){rest.at, 0};
		if (size > 0)
			check(acpi_take(&rest, size, &data));
		if (BYTES_MAX - fake_memory.length < size + 8 * KiB)
			return;
		put64(&root, place_record(head.at[0], data));
	}
}

static void
make_rsdp(struct acpi_rsdp_copy *rsdp, u64 xsdt)
{
	u32 length = ACPI_RSDP_SIZE;

	*rsdp = (struct acpi_rsdp_copy){.length = ACPI_RSDP_SIZE};
	memcpy(rsdp->bytes, "RSD PTR ", 8);
	rsdp->bytes[15] = 2;
	memcpy(rsdp->bytes + 20, &length, sizeof(length));
	memcpy(rsdp->bytes + 24, &xsdt, sizeof(xsdt));
	rsdp->bytes[8] = (u8)(0u - acpi_sum((struct acpi_bytes){rsdp->bytes, ACPI_RSDP_SIZE_V1}));
	rsdp->bytes[32] = (u8)(0u - acpi_sum((struct acpi_bytes){rsdp->bytes, ACPI_RSDP_SIZE}));
}

/* What the parsers accept must be in their bounds: those who use it rely on that. */
static void
check_infos(void)
{
	const struct acpi_madt_info *madt = acpi_madt();
	const struct acpi_dmar_info *dmar = acpi_dmar();
	const struct acpi_ivrs_info *ivrs = acpi_ivrs();

	check(acpi_s5() == NULL || (acpi_s5()->type_a <= 7 && acpi_s5()->type_b <= 7));
	check(acpi_mcfg() == NULL || acpi_mcfg()->count <= MCFG_RANGES_MAX);
	check(acpi_hpet() == NULL || acpi_hpet()->address.v < ACPI_ADDRESS_END);
	check(acpi_fadt() == NULL || acpi_fadt()->smi_command_port <= 0xffff);
	check(acpi_spcr() == NULL || !acpi_spcr()->is_16550 || acpi_spcr()->base.address != 0);
	check(madt == NULL ||
	      (madt->cpu_count <= MAX_CPUS && madt->ioapic_count <= MADT_IOAPICS_MAX));
	check(ivrs == NULL ||
	      (ivrs->unit_count <= IVRS_UNITS_MAX && ivrs->region_count <= IVRS_REGIONS_MAX));
	for (unsigned i = 0; dmar != NULL && i < dmar->unit_count; i++)
		check(dmar->units[i].scopes.first + dmar->units[i].scopes.count <=
		      dmar->scope_count);
}

static void
check_list(void)
{
	const struct acpi_table *t;

	for (unsigned i = 0; (t = acpi_table(i)) != NULL; i++) {
		check(i < ACPI_TABLES_MAX && t->state < ACPI_STATES);
		check(strlen(t->signature) <= 4 && strlen(t->oem) <= 6 && strlen(t->id) <= 8);
		check(t->state != ACPI_OK || t->data != NULL);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int
LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct acpi_rsdp_copy rsdp;

	fake_memory_clear();
	dsdt = 0;
	table_begin(&root, "XSDT", 1);
	place_records((struct acpi_bytes){data, size});
	table_end(&root);
	make_rsdp(&rsdp, fake_memory_put(root.at, root.length));
	check(acpi_init(&rsdp, &fake_ops) == 0);
	check_infos();
	check_list();
	return 0;
}
