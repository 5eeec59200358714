/* SPDX-License-Identifier: MIT */
/* IN, OUT, INS and OUTS in all widths: at a device's register, and where nobody answers. */
#include "guests/lib/guest.h"

enum { NOBODY = 0x278, SCRATCH = 0x3ff }; /* LPT2, absent; the scratch register of COM1 */

static u64
in_with(u64 rax, unsigned size)
{
	if (size == 1)
		__asm__ volatile("inb %w1, %b0" : "+a"(rax) : "d"(NOBODY));
	else if (size == 2)
		__asm__ volatile("inw %w1, %w0" : "+a"(rax) : "d"(NOBODY));
	else
		__asm__ volatile("inl %w1, %k0" : "+a"(rax) : "d"(NOBODY));
	return rax;
}

/* Reads of nobody are all ones; narrow ones leave the rest of RAX, 32-bit ones clear it. */
static void
check_nobody(void)
{
	u64 rax = 0x1122334455667788;

	CHECK_EQ(in_with(rax, 1), 0x11223344556677ff);
	CHECK_EQ(in_with(rax, 2), 0x112233445566ffff);
	CHECK_EQ(in_with(rax, 4), 0xffffffff);
	out8(NOBODY, 0x12);
	out16(NOBODY, 0x1234);
	out32(NOBODY, 0x12345678);
	CHECK_EQ(in8(NOBODY), 0xff);
}

/* The port as an immediate operand, and the last ports of all. */
static void
check_forms(void)
{
	u8 value;

	__asm__ volatile("inb $0xe9, %0" : "=a"(value));
	__asm__ volatile("outb %0, $0xe9" : : "a"((u8)0));
	CHECK_EQ(in8(0xffff), 0xff);
	out8(0xffff, 0);
	CHECK_EQ(in32(0xfffc), 0xffffffff);
}

static void
check_register(void)
{
	for (unsigned value = 0; value < 256; value++) {
		out8(SCRATCH, (u8)value);
		CHECK_EQ(in8(SCRATCH), value);
	}
}

static u8 buffer[8192] __aligned(4096);

static void *
outs(const void *from, u64 count)
{
	__asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"(SCRATCH) : "memory");
	CHECK_EQ(count, 0);
	return (void *)from;
}

static void *
ins(void *to, u64 count, u16 port)
{
	__asm__ volatile("rep insb" : "+D"(to), "+c"(count) : "d"(port) : "memory");
	CHECK_EQ(count, 0);
	return to;
}

static void
check_strings(void)
{
	for (unsigned n = 0; n < sizeof(buffer); n++)
		buffer[n] = (u8)(n * 7);
	CHECK(outs(buffer + 4000, 200) == buffer + 4200); /* across a page */
	CHECK_EQ(in8(SCRATCH), (u8)(4199 * 7));
	CHECK(outs(buffer, 0) == buffer);
	CHECK_EQ(in8(SCRATCH), (u8)(4199 * 7));

	out8(SCRATCH, 0x5a);
	CHECK(ins(buffer + 4090, 12, SCRATCH) == buffer + 4102);
	for (unsigned n = 4090; n < 4102; n++)
		CHECK_EQ(buffer[n], 0x5a);
	CHECK_EQ(buffer[4089], (u8)(4089 * 7));
	CHECK_EQ(buffer[4102], (u8)(4102 * 7));
}

/* Downwards, two and four bytes at a time, and with a 32-bit address. */
static void
check_string_forms(void)
{
	u8 *end = buffer + 100;
	u64 count = 3;

	memset(buffer, 0, sizeof(buffer));
	__asm__ volatile("std; rep insw; cld" : "+D"(end), "+c"(count) : "d"(NOBODY) : "memory");
	CHECK(end == buffer + 94);
	CHECK_EQ(count, 0);
	for (unsigned n = 90; n < 110; n++)
		CHECK_EQ(buffer[n], n >= 96 && n < 102 ? 0xff : 0);

	end = buffer + 200;
	__asm__ volatile("insl" : "+D"(end) : "d"(NOBODY) : "memory");
	CHECK(end == buffer + 204);
	CHECK_EQ(*(u32 *)(buffer + 200), 0xffffffff);

	end = buffer + 300;
	__asm__ volatile("addr32 insb" : "+D"(end) : "d"(NOBODY) : "memory");
	CHECK(end == buffer + 301);
	CHECK_EQ(buffer[300], 0xff);
}

/* Nothing is read from the port when the memory can't be written, and the registers stay. */
static void
check_fault(void)
{
	u8 *nowhere = (u8 *)(4 * GiB);
	u64 count = 5;
	int vector = TRY("rep insb", OUT("+D"(nowhere), "+c"(count)), "d"(SCRATCH));

	CHECK_EQ(vector, PF);
	CHECK_EQ(trap_error, 2); /* a write to a page that isn't there */
	CHECK_EQ(read_cr2(), 4 * GiB);
	CHECK_EQ((u64)nowhere, 4 * GiB);
	CHECK_EQ(count, 5);
}

GUEST("port-io")
{
	check_nobody();
	check_forms();
	check_register();
	check_strings();
	check_string_forms();
	check_fault();
}
