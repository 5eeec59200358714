/* SPDX-License-Identifier: MIT */
/* Memory and ports that nobody claims: reads give all ones, writes are dropped; among them the
 * window of a VGA that is not there. */
#include "guests/lib/guest.h"

#define VGA_WINDOW 0xa0000ul
#define HOLE	   0xd0000000ul

enum { CARRY = 1, ZERO = 1 << 6 }; /* of RFLAGS */

static u8 buffer[64] __aligned(32);

static void
check_place(u64 at)
{
	volatile u8 *place = (u8 *)at;

	place[0] = 0x12;
	*(volatile u16 *)place = 0x1234;
	*(volatile u32 *)place = 0x12345678;
	*(volatile u64 *)place = 0x123456789abcdef0;
	CHECK_EQ(place[0], 0xff);
	CHECK_EQ(*(volatile u16 *)(place + 1), 0xffff);
	CHECK_EQ(*(volatile u32 *)(place + 3), 0xffffffff);
	CHECK_EQ(*(volatile u64 *)(place + 5), ~0ul);
}

/* All that touches memory touches nothing there. */
static void
check_instructions(u64 at)
{
	u64 count = 16, a = 5, flags;
	const u8 *from = (u8 *)at;
	u8 *to = buffer;

	memset(buffer, 0, sizeof(buffer));
	__asm__ volatile("rep movsb" : "+S"(from), "+D"(to), "+c"(count) : : "memory");
	CHECK(from == (u8 *)at + 16 && to == buffer + 16);
	for (unsigned n = 0; n < sizeof(buffer); n++)
		CHECK_EQ(buffer[n], n < 16 ? 0xff : 0);
	__asm__ volatile("lock xaddl %k0, (%1)" : "+r"(a) : "r"(at) : "memory");
	CHECK_EQ(a, 0xffffffff);
	__asm__ volatile("addl $1, (%1)\n\tpushfq\n\tpopq %0" : "=r"(flags) : "r"(at) : "memory");
	CHECK_EQ(flags & (CARRY | ZERO), CARRY | ZERO); /* ~0 + 1 */
	__asm__ volatile("movdqu (%0), %%xmm3\n\tmovdqu %%xmm3, (%1)\n\tmovdqu %%xmm3, (%0)"
			 :
			 : "r"(at), "r"(buffer + 16)
			 : "memory");
	CHECK_EQ(((u64 *)buffer)[2] & ((u64 *)buffer)[3], ~0ul);
	CHECK_EQ(*(volatile u8 *)at, 0xff);
}

/* From the last of RAM into nothing. */
static void
check_border(u64 end)
{
	*(volatile u32 *)(end - 4) = 0x11223344;
	*(volatile u64 *)(end - 4) = 0xaabbccdd55667788;
	CHECK_EQ(*(volatile u64 *)(end - 4), 0xffffffff55667788);
	CHECK_EQ(*(volatile u32 *)(end - 2), 0xffff5566);
}

static void
check_ports(void)
{
	static const u16 ports[] = {0x100, 0x278, 0x2f8,  0x3b0, 0x3c0,
				    0x3da, 0x3dc, 0x1000, 0xfffe};

	for (unsigned n = 0; n < ARRAY_SIZE(ports); n++) {
		out8(ports[n], 0x12);
		out16(ports[n], 0x1234);
		if (in8(ports[n]) != 0xff || in16(ports[n]) != 0xffff)
			guest_fail("port 0x%x gives 0x%x", ports[n], in16(ports[n]));
	}
}

GUEST("nobody")
{
	write_cr4(read_cr4() | CR4_OSFXSR);
	check_ports();
	if (!under_ashlar())
		return; /* QEMU gives zeros where a PC's bus gives ones */
	check_place(HOLE);
	check_place(VGA_WINDOW);
	check_place(0xb8000);
	check_place(0xbfff0);
	check_place(4 * GiB - 0x1000);
	check_instructions(HOLE + 0xff8);
	check_instructions(VGA_WINDOW);
	check_border(VGA_WINDOW);
	check_border(option("memory", 16) * MiB);
}
