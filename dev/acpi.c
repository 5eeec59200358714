/* SPDX-License-Identifier: MIT */
/* A guest's ACPI tables, as a whole, and the small ones: see dev/acpi.h. */
#include "dev/acpi.h"

#include "dev/acpi_parts.h"
#include "dev/hpet.h"

enum {
	RSDP_SIZE = 36, /* 5.2.5.3 */
	RSDP_SIZE_V1 = 20,
	RSDP_CHECKSUM = 8,
	RSDP_CHECKSUM_EXTENDED = 32,
	FACS_SIZE = 64, /* 5.2.10 */
	FACS_VERSION = 2,
	ALIGN_TABLE = 16,
	ALIGN_FACS = 64,
	TABLES = 4, /* that the XSDT lists */
};

size_t
guest_acpi_begin_table(struct blob *b, const char *signature, u8 revision)
{
	size_t begin;

	blob_align(b, ALIGN_TABLE);
	begin = b->length;
	blob_put(b, signature, 4);
	blob_put32(b, 0); /* length */
	blob_put8(b, revision);
	blob_put8(b, 0); /* checksum */
	blob_put(b, "ASHLAR", 6);
	blob_put(b, "ASHLARVM", 8);
	blob_put32(b, 1);
	blob_put(b, "ASHL", 4);
	blob_put32(b, 1);
	return begin;
}

void
guest_acpi_end_table(struct blob *b, size_t begin)
{
	size_t length = b->length - begin;

	blob_poke32(b, begin + TABLE_LENGTH, (u32)length);
	blob_checksum(b, begin, length, begin + TABLE_CHECKSUM);
}

/* 5.2.5.3; the XSDT's address is set when that is known. */
static void
put_rsdp(struct blob *b)
{
	blob_put(b, "RSD PTR ", 8);
	blob_put8(b, 0);
	blob_put(b, "ASHLAR", 6);
	blob_put8(b, 2);  /* revision */
	blob_put32(b, 0); /* no RSDT: nothing that knows ACPI 2.0 looks at it */
	blob_put32(b, RSDP_SIZE);
	blob_put64(b, 0);
	blob_put32(b, 0);
}

static void
close_rsdp(struct blob *b, size_t rsdp, u64 xsdt)
{
	blob_poke64(b, rsdp + 24, xsdt);
	blob_checksum(b, rsdp, RSDP_SIZE_V1, rsdp + RSDP_CHECKSUM);
	blob_checksum(b, rsdp, RSDP_SIZE, rsdp + RSDP_CHECKSUM_EXTENDED);
}

/* The one table without the common header. */
static void
put_facs(struct blob *b)
{
	size_t begin = b->length;

	blob_put(b, "FACS", 4);
	blob_put32(b, FACS_SIZE);
	blob_fill(b, 0, FACS_SIZE - 8);
	blob_poke8(b, begin + 32, FACS_VERSION);
}

/* PCI Firmware 3.3, 4.1.2. */
static void
put_mcfg(struct blob *b, const struct guest_acpi_platform *platform)
{
	size_t begin = guest_acpi_begin_table(b, "MCFG", 1);

	blob_put64(b, 0);
	blob_put64(b, platform->ecam_base);
	blob_put16(b, 0); /* segment */
	blob_put8(b, 0);  /* first bus */
	blob_put8(b, platform->last_bus);
	blob_put32(b, 0);
	guest_acpi_end_table(b, begin);
}

/* IA-PC HPET 1.0a, 3.2.4. */
static void
put_hpet(struct blob *b)
{
	size_t begin = guest_acpi_begin_table(b, "HPET", 1);

	blob_put32(b, HPET_BLOCK_ID);
	blob_put8(b, GAS_MEMORY);
	blob_put8(b, 64);
	blob_put16(b, 0);
	blob_put64(b, HPET_BASE);
	blob_put8(b, 0); /* its number */
	blob_put16(b, HPET_MINIMUM_TICK);
	blob_put8(b, 0); /* nothing is promised of the rest of its page */
	guest_acpi_end_table(b, begin);
}

/* Where the next table will be. */
static u64
next_table(struct blob *b, u64 base)
{
	blob_align(b, ALIGN_TABLE);
	return base + b->length;
}

static void
put_xsdt(struct blob *b, const u64 tables[TABLES])
{
	size_t begin = guest_acpi_begin_table(b, "XSDT", 1);

	for (unsigned i = 0; i < TABLES; i++)
		blob_put64(b, tables[i]);
	guest_acpi_end_table(b, begin);
}

int
guest_acpi_build(struct blob *out, u64 base, const struct guest_acpi_platform *platform)
{
	size_t rsdp = out->length;
	u64 origin = base - rsdp, facs, dsdt, tables[TABLES];

	put_rsdp(out);
	blob_align(out, ALIGN_FACS);
	facs = origin + out->length;
	put_facs(out);
	dsdt = next_table(out, origin);
	guest_acpi_put_dsdt(out, platform);
	tables[0] = next_table(out, origin);
	guest_acpi_put_fadt(out, (u32)facs, (u32)dsdt);
	tables[1] = next_table(out, origin);
	guest_acpi_put_madt(out, platform);
	tables[2] = next_table(out, origin);
	put_mcfg(out, platform);
	tables[3] = next_table(out, origin);
	put_hpet(out);
	close_rsdp(out, rsdp, next_table(out, origin));
	put_xsdt(out, tables);
	return out->overflow ? fail(-ERR_FULL) : 0;
}

int
guest_acpi_install(struct guest_memory *memory, void *buffer,
		   const struct guest_acpi_platform *platform, gpa_t *rsdp)
{
	struct blob blob;
	int err;

	blob_init(&blob, buffer, GUEST_ACPI_SIZE);
	err = guest_acpi_build(&blob, GUEST_ACPI_BASE, platform);
	if (err != 0)
		return err;
	*rsdp = GPA(GUEST_ACPI_BASE);
	return guest_write(memory, *rsdp, blob.at, blob.length);
}
