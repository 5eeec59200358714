/* SPDX-License-Identifier: MIT */
/* The IDT, and what happens at its vectors. */
#include "guests/lib/trap.h"

#include "guests/lib/guest.h"

enum { VECTORS = 256, EXCEPTIONS = 32, CODE_SELECTOR = 8 };

/* SDM vol. 3, figure 6-8. */
struct gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_middle;
	u32 offset_high, reserved;
};

_Static_assert(sizeof(struct gate) == 16, "SDM vol. 3, figure 6-8");

struct __packed table_pointer {
	u16 limit;
	u64 base;
};

extern const u64 trap_vectors[VECTORS];
void trap_dispatch(struct trap *trap);

volatile int trap_vector = NO_TRAP;
volatile u64 trap_error, trap_rip, trap_fixup, trap_rsp;
static struct gate idt[VECTORS];
static void (*handlers[VECTORS])(struct trap *);

void
trap_init(void)
{
	for (unsigned v = 0; v < VECTORS; v++) {
		u64 entry = trap_vectors[v];

		idt[v] = (struct gate){.offset_low = (u16)entry,
				       .selector = CODE_SELECTOR,
				       .type = 0x8e, /* present, 64-bit interrupt gate */
				       .offset_middle = (u16)(entry >> 16),
				       .offset_high = (u32)(entry >> 32)};
	}
	trap_load();
}

void
trap_load(void)
{
	struct table_pointer pointer = {sizeof(idt) - 1, (u64)idt};

	__asm__ volatile("lidt %0" : : "m"(pointer));
}

void
trap_for_user(u8 vector)
{
	idt[vector].type |= 3 << 5; /* DPL */
}

void
trap_on(u8 vector, void (*handler)(struct trap *trap))
{
	handlers[vector] = handler;
}

void
trap_dispatch(struct trap *trap)
{
	if (trap->vector < EXCEPTIONS && trap_fixup != 0) {
		trap_vector = (int)trap->vector;
		trap_error = trap->error;
		trap_rip = trap->rip;
		trap->rip = trap_fixup;
		trap->rsp = trap_rsp; /* of a CALL before */
		trap_fixup = 0;
		return;
	}
	if (handlers[trap->vector] == NULL)
		guest_fail("vector %lu, error 0x%lx, at 0x%lx, cr2 0x%lx", trap->vector,
			   trap->error, trap->rip, read_cr2());
	handlers[trap->vector](trap);
}
