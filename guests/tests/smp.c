/* SPDX-License-Identifier: MIT */
/* INIT and SIPI (SDM vol. 3, 9.4 and table 10-1): what a CPU starts with, over and over again, and
 * what it does not listen to meanwhile. */
#include "guests/lib/smp.h"

#include "guests/lib/apic.h"
#include "guests/lib/guest.h"
#include "guests/lib/time.h"

enum {
	PAGE_A = 0x9000,
	PAGE_B = 0x5c000,
	STATE = 0x800,
	OTHER = 1,
	ROUNDS = 10,
	WAIT_US = 3000000
};
enum { PAT_LOW_RESET = 0x00070406, PAT_LOW_WRITTEN = 0x00070106, CR0_INIT = 0x10 };

struct start_state {
	u32 starts, eax, ebx, ecx, edx, esi, edi, ebp, esp;
	u16 cs, ds, ss, unused;
	u32 eflags, cr0, cr4, efer, apic_base, pat_low;
};

_Static_assert(offsetof(struct start_state, pat_low) == 64, "guests/tests/smp.asm");

extern const u8 start_begin[], start_end[];

static volatile u32 arrived;

static volatile struct start_state *
prepare(u64 page)
{
	memcpy((void *)page, start_begin, (size_t)(start_end - start_begin));
	memset((void *)(page + STATE), 0, sizeof(struct start_state));
	return (void *)(page + STATE);
}

static void
send_init(void)
{
	apic_send(OTHER, ICR_INIT | ICR_ASSERT | ICR_LEVEL);
	apic_send(OTHER, ICR_INIT | ICR_LEVEL); /* de-assert: ignored by all but old CPUs */
	delay_us(1000);
}

static void
send_startup(u64 page)
{
	apic_send(OTHER, ICR_STARTUP | ICR_ASSERT | (u32)(page >> 12));
	delay_us(1000);
}

static void
check_state(const volatile struct start_state *s, u64 page, u32 pat_low)
{
	CHECK_EQ(s->starts, 1);
	CHECK_EQ(s->eax | s->ebx | s->ecx | s->esi | s->edi | s->ebp | s->esp, 0);
	CHECK_EQ(s->edx & 0xf00, cpuid(CPUID_VERSION, 0).eax & 0xf00); /* the CPU's family */
	CHECK_EQ(s->cs, page >> 4);
	CHECK_EQ(s->ds | s->ss, 0);
	CHECK_EQ(s->eflags & ~0x8d5u, 2); /* status flags are XOR's and INC's own */
	CHECK_EQ(s->cr0 & ~(u32)(CR0_CD | CR0_NW), CR0_INIT);
	CHECK_EQ(s->cr4 | s->efer, 0);
	CHECK_EQ(s->apic_base & APIC_BASE_BSP, 0);
	CHECK(s->apic_base & APIC_BASE_EN);
	CHECK_EQ(s->pat_low, pat_low);
}

static void
start(u64 page, u32 pat_low)
{
	volatile struct start_state *s = prepare(page);

	send_init();
	CHECK_EQ(s->starts, 0);
	send_startup(page);
	CHECK(wait_for(&s->starts, 1, WAIT_US));
	check_state(s, page, pat_low);
}

/* A CPU that runs takes no SIPI, and one that waits for it no NMI. */
static void
check_deaf(void)
{
	volatile struct start_state *s = prepare(PAGE_A);

	send_startup(PAGE_A);
	send_startup(PAGE_A);
	CHECK_EQ(s->starts, 0);
	send_init();
	apic_send(OTHER, ICR_NMI | ICR_ASSERT);
	apic_send(OTHER, ICR_ASSERT | 0x61);
	delay_us(2000);
	CHECK_EQ(s->starts, 0);
	send_startup(PAGE_A);
	CHECK(wait_for(&s->starts, 1, WAIT_US));
	delay_us(2000);
	CHECK_EQ(s->starts, 1); /* the NMI has not come later, to a vector of real mode */
}

static void
arrive(u32 index)
{
	CHECK_EQ(apic_id(), OTHER);
	CHECK_EQ(index, OTHER);
	arrived++;
}

/* INIT leaves most MSRs alone (table 10-1): PAT is as the round before has written it. */
GUEST("smp")
{
	CHECK_EQ(option("vcpus", 0), 2);
	apic_enable();
	tsc_hz();
	start(PAGE_A, PAT_LOW_RESET);
	for (u32 n = 0; n < ROUNDS; n++)
		start(n % 2 ? PAGE_A : PAGE_B, PAT_LOW_WRITTEN);
	check_deaf();
	for (u32 n = 1; n <= 3; n++) {
		CHECK(smp_start(OTHER, OTHER, arrive));
		CHECK(wait_for(&arrived, n, WAIT_US));
	}
}
