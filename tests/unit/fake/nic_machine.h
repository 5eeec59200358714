/* SPDX-License-Identifier: MIT */
/*
 * The machine around a NIC's driver: memory, one PCI function, interrupts, a clock. The registers
 * are the test's. An interrupt arrives while something waits (wait_until) or in fake_deliver().
 * SOURCES: the driver, drivers/pci_function.c, arch/x86_64/irq_line.c.
 */
#pragma once

#include <string.h>

#include "arch/x86_64/cpu.h"
#include "arch/x86_64/interrupt.h"
#include "arch/x86_64/ioapic.h"
#include "arch/x86_64/time.h"
#include "drivers/pci.h"
#include "drivers/pci_regs.h"
#include "include/intrin.h"
#include "mm/frame.h"
#include "mm/kmap.h"
#include "tests/unit/fake/memory.h"

enum {
	FAKE_RAM = 0x100000,
	FAKE_RAM_SIZE = 0x200000,
	FAKE_INPUTS = 24,
	FAKE_MSI_CAP = 0x50,
	FAKE_POWER_CAP = 0x40,
	FAKE_EXPRESS_CAP = 0x60,
	FAKE_PORT = 0xc040, /* its I/O BAR */
	FAKE_VECTOR = 0x40 /* and on */,
	FAKE_STORM = 100000, /* a line that interrupts so often in one go has hung the CPU */
};

static u64 fake_now_ns;
static bool fake_memory_taken;
static unsigned fake_frees;

static struct pci_function fake_function;
static bool fake_function_gone;
static u32 fake_config[64];
static u8 fake_nic_regs[1]; /* its address alone matters */

struct fake_input {
	bool routed, active_low;
	u8 vector;
};

static struct fake_input fake_inputs[FAKE_INPUTS];

static struct {
	irq_handler handler;
	void *arg;
} fake_vectors[128];

static unsigned fake_vector_count;
static u32 fake_isa_gsi; /* what an ISA interrupt's route is */
static bool fake_foreign_gsi[FAKE_INPUTS];
static u64 fake_late_ns; /* so late a pin's interrupt arrives, whether it is still wanted or not */
static u64 fake_due_ns;	 /* 0: none is on its way */
static u8 fake_late_vector;
static bool fake_busy; /* in a handler */
static u64 fake_interrupts;

/* The test's: where the NIC's pin is, whether it is asserted; whether an MSI is to be sent. */
static int fake_pin(void); /* an input; -1: none */
static bool fake_pin_asserted(void);
static bool fake_take_message(void);

static void
fake_call(u8 vector)
{
	fake_interrupts++;
	fake_vectors[vector - FAKE_VECTOR].handler(fake_vectors[vector - FAKE_VECTOR].arg);
}

static bool
fake_msi_enabled(void)
{
	return (fake_config[FAKE_MSI_CAP / 4] >> 16 & MSI_CONTROL_ENABLE) != 0 &&
	       (fake_config[PCI_COMMAND / 4] & PCI_COMMAND_MASTER) != 0;
}

static void
fake_deliver_late(bool asserted, u8 vector)
{
	if (fake_due_ns != 0 && fake_now_ns >= fake_due_ns) {
		fake_due_ns = 0;
		fake_call(fake_late_vector);
	} else if (fake_due_ns == 0 && asserted) {
		fake_due_ns = fake_now_ns + fake_late_ns;
		fake_late_vector = vector;
	}
}

/* What a CPU with interrupts on would see now. */
static void
fake_deliver(void)
{
	int pin = fake_pin();
	u64 before = fake_interrupts;

	if (!irqs_enabled() || fake_busy)
		return;
	fake_busy = true;
	if (fake_late_ns != 0) {
		fake_deliver_late(pin >= 0 && fake_inputs[pin].routed && fake_pin_asserted(),
				  pin >= 0 ? fake_inputs[pin].vector : (u8)0);
		fake_busy = false;
		return;
	}
	while (fake_msi_enabled() && fake_take_message()) {
		assert_int_equal(fake_config[FAKE_MSI_CAP / 4 + 1] & 0xfff00fff, 0xfee00000);
		fake_call((u8)fake_config[FAKE_MSI_CAP / 4 + 3]);
		assert_true(fake_interrupts - before < FAKE_STORM);
	}
	while (pin >= 0 && fake_inputs[pin].routed && !fake_msi_enabled() &&
	       (fake_config[PCI_COMMAND / 4] & PCI_COMMAND_NO_INTX) == 0 && fake_pin_asserted()) {
		fake_call(fake_inputs[pin].vector);
		assert_true(fake_interrupts - before < FAKE_STORM);
	}
	fake_busy = false;
}

u64
clock_ns(void)
{
	return fake_now_ns;
}

struct wait
wait_begin(u64 us)
{
	return (struct wait){.begin = fake_now_ns, .ticks = us * NS_PER_US};
}

bool
wait_goes_on(const struct wait *wait)
{
	fake_deliver();
	fake_now_ns += NS_PER_US;
	return fake_now_ns - wait->begin <= wait->ticks;
}

void
wait_end(const struct wait *wait)
{
}

void
delay_us(u64 us)
{
	(void)wait_until(us, false);
}

int
frame_alloc_range(u64 pages, u64 align, u64 limit, hpa_t *out)
{
	if (fake_memory_taken || pages * PAGE_SIZE > FAKE_RAM_SIZE)
		return -ERR_NOMEM;
	fake_memory_map(FAKE_RAM, FAKE_RAM_SIZE);
	fake_memory_taken = true;
	*out = HPA(FAKE_RAM);
	return 0;
}

void
frame_free(hpa_t pa, u64 pages)
{
	assert_int_equal(pa.v, FAKE_RAM);
	assert_true(fake_memory_taken);
	/* A device that still may write there would write into somebody else's memory. */
	assert_int_equal(fake_config[PCI_COMMAND / 4] & PCI_COMMAND_MASTER, 0);
	fake_memory_unmap(FAKE_RAM, FAKE_RAM_SIZE);
	fake_memory_taken = false;
	fake_frees++;
}

int
kmap_device(hpa_t pa, u64 size, unsigned type, void **out)
{
	assert_int_equal(type, PT_UC);
	*out = fake_nic_regs;
	return 0;
}

const struct pci_function *
pci_next(const struct pci_function *prev)
{
	return prev == NULL ? &fake_function : NULL;
}

u32
pci_read32(struct pci_addr addr, u16 offset)
{
	assert_int_equal(offset % 4, 0);
	return fake_function_gone ? ~0u : fake_config[offset / 4];
}

void
pci_write16(struct pci_addr addr, u16 offset, u16 value)
{
	u32 *reg = &fake_config[offset / 4], shift = offset % 4 * 8u;

	*reg = (*reg & ~(0xffffu << shift)) | (u32)value << shift;
}

void
pci_write32(struct pci_addr addr, u16 offset, u32 value)
{
	fake_config[offset / 4] = value;
}

void
pci_addr_text(struct pci_addr addr, char text[PCI_ADDR_TEXT])
{
	strcpy(text, "00:03.0");
}

static struct cpu fake_cpu_struct;

struct cpu *
cpu_get(u32 index)
{
	return &fake_cpu_struct;
}

struct isa_route
ioapic_isa_route(u8 isa)
{
	return (struct isa_route){fake_isa_gsi, true, false};
}

int
ioapic_route(u32 gsi, bool level, bool active_low, u8 vector, u32 apic_id)
{
	if (gsi >= FAKE_INPUTS)
		return -ERR_NODEV;
	assert_false(fake_foreign_gsi[gsi]);
	fake_inputs[gsi] = (struct fake_input){true, active_low, vector};
	return 0;
}

void
ioapic_mask(u32 gsi)
{
	fake_inputs[gsi].routed = false;
}

const char interrupt_source_ioapic[] = "I/O APIC";

int
interrupt_allocate(irq_handler handler, void *arg, const char *name, const char *source, u32 gsi,
		   u8 *vector)
{
	assert_true(fake_vector_count < ARRAY_SIZE(fake_vectors));
	fake_vectors[fake_vector_count].handler = handler;
	fake_vectors[fake_vector_count].arg = arg;
	*vector = (u8)(FAKE_VECTOR + fake_vector_count++);
	return 0;
}

void
interrupt_relabel(u8 vector, const char *name, u32 gsi)
{
}

bool
interrupt_has_gsi(u32 gsi)
{
	return fake_foreign_gsi[gsi];
}

static u64
fake_message_address(void)
{
	return 0xfee00000 | (u64)cpu_index() << 12;
}

int
irq_move_msi(u32 cpu, struct irq_message *message)
{
	assert_int_equal(cpu, cpu_index());
	message->address = fake_message_address();
	return 0;
}

int
irq_install_msi(u32 cpu, irq_handler handler, void *arg, const char *name, struct irq_message *out)
{
	u8 vector;
	int err = interrupt_allocate(handler, arg, name, "MSI", 0, &vector);

	*out = (struct irq_message){fake_message_address(), vector};
	return err;
}

static void
fake_add_msi(void)
{
	fake_config[FAKE_MSI_CAP / 4] = MSI_CONTROL_64 << 16;
	fake_function.caps[fake_function.cap_count++] =
		(struct pci_cap){PCI_CAP_MSI, FAKE_MSI_CAP, false};
}

/* A NIC of Intel's; MSI only where it may be used. */
static void
fake_machine(u16 device)
{
	memset(fake_config, 0, sizeof(fake_config));
	memset(fake_inputs, 0, sizeof(fake_inputs));
	memset(fake_foreign_gsi, 0, sizeof(fake_foreign_gsi));
	fake_function_gone = false;
	fake_late_ns = fake_due_ns = 0;
	fake_isa_gsi = 11;
	fake_flags = RFLAGS_IF;
	fake_config[PCI_COMMAND / 4] = PCI_COMMAND_NO_INTX; /* as somebody may have left it */
	fake_function = (struct pci_function){
		.addr = {.device = 3						      },
		.vendor = PCI_VENDOR_INTEL,
		.device = device,
		.interrupt_pin = 1,
		.interrupt_line = 11,
		.bar_count = 2,
		.bars = {{.kind = PCI_BAR_KIND_MEM32, .base = 0xfeb00000, .size = 0x20000},
			 {.index = 2, .kind = PCI_BAR_KIND_IO, .base = FAKE_PORT, .size = 64}},
		.cap_count = 1,
		.caps = {{PCI_CAP_POWER, FAKE_POWER_CAP, false}								},
	};
	if (device != 0x10d3)
		return;
	fake_add_msi();
	fake_config[FAKE_EXPRESS_CAP / 4 + 4] = 0x43; /* L0s and L1 on, beside another bit */
	fake_function.caps[fake_function.cap_count++] =
		(struct pci_cap){PCI_CAP_EXPRESS, FAKE_EXPRESS_CAP, false};
}
