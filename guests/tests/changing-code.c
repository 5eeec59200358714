/* SPDX-License-Identifier: MIT */
/*
 * Another CPU changes an instruction all the time while this one runs it on a device, so that what
 * is decoded is not what has exited: each time one or the other is done, and nothing else.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/smp.h"

#define COMPARATOR 0xfed00108ul /* of the HPET's timer 0 */

enum { ROUNDS = 5000, RET = 0xc3, OTHER = 0x1111, BEGIN = 0x2222 };

/* All on [RDI] with EAX, of two bytes: MOV to, MOV from, OR, CMP, XCHG, ADD. */
static const u32 instructions[] = {0xc3c30789, 0xc3c3078b, 0xc3c30709,
				   0xc3c30739, 0xc3c30787, 0xc3c30701};

static u32 code[1024] __aligned(4096);
static volatile u32 stop;

static void
change(u32 index)
{
	(void)index;
	for (unsigned n = 0; !stop; n++) {
		__atomic_store_n(&code[0], instructions[n % ARRAY_SIZE(instructions)],
				 __ATOMIC_SEQ_CST);
		for (unsigned spin = 0; spin < n % 64; spin++)
			cpu_relax();
	}
}

static u32
call(u32 eax)
{
	u64 a = eax;

	__asm__ volatile("call *%1" : "+a"(a) : "r"(code), "D"(COMPARATOR) : "memory", "cc", "rcx");
	return (u32)a;
}

GUEST("changing-code")
{
	code[0] = instructions[0];
	code[1] = 0xc3c3c3c3;
	apic_enable();
	CHECK(smp_start(1, 1, change));
	for (unsigned n = 0; n < ROUNDS; n++) {
		u32 eax, memory;

		mmio_write32((void *)COMPARATOR, BEGIN);
		eax = call(OTHER);
		memory = mmio_read32((void *)COMPARATOR);
		if (eax != OTHER && eax != BEGIN)
			guest_fail("EAX is 0x%x", eax);
		if (memory != OTHER && memory != BEGIN && memory != (OTHER | BEGIN) &&
		    memory != OTHER + BEGIN)
			guest_fail("the register is 0x%x", memory);
	}
	stop = 1;
}
