/* SPDX-License-Identifier: MIT */
/* The other CPUs: each gets its memory, is started, and joins the scheduler. */
#include "arch/x86_64/cpu.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/lapic.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/smp.h"
#include "arch/x86_64/tsc.h"
#include "boot/boot.h"
#include "drivers/acpi_madt.h"
#include "include/panic.h"
#include "lib/string.h"
#include "lib/trace.h"
#include "mm/direct.h"
#include "mm/frame.h"
#include "mm/heap.h"
#include "mm/kmap.h"
#include "sched/thread.h"

enum { STACK_PAGES = 4, IST_PAGES = IST_STACK_SIZE / 4096, TRACE_SLOTS = 1024 };

/* What ap.asm reads, at the end of its page. */
struct ap_start {
	u64 cr3;
	u64 efer;
	u64 stack_top;
	u64 cpu;
	u64 entry;
};

enum { AP_START_OFFSET = 4096 - sizeof(struct ap_start) };

_Static_assert(sizeof(struct ap_start) == 40, "boot/ap.asm");

extern const char ap_code[], ap_code_end[];

static void
attach_trace(u32 cpu)
{
	struct trace_ring *ring = heap_alloc(sizeof(*ring));
	struct trace_slot *slots = heap_alloc(TRACE_SLOTS * sizeof(*slots));

	if (ring == NULL || slots == NULL)
		log_warn("CPU %u: no memory for its trace", cpu);
	else
		trace_attach(cpu, ring, slots, TRACE_SLOTS);
}

/* A further CPU's first C, on its own stack. */
static void
ap_main(struct cpu *cpu)
{
	cpu_load_tables(cpu);
	cpu_protect();
	lapic_init_cpu();
	if (timers_init_cpu() != 0 || sched_init_cpu() != 0)
		panic("no memory for the scheduler of CPU %u", cpu->index);
	__atomic_store_n(&cpu->online, true, __ATOMIC_RELEASE);
	tlb_flush_here(); /* until then nobody asked this CPU to flush */
	tsc_compare_new_side(cpu->index);
	irq_restore(RFLAGS_IF);
	sched_run();
}

static int
allocate_stacks(struct cpu *cpu, u64 *stack_top)
{
	void *top, *exceptions[IST_COUNT];
	int err = kmap_stack(STACK_PAGES, &top);

	*stack_top = (u64)(uintptr_t)top;
	for (unsigned i = IST_NMI; i < IST_COUNT && err == 0; i++)
		err = kmap_stack(IST_PAGES, &exceptions[i]);
	if (err == 0)
		cpu_set_stacks(cpu, exceptions);
	return err;
}

static int
start_cpu(const struct madt_cpu *entry, hpa_t page)
{
	struct ap_start *start = (void *)((u8 *)hpa_to_ptr(page) + AP_START_OFFSET);
	struct cpu *cpu = heap_alloc(sizeof(*cpu));
	int err;

	if (cpu == NULL)
		return fail(-ERR_NOMEM);
	err = allocate_stacks(cpu, &start->stack_top);
	if (err != 0)
		return err;
	cpu->nmi_pin = entry->nmi;
	cpu_add(cpu, entry->apic_id);
	attach_trace(cpu->index);
	ASSERT(paging_root().v < 4 * GiB); /* ap.asm loads CR3 before long mode */
	start->cr3 = paging_root().v;
	start->efer = EFER_LME | (cpu_features()->nx ? EFER_NXE : 0);
	start->cpu = (u64)(uintptr_t)cpu;
	start->entry = (u64)(uintptr_t)ap_main;
	err = smp_start_cpu(cpu, page);
	if (err == 0)
		tsc_compare_boot_side(cpu->index);
	return err;
}

static void
start_all(const struct acpi_madt_info *madt, hpa_t page)
{
	for (unsigned i = 0; i < madt->cpu_count; i++) {
		const struct madt_cpu *entry = &madt->cpus[i];
		int err;

		if (entry->apic_id == boot_cpu.apic_id)
			continue;
		if (entry->apic_id > 0xff && !lapic_is_x2apic())
			err = -ERR_RANGE;
		else
			err = start_cpu(entry, page);
		if (err != 0)
			log_warn("CPU with APIC id %u did not start: %s", entry->apic_id,
				 error_text(err));
	}
}

static u32
online_count(void)
{
	u32 n = 0;

	for (u32 i = 0; i < cpu_count(); i++)
		n += cpu_get(i)->online;
	return n;
}

void
cpus_start(void)
{
	const struct acpi_madt_info *madt = acpi_madt();
	hpa_t page;

	attach_trace(0);
	if (madt == NULL || madt->cpu_count < 2)
		return;
	if (madt->cpus_left_out > 0)
		log_warn("%u CPUs are left out: Ashlar manages %u", madt->cpus_left_out, MAX_CPUS);
	if (frame_alloc_range(1, PAGE_SIZE, MiB, &page) != 0 ||
	    kmap_identity_low(page, true) != 0) {
		log_warn("no free page below 1 MiB to start the other CPUs from: one CPU");
		return;
	}
	memcpy(hpa_to_ptr(page), ap_code, (size_t)(ap_code_end - ap_code));
	start_all(madt, page);
	if (kmap_identity_low(page, false) != 0)
		panic("the start-up page stays mapped");
	frame_free(page, 1);
	log_info("%u CPUs are up", online_count());
}
