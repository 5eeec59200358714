/* SPDX-License-Identifier: MIT */
// SOURCES: iommu/iommu_caps.c iommu/vtd/vtd_caps.c iommu/amdvi/amdvi_caps.c
#include "tests/unit/test.h"

#include "include/bits.h"
#include "iommu/amdvi/amdvi_caps.h"
#include "iommu/vtd/vtd_caps.h"

static struct iommu_caps caps;

/* QEMU's intel-iommu: 48 bits, 2 MiB and 1 GiB pages, 64 K domains; QI, IR and PT, not coherent. */
static void
vtd_of_qemu(void **state)
{
	struct vtd_raw raw = {.cap = 0xd2008c222f0606, .ecap = 0xf00f4a};

	vtd_caps_decode(&caps, &raw);
	assert_int_equal(caps.address_bits, 48);
	assert_int_equal(caps.domains, 65536);
	assert_true(caps.pages_2m && caps.pages_1g && caps.queued_invalidation);
	assert_true(caps.interrupt_remapping && caps.pass_through);
	assert_false(caps.coherent || caps.x2apic_ids || caps.snoop_control || caps.device_tlb);
	assert_false(caps.posted_interrupts);
}

/* Each of the other bits, by the manual: C 0, DT 2, EIM 4, SC 7; PI is CAP 59. */
static void
vtd_bits(void **state)
{
	struct vtd_raw raw = {.cap = BIT(59), .ecap = BIT(0) | BIT(2) | BIT(4) | BIT(7)};

	vtd_caps_decode(&caps, &raw);
	assert_true(caps.coherent && caps.x2apic_ids && caps.snoop_control && caps.device_tlb);
	assert_true(caps.posted_interrupts);
	assert_false(caps.pages_2m || caps.pages_1g || caps.queued_invalidation);
	assert_false(caps.interrupt_remapping || caps.pass_through);
}

/* SAGAW (bit 9: 39 bits, 10: 48, 11: 57) against MGAW (21:16, less 1); the smaller one counts. */
static void
vtd_widths(void **state)
{
	static const struct {
		u64 cap;
		unsigned bits;
	} rows[] = {
		{BIT(9) | 47ul << 16,	      39},
		{BIT(10) | 38ul << 16,	       39},
		{BIT(11) | 63ul << 16,	       57},
		{BIT(9) | BIT(10) | 47ul << 16, 48},
		{BIT(8) | 47ul << 16,	      0 }, /* two levels: reserved since 1.2 */
		{47ul << 16,		     0 },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		struct vtd_raw raw = {.cap = rows[i].cap};

		vtd_caps_decode(&caps, &raw);
		assert_int_equal(caps.address_bits, rows[i].bits);
	}
}

/* ND: 4 + 2 * ND bits; 7 is reserved, and no more than 16 bits exist. */
static void
vtd_domains(void **state)
{
	static const u32 domains[8] = {16, 64, 256, 1024, 4096, 16384, 65536, 65536};

	for (unsigned nd = 0; nd < 8; nd++) {
		struct vtd_raw raw = {.cap = nd};

		vtd_caps_decode(&caps, &raw);
		assert_int_equal(caps.domains, domains[nd]);
	}
}

/* QEMU's amd-iommu: EFR 29d3h has HATS 2 (six levels), GA without GAM, no XT. */
static void
amdvi_of_qemu(void **state)
{
	struct amdvi_raw raw = {.header = 0x0503000f | BIT32(27), .efr = 0x29d3};

	assert_true(amdvi_header_valid(&raw));
	assert_true(amdvi_has_efr(&raw));
	amdvi_caps_decode(&caps, &raw);
	assert_int_equal(caps.address_bits, 64);
	assert_int_equal(caps.domains, 65536);
	assert_true(caps.pages_2m && caps.pages_1g && caps.interrupt_remapping);
	assert_true(caps.device_tlb && caps.queued_invalidation && caps.coherent);
	assert_false(caps.x2apic_ids || caps.posted_interrupts);
}

static void
amdvi_bits(void **state)
{
	struct amdvi_raw raw = {.header = 0x0003000f, .efr = BIT(2) | BIT(7) | BIT(21)};

	amdvi_caps_decode(&caps, &raw);
	assert_int_equal(caps.address_bits, 48);
	assert_true(caps.x2apic_ids && caps.posted_interrupts);
	assert_false(caps.device_tlb || amdvi_has_efr(&raw));
	raw.efr = BIT(10);
	amdvi_caps_decode(&caps, &raw);
	assert_int_equal(caps.address_bits, 57);
	raw.efr = BITS(11, 10);
	amdvi_caps_decode(&caps, &raw);
	assert_int_equal(caps.address_bits, 48);
}

static void
amdvi_headers(void **state)
{
	static const u32 wrong[] = {0, ~0u, 0x0003000e, 0x0002000f};

	for (unsigned i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct amdvi_raw raw = {.header = wrong[i]};

		assert_false(amdvi_header_valid(&raw));
	}
}

/* A machine can do what all of its units can. */
static void
several_units(void **state)
{
	struct iommu_info info = {0};
	struct iommu_caps one = {.address_bits = 48,
				 .domains = 256,
				 .pages_2m = true,
				 .interrupt_remapping = true};
	struct iommu_caps two = {.address_bits = 39,
				 .domains = 65536,
				 .interrupt_remapping = true,
				 .coherent = true};

	iommu_add_unit(&info, IOMMU_VTD, &one);
	assert_true(info.caps.pages_2m);
	iommu_add_unit(&info, IOMMU_VTD, &two);
	assert_int_equal(info.kind, IOMMU_VTD);
	assert_int_equal(info.units, 2);
	assert_int_equal(info.caps.address_bits, 39);
	assert_int_equal(info.caps.domains, 256);
	assert_true(info.caps.interrupt_remapping);
	assert_false(info.caps.pages_2m || info.caps.coherent);
	assert_string_equal(iommu_kind_name(info.kind), "VT-d");
}

static void
cap_names(void **state)
{
	bool present;
	unsigned n, have = 0;

	caps = (struct iommu_caps){.pages_2m = true, .coherent = true};
	for (n = 0; iommu_cap_name(&caps, n, &present) != NULL; n++)
		have += present;
	assert_int_equal(n, 10);
	assert_int_equal(have, 2);
	assert_string_equal(iommu_cap_name(&caps, 0, &present), "2m-pages");
	assert_true(present);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vtd_of_qemu),	 cmocka_unit_test(vtd_bits),
		cmocka_unit_test(vtd_widths),	 cmocka_unit_test(vtd_domains),
		cmocka_unit_test(amdvi_of_qemu), cmocka_unit_test(amdvi_bits),
		cmocka_unit_test(amdvi_headers), cmocka_unit_test(several_units),
		cmocka_unit_test(cap_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
