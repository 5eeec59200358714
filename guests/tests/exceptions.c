/* SPDX-License-Identifier: MIT */
/* Every exception that a guest can raise for itself arrives with its vector, error code and RIP. */
#include "guests/lib/guest.h"

#define NOT_THERE     (4 * GiB) /* beyond the mapping */
#define NON_CANONICAL 0x1000000000000000ul

enum { PF_PRESENT = 1, PF_WRITE = 2, PF_RESERVED = 8, PF_FETCH = 16 };
enum { PTE_P = 1, PTE_RW = 2, PTE_PS = 0x80, SELECTOR_FREE = 64 };

extern u64 pml4[512], pdpt[512], gdt[];
static u64 page_tables[2][512] __aligned(4096); /* a directory, a table: for NOT_THERE */
static u8 page[4096] __aligned(4096);

static void
check_faults(void)
{
	u64 a = 1, d = 0;

	CHECK_EQ(TRY("divl %2", OUT("+a"(a), "+d"(d)), "r"(0)), DE);
	CHECK_EQ(TRY("ud2", OUT()), UD);
	CHECK_EQ(TRY("movq (%1), %0", OUT("=r"(d)), "r"(NON_CANONICAL)), GP);
	CHECK_EQ(trap_error, 0);
	CHECK_EQ(TRY("movw %w0, %%ds", OUT(), "r"(0x1238)), GP); /* beyond the GDT */
	CHECK_EQ(trap_error, 0x1238);
	CHECK_EQ(TRY("int3", OUT()), BP);
	CHECK_EQ(TRY(".byte 0xf0, 0x90", OUT()), UD);
}

static void
check_segments(void)
{
	gdt[SELECTOR_FREE / 8] = 0x00cf13000000ffff; /* data, not present */
	CHECK_EQ(TRY("movw %w0, %%ds", OUT(), "r"(SELECTOR_FREE)), NP);
	CHECK_EQ(trap_error, SELECTOR_FREE);
	CHECK_EQ(TRY("movw %w0, %%ss", OUT(), "r"(SELECTOR_FREE)), SS);
	CHECK_EQ(trap_error, SELECTOR_FREE);
	gdt[SELECTOR_FREE / 8] = 0;
	CHECK_EQ(TRY("ltr %w0", OUT(), "r"(SELECTOR_FREE)), GP);
	CHECK_EQ(trap_error, SELECTOR_FREE);
}

static void
expect_page_fault(int vector, u64 error, u64 address)
{
	CHECK_EQ(vector, PF);
	CHECK_EQ(trap_error, error);
	CHECK_EQ(read_cr2(), address);
}

static void
map(u64 entry)
{
	pdpt[4] = (u64)page_tables[0] | PTE_P | PTE_RW;
	page_tables[0][0] = (u64)page_tables[1] | PTE_P | PTE_RW;
	page_tables[1][0] = entry;
	invlpg((void *)NOT_THERE);
}

static void
check_page_faults(void)
{
	volatile u64 *at = (u64 *)(NOT_THERE + 8);
	u64 value;

	expect_page_fault(TRY("movq (%1), %0", OUT("=r"(value)), "r"(at)), 0, NOT_THERE + 8);
	expect_page_fault(TRY("movq $1, (%0)", OUT(), "r"(at)), PF_WRITE, NOT_THERE + 8);
	map((u64)page | PTE_P);
	CHECK_EQ(TRY("movq (%1), %0", OUT("=r"(value)), "r"(at)), NO_TRAP);
	expect_page_fault(TRY("movq $1, (%0)", OUT(), "r"(at)), PF_PRESENT | PF_WRITE,
			  NOT_THERE + 8);
	map((u64)page | PTE_P | PTE_RW | BIT(63));
	CHECK_EQ(TRY("movq $1, (%0)", OUT(), "r"(at)), NO_TRAP);
	expect_page_fault(TRY("jmp *%0", OUT(), "r"(at)), PF_PRESENT | PF_FETCH, NOT_THERE + 8);
	CHECK_EQ(trap_rip, NOT_THERE + 8);
	map((u64)page | PTE_P | PTE_RW | BIT(51));
	if (cpuid(CPUID_ADDRESS_SIZES, 0).eax % 256 < 52) {
		CHECK_EQ(TRY("movq (%1), %0", OUT("=r"(value)), "r"(at)), PF);
		CHECK(trap_error & PF_RESERVED); /* and PF_PRESENT, but QEMU leaves that out */
	}
	pdpt[4] = 0;
	invlpg((void *)NOT_THERE);
}

/* A fault is at its instruction, so that it can be tried again: here after mending the page. */
static void
mend(struct trap *trap)
{
	CHECK_EQ(trap->error, PF_WRITE);
	map((u64)page | PTE_P | PTE_RW);
}

static void
check_restart(void)
{
	trap_on(PF, mend);
	*(volatile u64 *)(NOT_THERE + 16) = 0x1234;
	CHECK_EQ(*(volatile u64 *)(page + 16), 0x1234);
	pdpt[4] = 0;
	invlpg((void *)NOT_THERE);
}

static volatile u32 steps;
static volatile u64 step_rip;

static void
step(struct trap *trap)
{
	steps++;
	step_rip = trap->rip;
	if (steps == 3)
		trap->rflags &= ~BIT(8);
}

/* RFLAGS.TF: a trap after each instruction, also after one that exits (SDM vol. 3, 18.3.1.4). */
static void
check_single_step(void)
{
	u64 end;

	trap_on(DB, step);
	__asm__ volatile("pushfq; orl $0x100, (%%rsp); popfq\n\t"
			 "nop\n\tcpuid\n\tnop\n1:\n\tleaq 1b(%%rip), %0"
			 : "=r"(end)
			 :
			 : "rax", "rbx", "rcx", "rdx", "memory", "cc");
	CHECK_EQ(steps, 3);
	CHECK_EQ(step_rip, end);
}

static void
check_breakpoint(void)
{
	u64 dr6, value = 0;

	__asm__ volatile("movq %0, %%dr0; movq %1, %%dr7" : : "r"(&value), "r"(0x000d0002ul));
	steps = 0;
	WRITE_ONCE(value, 5); /* DR7: a write of 4 bytes at DR0 */
	__asm__ volatile("movq %%dr6, %0" : "=r"(dr6));
	CHECK_EQ(steps, 1);
	CHECK_EQ(dr6 & 0xf, 1);
	__asm__ volatile("movq %0, %%dr7; movq %1, %%dr6" : : "r"(0x400ul), "r"(0xffff0ff0ul));
}

static volatile u32 soft;

static void
soft_interrupt(struct trap *trap)
{
	soft++;
	CHECK_EQ(*(u16 *)(trap->rip - 2), 0x77cd); /* behind INT 77h */
}

static void
check_x87(void)
{
	u16 control = 0x37b;

	write_cr0(read_cr0() | CR0_TS);
	CHECK_EQ(TRY("fnop", OUT()), NM);
	__asm__ volatile("clts");
	CHECK_EQ(TRY("fnop", OUT()), NO_TRAP);
	/* 1 / 0 without its mask, reported by the next waiting instruction (CR0.NE) */
	CHECK_EQ(TRY("fninit; fldcw %0; fld1; fldz; fdivrp; fwait", OUT(), "m"(control)), MF);
	__asm__ volatile("fninit");
}

GUEST("exceptions")
{
	check_faults();
	check_segments();
	check_page_faults();
	check_restart();
	check_single_step();
	check_breakpoint();
	check_x87();
	trap_on(0x77, soft_interrupt);
	__asm__ volatile("int $0x77");
	CHECK_EQ(soft, 1);
}
