/* SPDX-License-Identifier: MIT */
/*
 * Code in every 2 MiB of RAM below 4 GiB, by all CPUs at once and each in its own order: where the
 * hypervisor splits the pages that are executed, what is written and what is executed stays so.
 * With `stay=1` it halts in the end, so that one can look at its VM.
 */
#include "guests/lib/guest.h"
#include "guests/lib/smp.h"
#include "guests/lib/time.h"

enum { PIECES_MAX = 512, ROUNDS = 4, LINE = 64, NUMBERS = 128 };

extern u8 image_end[];

static u64 piece[PIECES_MAX]; /* addresses, of 2 MiB each */
static unsigned pieces;
static u32 go, finished; /* atomic */

/* mov eax, number; ret */
static void
write_code(u8 *at, u32 number)
{
	at[0] = 0xb8;
	memcpy(at + 1, &number, sizeof(number));
	at[5] = 0xc3;
}

static u32
call(const u8 *code)
{
	return ((u32(*)(void))(uintptr_t)code)();
}

/* Each CPU has its own line of each piece, on a page that all of them use. */
static void
visit(u32 index, u64 at, u32 round)
{
	u32 number = round << 24 | index << 16 | (u32)(at / (2 * MiB));
	u8 *code = (u8 *)at + PAGE_SIZE * (round * 37 % 511) + index * LINE;

	write_code(code, number);
	if (call(code) != number)
		guest_fail("CPU %u: 0x%lx executes something else", index, (u64)code);
	*(volatile u64 *)(code + NUMBERS * LINE / 4) = number;
}

/* The whole of it, from another start and in another direction on each CPU. */
static void
visit_all(u32 index)
{
	for (u32 round = 0; round < ROUNDS; round++) {
		for (unsigned n = 0; n < pieces; n++) {
			unsigned turn = index % 2 == 0 ? n : pieces - 1 - n;

			visit(index, piece[(turn + index * 7) % pieces], round);
		}
	}
}

/* What was written by code that ran is all still there. */
static void
check_all(u32 index)
{
	for (u32 round = 0; round < ROUNDS; round++) {
		for (unsigned n = 0; n < pieces; n++) {
			u8 *code = (u8 *)piece[n] + PAGE_SIZE * (round * 37 % 511) + index * LINE;
			u32 number = round << 24 | index << 16 | (u32)(piece[n] / (2 * MiB));

			CHECK_EQ(call(code), number);
			CHECK_EQ(*(volatile u64 *)(code + NUMBERS * LINE / 4), number);
		}
	}
}

static void
other_cpu(u32 index)
{
	while (__atomic_load_n(&go, __ATOMIC_ACQUIRE) == 0)
		cpu_relax();
	visit_all(index);
	__atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
}

static bool
has_module(u64 at)
{
	u64 module = (u64)boot_info.module;

	return at < module + boot_info.module_size && module < at + 2 * MiB;
}

static void
find_pieces(void)
{
	u64 first = MAX((u64)image_end, 4 * MiB);

	for (unsigned n = 0; n < boot_info.ranges; n++) {
		const struct memory_range *r = &boot_info.memory[n];
		u64 end = MIN(r->base + r->size, 3 * GiB);

		for (u64 at = ALIGN_UP(MAX(r->base, first), 2 * MiB);
		     r->type == MEMORY_RAM && at + 2 * MiB <= end && pieces < PIECES_MAX;
		     at += 2 * MiB) {
			if (!has_module(at))
				piece[pieces++] = at;
		}
	}
}

GUEST("execute")
{
	u32 others = (u32)option("vcpus", 1) - 1;

	find_pieces();
	CHECK(pieces > 20);
	for (u32 i = 1; i <= others; i++)
		CHECK(smp_start(i, i, other_cpu));
	__atomic_store_n(&go, 1, __ATOMIC_RELEASE);
	visit_all(0);
	for (unsigned ms = 0; __atomic_load_n(&finished, __ATOMIC_SEQ_CST) < others; ms++) {
		if (ms == 20000)
			guest_fail("not all CPUs have finished");
		delay_us(1000);
	}
	for (u32 i = 0; i <= others; i++)
		check_all(i);
	print("executed in %u pieces of 2 MiB on %u CPUs\n", pieces, others + 1);
	while (option("stay", 0) != 0)
		__asm__ volatile("cli; hlt");
}
