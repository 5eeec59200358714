/* SPDX-License-Identifier: MIT */
/* RDPMC and the counters' MSRs: CPUID shows no PMU, and there is none. */
#include "guests/lib/guest.h"
#include "guests/lib/user.h"

enum { EVTSEL0 = 0x186, PMC0 = 0xc1, PERF_GLOBAL_CTRL = 0x38f, AMD_EVTSEL0 = 0xc0010000 };
enum { LEAF_PERFMON = 0xa, EXT_PERFCTR_CORE = 23 };

static int vector;

static void
try_rdpmc(void)
{
	u64 a = 0, d = 0;

	vector = TRY("rdpmc", OUT("+a"(a), "+d"(d)), "c"(0));
}

static int
try_rdmsr(u32 msr)
{
	u64 a = 0, d = 0;

	return TRY("rdmsr", OUT("+a"(a), "+d"(d)), "c"(msr));
}

static void
check_none(void)
{
	static const u64 counters[] = {0, 1, 3, 0x40000000, 0xffffffff};

	CHECK_EQ(cpuid(LEAF_PERFMON, 0).eax & 0xff, 0);	       /* no architectural counters */
	CHECK((cpuid(CPUID_VERSION, 0).ecx & BIT32(15)) == 0); /* PERF_CAPABILITIES */
	CHECK((cpuid(CPUID_EXT_FEATURES, 0).ecx & BIT32(EXT_PERFCTR_CORE)) == 0);
	for (unsigned n = 0; n < ARRAY_SIZE(counters); n++) {
		u64 a = 0x12345678, d = 0x9abcdef0;

		CHECK_EQ(TRY("rdpmc", OUT("+a"(a), "+d"(d)), "c"(counters[n])), GP);
		CHECK_EQ(trap_error, 0);
		CHECK_EQ(a, 0x12345678);
		CHECK_EQ(d, 0x9abcdef0);
	}
	CHECK_EQ(try_rdmsr(PERF_GLOBAL_CTRL), GP);
}

/* Without CR4.PCE it is ring 0's (SDM vol. 2, RDPMC). */
GUEST("pmu")
{
	CHECK((read_cr4() & CR4_PCE) == 0);
	as_user(try_rdpmc);
	CHECK_EQ(vector, GP);
	if (!under_ashlar())
		return; /* an emulator's counters read 0 */
	check_none();
	write_cr4(read_cr4() | CR4_PCE);
	as_user(try_rdpmc);
	CHECK_EQ(vector, GP);
}
