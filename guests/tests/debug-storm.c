/* SPDX-License-Identifier: MIT */
/*
 * #DB whose delivery raises it again, which a CPU that delivers it by itself never ends
 * (CVE-2015-8104); and single steps through what loads CR3, SS or RFLAGS.TF, and through exits.
 */
#include "guests/lib/guest.h"

enum { STEPS = 5000, TF = 1 << 8, SELECTOR_TSS = 64 };

extern u64 gdt[];

static volatile u32 steps;

static void
step(struct trap *trap)
{
	steps++;
	if (steps < STEPS)
		trap->rflags |= TF;
	else
		trap->rflags &= ~(u64)TF;
}

/* Each round: a load of CR3, an instruction that exits, one by IRET with TF, one behind MOV SS. */
static void
single_steps(void)
{
	trap_on(DB, step);
	__asm__ volatile(
		"pushfq; orl $0x100, (%%rsp); popfq\n"
		"1:\tmovq %%cr3, %%rax; movq %%rax, %%cr3\n\t"
		"xorl %%eax, %%eax; cpuid\n\t"
		"movw %%ss, %%ax; movw %%ax, %%ss; cpuid\n\t"
		"movq %%rsp, %%rcx\n\t"
		"movl %%ss, %%eax; pushq %%rax; pushq %%rcx; pushfq; orl $0x100, (%%rsp)\n\t"
		"movl %%cs, %%eax; pushq %%rax; leaq 2f(%%rip), %%rax; pushq %%rax; iretq\n"
		"2:\tinb $0x80, %%al\n\t"
		"cmpl %0, %1; jb 1b"
		:
		: "i"(STEPS), "m"(steps)
		: "rax", "rbx", "rcx", "rdx", "memory", "cc");
	CHECK(steps >= STEPS);
}

/* Where a CPU tells of the breakpoint only once the frame is whole, the handler meets it again with
 * the next one. */
static void
again(struct trap *trap)
{
	(void)trap;
}

/* DR0 watches where the CPU pushes the frame of #DB itself, here with the stack where it is. */
static void
frame_is_watched(void)
{
	u64 top;

	trap_on(DB, again);
	print("debug-storm: a breakpoint on the frame of its own exception\n");
	__asm__ volatile("movq %%rsp, %0" : "=r"(top));
	top = (top - 4096) & ~63ul;
	__asm__ volatile("movq %0, %%dr0; movq %1, %%dr1; movq %2, %%dr2; movq %3, %%dr3" ::"r"(
				 top - 8),
			 "r"(top - 16), "r"(top - 24), "r"(top - 32));
	__asm__ volatile("movq %0, %%dr7" : : "r"(0xdddd04aaul)); /* writes of 4 bytes, all on */
	for (;;)
		__asm__ volatile("movq %%rsp, %%rbx\n\t"
				 "movq %0, %%rsp\n\t"
				 "int $1\n\t"
				 "movq $0, -8(%%rsp)\n\t"
				 "movq %%rbx, %%rsp"
				 :
				 : "r"(top)
				 : "rbx", "memory", "cc");
}

static struct __packed {
	u32 reserved;
	u64 rsp[3], reserved2, ist[7], reserved3;
	u16 reserved4, io_map;
} tss = {.io_map = sizeof(tss)};

static u8 stack[4096] __aligned(16);

static void
load_tss(void)
{
	u64 base = (u64)&tss;

	gdt[SELECTOR_TSS / 8] = (sizeof(tss) - 1) | (base & 0xffffff) << 16 | 0x89ul << 40 |
				(base >> 24 & 0xff) << 56;
	gdt[SELECTOR_TSS / 8 + 1] = base >> 32;
	__asm__ volatile("ltr %w0" : : "r"(SELECTOR_TSS));
}

/*
 * DR0 is at the first instruction of #DB's own handler, which therefore never runs; a stack of its
 * own makes sure that this goes on for ever.
 */
static void
handler_is_watched(void)
{
	struct __packed {
		u16 limit;
		u64 base;
	} idt;
	u64 handler;
	u8 *gate;

	print("debug-storm: a breakpoint at the handler of its own exception\n");
	__asm__ volatile("sidt %0" : "=m"(idt));
	gate = (u8 *)idt.base + DB * 16;
	handler = *(u16 *)gate | (u64) * (u16 *)(gate + 6) << 16 | (u64) * (u32 *)(gate + 8) << 32;
	tss.ist[0] = (u64)stack + sizeof(stack);
	load_tss();
	gate[4] = 1; /* IST */
	__asm__ volatile("movq %0, %%dr0; movq %1, %%dr7" : : "r"(handler), "r"(0x402ul));
	__asm__ volatile("int $1; jmp *%0" : : "r"(handler));
}

GUEST("debug-storm")
{
	switch (option("case", 0)) {
	case 1: single_steps(); break;
	case 2: frame_is_watched(); break;
	case 3: handler_is_watched(); break;
	default: guest_fail("no such case");
	}
}
