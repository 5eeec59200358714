/* SPDX-License-Identifier: MIT */
/* VMCALL and VMMCALL: no hypercalls are offered, so they are undefined, at each privilege. */
#include "guests/lib/guest.h"
#include "guests/lib/user.h"

static u64 rax;

/* RIP stays at the instruction, and so do the registers. */
static void
check(void)
{
	u64 a, c = 5, d = 6, b = 7;

	for (a = 0; a < 40; a++) {
		u64 before = a;

		CHECK_EQ(TRY("vmcall", OUT("+a"(a), "+c"(c), "+d"(d)), "S"(b)), UD);
		CHECK_EQ(*(u32 *)trap_rip & 0xffffff, 0xc1010f);
		CHECK_EQ(TRY("vmmcall", OUT("+a"(a), "+c"(c), "+d"(d)), "S"(b)), UD);
		CHECK_EQ(*(u32 *)trap_rip & 0xffffff, 0xd9010f);
		CHECK_EQ(a, before);
		CHECK_EQ(c, 5);
		CHECK_EQ(d, 6);
	}
	rax = a;
}

GUEST("hypercall")
{
	check();
	rax = 0;
	as_user(check);
	CHECK_EQ(rax, 40);
}
