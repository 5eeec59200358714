/* SPDX-License-Identifier: MIT */
/*
 * String instructions that run from RAM into what is none and back, wrap around their address size,
 * go backwards, or would take years: each does what a CPU does, and its exits stay short.
 */
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

#define RAM_END (option("memory", 0) * MiB)
#define NOBODY	0x20000000ul
#define LAST_32 0xfffffff0ul /* of the first 4 GiB: nobody, without firmware */
#define ENDLESS BIT(40)

enum { COUNT = 64, LONG = 100000 };

static u8 from[256], to[256];

static void
fill(void)
{
	for (unsigned n = 0; n < sizeof(from); n++)
		from[n] = (u8)(n * 7 + 1);
}

/* 32 bytes before the end of RAM, 32 behind it: those are dropped. */
static void
check_end_of_ram(void)
{
	u64 di = RAM_END - COUNT / 2, si = (u64)from, count = COUNT;

	__asm__ volatile("rep movsb" : "+D"(di), "+S"(si), "+c"(count) : : "memory");
	CHECK_EQ(count, 0);
	CHECK_EQ(di, RAM_END + COUNT / 2);
	CHECK(memcmp((void *)(RAM_END - COUNT / 2), from, COUNT / 2) == 0);
	si = RAM_END - COUNT / 2;
	di = (u64)to;
	count = COUNT;
	__asm__ volatile("rep movsb" : "+D"(di), "+S"(si), "+c"(count) : : "memory");
	CHECK(memcmp(to, from, COUNT / 2) == 0);
	for (unsigned n = COUNT / 2; n < COUNT; n++)
		CHECK_EQ(to[n], 0xff);
}

/* With 32-bit addresses EDI goes from the end of the first 4 GiB to 0, which is RAM. */
static void
check_wrap(void)
{
	volatile u8 *zero = (u8 *)(u64)option("zero", 0);
	u8 before[16];
	u64 di = LAST_32, count = 32;

	__asm__ volatile("" : "+r"(zero));
	for (unsigned n = 0; n < sizeof(before); n++)
		before[n] = zero[n];
	__asm__ volatile("addr32 rep stosb" : "+D"(di), "+c"(count) : "a"(0xa5) : "memory");
	CHECK_EQ(count, 0);
	CHECK_EQ(di, 16);
	for (unsigned n = 0; n < 16; n++) {
		CHECK_EQ(zero[n], 0xa5);
		zero[n] = before[n];
	}
	CHECK_EQ(zero[16] == 0xa5 && zero[17] == 0xa5 && zero[18] == 0xa5, 0);
}

static void
check_backwards(void)
{
	u64 di = NOBODY + COUNT, si = (u64)from + COUNT, count = COUNT;

	__asm__ volatile("std; rep movsb; cld" : "+D"(di), "+S"(si), "+c"(count) : : "memory");
	CHECK_EQ(di, NOBODY);
	CHECK_EQ(si, (u64)from);
}

/* Interrupted again and again, the instruction goes on where it was. */
static void
check_long(void)
{
	u64 si = NOBODY, count = LONG, di;
	u32 al = 0;

	__asm__ volatile("rep lodsb" : "+S"(si), "+c"(count), "+a"(al) : : "memory");
	CHECK_EQ(count, 0);
	CHECK_EQ(si, NOBODY + LONG);
	CHECK_EQ(al & 0xff, 0xff);
	di = NOBODY + LONG;
	count = ENDLESS;
	__asm__ volatile("repne scasb" : "+D"(di), "+c"(count) : "a"(0xff) : "memory", "cc");
	CHECK_EQ(di, NOBODY + LONG + 1);
	CHECK_EQ(count, ENDLESS - 1);
}

static volatile u32 ticks;

/* The years end with an interrupt: its handler moves RIP on. */
static void
skip(struct trap *trap)
{
	ticks++;
	CHECK(trap->rcx > 0 && trap->rcx < ENDLESS);
	trap->rip = trap->r8;
}

static void
check_interruptible(void)
{
	u64 si = NOBODY, count = ENDLESS;
	u32 al = 0;

	trap_on(0x20, skip);
	out8(0x20, 0x11);
	out8(0x21, 0x20);
	out8(0x21, 4);
	out8(0x21, 1);
	out8(0x21, 0xfe);
	pit_start(0, 1193);
	__asm__ volatile("leaq 1f(%%rip), %%r8; sti; rep lodsb\n1:\tcli"
			 : "+S"(si), "+c"(count), "+a"(al)
			 :
			 : "r8", "memory", "cc");
	CHECK_EQ(ticks, 1);
	CHECK_EQ(si - NOBODY, ENDLESS - count);
}

/* To a page that isn't there: what came before it is done, and RCX says so. */
static void
check_fault(void)
{
	u64 di = 0x8000000000ul - 16, count = 32;

	CHECK_EQ(TRY("rep stosb", OUT("+D"(di), "+c"(count)), "a"(0)), PF);
	CHECK_EQ(count, 32);
}

GUEST("strings")
{
	fill();
	check_end_of_ram();
	check_wrap();
	check_backwards();
	check_long();
	check_interruptible();
	check_fault();
}
