/* SPDX-License-Identifier: MIT */
/*
 * XSETBV and the extended state: x87, MXCSR, XMM and YMM registers and XCR0 stay the guest's own
 * over every kind of exit, interrupts and HLT included.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/pic.h"
#include "guests/lib/time.h"

enum { LEAF1_XSAVE = 26, LEAF1_AVX = 28, REGISTERS = 16, YMM = 32, ROUNDS = 25, TIMER = 0x51 };
enum { MXCSR_ROUND_UP = 0x5f80, FPU_CONTROL = 0x77f, AREA_HEADER = 512, AREA_AVX = 576 };

static u8 pattern[REGISTERS][YMM] __aligned(32), found[REGISTERS][YMM] __aligned(32);
static u8 area[4096] __aligned(64);
static volatile u32 ticks;

static void
tick(struct trap *trap)
{
	(void)trap;
	ticks++;
	apic_eoi();
}

static void
load_registers(u64 salt)
{
	for (u64 n = 0; n < sizeof(pattern) / 8; n++)
		((u64 *)pattern)[n] = (n + 1) * 0x9e3779b97f4a7c15 + salt;
	__asm__ volatile("vmovdqa   0(%0), %%ymm0;  vmovdqa  32(%0), %%ymm1\n\t"
			 "vmovdqa  64(%0), %%ymm2;  vmovdqa  96(%0), %%ymm3\n\t"
			 "vmovdqa 128(%0), %%ymm4;  vmovdqa 160(%0), %%ymm5\n\t"
			 "vmovdqa 192(%0), %%ymm6;  vmovdqa 224(%0), %%ymm7\n\t"
			 "vmovdqa 256(%0), %%ymm8;  vmovdqa 288(%0), %%ymm9\n\t"
			 "vmovdqa 320(%0), %%ymm10; vmovdqa 352(%0), %%ymm11\n\t"
			 "vmovdqa 384(%0), %%ymm12; vmovdqa 416(%0), %%ymm13\n\t"
			 "vmovdqa 448(%0), %%ymm14; vmovdqa 480(%0), %%ymm15"
			 :
			 : "r"(pattern)
			 : "memory");
}

static void
check_registers(const char *after)
{
	__asm__ volatile("vmovdqa %%ymm0,    0(%0); vmovdqa %%ymm1,   32(%0)\n\t"
			 "vmovdqa %%ymm2,   64(%0); vmovdqa %%ymm3,   96(%0)\n\t"
			 "vmovdqa %%ymm4,  128(%0); vmovdqa %%ymm5,  160(%0)\n\t"
			 "vmovdqa %%ymm6,  192(%0); vmovdqa %%ymm7,  224(%0)\n\t"
			 "vmovdqa %%ymm8,  256(%0); vmovdqa %%ymm9,  288(%0)\n\t"
			 "vmovdqa %%ymm10, 320(%0); vmovdqa %%ymm11, 352(%0)\n\t"
			 "vmovdqa %%ymm12, 384(%0); vmovdqa %%ymm13, 416(%0)\n\t"
			 "vmovdqa %%ymm14, 448(%0); vmovdqa %%ymm15, 480(%0)"
			 :
			 : "r"(found)
			 : "memory");
	for (unsigned n = 0; n < REGISTERS; n++)
		if (memcmp(found[n], pattern[n], YMM) != 0)
			guest_fail("YMM%u is 0x%lx 0x%lx ... after %s; expected 0x%lx 0x%lx ...", n,
				   ((u64 *)found[n])[0], ((u64 *)found[n])[2], after,
				   ((u64 *)pattern[n])[0], ((u64 *)pattern[n])[2]);
}

static void
do_io(void)
{
	in8(0x278);
}

static void
do_cpuid(void)
{
	cpuid(0, 0);
}

static void
do_mmio(void)
{
	apic_read(LAPIC_VERSION);
}

/* An emulated move to one register leaves the others alone. */
static void
do_vector_mmio(void)
{
	__asm__ volatile("vmovdqu (%0), %%ymm5" : : "r"(APIC_BASE + 0x1000) : "memory");
	__asm__ volatile("vmovdqa (%0), %%ymm5" : : "r"(pattern[5]) : "memory");
}

static void
do_msr(void)
{
	rdmsr(MSR_IA32_PAT);
}

static void
do_cr(void)
{
	write_cr0(read_cr0() | CR0_TS);
	__asm__ volatile("clts");
}

static void
do_xsetbv(void)
{
	write_xcr0(XCR0_X87 | XCR0_SSE); /* the upper halves stay, SDM vol. 1, 13.3 */
	write_xcr0(XCR0_X87 | XCR0_SSE | XCR0_AVX);
}

/* Other guests and the host's own threads run meanwhile. */
static void
do_halt(void)
{
	apic_write(LAPIC_TIMER_INITIAL, 20000);
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}

static void
do_spin(void)
{
	u32 before = ticks;

	apic_write(LAPIC_TIMER_INITIAL, 20000);
	__asm__ volatile("sti");
	CHECK(wait_for(&ticks, before + 1, 5000000));
	__asm__ volatile("cli");
}

static const struct {
	const char *name;
	void (*run)(void);
} exits[] = {
	{"port I/O",	     do_io	  },
	       {"CPUID",		 do_cpuid	 },
	{"MMIO",		 do_mmio	},
	       {"MMIO of a vector", do_vector_mmio},
	{"RDMSR",		  do_msr	},
	       {"CR0",	       do_cr	    },
	{"XSETBV",	   do_xsetbv	    },
	       {"HLT",	       do_halt	      },
	{"a spin",	   do_spin	  },
};

/* The state that XSAVE writes says what is in use, and XRSTOR brings it back. */
static void
check_area(void)
{
	u64 *header = (u64 *)(area + AREA_HEADER);

	memset(area, 0xa5, sizeof(area));
	memset(header, 0, 64);
	load_registers(77);
	__asm__ volatile("xsave %0" : "=m"(area) : "a"(7), "d"(0) : "memory");
	CHECK_EQ(header[0] & 6, 6);
	CHECK_EQ(memcmp(area + 160, pattern[0], 16), 0);
	CHECK_EQ(memcmp(area + AREA_AVX, pattern[0] + 16, 16), 0);
	load_registers(78);
	cpuid(0, 0);
	__asm__ volatile("xrstor %0" : : "m"(area), "a"(7), "d"(0) : "memory");
	load_registers(77);
	check_registers("XRSTOR");
	header[0] = 0; /* initial state */
	__asm__ volatile("xrstor %0" : : "m"(area), "a"(7), "d"(0) : "memory");
	memset(pattern, 0, sizeof(pattern));
	check_registers("XRSTOR of the initial state");
	cpuid(0, 0);
	check_registers("CPUID in the initial state");
}

static void
check_controls(void)
{
	u32 mxcsr = MXCSR_ROUND_UP;
	u16 control = FPU_CONTROL;
	double third = 0;

	__asm__ volatile("fninit; fldcw %0; ldmxcsr %1" : : "m"(control), "m"(mxcsr));
	__asm__ volatile("fldpi");
	for (unsigned n = 0; n < ARRAY_SIZE(exits); n++)
		exits[n].run();
	control = 0;
	mxcsr = 0;
	__asm__ volatile("fnstcw %0; stmxcsr %1" : "=m"(control), "=m"(mxcsr));
	CHECK_EQ(control, FPU_CONTROL);
	CHECK_EQ(mxcsr, MXCSR_ROUND_UP);
	__asm__ volatile("fstpl %0; fninit" : "=m"(third));
	CHECK_EQ(*(u64 *)&third, 0x400921fb54442d18); /* pi */
}

/* What is off is undefined; CR0.TS makes #NM first of all of it. */
static void
check_off(void)
{
	write_xcr0(XCR0_X87 | XCR0_SSE);
	CHECK_EQ(TRY("vmovdqa %%ymm1, %%ymm1", OUT()), UD);
	write_xcr0(XCR0_X87 | XCR0_SSE | XCR0_AVX);
	write_cr0(read_cr0() | CR0_TS);
	CHECK_EQ(TRY("vmovdqa %%ymm1, %%ymm1", OUT()), NM);
	CHECK_EQ(TRY("movdqu (%0), %%xmm1", OUT(), "r"(APIC_BASE + 0x1000)), NM);
	__asm__ volatile("clts");
	write_cr4(read_cr4() & ~CR4_OSXSAVE);
	CHECK_EQ(TRY("xgetbv", OUT(), "c"(0)), UD);
	CHECK_EQ(TRY("vmovdqa %%ymm1, %%ymm1", OUT()), UD);
	write_cr4(read_cr4() | CR4_OSXSAVE);
	CHECK_EQ(read_xcr0(), XCR0_X87 | XCR0_SSE | XCR0_AVX);
}

GUEST("xsave")
{
	u32 features = cpuid(CPUID_VERSION, 0).ecx;
	u64 salt = option("seed", 1);

	CHECK(features & BIT32(LEAF1_XSAVE));
	CHECK(features & BIT32(LEAF1_AVX));
	write_cr4(read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_OSXSAVE);
	write_xcr0(XCR0_X87 | XCR0_SSE | XCR0_AVX);
	apic_enable();
	trap_on(TIMER, tick);
	apic_write(LAPIC_LVT_TIMER, TIMER);
	apic_write(LAPIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_16);
	for (u64 round = 0; round < ROUNDS; round++)
		for (unsigned n = 0; n < ARRAY_SIZE(exits); n++) {
			load_registers(salt + round);
			exits[n].run();
			check_registers(exits[n].name);
		}
	check_area();
	check_controls();
	check_off();
}
