/* SPDX-License-Identifier: MIT */
/*
 * What single operations cost, in ticks of the TSC: tools/bench.py runs this straight on an
 * emulated machine, where a tick is an instruction, and in a VM there, and subtracts. A line for
 * each:
 *
 *     bench NAME rounds 1000 min 27 sum 27000
 *
 * Options: rounds=N; only=NAME, one operation alone; hold=1, which waits for a byte on the serial
 * line before the first round, for who wants to watch (tools/profile.py).
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/ioapic.h"
#include "guests/lib/smp.h"
#include "guests/lib/time.h"

enum { WARM_UP = 10, ROUNDS = 1000 };
enum { UART_DATA = 0x3f8, UART_LINE_STATUS = 0x3fd, RECEIVED = 1, NOBODY = 0x278 };
enum { PCI_ADDRESS = 0xcf8, PCI_DATA = 0xcfc, PCI_ENABLE = 1 << 31 };
enum { SELF = 0x41, TIMER = 0x51, PING = 0x61, PONG = 0x71, ICR_SELF = 1 << 18, DIVIDE_BY_1 = 0xb };
enum { PERIOD = 50000 /* of the TSC */, CALIBRATION = 5000000 };
enum { FIRST_TOUCH = 16 << 20, PAGE = 4096 };
enum {
	SDT_LENGTH = 4,
	SDT_HEADER = 36,
	FADT_PM_TMR_BLK = 76,
	RSDP_REVISION = 15,
	RSDP_RSDT = 16,
	RSDP_XSDT = 24
};

/* One figure; an operation may have two. */
struct figure {
	const char *name;
	u64 min, sum;
};

struct operation {
	const char *name;
	void (*once)(u64 ticks[2]);
	void (*prepare)(void);
	const char *second; /* name of the second figure, or NULL */
	u32 vcpus;
};

static volatile u32 taken;
static volatile u64 taken_at;
static u32 version_of_ioapic;
static u16 pm_timer;
static u64 tsc_per_count, touched; /* the former in 1/65536 */

/* Where tools/profile.py begins and ends to count. */
void round_begin(void);
void round_end(void);

__attribute__((noinline)) void
round_begin(void)
{
	__asm__ volatile("");
}

__attribute__((noinline)) void
round_end(void)
{
	__asm__ volatile("");
}

/* The operation is between two readings of the TSC, and nothing else is. */
#define TICKS(operation)                                                                           \
	({                                                                                         \
		u64 begin_ = rdtsc();                                                              \
                                                                                                   \
		operation;                                                                         \
		rdtsc() - begin_;                                                                  \
	})

static void
once_cpuid(u64 ticks[2])
{
	ticks[0] = TICKS(cpuid(CPUID_VERSION, 0));
}

static void
once_rdmsr_pat(u64 ticks[2])
{
	ticks[0] = TICKS(rdmsr(MSR_IA32_PAT));
}

static void
once_wrmsr_pat(u64 ticks[2])
{
	u64 pat = rdmsr(MSR_IA32_PAT);

	ticks[0] = TICKS(wrmsr(MSR_IA32_PAT, pat));
}

static void
once_rdmsr_efer(u64 ticks[2])
{
	ticks[0] = TICKS(rdmsr(MSR_EFER));
}

static void
once_wrmsr_efer(u64 ticks[2])
{
	u64 efer = rdmsr(MSR_EFER);

	ticks[0] = TICKS(wrmsr(MSR_EFER, efer));
}

static void
once_pit(u64 ticks[2])
{
	ticks[0] = TICKS(in8(PIT_CH0));
}

static void
once_uart(u64 ticks[2])
{
	ticks[0] = TICKS(in8(UART_LINE_STATUS));
}

static void
once_pm_timer(u64 ticks[2])
{
	ticks[0] = TICKS(in32(pm_timer));
}

static void
once_nobody(u64 ticks[2])
{
	ticks[0] = TICKS(in8(NOBODY));
}

static void
once_pci(u64 ticks[2])
{
	ticks[0] = TICKS(({
		out32(PCI_ADDRESS, (u32)PCI_ENABLE);
		in32(PCI_DATA);
	}));
}

static void
once_ioapic(u64 ticks[2])
{
	ticks[0] = TICKS(version_of_ioapic = ioapic_read(IOAPIC_VERSION));
}

static void
once_apic_version(u64 ticks[2])
{
	ticks[0] = TICKS(apic_read(LAPIC_VERSION));
}

static void
once_apic_tpr(u64 ticks[2])
{
	ticks[0] = TICKS(apic_read(LAPIC_TPR));
}

static void
once_apic_tpr_write(u64 ticks[2])
{
	ticks[0] = TICKS(apic_write(LAPIC_TPR, 0));
}

static void
once_apic_eoi(u64 ticks[2])
{
	ticks[0] = TICKS(apic_eoi());
}

static void
take(struct trap *trap)
{
	(void)trap;
	taken_at = rdtsc();
	taken = 1;
	apic_eoi();
}

static void
once_self_ipi(u64 ticks[2])
{
	u64 begin;

	taken = 0;
	__asm__ volatile("sti");
	begin = rdtsc();
	apic_write(LAPIC_ICR_LOW, ICR_SELF | ICR_ASSERT | SELF);
	while (taken == 0)
		cpu_relax();
	ticks[1] = rdtsc() - begin;
	__asm__ volatile("cli");
	ticks[0] = taken_at - begin;
}

/* Without a PAUSE: that would be an exit of its own, or a change of CPUs. */
static void
wait_busy(void)
{
	__asm__ volatile("sti");
	while (taken == 0)
		__asm__ volatile("" : : : "memory");
	__asm__ volatile("cli");
}

static void
wait_halted(void)
{
	while (taken == 0)
		__asm__ volatile("sti; hlt; cli" : : : "memory");
}

/* The first: from before the write, and so with what emulating the write itself takes away from the
 * guest; the second: from behind the write. */
static void
timer_late(void (*wait)(void), u64 ticks[2])
{
	u32 count = (u32)(((u64)PERIOD << 16) / tsc_per_count);
	u64 period = count * tsc_per_count >> 16, begin, set;

	taken = 0;
	begin = rdtsc();
	apic_write(LAPIC_TIMER_INITIAL, count);
	set = rdtsc();
	wait();
	ticks[0] = taken_at - begin - period;
	ticks[1] = taken_at - set - period;
}

static void
once_timer_busy(u64 ticks[2])
{
	timer_late(wait_busy, ticks);
}

static void
once_timer_halted(u64 ticks[2])
{
	timer_late(wait_halted, ticks);
}

/* Ticks of the TSC for one of the timer: the reads' own cost is in both and falls out. */
static void
prepare_timer(void)
{
	u64 begin, ticks;
	u32 first, counted;

	apic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_1);
	apic_write(LAPIC_LVT_TIMER, LVT_MASKED | TIMER);
	apic_write(LAPIC_TIMER_INITIAL, ~0u);
	first = apic_read(LAPIC_TIMER_CURRENT);
	begin = rdtsc();
	while (rdtsc() - begin < CALIBRATION)
		;
	counted = first - apic_read(LAPIC_TIMER_CURRENT);
	ticks = rdtsc() - begin;
	CHECK(counted != 0);
	tsc_per_count = (ticks << 16) / counted;
	/* A whole number within a thousandth is that number. */
	if ((tsc_per_count + 64) % 65536 < 128)
		tsc_per_count = (tsc_per_count + 64) / 65536 * 65536;
	apic_write(LAPIC_TIMER_INITIAL, 0);
	apic_write(LAPIC_LVT_TIMER, TIMER);
}

static void
answer(struct trap *trap)
{
	(void)trap;
	apic_eoi();
	apic_write(LAPIC_ICR_HIGH, 0);
	apic_write(LAPIC_ICR_LOW, ICR_ASSERT | PONG);
}

static void
other_main(u32 index)
{
	(void)index;
	for (;;)
		__asm__ volatile("sti; hlt" : : : "memory");
}

static void
prepare_ping(void)
{
	trap_on(PING, answer);
	trap_on(PONG, take);
	CHECK(smp_start(1, 1, other_main));
	prepare_timer();
}

/* The other one gets the CPU for as long as it wants, and so is halted when it is called. */
static void
once_ping(u64 ticks[2])
{
	u64 begin;

	timer_late(wait_halted, ticks);
	taken = 0;
	begin = rdtsc();
	apic_write(LAPIC_ICR_HIGH, 1u << 24);
	apic_write(LAPIC_ICR_LOW, ICR_ASSERT | PING);
	wait_halted();
	ticks[0] = taken_at - begin;
}

static void
once_first_touch(u64 ticks[2])
{
	volatile u8 *page = (volatile u8 *)(FIRST_TOUCH + PAGE * touched++);

	ticks[0] = TICKS(*page = 1);
}

static void
prepare_none(void)
{
}

static void
prepare_pit(void)
{
	pit_start(2, 0);
}

/* The PM timer's port is in the FADT (ACPI 5.2.9), which the XSDT or the RSDT lists. */
static u32
field32(u64 table, unsigned offset)
{
	u32 value;

	memcpy(&value, (const void *)(table + offset), sizeof(value));
	return value;
}

/* All tables are below 4 GiB: the upper half of an XSDT's entry is 0. */
static void
prepare_pm_timer(void)
{
	u64 rsdp = boot_info.rsdp, list;
	bool wide = ((const u8 *)rsdp)[RSDP_REVISION] >= 2 && field32(rsdp, RSDP_XSDT) != 0;

	list = field32(rsdp, wide ? RSDP_XSDT : RSDP_RSDT);
	for (unsigned at = SDT_HEADER; at < field32(list, SDT_LENGTH); at += wide ? 8 : 4) {
		u64 table = field32(list, at);

		if (memcmp((const void *)table, "FACP", 4) == 0)
			pm_timer = (u16)field32(table, FADT_PM_TMR_BLK);
	}
	CHECK(pm_timer != 0);
}

static const struct operation operations[] = {
	{"cpuid",	  once_cpuid,	      prepare_none,	    NULL,		  1},
	{"rdmsr-pat",      once_rdmsr_pat,      prepare_none,	    NULL,		  1},
	{"wrmsr-pat",      once_wrmsr_pat,      prepare_none,	    NULL,		  1},
	{"rdmsr-efer",     once_rdmsr_efer,	prepare_none,     NULL,		    1},
	{"wrmsr-efer",     once_wrmsr_efer,	prepare_none,     NULL,		    1},
	{"pit",		once_pit,		  prepare_pit,      NULL,		     1},
	{"uart",		 once_uart,	    prepare_none,	  NULL,		1},
	{"pm-timer",	     once_pm_timer,	    prepare_pm_timer, NULL,		    1},
	{"nobody",	   once_nobody,		prepare_none,     NULL,		    1},
	{"pci",		once_pci,		  prepare_none,	NULL,		      1},
	{"ioapic",	   once_ioapic,		prepare_none,     NULL,		    1},
	{"apic-version",	 once_apic_version,   prepare_none,	  NULL,		1},
	{"apic-tpr",	     once_apic_tpr,	    prepare_none,	  NULL,		1},
	{"apic-tpr-write", once_apic_tpr_write, prepare_none,     NULL,		    1},
	{"apic-eoi",	     once_apic_eoi,	    prepare_none,	  NULL,		1},
	{"self-ipi",	     once_self_ipi,	    prepare_none,	  "self-ipi-whole",   1},
	{"timer-busy",     once_timer_busy,	prepare_timer,    "timer-busy-set",	 1},
	{"timer-halted",	 once_timer_halted,   prepare_timer,	   "timer-halted-set", 1},
	{"first-touch",	once_first_touch,	  prepare_none,	NULL,		      1},
	{"ipi-halted",     once_ping,		  prepare_ping,	NULL,		      2},
};

static void
add(struct figure *figure, u64 ticks)
{
	figure->min = MIN(figure->min, ticks);
	figure->sum += ticks;
}

static void
show(const struct figure *figure, u64 rounds)
{
	print("bench %s rounds %lu min %lu sum %lu\n", figure->name, rounds, figure->min,
	      figure->sum);
}

static void
hold(void)
{
	print("bench holds\n");
	while ((in8(UART_LINE_STATUS) & RECEIVED) == 0)
		cpu_relax();
	in8(UART_DATA);
}

static void
measure(const struct operation *operation, u64 rounds)
{
	struct figure figures[2] = {
		{operation->name,	  ~0ul, 0},
		    {operation->second, ~0ul, 0}
	};
	u64 ticks[2];

	operation->prepare();
	if (option("hold", 0) != 0)
		hold();
	for (unsigned n = 0; n < WARM_UP; n++)
		operation->once(ticks);
	for (u64 n = 0; n < rounds; n++) {
		round_begin();
		operation->once(ticks);
		round_end();
		add(&figures[0], ticks[0]);
		add(&figures[1], ticks[1]);
	}
	show(&figures[0], rounds);
	if (operation->second != NULL)
		show(&figures[1], rounds);
}

/* Whether the command line asks for this one, or for none in particular. */
static bool
wanted(const struct operation *operation)
{
	const char *only = option_text("only");
	size_t len = strlen(operation->name);

	if (option("vcpus", 1) < operation->vcpus)
		return false;
	if (only == NULL)
		return true;
	return strncmp(only, operation->name, len) == 0 && (only[len] == 0 || only[len] == ' ');
}

GUEST("bench")
{
	u64 rounds = option("rounds", ROUNDS);

	apic_enable();
	trap_on(SELF, take);
	trap_on(TIMER, take);
	for (unsigned n = 0; n < ARRAY_SIZE(operations); n++) {
		if (wanted(&operations[n]))
			measure(&operations[n], rounds);
	}
}
