/* SPDX-License-Identifier: MIT */
/* CPUID: the registers it writes, the leaves that mirror other state, and what Ashlar hides. */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"

enum { LEAF1_VMX = 5, LEAF1_XSAVE = 26, LEAF1_OSXSAVE = 27, LEAF1_HYPERVISOR = 31 };
enum { EXT_SVM = 2, EXT_LONG_MODE = 29, LEAF_XSAVE = 0xd };

/* It clears the upper halves of all four registers (SDM vol. 2, CPUID). */
static void
check_upper_halves(void)
{
	u64 a = ~0ul << 32, b = ~0ul, c = ~0ul << 32, d = ~0ul;

	__asm__ volatile("cpuid" : "+a"(a), "+b"(b), "+c"(c), "+d"(d));
	CHECK_EQ((a | b | c | d) >> 32, 0);
}

static void
check_vendor(void)
{
	struct cpuid_regs r = cpuid(CPUID_VENDOR, 0);
	u32 words[3] = {r.ebx, r.edx, r.ecx};
	const char *text = (const char *)words;

	CHECK(r.eax >= CPUID_VERSION && r.eax < 0x100);
	for (unsigned n = 0; n < 12; n++)
		CHECK(text[n] >= ' ' && text[n] < 0x7f);
}

/* The same question gives the same answer, but for what mirrors other state. */
static void
check_stable(u32 first)
{
	u32 last = cpuid(first, 0).eax;

	CHECK(last >= first && last - first < 0x100);
	for (u32 leaf = first; leaf <= last; leaf++) {
		struct cpuid_regs a = cpuid(leaf, 0), b = cpuid(leaf, 0);

		if (memcmp(&a, &b, sizeof(a)) != 0)
			guest_fail("leaf 0x%x answers differently the second time", leaf);
	}
}

/* Leaf 1 shows CR4.OSXSAVE; leaf 0xd the size of the state that XCR0 selects. */
static void
check_osxsave(void)
{
	u64 cr4 = read_cr4();

	if ((cpuid(CPUID_VERSION, 0).ecx & BIT32(LEAF1_XSAVE)) == 0)
		return;
	CHECK((cpuid(CPUID_VERSION, 0).ecx & BIT32(LEAF1_OSXSAVE)) == 0);
	write_cr4(cr4 | CR4_OSXSAVE);
	CHECK((cpuid(CPUID_VERSION, 0).ecx & BIT32(LEAF1_OSXSAVE)) != 0);
	CHECK_EQ(read_xcr0(), XCR0_X87);
	CHECK_EQ(cpuid(LEAF_XSAVE, 0).ebx, 512 + 64); /* SDM vol. 1, 13.2 */
	write_xcr0(XCR0_X87 | XCR0_SSE);
	CHECK_EQ(read_xcr0(), XCR0_X87 | XCR0_SSE);
	CHECK_EQ(cpuid(LEAF_XSAVE, 0).ebx, 512 + 64);
	if (cpuid(LEAF_XSAVE, 0).eax & XCR0_AVX) {
		write_xcr0(XCR0_X87 | XCR0_SSE | XCR0_AVX);
		CHECK_EQ(cpuid(LEAF_XSAVE, 0).ebx, 512 + 64 + 256);
	}
	write_xcr0(XCR0_X87);
	write_cr4(cr4);
	CHECK((cpuid(CPUID_VERSION, 0).ecx & BIT32(LEAF1_OSXSAVE)) == 0);
}

static void
check_topology(void)
{
	struct cpuid_regs r = cpuid(CPUID_VERSION, 0);
	u32 vcpus = (u32)option("vcpus", 1);

	CHECK_EQ(r.ebx >> 24, apic_id());
	if (vcpus > 1)
		CHECK((r.ebx >> 16 & 0xff) >= vcpus);
	if (cpuid(CPUID_VENDOR, 0).eax < CPUID_TOPOLOGY)
		return;
	CHECK_EQ(cpuid(CPUID_TOPOLOGY, 0).edx, apic_id());
	CHECK_EQ(cpuid(CPUID_TOPOLOGY, 1).edx, apic_id());
	CHECK_EQ(cpuid(CPUID_TOPOLOGY, 0).ecx & 0xffff, 1u << 8); /* SMT, and the subleaf */
	CHECK_EQ(cpuid(CPUID_TOPOLOGY, 1).ecx & 0xffff, 2u << 8 | 1);
	CHECK_EQ(cpuid(CPUID_TOPOLOGY, 1).ebx & 0xffff, vcpus);
}

static void
check_policy(void)
{
	struct cpuid_regs version = cpuid(CPUID_VERSION, 0);
	struct cpuid_regs extended = cpuid(CPUID_EXT_FEATURES, 0);

	CHECK(version.ecx & BIT32(LEAF1_HYPERVISOR));
	CHECK((version.ecx & BIT32(LEAF1_VMX)) == 0);
	CHECK((extended.ecx & BIT32(EXT_SVM)) == 0);
	CHECK(cpuid(CPUID_HYPERVISOR, 0).eax >= CPUID_HYPERVISOR);
	CHECK_EQ(cpuid(0xa, 0).eax & 0xff, 0); /* no performance counters */
}

GUEST("cpuid")
{
	check_upper_halves();
	check_vendor();
	check_stable(0);
	check_stable(CPUID_EXT_MAX);
	CHECK(cpuid(CPUID_EXT_FEATURES, 0).edx & BIT32(EXT_LONG_MODE));
	check_osxsave();
	check_topology();
	if (under_ashlar())
		check_policy();
}
