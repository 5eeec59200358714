/* SPDX-License-Identifier: MIT */
/* The CPUs: their structs, descriptor tables and control registers. */
#include "arch/x86_64/cpu.h"

#include "arch/x86_64/cr.h"
#include "arch/x86_64/features.h"
#include "arch/x86_64/idt.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/paging.h"
#include "arch/x86_64/xsave.h"
#include "include/panic.h"

struct cpu boot_cpu = {.self = &boot_cpu, .online = true, .nmi_pin = 1};

static struct cpu *cpus[MAX_CPUS] = {&boot_cpu};
static u32 count = 1;

u32
cpu_count(void)
{
	return READ_ONCE(count);
}

struct cpu *
cpu_get(u32 index)
{
	ASSERT(index < count);
	return cpus[index];
}

void
cpu_add(struct cpu *cpu, u32 apic_id)
{
	ASSERT(count < MAX_CPUS);
	cpu->self = cpu;
	cpu->index = count;
	cpu->apic_id = apic_id;
	cpus[count] = cpu;
	WRITE_ONCE(count, count + 1);
}

/* Segment descriptors, SDM vol. 3, 3.4.5: present, and what 64-bit mode looks at. */
#define DESCRIPTOR_CODE64   0x00af9b000000fffful
#define DESCRIPTOR_DATA	    0x00cf93000000fffful
#define DESCRIPTOR_TSS_TYPE (0x89ul << 40) /* present, available 64-bit TSS */

static void
set_tss_descriptor(u64 *low, const struct tss *tss)
{
	u64 base = (u64)(uintptr_t)tss;

	low[0] = (sizeof(*tss) - 1) | FIELD_PREP(BITS(39, 16), base) | DESCRIPTOR_TSS_TYPE |
		 FIELD_PREP(BITS(63, 56), base >> 24);
	low[1] = base >> 32;
}

struct table_pointer {
	u16 limit;
	u64 base;
} __packed;

static void
load_gdt(const struct cpu *cpu)
{
	struct table_pointer p = {sizeof(cpu->gdt) - 1, (u64)(uintptr_t)cpu->gdt};

	__asm__ volatile("lgdt %0\n\t"
			 "pushq %1\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "ltr %w2"
			 :
			 : "m"(p), "i"(SELECTOR_CODE), "r"(SELECTOR_TSS)
			 : "rax", "memory");
}

void
cpu_set_stacks(struct cpu *cpu, void *const stacks[IST_COUNT])
{
	for (unsigned i = IST_NMI; i < IST_COUNT; i++)
		cpu->tss.ist[i - 1] = (u64)(uintptr_t)stacks[i];
}

void
cpu_load_tables(struct cpu *cpu)
{
	cpu->gdt[1] = DESCRIPTOR_CODE64;
	cpu->gdt[2] = DESCRIPTOR_DATA;
	set_tss_descriptor(&cpu->gdt[3], &cpu->tss);
	cpu->tss.io_map_base = sizeof(cpu->tss);
	load_gdt(cpu);
	idt_load();
}

void
cpu_protect(void)
{
	const struct cpu_features *f = cpu_features();
	u64 cr4 = CR4_PAE | CR4_PGE;

	if (f->mce) /* a VM's CPU has none */
		cr4 |= CR4_MCE;
	if (f->smep)
		cr4 |= CR4_SMEP;
	if (f->smap)
		cr4 |= CR4_SMAP;
	if (f->umip)
		cr4 |= CR4_UMIP;
	write_cr4(cr4);
	write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
	if (f->nx)
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
	xsave_init_cpu();
	paging_init_pat();
}

void
cpu_stop(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}
