/* SPDX-License-Identifier: MIT */
// SOURCES: core/preflight.c iommu/iommu_caps.c lib/format.c lib/log.c lib/lock.c lib/text.c
#include "tests/unit/test.h"

#include <string.h>

#include "core/preflight.h"
#include "lib/log.h"

static struct cpu_features cpu;
static struct virt_caps virt;
static struct iommu_info iommu;

const struct cpu_features *
cpu_features(void)
{
	return &cpu;
}

const struct virt_caps *
virt_caps(void)
{
	return &virt;
}

const struct iommu_info *
iommu_info(void)
{
	return &iommu;
}

static int
whole_machine(void **state)
{
	cpu = (struct cpu_features){0};
	virt = (struct virt_caps){
		.kind = VIRT_VMX,
		.guest_tags = 0xffff,
		.nested_paging = true,
		.nested_2m = true,
		.nested_1g = true,
		.unrestricted = true,
	};
	iommu = (struct iommu_info){
		.kind = IOMMU_VTD,
		.units = 1,
		.caps = {.address_bits = 48, .interrupt_remapping = true},
	};
	return 0;
}

/* The features that are missing, each followed by a semicolon. */
static const char *
missing(void)
{
	static char text[512];
	struct preflight_input in = preflight_machine();
	const struct preflight_row *row;

	text[0] = '\0';
	for (unsigned n = 0; (row = preflight_missing(&in, n)) != NULL; n++) {
		strcat(text, row->feature);
		strcat(text, ";");
	}
	return text;
}

static const char *
remedy(void)
{
	struct preflight_input in = preflight_machine();

	return preflight_missing(&in, 0)->remedy;
}

static void
nothing_missing(void **state)
{
	assert_string_equal(missing(), "");
	virt.kind = VIRT_SVM;
	virt.guest_tags = 15;
	assert_string_equal(missing(), "");
}

static void
no_virtualisation_at_all(void **state)
{
	virt = (struct virt_caps){.kind = VIRT_NONE};
	assert_string_equal(missing(), "VMX or SVM;");
	assert_non_null(strstr(remedy(), "firmware setup"));
	cpu.hypervisor = true;
	assert_string_equal(missing(), "VMX or SVM;");
	assert_non_null(strstr(remedy(), "nested virtualisation"));
}

static void
locked_by_firmware(void **state)
{
	virt.firmware_off = true;
	assert_string_equal(missing(), "VMX;");
	assert_non_null(strstr(remedy(), "Intel Virtualization Technology (VMX)"));
	virt.kind = VIRT_SVM;
	assert_string_equal(missing(), "SVM;");
	assert_non_null(strstr(remedy(), "VM_CR.SVMDIS"));
	assert_non_null(strstr(remedy(), "SVM Mode"));
}

static void
abilities(void **state)
{
	virt.nested_1g = false;
	assert_string_equal(missing(), "1 GiB pages for guests;");
	virt.nested_2m = false;
	assert_string_equal(missing(), "2 MiB pages for guests;1 GiB pages for guests;");
	virt.guest_tags = 0;
	virt.unrestricted = false;
	virt.nested_paging = false;
	assert_string_equal(missing(), "EPT;unrestricted guest;VPIDs;");
	virt.kind = VIRT_SVM;
	assert_string_equal(missing(), "NPT;ASIDs;");
}

static void
iommus(void **state)
{
	iommu.caps.interrupt_remapping = false;
	assert_string_equal(missing(), "interrupt remapping;");
	iommu.caps.address_bits = 0;
	assert_string_equal(missing(), "DMA remapping;interrupt remapping;");
	iommu = (struct iommu_info){.kind = IOMMU_NONE};
	assert_string_equal(missing(), "IOMMU;");
	assert_non_null(strstr(remedy(), "\"VT-d\" or \"AMD IOMMU\""));
	iommu.silent = 1;
	assert_string_equal(missing(), "IOMMU units;");
}

static void
summaries(void **state)
{
	struct preflight_input in = preflight_machine();
	char text[PREFLIGHT_SUMMARY];

	virt.firmware_off = true;
	preflight_summary(&in, text);
	assert_string_equal(text, "VMX with EPT (4 KiB, 2 MiB, 1 GiB pages), unrestricted guest, "
				  "65535 VPIDs, locked off by firmware; VT-d, 48 address bits, "
				  "interrupt remapping");
	virt = (struct virt_caps){.kind = VIRT_SVM, .nested_paging = true, .guest_tags = 15};
	iommu = (struct iommu_info){.kind = IOMMU_NONE};
	preflight_summary(&in, text);
	assert_string_equal(text, "SVM with NPT (4 KiB pages), 15 ASIDs; no IOMMU");
	virt.kind = VIRT_NONE;
	preflight_summary(&in, text);
	assert_string_equal(text, "no CPU virtualisation; no IOMMU");
}

static void
check_lines(void)
{
	struct log_line line;
	u64 seq = log_next_seq();

	preflight_report();
	while (log_read(&seq, &line)) {
		assert_true(strlen(line.text) < LOG_LINE_MAX); /* not cut */
		if (line.level == LOG_WARN) {
			assert_non_null(strstr(line.text, "missing: "));
			assert_int_equal(line.text[strlen(line.text) - 1], '.');
		} else {
			assert_int_equal(line.level, LOG_INFO);
		}
	}
}

/* The longest of all sentences fit into lines of the log. */
static void
report(void **state)
{
	check_lines();
	virt = (struct virt_caps){.kind = VIRT_VMX, .firmware_off = true};
	iommu = (struct iommu_info){.kind = IOMMU_VTD, .silent = 1};
	check_lines();
	virt.kind = VIRT_SVM;
	iommu = (struct iommu_info){.kind = IOMMU_NONE};
	check_lines();
	virt = (struct virt_caps){.kind = VIRT_VMX, .nested_paging = true};
	check_lines();
	virt.kind = VIRT_NONE;
	check_lines();
	cpu.hypervisor = true;
	check_lines();
}

#define test(f) cmocka_unit_test_setup(f, whole_machine)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		test(nothing_missing),
		test(no_virtualisation_at_all),
		test(locked_by_firmware),
		test(abilities),
		test(iommus),
		test(summaries),
		test(report),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
