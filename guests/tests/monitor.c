/* SPDX-License-Identifier: MIT */
/* MONITOR and MWAIT: a VM's CPU does not have them, and waits by HLT. */
#include "guests/lib/guest.h"
#include "guests/lib/user.h"

enum { LEAF1_MONITOR = 3, LEAF_MWAIT = 5, EXT_MONITORX = 29 };

static u64 place;
static int vector;

static void
try_monitor(void)
{
	vector = TRY("monitor", OUT(), "a"(&place), "c"(0), "d"(0));
}

static void
try_mwait(void)
{
	vector = TRY("mwait", OUT(), "a"(0), "c"(0));
}

GUEST("monitor")
{
	bool there = (cpuid(CPUID_VERSION, 0).ecx & BIT32(LEAF1_MONITOR)) != 0;

	if (under_ashlar()) {
		CHECK(!there);
		CHECK_EQ(cpuid(LEAF_MWAIT, 0).eax | cpuid(LEAF_MWAIT, 0).edx, 0);
		CHECK((cpuid(CPUID_EXT_FEATURES, 0).ecx & BIT32(EXT_MONITORX)) == 0);
	}
	try_monitor();
	CHECK_EQ(vector, there ? NO_TRAP : UD);
	if (!there) {
		try_mwait();
		CHECK_EQ(vector, UD);
	}
	as_user(try_monitor); /* ring 0's anyhow */
	CHECK_EQ(vector, UD);
	as_user(try_mwait);
	CHECK_EQ(vector, UD);
	CHECK_EQ(place, 0);
}
