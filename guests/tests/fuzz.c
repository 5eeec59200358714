/* SPDX-License-Identifier: MIT */
/*
 * Random accesses to ports, MMIO, MSRs, CPUID and control registers, from the seed that is printed.
 * They reach every model and every policy; what ends a machine by right (reset, power-off, INIT to
 * itself, the test's own exit port) is left out, as is where this guest's own code and stack are.
 */
#include "guests/lib/guest.h"
#include "guests/lib/random.h"

enum { ROUNDS = 100000, COM1 = 0x3f8, RING_0_FLAGS = 2, PM1_CONTROL = 0x604 };

/* Where something is, and as much of it. */
struct place {
	u64 base, size;
};

static const struct place port_places[] = {
	{0x20,  2	},
	    {0xa0,  2	    },
	{0x4d0, 2	 },
	       {0x40,  4      },
	   {0x60,  8	   },
	       {0x70,  2      },
	{0x3f8, 8	 },
	    {0xcf8, 8	     },
	{0x600, 0x40   },
	       {0x80,  16	},
	   {0x2f8, 8	    },
	       {0,	   0x10000},
};

static const struct place mmio_places[] = {
	{0xfee00000, 0x1000	   },
	       {0xfec00000, 0x1000	  },
	 {0xfed00000, 0x400	   },
	{0xe0000000, 0x10000	    },
	       {0xe0000000, 0x10000000     },
	 {0xa0000,	   0x20000	  },
	{0xc0000000, 0x40000000 - 16},
	       {0x10000000, 0x30000000     },
};

static const struct place msr_places[] = {
	{0x10,       1		},
	 {0x1b,	1	 },
	  {0x200,	  0x110     },
	  {0x6e0,	  1	   },
	{0x800,	0x40	    },
	{0xc0000080, 5	      },
	 {0xc0000100, 4	       },
	  {0,	      0x2000    },
	  {0xc0000000, 0x2000    },
	{0x40000000, 0x200	  },
	{0,	    0xfffffff0},
};

static const struct place no_ports[] = {
	{0x60,	       1}, /* the 8042's output port resets, by command D1h */
	{0x64,	       1}, /* its command FEh does */
	{0x92,	       1},
	   {0xf4,	  4},
	      {0xcf9,	      1},
	  {PM1_CONTROL, 2},
	    {COM1,	   1},
};

static u32 faults[32];
static u8 buffer[256];

static u64
pick(const struct place *places, size_t count)
{
	const struct place *p = &places[random_below(count)];

	return p->base + random_below(p->size);
}

static bool
is_forbidden(u64 port, unsigned size)
{
	for (size_t n = 0; n < ARRAY_SIZE(no_ports); n++)
		if (port < no_ports[n].base + no_ports[n].size && no_ports[n].base < port + size)
			return true;
	return false;
}

static void
note(int vector)
{
	if (vector != NO_TRAP)
		faults[vector % 32]++;
}

static void
read_port(u16 port, unsigned size)
{
	u64 a = 0, di = (u64)buffer, c = random_below(sizeof(buffer) / 4);

	if (random_below(8) == 0)
		note(TRY("rep insb", OUT("+D"(di), "+c"(c)), "d"(port)));
	else if (size == 1)
		note(TRY("inb %%dx, %%al", OUT("+a"(a)), "d"(port)));
	else if (size == 2)
		note(TRY("inw %%dx, %%ax", OUT("+a"(a)), "d"(port)));
	else
		note(TRY("inl %%dx, %%eax", OUT("+a"(a)), "d"(port)));
}

static void
write_port(u16 port, unsigned size)
{
	u64 a = random_64(), si = (u64)buffer, c = random_below(16);

	if (random_below(8) == 0)
		note(TRY("rep outsb", OUT("+S"(si), "+c"(c)), "d"(port)));
	else if (size == 1)
		note(TRY("outb %%al, %%dx", OUT("+a"(a)), "d"(port)));
	else if (size == 2)
		note(TRY("outw %%ax, %%dx", OUT("+a"(a)), "d"(port)));
	else
		note(TRY("outl %%eax, %%dx", OUT("+a"(a)), "d"(port)));
}

static void
port(void)
{
	u64 at = pick(port_places, ARRAY_SIZE(port_places));
	unsigned size = 1u << random_below(3);

	if (at + size > 0x10000)
		return;
	if (random_below(2) == 0)
		read_port((u16)at, size);
	else if (!is_forbidden(at, size))
		write_port((u16)at, size);
}

/* Every form that the emulator knows comes up; values never hold an INIT for an ICR or an LVT. */
static void
write_memory(u64 at, unsigned form)
{
	u64 a = random_without_init(random_64()), c = random_below(64), di = at, si = (u64)buffer;

	switch (form) {
	case 0: note(TRY("movb %b0, (%1)", OUT(), "a"(a), "r"(at))); break;
	case 1: note(TRY("movw %w0, (%1)", OUT(), "a"(a), "r"(at))); break;
	case 2:
	case 3: note(TRY("movl %k0, (%1)", OUT(), "a"(a), "r"(at))); break;
	case 4: note(TRY("movq %0, (%1)", OUT(), "a"(a), "r"(at))); break;
	case 5:
		note(TRY("andl %k0, (%1)", OUT(), "a"(~(u32)BIT(random_below(32))), "r"(at)));
		break;
	case 6: note(TRY("rep stosl", OUT("+D"(di), "+c"(c)), "a"(a))); break;
	case 7: note(TRY("rep movsb", OUT("+D"(di), "+S"(si), "+c"(c)), "a"(a))); break;
	case 8: note(TRY("cmpl %k0, (%1)", OUT(), "a"(a), "r"(at))); break;
	default: note(TRY("xchgl %k0, (%1)", OUT("+a"(a)), "r"(at))); break;
	}
}

static void
read_memory(u64 at, unsigned form)
{
	u64 a = 0, c = random_below(64), si = at, di = (u64)buffer;

	switch (form) {
	case 0: note(TRY("movb (%1), %b0", OUT("=q"(a)), "r"(at))); break;
	case 1: note(TRY("movzwl (%1), %k0", OUT("=r"(a)), "r"(at))); break;
	case 2:
	case 3: note(TRY("movl (%1), %k0", OUT("=r"(a)), "r"(at))); break;
	case 4: note(TRY("movq (%1), %0", OUT("=r"(a)), "r"(at))); break;
	case 5: note(TRY("btl %k0, (%1)", OUT(), "r"(random_below(4096)), "r"(at))); break;
	case 6: note(TRY("rep lodsl", OUT("+S"(si), "+c"(c), "+a"(a)))); break;
	case 7: note(TRY("rep movsb", OUT("+D"(di), "+S"(si), "+c"(c)))); break;
	case 8: note(TRY("testl %k0, (%1)", OUT(), "r"(~0ul), "r"(at))); break;
	default: note(TRY("movsbq (%1), %0", OUT("=r"(a)), "r"(at))); break;
	}
}

/* The buffer goes to devices, too. */
static void
memory(void)
{
	u64 at = pick(mmio_places, ARRAY_SIZE(mmio_places));

	if (random_below(2) != 0)
		at &= ~(u64)3;
	buffer[random_below(sizeof(buffer))] = (u8)random_without_init(random_64());
	if (random_below(2) == 0)
		read_memory(at, (unsigned)random_below(10));
	else if (at < 0xe0000000 + 0x10000000ul && at >= 0xe0000000)
		write_memory(at, (unsigned)random_below(9));
	else
		write_memory(at, (unsigned)random_below(10));
}

static void
msr(void)
{
	u32 number = (u32)pick(msr_places, ARRAY_SIZE(msr_places)), low = 0, high = 0;
	u64 value = random_without_init(random_64());

	if (random_below(2) == 0) {
		note(TRY("rdmsr", OUT("=a"(low), "=d"(high)), "c"(number)));
		return;
	}
	if (random_below(2) == 0)
		value = random_below(2) == 0 ? value & 0xff : BIT(random_below(64));
	note(TRY("wrmsr", , "c"(number), "a"((u32)value), "d"((u32)(value >> 32))));
}

static void
control(void)
{
	u64 bit = random_below(4) == 0 ? random_64() : BIT(random_below(32));

	switch (random_below(6)) {
	case 0: note(TRY("movq %0, %%cr0", OUT(), "r"(read_cr0() ^ bit))); break;
	case 1: note(TRY("movq %0, %%cr4", OUT(), "r"(read_cr4() ^ bit))); break;
	case 2: note(TRY("movq %0, %%cr8", OUT(), "r"(random_below(32)))); break;
	case 3: note(TRY("movq %0, %%cr3", OUT(), "r"(read_cr3() ^ (bit & 0x18)))); break;
	case 4: note(TRY("movq %0, %%cr2", OUT(), "r"(bit))); break;
	default: note(TRY("movq %%cr0, %0; clts", OUT("=r"(bit)))); break;
	}
}

/* The line may have been given any speed, format and interrupt. */
static void
restore_line(void)
{
	out8(COM1 + 3, 3);
	out8(COM1 + 1, 0);
	out8(COM1 + 4, 0);
	out8(COM1 + 2, 7);
}

static void
summary(void)
{
	restore_line();
	print("fuzz: %u accesses", (unsigned)ROUNDS);
	for (unsigned v = 0; v < ARRAY_SIZE(faults); v++)
		if (faults[v] != 0)
			print(", %u times vector %u", faults[v], v);
	print("\n");
	CHECK(faults[GP] > 0);
	CHECK_EQ(faults[DF], 0);
}

GUEST("fuzz")
{
	random_seed(option("seed", 1));
	for (unsigned n = 0; n < ROUNDS; n++) {
		switch (random_below(8)) {
		case 0:
		case 1:
		case 2: port(); break;
		case 3:
		case 4: memory(); break;
		case 5: msr(); break;
		case 6: cpuid((u32)pick(msr_places, 7), (u32)random_below(8)); break;
		default: control(); break;
		}
	}
	summary();
}
