/* SPDX-License-Identifier: MIT */
// SOURCES: dev/acpi.c dev/acpi_fadt.c dev/acpi_madt.c dev/acpi_dsdt.c dev/acpi_aml.c dev/blob.c
// SOURCES: drivers/acpi.c drivers/acpi_table.c drivers/acpi_rsdp.c drivers/acpi_fadt.c
// SOURCES: drivers/acpi_madt.c drivers/acpi_mcfg.c drivers/acpi_hpet.c drivers/acpi_spcr.c
// SOURCES: drivers/acpi_dmar.c drivers/acpi_ivrs.c drivers/acpi_s5.c
// SOURCES: lib/log.c lib/error.c lib/lock.c lib/format.c
/*
 * A guest's ACPI tables, read by our own parsers and by iasl, the reference compiler, which
 * takes the DSDT apart and compiles what it got.
 */
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev/acpi.h"
#include "dev/hpet.h"
#include "dev/pm.h"
#include "drivers/acpi.h"
#include "drivers/acpi_fadt.h"
#include "drivers/acpi_hpet.h"
#include "drivers/acpi_madt.h"
#include "drivers/acpi_mcfg.h"
#include "drivers/acpi_s5.h"
#include "tests/unit/fake/guest_memory.h"
#include "tests/unit/fake/heap.h"

static struct guest_memory memory;
static u8 buffer[GUEST_ACPI_SIZE];

static struct guest_acpi_platform
a_platform(u32 vcpus)
{
	return (struct guest_acpi_platform){
		.vcpu_count = vcpus,
		.ioapic_id = 0,
		.ioapic_address = 0xfec00000,
		.ecam_base = 0xe0000000,
		.last_bus = 255,
		.windows = {{0xc0000000, 0x20000000},
			    {0xf0000000, 0xec00000},
			    {0x8000000000, 1ul << 36}},
	};
}

static const void *
map_guest(hpa_t address, size_t length)
{
	if (address.v > FAKE_GUEST_SIZE || length > FAKE_GUEST_SIZE - address.v)
		return NULL;
	return memory.at + address.v;
}

static void
unmap_guest(const void *view, size_t length)
{
}

static const struct acpi_ops guest_ops = {map_guest, unmap_guest};

/* Installs the tables and has our parsers read them. */
static void
install(u32 vcpus)
{
	struct guest_acpi_platform platform = a_platform(vcpus);
	struct acpi_rsdp_copy rsdp = {.length = ACPI_RSDP_SIZE};
	gpa_t at;

	memset(memory.at, 0, sizeof(memory.at));
	assert_int_equal(guest_acpi_install(&memory, buffer, &platform, &at), 0);
	assert_int_equal(at.v, 0xe0000);
	memcpy(rsdp.bytes, memory.at + at.v, ACPI_RSDP_SIZE);
	assert_int_equal(acpi_init(&rsdp, &guest_ops), 0);
}

static const struct acpi_table *
find(const char *signature)
{
	const struct acpi_table *table;

	for (unsigned i = 0; (table = acpi_table(i)) != NULL; i++) {
		if (strcmp(table->signature, signature) == 0)
			return table;
	}
	return NULL;
}

static void
test_every_table_is_good(void **state)
{
	static const char names[][5] = {"XSDT", "FACP", "DSDT", "FACS", "APIC", "MCFG", "HPET"};
	const struct acpi_table *table;

	install(4);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		assert_non_null(find(names[i]));
	for (unsigned i = 0; (table = acpi_table(i)) != NULL; i++) {
		assert_string_equal(acpi_state_text((enum acpi_state)table->state), "ok");
		assert_in_range(table->address.v, 0xe0000, 0xeffff);
	}
	assert_int_equal(find("FACS")->address.v % 64, 0);
}

static void
test_all_stays_below_smbios(void **state)
{
	install(64);
	for (u64 at = 0xe8000; at < 0xf0000; at++)
		assert_int_equal(memory.at[at], 0);
}

static void
test_fadt(void **state)
{
	const struct acpi_fadt_info *fadt;

	install(1);
	fadt = acpi_fadt();
	assert_non_null(fadt);
	assert_int_equal(fadt->revision, 6);
	assert_int_equal(find("FACP")->length, 276);
	assert_int_equal(fadt->sci_irq, 9);
	assert_int_equal(fadt->smi_command_port, 0);
	assert_int_equal(fadt->pm1a_event.address, 0x600);
	assert_int_equal(fadt->pm1a_event.bit_width, 32);
	assert_int_equal(fadt->pm1a_control.address, 0x604);
	assert_int_equal(fadt->pm1b_event.address, 0);
	assert_int_equal(fadt->pm_timer.address, 0x608);
	assert_true(fadt->pm_timer_32bit);
	assert_true(fadt->has_reset);
	assert_int_equal(fadt->reset_register.address, 0xcf9);
	assert_int_equal(fadt->reset_value, 6);
	assert_false(fadt->has_8042);
	assert_false(fadt->has_vga);
	assert_false(fadt->hardware_reduced);
	assert_int_equal(acpi_s5()->type_a, PM_SLEEP_TYPE_S5);
}

static void
test_madt(void **state)
{
	const struct acpi_madt_info *madt;

	install(8);
	madt = acpi_madt();
	assert_non_null(madt);
	assert_int_equal(madt->lapic_address.v, 0xfee00000);
	assert_true(madt->has_pics);
	assert_int_equal(madt->cpu_count, 8);
	for (u32 i = 0; i < 8; i++) {
		assert_int_equal(madt->cpus[i].apic_id, i);
		assert_int_equal(madt->cpus[i].uid, i);
		assert_int_equal(madt->cpus[i].nmi, MADT_NMI_LINT1);
	}
	assert_int_equal(madt->ioapic_count, 1);
	assert_int_equal(madt->ioapics[0].address.v, 0xfec00000);
	assert_int_equal(madt->isa[0].gsi, 2);
	assert_int_equal(madt->isa[1].gsi, 1);
	assert_false(madt->isa[1].level);
	assert_int_equal(madt->isa[9].gsi, 9);
	assert_true(madt->isa[9].level);
	assert_false(madt->isa[9].active_low);
}

static void
test_madt_beyond_xapic(void **state)
{
	const struct acpi_madt_info *madt;
	static u8 big[0x10000];
	struct guest_acpi_platform platform = a_platform(300);
	struct acpi_rsdp_copy rsdp = {.length = ACPI_RSDP_SIZE};
	struct blob blob;

	blob_init(&blob, big, sizeof(big));
	assert_int_equal(guest_acpi_build(&blob, 0xe0000, &platform), 0);
	memcpy(memory.at + 0xe0000, big, blob.length);
	memcpy(rsdp.bytes, big, ACPI_RSDP_SIZE);
	assert_int_equal(acpi_init(&rsdp, &guest_ops), 0);
	madt = acpi_madt();
	assert_int_equal(madt->cpu_count + madt->cpus_left_out, 300);
	assert_int_equal(madt->cpus[254].apic_id, 254);
	assert_int_equal(madt->cpus[255].apic_id, 255);
	assert_int_equal(madt->cpus[255].nmi, MADT_NMI_LINT1);
}

static void
test_mcfg_and_hpet(void **state)
{
	install(1);
	assert_int_equal(acpi_mcfg()->count, 1);
	assert_int_equal(acpi_mcfg()->ranges[0].base.v, 0xe0000000);
	assert_int_equal(acpi_mcfg()->ranges[0].last_bus, 255);
	assert_int_equal(acpi_hpet()->address.v, HPET_BASE);
	assert_int_equal(acpi_hpet()->block_id, HPET_BLOCK_ID);
}

static void
test_buffer_too_small(void **state)
{
	struct guest_acpi_platform platform = a_platform(64);
	u8 *small;
	struct blob blob;

	for (size_t size = 0; size < 6000; size += 7) {
		small = malloc(MAX(size, (size_t)1));
		blob_init(&blob, small, size);
		if (guest_acpi_build(&blob, 0xe0000, &platform) == 0)
			assert_true(blob.length <= size);
		else
			assert_true(blob.overflow);
		free(small);
	}
	blob_init(&blob, buffer, 1000);
	assert_int_equal(guest_acpi_build(&blob, 0xe0000, &platform), -ERR_FULL);
}

static void
test_memory_refuses(void **state)
{
	struct guest_acpi_platform platform = a_platform(1);
	gpa_t at;

	memory.fail_at = 0xe0100;
	assert_int_equal(guest_acpi_install(&memory, buffer, &platform, &at), -ERR_RANGE);
	memory.fail_at = 0;
}

static void
test_routes_turn_by_slot(void **state)
{
	assert_int_equal(guest_acpi_pci_input(0, 0), 16);
	assert_int_equal(guest_acpi_pci_input(0, 3), 19);
	assert_int_equal(guest_acpi_pci_input(3, 2), 17);
	for (u32 slot = 0; slot < 32; slot++) {
		for (u32 pin = 0; pin < 4; pin++)
			assert_int_equal(guest_acpi_pci_irq(slot, pin),
					 10 + guest_acpi_pci_input(slot, pin) % 2);
	}
}

/* Runs a command in the directory; its output is in DIR/out. */
static int
run_in(const char *dir, const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "cd %s && (%s) > out 2>&1", dir, command);
	return system(line);
}

static bool
file_has(const char *dir, const char *name, const char *text)
{
	char path[256], *content = calloc(1, 1 << 20);
	FILE *file;
	bool found;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "r");
	assert_non_null(file);
	(void)!fread(content, 1, (1 << 20) - 1, file);
	fclose(file);
	found = strstr(content, text) != NULL;
	free(content);
	return found;
}

static void
save(const char *dir, const char *signature)
{
	const struct acpi_table *table = find(signature);
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.aml", dir, signature);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(table->data, 1, table->length, file), table->length);
	fclose(file);
}

static const char *const dsdt_texts[] = {
	"Name (_S5, Package (0x04)",
	"Device (PCI0)",
	"Name (_HID, EisaId (\"PNP0A08\")",
	"Name (_CID, EisaId (\"PNP0A03\")",
	"WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode,",
	"WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange,",
	"DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,",
	"QWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,",
	"Name (PICM, Zero)",
	"Method (_PIC, 1, NotSerialized)",
	"PICM = Arg0",
	"Name (PRTA, Package (0x80)",
	"Name (PRTP, Package (0x80)",
	"Method (_PRT, 0, NotSerialized)",
	"If (PICM)",
	"Return (PRTA)",
	"Return (PRTP)",
	"Name (_HID, EisaId (\"PNP0C02\")",
	"Name (_HID, EisaId (\"PNP0501\")",
	"Name (_HID, EisaId (\"PNP0B00\")",
	"Name (_HID, EisaId (\"PNP0100\")",
	"Name (_HID, EisaId (\"PNP0000\")",
	"Name (_HID, EisaId (\"PNP0103\")",
	"Name (_HID, \"ACPI0007\"",
};

static void
test_iasl_reads_them_all(void **state)
{
	static const char names[][5] = {"DSDT", "FACP", "APIC", "MCFG", "HPET", "XSDT", "FACS"};
	char dir[] = "/tmp/ashlar-acpi-XXXXXX", command[64];

	install(4);
	assert_non_null(mkdtemp(dir));
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		save(dir, names[i]);
		snprintf(command, sizeof(command), "iasl -d %s.aml", names[i]);
		assert_int_equal(run_in(dir, command), 0);
		assert_false(file_has(dir, "out", "rror") || file_has(dir, "out", "arning"));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(dsdt_texts); i++) {
		if (!file_has(dir, "DSDT.dsl", dsdt_texts[i]))
			fail_msg("the DSDT has no: %s", dsdt_texts[i]);
	}
	assert_int_equal(run_in(dir, "iasl -p again DSDT.dsl"), 0);
	assert_true(file_has(dir, "out", "0 Errors, 0 Warnings"));
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

#define USE_IOAPIC "evaluate \\_PIC 1"
#define GET_ROUTES "evaluate \\_SB.PCI0._PRT"

/* The routes that ACPICA's interpreter gets before and after \_PIC (1): IRQ 11, and input 19. */
static void
test_routes_by_interrupt_controller(void **state)
{
	char dir[] = "/tmp/ashlar-acpi-XXXXXX", command[64];

	install(1);
	assert_non_null(mkdtemp(dir));
	save(dir, "DSDT");
	assert_int_equal(run_in(dir, "printf '%s\\n' '" GET_ROUTES "' | acpiexec DSDT.aml"), 0);
	assert_true(file_has(dir, "out", "= 000000000000000B"));
	assert_false(file_has(dir, "out", "= 0000000000000013"));
	assert_int_equal(run_in(dir, "printf '%s\\n' '" USE_IOAPIC "' '" GET_ROUTES
				     "' | acpiexec DSDT.aml"),
			 0);
	assert_true(file_has(dir, "out", "= 0000000000000013"));
	assert_false(file_has(dir, "out", "= 000000000000000B"));
	snprintf(command, sizeof(command), "rm -r %s", dir);
	assert_int_equal(system(command), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_table_is_good),
		cmocka_unit_test(test_all_stays_below_smbios),
		cmocka_unit_test(test_fadt),
		cmocka_unit_test(test_madt),
		cmocka_unit_test(test_madt_beyond_xapic),
		cmocka_unit_test(test_mcfg_and_hpet),
		cmocka_unit_test(test_buffer_too_small),
		cmocka_unit_test(test_memory_refuses),
		cmocka_unit_test(test_routes_turn_by_slot),
		cmocka_unit_test(test_iasl_reads_them_all),
		cmocka_unit_test(test_routes_by_interrupt_controller),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
