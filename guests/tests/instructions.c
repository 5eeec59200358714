/* SPDX-License-Identifier: MIT */
/*
 * The lengths of instructions that exit: with redundant prefixes, and at every place around the end
 * of a page. What follows each is a RET; where a wrong length would lead, INT3.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"

enum { WAKE = 0x51, LENGTH_MAX = 15, NOBODY = 0x278 };
enum { RET = 0xc3, INT3 = 0xcc, HLT = 0xf4, STI = 0xfb };

struct instruction {
	const char *name;
	u8 bytes[4], length;
	u64 rax, rcx, rdx;
	bool has_fault; /* #UD is right, at the instruction */
};

static const struct instruction instructions[] = {
	{"CPUID",	  {0x0f, 0xa2},	2, 0,	      0,		 0,	    false},
	{"RDMSR",	  {0x0f, 0x32},	2, 0,	      MSR_IA32_PAT, 0,	       false},
	{"WRMSR",	  {0x0f, 0x30},	2, 0x00070106, MSR_IA32_PAT, 0x00070106, false},
	{"RDTSCP",	   {0x0f, 0x01, 0xf9}, 3, 0,	     0,		0,	   false},
	{"RDTSC",	  {0x0f, 0x31},	2, 0,	      0,		 0,	    false},
	{"HLT",		{0xf4},		1, 0,	      0,		 0,	    false},
	{"IN AL, DX",    {0xec},	      1, 0,	    0,	       NOBODY,     false},
	{"OUT DX, AL",   {0xee},	       1, 0,	     0,		NOBODY,	false},
	{"IN AL, EDh",   {0xe4, 0xed},	     2, 0,	   0,	      0,		 false},
	{"WBINVD",	   {0x0f, 0x09},	 2, 0,	       0,		  0,	     false},
	{"PAUSE",	  {0xf3, 0x90},	2, 0,	      0,		 0,	    false},
	{"MOV RAX, CR0", {0x0f, 0x20, 0xc0}, 3, 0,	   0,	      0,		 false},
	{"MOV RAX, CR4", {0x0f, 0x20, 0xe0}, 3, 0,	   0,	      0,		 false},
	{"CLTS",	 {0x0f, 0x06},       2, 0,	     0,		0,	   false},
	{"CLGI",	 {0x0f, 0x01, 0xdd}, 3, 0,	   0,	      0,		 true },
};

/* That change nothing before these: address size, segments, and REX without W. */
static const u8 prefixes[] = {0x67, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65};

static u8 code[2 * PAGE_SIZE] __aligned(PAGE_SIZE);

static void
wake(struct trap *trap)
{
	(void)trap;
	apic_eoi();
}

static int
run(const u8 *at, const struct instruction *i)
{
	u64 a = i->rax, c = i->rcx, d = i->rdx;

	return TRY("call *%3; cli", OUT("+a"(a), "+c"(c), "+d"(d)), "r"(at));
}

/* HLT ends by an interrupt that is pending, and that STI before it lets in behind it. */
static u8 *
prepare(u8 *at, const struct instruction *i)
{
	if (i->bytes[0] != HLT)
		return at;
	apic_write(LAPIC_ICR_LOW, 1u << 18 | ICR_ASSERT | WAKE);
	*at = STI;
	return at + 1;
}

static void
check(const struct instruction *i, unsigned prefix_count, unsigned before_end)
{
	u8 *at = code + PAGE_SIZE - before_end, *end;
	int vector;

	memset(code, INT3, sizeof(code));
	end = prepare(at, i);
	for (unsigned n = 0; n < prefix_count; n++)
		*end++ = prefixes[n % ARRAY_SIZE(prefixes)];
	memcpy(end, i->bytes, i->length);
	end[i->length] = RET;
	vector = run(at, i);
	if (i->has_fault ? vector != UD || trap_rip != (u64)at : vector != NO_TRAP)
		guest_fail("%s with %u prefixes, %u bytes before the end of a page: vector %d at "
			   "0x%lx, its place is 0x%lx",
			   i->name, prefix_count, before_end, vector, trap_rip, (u64)at);
}

GUEST("instructions")
{
	apic_enable();
	trap_on(WAKE, wake);
	for (unsigned n = 0; n < ARRAY_SIZE(instructions); n++) {
		const struct instruction *i = &instructions[n];

		for (unsigned p = 0; p + i->length <= LENGTH_MAX; p++) {
			check(i, p, 64); /* whole in a page */
			for (unsigned cut = 0; cut <= p + i->length; cut++)
				check(i, p, cut);
		}
	}
	CHECK_EQ(rdmsr(MSR_IA32_PAT), 0x0007010600070106);
}
