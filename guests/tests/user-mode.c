/* SPDX-License-Identifier: MIT */
/*
 * What ring 3 may not do raises the fault that the manuals name, at its instruction, and does
 * nothing else, also where ring 0 would have left for the hypervisor; what it may do works.
 */
#include "guests/lib/user.h"

#include "guests/lib/apic.h"
#include "guests/lib/guest.h"

enum { SCRATCH = 0x3ff, IOPL_3 = 3 << 12, PF_PRESENT = 1, PF_WRITE = 2, PF_USER = 4 };

static u32 tried;

/* The verdict is told in ring 0: here there are no ports. */
static int wrong = -1;
static u64 wrong_vector, wrong_error;

static void
expect(int line, int vector, int expected, u64 error)
{
	tried++;
	if (wrong >= 0 || (vector == expected && (vector == NO_TRAP || trap_error == error)))
		return;
	wrong = line;
	wrong_vector = (u64)vector;
	wrong_error = trap_error;
}

#define EXPECT(attempt, vector, error)                                                             \
	do {                                                                                       \
		trap_error = 0;                                                                    \
		expect(__LINE__, attempt, vector, error);                                          \
	} while (0)

static void
user_privileged(void)
{
	u64 value = 0, a = 0, d = 0;

	EXPECT(TRY("hlt", OUT()), GP, 0);
	EXPECT(TRY("cli", OUT()), GP, 0);
	EXPECT(TRY("rdmsr", OUT("+a"(a), "+d"(d)), "c"(MSR_IA32_PAT)), GP, 0);
	EXPECT(TRY("wrmsr", OUT(), "c"(MSR_IA32_PAT), "a"(0), "d"(0)), GP, 0);
	EXPECT(TRY("wrmsr", OUT(), "c"(MSR_LSTAR), "a"(0), "d"(0)), GP, 0); /* which never exits */
	EXPECT(TRY("movq %%cr0, %0", OUT("=r"(value))), GP, 0);
	EXPECT(TRY("movq %0, %%cr0", OUT(), "r"(value)), GP, 0);
	EXPECT(TRY("movq %%cr3, %0", OUT("=r"(value))), GP, 0);
	EXPECT(TRY("movq %0, %%cr4", OUT(), "r"(value)), GP, 0);
	EXPECT(TRY("movq %%cr8, %0", OUT("=r"(value))), GP, 0);
	EXPECT(TRY("movq %0, %%cr8", OUT(), "r"(value)), GP, 0);
	EXPECT(TRY("movq %%dr7, %0", OUT("=r"(value))), GP, 0);
	EXPECT(TRY("movq %0, %%dr0", OUT(), "r"(value)), GP, 0);
	EXPECT(TRY("clts", OUT()), GP, 0);
	EXPECT(TRY("lmsw %w0", OUT(), "r"(value)), GP, 0);
	EXPECT(TRY("invlpg (%0)", OUT(), "r"(&value)), GP, 0);
	EXPECT(TRY("wbinvd", OUT()), GP, 0);
	EXPECT(TRY("lgdt %0", OUT(), "m"(value)), GP, 0);
	EXPECT(TRY("ltr %w0", OUT(), "r"(value)), GP, 0);
	EXPECT(TRY("xsetbv", OUT(), "c"(0), "a"(1), "d"(0)), GP, 0);
}

/* The TSS has no I/O map, and IOPL is 0 (SDM vol. 1, 19.5). */
static void
user_ports(void)
{
	u64 a = 0, count = 3;
	static u8 buffer[16];
	u8 *to = buffer;

	EXPECT(TRY("inb %w1, %b0", OUT("+a"(a)), "d"(SCRATCH)), GP, 0);
	EXPECT(TRY("outb %b0, %w1", OUT(), "a"(1), "d"(SCRATCH)), GP, 0);
	EXPECT(TRY("rep insb", OUT("+D"(to), "+c"(count)), "d"(SCRATCH)), GP, 0);
	EXPECT(TRY("rep outsb", OUT("+S"(to), "+c"(count)), "d"(SCRATCH)), GP, 0);
	if (count != 3 || to != buffer)
		wrong = __LINE__;
}

/* CPUID is for everybody, RDTSC unless CR4.TSD says otherwise. */
static void
user_allowed(void)
{
	u64 a = 0, c = 0, d = 0;

	EXPECT(TRY("cpuid", OUT("+a"(a), "+c"(c), "+d"(d))), NO_TRAP, 0);
	EXPECT(TRY("rdtsc", OUT("+a"(a), "+d"(d))), NO_TRAP, 0);
	EXPECT(TRY("rdtscp", OUT("+a"(a), "+c"(c), "+d"(d))), NO_TRAP, 0);
	EXPECT(TRY("pause", OUT()), NO_TRAP, 0);
}

static void
user_no_tsc(void)
{
	u64 a = 0, c = 0, d = 0;

	EXPECT(TRY("rdtsc", OUT("+a"(a), "+d"(d))), GP, 0);
	EXPECT(TRY("rdtscp", OUT("+a"(a), "+c"(c), "+d"(d))), GP, 0);
}

/* A device's registers are memory like other memory: the paging decides. */
static void
user_device(void)
{
	u64 value = 0, at = APIC_BASE + LAPIC_VERSION;

	EXPECT(TRY("movl (%1), %k0", OUT("=r"(value)), "r"(at)), NO_TRAP, 0);
	if ((value & 0xff) < 0x10)
		wrong = __LINE__;
}

static void
user_no_device(void)
{
	u64 value = 0, at = APIC_BASE + LAPIC_VERSION, read = PF_PRESENT | PF_USER;

	EXPECT(TRY("movl (%1), %k0", OUT("=r"(value)), "r"(at)), PF, read);
	EXPECT(TRY("movl %k0, (%1)", OUT(), "r"(value), "r"(at)), PF, read | PF_WRITE);
}

static void
run(const char *what, void (*fn)(void))
{
	tried = 0;
	as_user(fn);
	if (wrong >= 0)
		guest_fail("%s: line %d: vector %d, error 0x%lx", what, wrong, (int)wrong_vector,
			   wrong_error);
	CHECK(tried > 0);
}

GUEST("user-mode")
{
	u64 cr0 = read_cr0(), cr4 = read_cr4() | CR4_OSXSAVE, pat = rdmsr(MSR_IA32_PAT);

	write_cr4(cr4);
	out8(SCRATCH, 0x5c);
	run("privileged", user_privileged);
	CHECK_EQ(read_cr0(), cr0);
	CHECK_EQ(read_cr4(), cr4);
	CHECK_EQ(rdmsr(MSR_IA32_PAT), pat);
	run("ports", user_ports);
	CHECK_EQ(in8(SCRATCH), 0x5c);
	run("allowed", user_allowed);
	write_cr4(cr4 | CR4_TSD);
	run("CR4.TSD", user_no_tsc);
	write_cr4(cr4);
	run("device", user_device);
	user_may_access(APIC_BASE, false);
	run("no device", user_no_device);
	CHECK_EQ(read_cr2(), APIC_BASE + LAPIC_VERSION);
}
