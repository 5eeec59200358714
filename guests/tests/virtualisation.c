/* SPDX-License-Identifier: MIT */
/* VMX and SVM instructions: not offered, so undefined, and what they would change stays. */
#include "guests/lib/guest.h"

static u64 region[512] __aligned(4096);

static void
check_svm(void)
{
	u64 a = (u64)region;

	CHECK_EQ(TRY("vmrun", OUT("+a"(a)), "m"(region)), UD);
	CHECK_EQ(TRY("vmload", OUT("+a"(a)), "m"(region)), UD);
	CHECK_EQ(TRY("vmsave", OUT("+a"(a)), "m"(region)), UD);
	CHECK_EQ(TRY("stgi", OUT()), UD);
	CHECK_EQ(TRY("clgi", OUT()), UD);
	CHECK_EQ(TRY("skinit", OUT("+a"(a)), "m"(region)), UD);
	CHECK_EQ(TRY("invlpga", OUT("+a"(a)), "c"(0)), UD);
	if (!under_ashlar()) /* there it is a hypercall: guests/tests/hypercall.c */
		CHECK_EQ(TRY("vmmcall", OUT()), UD);
}

static void
check_vmx(void)
{
	u64 value = (u64)region, out = 0;

	CHECK_EQ(TRY("vmxon %0", OUT("+m"(value)), "r"(0)), UD);
	CHECK_EQ(TRY("vmptrld %0", OUT("+m"(value)), "r"(0)), UD);
	CHECK_EQ(TRY("vmclear %0", OUT("+m"(value)), "r"(0)), UD);
	CHECK_EQ(TRY("vmptrst %0", OUT("+m"(value)), "r"(0)), UD);
	CHECK_EQ(TRY("vmread %1, %0", OUT("=r"(out)), "r"(0ul)), UD);
	CHECK_EQ(TRY("vmwrite %1, %0", OUT("+r"(out)), "r"(0ul)), UD);
	CHECK_EQ(TRY("vmlaunch", OUT()), UD);
	CHECK_EQ(TRY("vmresume", OUT()), UD);
	CHECK_EQ(TRY("vmxoff", OUT()), UD);
	if (!under_ashlar())
		CHECK_EQ(TRY("vmcall", OUT()), UD);
	CHECK_EQ(TRY("invept %1, %0", OUT("+r"(out)), "m"(region)), UD);
	CHECK_EQ(TRY("invvpid %1, %0", OUT("+r"(out)), "m"(region)), UD);
}

static void
check_others(void)
{
	u64 a = 0, c = 0, d = 0;

	CHECK_EQ(TRY("getsec", OUT("+a"(a))), UD);
	if ((cpuid(CPUID_VERSION, 0).ecx & BIT32(3)) == 0) { /* MONITOR */
		CHECK_EQ(TRY("monitor", OUT("+a"(a)), "c"(0), "d"(0)), UD);
		CHECK_EQ(TRY("mwait", OUT("+a"(a)), "c"(0)), UD);
	}
	if (under_ashlar())
		CHECK_EQ(TRY("rdpmc", OUT("+a"(a), "+d"(d)), "c"(c)), GP); /* there is no PMU */
}

GUEST("virtualisation")
{
	check_svm();
	check_vmx();
	check_others();
	for (unsigned n = 0; n < ARRAY_SIZE(region); n++)
		CHECK_EQ(region[n], 0);
}
