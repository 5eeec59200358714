/* SPDX-License-Identifier: MIT */
/* The local APIC: access in both modes, set-up, EOI and IPIs. */
#include "arch/x86_64/lapic.h"

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/idt.h"
#include "arch/x86_64/interrupt.h"
#include "arch/x86_64/io.h"
#include "arch/x86_64/lapic_regs.h"
#include "arch/x86_64/msr.h"
#include "arch/x86_64/time.h"
#include "include/panic.h"
#include "lib/log.h"

enum { ICR_DEADLINE_US = 100000 };

static volatile u8 *mmio;
static bool x2apic;

u32
lapic_read(u32 reg)
{
	if (x2apic)
		return (u32)rdmsr(MSR_X2APIC_BASE + (reg >> 4));
	return mmio_read32(mmio + reg);
}

void
lapic_write(u32 reg, u32 value)
{
	if (x2apic)
		wrmsr(MSR_X2APIC_BASE + (reg >> 4), value);
	else
		mmio_write32(mmio + reg, value);
}

hpa_t
lapic_base(void)
{
	return HPA(rdmsr(MSR_IA32_APIC_BASE) & APIC_BASE_ADDR);
}

bool
lapic_in_x2apic_mode(void)
{
	return (rdmsr(MSR_IA32_APIC_BASE) & APIC_BASE_EXTD) != 0;
}

bool
lapic_is_x2apic(void)
{
	return x2apic;
}

u32
lapic_id(void)
{
	u32 id = lapic_read(LAPIC_ID);

	return x2apic ? id : id >> 24;
}

void
lapic_eoi(void)
{
	lapic_write(LAPIC_EOI, 0);
}

void
lapic_look_again(void)
{
	lapic_write(LAPIC_TPR, 0);
}

/* Disabled to xAPIC to x2APIC: each step is allowed, a jump is not (SDM vol. 3, 11.12.5). */
static void
enable_mode(void)
{
	u64 base = rdmsr(MSR_IA32_APIC_BASE);

	if ((base & APIC_BASE_EN) == 0)
		wrmsr(MSR_IA32_APIC_BASE, base |= APIC_BASE_EN);
	if (x2apic && (base & APIC_BASE_EXTD) == 0)
		wrmsr(MSR_IA32_APIC_BASE, base | APIC_BASE_EXTD);
}

/* The error status is latched by a write, then read (SDM vol. 3, 11.5.3). */
static void
error_interrupt(void *arg __unused)
{
	lapic_write(LAPIC_ESR, 0);
	log_warn("local APIC of CPU %u: error status %#x", cpu_index(), lapic_read(LAPIC_ESR));
}

static void
spurious_interrupt(void *arg __unused)
{
}

/* What is delivered as an SMI is firmware's, which may cool the machine by it. */
static void
mask_unless_smi(u32 reg)
{
	if ((lapic_read(reg) & LVT_DELIVERY) != LVT_DELIVERY_SMI)
		lapic_write(reg, LVT_MASKED);
}

/*
 * One of the pins carries NMIs; the other, or both, the old PICs, which are masked. An entry is
 * written masked when its APIC has that entry at all (SDM vol. 3, 11.4.8).
 */
static void
set_local_vectors(void)
{
	u32 last = (u32)FIELD_GET(VERSION_MAX_LVT, lapic_read(LAPIC_VERSION));
	u8 nmi_pin = this_cpu()->nmi_pin;

	lapic_write(LAPIC_LVT_LINT0, nmi_pin == 0 ? LVT_DELIVERY_NMI : LVT_MASKED);
	lapic_write(LAPIC_LVT_LINT1, nmi_pin == 1 ? LVT_DELIVERY_NMI : LVT_MASKED);
	lapic_write(LAPIC_LVT_TIMER, LVT_MASKED | VECTOR_TIMER);
	lapic_write(LAPIC_LVT_ERROR, VECTOR_APIC_ERROR);
	if (last >= 4)
		mask_unless_smi(LAPIC_LVT_PERF);
	if (last >= 5)
		mask_unless_smi(LAPIC_LVT_THERMAL);
}

void
lapic_init_cpu(void)
{
	enable_mode();
	lapic_write(LAPIC_TPR, 0);
	lapic_write(LAPIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	set_local_vectors();
	lapic_write(LAPIC_ESR, 0);
	lapic_eoi();
}

void
lapic_init(volatile void *regs, bool want_x2apic)
{
	mmio = regs;
	x2apic = want_x2apic || lapic_in_x2apic_mode();
	lapic_init_cpu();
	boot_cpu.apic_id = lapic_id();
	interrupt_set(VECTOR_APIC_ERROR, error_interrupt, NULL, "APIC error", "local APIC");
	interrupt_set(VECTOR_SPURIOUS, spurious_interrupt, NULL, "spurious", "local APIC");
}

/*
 * A WRMSR to the ICR is no serializing instruction: earlier stores must be seen by the CPU that
 * gets the IPI, hence the fences (SDM vol. 3, 11.12.3).
 */
static bool
try_send(u32 apic_id, u32 icr)
{
	u64 flags = irq_save();
	bool sent = true;

	if (x2apic) {
		__asm__ volatile("mfence; lfence" : : : "memory");
		wrmsr(MSR_X2APIC_BASE + (LAPIC_ICR_LOW >> 4), (u64)apic_id << 32 | icr);
	} else {
		mmio_write32(mmio + LAPIC_ICR_HIGH, apic_id << 24);
		mmio_write32(mmio + LAPIC_ICR_LOW, icr);
		sent = wait_until(ICR_DEADLINE_US,
				  (mmio_read32(mmio + LAPIC_ICR_LOW) & ICR_PENDING) == 0);
	}
	irq_restore(flags);
	return sent;
}

static void
send(u32 apic_id, u32 icr)
{
	if (!try_send(apic_id, icr))
		panic("the local APIC does not deliver an IPI (ICR %#x to APIC id %u)", icr,
		      apic_id);
}

void
lapic_send_ipi(u32 apic_id, u8 vector)
{
	send(apic_id, ICR_ASSERT | ICR_FIXED | vector);
}

void
lapic_send_init(u32 apic_id)
{
	send(apic_id, ICR_ASSERT | ICR_INIT);
}

void
lapic_send_startup(u32 apic_id, u8 page)
{
	send(apic_id, ICR_ASSERT | ICR_STARTUP | page);
}

/*
 * For a panic, also before there is an APIC: then there are no others. A failure is no second
 * panic, since the first one has told nothing yet; it shows there as a CPU that did not stop.
 */
void
lapic_nmi_others(void)
{
	if (x2apic || mmio != NULL)
		(void)try_send(0, ICR_ASSERT | ICR_NMI | ICR_ALL_BUT_SELF);
}
