/* SPDX-License-Identifier: MIT */
// SOURCES: dev/ioapic.c dev/isa_irq.c dev/pic.c dev/i8259.c dev/pci.c dev/pci_device.c dev/bus.c
// SOURCES: dev/lapic.c dev/lapic_access.c dev/lapic_error.c dev/lapic_ipi.c dev/lapic_lvt.c
// SOURCES: dev/lapic_regs.c dev/lapic_timer.c lib/log.c lib/error.c lib/lock.c lib/format.c
/*
 * What a guest can do to its interrupt controllers and its PCI host bridge, on four vCPUs: accesses
 * of any size and value, MSRs, interrupts taken, and devices that raise lines meanwhile. Whatever
 * it does, priorities hold, no lock stays taken, and time costs a bounded number of expiries.
 *
 * Six bytes are one step: what, who or where, and a value.
 */
#include <stdlib.h>

#include "dev/ioapic.h"
#include "dev/isa_irq.h"
#include "dev/lapic_model.h"
#include "dev/pci.h"
#include "dev/pic.h"
#include "include/intrin.h"
#include "tests/unit/fake/lapics.h"

enum { CPUS = 4, STEP = 6, STEPS_MAX = 2000 };

static struct bus bus;
static struct ioapic ioapic;
static struct pic pic;
static struct isa_irqs irqs;
static struct pci_host pci;

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static void
start(void)
{
	fake_lapics(CPUS);
	bus_init(&bus);
	ioapic_setup(&ioapic, &fake_bus, IOAPIC_PC_ACTIVE_LOW);
	isa_irqs_setup(&irqs, &pic, &ioapic, &fake_cpus[0].lapic);
	pic_setup(&pic, &irqs.intr);
	pci_host_setup(&pci, NULL);
	check(ioapic_attach(&ioapic, &bus) == 0);
	check(pic_attach(&pic, &bus) == 0);
	check(pci_host_attach(&pci, &bus) == 0);
}

/* What must hold between any two steps. */
static void
check_lapic(struct lapic *l)
{
	int pending = lapic_pending(l), vector = 255;
	u32 class;

	while (vector >= 0 && (l->isr[vector / 64] & BIT(vector % 64)) == 0)
		vector--;
	class = MAX(vector < 0 ? 0 : (u32)vector & 0xf0, l->tpr & 0xf0);
	check((l->ppr & 0xf0) == class);
	check((l->irr[0] & 0xffff) == 0 && (l->isr[0] & 0xffff) == 0);
	check(pending == LAPIC_NOTHING || pending == LAPIC_LATER || pending == LAPIC_EXTINT ||
	      ((u32)pending & 0xf0) > class);
	check(l->timer.lock.holder == 0);
	check(l->timer.running || !l->timer.vtimer.set);
}

static void
check_all(void)
{
	check(ioapic.lock.holder == 0 && pic.lock.holder == 0);
	check(irqs_enabled());
	for (unsigned n = 0; n < CPUS; n++)
		check_lapic(&fake_cpus[n].lapic);
}

static void
interrupt(struct lapic *l)
{
	int vector = lapic_take(l);

	check(vector >= 0 && vector <= LAPIC_EXTINT);
	if (vector == LAPIC_EXTINT) {
		u8 promised = pic_vector(&pic);

		check(pic_acknowledge(&pic) == promised);
	}
}

static void
pass_time(u64 ns)
{
	u64 before = fake_clock.runs;

	fake_advance(&fake_clock, ns);
	/* Not above the floor of the period, and one more for each timer. */
	check(fake_clock.runs - before <= CPUS * (ns / 50000 + 2));
}

static void
lapic_access(struct lapic *l, u8 where, u8 size_code, u32 value)
{
	struct io io = {
		.offset = (u64)where * 16 + (size_code >> 4),
		.size = (u8)(1 << (size_code & 3)),
		.write = (size_code & 4) != 0,
		.value = value,
	};

	if (io.offset + io.size <= PAGE_SIZE)
		lapic_mmio(l, &io);
}

/* Every MSR that may be the APIC's; values with bits above 31 too. */
static void
msr_access(struct lapic *l, u8 where, u8 how, u32 value)
{
	static const u32 others[] = {0x1b, 0x6e0, 0x7ff, 0x900};
	u32 msr = (how & 2) != 0 ? others[where % 4] : 0x800u + where;
	u64 wide = (how & 4) != 0 ? (u64)value << 32 | value : value;

	if ((how & 8) != 0)
		wide += fake_guest_tsc(&fake_cpus[0].lapic);
	if ((how & 16) != 0)
		wide = 0xfee00000 | (value & 0xf00);
	(void)!lapic_msr(l, msr, (how & 1) != 0, &wide);
}

static void
bus_step(u8 what, u8 where, u8 size_code, u32 value)
{
	static const u16 ports[] = {0x20, 0xa0, 0x4d0, 0xcf8, 0xcfc};
	u8 size = (u8)(1 << (size_code & 3));
	bool write = (size_code & 4) != 0;
	u64 wide = value;

	if (what == 0)
		bus_access(&bus, SPACE_IO, (u64)ports[where % 5] + (size_code >> 4 & 3),
			   MIN(size, 4), write, &wide);
	else if (what == 1)
		bus_access(&bus, SPACE_MMIO, IOAPIC_BASE + (where & 0x7f), size, write, &wide);
	else
		bus_access(&bus, SPACE_MMIO, PCI_ECAM_BASE + (value & (PCI_ECAM_LEN - 1)), size,
			   write, &wide);
}

/* Selector and window in one step, so that entries are reached often. */
static void
ioapic_write(u8 reg, u32 value)
{
	u64 select = reg, wide = value;

	bus_access(&bus, SPACE_MMIO, IOAPIC_BASE, 4, true, &select);
	bus_access(&bus, SPACE_MMIO, IOAPIC_BASE + 0x10, 4, true, &wide);
}

static void
line_step(u8 where, bool level)
{
	if (where < 16)
		irq_set(where == 2 ? NULL : isa_irq_line(&irqs, where), level);
	else
		irq_set(ioapic_line(&ioapic, where % IOAPIC_INPUTS), level);
}

static void
step(const u8 *p)
{
	u32 value = p[2] | (u32)p[3] << 8 | (u32)p[4] << 16 | (u32)p[5] << 24;
	struct lapic *l = &fake_cpus[p[0] >> 4 & 3].lapic;

	switch (p[0] & 0xf) {
	case 0:
	case 1:
	case 2: bus_step(p[0] & 3, p[1], p[5], value); break;
	case 3: ioapic_write(p[1], value); break;
	case 4: lapic_access(l, p[1], (u8)(p[0] >> 4 | 6), value); break;
	case 5: lapic_access(l, p[1], p[5], value); break;
	case 6: msr_access(l, p[1], p[2], value); break;
	case 7: line_step(p[1], (p[2] & 1) != 0); break;
	case 8: interrupt(l); break;
	case 9: lapic_access(l, APIC_REG_EOI, 6, 0); break;
	case 10: pass_time(value & 0xffffff); break;
	case 11: lapic_set_cr8(l, p[1] & 0xf); break;
	case 12: lapic_lint(l, p[1] & 1, (p[2] & 1) != 0); break;
	case 13: lapic_init_reset(l); break;
	case 14: fake_late(&fake_clock, value); break;
	default: bus_reset(&bus); break;
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int
LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	start();
	for (size_t i = 0; i < MIN(size / STEP, (size_t)STEPS_MAX); i++) {
		step(&data[i * STEP]);
		check_all();
	}
	return 0;
}
