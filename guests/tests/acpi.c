/* SPDX-License-Identifier: MIT */
/* The ACPI tables: all are there, in order, and what they say is true of the machine. */
#include "guests/lib/acpi.h"

#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/ioapic.h"

enum { FADT_FACS = 36, FADT_DSDT = 40, FADT_SCI = 46, FADT_PM1_EVENT = 56, FADT_PM1_CONTROL = 64 };
enum { FADT_TIMER = 76, FADT_FLAGS = 112, FADT_X_DSDT = 140, FADT_RESET = 116 };
enum { MADT_LAPIC_ADDRESS = 36, MADT_ENTRIES = 44, MADT_CPU = 0, MADT_IOAPIC = 1, MADT_OVERRIDE };
enum { HPET_ID = 36, HPET_ADDRESS = 44, FACS_MIN = 64 };

#define RESET_SUPPORTED BIT32(10)

static void
check_rsdp(void)
{
	const u8 *rsdp = acpi_rsdp();

	CHECK(rsdp != NULL);
	if (boot_info.rsdp != 0)
		CHECK_EQ(boot_info.rsdp, (u64)rsdp);
	if (under_ashlar())
		CHECK(rsdp[15] >= 2); /* with an XSDT */
}

static void
check_fadt(void)
{
	const u8 *fadt = acpi_table("FACP"), *dsdt, *facs;

	CHECK(fadt != NULL);
	dsdt = (const u8 *)(u64)acpi_u32(fadt + FADT_DSDT);
	CHECK(memcmp(dsdt, "DSDT", 4) == 0);
	CHECK(acpi_u32(dsdt + ACPI_LENGTH) > ACPI_HEADER);
	CHECK(acpi_sum_is_zero(dsdt, acpi_u32(dsdt + ACPI_LENGTH)));
	facs = (const u8 *)(u64)acpi_u32(fadt + FADT_FACS);
	CHECK(memcmp(facs, "FACS", 4) == 0);
	CHECK(IS_ALIGNED((u64)facs, 64));
	CHECK(acpi_u32(facs + ACPI_LENGTH) >= FACS_MIN);
	CHECK(acpi_u32(fadt + FADT_PM1_EVENT) != 0 && acpi_u32(fadt + FADT_PM1_CONTROL) != 0);
	CHECK(acpi_u32(fadt + FADT_TIMER) != 0);
	CHECK(acpi_u32(fadt + FADT_FLAGS) & RESET_SUPPORTED);
	if (acpi_u32(fadt + ACPI_LENGTH) >= FADT_X_DSDT + 8 && acpi_u64(fadt + FADT_X_DSDT) != 0)
		CHECK_EQ(acpi_u64(fadt + FADT_X_DSDT), (u64)dsdt);
	CHECK_EQ(in16((u16)acpi_u32(fadt + FADT_PM1_CONTROL)) & 1, under_ashlar());
}

/* Each CPU once, with its local APIC's id; the I/O APIC is where it says. */
static void
check_madt(void)
{
	const u8 *madt = acpi_table("APIC");
	u32 cpus = 0, ioapics = 0, timer_input = 0;
	u64 ids = 0;

	CHECK(madt != NULL);
	CHECK_EQ(acpi_u32(madt + MADT_LAPIC_ADDRESS), APIC_BASE);
	for (u32 at = MADT_ENTRIES; at < acpi_u32(madt + ACPI_LENGTH); at += madt[at + 1]) {
		CHECK(madt[at + 1] >= 2);
		if (madt[at] == MADT_CPU && (acpi_u32(madt + at + 4) & 1) != 0) {
			CHECK((ids >> madt[at + 3] & 1) == 0);
			ids |= BIT(madt[at + 3]);
			cpus++;
		} else if (madt[at] == MADT_IOAPIC) {
			CHECK_EQ(acpi_u32(madt + at + 4), IOAPIC_BASE);
			CHECK_EQ(acpi_u32(madt + at + 8), 0);
			ioapics++;
		} else if (madt[at] == MADT_OVERRIDE && madt[at + 3] == 0) {
			timer_input = acpi_u32(madt + at + 4);
		}
	}
	CHECK_EQ(cpus, option("vcpus", 1));
	CHECK(ids >> apic_id() & 1);
	CHECK_EQ(ioapics, 1);
	CHECK_EQ(timer_input, 2);
	CHECK((ioapic_read(IOAPIC_VERSION) & 0xff) >= 0x11);
}

static void
check_hpet(void)
{
	const u8 *hpet = acpi_table("HPET");
	u64 base;

	CHECK(hpet != NULL);
	base = acpi_u64(hpet + HPET_ADDRESS);
	CHECK_EQ(base, 0xfed00000);
	CHECK_EQ(acpi_u32(hpet + HPET_ID), mmio_read32((void *)base));
}

static void
check_mcfg(void)
{
	const u8 *mcfg = acpi_table("MCFG");

	CHECK(mcfg != NULL);
	CHECK(acpi_u32(mcfg + ACPI_LENGTH) >= 60);
	CHECK((mmio_read32((void *)acpi_u64(mcfg + 44)) & 0xffff) != 0xffff);
}

/* What the firmware's tables lie in is not the kernel's RAM. */
static void
check_place(const u8 *table)
{
	u64 at = (u64)table;

	for (unsigned n = 0; n < boot_info.ranges; n++) {
		const struct memory_range *r = &boot_info.memory[n];

		CHECK(r->type != MEMORY_RAM || at + acpi_u32(table + ACPI_LENGTH) <= r->base ||
		      at >= r->base + r->size);
	}
}

GUEST("acpi")
{
	static const char *const all[] = {"FACP", "APIC", "HPET", "MCFG"};

	check_rsdp();
	check_fadt();
	check_madt();
	check_hpet();
	check_mcfg();
	for (unsigned n = 0; n < ARRAY_SIZE(all); n++)
		check_place(acpi_table(all[n]));
}
