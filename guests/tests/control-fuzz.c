/* SPDX-License-Identifier: MIT */
/*
 * Random control registers, EFER, debug registers and segments, LDTR and TR among them, with random
 * descriptors behind, in all combinations: each is taken or faults, and what is taken the CPU then
 * runs with. None may end the VM.
 */
#include "guests/lib/guest.h"
#include "guests/lib/random.h"

enum { ROUNDS = 8000, FIRST_FREE = 64, FREE = 16 };
enum { DATA = 16, KINDS = 12 };

/* In CR4, and what would take the ground from under 64-bit code with these tables. */
#define CR4_ALL BITS(24, 0)

extern u64 gdt[];
static u64 cr0, cr4, efer;
static u32 taken, refused;

static u64
some_bits(u64 now)
{
	switch (random_below(4)) {
	case 0: return random_64();
	case 1: return now ^ BIT(random_below(64));
	case 2: return now ^ BIT(random_below(32));
	default: return now ^ (random_64() & random_64() & BITS(31, 0));
	}
}

static void
count(int vector)
{
	if (vector == NO_TRAP)
		taken++;
	else
		refused++;
}

/* A descriptor of any type, mostly present. */
static void
change_descriptor(void)
{
	u64 value = random_64();

	if (random_below(4) != 0)
		value |= BIT(47);
	gdt[FIRST_FREE / 8 + random_below(FREE)] = value;
}

static u64
selector(void)
{
	if (random_below(8) == 0)
		return random_64();
	return random_below(FIRST_FREE / 8 + FREE) * 8 |
	       (random_below(4) == 0 ? random_below(8) : 0);
}

/* Only for a moment: an IRET would load it again, when its descriptor is another one. */
static int
load_stack(u64 s)
{
	u64 a = 0, c = 0, d = 0;

	return TRY("movw %w3, %%ss; cpuid; movw %w4, %%ss", OUT("+a"(a), "+c"(c), "+d"(d)), "r"(s),
		   "r"(DATA));
}

static void
load_segment(unsigned which)
{
	u64 s = selector();

	switch (which) {
	case 0: count(TRY("movw %w0, %%es", OUT(), "r"(s))); break;
	case 1: count(TRY("movw %w0, %%ds", OUT(), "r"(s))); break;
	case 2: count(TRY("movw %w0, %%fs", OUT(), "r"(s))); break;
	case 3: count(TRY("movw %w0, %%gs", OUT(), "r"(s))); break;
	case 4: count(load_stack(s)); break;
	case 5: count(TRY("lldt %w0", OUT(), "r"(s))); break;
	default: count(TRY("ltr %w0", OUT(), "r"(s))); break;
	}
}

static void
write_efer(u64 value)
{
	count(TRY("wrmsr", OUT(), "c"(MSR_EFER), "a"((u32)value), "d"((u32)(value >> 32))));
}

static void
change(void)
{
	switch (random_below(KINDS)) {
	case 0:
	case 1: count(TRY("movq %0, %%cr0", OUT(), "r"(some_bits(read_cr0())))); break;
	case 2:
	case 3: count(TRY("movq %0, %%cr4", OUT(), "r"(some_bits(read_cr4()) & CR4_ALL))); break;
	case 4: write_efer(some_bits(efer)); break;
	case 5: count(TRY("movq %0, %%cr8", OUT(), "r"(random_below(20)))); break;
	case 6: count(TRY("movq %0, %%cr3", OUT(), "r"(read_cr3() ^ (random_64() & 0x18)))); break;
	case 7: count(TRY("lmsw %w0", OUT(), "r"(random_64()))); break;
	case 8: change_descriptor(); break;
	default: load_segment((unsigned)random_below(7)); break;
	}
}

/* An exit, so that the CPU is entered with all that. */
static void
restore_sometimes(unsigned n)
{
	cpuid(0, 0);
	if (n % 64 != 0)
		return;
	(void)TRY("movq %0, %%cr0", OUT(), "r"(cr0));
	(void)TRY("movq %0, %%cr4", OUT(), "r"(cr4));
	write_efer(efer);
	CHECK_EQ(read_cr0(), cr0);
	CHECK_EQ(read_cr4(), cr4);
	CHECK_EQ(rdmsr(MSR_EFER), efer);
}

GUEST("control-fuzz")
{
	random_seed(option("seed", 1));
	cr0 = read_cr0();
	cr4 = read_cr4();
	efer = rdmsr(MSR_EFER);
	for (unsigned n = 0; n < ROUNDS; n++) {
		change();
		restore_sometimes(n);
	}
	restore_sometimes(0);
	print("control-fuzz: %u taken, %u refused\n", taken, refused);
	CHECK(taken > ROUNDS / 10 && refused > ROUNDS / 10);
}
