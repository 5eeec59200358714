/* SPDX-License-Identifier: MIT */
#include "guests/lib/user.h"

#include "guests/lib/guest.h"

enum { CALL_BACK = 0x80, TSS_SELECTOR = 64 };
enum { STACK_SIZE = 4096, TSS_RSP0 = 4, TSS_IOPB = 0x66, TSS_SIZE = 0x68 };
enum { PTE_USER = 1 << 2, PAGE_2M = 21 };

#define TSS_AVAILABLE 0x890000000000ul /* SDM vol. 3, 8.2.3: present, type 9 */

extern u64 pml4[512], pdpt[512], gdt[];
extern u64 user_kernel_rsp;
void user_call(void (*fn)(void), void *stack);
void user_return(void);

static u8 kernel_stack[STACK_SIZE] __aligned(16), user_stack[STACK_SIZE] __aligned(16);
static u8 tss[TSS_SIZE] __aligned(16);

/* INT from ring 3. */
static void
call_back(struct trap *trap)
{
	trap->cs = 8;
	trap->ss = 16;
	trap->rip = (u64)user_return;
	trap->rsp = user_kernel_rsp;
}

/* The I/O map is beyond the TSS: no port is ring 3's. */
static void
load_tss(void)
{
	u64 base = (u64)tss, top = (u64)kernel_stack + sizeof(kernel_stack);

	memcpy(tss + TSS_RSP0, &top, sizeof(top));
	tss[TSS_IOPB] = TSS_SIZE;
	gdt[TSS_SELECTOR / 8] = TSS_AVAILABLE | (TSS_SIZE - 1) | (base & 0xffffff) << 16 |
				(base >> 24 & 0xff) << 56;
	gdt[TSS_SELECTOR / 8 + 1] = base >> 32;
	__asm__ volatile("ltr %w0" : : "r"(TSS_SELECTOR));
}

void
user_may_access(u64 address, bool allowed)
{
	u64 *table = (u64 *)(pdpt[address / GiB] & ~(u64)(PAGE_SIZE - 1));
	u64 *entry = &table[address % GiB >> PAGE_2M];

	*entry = allowed ? *entry | PTE_USER : *entry & ~(u64)PTE_USER;
	invlpg((void *)address);
}

static void
begin(void)
{
	static bool begun;

	if (begun)
		return;
	begun = true;
	load_tss();
	trap_on(CALL_BACK, call_back);
	trap_for_user(CALL_BACK);
	pml4[0] |= PTE_USER;
	for (u64 n = 0; n < 4; n++)
		pdpt[n] |= PTE_USER;
	for (u64 address = 0; address < 4 * GiB; address += 1ul << PAGE_2M)
		user_may_access(address, true);
	write_cr3(read_cr3());
}

void
as_user(void (*fn)(void))
{
	begin();
	user_call(fn, user_stack + sizeof(user_stack));
}
