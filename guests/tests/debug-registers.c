/* SPDX-License-Identifier: MIT */
/* DR0 to DR7: breakpoints of each kind hit where the manual says (SDM vol. 3, 18.2), before and
 * after exits; and what is reserved. */
#include "guests/lib/guest.h"

#include "guests/lib/apic.h"

enum { DR7_FIXED = 0x400, DR6_FIXED = 0xffff0ff0, PORT = 0x3ff };
enum { RW_EXECUTE, RW_WRITE, RW_IO, RW_ACCESS };
enum { LEN_1, LEN_2, LEN_8, LEN_4 };

#define RFLAGS_RF BIT(16)

static volatile u32 hits;
static volatile u64 hit_rip, hit_dr6, hit_rax;

static u64
read_dr6(void)
{
	u64 value;

	__asm__ volatile("movq %%dr6, %0" : "=r"(value));
	return value;
}

static u64
read_dr7(void)
{
	u64 value;

	__asm__ volatile("movq %%dr7, %0" : "=r"(value));
	return value;
}

static void
write_dr6(u64 value)
{
	__asm__ volatile("movq %0, %%dr6" : : "r"(value));
}

static void
write_dr7(u64 value)
{
	__asm__ volatile("movq %0, %%dr7" : : "r"(value) : "memory");
}

/* A breakpoint at an instruction is a fault: RF lets it run this time. */
static void
hit(struct trap *trap)
{
	hits++;
	hit_rip = trap->rip;
	hit_rax = trap->rax;
	hit_dr6 = read_dr6();
	trap->rflags |= RFLAGS_RF;
	write_dr6(DR6_FIXED);
}

/* Breakpoint n alone, at the address that is in its register. */
static void
arm(unsigned n, u64 rw, u64 len)
{
	hits = 0;
	write_dr7(DR7_FIXED | 2ul << 2 * n | (rw | len << 2) << (16 + 4 * n));
}

static void
disarm(void)
{
	write_dr7(DR7_FIXED);
}

#define SET_DR(n, address) __asm__ volatile("movq %0, %%dr" #n : : "r"((u64)(address)))

static void
check_execute(void)
{
	u64 place;

	__asm__ volatile("leaq 1f(%%rip), %0\n\tmovq %0, %%dr1\n1:\tnop" : "=r"(place));
	arm(1, RW_EXECUTE, LEN_1);
	for (u32 n = 1; n <= 3; n++) {
		/* Twice round the same place, with an exit on the way. */
		__asm__ volatile("movl $5, %%eax\n\tleaq 1f(%%rip), %%rbx\n\tmovq %%rbx, %%dr1\n"
				 "1:\tmovl $6, %%eax\n\tcpuid\n\t"
				 "movl $7, %%eax"
				 :
				 :
				 : "rax", "rbx", "rcx", "rdx", "memory");
		CHECK_EQ(hits, n);
		CHECK_EQ(hit_rax, 5); /* before the instruction */
		CHECK_EQ(hit_dr6 & 0xf, 2);
	}
	disarm();
	CHECK(hit_rip != place);
}

/* At an instruction that exits: the breakpoint first, then the exit, once. */
static void
check_execute_at_exit(void)
{
	u64 place, rax = 0;

	arm(0, RW_EXECUTE, LEN_1);
	__asm__ volatile("leaq 1f(%%rip), %0\n\tmovq %0, %%dr0\n\txorl %%eax, %%eax\n\t"
			 "xorl %%ecx, %%ecx\n1:\tcpuid"
			 : "=&S"(place), "+a"(rax)
			 :
			 : "rbx", "rcx", "rdx", "memory");
	disarm();
	CHECK_EQ(hits, 1);
	CHECK_EQ(hit_rip, place);
	CHECK_EQ(hit_rax, 0);
	CHECK_EQ(rax, cpuid(0, 0).eax);
}

/* A trap, behind the instruction, when any byte of the operand is within. */
static void
check_data(void)
{
	static u64 words[4] __aligned(32);
	volatile u8 *bytes = (u8 *)words;

	SET_DR(2, &words[1]);
	arm(2, RW_WRITE, LEN_8);
	(void)READ_ONCE(words[1]);
	CHECK_EQ(hits, 0);
	WRITE_ONCE(words[1], 1);
	CHECK_EQ(hits, 1);
	CHECK_EQ(hit_dr6 & 0xf, 4);
	bytes[15] = 1;
	CHECK_EQ(hits, 2);
	bytes[16] = 1;
	bytes[7] = 1;
	CHECK_EQ(hits, 2);
	cpuid(0, 0);
	*(volatile u32 *)(bytes + 6) = 0; /* half of it within */
	CHECK_EQ(hits, 3);
	arm(2, RW_ACCESS, LEN_1);
	(void)READ_ONCE(words[1]);
	CHECK_EQ(hits, 1);
	bytes[9] = 0;
	CHECK_EQ(hits, 1);
	disarm();
	WRITE_ONCE(words[1], 2);
	CHECK_EQ(hits, 1);
}

static void
check_reserved(void)
{
	u64 value = 0;

	write_dr6(0);
	CHECK_EQ(read_dr6() & 0xfffeeff0, 0xfffe0ff0);
	write_dr6(DR6_FIXED);
	CHECK_EQ(read_dr6(), DR6_FIXED);
	write_dr7(0);
	CHECK_EQ(read_dr7(), DR7_FIXED);
	CHECK_EQ(TRY("movq %0, %%dr7", OUT(), "r"(BIT(32))), GP);
	CHECK_EQ(TRY("movq %0, %%dr6", OUT(), "r"(BIT(63))), GP);
	CHECK_EQ(read_dr7(), DR7_FIXED);
	/* DR4 and DR5 are the other two, until CR4.DE takes them away (18.2.2). */
	CHECK_EQ(TRY("movq %%dr5, %0", OUT("=r"(value))), NO_TRAP);
	CHECK_EQ(value, DR7_FIXED);
	write_cr4(read_cr4() | CR4_DE);
	CHECK_EQ(TRY("movq %%dr5, %0", OUT("=r"(value))), UD);
	CHECK_EQ(TRY("movq %0, %%dr4", OUT(), "r"(value)), UD);
	write_cr4(read_cr4() & ~CR4_DE);
}

static bool
is_intel(void)
{
	return cpuid(CPUID_VENDOR, 0).ecx == 0x6c65746e; /* "ntel" */
}

/* DR7.GD guards the registers, once (18.2.4). QEMU's CPUs don't have it. */
static void
check_guard(void)
{
	u64 value;

	hits = 0;
	write_dr7(DR7_FIXED | BIT(13));
	__asm__ volatile("movq %%dr0, %0" : "=r"(value) : : "memory");
	CHECK_EQ(hits, 1);
	CHECK(hit_dr6 & BIT(13));
	CHECK_EQ(read_dr7(), DR7_FIXED);
}

GUEST("debug-registers")
{
	trap_on(DB, hit);
	check_reserved();
	check_execute();
	check_execute_at_exit();
	check_data();
	if (is_intel())
		check_guard();
	CHECK_EQ(hits <= 1, 1);
}
