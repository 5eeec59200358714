/* SPDX-License-Identifier: MIT */
/* Every leaf of CPUID, and some thousand that do not exist: none shows VMX, SVM or a PMU. */
#include "guests/lib/guest.h"
#include "guests/lib/random.h"

enum { RANDOM_LEAVES = 5000, SUBLEAVES = 4 };

static void
block(u32 first, u32 count)
{
	for (u32 leaf = first; leaf < first + count; leaf++)
		for (u32 sub = 0; sub < SUBLEAVES; sub++)
			cpuid(leaf, sub);
}

GUEST("every-cpuid")
{
	struct cpuid_regs begin = cpuid(0, 0);

	random_seed(option("seed", 1));
	block(0, 256);
	block(CPUID_HYPERVISOR, 512);
	block(CPUID_EXT_MAX, 256);
	block(0xc0000000, 16);
	for (unsigned n = 0; n < RANDOM_LEAVES; n++)
		cpuid((u32)random_64(), (u32)random_64());
	CHECK_EQ(cpuid(0, 0).eax, begin.eax);
	CHECK_EQ(cpuid(0, 0).ebx, begin.ebx);
	CHECK_EQ(cpuid(CPUID_VERSION, 0).ecx & BIT32(5), 0);	  /* VMX */
	CHECK_EQ(cpuid(CPUID_EXT_FEATURES, 0).ecx & BIT32(2), 0); /* SVM */
	CHECK_EQ(cpuid(0xa, 0).eax, 0);				  /* the PMU's version */
	/* Above the maximum there is nothing of the machine's own (APM vol. 3, appendix E). */
	CHECK_EQ(cpuid(CPUID_SVM, 0).edx, 0);
}
