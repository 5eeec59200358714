/* SPDX-License-Identifier: MIT */
#include "guests/lib/protected.h"

#include "guests/lib/guest.h"

enum { TASKS = 4, GDT_FREE = 64, TSS_LIMIT = 103 };

/* Figure 8-2. */
struct task {
	u32 link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags;
	u32 gpr[8];
	u32 es, cs, ss, ds, fs, gs, ldt;
	u16 trap, io_map;
};

_Static_assert(sizeof(struct task) == TSS_LIMIT + 1, "SDM vol. 3, figure 8-2");

extern u64 gdt[]; /* start.asm */

void
task_set(u16 selector, void (*code)(void))
{
	static struct task tasks[TASKS];
	static u8 stacks[TASKS][1024];
	unsigned n = (selector - GDT_FREE) / 8u;
	u64 base;

	CHECK(n < TASKS);
	base = (u64)(uintptr_t)&tasks[n];
	tasks[n] = (struct task){
		.eip = (u32)(uintptr_t)code,
		.eflags = 2,
		.es = 16,
		.cs = 24,
		.ss = 16,
		.ds = 16,
		.fs = 16,
		.gs = 16,
		.io_map = TSS_LIMIT + 1,
	};
	tasks[n].gpr[4] = (u32)(uintptr_t)stacks[n + 1];
	gdt[selector / 8] = TSS_LIMIT | (base & 0xffffff) << 16 | 0x89ul << 40 | base >> 24 << 56;
}
