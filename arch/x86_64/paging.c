/* SPDX-License-Identifier: MIT */
/* CR3, PAT and TLB flushes. */
#include "arch/x86_64/paging.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/cr.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/idt.h"
#include "arch/x86_64/interrupt.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/time.h"
#include "include/panic.h"

enum { FLUSH_PAGES_MAX = 32, FLUSH_DEADLINE_US = 10000000 /* as CALL_DEADLINE_US */ };

/* One byte an entry, from entry 0: WB WT UC- UC, WC WT UC- UC. */
#define PAT_VALUE 0x0007040100070406ul

static hpa_t root;

/* Toggling PGE drops global translations too (SDM vol. 3, 4.10.4.1). */
void
tlb_flush_here(void)
{
	u64 cr4 = read_cr4();

	write_cr4(cr4 & ~CR4_PGE);
	write_cr4(cr4);
}

void
paging_load(hpa_t new_root)
{
	root = new_root;
	write_cr3(new_root.v);
	tlb_flush_here();
}

hpa_t
paging_root(void)
{
	return root;
}

bool
paging_has_1g_pages(void)
{
	return cpu_features()->huge_pages;
}

bool
paging_has_nx(void)
{
	return cpu_features()->nx;
}

/* SDM vol. 3, 12.12.4: caches and TLBs are emptied around a change of the PAT. */
void
paging_init_pat(void)
{
	wbinvd();
	wrmsr(MSR_IA32_PAT, PAT_VALUE);
	wbinvd();
	tlb_flush_here();
}

static void
flush_range_here(u64 va, size_t len)
{
	if (len > FLUSH_PAGES_MAX * PAGE_SIZE) {
		tlb_flush_here();
		return;
	}
	for (size_t at = 0; at < len; at += PAGE_SIZE)
		invlpg((const void *)(va + at));
}

/* The request count is read first: what is asked for after that is flushed again. */
static void
flush_requested(void *arg __unused)
{
	struct cpu *cpu = this_cpu();
	u32 wanted = __atomic_load_n(&cpu->flush_wanted, __ATOMIC_ACQUIRE);

	tlb_flush_here();
	__atomic_store_n(&cpu->flush_done, wanted, __ATOMIC_RELEASE);
}

void
tlb_init(void)
{
	interrupt_set(VECTOR_FLUSH, flush_requested, NULL, "TLB flush", "IPI");
}

/* A CPU that was asked, and the number of the flush that answers. */
struct flush_ticket {
	const struct cpu *cpu;
	u32 number;
};

static u32
ask_others(struct flush_ticket tickets[MAX_CPUS])
{
	u32 asked = 0;

	for (u32 i = 0; i < cpu_count(); i++) {
		struct cpu *cpu = cpu_get(i);

		if (cpu == this_cpu() || !READ_ONCE(cpu->online))
			continue;
		tickets[asked].cpu = cpu;
		tickets[asked++].number =
			__atomic_add_fetch(&cpu->flush_wanted, 1, __ATOMIC_ACQ_REL);
		smp_send(cpu, VECTOR_FLUSH);
	}
	return asked;
}

static bool
has_flushed(const struct flush_ticket *t)
{
	return (s32)(__atomic_load_n(&t->cpu->flush_done, __ATOMIC_ACQUIRE) - t->number) >= 0;
}

void
tlb_flush_range(u64 va, size_t len)
{
	struct flush_ticket tickets[MAX_CPUS];
	u64 flags;
	u32 asked;

	ASSERT(cpu_count() == 1 || irqs_enabled());
	flags = irq_save(); /* "here" and "others" mean the same CPU */
	flush_range_here(va, len);
	asked = ask_others(tickets);
	irq_restore(flags);
	for (u32 i = 0; i < asked; i++) {
		if (!wait_until(FLUSH_DEADLINE_US, has_flushed(&tickets[i])))
			panic("CPU %u does not answer a TLB flush", tickets[i].cpu->index);
	}
}
