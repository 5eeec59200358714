/* SPDX-License-Identifier: MIT */
/* VMCALL and VMMCALL: the one that is not this CPU's is undefined; the other answers in RAX, that
 * there is no such call, or that it is not for programs. Straight on a machine both are undefined.
 */
#include "guests/lib/guest.h"
#include "guests/lib/user.h"

enum { DENIED = -1, NOT_OFFERED = 40, NUMBERS = 80 };

static u64 answered, undefined;
static s64 expected;

/* RIP stays at an undefined instruction, and so do the registers; a call changes RAX alone. */
static void
judge(int trap, u32 bytes, u64 number, u64 a)
{
	if (trap == UD) {
		CHECK_EQ(*(u32 *)trap_rip & 0xffffff, bytes);
		CHECK_EQ(a, number);
		undefined++;
		return;
	}
	CHECK_EQ(trap, NO_TRAP);
	CHECK_EQ(a, expected);
	answered++;
}

static void
check(void)
{
	u64 c = 5, d = 6, b = 7;

	for (u64 number = NOT_OFFERED; number < NUMBERS; number++) {
		u64 a = number;

		judge(TRY("vmcall", OUT("+a"(a), "+c"(c), "+d"(d)), "S"(b)), 0xc1010f, number, a);
		a = number;
		judge(TRY("vmmcall", OUT("+a"(a), "+c"(c), "+d"(d)), "S"(b)), 0xd9010f, number, a);
		CHECK_EQ(c, 5);
		CHECK_EQ(d, 6);
	}
}

static void
check_counts(void)
{
	u64 calls = under_ashlar() ? NUMBERS - NOT_OFFERED : 0;

	CHECK_EQ(answered, calls);
	CHECK_EQ(undefined, 2 * (NUMBERS - NOT_OFFERED) - calls);
	answered = undefined = 0;
}

GUEST("hypercall")
{
	expected = NO_SUCH_CALL;
	check();
	check_counts();
	expected = DENIED;
	as_user(check);
	check_counts();
}
