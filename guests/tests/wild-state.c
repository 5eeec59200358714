/* SPDX-License-Identifier: MIT */
/*
 * Leaves long mode for a state that no kernel has: 32-bit or 16-bit code without paging, with
 * random descriptors in every segment, LDTR and TR, random flags (virtual-8086 mode too), CR0, CR4
 * and EFER; and exits there. With no IDT, what faults ends the VM. The seed is the time.
 */
#include "guests/lib/guest.h"
#include "guests/lib/random.h"

enum { FIRST_FREE = 64, CODE = 64, SEGMENTS = 72, LDT = 120, TASK = 128 };

/* wild-state.asm's: what it loads, in this order. */
struct wild {
	u32 cr0, cr4, efer, flags, selectors[5], ldt, task, code, real;
};

extern u64 gdt[];
extern struct wild wild;
__noreturn void wild_enter(void);

/* SDM vol. 3, figure 3-8: S, P; the type, DPL, base and limit at random within what loads. */
static u64
descriptor(unsigned type, unsigned dpl, bool flat)
{
	u64 value = (u64)type << 40 | BIT(44) | BIT(47) | (u64)dpl << 45;

	if (flat)
		return value | 0x00cf00000000fffful;
	return value | (random_64() & 0xffd0000000000000ul) | (random_64() & 0xffff);
}

static u64
system_descriptor(unsigned type, u64 base, u32 limit)
{
	return (u64)type << 40 | BIT(47) | (base & 0xffffff) << 16 | (base >> 24 & 0xff) << 56 |
	       limit;
}

static void
choose_segments(void)
{
	static u8 area[256] __aligned(16);

	gdt[CODE / 8] = descriptor(0xb, 0, true) ^ (random_below(4) == 0 ? BIT(54) : 0);
	for (unsigned n = 0; n < 5; n++) {
		/* Data to read and write, or to read alone, that may expand down; SS is the last.
		 */
		unsigned type = 1 | (unsigned)random_below(4) << 1;

		gdt[SEGMENTS / 8 + n] =
			descriptor(n == 4 ? type | 2 : type, n == 4 ? 0 : (unsigned)random_below(4),
				   random_below(2) == 0);
		wild.selectors[n] =
			(u32)(n != 4 && random_below(4) == 0 ? random_below(4) : SEGMENTS + n * 8);
	}
	gdt[LDT / 8] = system_descriptor(2, (u64)area, (u32)random_below(256));
	gdt[TASK / 8] = system_descriptor(random_below(2) != 0 ? 9 : 1, (u64)area,
					  (u32)random_below(65536));
	wild.ldt = random_below(2) != 0 ? LDT : 0;
	wild.task = TASK;
	wild.code = CODE;
}

GUEST("wild-state")
{
	random_seed(rdtsc());
	choose_segments();
	wild.cr0 = 1 | ((u32)random_64() & (CR0_MP | CR0_EM | CR0_TS | CR0_NE | CR0_WP | CR0_AM));
	if (random_below(4) == 0)
		wild.cr0 |= (u32)(CR0_CD | (random_below(2) != 0 ? CR0_NW : 0));
	wild.cr4 = (u32)random_64() & (CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE | CR4_PAE |
				       CR4_MCE | CR4_PGE | CR4_OSFXSR);
	wild.efer = (u32)random_64() & (1 | (u32)BIT(8) | (u32)BIT(11));
	wild.flags = (u32)random_64() & 0x7f4dd5; /* not IF; NT, RF, AC, IOPL and the others */
	wild.real = (u32)random_below(4);
	print("wild-state: cr0 %x cr4 %x efer %x flags %x way %u\n", wild.cr0, wild.cr4, wild.efer,
	      wild.flags, wild.real);
	wild_enter();
}
