/* SPDX-License-Identifier: MIT */
/* Finds the tables: RSDP, then XSDT or RSDT, then what the FADT points to, and has them read. */
#include "drivers/acpi.h"

#include "drivers/acpi_dmar.h"
#include "drivers/acpi_fadt.h"
#include "drivers/acpi_hpet.h"
#include "drivers/acpi_ivrs.h"
#include "drivers/acpi_madt.h"
#include "drivers/acpi_mcfg.h"
#include "drivers/acpi_rsdp.h"
#include "drivers/acpi_s5.h"
#include "drivers/acpi_spcr.h"
#include "drivers/acpi_table.h"
#include "lib/log.h"
#include "mm/heap.h"

/* Written by acpi_init() alone. */
static struct acpi_table *tables; /* ACPI_TABLES_MAX */
static unsigned table_count;

/* What is small; of the others each is allocated when there is a table for it. */
static struct acpi_fadt_info fadt;
static struct acpi_hpet_info hpet;
static struct acpi_spcr_info spcr;
static struct acpi_s5_info s5;
static struct acpi_madt_info *madt;
static struct acpi_mcfg_info *mcfg;
static struct acpi_dmar_info *dmar;
static struct acpi_ivrs_info *ivrs;
static bool s5_found;

/* Memory for what a table says; kept for the next such table when this one turns out broken. */
#define room_for(info) (*(info) != NULL || (*(info) = heap_alloc(sizeof(**(info)))) != NULL)

static int
read_fadt(struct acpi_bytes table)
{
	return acpi_fadt_parse(table, &fadt);
}

static int
read_madt(struct acpi_bytes table)
{
	return room_for(&madt) ? acpi_madt_parse(table, madt) : fail(-ERR_NOMEM);
}

static int
read_mcfg(struct acpi_bytes table)
{
	return room_for(&mcfg) ? acpi_mcfg_parse(table, mcfg) : fail(-ERR_NOMEM);
}

static int
read_hpet(struct acpi_bytes table)
{
	return acpi_hpet_parse(table, &hpet);
}

static int
read_spcr(struct acpi_bytes table)
{
	return acpi_spcr_parse(table, &spcr);
}

static int
read_dmar(struct acpi_bytes table)
{
	return room_for(&dmar) ? acpi_dmar_parse(table, dmar) : fail(-ERR_NOMEM);
}

static int
read_ivrs(struct acpi_bytes table)
{
	return room_for(&ivrs) ? acpi_ivrs_parse(table, ivrs) : fail(-ERR_NOMEM);
}

enum { FADT, MADT, MCFG, HPET, SPCR, DMAR, IVRS, READERS };

static const struct reader {
	char signature[5];
	int (*read)(struct acpi_bytes table);
} readers[READERS] = {
	[FADT] = {"FACP", read_fadt},
	      [MADT] = {"APIC", read_madt},
	    [MCFG] = {"MCFG", read_mcfg},
	[HPET] = {"HPET", read_hpet},
	      [SPCR] = {"SPCR", read_spcr},
	    [DMAR] = {"DMAR", read_dmar},
	[IVRS] = {"IVRS", read_ivrs},
};

static bool readable[READERS]; /* this table was there, and all of it is right */

/* The table at an address, loaded the first time that something points to it; NULL: no room. */
static struct acpi_table *
table_at(hpa_t address, const struct acpi_ops *ops)
{
	for (unsigned i = 0; i < table_count; i++) {
		if (tables[i].address.v == address.v)
			return &tables[i];
	}
	if (table_count == ACPI_TABLES_MAX)
		return NULL;
	acpi_table_load(address, ops, &tables[table_count]);
	return &tables[table_count++];
}

/* The same for one that must have a certain signature; NULL when it can't be used. */
static struct acpi_table *
expect_table(hpa_t address, const char *signature, const struct acpi_ops *ops)
{
	struct acpi_table *table = address.v != 0 ? table_at(address, ops) : NULL;

	if (table == NULL || table->state != ACPI_OK)
		return NULL;
	if (acpi_table_is(table, signature))
		return table;
	log_warn("ACPI: at %#lx, where a %s should be, is a table %s", address.v, signature,
		 table->signature);
	return NULL;
}

/* All that a root table points to (5.2.7, 5.2.8). Firmware leaves entries empty. */
static void
load_entries(const struct acpi_table *root, size_t entry_size, const struct acpi_ops *ops)
{
	struct acpi_bytes rest = {root->data + ACPI_HEADER_SIZE, root->length - ACPI_HEADER_SIZE};
	struct acpi_bytes entry;

	while (acpi_take(&rest, entry_size, &entry)) {
		u64 address = entry_size == 8 ? load64(entry.at) : load32(entry.at);

		if (address != 0 && table_at(HPA(address), ops) == NULL) {
			log_warn("ACPI: only the first %d tables are used", ACPI_TABLES_MAX);
			return;
		}
	}
}

static int
load_roots(const struct acpi_roots *roots, const struct acpi_ops *ops)
{
	const struct acpi_table *root = expect_table(roots->xsdt, "XSDT", ops);

	if (root != NULL) {
		load_entries(root, 8, ops);
		return 0;
	}
	root = expect_table(roots->rsdt, "RSDT", ops);
	if (root == NULL) {
		log_warn("ACPI: there is no root table that can be used");
		return fail(-ERR_NODEV);
	}
	load_entries(root, 4, ops);
	return 0;
}

static enum acpi_state
state_of(int err)
{
	switch (err) {
	case 0: return ACPI_OK;
	case -ERR_RANGE: return ACPI_TRUNCATED;
	case -ERR_FULL: return ACPI_TOO_MUCH;
	default: return ACPI_MALFORMED;
	}
}

/* Of several with the same signature the first that is good counts. */
static bool
read_table(const struct reader *reader)
{
	for (unsigned i = 0; i < table_count; i++) {
		struct acpi_table *table = &tables[i];
		enum acpi_state state;

		if (table->state != ACPI_OK || !acpi_table_is(table, reader->signature))
			continue;
		state = state_of(reader->read((struct acpi_bytes){table->data, table->length}));
		if (state == ACPI_OK)
			return true;
		acpi_table_refuse(table, state);
	}
	return false;
}

static bool
find_s5(const struct acpi_table *block)
{
	struct acpi_bytes aml = {block->data + ACPI_HEADER_SIZE, block->length - ACPI_HEADER_SIZE};

	return acpi_s5_find(aml, &s5);
}

/* The DSDT by its newer address, or else by the older; and what the SSDTs add. */
static void
read_definitions(const struct acpi_ops *ops)
{
	const struct acpi_table *dsdt = NULL;

	if (readable[FADT]) {
		(void)expect_table(fadt.facs, "FACS", ops);
		dsdt = expect_table(fadt.dsdt, "DSDT", ops);
		if (dsdt == NULL)
			dsdt = expect_table(fadt.dsdt_32, "DSDT", ops);
	}
	s5_found = dsdt != NULL && find_s5(dsdt);
	for (unsigned i = 0; i < table_count && !s5_found; i++)
		s5_found = tables[i].state == ACPI_OK && acpi_table_is(&tables[i], "SSDT") &&
			   find_s5(&tables[i]);
}

static void
forget_all(void)
{
	table_count = 0;
	s5_found = false;
	for (unsigned i = 0; i < READERS; i++)
		readable[i] = false;
}

int
acpi_init(const struct acpi_rsdp_copy *rsdp, const struct acpi_ops *ops)
{
	struct acpi_roots roots;
	int err;

	forget_all();
	if (tables == NULL)
		tables = heap_alloc(ACPI_TABLES_MAX * sizeof(*tables));
	if (tables == NULL)
		return fail(-ERR_NOMEM);
	err = acpi_rsdp_parse(rsdp, &roots);
	if (err != 0)
		return err;
	err = load_roots(&roots, ops);
	if (err != 0)
		return err;
	for (unsigned i = 0; i < READERS; i++)
		readable[i] = read_table(&readers[i]);
	read_definitions(ops);
	log_info("ACPI: %u tables", table_count);
	return 0;
}

const struct acpi_table *
acpi_table(unsigned index)
{
	return index < table_count ? &tables[index] : NULL;
}

const struct acpi_fadt_info *
acpi_fadt(void)
{
	return readable[FADT] ? &fadt : NULL;
}

const struct acpi_madt_info *
acpi_madt(void)
{
	return readable[MADT] ? madt : NULL;
}

const struct acpi_mcfg_info *
acpi_mcfg(void)
{
	return readable[MCFG] ? mcfg : NULL;
}

const struct acpi_hpet_info *
acpi_hpet(void)
{
	return readable[HPET] ? &hpet : NULL;
}

const struct acpi_spcr_info *
acpi_spcr(void)
{
	return readable[SPCR] ? &spcr : NULL;
}

const struct acpi_dmar_info *
acpi_dmar(void)
{
	return readable[DMAR] ? dmar : NULL;
}

const struct acpi_ivrs_info *
acpi_ivrs(void)
{
	return readable[IVRS] ? ivrs : NULL;
}

const struct acpi_s5_info *
acpi_s5(void)
{
	return s5_found ? &s5 : NULL;
}
