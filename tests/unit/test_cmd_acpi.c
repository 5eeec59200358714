/* SPDX-License-Identifier: MIT */
// SOURCES: shell/cmd_acpi.c shell/listing.c shell/json.c drivers/acpi_table.c
// SOURCES: lib/log.c lib/error.c lib/lock.c lib/format.c lib/text.c
#include "tests/unit/test.h"

#include "drivers/acpi.h"
#include "shell/cmd_acpi.h"
#include "tests/unit/fake/text_sink.h"

static const struct acpi_table tables[] = {
	{.address = {0x7ffe0014},
	 .length = 52,
	 .revision = 1,
	 .signature = "RSDT",
	 .oem = "BOCHS",
	 .id = "BXPC"},
	{.address = {0x17ffe0000},
	 .length = 7,
	 .revision = 3,
	 .signature = "APIC",
	 .state = ACPI_WRONG_LENGTH},
};

static unsigned table_count;
static struct text_sink text;

const struct acpi_table *
acpi_table(unsigned index)
{
	return index < table_count ? &tables[index] : NULL;
}

static void
run(bool json)
{
	struct command_call call = {.out = &text.sink, .json = json};

	text_sink_clear(&text);
	assert_int_equal(cmd_acpi.run(&call), 0);
}

static void
as_a_table(void **state)
{
	table_count = 2;
	run(false);
	assert_non_null(strstr(text.buf, "RSDT"));
	assert_non_null(strstr(text.buf, "0x17ffe0000"));
	assert_non_null(strstr(text.buf, "wrong length\n"));
}

static void
as_json(void **state)
{
	table_count = 2;
	run(true);
	assert_string_equal(text.buf,
			    "[{\"signature\": \"RSDT\", \"address\": \"0x7ffe0014\", "
			    "\"length\": 52, \"revision\": 1, \"oem\": \"BOCHS\", "
			    "\"table\": \"BXPC\", \"state\": \"ok\"}, "
			    "{\"signature\": \"APIC\", \"address\": \"0x17ffe0000\", "
			    "\"length\": 7, \"revision\": 3, \"oem\": null, \"table\": null, "
			    "\"state\": \"wrong length\"}]\n");
	table_count = 0;
	run(true);
	assert_string_equal(text.buf, "[]\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_a_table),
		cmocka_unit_test(as_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
