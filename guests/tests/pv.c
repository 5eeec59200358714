/* SPDX-License-Identifier: MIT */
/*
 * KVM's paravirtual features, as Linux' documentation of them says (Documentation/virt/kvm/x86),
 * used by hand: the clock, EOI by memory, hypercalls, steal time. Two CPUs. Whoever offers none
 * passes.
 */
#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/smp.h"
#include "guests/lib/time.h"
#include "guests/lib/user.h"

enum { KVM_LEAF = 0x40000100, KVM_FEATURES };
enum { FEATURE_CLOCK = 1 << 3, FEATURE_EOI = 1 << 6, FEATURE_UNHALT = 1 << 7 };
enum {
	MSR_WALL = 0x4b564d00,
	MSR_CLOCK = 0x4b564d01,
	MSR_STEAL = 0x4b564d03,
	MSR_EOI = 0x4b564d04
};
enum { ENABLED = 1, OFFERED = 1, KICK = 5, UNKNOWN = 99, OTHER = 1, WAIT_US = 3000000 };
enum { NS_PER_SECOND = 1000000000, YEAR_2020 = 1577836800 };
enum { PREEMPTED = 1, FLUSH = 2 }; /* steal.preempted */
enum { LOW = 0x41, HIGH = 0x81 };

#define RAM_END	 0x1000000ul /* guests.txt gives it 16 MiB */
#define ICR_SELF 0x40000u

struct clock_page {
	u32 version, pad0;
	u64 tsc_timestamp, system_time;
	u32 tsc_to_system_mul;
	s8 tsc_shift;
	u8 flags, pad[2];
};

static volatile struct clock_page clocks[2] __attribute__((aligned(64)));
static volatile struct {
	u32 version, sec, nsec;
} wall __attribute__((aligned(64)));
static volatile u32 eoi __attribute__((aligned(64)));

static volatile struct {
	u64 steal;
	u32 version, flags;
	u8 preempted, pad[47];
} steal __attribute__((aligned(64)));

static u32 features;

static int
try_write(u32 msr, u64 value)
{
	return TRY("wrmsr", OUT(), "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)));
}

static u64
address(const volatile void *at)
{
	return (u64)(uintptr_t)at;
}

/* Areas that are not RAM, the last bytes or the first, and bits that are reserved: nothing changes.
 */
static void
check_refused(u32 msr, u64 size, u64 flags)
{
	const u64 bad[] = {2,	    RAM_END,	RAM_END - size + 4, 0xa0000 - size + 4,
			   0xa0000, 0xfee00000, 1ul << 52,	    ~0xful};

	wrmsr(msr, (RAM_END - size) | flags);
	for (u32 n = 0; n < ARRAY_SIZE(bad); n++) {
		CHECK_EQ(try_write(msr, bad[n] | flags), GP);
		CHECK_EQ(rdmsr(msr), (RAM_END - size) | flags);
	}
	wrmsr(msr, 0);
}

static u64
clock_now(const volatile struct clock_page *page)
{
	u64 ns;
	u32 version;

	do {
		u64 ticks;

		version = page->version;
		ticks = rdtsc() - page->tsc_timestamp;
		ticks = page->tsc_shift < 0 ? ticks >> -page->tsc_shift : ticks << page->tsc_shift;
		ns = (u64)((unsigned __int128)ticks * page->tsc_to_system_mul >> 32);
		ns += page->system_time;
	} while (version % 2 != 0 || version != page->version);
	return ns;
}

/* It goes by the same seconds as the 8254, also when the TSC is set. */
static void
check_clock(void)
{
	const volatile struct clock_page *page = &clocks[0];
	u64 begin, end, tsc, ns, ticks;

	wrmsr(MSR_CLOCK, address(page) | ENABLED);
	CHECK_EQ(rdmsr(MSR_CLOCK), address(page) | ENABLED);
	CHECK_EQ(page->version % 2, 0);
	CHECK(page->version != 0);
	tsc = rdtsc();
	begin = clock_now(page);
	delay_us(100000);
	end = clock_now(page);
	ticks = rdtsc() - tsc;
	ns = end - begin;
	CHECK(ns >= 99000000);
	CHECK(ns < ticks * 1000 / (tsc_hz() / 1000000) / 100 * 102);

	wrmsr(MSR_IA32_TSC_ADJUST, rdmsr(MSR_IA32_TSC_ADJUST) + 1000 * tsc_hz());
	begin = end;
	end = clock_now(page);
	CHECK(end >= begin && end - begin < 10ul * NS_PER_SECOND);
	wrmsr(MSR_IA32_TSC_ADJUST, 0);
}

static void
check_wall(void)
{
	wrmsr(MSR_WALL, address(&wall));
	CHECK_EQ(wall.version, 2);
	CHECK(wall.sec > YEAR_2020);
	CHECK(wall.nsec < NS_PER_SECOND);
}

/* It writes no more when it is off. */
static void
check_clock_off(void)
{
	wrmsr(MSR_CLOCK, 0);
	memset((void *)clocks, 0, sizeof(clocks));
	wrmsr(MSR_IA32_TSC_ADJUST, 5000);
	delay_us(1200000); /* longer than any refresh is apart */
	CHECK_EQ(clocks[0].version | clocks[0].system_time, 0);
	wrmsr(MSR_IA32_TSC_ADJUST, 0);
}

/* Interrupts. */
static volatile u32 low_taken, high_taken, offers, by_register;

static void
take(struct trap *trap)
{
	volatile u32 *taken = trap->vector == LOW ? &low_taken : &high_taken;

	++*taken;
	CHECK(apic_bit(APIC_ISR, (u8)trap->vector));
}

/* Ends it by memory if it may, as Linux does. */
static void
take_and_end(struct trap *trap)
{
	++*(trap->vector == LOW ? &low_taken : &high_taken);
	if (__atomic_fetch_and(&eoi, ~(u32)OFFERED, __ATOMIC_SEQ_CST) & OFFERED) {
		offers++;
	} else {
		by_register++;
		apic_eoi();
	}
}

static void
let_in(void)
{
	__asm__ volatile("sti; nop; nop; cli" : : : "memory");
}

static void
interrupt_self(u8 vector)
{
	apic_send(0, ICR_SELF | ICR_ASSERT | vector);
}

/* Each is ended: the next one of the same vector comes. */
static void
check_eoi_by_memory(void)
{
	for (u32 n = 1; n <= 100; n++) {
		interrupt_self(LOW);
		let_in();
		CHECK_EQ(low_taken, n);
		CHECK_EQ(eoi, 0);
	}
	CHECK_EQ(offers, 100);
	CHECK(!apic_bit(APIC_ISR, LOW));
}

/* The first of two is not to be ended in silence, as the second waits for that. */
static void
check_two(void)
{
	offers = by_register = low_taken = 0;
	interrupt_self(HIGH);
	interrupt_self(LOW);
	let_in();
	let_in();
	CHECK_EQ(high_taken, 1);
	CHECK_EQ(low_taken, 1);
	CHECK_EQ(by_register, 1);
	CHECK_EQ(offers, 1);
}

/* A look at the APIC takes the offer back; what is ended by the register is ended, too. */
static void
check_taken_back(void)
{
	low_taken = 0;
	trap_on(LOW, take);
	interrupt_self(LOW);
	let_in();
	CHECK_EQ(low_taken, 1);
	CHECK_EQ(eoi, 0);
	CHECK(apic_bit(APIC_ISR, LOW));
	interrupt_self(LOW);
	let_in();
	CHECK_EQ(low_taken, 1);
	apic_eoi();
	let_in();
	CHECK_EQ(low_taken, 2);
	apic_eoi();
}

static void
check_eoi(void)
{
	trap_on(LOW, take_and_end);
	trap_on(HIGH, take_and_end);
	wrmsr(MSR_EOI, address(&eoi) | ENABLED);
	check_eoi_by_memory();
	check_two();
	check_taken_back();
	wrmsr(MSR_EOI, 0);
	offers = by_register = 0;
	trap_on(LOW, take_and_end);
	interrupt_self(LOW);
	let_in();
	CHECK_EQ(offers, 0);
	CHECK_EQ(by_register, 1);
}

/* Hypercalls: by the instruction that this CPU has; the other one is undefined. */
static s64 answer;

static void
call(u64 number, u64 apic)
{
	u64 a = number;

	if (TRY("vmcall", OUT("+a"(a)), "c"(apic)) == UD) {
		a = number;
		CHECK_EQ(TRY("vmmcall", OUT("+a"(a)), "c"(apic)), NO_TRAP);
	}
	answer = (s64)a;
}

static void
kick_as_user(void)
{
	call(KICK, OTHER);
}

static volatile u32 woken, halts;

/* With interrupts off: only a kick ends the HLT, and the one that came before it. */
static void
sleep(u32 index)
{
	CHECK_EQ(index, OTHER);
	wrmsr(MSR_STEAL, address(&steal) | ENABLED);
	for (;;) {
		halts++;
		__asm__ volatile("cli; hlt" : : : "memory");
		woken++;
	}
}

static void
check_kicks(void)
{
	CHECK(smp_start(OTHER, OTHER, sleep));
	CHECK(wait_for(&halts, 1, WAIT_US));
	delay_us(10000);
	CHECK_EQ(woken, 0);
	as_user(kick_as_user);
	CHECK_EQ(answer, -1);
	delay_us(10000);
	CHECK_EQ(woken, 0);
	for (u32 n = 1; n <= 50; n++) {
		call(KICK, OTHER);
		CHECK_EQ(answer, 0);
		CHECK(wait_for(&woken, n, WAIT_US));
	}
	call(KICK, 0); /* itself: its next HLT ends at once */
	__asm__ volatile("cli; hlt" : : : "memory");
	call(KICK, 77); /* nobody */
	CHECK_EQ(answer, 0);
	call(UNKNOWN, 0);
	CHECK_EQ(answer, -1000);
}

/* Whoever sleeps does not run, so word may be left for it, which it takes when it wakes. */
static void
check_steal(void)
{
	u64 begin = steal.steal;

	for (u32 n = 0; n < 20; n++) {
		u64 end = deadline_us(WAIT_US);
		u8 seen = PREEMPTED;
		u32 before = woken;

		while (steal.preempted != PREEMPTED)
			CHECK((s64)(end - rdtsc()) > 0);
		CHECK(__atomic_compare_exchange_n(&steal.preempted, &seen, PREEMPTED | FLUSH, false,
						  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
		call(KICK, OTHER);
		CHECK(wait_for(&woken, before + 1, WAIT_US));
		CHECK((steal.preempted & FLUSH) == 0);
		CHECK_EQ(steal.version % 2, 0);
	}
	CHECK(steal.version > 20);
	CHECK(steal.steal >= begin && steal.steal < 60ul * NS_PER_SECOND);
}

GUEST("pv")
{
	struct cpuid_regs kvm = cpuid(KVM_LEAF, 0);

	if (!under_ashlar())
		return;
	CHECK_EQ(kvm.eax, KVM_FEATURES);
	CHECK_EQ(kvm.ebx, 0x4b4d564b); /* "KVMK", "VMKV", "M" */
	CHECK_EQ(kvm.ecx, 0x564b4d56);
	CHECK_EQ(kvm.edx, 0x4d);
	features = cpuid(KVM_FEATURES, 0).eax;
	CHECK((features & FEATURE_CLOCK) != 0);
	CHECK((features & FEATURE_UNHALT) != 0);
	apic_enable();
	check_refused(MSR_WALL, 12, 0);
	check_refused(MSR_CLOCK, sizeof(struct clock_page), ENABLED);
	check_refused(MSR_STEAL, sizeof(steal), ENABLED);
	check_refused(MSR_EOI, 4, ENABLED);
	check_clock();
	check_wall();
	check_clock_off();
	if ((features & FEATURE_EOI) != 0)
		check_eoi();
	check_kicks();
	check_steal();
}
