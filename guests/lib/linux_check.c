/* SPDX-License-Identifier: MIT */
#include "guests/lib/linux_check.h"

#include "guests/lib/boot_check.h"
#include "guests/lib/guest.h"

/* Linux, Documentation/arch/x86/boot.rst, "32-bit Boot Protocol" and "64-bit Boot Protocol". */
enum { BOOT_CS = 0x10, BOOT_DS = 0x18, FLAT_LIMIT = 0xffff, ZERO_PAGE_SENTINEL = 0x1ef };
enum { P_LOADER = 0x210, P_MAGIC = 0x202, P_CODE32_START = 0x214, P_LOADFLAGS = 0x211 };

struct __packed linux_state {
	u32 bits, unused, ebx, esi, edi, ebp;
	u16 cs, ds, es, ss;
	u32 cr0, cr4, flags, efer;
	u16 gdt_limit;
	u64 gdt_base;
	u8 stack[0x200 - 58];
};

_Static_assert(sizeof(struct linux_state) == 0x200, "guests/lib/header_bzimage64.asm");

struct linux_state linux_state = {.bits = ~0u}; /* not in .bss, which is not clean yet */

/* Flat, of 4 GiB, present: SDM vol. 3, figure 3-8. */
static void
check_descriptor(u16 selector, u16 type_and_s, u64 flags)
{
	u64 base = linux_state.bits == 32 ? (u32)linux_state.gdt_base : linux_state.gdt_base;
	u64 entry = *(const u64 *)(base + selector);

	CHECK(selector + 7u <= linux_state.gdt_limit);
	CHECK_EQ(entry & 0xffff, FLAT_LIMIT);
	CHECK_EQ(entry >> 16 & 0xffffff, 0);
	CHECK_EQ(entry >> 56, 0);
	CHECK_EQ(entry >> 40 & 0xfe, type_and_s);   /* but the accessed bit */
	CHECK_EQ(entry >> 48 & 0xef, flags & 0xef); /* but AVL */
}

static void
check_cpu(unsigned bits)
{
	const struct linux_state *s = &linux_state;

	CHECK_EQ(s->bits, bits);
	CHECK_EQ(s->cs, BOOT_CS);
	CHECK_EQ(s->ds, BOOT_DS);
	CHECK_EQ(s->es, BOOT_DS);
	CHECK_EQ(s->ss, BOOT_DS);
	CHECK_EQ(s->flags & BIT(9), 0);
	check_descriptor(BOOT_CS, 0x9a, bits == 64 ? 0xaf : 0xcf);
	check_descriptor(BOOT_DS, 0x92, 0xcf);
	CHECK(s->cr0 & CR0_PE);
	if (bits == 32) {
		CHECK_EQ(s->cr0 & CR0_PG, 0);
		CHECK_EQ(s->ebx | s->edi | s->ebp, 0);
		return;
	}
	CHECK_EQ(s->cr0 & CR0_PG, CR0_PG);
	CHECK_EQ(s->cr4 & CR4_PAE, CR4_PAE);
	CHECK_EQ(s->efer & (EFER_LME | EFER_LMA), EFER_LME | EFER_LMA);
}

/* The zero page has the setup header, completed, and nothing that nobody has set. */
static void
check_zero_page(void)
{
	const u8 *p = (const u8 *)(u64)linux_state.esi;

	CHECK_EQ(p[ZERO_PAGE_SENTINEL], 0);
	CHECK(memcmp(p + P_MAGIC, "HdrS", 4) == 0);
	CHECK(p[P_LOADER] != 0);
	CHECK(p[P_LOADFLAGS] & 1);
	CHECK_EQ(*(const u32 *)(p + P_CODE32_START), 0x200000);
}

void
linux_check(unsigned bits)
{
	check_cpu(bits);
	check_zero_page();
	boot_check(BOOT_LINUX);
}
